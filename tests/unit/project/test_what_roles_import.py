"""What a role starts with: processes start at each takeover, and whoever waits for one waits for what it imports."""

import subprocess
import sys

import pytest

# What takes long to import, and by what the role does it needs none of. SciPy's sparse matrices are what classifies.
LEARNING = {"sklearn", "scipy.optimize", "scipy.special", "scipy.stats", "matplotlib"}
LAKE = {"duckdb", "pyarrow"}
HTTP = {"fastapi", "starlette", "uvicorn"}
NEVER = {
    "intake": LEARNING | LAKE | HTTP | {"faust", "httpx"},
    "desk": LEARNING | LAKE | HTTP | {"faust", "httpx", "scipy", "xml.etree"},
    "gateway": LEARNING | LAKE | {"faust", "jwt"},  # as long as no provider signs tokens
    "tables": LEARNING | LAKE | {"fastapi", "httpx", "scipy", "xml.etree"},
    "notify": LEARNING | LAKE | HTTP | {"faust", "scipy", "xml.etree"},
    "bridge": LEARNING | LAKE | HTTP | {"faust", "httpx", "scipy", "xml.etree"},
}
# Says what a role has imported, and which methods of the patterns that find personal data have been asked for.
STARTED = """
import gc, sys
from streams.cli.main import _imported
from models.masking.late import _Late
_imported("roles.{role}")
collecting = gc.isenabled()
gc.unfreeze()
patterns = [vars(each) for each in gc.get_objects() if isinstance(each, _Late)]
print(collecting, len(patterns), sum("search" in each for each in patterns), *sys.modules)
"""


@pytest.mark.parametrize("role", NEVER)
def test_a_role_starts_without_what_it_does_not_need(role: str) -> None:
    """No library that others need, no pattern compiled that may never be asked; and garbage is collected afterwards."""
    code = STARTED.format(role=role)

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    collecting, patterns, asked, *imported = said
    assert NEVER[role].intersection(imported) == set()
    assert (collecting, int(patterns) > 100, asked) == ("True", True, "0")

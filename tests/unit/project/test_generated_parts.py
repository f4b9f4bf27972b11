"""What the documentation takes from the code is current."""

from pathlib import Path

import pytest
from cogapp import Cog

from tests.conftest import REPOSITORY

MARKER = "[[[cog"
PAGES = sorted((REPOSITORY / "docs").glob("*.*"))


@pytest.mark.parametrize("page", [page for page in PAGES if MARKER in page.read_text()], ids=lambda page: page.name)
def test_what_is_made_from_the_code_is_current(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every table, diagram and schema: `scripts/docs` writes them anew."""
    failed = Cog().main(["cog", "--check", "--diff", "--verbosity=0", "-I", str(REPOSITORY), str(page)])
    assert failed == 0, f"scripts/docs writes it anew:\n{capsys.readouterr().out}"


def test_what_is_made_from_the_code_stands_between_markers() -> None:
    """The pages with generated parts: a marker that is lost would leave its table to age."""
    assert {page.name: page.read_text().count(MARKER) for page in PAGES if MARKER in page.read_text()} == {
        "access.md": 2,
        "asyncapi.yaml": 1,
        "classifier.md": 9,
        "contracts.md": 19,
        "http.md": 1,
        "indicators.md": 1,
        "lake.md": 1,
        "lifecycle.md": 1,
        "notices.md": 2,
        "operations.md": 4,
        "performance.md": 7,
        "personal-data.md": 2,
    }

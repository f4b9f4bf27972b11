"""The wheel, from which the image is made, holds all that Paidan reads when it runs."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from tests.conftest import REPOSITORY

_BUILD = "import sys, setuptools.build_meta as backend; backend.build_wheel(sys.argv[1])"
_READ = """
from models.city import load_city
from models.classifier.learning.shipped import known_before
from streams.demo.demo import read_day
from streams.settings import DEMO_CITY
import streams
print(streams.__file__)
print(load_city(DEMO_CITY).id, len(read_day(DEMO_CITY / "day.jsonl")) > 0, len(known_before()) > 0)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs, built from copies of the sources."""
    sources, built, folder = (tmp_path_factory.mktemp(name) for name in ("sources", "built", "installed"))
    for name in ("cities", "dispatcher", "models", "streams"):
        copytree(REPOSITORY / name, sources / name, ignore=ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (sources / name).write_bytes((REPOSITORY / name).read_bytes())
    subprocess.run([sys.executable, "-c", _BUILD, str(built)], cwd=sources, check=True, capture_output=True)
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    return folder


def test_the_demo_city_and_the_texts_of_every_training_are_installed(installed: Path, tmp_path: Path) -> None:
    """Without the checkout the default city loads, with its sample day, and training finds what it knows before."""
    environment = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", _READ], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [str(installed / "streams" / "__init__.py"), "yunhe True True"]

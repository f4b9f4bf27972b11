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

_SERVE = """
import asyncio, re
import httpx
from fastapi import FastAPI
from models.city import load_city
from streams.gateway.routes.pages import page_routes
from streams.settings import DEMO_CITY

async def main():
    app = FastAPI(docs_url=None)
    app.include_router(page_routes(load_city(DEMO_CITY)))
    wanted = ["/", "/desk", "/desk/silences", "/o/1", "/r/1", "/open", "/docs"]
    asked = set()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://wheel") as client:
        while wanted:
            path = wanted.pop()
            answer = await client.get(path)
            assert answer.status_code == 200 and answer.text, path
            asked.add(path)
            wanted += set(re.findall('"(/page/[^"]+)"', answer.text)) - asked - set(wanted)
    print(len([each for each in asked if each.endswith(".js")]))

asyncio.run(main())
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


def said(installed: Path, script: str, folder: Path) -> list[str]:
    """What a script prints that knows nothing but what is installed. Raises AssertionError where it fails."""
    environment = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_the_pages_and_all_that_they_load_are_installed(installed: Path, tmp_path: Path) -> None:
    """Each page is served without the checkout, and each script and style that it names, and so on."""
    [scripts] = said(installed, _SERVE, tmp_path)

    here = REPOSITORY / "streams" / "gateway"
    kept = [file for folder in ("page_files", "page_libraries") for file in (here / folder).glob("*.js")]
    assert int(scripts) == len(kept) + 1  # and the table of terms, which is made


def test_the_libraries_of_the_pages_are_installed_with_their_licences(installed: Path) -> None:
    """All that set-up has fetched, byte for byte."""
    fetched, there = (root / "streams" / "gateway" / "page_libraries" for root in (REPOSITORY, installed))
    wanted = {file.name: file.read_bytes() for file in fetched.iterdir() if file.suffix}

    assert any(name.endswith(".licence.txt") for name in wanted)
    assert {file.name: file.read_bytes() for file in there.iterdir()} == wanted


def test_the_demo_city_and_the_texts_of_every_training_are_installed(installed: Path, tmp_path: Path) -> None:
    """Without the checkout the default city loads, with its sample day, and training finds what it knows before."""
    assert said(installed, _READ, tmp_path) == [str(installed / "streams" / "__init__.py"), "yunhe True True"]

"""The wheel, from which the image is made, holds all that Paidan reads when it runs."""

import contextlib
import re
import subprocess
import sys
import venv
from importlib.metadata import Distribution, PackageNotFoundError, distribution
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
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment that holds the wheel, installed by pip, and what `runtime.lock` names.

    Those packages are links to this environment's: to install them anew would take minutes and a network. Nothing else
    of it is there, neither the checkout nor what only its tests need."""
    sources, built, fresh = (tmp_path_factory.mktemp(name) for name in ("sources", "built", "fresh"))
    for name in ("cities", "dispatcher", "models", "streams"):
        copytree(REPOSITORY / name, sources / name, ignore=ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (sources / name).write_bytes((REPOSITORY / name).read_bytes())
    subprocess.run([sys.executable, "-c", _BUILD, str(built)], cwd=sources, check=True, capture_output=True)
    [wheel] = built.glob("*.whl")
    venv.create(fresh, with_pip=False, symlinks=True)
    inside = fresh / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(inside), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    locked = re.findall(r"^([\w.-]+)==", (REPOSITORY / "requirements" / "runtime.lock").read_text(), re.MULTILINE)
    for name in locked:
        with contextlib.suppress(PackageNotFoundError):  # one for another platform
            link(distribution(name), site(inside))
    return inside


def site(python: Path) -> Path:
    """Where an environment has its packages."""
    [found] = (python.parents[1] / "lib").glob("python*/site-packages")
    return found


def link(package: Distribution, there: Path) -> None:
    """Have an environment find a package that is installed in this one."""
    roots = {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}
    for root in roots:
        if not root.endswith(".pth") and not (there / root).exists():
            (there / root).symlink_to(Path(str(package.locate_file(root))))


def said(python: Path, script: str, folder: Path) -> list[str]:
    """What a script prints that knows nothing but what is installed. Raises AssertionError where it fails."""
    done = subprocess.run([python, "-I", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_the_pages_and_all_that_they_load_are_installed(python: Path, tmp_path: Path) -> None:
    """Each page is served without the checkout, and each script and style that it names, and so on."""
    [scripts] = said(python, _SERVE, tmp_path)

    here = REPOSITORY / "streams" / "gateway"
    kept = [file for folder in ("page_files", "page_libraries") for file in (here / folder).glob("*.js")]
    assert int(scripts) == len(kept) + 1  # and the table of terms, which is made


def test_the_libraries_of_the_pages_are_installed_with_their_licences(python: Path) -> None:
    """All that set-up has fetched, byte for byte."""
    fetched, there = (root / "streams" / "gateway" / "page_libraries" for root in (REPOSITORY, site(python)))
    wanted = {file.name: file.read_bytes() for file in fetched.iterdir() if file.suffix}

    assert any(name.endswith(".licence.txt") for name in wanted)
    assert {file.name: file.read_bytes() for file in there.iterdir()} == wanted


def test_the_demo_city_and_the_texts_of_every_training_are_installed(python: Path, tmp_path: Path) -> None:
    """Without the checkout the default city loads, with its sample day, and training finds what it knows before."""
    assert said(python, _READ, tmp_path) == [
        str(site(python) / "streams" / "__init__.py"),
        "yunhe True True",
    ]


def test_the_command_of_the_wheel_says_what_it_can_do(python: Path, tmp_path: Path) -> None:
    """In the fresh environment, without a single package that only the tests of the checkout need."""
    command = [str(python.with_name("paidan")), "--help"]
    done = subprocess.run(command, cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "gateway" in done.stdout
    assert said(python, "import importlib.util; print(importlib.util.find_spec('pytest'))", tmp_path) == ["None"]

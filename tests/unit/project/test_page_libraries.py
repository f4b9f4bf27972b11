"""The libraries of the pages are those of the lock, byte for byte, and nothing of them is kept as the project's own."""

import importlib.util
import json
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import REPOSITORY

LOCK = REPOSITORY / "requirements" / "pages"
PAGES = REPOSITORY / "streams" / "gateway" / "page_files"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """`scripts/page_libraries.py`, which is a module of no package."""
    spec = importlib.util.spec_from_file_location("page_libraries", REPOSITORY / "scripts" / "page_libraries.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_library_is_locked_by_its_hash_and_by_no_address(script: ModuleType) -> None:
    """Exactly the wanted versions, each with a SHA-512, and not where it comes from: whoever installs says that."""
    wanted = json.loads((LOCK / "package.json").read_text())["dependencies"]
    text = (LOCK / "package-lock.json").read_text()
    locked = {name: each for name, each in json.loads(text)["packages"].items() if name}

    assert wanted.keys() == script.NEEDED.keys()
    assert {name.removeprefix("node_modules/"): each["version"] for name, each in locked.items()} == wanted
    assert all(re.fullmatch(r"sha512-[\w+/]{86}==", each["integrity"]) for each in locked.values())
    assert "://" not in text + (REPOSITORY / "requirements" / "node.lock").read_text()


def test_set_up_has_fetched_what_the_lock_says(script: ModuleType) -> None:
    """Each file with the licence of its package, by names with the version; nothing of it is tracked."""
    assert script.complete(), "run scripts/setup"
    found = {file.name for file in script.FOLDER.iterdir()}
    tracked = subprocess.run(["git", "ls-files", script.FOLDER], cwd=REPOSITORY, capture_output=True, check=True)

    assert script.names().keys() <= found
    assert [
        name for name in script.NEEDED if not any(re.match(rf"{name}-[\d.]+\.licence\.txt", each) for each in found)
    ] == []
    assert tracked.stdout == b""


@pytest.mark.parametrize("case", ["a file is missing", "of another lock", "cut off"])
def test_what_is_not_whole_is_fetched_again(script: ModuleType, tmp_path: Path, case: str) -> None:
    """A missing file, files of another lock, and a folder that nobody has finished."""
    for file in script.FOLDER.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert script.complete(tmp_path)

    match case:
        case "a file is missing":
            (tmp_path / next(iter(script.names()))).unlink()
        case "of another lock":
            (tmp_path / "SEAL").write_text("another")
        case "cut off":
            (tmp_path / "SEAL").unlink()

    assert not script.complete(tmp_path)


def test_the_pages_load_the_versions_that_are_locked(script: ModuleType) -> None:
    """A page that names another one would find nothing, and what no page names is not fetched."""
    texts = "".join(file.read_text() for file in PAGES.glob("*.[hj]*"))
    loaded = {name for name in script.names() if not name.endswith(".licence.txt")}

    assert set(re.findall(r'"/page/([a-z-]+-\d[\d.]+\.(?:js|css))"', texts)) == loaded

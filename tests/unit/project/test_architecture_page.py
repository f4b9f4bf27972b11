"""Pages, docstrings and comments name what there is, and the code map is complete."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

_PAGES = ("docs/architecture.md", "docs/reading.md", "CONTRIBUTING.md")
_PACKAGES = ("models", "dispatcher", "streams", "bench", "tests")
# What running something makes: it may be there in part.
_MADE = ("build", "var")
# Folders of other kinds that the map has to list as well.
_BESIDE = ("cities", "deploy", "docs", "requirements", "scripts")


@cache
def _names(path: Path) -> frozenset[str]:
    """Functions, classes, their methods as `Class.method`, and assigned names of a file."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{each.name}"
                for each in node.body
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            }
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {each.id for each in targets if isinstance(each, ast.Name)}
    return frozenset(found)


def _tracked() -> Iterator[tuple[str, str]]:
    """Name and text of every file in which somebody may be sent to another."""
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        path = REPOSITORY / name
        if path.is_file() and (
            path.suffix in {".md", ".py", ".toml", ".yml", ".yaml", ".js", ".html"} or not path.suffix
        ):
            yield name, path.read_text()


@pytest.mark.slow
def test_every_file_that_is_named_anywhere_exists() -> None:
    """A path from a folder of the repository is there, and so is in `code` a module of the packages or a file alone."""
    path = re.compile(
        r"(?<![\w/.-])(?:bench|cities|dispatcher|docs|models|scripts|streams|tests)/[\w./-]*\.(?:css|csv|html|js|md|py|toml|yaml)\b"
    )
    module = re.compile(r"`((?:dispatcher|models|streams)\.[a-z_]+(?:\.[a-z_]+)*)`")
    alone = re.compile(r"`([a-z_]+\.py)`")
    files = {path.name for package in _PACKAGES for path in (REPOSITORY / package).rglob("*.py")}

    lost = [
        (name, each) for name, text in _tracked() for each in path.findall(text) if not (REPOSITORY / each).exists()
    ]
    strange = [(name, each) for name, text in _tracked() for each in module.findall(text) if not _is_module(each)]
    gone = [(name, each) for name, text in _tracked() for each in alone.findall(text) if each not in files]

    assert lost + strange + gone == []


def _is_module(dotted: str) -> bool:
    """Whether it is a folder, a file, or a name in one of the two."""
    for name in (dotted, dotted.rpartition(".")[0]):
        path = REPOSITORY / name.replace(".", "/")
        if "." in name and (path.is_dir() or path.with_suffix(".py").is_file()):
            return True
    return False


@pytest.mark.parametrize("page", _PAGES)
def test_every_path_on_the_page_exists(page: str) -> None:
    """A file or folder in `code` that begins with a folder of the repository is there."""
    named = re.findall(r"`((?:[\w.-]+/)+[\w.*-]*)`", (REPOSITORY / page).read_text())

    folders = {name: name.split("/")[0] for name in named}
    of_the_repository = [name for name in named if folders[name] not in _MADE and (REPOSITORY / folders[name]).exists()]

    assert of_the_repository
    assert [name for name in of_the_repository if not (REPOSITORY / name).exists()] == []


@pytest.mark.parametrize("page", _PAGES)
def test_every_name_beside_a_file_is_defined_there(page: str) -> None:
    """`path/file.py` `name`, `other` means that the file defines these names."""
    text = (REPOSITORY / page).read_text()
    pairs = [
        (path, name)
        for path, names in re.findall(r"`([\w/]+\.py)` (`[A-Za-z_][\w.]*`(?:, `[A-Za-z_][\w.]*`)*)", text)
        for name in re.findall(r"[\w.]+", names)
    ]

    assert pairs
    assert [(path, name) for path, name in pairs if name not in _names(REPOSITORY / path)] == []


def test_the_code_map_has_a_line_for_every_folder() -> None:
    """Every folder of the packages, of the measurements and of the tests, and those beside them, and no other."""
    packages = {path.parent for package in _PACKAGES for path in (REPOSITORY / package).rglob("__init__.py")}
    folders = {str(path.relative_to(REPOSITORY)) for path in packages - {REPOSITORY / "tests"}} | set(_BESIDE)

    mapped = re.findall(r"^\| `([\w/]+)/` \|", (REPOSITORY / "docs/architecture.md").read_text(), re.MULTILINE)

    assert sorted(mapped) == sorted(folders)


def test_the_index_of_the_documentation_lists_every_page() -> None:
    """docs/README.md links each page beside it."""
    pages = {path.name for path in (REPOSITORY / "docs").glob("*.md")} - {"README.md"}

    linked = set(re.findall(r"\]\((\w[\w-]*\.md)\)", (REPOSITORY / "docs/README.md").read_text()))

    assert linked == pages


def test_the_script_of_the_reading_page_closes_both_orders(capsys: pytest.CaptureFixture[str]) -> None:
    """What a newcomer is told to run runs: a report and three detections become two orders that are closed."""
    (script,) = re.findall(r"```python\n(.*?)```", (REPOSITORY / "docs/reading.md").read_text(), re.DOTALL)

    exec(script, {})

    *lives, figures = capsys.readouterr().out.splitlines()
    assert [life.rpartition(" ")[2] for life in lives] == ["'closed']", "'closed']"]
    assert figures == "{'received': 1, 'detections': 3, 'merged': 2, 'opened': 2, 'closed': 2}"

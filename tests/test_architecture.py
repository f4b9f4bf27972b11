"""The rules that the code is built on: the direction of imports, a pure core, metrics named once, no foreign places."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

Modules = dict[str, ast.Module]

_CLOCKS_AND_IO = {"now_ms", "open", "input", "print", "exec", "eval", "breakpoint"}
_ASKS_THE_TIME = {"now", "utcnow", "today", "getenv", "environ"}
_PRODUCT = ("streams", "dispatcher", "models")
# File names that stand in several folders, because they mean the same in each.
_SHARED_FILES = {
    "__init__.py": "what a folder is for",
    "errors.py": "what a package raises",
    "role.py": "one of the five roles",
    "processor.py": "what a role does with the records of one partition",
}
_COMMANDS = "streams/cli"  # a command's file may be called like the file that does its work
_MOST_MODULES = 12
_METRIC_KINDS = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}
# Written in pieces, so that this file does not find itself.
_FOREIGN_PLACES = [
    "/wo" + "rk/",
    "/ro" + "ot/",
    "/ho" + "me/",
    "/t" + "mp/",
    "pypi" + ".org",
    "python" + "hosted",
    "maven.apache.org/ma" + "ven2",
    "repo" + "1.maven",
    "npm" + "js",
    "deb.debi" + "an.org",
    "proxy.gol" + "ang",
]


def _tracked(*suffixes: str) -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for name in listed.stdout.split("\0"):
        file = REPOSITORY / name
        if name and file.is_file() and (not suffixes or file.suffix in suffixes):
            yield file


@pytest.fixture(scope="module")
def modules() -> Modules:
    """The code by file, parsed; let go afterwards: so many objects would slow down whatever looks for garbage."""
    files = [file for package in _PRODUCT for file in (REPOSITORY / package).rglob("*.py")]
    return {str(file.relative_to(REPOSITORY)): ast.parse(file.read_text()) for file in files}


def test_imports_go_one_way_and_the_core_imports_nothing_impure() -> None:
    """streams → dispatcher → models, never back; dispatcher imports no I/O, clock, chance, environment or logging."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]

    # In a process of its own: it turns off all loggers that are there, and others' tests would hear nothing.
    linted = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert linted.returncode == 0, linted.stdout


def test_the_core_never_asks_for_the_time_or_the_world(modules: Modules) -> None:
    """No file of dispatcher calls open(), print(), now() and the like."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules.items()
        if name.startswith("dispatcher/")
        for node in ast.walk(tree)
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CLOCKS_AND_IO)
        or (isinstance(node, ast.Attribute) and node.attr in _ASKS_THE_TIME)
    ]
    assert found == []


def test_the_core_keeps_nothing_between_calls(modules: Modules) -> None:
    """dispatcher has no `global` statement: state goes in and comes out."""
    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules.items()
        if name.startswith("dispatcher/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Global)
    ]
    assert found == []


def test_a_file_name_has_one_meaning() -> None:
    """No file of the product is called like another one; what is called alike by convention is listed with a reason."""
    files = [file for package in _PRODUCT for file in (REPOSITORY / package).rglob("*.py")]
    names = Counter(file.name for file in files if REPOSITORY / _COMMANDS not in file.parents)
    assert {name for name, count in names.items() if count > 1} == set(_SHARED_FILES)


def test_a_class_name_has_one_meaning(modules: Modules) -> None:
    """No public class of the product is called like another one."""
    names = Counter(
        node.name
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_no_folder_gathers_more_than_a_dozen_modules() -> None:
    """A folder for each concern: more than that are two of them."""
    sizes = Counter(
        str(file.parent.relative_to(REPOSITORY))
        for package in (*_PRODUCT, "bench", "tests")
        for file in (REPOSITORY / package).rglob("*.py")
        if file.name != "__init__.py"
    )
    assert [folder for folder, size in sizes.items() if size > _MOST_MODULES] == []


def _metrics(modules: Modules) -> dict[str, ast.Call]:
    return {
        node.targets[0].id: node.value
        for node in modules["streams/metrics.py"].body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call)
    }


def _makes_metrics(tree: ast.Module) -> bool:
    nodes = list(ast.walk(tree))
    imported = {
        alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "prometheus_client"
        for alias in node.names
    }
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return bool(_METRIC_KINDS & imported & called)


def test_every_metric_is_named_once_with_a_meaning(modules: Modules) -> None:
    """streams/metrics.py is the only file that makes metrics; no name stands there twice, each has a sentence."""
    strangers = [name for name, tree in modules.items() if name != "streams/metrics.py" and _makes_metrics(tree)]
    arguments = [[ast.literal_eval(argument) for argument in call.args] for call in _metrics(modules).values()]
    repeated = [name for name, count in Counter(each[0] for each in arguments).items() if count > 1]
    assert strangers == []
    assert repeated == []
    assert [each[0] for each in arguments if not each[0].startswith("paidan_") or not each[1].endswith(".")] == []


def test_kafka_clients_are_made_in_one_file(modules: Modules) -> None:
    """A client that is made anywhere else than in streams/kafka/clients.py could reach the cluster in another way."""
    makers = {
        name
        for name, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient"}
    }
    assert makers == {"streams/kafka/clients.py"}


def test_every_metric_is_used(modules: Modules) -> None:
    """A metric that nothing moves would read as good news."""
    used = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for name, tree in modules.items()
        if name.startswith("streams/") and name != "streams/metrics.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name)
    }
    assert set(_metrics(modules)) - used == set()


def test_what_tests_share_stands_in_their_support() -> None:
    """tests/ itself holds the fixtures and these rules, its other folders tests; what helps them is tests/support."""
    folder = REPOSITORY / "tests"
    names = [file.relative_to(folder) for file in _tracked(".py") if file.is_relative_to(folder)]
    others = [name for name in names if name.parts[0] != "support" and name.stem not in ("__init__", "conftest")]
    assert [str(name) for name in others if not name.stem.startswith("test_")] == []
    assert [str(name) for name in others if len(name.parts) == 1] == ["test_architecture.py"]


@pytest.mark.parametrize("place", _FOREIGN_PLACES)
def test_no_file_names_a_machine_or_a_registry(place: str) -> None:
    """Nothing tracked holds the path of somebody's machine or the address of a download."""
    found = [str(file.relative_to(REPOSITORY)) for file in _tracked() if place.encode() in file.read_bytes()]
    assert found == []


def test_nothing_is_left_for_later() -> None:
    """No file of code carries a note of unfinished work."""
    note = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    assert [str(file) for file in _tracked(".py", ".toml", ".yaml") if note.search(file.read_text())] == []

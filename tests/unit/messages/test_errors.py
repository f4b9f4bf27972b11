"""The tree of errors at the head of models/errors.py is the whole truth."""

import ast
import re

import pytest

from models import errors
from tests.conftest import REPOSITORY


def _written() -> dict[str, list[str]]:
    """Every class of the three packages with the names of its bases."""
    return {
        node.name: [base.id for base in node.bases if isinstance(base, ast.Name)]
        for package in ("models", "dispatcher", "streams")
        for path in (REPOSITORY / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }


def _is_error(name: str, written: dict[str, list[str]]) -> bool:
    if name in written:
        return any(_is_error(base, written) for base in written[name])
    return name.endswith(("Exception", "Error"))


def _drawn() -> list[tuple[str, str | None]]:
    """Each error of the drawing with the one that it hangs under."""
    pairs: list[tuple[str, str | None]] = []
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"    ((?:[│ ]   )*(?:[├└]── )?)([A-Z]\w+)  +\S", line):
            depth = len(match[1]) // 4
            above[depth:] = [match[2]]
            pairs.append((match[2], above[depth - 1] if depth else None))
    return pairs


@pytest.mark.slow
def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    """Every error class of the project stands in the drawing once, under its base, and no other does."""
    written = _written()

    drawn = _drawn()

    assert sorted(drawn, key=str) == sorted(
        [
            (name, next((base for base in bases if base in written), None))
            for name, bases in written.items()
            if _is_error(name, written)
        ],
        key=str,
    )

"""The decisions in docs/adr have one form and a complete index."""

import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

_FOLDER = REPOSITORY / "docs/adr"
_PAGES = sorted(_FOLDER.glob("[0-9]*.md"))
_FORM = re.compile(
    r"# (?P<number>\d+)\. (?P<title>[^\n]+)\n\n"
    r"\* Status: (?:accepted|superseded by (?P<successor>\d{4}))\n"
    r"\* Date: \d{4}-\d\d-\d\d\n\n"
    r"## Context\n\n[^#]+\n"
    r"## Decision\n\n[^#]+\n"
    r"## Consequences\n\n[^#]+\n"
)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_a_decision_has_the_one_form(page: Path) -> None:
    """Number and title, status, date, context, decision, consequences: in this order and nothing else."""
    match = _FORM.fullmatch(page.read_text())

    assert match is not None
    assert page.name.startswith(f"{int(match['number']):04}-")
    assert match["successor"] is None or any(each.name.startswith(match["successor"]) for each in _PAGES)


def test_the_index_lists_every_decision() -> None:
    """Each page stands in docs/adr/README.md with its number, its name and its title, in order, and no other does."""
    titles = [page.read_text().splitlines()[0].split(". ", 1)[1] for page in _PAGES]

    listed = re.findall(r"^\| \[(\d{4})\]\((\S+)\) \| (.+) \|$", (_FOLDER / "README.md").read_text(), re.MULTILINE)

    assert listed == [(page.name[:4], page.name, title) for page, title in zip(_PAGES, titles, strict=True)]

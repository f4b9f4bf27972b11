"""Pieces of Markdown."""

from collections.abc import Iterable


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table, without a line break at its end."""
    names = tuple(head)
    lines = [names, *rows]
    body = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([body[0], "|" + "---|" * len(names), *body[1:]])


def one_line(doc: str | None) -> str:
    """The first paragraph of a text, in one line."""
    return " ".join((doc or "").split("\n\n")[0].split())


def sentence(doc: str | None) -> str:
    """The first sentence of a text, in one line."""
    first, _, _ = " ".join((doc or "").split()).partition(". ")
    return first.rstrip(".") + "."

"""The part of docs/notices.md that is made from the code. A test keeps it current;
`python -m streams.documents.notice_kinds` writes it."""

from pathlib import Path

from dispatcher.order import facts
from dispatcher.partition.messages import AUDIENCES

PAGE = Path(__file__).parents[2] / "docs" / "notices.md"
BEGIN, END = "<!-- kinds -->\n", "<!-- /kinds -->"


def kinds_table() -> str:
    """Every kind of notice, who gets it, and what it means, as a Markdown table."""
    rows = [(facts.NAMES[kind], ", ".join(audience), _meaning(kind)) for kind, audience in AUDIENCES.items()]
    rows.append(
        (facts.NAMES[facts.EvidenceAdded], "the reporter whose report has joined", _meaning(facts.EvidenceAdded))
    )
    lines = ["| kind | to | what has happened |", "|---|---|---|"]
    return "\n".join(lines + [f"| `{kind}` | {audience} | {meaning} |" for kind, audience, meaning in rows]) + "\n"


def page(text: str) -> str:
    """The document with its table made anew. Raises ValueError when it lacks the markers."""
    head, _, rest = text.partition(BEGIN)
    _, marker, tail = rest.partition(END)
    if not marker:
        raise ValueError(f"the document lacks {BEGIN.strip()} or {END}")
    return f"{head}{BEGIN}{kinds_table()}{END}{tail}"


def _meaning(kind: type[facts.Fact]) -> str:
    first, _, _ = " ".join((kind.__doc__ or "").split()).partition(". ")
    return first.rstrip(".") + "."


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))

"""The tables of docs/lake.md."""

from streams.documents.markdown import table
from streams.lake.lake_columns import TABLES


def lake_tables() -> str:
    """Every column of every table."""
    parts = []
    for name, columns in TABLES.items():
        rows = ((f"`{each.name}`", each.kind, each.meaning) for each in columns)
        parts.append(f"### {name}\n\n{table(('column', 'type', 'meaning'), rows)}")
    return "\n".join(parts)

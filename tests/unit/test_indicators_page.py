"""The page of indicators says what the code does."""

import os
from pathlib import Path

from dispatcher.figures.indicators import INDICATORS, Indicator

PAGE = Path(__file__).parents[2] / "docs" / "indicators.md"
BEGIN, END = "<!-- table", "<!-- end of table -->"


def formula(indicator: Indicator) -> str:
    """What is divided by what."""
    top = " + ".join(f"`{name}`" for name in indicator.top)
    return f"{top} / {' + '.join(f'`{name}`' for name in indicator.bottom)}" if indicator.bottom else top


def table() -> str:
    """One row an indicator."""
    rows = ["| indicator | 名称 | kind | from | definition | source |", "|---|---|---|---|---|---|"]
    for each in INDICATORS.values():
        cells = (f"`{each.name}`", each.title, each.kind, formula(each), each.definition, each.source or "–")
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def test_the_table_of_indicators_is_current() -> None:
    """Each indicator with its definition, formula and source. UPDATE_DOCS=1 writes it anew."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    comment, _, rest = rest.partition("\n")
    held, _, after = rest.partition(END)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(f"{before}{BEGIN}{comment}\n{table()}\n{END}{after}")
        held = f"{table()}\n"
    assert held == f"{table()}\n"

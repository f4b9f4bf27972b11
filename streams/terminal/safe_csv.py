"""CSV that no spreadsheet takes for formulas."""

import csv
from collections.abc import Iterable, Sequence
from typing import TextIO

# By what a cell begins that a spreadsheet calculates: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_safe_csv(names: Sequence[str], rows: Iterable[Sequence[object]], file: TextIO) -> None:
    """A header and rows. A text that would be a formula gets an apostrophe before it. Numbers stay numbers, and `-`
    alone, with which counts what has no department or category, stays what it is joined by."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([_safe(name) for name in names])
    writer.writerows([_safe(cell) for cell in row] for row in rows)


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) and cell != "-" else cell

"""Texts that were written for the project: their files, and what every one of them keeps to."""

import csv
import re
from pathlib import Path
from typing import NamedTuple

TOO_ALIKE = 0.8
LONGEST = 1_000
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Seven digits and more, also in blocks: a telephone or identity number, never a date, a price or a distance.
PERSONAL = re.compile(r"(?:\d[ -]?){6}\d")


class Row(NamedTuple):
    """One line of one file of texts; `file` is its name without suffix."""

    file: str
    text: str
    category: str
    lang: str


def written(folder: Path) -> list[Row]:
    """Every line of every file, files in order of their names. A calibration text may name a second matter too."""
    rows = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            assert reader.fieldnames in (["text", "category", "lang"], ["text", "category", "lang", "second"]), (
                path.name
            )
            rows += [Row(path.stem, row["text"], row["category"], row["lang"]) for row in reader]
    return rows


def plain(text: str) -> str:
    """The text without spaces and case."""
    return "".join(text.lower().split())


def in_another_language(rows: list[Row]) -> list[Row]:
    """Those whose characters are not their language's: Chinese texts have Chinese ones, English texts none."""
    return [row for row in rows if bool(CHINESE.search(row.text)) != (row.lang == "zh")]


def not_whole(rows: list[Row]) -> list[Row]:
    """Those that are empty, have a stray blank at an end or a line break, or are too long to be read."""
    return [row for row in rows if not row.text or row.text != row.text.strip() or "\n" in row.text] + [
        row for row in rows if len(row.text) > LONGEST
    ]

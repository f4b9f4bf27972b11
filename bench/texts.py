"""Texts for the load: those of the bootstrap corpus."""

import csv
from pathlib import Path

CORPUS = Path(__file__).parents[1] / "models" / "classifier" / "learning" / "corpus"


def report_texts() -> list[str]:
    """All texts of the bootstrap corpus, in the order of its files."""
    return [row["text"] for file in sorted(CORPUS.glob("*.csv")) for row in csv.DictReader(file.open(encoding="utf-8"))]

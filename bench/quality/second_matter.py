"""How often a second matter is told where there is one, and where there is none; and what its signs should weigh.

    scripts/bench second_matter [--fit]

Judged are the shipped model and the second set. The weights in `models/classifier/serving/matter/second_matter.py` are
fitted to the calibration texts and the third set, whose column `second` names the second matter.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from bench.quality import second_set
from models.classifier import Classifier
from models.classifier.learning.shipped import CALIBRATION
from models.classifier.serving.columns import category_of
from models.classifier.serving.matter.second_matter import Signs
from models.guess import NO_FAULT


class Row(NamedTuple):
    """A text of a fault with its category, and that of its second matter ("" for one matter)."""

    text: str
    category: str
    second: str


class Told(NamedTuple):
    """Shares: of the texts with two matters those where both are told; of the others those where a second is."""

    rightly: float
    wrongly: float


def calibration_texts() -> list[Row]:
    """The calibration texts of faults."""
    return [row for path in sorted(CALIBRATION.glob("*.csv")) for row in faults(path)]


def faults(path: Path) -> list[Row]:
    """The texts of a file that are of a fault."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file, strict=True))
    every = [Row(line["text"], line["category"], line.get("second") or "") for line in lines]
    return [row for row in every if category_of(row.category) != NO_FAULT]


def judged(model: Classifier, rows: Sequence[Row]) -> Told:
    """How the model does on these texts."""
    guesses = model.classify([row.text for row in rows])
    two = [
        {guess.category, guess.second} == {row.category, row.second}
        for row, guess in zip(rows, guesses, strict=True)
        if row.second
    ]
    one = [guess.second != "" for row, guess in zip(rows, guesses, strict=True) if not row.second]
    return Told(float(np.mean(two)), float(np.mean(one)))


def fitted(model: Classifier, rows: Sequence[Row]) -> tuple[Signs, float]:
    """The weights and the bias that make the truth of these texts likeliest."""
    seen, right = [], []
    for row, (guess, found) in zip(rows, model.second_signs([row.text for row in rows]), strict=True):
        for name, signs in found.items():
            seen.append(signs)
            right.append({row.category, row.second} == {guess.category, name})
    values = np.array(seen)
    means, scales = values.mean(axis=0), values.std(axis=0)
    learnt = LogisticRegression().fit((values - means) / scales, right)
    weights = learnt.coef_[0] / scales
    return Signs(*weights.tolist()), float(learnt.intercept_[0] - weights @ means)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="print what the signs should weigh")
    asked = parser.parse_args()
    model = Classifier.shipped()
    second, third = (faults(path) for path in (second_set.FILE, second_set.THIRD))
    own = calibration_texts()
    for name, rows in (("second set", second), ("third set", third), ("calibration texts", own)):
        told = judged(model, rows)
        print(f"{name}: both told of {told.rightly:.3f} with two matters, a second of {told.wrongly:.3f} of the others")
    if asked.fit:
        print(*fitted(model, own + third), sep="\n")


if __name__ == "__main__":
    main()

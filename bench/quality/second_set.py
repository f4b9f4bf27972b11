"""The second set: texts that judge a model and never train one, written without sight of the bootstrap corpus.

A smaller third set, of the hand that wrote the latest of the corpus, chooses between recipes, so that the second set
need not. A fourth and a fifth, each written before any other text of these was seen, are of a day's messages rather
than of hard ones. What the shipped model made of all is kept for `docs/classifier.md`, which has its tables made from
it.
"""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from models.classifier.learning.measures import ece, ece_band, share
from models.classifier.serving.classifier import Classifier
from models.guess import Guess

FILE = Path(__file__).with_name("second_set.csv")
THIRD = Path(__file__).with_name("third_set.csv")
FOURTH = Path(__file__).with_name("fourth_set.csv")
FIFTH = Path(__file__).with_name("fifth_set.csv")
# Written by `scripts/bench classifier --part second --part cautious --part third --part fourth
# --part fifth --json`.
KEPT = Path(__file__).parents[2] / "docs" / "charts" / "classifier.json"
NO_FAULT = "none"
FIFTHS = 5


class Row(NamedTuple):
    """One text. `category` is a code of the demo city or `NO_FAULT`, which alone has a `none_kind`.

    `kind` is how it is written, `second` the other category of a text with two matters ("" for one matter).
    """

    text: str
    category: str
    none_kind: str
    lang: str
    kind: str
    second: str


class Judged(NamedTuple):
    """A text with what the model said of it."""

    row: Row
    guess: Guess

    @property
    def right(self) -> bool:
        """Whether the first guess is true."""
        return self.guess.category == self.row.category

    @property
    def among_three(self) -> bool:
        """Whether one of the three likeliest is true."""
        return self.row.category in _likeliest(self.guess)

    @property
    def dispatched(self) -> bool:
        """Whether it goes out by itself, on a category."""
        return self.guess.outcome == "confident" and self.guess.category != NO_FAULT

    @property
    def by_group(self) -> bool:
        """Whether it goes out by itself, on the group alone."""
        return self.guess.outcome == "group"


def read(path: Path = FILE) -> list[Row]:
    """Every text of a set, in the order of the file: by category, kinds of no fault together."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Row(**line) for line in csv.DictReader(file, strict=True)]


def judge(model: Classifier, path: Path = FILE) -> dict[str, Any]:
    """All figures of the model on a set, the second if none is named.

    Shares are 0 to 1, lists are a share with its 95 % interval. Right ones among the dispatched are counted over faults
    and texts of no fault: none of the latter is right. A dict is a table: its rows by name.
    """
    rows = read(path)
    judged = list(map(Judged, rows, model.classify([row.text for row in rows])))
    faults = [one for one in judged if one.row.category != NO_FAULT]
    none = [one for one in judged if one.row.category == NO_FAULT]
    sent = [one for one in judged if one.dispatched]
    two = [one for one in faults if one.row.second]
    error, band = _calibration(faults)
    error_all, band_all = _calibration(judged)
    return {
        "faults": len(faults),
        "top 1": _interval([one.right for one in faults]),
        "top 3": _interval([one.among_three for one in faults]),
        "dispatched": _interval([one.dispatched for one in faults]),
        "dispatched on the group alone": _mean([one.by_group for one in faults]),
        "right among the dispatched, no fault counting as wrong": _interval([one.right for one in sent]),
        "calibration error, faults": error,
        "calibration band, faults": band,
        "calibration error, all": error_all,
        "calibration band, all": band_all,
        "no fault": len(none),
        "no fault, dispatched": sum(one.dispatched for one in none),
        "no fault, dispatched on the group alone": sum(one.by_group for one in none),
        "faults surely taken for none": sum(_put_aside(one.guess) for one in faults),
        "no fault, of the right kind": _mean([one.guess.kind == one.row.none_kind for one in none if one.right]),
        "two matters, the second among the three": _mean([one.row.second in _likeliest(one.guess) for one in two]),
        "claimed and right": _fifths(faults),
        "by kind": _table(faults, lambda row: row.kind),
        "by language": _table(faults, lambda row: row.lang),
        "no fault by kind": _table(none, lambda row: row.none_kind),
    }


def _put_aside(guess: Guess) -> bool:
    return guess.category == NO_FAULT and guess.outcome == "confident"


def _likeliest(guess: Guess) -> set[str]:
    return {category for category, _ in guess.alternatives}


def _mean(flags: Sequence[bool]) -> float:
    return float(np.mean(flags)) if flags else 0.0


def _interval(flags: Sequence[bool]) -> list[float]:
    found = share(np.array(flags, dtype=np.bool_))
    return [found.mean, found.low, found.high]


def _calibration(judged: Sequence[Judged]) -> tuple[float, list[float]]:
    """The error of what the first guess claims, and the band in which a perfect model's would be."""
    claimed = np.array([one.guess.probability for one in judged])
    return ece(claimed, np.array([one.right for one in judged])), list(ece_band(claimed))


def _fifths(judged: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """What is claimed and what is right in fifths by the claim, the least sure first."""
    ordered = sorted(judged, key=lambda one: one.guess.probability)
    parts = [[ordered[n] for n in part] for part in np.array_split(np.arange(len(ordered)), FIFTHS)]
    return {
        f"fifth {n}": {
            "texts": len(part),
            "claimed": float(np.mean([one.guess.probability for one in part])),
            "right": _mean([one.right for one in part]),
        }
        for n, part in enumerate(parts, 1)
    }


def _table(judged: Sequence[Judged], name: Callable[[Row], str]) -> dict[str, dict[str, float]]:
    """The same few figures for each kind of text; `right then` is among the dispatched of that kind."""
    found = {}
    for kind in sorted({name(one.row) for one in judged}):
        mine = [one for one in judged if name(one.row) == kind]
        found[kind] = {
            "texts": len(mine),
            "top 1": _mean([one.right for one in mine]),
            "top 3": _mean([one.among_three for one in mine]),
            "dispatched": _mean([one.dispatched for one in mine]),
            "right then": _mean([one.right for one in mine if one.dispatched]),
        }
    return found


def kept() -> dict[str, Any]:
    """The figures that were kept, by part: those of the second set, with caution, and of the others."""
    found: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8"))
    return found


def figures() -> str:
    """What stands in the documentation: the second set, the same with caution, the others, beside each other."""
    parts = kept()
    columns = [parts[name] for name in ("second", "cautious", "third", "fourth", "fifth")]
    lines = ["| | second set | cautious | third set | fourth set | fifth set |", "|---|---|---|---|---|---|"]
    for name, title in _TITLES.items():
        lines.append(f"| {title} | {' | '.join(_shown(column[name]) for column in columns)} |")
    return "\n".join(lines)


def table(name: str, columns: Sequence[str], part: str = "second") -> str:
    """One table of a set's kept figures, these columns of it."""
    rows: dict[str, dict[str, float]] = kept()[part][name]
    lines = [f"| | {' | '.join(columns)} |", "|" + "---|" * (len(columns) + 1)]
    for row, values in rows.items():
        lines.append(f"| {row} | {' | '.join(_shown(values[column]) for column in columns)} |")
    return "\n".join(lines)


_TITLES = {
    "top 1": "top 1, faults",
    "top 3": "right one among three",
    "dispatched": "dispatched by itself, of the faults",
    "dispatched on the group alone": "… on the group alone",
    "right among the dispatched, no fault counting as wrong": "right among the dispatched",
    "no fault": "texts of no fault",
    "no fault, dispatched": "… that are dispatched",
    "no fault, of the right kind": "… of which the kind is right, too",
    "faults surely taken for none": "faults surely taken for none",
    "calibration error, faults": "calibration error, faults",
    "calibration band, faults": "… of a perfect model",
    "calibration error, all": "calibration error, no fault too",
    "calibration band, all": "… of a perfect model",
}


def _shown(value: float | Sequence[float]) -> str:
    """A count, a share, a share with its interval, or a band."""
    if isinstance(value, int | float):
        return f"{value}" if isinstance(value, int) else f"{value:.3f}"
    if len(value) == 3:
        return f"{value[0]:.3f} ({value[1]:.3f} to {value[2]:.3f})"
    return " to ".join(f"{one:.3f}" for one in value)

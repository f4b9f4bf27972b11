"""A new city's first month, week by week: how much its model dispatches, how much of that is right, what labels add.

    scripts/bench new_city [--keep]

The city has the demo city's matters under codes of its own and half of its keywords; its reports are the second set, in
a seeded order, a quarter a week. What the model is sure of goes out; all else a reviewer decides, and what went out
wrongly comes back: by the end of a week each report has its true label. Of these and the corpus a candidate is made,
and judged on the week that follows as `paidan model promote` does. `--keep` writes the figures that docs/classifier.md
shows.
"""

import argparse
import json
from collections.abc import Sequence
from operator import eq
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec

from bench.quality import second_set
from models.classifier import Classifier
from models.classifier.judging.compare import promotable
from models.classifier.learning.bootstrap import MESSAGES, adopt, bootstrap, counterparts
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.shipped import TAXONOMY, calibration, corpus
from models.classifier.learning.taxonomy import Leaf, Taxonomy, read_taxonomy
from models.guess import NO_FAULT

KEPT = Path(__file__).parents[2] / "docs" / "charts" / "new-city.json"
WEEKS = 4
DAY = "2026-01-01"
SEED = 0


class Week(NamedTuple):
    """One week: reports, how many went out by themselves, how many of these were right, how many first guesses were
    right, how many those of a candidate that has learnt from all weeks before, and whether that was then taken."""

    reports: int
    sent: int
    right: int
    first: int
    candidate: int
    taken: bool


def own_codes(demo: Taxonomy) -> Taxonomy:
    """The demo city's categories as another city has them: under other codes, with every second keyword."""

    def renamed(leaf: Leaf) -> Leaf:
        return msgspec.structs.replace(leaf, code=_own(leaf.code), keywords=leaf.keywords[::2])

    return Taxonomy({_own(code): renamed(leaf) for code, leaf in demo.leaves.items()})


def _own(code: str) -> str:
    return code if code == NO_FAULT else f"own-{code}"


def month(rows: Sequence[second_set.Row], weeks: int = WEEKS) -> list[Labelled]:
    """The reports of each week under the city's own codes, in a seeded order."""
    order = list(rows)
    Random(SEED).shuffle(order)
    return [
        Labelled([row.text for row in part], [_own(row.category) for row in part])
        for part in (order[week::weeks] for week in range(weeks))
    ]


def dispatched(model: Classifier, week: Labelled) -> tuple[int, int]:
    """How many reports of a week go out by themselves, on a category, and how many of these rightly."""
    pairs = zip(model.classify(week.texts), week.labels, strict=True)
    sent = [
        guess.category == label for guess, label in pairs if guess.outcome == "confident" and guess.category != NO_FAULT
    ]
    return len(sent), sum(sent)


def measured() -> list[Week]:
    """The month. A candidate that is taken decides from the next week on."""
    city = own_codes(read_taxonomy(TAXONOMY))
    shipped = corpus()
    rows, tried = adopt(shipped, calibration(), counterparts(shipped, city))

    def learnt(labels: Labelled) -> Classifier:
        every = rows.plus(labels)
        return Classifier.from_bytes(bootstrap(city, every, tried, day=DAY, recipes=MESSAGES[:1], strange=False))

    found: list[Week] = []
    labels = Labelled([], [])
    model = learnt(labels)
    for number, week in enumerate(month(second_set.read())):
        guesses = _first_guesses(model, week)
        candidate = learnt(labels) if number else model
        theirs = _first_guesses(candidate, week)
        taken = number > 0 and promotable(guesses, theirs, week.labels).promotable
        sent, right = dispatched(model, week)
        first, later = (sum(map(eq, each, week.labels)) for each in (guesses, theirs))
        found.append(Week(len(week), sent, right, first, later, taken))
        model, labels = candidate if taken else model, labels.plus(week)
    return found


def _first_guesses(model: Classifier, week: Labelled) -> list[str]:
    return [guess.category for guess in model.classify(week.texts)]


def table(weeks: Sequence[Week]) -> str:
    """The figures as a table of Markdown."""
    lines = [
        "| week | reports | dispatched by itself | right of these | first guess right | … candidate's | which was |",
        "|---|---|---|---|---|---|---|",
    ]
    for number, week in enumerate(weeks, 1):
        shares = (week.sent / week.reports, week.right / max(1, week.sent), week.first / week.reports)
        cells = [str(number), str(week.reports), *(f"{share:.3f}" for share in shares)]
        verdict = "taken" if week.taken else "refused"
        later = [f"{week.candidate / week.reports:.3f}", verdict] if number > 1 else ["", ""]
        lines.append("| " + " | ".join([*cells, *later]) + " |")
    return "\n".join(lines)


def kept() -> list[Week]:
    """What was measured last and kept."""
    return [Week(*each) for each in json.loads(KEPT.read_text(encoding="utf-8"))]


def main() -> None:
    """Measure and print; write the figures if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="write the figures that the documentation shows")
    asked = parser.parse_args()
    weeks = measured()
    print(table(weeks))
    if asked.keep:
        KEPT.write_text(json.dumps(weeks) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""What `/readyz` looks at, as one table: each figure with its limit, and what it means when it goes beyond."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec


class Bound(NamedTuple):
    """One row. A figure is good from `least` to `most`; `wrong` says what is the matter beyond. A figure that is not
    known, because nobody has answered yet, is not good."""

    name: str
    unit: str
    meaning: str
    wrong: str
    least: float = 0.0
    most: float | None = None


CHECKS: tuple[Bound, ...] = (
    Bound("broker", "s", "since Kafka has last answered the gateway", "Kafka does not answer", most=10),
    Bound("intake-members", "processes", "at work in intake's group", "no intake is at work", least=1),
    Bound(
        "intake-stalled",
        "s",
        "that records wait in a partition and intake commits none there",
        "intake takes nothing in from a partition",
        most=30,
    ),
    Bound("intake-oldest", "s", "that the oldest record waits for intake", "intake is far behind", most=300),
    Bound("desk-members", "processes", "at work in the desk's group", "no desk is at work", least=1),
    Bound(
        "desk-stalled",
        "s",
        "that records wait in a partition and the desk commits none there",
        "the desk decides nothing in a partition",
        most=30,
    ),
    Bound("desk-oldest", "s", "that the oldest record waits for the desk", "the desk is far behind", most=300),
    Bound(
        "open-transaction", "s", "that an open transaction holds up an input topic or the inbox",
        "somebody's transaction stays open and hides what is behind it", most=60,
    ),
    Bound("tables-missing", "partitions", "that no tables worker answers for", "the tables are not complete", most=0),
    Bound("city-pack", "", "1 while the gateway has the city pack in force", "the city pack cannot be had", least=1),
    Bound("following", "", "1 while the gateway follows the log of facts", "the log is not followed", least=1),
    Bound("disk", "MB", "free for the data folder", "the disk is nearly full", least=200),
)  # fmt: skip


class CheckResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row as it stands: the figure (None: not known), its limits, whether it is good."""

    value: float | None
    unit: str
    ok: bool
    least: float = 0.0
    most: float | None = None


class Readiness(msgspec.Struct, frozen=True):
    """All rows, and in words what is wrong or not yet known."""

    checks: dict[str, CheckResult]
    wrong: tuple[str, ...]


def judge(figures: Mapping[str, float | None]) -> Readiness:
    """How figures stand, by the names of the table."""
    results = {check.name: _result(check, figures.get(check.name)) for check in CHECKS}
    wrong = [check for check in CHECKS if not results[check.name].ok]
    return Readiness(results, tuple(_in_words(check, results[check.name]) for check in wrong))


def _in_words(check: Bound, result: CheckResult) -> str:
    return f"{check.name} is not known yet" if result.value is None else check.wrong


def _result(check: Bound, value: float | None) -> CheckResult:
    good = value is not None and value >= check.least and (check.most is None or value <= check.most)
    return CheckResult(None if value is None else round(value, 1), check.unit, good, check.least, check.most)

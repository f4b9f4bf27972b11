"""Weighing 证据加权: how sure it is that what detections show is there, and what follows from it.

A detection of confidence c by an algorithm whose alarms are false at the rate f is right with the probability
p = c · (1 - f); one without a confidence counts with c = 1. Who sees the same independently adds up by noisy-or, the
canonical model of several causes each of which suffices (Pearl, Probabilistic Reasoning in Intelligent Systems, 1988,
section 4.3.2):

    combined = 1 - Π over sources of  Π over its detections, surest first, k = 0, 1, 2 …  of  (1 - p_k / 2^k)

A *source* is one algorithm at one camera. Its repeats show the same picture again, so each counts half as much as the
one before it: all repeats together add less to its doubt than one source more.

The rate f is the mean of a Beta distribution: (false + 1) / (false + right + 10), that is, each algorithm begins as if
one of ten alarms had been false (Laplace's rule of succession with another prior).
"""

from collections.abc import Callable, Iterable
from typing import Literal

from models.city import URGENT, Category
from models.inbox import Sighting

Consequence = Literal["watch", "verify", "file", "urgent"]

_PRIOR_FALSE = 1
_PRIOR_ALARMS = 10


def false_rate(right: int, wrong: int) -> float:
    """The rate of false alarms of an algorithm of which so many were right and so many false."""
    return (wrong + _PRIOR_FALSE) / (right + wrong + _PRIOR_ALARMS)


def combined(alarms: Iterable[Sighting], rate_of: Callable[[str], float]) -> float:
    """The probability, 0 to 1, that what all of these show is there; `rate_of` gives the rate of an algorithm.

    Sums and products alone, in an order that the alarms' own order fixes: the same on every machine."""
    sources: dict[tuple[str, str], list[float]] = {}
    for alarm in alarms:
        confidence = 1.0 if alarm.confidence is None else min(max(alarm.confidence, 0.0), 1.0)
        sources.setdefault((alarm.camera, alarm.algorithm), []).append(confidence * (1 - rate_of(alarm.algorithm)))
    doubt = 1.0
    for chances in sources.values():
        share = 1.0
        for chance in sorted(chances, reverse=True):
            doubt *= 1 - chance * share
            share /= 2
    return 1 - doubt


def is_weighed(kind: Category) -> bool:
    """Whether the city has set how sure it must be for anything of this category."""
    return any(least is not None for least in (kind.verify_at, kind.file_at, kind.urgent_at))


def needed(kind: Category) -> int:
    """How many detections it takes: `min_sightings`, but of what is urgent the first is enough."""
    return 1 if kind.priority == URGENT else kind.min_sightings


def consequence(kind: Category, count: int, sure: float) -> Consequence:
    """What is done about so many detections that are so sure together. Where the city has not set how sure it must be
    to file, it is their number that decides (`needed`)."""
    if kind.urgent_at is not None and sure >= kind.urgent_at:
        return "urgent"
    if (count >= needed(kind)) if kind.file_at is None else (sure >= kind.file_at):
        return "file"
    if kind.verify_at is not None and sure >= kind.verify_at:
        return "verify"
    return "watch"

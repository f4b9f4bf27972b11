"""Probabilities to decisions with a known error rate."""

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import msgspec
import numpy as np

from models.classifier.serving.arrays import Flags, Floats

NEVER = 1.01
TARGETS = tuple(round(0.8 + 0.005 * step, 3) for step in range(40))
SUPPORT = 300
_LEAST = 50


def wilson(right: int, total: int) -> tuple[float, float]:
    """Wilson's score interval for a share (Wilson 1927), two-sided, 95 %; (0, 1) for nothing observed."""
    if total == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.975)
    share = right / total
    middle = share + z * z / (2 * total)
    spread = z * np.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return float((middle - spread) / scale), float((middle + spread) / scale)


def threshold(probability: Floats, right: Flags, target: float) -> float:
    """The lowest probability from which on the answers are right at least `target` of the time; `NEVER` if nowhere."""
    order = np.argsort(-probability, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # Equal probabilities are dispatched together, so only the last of them can be the limit.
    last = np.append(np.diff(probability[order]) != 0, True)
    good = np.flatnonzero((share >= target) & last & (np.arange(len(order)) + 1 >= min(_LEAST, len(order))))
    return float(probability[order][good[-1]]) if len(good) else NEVER


def claimed(probability: Floats, target: float) -> float:
    """The lowest probability from which on the answers claim to be right at least `target` of the time, together or
    each by itself."""
    ordered = -np.sort(-probability)
    good = np.flatnonzero(np.cumsum(ordered) >= target * np.arange(1, len(ordered) + 1))
    return min(target, float(ordered[good[-1]])) if len(good) else target


def doubtful_none(target: float) -> float:
    """The probability of no fault from which on no fault is dispatched at a target: more than it lets be wrong."""
    return 1 - target


class Thresholds(msgspec.Struct, frozen=True):
    """For one target accuracy: the pooled threshold, that of the group, and stricter ones of single classes."""

    target: float
    category: float
    group: float
    classes: Mapping[str, float] = {}


def thresholds(
    target: float,
    category: tuple[Sequence[str], Floats, Flags],
    group: Floats,
) -> Thresholds:
    """Thresholds from held-out predictions: (predicted class, its probability, whether right), and the probabilities of
    their groups.

    A class gets its own, stricter threshold only where at least `SUPPORT` predictions of it are known and those above
    the pooled threshold are worse than the target beyond noise (upper 95 % bound below it). The group's threshold is
    for what the category's leaves undecided, because only that is ever decided by it. Of that there are few predictions
    at most targets, so it is fitted on their probabilities instead of their hits: those above it claim to be right the
    target's share of the time.
    """
    names, probability, right = np.asarray(category[0]), category[1], category[2]
    pooled = threshold(probability, right, target)
    own = {}
    for name in np.unique(names):
        mine = names == name
        sure = mine & (probability >= pooled)
        if mine.sum() >= SUPPORT and wilson(int(right[sure].sum()), int(sure.sum()))[1] < target:
            own[str(name)] = threshold(probability[mine], right[mine], target)
    limit = np.array([own.get(name, pooled) for name in names.tolist()])
    open_ = probability < limit
    return Thresholds(target, pooled, claimed(group[open_], target), own)

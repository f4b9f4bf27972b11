"""Whether a candidate may replace the active model: a pure judgement on the same orders."""

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from models.classifier.learning.measures import Interval, cluster_bootstrap

WORST_LOSS = 0.005
LEAST_ORDERS = 50
LEVEL = 0.05


class ClassChange(msgspec.Struct, frozen=True):
    """One category with support: how often each model was right on it, and the Holm-corrected p of "got worse"."""

    name: str
    orders: int
    active: float
    candidate: float
    p: float
    worse: bool


class Verdict(msgspec.Struct, frozen=True):
    """The comparison of two models on the same orders.

    `gain` is candidate minus active accuracy with its interval; `only_active` and `only_candidate` count the orders
    that just one of them got right, `p` is the exact McNemar test on those two; `reasons` says why it is refused.
    """

    promotable: bool
    reasons: tuple[str, ...]
    orders: int
    active: float
    candidate: float
    gain: Interval
    only_active: int
    only_candidate: int
    p: float
    classes: tuple[ClassChange, ...]


def promotable(
    active: Sequence[str], candidate: Sequence[str], truth: Sequence[str], cluster: Sequence[int] | None = None
) -> Verdict:
    """Judge guesses of both models against the final labels of the same orders, in the same order.

    Refused when the candidate is worse on the whole by more than `WORST_LOSS`, or significantly worse on any category
    with at least `LEAST_ORDERS` orders (one-sided exact McNemar test, Holm 1979, level `LEVEL`), or when there are no
    orders at all. `cluster` numbers near-duplicates. Raises ValueError when the lengths differ.
    """
    if not len(active) == len(candidate) == len(truth):
        raise ValueError(f"{len(active)}, {len(candidate)} and {len(truth)} rows cannot be compared")
    y = np.asarray(truth, dtype=object)
    a, b = np.asarray(active, dtype=object) == y, np.asarray(candidate, dtype=object) == y
    if not len(y):
        nothing = Interval(0.0, 0.0, 0.0)
        return Verdict(False, ("there is no order to compare on",), 0, 0.0, 0.0, nothing, 0, 0, 1.0, ())
    rows = np.arange(len(y)) if cluster is None else np.asarray(cluster)
    gain = cluster_bootstrap(b.astype(np.float64) - a, rows.astype(np.intp))
    classes = _changes(a, b, y)
    reasons = [f"{c.name}: {c.active:.3f} -> {c.candidate:.3f} on {c.orders} orders" for c in classes if c.worse]
    if gain.mean < -WORST_LOSS:
        reasons.insert(0, f"the whole loses {-gain.mean:.3f}, more than {WORST_LOSS} is refused")
    lost, won = int((a & ~b).sum()), int((b & ~a).sum())
    p = float(binomtest(won, won + lost).pvalue) if won + lost else 1.0
    return Verdict(
        not reasons, tuple(reasons), len(y), float(a.mean()), float(b.mean()), gain, lost, won, p, tuple(classes)
    )


def _changes(a: NDArray[np.bool_], b: NDArray[np.bool_], y: NDArray[np.object_]) -> list[ClassChange]:
    names = sorted(name for name, orders in Counter(y.tolist()).items() if orders >= LEAST_ORDERS)
    tests = []
    for name in names:
        mine = y == name
        lost, won = int((a & ~b & mine).sum()), int((b & ~a & mine).sum())
        tests.append(float(binomtest(lost, lost + won, alternative="greater").pvalue) if lost + won else 1.0)
    corrected = holm(tests)
    changes = []
    for name, p in zip(names, corrected, strict=True):
        mine = y == name
        changes.append(ClassChange(name, int(mine.sum()), float(a[mine].mean()), float(b[mine].mean()), p, p < LEVEL))
    return changes


def holm(tests: Sequence[float]) -> list[float]:
    """Holm's step-down correction (Holm 1979) of several p values, in their order."""
    corrected = [0.0] * len(tests)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(tests)), key=lambda i: tests[i])):
        highest = max(highest, min(1.0, tests[place] * (len(tests) - rank)))
        corrected[place] = highest
    return corrected

"""Figures about predictions: pure functions on arrays, each with its source."""

from collections.abc import Sequence

import msgspec
import numpy as np

from models.classifier.serving.arrays import Flags, Floats, Ints
from models.classifier.serving.calibration import wilson

BINS = 15
_POINTS = 200  # of a curve
_RESAMPLES = 4000
_SEED = 0  # the same answers have the same figures


class ClassRow(msgspec.Struct, frozen=True):
    """One category: how many truly are it, were called it, and how often that was right."""

    name: str
    support: int
    predicted: int
    precision: float | None
    recall: float | None
    f1: float


def confusion(y: Ints, guess: Ints, classes: int) -> Ints:
    """Counts, true class x guessed class."""
    return np.bincount(y * classes + guess, minlength=classes * classes).reshape(classes, classes)


def per_class(matrix: Ints, names: Sequence[str]) -> list[ClassRow]:
    """Precision, recall (None where nothing is divided by) and F1 = 2 right / (support + predicted) of each class."""
    rows = []
    for k, name in enumerate(names):
        right, support, predicted = int(matrix[k, k]), int(matrix[k].sum()), int(matrix[:, k].sum())
        precision = right / predicted if predicted else None
        recall = right / support if support else None
        f1 = 2 * right / (support + predicted) if support + predicted else 0.0
        rows.append(ClassRow(name, support, predicted, precision, recall, f1))
    return rows


def macro_f1(matrix: Ints) -> float:
    """The mean F1 of the classes that truly occur or were guessed."""
    total = matrix.sum(axis=0) + matrix.sum(axis=1)
    used = total > 0
    return float((2 * np.diag(matrix)[used] / total[used]).mean()) if used.any() else 0.0


def top_k(probability: Floats, y: Ints, k: int) -> float:
    """The share of rows whose true class is among the k likeliest; y = -1 (an unknown class) never is."""
    best = np.argsort(-probability, axis=1, kind="stable")[:, :k]
    return float((best == y[:, None]).any(axis=1).mean())


def ece(confidence: Floats, right: Flags, bins: int = BINS) -> float:
    """Expected calibration error of the top label, bins of equal mass (Nguyen & O'Connor 2015)."""
    order = np.argsort(confidence, kind="stable")
    gaps = (confidence[order] - right[order]).astype(np.float64)
    parts = np.array_split(gaps, bins)
    return float(sum(abs(part.sum()) for part in parts) / max(1, len(confidence)))


def ece_band(confidence: Floats, draws: int = 2000) -> tuple[float, float]:
    """The 95 % band of `ece` for a perfectly calibrated model with these confidences: 2.5 and 97.5 % of simulations.

    Whether each answer is right is drawn with the probability that the model states.
    """
    chance = np.random.default_rng(_SEED)
    ordered = np.sort(confidence)
    edges = np.cumsum([0, *(len(part) for part in np.array_split(ordered, BINS))])[:-1]
    edges = edges[edges < len(ordered)]
    errors = []
    for _ in range(draws):
        gaps = ordered - (chance.random(len(ordered)) < ordered)
        errors.append(np.abs(np.add.reduceat(gaps, edges)).sum() / len(ordered))
    low, high = np.quantile(errors, [0.025, 0.975])
    return float(low), float(high)


class Curve(msgspec.Struct, frozen=True):
    """Coverage against accuracy: answering the surest share `coverage[i]` is right `accuracy[i]` of the time."""

    coverage: list[float]
    accuracy: list[float]


def coverage_curve(confidence: Floats, right: Flags) -> Curve:
    """The curve at 200 equally spaced coverages, or as many as there are answers."""
    hits = np.cumsum(right[np.argsort(-confidence, kind="stable")])
    at = np.unique(np.linspace(1, len(hits), min(_POINTS, len(hits))).astype(np.int64))
    return Curve((at / len(hits)).tolist(), (hits[at - 1] / at).tolist())


def coverage_at(confidence: Floats, right: Flags, accuracy: float) -> float:
    """The largest share of the surest answers that reaches the accuracy (chosen after the fact, so a little kind)."""
    hits = np.cumsum(right[np.argsort(-confidence, kind="stable")])
    good = np.flatnonzero(hits / np.arange(1, len(hits) + 1) >= accuracy)
    return float((good[-1] + 1) / len(hits)) if len(good) else 0.0


class Interval(msgspec.Struct, frozen=True):
    """A mean with its two-sided 95 % interval."""

    mean: float
    low: float
    high: float


def cluster_bootstrap(values: Floats, cluster: Ints) -> Interval:
    """The mean of `values`; the interval comes from drawing whole clusters with replacement (percentile method).

    Rows of one cluster are near-duplicates, so they are not independent evidence (Field & Welsh 2007).
    """
    _, member = np.unique(cluster, return_inverse=True)
    total, size = np.bincount(member, weights=values), np.bincount(member)
    chance = np.random.default_rng(_SEED)
    means = []
    for _ in range(_RESAMPLES):
        drawn = chance.integers(0, len(size), len(size))
        means.append(total[drawn].sum() / size[drawn].sum())
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(np.mean(values)), float(low), float(high))


def share(right: Flags) -> Interval:
    """A share with Wilson's interval."""
    low, high = wilson(int(right.sum()), len(right))
    return Interval(float(right.mean()) if len(right) else 0.0, low, high)

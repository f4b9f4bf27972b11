"""How accuracy grows with the number of labels: whether more of them would pay."""

import msgspec
import numpy as np

from models.classifier.learning.cross_validation import clusters, folds
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.training import Progress, Recipe, fit
from models.classifier.serving.vectoriser import count

SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
_SEED = 0  # the same rows are held out each time


class LearningPoint(msgspec.Struct, frozen=True):
    """Accuracy on held-out rows after training on this many."""

    rows: int
    accuracy: float


def learning_curve(rows: Labelled, progress: Progress) -> list[LearningPoint]:
    """Hold one fifth out (near-duplicates together), train on growing shares of the rest, in random order.

    Shares too small to hold two categories are left out.
    """
    classes, y = np.unique(np.array(rows.labels), return_inverse=True)
    counts = count(rows.texts, rows.contexts)
    test = folds(rows.labels, clusters(counts), 5, _SEED)[0]
    rest = np.random.default_rng(_SEED).permutation(np.setdiff1d(np.arange(len(rows)), test))
    points = []
    for number, share in enumerate(SHARES):
        some = rest[: int(len(rest) * share)]
        if len(np.unique(y[some])) >= 2:
            vectoriser, linear = fit(counts[some], y[some], len(classes), Recipe(), _SEED)
            scores = vectoriser.weigh(counts[test])[0] @ linear.weights + linear.bias
            points.append(LearningPoint(len(some), float((scores.argmax(axis=1) == y[test]).mean())))
        progress(number + 1, len(SHARES))
    return points

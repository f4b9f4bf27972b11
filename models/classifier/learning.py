"""How accuracy grows with the number of labels: whether more of them would pay."""

import msgspec
import numpy as np

from models.classifier.folds import clusters, folds
from models.classifier.rows import Labelled
from models.classifier.training import Progress, Recipe, fit, quiet
from models.classifier.vectoriser import encode_all

SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)


class Point(msgspec.Struct, frozen=True):
    """Accuracy on held-out rows after training on this many."""

    rows: int
    accuracy: float


def learning_curve(
    rows: Labelled, recipe: Recipe | None = None, seed: int = 0, progress: Progress = quiet
) -> list[Point]:
    """Hold one fifth out (near-duplicates together), train on growing shares of the rest, in random order.

    Shares too small to hold two categories are left out.
    """
    classes, y = np.unique(np.array(rows.labels), return_inverse=True)
    test = folds(rows.labels, clusters(rows.texts), 5, seed)[0]
    rest = np.random.default_rng(seed).permutation(np.setdiff1d(np.arange(len(rows)), test))
    held = rows.take(test)
    points = []
    for number, share in enumerate(SHARES):
        some = rest[: int(len(rest) * share)]
        if len(np.unique(y[some])) >= 2:
            part = rows.take(some)
            vectoriser, linear = fit(part, y[some], len(classes), recipe or Recipe(), seed)
            matrix, _ = encode_all(vectoriser, held.texts, held.contexts)
            right = (matrix @ linear.weights + linear.bias).argmax(axis=1) == y[test]
            points.append(Point(len(some), float(right.mean())))
        progress(number + 1, len(SHARES))
    return points

"""How good a model is on labelled rows: one pass, every figure."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.classifier.errors import ClassifierError
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.measures import (
    ClassRow,
    Curve,
    Interval,
    confusion,
    coverage_at,
    coverage_curve,
    ece,
    ece_band,
    macro_f1,
    per_class,
    share,
    top_k,
)
from models.classifier.serving.classifier import Classifier
from models.guess import Guess


class Predictions(msgspec.Struct, frozen=True):
    """Guesses and what is true. `classes` are the model's, then those that only the rows know (never guessed)."""

    classes: tuple[str, ...]
    y: NDArray[np.intp]
    best: NDArray[np.intp]
    probability: NDArray[np.floating]
    automatic: NDArray[np.bool_]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the category guessed is the true one."""
        right: NDArray[np.bool_] = self.best == self.y
        return right

    @property
    def confidence(self) -> NDArray[np.floating]:
        """The probability of the category guessed."""
        confident: NDArray[np.floating] = self.probability[np.arange(len(self.y)), self.best]
        return confident


class Evaluation(msgspec.Struct, frozen=True):
    """All figures of one model on one set. Shares are 0 to 1; `automatic` counts the outcome "confident"."""

    model: str
    rows: int
    accuracy: Interval
    macro_f1: float
    top2: float
    top3: float
    calibration_error: float
    calibration_band: tuple[float, float]
    target: float
    automatic: float
    automatic_accuracy: Interval
    by_group: float
    coverage_at: dict[str, float]
    classes: list[ClassRow]
    curve: Curve
    confusion: list[list[int]]


def predict(classifier: Classifier, rows: Labelled) -> tuple[Predictions, list[Guess]]:
    """Judge every row. Labels that the model does not know count as wrong."""
    if not len(rows):
        raise ClassifierError("there is no row to evaluate on")
    guesses = classifier.classify(rows.texts, rows.contexts)
    probability = classifier.probabilities(rows.texts, rows.contexts)
    names = (*classifier.classes, *sorted(set(rows.labels) - set(classifier.classes)))
    number = {name: k for k, name in enumerate(names)}
    y = np.array([number[label] for label in rows.labels], dtype=np.intp)
    best = np.array([number[guess.category] for guess in guesses], dtype=np.intp)
    automatic = np.array([guess.outcome == "confident" for guess in guesses], dtype=np.bool_)
    return Predictions(names, y, best, probability, automatic), guesses


def figures(predictions: Predictions, model: str, target: float, by_group: float = 0.0) -> Evaluation:
    """Every figure of these predictions; `by_group` is the share dispatched on the group alone."""
    right, confidence = predictions.right, predictions.confidence
    matrix = confusion(predictions.y, predictions.best, len(predictions.classes))
    return Evaluation(
        model=model,
        rows=len(right),
        accuracy=share(right),
        macro_f1=macro_f1(matrix),
        top2=top_k(predictions.probability, predictions.y, 2),
        top3=top_k(predictions.probability, predictions.y, 3),
        calibration_error=ece(confidence, right),
        calibration_band=ece_band(confidence),
        target=target,
        automatic=float(predictions.automatic.mean()),
        automatic_accuracy=share(right[predictions.automatic]),
        by_group=by_group,
        coverage_at={f"{a:.2f}": coverage_at(confidence, right, a) for a in (0.95, 0.97, 0.99)},
        classes=per_class(matrix, predictions.classes),
        curve=coverage_curve(confidence, right),
        confusion=matrix.tolist(),
    )


def evaluate(classifier: Classifier, rows: Labelled) -> Evaluation:
    """Judge every row and count. Raises ClassifierError when there is none."""
    predictions, guesses = predict(classifier, rows)
    by_group = sum(guess.outcome == "group" for guess in guesses) / len(guesses)
    return figures(predictions, classifier.id, classifier.target, by_group)

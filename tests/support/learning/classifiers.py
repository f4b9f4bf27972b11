"""A small real classifier for tests: eight categories of the bootstrap corpus, trained once a run."""

from functools import cache

from models.classifier import Classifier
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.shipped import calibration, corpus
from models.classifier.learning.training import Recipe, train

GROUPS = {
    "pothole": "road",
    "road-works": "road",
    "street-light-out": "utilities",
    "gas-leak": "utilities",
    "litter": "sanitation",
    "public-toilet": "sanitation",
    "unpaid-wages": "labour",
    "pension": "labour",
}
RECIPES = (Recipe(min_count=2),)


@cache
def small_rows() -> Labelled:
    """The corpus's texts of these categories."""
    every = corpus()
    return every.take(n for n, label in enumerate(every.labels) if label in GROUPS)


@cache
def unseen_rows() -> Labelled:
    """The calibration texts of these categories: of some the model is sure, of others not."""
    every = calibration()
    return every.take(n for n, label in enumerate(every.labels) if label in GROUPS)


@cache
def small_bytes() -> bytes:
    """The artefact trained on them, with a low target so that some answers are automatic."""
    return train(small_rows(), RECIPES, day="2026-01-01", groups=GROUPS, target=0.9)


@cache
def small_model() -> Classifier:
    """The model itself."""
    return Classifier.from_bytes(small_bytes())

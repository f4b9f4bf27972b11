"""Text to category with a calibrated probability: training, judging, explaining, comparing."""

from models.classifier.errors import ClassifierError
from models.classifier.serving.classifier import Classifier
from models.classifier.serving.features import Context

__all__ = ["Classifier", "ClassifierError", "Context"]

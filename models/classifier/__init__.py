"""Text to category with a calibrated probability: training, judging, explaining, comparing."""

from models.classifier.errors import ClassifierError
from models.classifier.features import Context
from models.classifier.service import Classifier

__all__ = ["Classifier", "ClassifierError", "Context"]

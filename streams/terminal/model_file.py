"""A model that was just made, kept in a folder."""

from pathlib import Path

from models.classifier import Classifier, ClassifierError
from models.classifier.serving.artefact import SUFFIX
from streams.terminal.harmless import say


def keep_model(data: bytes, out: Path) -> None:
    """Write a model into `out`, named by its id, and say what it is. Raises ClassifierError."""
    made = Classifier.from_bytes(data)
    path = out / f"{made.id}{SUFFIX}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise ClassifierError(f"{out}: cannot be written: {error.strerror}") from error
    rows, classes = made.manifest.provenance.rows, len(made.classes)
    say(f"{path}: {rows} texts, {classes} categories, {len(data) / 1e6:.1f} MB")

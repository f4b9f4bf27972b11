"""Where a model's file is, and its bytes."""

import sys
from pathlib import Path

from models.classifier.errors import ClassifierError
from models.classifier.serving.artefact import SUFFIX

# Beside the installed packages, so that each environment has the model its own library versions made.
SHIPPED = Path(sys.prefix) / "share" / "paidan" / "model"


def read_model(path: Path) -> tuple[Path, bytes]:
    """The file of a model and its bytes, from a file or a folder that holds exactly one. Raises ClassifierError."""
    try:
        if path.is_dir():
            files = sorted(path.glob(f"*{SUFFIX}"))
            if len(files) != 1:
                raise ClassifierError(f"the folder {path} holds {len(files)} models; name the file of the one to load")
            path = files[0]
        return path, path.read_bytes()
    except OSError as error:
        raise ClassifierError(f"the model {path} cannot be read: {error.strerror}") from error

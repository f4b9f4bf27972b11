"""A folder of models, anywhere fsspec reaches, each under the digest of its bytes."""

from collections.abc import Iterator

from models.artefacts.blobs import Blobs
from models.classifier.errors import ClassifierError
from models.classifier.serving.artefact import SUFFIX, digest
from models.classifier.serving.classifier import Classifier


class Store:
    """Models by digest under one address, e.g. a folder, `s3://bucket/models` or `memory://models`.

    What is there never changes: the same id always means the same bytes.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        try:
            self._blobs = Blobs(address, SUFFIX)
        except (ValueError, ImportError) as error:
            raise ClassifierError(f"the model store {address!r} cannot be used: {error}") from error

    def put(self, data: bytes) -> str:
        """Keep an artefact; its id. It is loaded first, so that nothing unsound gets in. Raises ClassifierError."""
        name = Classifier.from_bytes(data).id
        try:
            self._blobs.put(name, data)
        except OSError as error:
            raise ClassifierError(f"the model store {self.address!r} cannot be written: {error}") from error
        return name

    def bytes(self, name: str) -> bytes:
        """The artefact with this id, its digest checked. Raises ClassifierError."""
        try:
            data = self._blobs.get(name)
        except OSError as error:
            raise ClassifierError(f"the model store {self.address!r} has no model {name!r}") from error
        if digest(data) != name:
            raise ClassifierError(f"the model {name!r} in {self.address!r} has the digest {digest(data)}: damaged")
        return data

    def load(self, name: str) -> Classifier:
        """The model with this id. Raises ClassifierError."""
        return Classifier.from_bytes(self.bytes(name), expected=name)

    def __iter__(self) -> Iterator[str]:
        """The ids of all models, sorted."""
        return iter(self._blobs)

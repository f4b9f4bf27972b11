"""A folder of models, anywhere fsspec reaches, each under the digest of its bytes."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from uuid import uuid4

import fsspec

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
            self._files, self._root = fsspec.core.url_to_fs(address)
        except (ValueError, ImportError) as error:
            raise ClassifierError(f"the model store {address!r} cannot be used: {error}") from error

    def put(self, data: bytes) -> str:
        """Keep an artefact; its id. It is loaded first, so that nothing unsound gets in. Raises ClassifierError."""
        name = Classifier.from_bytes(data).id
        target = self._path(name)
        # Another name first: a reader never meets half a file.
        part = f"{target}.{uuid4().hex}.part"
        try:
            self._files.makedirs(self._root, exist_ok=True)
            self._files.pipe_file(part, data)
            self._files.mv(part, target)
        except OSError as error:
            raise ClassifierError(f"the model store {self.address!r} cannot be written: {error}") from error
        return name

    def bytes(self, name: str) -> bytes:
        """The artefact with this id, its digest checked. Raises ClassifierError."""
        try:
            data: bytes = self._files.cat_file(self._path(name))
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
        if not self._files.exists(self._root):
            return
        for path in sorted(self._files.ls(self._root, detail=False)):
            name = PurePosixPath(path)
            if name.suffix == SUFFIX:
                yield name.stem

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}{SUFFIX}"

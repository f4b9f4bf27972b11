"""Files that never change, by name, anywhere fsspec reaches: a folder, `s3://bucket/models`, `memory://models`."""

from collections.abc import Iterator
from pathlib import PurePosixPath

import fsspec

from models.artefacts.whole_files import put_whole


class Blobs:
    """The files under one address whose names end in `suffix`; they are named without it.

    Raises ValueError or ImportError for an address that cannot be used.
    """

    def __init__(self, address: str, suffix: str) -> None:
        self._suffix = suffix
        self._files, self._root = fsspec.core.url_to_fs(address)

    def put(self, name: str, data: bytes) -> None:
        """Keep a file. Raises OSError."""
        self._files.makedirs(self._root, exist_ok=True)
        put_whole(self._files, self._path(name), data)

    def get(self, name: str) -> bytes:
        """What was kept under a name. Raises OSError, also when nothing was."""
        data: bytes = self._files.cat_file(self._path(name))
        return data

    def __contains__(self, name: str) -> bool:
        return bool(self._files.exists(self._path(name)))

    def __iter__(self) -> Iterator[str]:
        """All names, sorted."""
        if not self._files.exists(self._root):
            return
        for path in sorted(self._files.ls(self._root, detail=False)):
            name = PurePosixPath(path)
            if name.suffix == self._suffix:
                yield name.stem

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}{self._suffix}"

"""The files of the lake: `<table>/partition=<number>/<name>.parquet`, each whole or not there."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import fsspec
from fsspec.implementations.local import LocalFileSystem

from models.artefacts.whole_files import put_whole
from models.errors import UsageError
from streams.lake.lake_columns import TABLES, Kind
from streams.lake.rows import Row

try:
    import pyarrow
    from pyarrow import parquet
except ImportError:
    raise UsageError("the lake needs more: pip install 'paidan[lake]'") from None

_MARK = b"paidan"  # the key of the files' metadata under which a mark stands
_ARROW: Mapping[Kind, pyarrow.DataType] = {
    "string": pyarrow.string(),
    "int64": pyarrow.int64(),
    "double": pyarrow.float64(),
    "bool": pyarrow.bool_(),
    "instant": pyarrow.timestamp("ms", tz="UTC"),
}

Mark = dict[str, int]
ArrowTable: TypeAlias = pyarrow.Table  # a class of a library without types


def arrow(table: str, rows: Iterable[Row], mark: Mark) -> ArrowTable:
    """Rows as what a table of the lake holds, with a mark."""
    fields = [pyarrow.field(each.name, _ARROW[each.kind]) for each in TABLES[table]]
    schema = pyarrow.schema(fields, metadata={_MARK: json.dumps(mark).encode()})
    return pyarrow.Table.from_pylist(list(rows), schema)


class Lake:
    """The files under one address. Raises UsageError for an address that cannot be used, OSError where it is away."""

    def __init__(self, address: str) -> None:
        try:
            self.files, root = fsspec.core.url_to_fs(address)
        except (ValueError, ImportError) as error:
            raise UsageError(f"the lake's address cannot be used: {error}") from None
        self.address, self._root = address, root.rstrip("/")
        self._seen: dict[str, tuple[str, Mark]] = {}  # by path: what the file system said of a file, and its mark

    def mark(self, table: str, partition: int, name: str) -> Mark:
        """What was noted in a file: how far it has read; empty where there is no such file."""
        path = self._path(table, partition, name)
        if not self.files.exists(path):
            return {}
        with self.files.open(path, "rb") as file:
            found = parquet.read_schema(file).metadata or {}
        mark: Mark = json.loads(found.get(_MARK, b"{}"))
        return mark

    def marks(self, table: str, partition: int) -> dict[str, Mark]:
        """What was noted in each of a partition's files, by name, sorted. A file that nobody has written since it was
        asked for last is not read again."""
        folder = self._folder(table, partition)
        self.files.invalidate_cache(folder)  # another may have written there
        if not self.files.exists(folder):
            return {}
        found: dict[str, Mark] = {}
        for entry in self.files.ls(folder, detail=True):
            path, stamp = entry["name"], str(sorted(entry.items()))
            name = path.rpartition("/")[2]
            if not name.endswith(".parquet"):
                continue
            name = name.removesuffix(".parquet")
            if self._seen.get(path, ("",))[0] != stamp:
                self._seen[path] = stamp, self.mark(table, partition, name)
            found[name] = self._seen[path][1]
        return dict(sorted(found.items()))

    def put(self, table: str, partition: int, name: str, rows: Iterable[Row], mark: Mark) -> None:
        """Write a file in the place of the one of that name, if any: whoever reads meets the one or the other."""
        body = io.BytesIO()
        parquet.write_table(arrow(table, rows, mark), body, compression="zstd")
        self.files.makedirs(self._folder(table, partition), exist_ok=True)
        put_whole(self.files, self._path(table, partition, name), body.getvalue())

    @property
    def is_local(self) -> bool:
        """Whether the files lie on this machine's disk."""
        return isinstance(self.files, LocalFileSystem)

    def pattern(self, table: str) -> str:
        """Where all files of a table are, as a pattern."""
        return self.files.unstrip_protocol(self._glob(table)) if not self.is_local else self._glob(table)

    def tables(self) -> Sequence[str]:
        """The tables of which there are files."""
        return [table for table in TABLES if self.files.glob(self._glob(table))]

    def _glob(self, table: str) -> str:
        return f"{self._root}/{table}/*/*.parquet"

    def _folder(self, table: str, partition: int) -> str:
        return f"{self._root}/{table}/partition={partition}"

    def _path(self, table: str, partition: int, name: str) -> str:
        return f"{self._folder(table, partition)}/{name}.parquet"

"""The rows of figures: all that is booked of one dimension, key, day and partition; how they add, merge and travel."""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import TypeVar

import msgspec

from dispatcher.figures.sketch import Sketch, merge
from dispatcher.figures.sparse import add_times

# A figure is a counter's name, or for a duration its sketch's name and the duration in milliseconds.
Figure = str | tuple[str, int]

_K = TypeVar("_K", str, int)
_V = TypeVar("_V")
_EMPTY_SKETCH = Sketch()


class FigureRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """Absolute counts and sketches; of two rows with one key the later record of its topic is the truth.

    In `paidan.figures` the key is `<dimension>/<key>/<yyyymmdd>/<partition>` and the value is `encode(row)`.
    """

    version: int = 0
    counters: Mapping[str, int] = {}
    sketches: Mapping[str, Sketch] = {}

    def add(self, amounts: Mapping[Figure, int]) -> "FigureRow":
        """The row's next version, with these amounts booked (negative takes back)."""
        counters = dict(self.counters)
        durations: dict[str, dict[int, int]] = {}
        for figure, times in amounts.items():
            if isinstance(figure, str):
                add_times(counters, figure, times)
            else:
                durations.setdefault(figure[0], {})[figure[1]] = times
        if not durations:
            return FigureRow(self.version + 1, counters, self.sketches)
        sketches = dict(self.sketches)
        for name, values in durations.items():
            sketches[name] = sketches.get(name, _EMPTY_SKETCH).add(values)
        return FigureRow(self.version + 1, counters, _without_empty(sketches))


def _without_empty(sketches: Mapping[str, Sketch]) -> dict[str, Sketch]:
    return {name: sketch for name, sketch in sketches.items() if sketch != _EMPTY_SKETCH}


def times_booked(rows: Iterable[FigureRow]) -> int:
    """How often these rows were written: each time is a version. Of all rows of a partition it only grows, and is less
    where the newest of some are lost."""
    return sum(row.version for row in rows)


def merge_rows(rows: Iterable[FigureRow]) -> FigureRow:
    """The sum of rows, in whatever order; its version is the highest of theirs."""
    version = 0
    counters: dict[str, int] = {}
    sketches: dict[str, list[Sketch]] = {}
    for row in rows:
        version = max(version, row.version)
        for name, times in row.counters.items():
            add_times(counters, name, times)
        for name, sketch in row.sketches.items():
            sketches.setdefault(name, []).append(sketch)
    return FigureRow(version, counters, _without_empty({name: merge(parts) for name, parts in sketches.items()}))


class _Versioned(msgspec.Struct):
    version: int = 0


class _Counted(msgspec.Struct):
    version: int = 0
    counters: Mapping[str, int] = {}


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(FigureRow)
_version = msgspec.json.Decoder(_Versioned)
_counted = msgspec.json.Decoder(_Counted)


def encode(row: FigureRow) -> bytes:
    """The row as JSON; equal rows are equal bytes."""
    sketches = {name: Sketch(s.count, s.total, _sorted(s.buckets)) for name, s in row.sketches.items()}
    return _encoder.encode(FigureRow(row.version, _sorted(row.counters), _sorted(sketches)))


def decode(value: bytes) -> FigureRow:
    """The row of `encode`. Raises msgspec.DecodeError or ValidationError when it is none."""
    return _decoder.decode(value)


def version_of(value: bytes) -> int:
    """The version of an encoded row. Raises msgspec.DecodeError or ValidationError when it is none."""
    return _version.decode(value).version


def counters_of(value: bytes) -> FigureRow:
    """An encoded row without its sketches, which is a quarter of the work. Raises msgspec.DecodeError or
    ValidationError when it is none."""
    counted = _counted.decode(value)
    return FigureRow(counted.version, counted.counters)


def _sorted(values: Mapping[_K, _V]) -> dict[_K, _V]:
    return dict(sorted(values.items(), key=itemgetter(0)))


def row_key(row: str, partition: int) -> str:
    """The Kafka key of a row ("department/roads/20260301") of one partition."""
    return f"{row}/{partition}"


def parse_key(key: str) -> tuple[str, str, int, int]:
    """Dimension, key, local day (yyyymmdd) and partition. A key may hold slashes. Raises ValueError when it is none."""
    dimension, _, rest = key.partition("/")
    name, day, partition = rest.rsplit("/", 2)
    return dimension, name, int(day), int(partition)

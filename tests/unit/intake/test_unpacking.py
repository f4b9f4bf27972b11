"""What clients have packed is unpacked within bounds where strangers may write."""

import tracemalloc
from typing import Any

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder, _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy
from aiokafka.structs import TopicPartition

from models.errors import Poison
from streams.intake.reading.statements import StatementReader
from streams.kafka import raw_fetch, unpacking
from streams.kafka.raw_fetch import TOO_LONG, _Batches
from streams.kafka.unpacking import TooLong, at_most
from tests.support.cities import tiny_city

CODECS = {1: "gzip", 2: "snappy", 3: "lz4", 4: "zstd"}
READERS = (MemoryRecords, _MemoryRecordsPy)
MAX = 1_000_000
PLENTY = 100 * MAX


def _batch(codec: int, *values: bytes, offset: int = 0) -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 2**40)
    for n, value in enumerate(values):
        builder.append(n, timestamp=1, key=None, value=value, headers=[])
    batch = bytearray(builder.build())
    batch[:8] = offset.to_bytes(8, "big")  # which the checksum leaves out
    return bytes(batch)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch may come to a million bytes."""
    for module in (raw_fetch, unpacking):
        monkeypatch.setattr(module, "MAX_BATCH_BYTES", MAX)


def _found(records: Any) -> PartitionRecords:
    checked = not isinstance(records, raw_fetch._Batches)  # which checks by itself
    return PartitionRecords(TopicPartition("t", 0), records, [], 0, None, None, checked, READ_COMMITTED)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("codec", CODECS)
def test_what_is_packed_as_usual_is_read(codec: int, reader: Any) -> None:
    """By the compiled reader and by the other one; also what packs well, and as much as a batch may come to."""
    for values in ((b"a", b"b" * 1_000, bytes(range(256)) * 1_000), (bytes(MAX - 100),)):
        with at_most(PLENTY):
            assert list(values) == [record.value for record in _found(reader(_batch(codec, *values)))]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_that_comes_to_too_much_is_refused_where_that_is_asked(codec: int, reader: Any) -> None:
    """Elsewhere it is read, as what Paidan wrote itself always is."""
    batch = _batch(codec, bytes(MAX + 1))

    with at_most(PLENTY), pytest.raises(TooLong):
        list(_found(reader(batch)))

    assert [len(record.value) for record in _found(reader(batch))] == [MAX + 1]


@pytest.mark.parametrize("codec", CODECS)
def test_many_batches_together_come_to_no_more_than_is_asked(codec: int) -> None:
    """Each of them is short enough."""
    batches = b"".join(_batch(codec, bytes(100_000), offset=n) for n in range(10))
    taken: list[int] = []

    with at_most(500_000), pytest.raises(TooLong):
        taken.extend(record.offset for record in _found(MemoryRecords(batches)))

    assert taken == [0, 1, 2, 3]


@pytest.mark.parametrize("codec", CODECS)
def test_a_record_stands_in_the_place_of_a_batch_that_comes_to_too_much(codec: int) -> None:
    """At the offset of its last: whoever goes on in the middle of it passes over none without a word."""
    small, large = _batch(codec, b"first"), _batch(codec, b"x", bytes(MAX), b"y", offset=1)

    with at_most(PLENTY):
        records = list(_found(_Batches(small + large + _batch(codec, b"last", offset=4))))

    assert [(record.offset, record.value, tuple(record.headers)) for record in records] == [
        (0, b"first", ()),
        (3, None, ((TOO_LONG, None),)),
        (4, b"last", ()),
    ]


def test_no_more_is_read_at_once_when_a_batch_is_long() -> None:
    """Those behind it are read the next time."""
    long = bytes(MAX - 100)
    batches = b"".join(_batch(4, long, offset=n) for n in range(3))

    with at_most(PLENTY):
        found = _found(_Batches(batches))
        offsets = [record.offset for record in found]

    assert offsets == [0, 1]
    assert found.next_fetch_offset == 2


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_is_unpacked_in_little_more_than_it_may_come_to(codec: int) -> None:
    """However much it would come to: what packs a hundred times as much is given up early."""
    batch = _DefaultRecordBatchPy(_batch(codec, bytes(20 * MAX)))
    tracemalloc.start()

    with at_most(PLENTY), pytest.raises(TooLong):
        batch._maybe_uncompress()

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * MAX + 3 * len(batch._buffer)


def test_intake_says_of_such_a_batch_that_it_is_too_large() -> None:
    """It becomes one dead letter."""
    with at_most(PLENTY):
        [record] = _found(_Batches(_batch(4, bytes(MAX))))

    with pytest.raises(Poison, match="batch that unpacks to at most") as poison:
        StatementReader(tiny_city(), 1).read(record)

    assert poison.value.error == "too-large"

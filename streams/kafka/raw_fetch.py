"""Read records that the client refuses: a header whose name is not UTF-8 hides its whole batch from aiokafka's reader,
and so does a packed batch that comes to more than it may.

It works on private names of aiokafka; a test on a real broker fails when an upgrade changes them.
"""

from itertools import islice
from typing import Any, SupportsIndex

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException, LeaderNotAvailableError, NoError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from aiokafka.record.util import encode_varint

from streams.kafka.unpacking import MAX_BATCH_BYTES, TooLong, at_most

_WAIT_MS = 0  # what is to be read is there; and the broker answers one request of a connection after the other
_MAX_BYTES = 1024 * 1024  # the broker sends a longer batch whole when it is the first
# The header of the record without a value that stands in the place of a batch that is too long.
TOO_LONG = "paidan-too-long"


async def read_leniently(
    consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int, limit: int
) -> tuple[list[ConsumerRecord], int]:
    """At most `limit` committed records from `offset` on, and the offset behind them.

    Bytes of a header's name that are not UTF-8 come as lone surrogates (PEP 383). Instead of the records of a batch
    that comes to more than MAX_BATCH_BYTES there is one without a value and with the header TOO_LONG, at the offset of
    the last of them; no further batches are read once so much is at hand. Raises KafkaError, also when a batch is
    broken in any other way.
    """
    client = consumer._client
    leader = client.cluster.leader_for_partition(tp)
    if leader is None or leader == -1:
        raise LeaderNotAvailableError(tp)
    wanted = [(tp.topic, [(tp.partition, offset, _MAX_BYTES)])]
    response = await client.send(leader, FetchRequest(_WAIT_MS, 1, _MAX_BYTES, READ_COMMITTED, wanted))
    [(_, [(_, code, _, *rest)])] = response.topics
    if (error := for_code(code)) is not NoError:
        raise error(tp)
    aborted = rest[2 if response.API_VERSION >= 11 else -2]
    found = PartitionRecords(tp, _Batches(rest[-1]), aborted, offset, None, None, False, READ_COMMITTED)
    with at_most(2 * MAX_BATCH_BYTES):
        records = list(islice(found, limit))
    return records, records[-1].offset + 1 if len(records) == limit else found.next_fetch_offset


class _Batches(_MemoryRecordsPy):
    """The batches of a fetch, checked and unpacked."""

    _unpacked = 0

    def has_next(self) -> bool:
        return self._unpacked < MAX_BATCH_BYTES and bool(super().has_next())

    def next_batch(self, *_: Any) -> Any:
        batch = _DefaultRecordBatchPy(self._next_slice)
        self._cache_next()
        if not batch.validate_crc():
            raise CorruptRecordException("invalid CRC")
        try:
            batch._maybe_uncompress()
        except TooLong:
            batch._buffer, batch._pos = _in_place_of(batch), 0
            batch._num_records, batch._decompressed = 1, True
        batch._buffer = _Text(batch._buffer)
        self._unpacked += len(batch._buffer)
        return batch


def _in_place_of(batch: Any) -> bytearray:
    """The bytes of a record that stands in the place of all of a batch."""
    body, record, none, name = bytearray(b"\0\0"), bytearray(), -1, TOO_LONG.encode()
    for number in (batch.last_offset_delta, none, none, 1, len(name)):  # without key and value, with one header
        encode_varint(number, body.append)
    body += name
    encode_varint(none, body.append)
    encode_varint(len(body), record.append)
    return record + body


class _Text(bytearray):
    """Bytes of which every piece can be decoded."""

    def __getitem__(self, at: SupportsIndex | slice) -> Any:
        found = super().__getitem__(at)
        return _Text(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return super().decode(encoding, "surrogateescape")

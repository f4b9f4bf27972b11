"""Partitions read up to given ends: record after record, or the newest row of each key."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.kafka.clients import log_reader, scanner, started
from streams.kafka.connection import Connection

Row = tuple[str, bytes]
Holding = Callable[[str, bytes], bytes]  # of a key and its row: how the row waits in memory
Batch = tuple[TopicPartition, Sequence[ConsumerRecord]]

BESIDE_ANSWERS = 50  # records at once where answers wait in the same event loop: to decode them takes some 3 ms
_POLL_MS = 200
# Offsets at once of a log that is read backwards: what is looked for is mostly among the last ones.
_FIRST_PIECE, _LONGEST_PIECE = 64, 4096


async def read_to(
    consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], at_once: int | None = None
) -> AsyncIterator[Batch]:
    """Go on from where the consumer stands until it is past all ends; at most `at_once` records a time, between which
    all else in the event loop has its turn.

    That nothing comes for a while says nothing: the machine may be busy. The last batch of a partition may hold records
    from behind its end that have come meanwhile; who reads on later has them here. Raises KafkaError.
    """
    behind = set(ends)
    while behind := {part for part in behind if await consumer.position(part) < ends[part]}:
        for batch in (await consumer.getmany(*behind, timeout_ms=_POLL_MS, max_records=at_once)).items():
            yield batch
        await asyncio.sleep(0)


async def read_whole(
    consumer: AIOKafkaConsumer,
    parts: Sequence[TopicPartition],
    ends: Mapping[TopicPartition, int] | None = None,
    at_once: int | None = None,
) -> AsyncIterator[Batch]:
    """Assign these partitions and read them from their beginning, as `read_to` does; by default to where they end now.

    The consumer stays assigned, so that it can be followed from there. Raises KafkaError.
    """
    if ends is None:
        ends = await consumer.end_offsets(parts)
    consumer.assign(list(parts))
    await consumer.seek_to_beginning(*parts)
    async for batch in read_to(consumer, ends, at_once):
        yield batch


async def offsets_since(
    consumer: AIOKafkaConsumer, instant: int, ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """The first offsets of an instant (ms UTC) or later, by Kafka's clock; the ends where there are none. Ask for the
    ends before: what comes meanwhile is then behind what is read. Raises KafkaError."""
    found = await consumer.offsets_for_times(dict.fromkeys(ends, max(instant, 0)))
    return {part: end if found[part] is None else found[part].offset for part, end in ends.items()}


def open_ends(connection: Connection) -> AbstractAsyncContextManager[AIOKafkaConsumer]:
    """What tells where partitions end, transactions that are still open included."""
    return started(log_reader(connection, isolation_level="read_uncommitted"))


async def holds_anything(connection: Connection, parts: Sequence[TopicPartition]) -> str:
    """The topic of one of these partitions that holds a committed record; empty where none does. Raises KafkaError."""
    async with started(log_reader(connection)) as consumer:
        ends = {part: end for part, end in (await consumer.end_offsets(parts)).items() if end}
        if ends:
            async for part, records in read_whole(consumer, list(ends), ends, at_once=1):
                if records:
                    return str(part.topic)
    return ""


async def newest_first(connection: Connection, part: TopicPartition) -> AsyncGenerator[ConsumerRecord]:
    """The committed records of a partition, the newest first, read piece by piece. Raises KafkaError."""
    async with started(scanner(connection)) as consumer:
        first: int = (await consumer.beginning_offsets([part]))[part]
        end: int = (await consumer.end_offsets([part]))[part]
        consumer.assign([part])
        length = _FIRST_PIECE
        while end > first:
            begin = max(first, end - length)
            consumer.seek(part, begin)
            piece: list[ConsumerRecord] = []
            async for _, records in read_to(consumer, {part: end}):
                piece += [record for record in records if record.offset < end]
            for record in reversed(piece):
                yield record
            end, length = begin, min(2 * length, _LONGEST_PIECE)


class FollowedLog:
    """Partitions that are read on each time up to what is written by then, from their beginning on. What a transaction
    that is still open holds back is waited for: `ends` sees it, `consumer` what is committed alone."""

    def __init__(self, consumer: AIOKafkaConsumer, ends: AIOKafkaConsumer, parts: Sequence[TopicPartition]) -> None:
        self.parts = parts
        self._consumer, self._ends = consumer, ends

    async def news(self) -> AsyncIterator[Sequence[ConsumerRecord]]:
        """What has come since the last time. Raises KafkaError."""
        async for _, records in read_to(self._consumer, await self._ends.end_offsets(self.parts)):
            yield records


@asynccontextmanager
async def followed(connection: Connection, parts: Sequence[TopicPartition]) -> AsyncIterator[FollowedLog]:
    """Follow these partitions from their beginning on. Raises KafkaError."""
    async with open_ends(connection) as ends, started(log_reader(connection)) as consumer:
        consumer.assign(list(parts))
        await consumer.seek_to_beginning(*parts)
        yield FollowedLog(consumer, ends, parts)


def as_it_is(_: str, row: bytes) -> bytes:
    """A row waits as it came."""
    return row


def take_newest(rows: dict[str, bytes], records: Sequence[ConsumerRecord], held: Holding = as_it_is) -> None:
    """Add records to the newest value of each key, in the order in which the keys were last written, tombstones out."""
    for record in records:
        key = record.key.decode()
        rows.pop(key, None)
        if record.value is not None:
            rows[key] = held(key, record.value)


async def read_changelogs(
    connection: Connection,
    parts: Sequence[TopicPartition],
    unless_at: Mapping[TopicPartition, int] | None = None,
    held: Holding = as_it_is,
) -> tuple[dict[str, list[Row]] | None, dict[TopicPartition, int]]:
    """All committed rows of one partition of each topic, newest value per key, and where the partitions end.

    Rows come in the order in which their keys were last written, tombstones left out. When the partitions end exactly
    at `unless_at` nothing is read and the rows are None. `held` says how a row waits until all are read. Call it only
    after the writer of these partitions has been fenced: then their ends no longer move. Raises KafkaError.
    """
    async with started(log_reader(connection)) as consumer:
        ends = dict(await consumer.end_offsets(parts))
        if unless_at is not None and ends == unless_at:
            return None, ends
        newest: dict[str, dict[str, bytes]] = {part.topic: {} for part in parts}
        async for part, records in read_whole(consumer, parts, ends):
            take_newest(newest[part.topic], records, held)
        return {topic: list(table.items()) for topic, table in newest.items()}, ends


async def read_rows(connection: Connection, part: TopicPartition) -> dict[str, bytes]:
    """The committed rows of one partition, newest value per key, tombstones left out. Raises KafkaError."""
    rows, _ = await read_changelogs(connection, [part])
    assert rows is not None
    return dict(rows[part.topic])

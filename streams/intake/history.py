"""History: events of the past, decided as if they came in at their own times.

A file holds one structured CloudEvent a line, in any order. Intake's code runs here; the inbox gets the items in the
order of their `at`, each record with `at` as its clock, and at last a tick at the end of the window for every
partition, so that all that fell due has fired. The desk does not tell a partition whose newest record carries a clock
the time of the wall, so what comes after the window waits for whatever comes next.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from msgspec.structs import replace

from models.city import City
from models.envelope import BYTE_ORDER_MARK, STRUCTURED
from models.errors import UsageError
from models.inbox import MAX_ITEMS, InboxUpdate, Item, Sighting, Tick, clock_headers, encode_items
from models.times import from_text, to_text
from streams.erasure.sealer import Sealer
from streams.intake.batch import Model, Taken, take_in
from streams.intake.dead_records import letter_of
from streams.intake.drafts import Keys
from streams.kafka.clients import started, writer
from streams.kafka.connection import Connection
from streams.kafka.log_reading import open_ends
from streams.kafka.sending import Send
from streams.kafka.topics import Names

CHUNK = 2_000  # lines that are taken in together; their texts are classified in one go
_BATCH_BYTES = 256 * 1024
_HEADERS = (("content-type", STRUCTURED.encode()),)


class _Timed(msgspec.Struct):
    time: str


_time = msgspec.json.Decoder(_Timed)


@dataclass(slots=True)
class Line:
    """One line of a file as the record that it would have been; `offset` is its number, from 1."""

    topic: str
    offset: int
    timestamp: int
    value: bytes | None
    partition: int = 0
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = _HEADERS


@dataclass(frozen=True, slots=True)
class Stamped:
    """An inbox record to be: items of one area that happened at one instant."""

    area: str
    clock: int
    items: tuple[Item, ...]


class Chronicle:
    """The lines of files in the order of their times; only the places of the lines are kept in memory.

    Raises UsageError for a line without a time: history cannot say when it happened.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._places: list[tuple[int, int, int, int]] = []  # at, file, line number, byte offset
        for index, file in enumerate(files):
            with file.open("rb") as lines:
                offset = 0
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        self._places.append((_at(file, number, line), index, number, offset))
                    offset += len(line)
        self._places.sort()

    def __len__(self) -> int:
        return len(self._places)

    @property
    def first(self) -> int:
        """When the earliest event happened, ms UTC."""
        return self._places[0][0]

    @property
    def last(self) -> int:
        """When the latest one happened."""
        return self._places[-1][0]

    def chunks(self) -> Iterator[list[Line]]:
        """All lines, oldest first, a list at a time; those of one instant in the order of the files."""
        opened: list[BinaryIO] = []
        try:
            opened.extend(file.open("rb") for file in self._files)
            for start in range(0, len(self._places), CHUNK):
                yield [self._line(opened, place) for place in self._places[start : start + CHUNK]]
        finally:
            for file in opened:
                file.close()

    def _line(self, opened: list[BinaryIO], place: tuple[int, int, int, int]) -> Line:
        at, index, number, offset = place
        opened[index].seek(offset)
        return Line(self._files[index].name, number, at, opened[index].readline().strip())


def _at(file: Path, number: int, line: bytes) -> int:
    try:
        return from_text(_time.decode(line.removeprefix(BYTE_ORDER_MARK)).time)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise UsageError(f"{file}:{number}: no CloudEvent in structured JSON with a time: {error}") from None


def stamp(taken: Taken) -> list[Stamped]:
    """The items of a batch by their times; neighbours of one area and instant together."""
    ordered = sorted((item for items in taken.items.values() for item in items), key=lambda item: item.at)
    stamped: list[Stamped] = []
    run: list[Sighting | InboxUpdate] = []
    for item in ordered:
        if run and (_place(item) != _place(run[0]) or len(run) == MAX_ITEMS):
            stamped.append(Stamped(*_place(run[0]), tuple(run)))
            run = []
        run.append(item)
    if run:
        stamped.append(Stamped(*_place(run[0]), tuple(run)))
    return stamped


def _place(item: Sighting | InboxUpdate) -> tuple[str, int]:
    return item.area, item.at


def retell(chronicle: Chronicle, city: City, keys: Keys, model: Model | None) -> Iterator[tuple[int, Taken]]:
    """Take the lines in, oldest first: how many lines, and what they came to."""
    for lines in chronicle.chunks():
        yield len(lines), take_in(lines, city, model, lines[-1].timestamp, keys)


@dataclass(slots=True)
class Written:
    """What was written: items in so many inbox records, and dead letters."""

    items: int = 0
    records: int = 0
    dead: int = 0


class Historian:
    """Writes a chronicle to the inbox. `progress` is called with the number of lines done since the last call."""

    def __init__(
        self,
        connection: Connection,
        names: Names,
        partitions: int,
        city: City,
        keys: Keys,
        model: Model | None,
        sealer: Sealer | None = None,
    ) -> None:
        self._connection, self._names, self._partitions = connection, names, partitions
        self._city, self._keys, self._model, self._sealer = city, keys, model, sealer

    async def write(
        self, chronicle: Chronicle, until: int | None = None, progress: Callable[[int], None] = lambda lines: None
    ) -> Written:
        """Write all of it, dead letters to their topic, and at last a tick at `until` (ms UTC; by default the time of
        the last event) for every partition.

        Raises UsageError when the window ends too early or the inbox is not empty: history comes before everything
        else. Raises KafkaError when the cluster fails; what is then in the inbox is only a part.
        """
        end = chronicle.last if until is None else until
        if end < chronicle.last:
            raise UsageError(f"the last event happened at {to_text(chronicle.last)}, after the end of the window")
        lanes = (self._names.inbox, self._names.urgent)
        inbox, urgent = ([TopicPartition(topic, number) for number in range(self._partitions)] for topic in lanes)
        await self._require_empty([*inbox, *urgent])
        bulk = writer(self._connection, enable_idempotence=True, max_batch_size=_BATCH_BYTES, linger_ms=5)
        async with started(bulk) as producer:
            written = Written()
            for lines, taken in retell(chronicle, self._city, self._keys, self._model):
                await self._write_batch(producer, taken, written)
                progress(lines)
            ticks = [_record(self._names.inbox, end, (Tick(),), None, partition) for _, partition in inbox]
            await _publish(producer, ticks)
            return written

    async def _write_batch(self, producer: AIOKafkaProducer, taken: Taken, written: Written) -> None:
        sends: list[Send] = []
        if self._sealer is not None:
            items, sends = self._sealer.sealed(taken.items, self._city)
            taken = replace(taken, items=items)
        stamped = stamp(taken)
        sends += [_record(self._names.inbox, each.clock, each.items, each.area.encode()) for each in stamped]
        sends += [letter_of(dead, self._names, "history", self._keys.hmac) for dead in taken.dead]
        await _publish(producer, sends)
        written.items += sum(len(each.items) for each in stamped)
        written.records += len(stamped)
        written.dead += len(taken.dead)

    async def _require_empty(self, lanes: Sequence[TopicPartition]) -> None:
        # What is not committed yet counts, too.
        async with open_ends(self._connection) as consumer:
            ends = await consumer.end_offsets(lanes)
        written = sorted(part.topic for part, end in ends.items() if end)
        if written:
            raise UsageError(
                f"{written[0]} is not empty, and history comes before everything else: "
                "use a namespace of its own (PAIDAN_NAMESPACE)"
            )


def _record(topic: str, clock: int, items: tuple[Item, ...], key: bytes | None, partition: int | None = None) -> Send:
    return Send(topic, key, encode_items(items), partition, clock_headers(clock))


async def _publish(producer: AIOKafkaProducer, sends: Sequence[Send]) -> None:
    futures = [
        await producer.send(send.topic, send.value, send.key, send.partition, headers=list(send.headers))
        for send in sends
    ]
    await asyncio.gather(*futures)  # a failed send fails only its own future

"""Writing the lake 入湖: the log in blocks of offsets, orders and figures as they stand.

A file of the log is named by its block, and a block's rows are those of the offsets in it: whoever writes it again,
after it was killed or beside another, writes the same rows under the same name. Nothing is kept beside the files: how
far they go stands in them. One that was slow may have put a block that another has filled back to what it had read:
the next export begins at the first block that is not full.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from dispatcher.figures import figure_row
from dispatcher.order import facts
from dispatcher.order.row import Order
from dispatcher.partition import row_keys
from models.city import City
from models.envelope import event_type
from streams.kafka.clients import scanner, started
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_to, read_whole, take_newest
from streams.kafka.topics import Names
from streams.lake.lake_columns import VERSION
from streams.lake.parquet import ArrowTable, Lake, Mark, arrow
from streams.lake.rows import Row, assignment_rows, fact_row, figure_rows, order_row
from streams.settings import Settings

BLOCK = 20_000  # offsets
_NEXT = "next_offset"
_VERSION = "version"
_OF_THE_LOG, _AS_IT_STANDS = ("assignments", "facts"), ("orders", "figures")
_NOW = "now"  # the name of a file that is written anew whenever something has changed
_order = msgspec.json.Decoder(Order)


class Exported(NamedTuple):
    """How many records of the log were read, and how many files written."""

    records: int
    files: int


async def export(
    settings: Settings, city: City, lake: Lake, progress: Callable[[int], None] = lambda _: None
) -> Exported:
    """Write what is new since the last time. Raises KafkaError, and OSError when the lake is away."""
    records = files = 0
    async with started(scanner(Connection.of(settings))) as consumer:
        exporter = _Exporter(consumer, Names(settings.namespace), city, lake, progress)
        for number in range(settings.partitions):
            done = await exporter.log(number)
            records, files = records + done.records, files + done.files + await exporter.tables(number)
    return Exported(records, files)


class _Exporter:
    def __init__(
        self, consumer: AIOKafkaConsumer, names: Names, city: City, lake: Lake, progress: Callable[[int], None]
    ) -> None:
        self._consumer, self._names, self._zone, self._lake = consumer, names, city.zone, lake
        self._progress = progress

    async def log(self, number: int) -> Exported:
        """The facts of a partition, from the block that is not full on."""
        part = TopicPartition(self._names.orders, number)
        end = (await self._consumer.end_offsets([part]))[part]
        start, known = await asyncio.to_thread(self._start, number)
        if known >= end:
            return Exported(0, 0)
        self._consumer.assign([part])
        self._consumer.seek(part, start)
        block, rows, count, files = start // BLOCK, list[ConsumerRecord](), 0, 0
        async for _, batch in read_to(self._consumer, {part: end}):
            for record in batch:
                if record.offset >= end:
                    break
                if record.offset // BLOCK != block and rows:
                    files += await asyncio.to_thread(self._put_block, number, block, rows, (block + 1) * BLOCK)
                    rows = []
                block = record.offset // BLOCK
                rows.append(record)
                count += 1
            self._progress(len(batch))
        if rows:
            files += await asyncio.to_thread(self._put_block, number, block, rows, end)
        return Exported(count, files)

    def _start(self, number: int) -> tuple[int, int]:
        """From which offset on to read, the first one of a block, and up to where all is there."""
        marks = [self._lake.marks(table, number) for table in _OF_THE_LOG]
        first, known = -BLOCK, 0
        for name in marks[-1]:
            first, known = int(name), min(_known(each.get(name, {})) for each in marks)
            if known < first + BLOCK:
                return first, known
        return first + BLOCK, known

    def _put_block(self, number: int, block: int, records: list[ConsumerRecord], next_offset: int) -> int:
        name, mark = f"{block * BLOCK:020}", {_NEXT: next_offset, _VERSION: VERSION}
        every: list[Row] = []
        assigned: list[Row] = []
        for record in records:
            fact = facts.from_wire(event_type(record.headers), record.value)
            every.append(fact_row(number, record.offset, fact, self._zone))
            assigned.extend(assignment_rows(number, record.offset, fact, self._zone))
        self._lake.put("assignments", number, name, assigned, mark)
        self._lake.put("facts", number, name, every, mark)  # last: by its files the next export looks for blocks
        return 2

    async def tables(self, number: int) -> int:
        """Orders and figures as they stand, where anything has changed: how many files were written."""
        parts = _Parts.of(self._names, number)
        ends = await self._consumer.end_offsets(parts)
        mark: Mark = {name: ends[part] for name, part in zip(parts._fields, parts, strict=True)} | {_VERSION: VERSION}
        if await asyncio.to_thread(self._stands, number, mark):
            return 0
        found = await _standing(self._consumer, parts, ends, self._progress)
        await asyncio.to_thread(self._put_tables, number, found, mark)
        return 2

    def _stands(self, number: int, mark: Mark) -> bool:
        """Whether both tables are as they were at these ends; a slow export may have put one back."""
        return all(self._lake.mark(table, number, _NOW) == mark for table in _AS_IT_STANDS)

    def _put_tables(self, number: int, found: "_Standing", mark: Mark) -> None:
        self._lake.put("orders", number, _NOW, found.orders(), mark)
        self._lake.put("figures", number, _NOW, found.counted(), mark)


async def standing(settings: Settings, progress: Callable[[int], None] = lambda _: None) -> dict[str, ArrowTable]:
    """Orders and figures as they stand at this moment, all partitions together, by the names of the lake's tables.
    Raises KafkaError."""
    names = Names(settings.namespace)
    found: list[_Standing] = []
    async with started(scanner(Connection.of(settings))) as consumer:
        for number in range(settings.partitions):
            parts = _Parts.of(names, number)
            found.append(await _standing(consumer, parts, await consumer.end_offsets(parts), progress))
    return await asyncio.to_thread(_tables_of, found)


def _tables_of(found: "Sequence[_Standing]") -> dict[str, ArrowTable]:
    orders, figures = ([row for one in found for row in rows(one)] for rows in (_Standing.orders, _Standing.counted))
    return {"orders": arrow("orders", orders, {}), "figures": arrow("figures", figures, {})}


def _known(mark: Mark) -> int:
    """Up to which offset a file goes; one that was written with other columns has to be written anew."""
    return mark.get(_NEXT, 0) if mark.get(_VERSION) == VERSION else 0


class _Parts(NamedTuple):
    """The partitions of one number in which orders and figures stand."""

    desk: TopicPartition
    archive: TopicPartition
    figures: TopicPartition

    @classmethod
    def of(cls, names: Names, number: int) -> "_Parts":
        return cls(*(TopicPartition(topic, number) for topic in (names.desk, names.archive, names.figures)))


class _Standing(NamedTuple):
    """The newest rows of a partition, by key."""

    desk: dict[str, bytes]
    archive: dict[str, bytes]
    figures: dict[str, bytes]
    number: int

    def orders(self) -> Iterable[Row]:
        """The orders, those that the desk has let go of included."""
        rows = {key: row for key, row in self.desk.items() if row_keys.is_order(key)} | self.archive
        return (order_row(self.number, _order.decode(row)) for row in rows.values())

    def counted(self) -> Iterable[Row]:
        """The figures, but for those of people."""
        return figure_rows({key: figure_row.decode(row) for key, row in self.figures.items()})


async def _standing(
    consumer: AIOKafkaConsumer, parts: _Parts, ends: Mapping[TopicPartition, int], progress: Callable[[int], None]
) -> _Standing:
    """Read these partitions to their ends."""
    newest: dict[TopicPartition, dict[str, bytes]] = {part: {} for part in parts}
    async for part, batch in read_whole(consumer, parts, ends):
        take_newest(newest[part], [record for record in batch if record.offset < ends[part]])
        progress(len(batch))
    return _Standing(newest[parts.desk], newest[parts.archive], newest[parts.figures], parts.desk.partition)

"""`paidan audit`: recompute a namespace from its log, partition by partition, and name every difference.

A partition is read up to a moment at which its desk was at rest, so that log and rows are those of the same commits.
One partition at a time is in memory.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from dispatcher.auditing import Difference, Recount
from dispatcher.figures import figure_row
from dispatcher.figures.figure_row import FigureRow
from dispatcher.figures.indicators import Window
from dispatcher.order.row import Order
from dispatcher.partition import row_keys
from dispatcher.partition.decision import failed_items, overtakings
from dispatcher.partition.state import Meta
from models.city import City
from models.envelope import event_type
from models.errors import PaidanError
from models.inbox import InboxRecord, PackChange, read_record
from streams.audit.both_lanes import BothLanes
from streams.control.packs import Packs
from streams.control.publications import read_publications
from streams.kafka.clients import scanner, started
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_whole, take_newest
from streams.kafka.topics import Names
from streams.settings import Settings
from streams.stage.processing import BROUGHT_BACK
from streams.tables import stored_row

REST_SECONDS = 0.05
_TRIES = 400
_order = msgspec.json.Decoder(Order)
_meta = msgspec.json.Decoder(Meta)


class AuditError(PaidanError):
    """The audit could not be made."""


@dataclass(slots=True)
class Audited:
    """What one partition came to.

    `figures` are the recomputed rows by Kafka key. `tables` holds, for each of the two stream tables, the mark of every
    row that the desk's topics say is in it; `ends` is one more than the offset of each such topic's last record.
    """

    partition: int
    facts: int
    refusals: int
    sightings: int
    figures: dict[str, FigureRow]
    orders: int
    tables: dict[str, dict[str, str]]
    ends: dict[TopicPartition, int]
    differences: list[Difference] = field(default_factory=list)
    lost: str = ""  # why no repair brings the desk's state back; empty where nothing of it is lost
    cut: tuple[str, ...] = ()  # what was read of it and no longer begins at its first record, as `paidan.inbox/0`


async def audit(
    settings: Settings, city: City, window: Window | None = None, progress: Callable[[int], None] = lambda _: None
) -> list[Audited]:
    """All partitions, one after the other; `progress` hears of the number of records read since the last call.

    Raises AuditError when a desk does not come to rest, KafkaError when the cluster fails.
    """
    async with reading(settings, city, progress) as reader:
        return [await _audit_partition(reader, number, window) for number in range(settings.partitions)]


@contextlib.asynccontextmanager
async def reading(
    settings: Settings, city: City, progress: Callable[[int], None] = lambda _: None
) -> AsyncIterator["LogReader"]:
    """A reader of the namespace's partitions, until the body ends. Call it once `check_shared` has passed: topics that
    are missing would be waited for, and partitions that the settings do not know not be looked at."""
    connection = Connection.of(settings)
    packs = Packs(settings, city)
    async with started(scanner(connection)) as consumer:
        first = (await read_publications(settings)).first
        yield LogReader(consumer, Names(settings.namespace), packs, progress, first)


class LogReader:
    """Reads partitions from their beginning up to given ends."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        names: Names,
        packs: Packs,
        progress: Callable[[int], None],
        first_pack: str,
    ) -> None:
        self.names = names
        self.packs = packs
        self.first_pack = first_pack  # that partitions began with; empty where that was not noted yet
        self.last: dict[TopicPartition, int] = {}  # one more than the offset of the last record that was read
        self._consumer = consumer
        self._progress = progress

    async def ends_at_rest(self, number: int) -> Mapping[TopicPartition, int]:
        """Where the desk's topics end between two of its commits."""
        parts = [
            TopicPartition(topic, number)
            for topic in (self.names.orders, self.names.desk, self.names.figures, self.names.archive)
        ]
        before: Mapping[TopicPartition, int] | None = None
        for _ in range(_TRIES):
            ends: Mapping[TopicPartition, int] = await self._consumer.end_offsets(parts)
            if ends == before:
                return ends
            before = ends
            await asyncio.sleep(REST_SECONDS)
        raise AuditError(f"the desk of partition {number} does not come to rest: stop what feeds it for a moment")

    async def is_whole(self, part: TopicPartition) -> bool:
        """Whether nothing at the beginning of a partition has been deleted."""
        return not (await self._consumer.beginning_offsets([part]))[part]

    async def cut(self, number: int) -> tuple[str, ...]:
        """Of what a partition is recomputed from, what no longer begins at its first record, as `paidan.inbox/0`."""
        topics = (self.names.orders, self.names.inbox, self.names.urgent)
        return tuple([f"{one}/{number}" for one in topics if not await self.is_whole(TopicPartition(one, number))])

    async def records(self, part: TopicPartition, end: int) -> AsyncIterator[Sequence[ConsumerRecord]]:
        """All committed records before an offset, batch by batch."""
        async for _, batch in read_whole(self._consumer, [part], {part: end}):
            wanted = [record for record in batch if record.offset < end]
            if wanted:
                self.last[part] = wanted[-1].offset + 1
            self._progress(len(wanted))
            yield wanted

    def begun(self, rows: Mapping[str, bytes]) -> tuple[Meta, str]:
        """Where a desk stands by the rows of its changelog, and the pack that its partition began with."""
        meta = _meta.decode(rows[row_keys.META]) if row_keys.META in rows else Meta(pack=self.packs.own.digest)
        return meta, self.first_pack or meta.pack

    async def decided(
        self, number: int, meta: Meta, rows: Mapping[str, bytes]
    ) -> AsyncIterator[tuple[list[InboxRecord], dict[str, City]]]:
        """What the desk of a partition has decided, in its order and batch by batch, each with the packs that it names.
        `meta` and `rows` are of the desk's changelog. All of the urgent lane is in memory meanwhile.

        Raises AuditError when the changelog does not say where an urgent record was decided.
        """
        urgent: list[InboxRecord] = []
        lane, inbox = TopicPartition(self.names.urgent, number), TopicPartition(self.names.inbox, number)
        async for batch in self.records(lane, meta.urgent_offset or 0):
            urgent += [read_record(record, urgent=True)[0] for record in batch]
        try:
            lanes = BothLanes(urgent, overtakings(rows))
        except LookupError as error:
            raise AuditError(f"partition {number}: {error.args[0]}") from error
        async for batch in self.records(inbox, meta.next_offset):
            records = list(lanes.with_urgent(read_record(record)[0] for record in batch))
            yield records, await self._packs_of(records)
        yield (records := list(lanes.rest())), await self._packs_of(records)

    async def _packs_of(self, records: Sequence[InboxRecord]) -> dict[str, City]:
        named = [item.digest for each in records for item in each.items if isinstance(item, PackChange)]
        return dict(await self.packs.at_hand(named)) if named else {}

    async def rows(self, part: TopicPartition, end: int) -> dict[str, bytes]:
        """The newest value of each key before an offset, tombstones left out."""
        newest: dict[str, bytes] = {}
        async for batch in self.records(part, end):
            take_newest(newest, batch)
        return newest


@dataclass(slots=True)
class Partition:
    """One partition recomputed, and the rows that are kept of it; `topic` is the desk's changelog."""

    recount: Recount
    topic: str
    desk: dict[str, bytes]
    archive: dict[str, bytes]
    figures: dict[str, bytes]

    @property
    def lost(self) -> str:
        """What is said of a desk's state of which the end, or all, is lost. Empty where it is all there: with its
        orders' rows alone a desk would neither know where it goes on nor what it has met and watches."""
        has_worked = self.recount.newest is not None
        if has_worked and not (row_keys.META in self.desk and self.recount.is_kept_in(self.open_orders())):
            return f"{self.topic}/{self.recount.partition} is gone, or its newest part; {BROUGHT_BACK}"
        return ""

    @property
    def meta(self) -> Meta | None:
        """Where the desk stands; None where that is gone, or it has not begun."""
        row = self.desk.get(row_keys.META)
        return None if row is None else _meta.decode(row)

    def open_orders(self) -> dict[str, Order]:
        """The order rows of the desk."""
        return {key: _order.decode(row) for key, row in self.desk.items() if row_keys.is_order(key)}

    def archived_orders(self) -> dict[str, Order]:
        """The order rows of the archive."""
        return {key: _order.decode(row) for key, row in self.archive.items()}

    def figure_rows(self) -> dict[str, FigureRow]:
        """The figure rows."""
        return {key: figure_row.decode(row) for key, row in self.figures.items()}


async def recompute(reader: LogReader, number: int) -> Partition:
    """Read one partition and recompute it. Raises AuditError when its desk does not come to rest."""
    names, packs = reader.names, reader.packs
    ends = await reader.ends_at_rest(number)
    log, desk, figures, archive = (
        TopicPartition(topic, number) for topic in (names.orders, names.desk, names.figures, names.archive)
    )
    rows = await reader.rows(desk, ends[desk])
    recount = Recount(number, packs.own.zone, failed_items(rows), failed_items(rows, urgent=True))
    async for batch in reader.records(log, ends[log]):
        for record in batch:
            recount.fact(event_type(record.headers), record.value)
    meta, first = reader.begun(rows)
    cities = await packs.at_hand([first])
    async for records, named in reader.decided(number, meta, rows):
        cities |= named
        for record in records:
            recount.inbox(record, cities, first)
    others = [await reader.rows(part, ends[part]) for part in (archive, figures)]
    return Partition(recount, names.desk, rows, *others)


async def _audit_partition(reader: LogReader, number: int, window: Window | None) -> Audited:
    part = await recompute(reader, number)
    recount, names = part.recount, reader.names
    recount.check_orders(part.open_orders(), part.archived_orders())
    kept, meta = part.figure_rows(), part.meta
    recount.check_figures(kept, window)
    if meta is not None and meta.booked is not msgspec.UNSET:
        recount.check_booked(kept, meta.booked)
    sources = [TopicPartition(topic, number) for topic in (names.desk, names.archive, names.figures)]
    return Audited(
        partition=number,
        facts=recount.facts,
        refusals=recount.refusals,
        sightings=recount.sightings,
        figures=recount.expected(),
        orders=len(recount.orders),
        tables={"orders": _order_marks(part.desk, part.archive), "figures": _figure_marks(part.figures)},
        ends={source: reader.last[source] for source in sources if source in reader.last},
        differences=recount.differences,
        lost=part.lost,
        cut=await reader.cut(number),
    )


def _order_marks(desk: Mapping[str, bytes], archive: Mapping[str, bytes]) -> dict[str, str]:
    wanted = {key: row for key, row in desk.items() if row_keys.is_order(key) or row_keys.is_tally(key)}
    rows = wanted | dict(archive)
    return {key: stored_row.mark(stored_row.order_version(key, row), row) for key, row in rows.items()}


def _figure_marks(rows: Mapping[str, bytes]) -> dict[str, str]:
    return {key: stored_row.mark(stored_row.figure_version(key, row), row) for key, row in rows.items()}

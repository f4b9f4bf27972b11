"""Rows as the desk writes them, made for tests of what reads them: orders, tallies, figures, in transactions."""

import random
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from dispatcher.figures.booking import Bookings, bookings, collect
from dispatcher.figures.figure_row import FigureRow, encode, row_key
from dispatcher.order.row import Assignment, Closing, Entry, Order, Tally
from dispatcher.partition.identity import report_key
from models.events import Evidence
from models.inbox import Actor
from models.times import from_text
from streams.kafka.clients import started, transactional
from streams.kafka.connection import Connection
from streams.kafka.topics import Names

ZONE = ZoneInfo("Asia/Shanghai")
AREAS = ("gulou", "shiqiao", "liudi", "guixiang", "nantang", "chunxiao")
DEPARTMENTS = ("roads", "parks")
DESK = Actor("desk")
START = from_text("2026-03-01T00:00:00Z")
HOUR = 3_600_000
Row = tuple[str, str, bytes | None, int]  # topic, key, value, partition


def partition_of(area: str, partitions: int) -> int:
    """Where the desk keeps an area: as Kafka's own partitioner does."""
    return int(murmur2(area.encode()) & 0x7FFFFFFF) % partitions


def opened(number: int, area: str = "gulou", at: int = START, **more: object) -> Order:
    """An assigned order of its first report."""
    founding = Evidence(kind="report", source="hotline", id=f"r-{number}", at=at, text="路面有一个大坑 <b>pothole</b>")
    order_id = f"{area}-20260301-{number:010d}".replace("0", "a").replace("1", "b").replace("8", "c").replace("9", "d")
    order_id = f"{area}-20260301-{order_id.rpartition('-')[2]}"
    department = DEPARTMENTS[number % len(DEPARTMENTS)]
    order = Order(
        id=order_id,
        seq=3,
        state="assigned",
        area=area,
        opened_at=at,
        recorded_at=at,
        last_at=at,
        text=founding.text,
        evidence_count=1,
        evidence_first=(founding,),
        report_keys=(report_key(founding.source, founding.id),),
        category="pothole",
        department=department,
        attempt=1,
        assignments=(Assignment(attempt=1, department=department, at=at, category="pothole"),),
        due=at + 48 * HOUR,
        due_raw=at + 48 * HOUR,
        timeline=(
            Entry(seq=1, fact="opened", at=at, state="review", actor=DESK),
            Entry(seq=3, fact="assigned", at=at, state="assigned", actor=DESK, department=department, attempt=1),
        ),
    )
    return msgspec.structs.replace(order, **more)


def closed(order: Order, at: int) -> Order:
    """The same order, dealt with and closed at an instant."""
    by = Actor("inspector", "", "i-7")
    turn = msgspec.structs.replace(order.assignments[-1], accepted_at=order.opened_at + HOUR, handled_at=at)
    return msgspec.structs.replace(
        order,
        seq=order.seq + 4,
        state="closed",
        last_at=at,
        recorded_at=at,
        assignments=(turn,),
        closings=(Closing(at=at, by=by, handled_at=at, due=order.due, due_raw=order.due_raw),),
    )


@dataclass
class Book:
    """The figures of the orders it was told of, as the desk books them."""

    names: Names
    partitions: int
    rows: dict[str, FigureRow] = field(default_factory=dict)
    booked: dict[str, Bookings] = field(default_factory=dict)

    def tell(self, order: Order) -> list[Row]:
        """The order's row and every figure row that it changes."""
        part = partition_of(order.area, self.partitions)
        change: Bookings = {}
        collect(change, bookings(order, ZONE))
        before = self.booked.get(order.id, {})
        collect(change, {row: {figure: -n for figure, n in figures.items()} for row, figures in before.items()})
        self.booked[order.id] = bookings(order, ZONE)
        rows: list[Row] = [(self.names.desk, order.id, msgspec.json.encode(order), part)]
        for row, amounts in change.items():
            key = row_key(row, part)
            self.rows[key] = self.rows.get(key, FigureRow()).add(amounts)
            rows.append((self.names.figures, key, encode(self.rows[key]), part))
        return rows


def tally_row(names: Names, order: Order, sightings: int, partitions: int) -> Row:
    """How often an order was seen again."""
    tally = Tally(sightings=sightings, last_seen=order.opened_at + sightings)
    return names.desk, f"tally/{order.id}", msgspec.json.encode(tally), partition_of(order.area, partitions)


def random_life(rng: random.Random, count: int) -> list[Order]:
    """Orders opening and, most of them, closing, in random areas, in the order in which that happened."""
    steps: list[tuple[int, Order]] = []
    for number in range(count):
        at = START + rng.randrange(30 * 24) * HOUR
        order = opened(number, rng.choice(AREAS), at)
        steps.append((at, order))
        if rng.random() < 0.7:
            end = at + rng.randrange(1, 96) * HOUR
            steps.append((end, closed(order, end)))
    return [order for _, order in sorted(steps, key=lambda step: step[0])]


@asynccontextmanager
async def desk_producer(bootstrap: str, name: str) -> AsyncIterator[AIOKafkaProducer]:
    """A transactional producer, as a desk's partition has one."""
    async with started(transactional(Connection(bootstrap), name)) as producer:
        yield producer


async def write(producer: AIOKafkaProducer, rows: Iterable[Row], commit: bool = True) -> None:
    """All rows in one transaction, which is aborted when `commit` is false."""
    await producer.begin_transaction()
    futures = [await producer.send(topic, value, key=key.encode(), partition=part) for topic, key, value, part in rows]
    for future in futures:
        await future
    await (producer.commit_transaction() if commit else producer.abort_transaction())


def newest(records: Iterable[tuple[str, bytes | None]]) -> Mapping[str, bytes]:
    """What a compacted topic comes to."""
    table: dict[str, bytes] = {}
    for key, value in records:
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
    return table

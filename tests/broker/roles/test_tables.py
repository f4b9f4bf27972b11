"""The tables on a real broker: what was committed, the newest version, whatever is killed or stopped."""

import asyncio
import itertools
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import msgspec
import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from faust.types import TP

from dispatcher.figures.figure_row import FigureRow, decode, merge_rows
from dispatcher.figures.indicators import Window, totals
from dispatcher.partition.state import UnitState
from models.city import load_city
from streams.gateway.shards import ShardAnswers, Shards
from streams.kafka.clients import admin, started
from streams.kafka.topics import Names
from streams.local.ports import free_ports
from streams.settings import Settings
from streams.tables import stored_row, worker
from streams.tables.protocol import PartitionFigures, PartitionOrder, ShardFigures, ShardOrder, ShardOutside
from streams.tables.stall_guard import ProgressWatch
from streams.tables.stored_row import Kept
from tests.support.desk_rows import (
    AREAS,
    START,
    Book,
    Row,
    closed,
    desk_producer,
    newest,
    opened,
    partition_of,
    random_life,
    tally_row,
    write,
)
from tests.support.kafka import SHORT_SESSION_MS, Kafka, Message, Role, Roles, eventually

ALL = Window(last=20991231)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Those of any test, but what is killed or frozen is not waited for long."""
    return settings.model_copy(update={"session_timeout_ms": SHORT_SESSION_MS})


@pytest_asyncio.fixture
async def placed(settings: Settings) -> Settings:
    """Settings with two free ports for tables workers."""
    return settings.model_copy(update={"tables_workers": tuple(f"127.0.0.1:{port}" for port in free_ports(2))})


@pytest_asyncio.fixture
async def shards(placed: Settings) -> AsyncIterator[Shards]:
    """What the gateway asks with."""
    shards = Shards(placed)
    yield shards
    await shards.close()


def start(roles: Roles, placed: Settings, number: int = 0, **changes: str) -> Role:
    """One tables worker."""
    return roles.start("tables", tables_port=placed.tables_workers[number].rpartition(":")[2], **changes)


async def figures(shards: Shards) -> ShardAnswers[PartitionFigures]:
    """All sums of all days."""
    asked = {"dimension": "area,department,category", "to": str(ALL.last)}
    return await shards.ask("/figures", asked, ShardFigures)


def summed(answers: ShardAnswers[PartitionFigures], dimension: str) -> dict[str, FigureRow]:
    """Over the partitions, without versions."""
    parts: dict[str, list[FigureRow]] = {}
    for part in answers.partitions.values():
        for key, row in part.sums[dimension].items():
            parts.setdefault(key, []).append(row)
    return {key: without_version(merge_rows(rows)) for key, rows in parts.items()}


def without_version(row: FigureRow) -> FigureRow:
    """Equal figures are equal, however many changes led to them."""
    return msgspec.structs.replace(row, version=0)


async def compacted(kafka: Kafka, topic: str) -> dict[str, bytes]:
    """What a compacted topic comes to for a reader of committed records."""
    return dict(newest((record.key.decode(), record.value) for record in await kafka.read_all(topic)))


async def await_figures(kafka: Kafka, names: Names, shards: Shards, timeout: float = 60.0) -> None:
    """Wait until the tables hold just what the compacted topic comes to, for every partition and dimension."""
    rows = {key: decode(value) for key, value in (await compacted(kafka, names.figures)).items()}
    wanted = {where: without_version(row) for where, row in totals(rows.items(), ALL).items()}
    wanted = {where: row for where, row in wanted.items() if row.counters or row.sketches}

    async def equal() -> bool:
        answers = await figures(shards)
        found = {
            (dimension, key): row
            for dimension in ("area", "department", "category")
            for key, row in summed(answers, dimension).items()
        }
        return answers.complete and found == wanted

    assert await eventually(equal, timeout, "equality of the tables and the compacted topic", every=0.3)


async def await_orders(kafka: Kafka, names: Names, shards: Shards) -> None:
    """Wait until each order's row is the newest one of desk or archive."""
    rows = await compacted(kafka, names.archive) | await compacted(kafka, names.desk)
    for key, value in rows.items():

        async def equal(order_id: str = key, value: bytes = value) -> bool:
            answers = await shards.ask(f"/orders/{order_id}", {}, ShardOrder)
            return any(msgspec.json.encode(part.order) == value for part in answers.partitions.values() if part.order)

        if "/" not in key:
            assert await eventually(equal, 30.0, f"the row of {key}")


async def order(shards: Shards, order_id: str) -> PartitionOrder | None:
    """An order as the tables have it."""
    answers = await shards.ask(f"/orders/{order_id}", {}, ShardOrder)
    return next((part for part in answers.partitions.values() if part.order is not None), None)


async def test_only_what_was_committed_is_shown(
    kafka: Kafka, placed: Settings, topics: Names, roles: Roles, shards: Shards
) -> None:
    """Rows of an aborted transaction never reach the tables, and the offsets go on to the end of the log past them."""
    book = Book(topics, placed.partitions)
    first, second, never = opened(1), opened(2), opened(3)
    start(roles, placed)
    async with desk_producer(kafka.bootstrap, f"{placed.namespace}-desk") as producer:
        await write(producer, book.tell(first))
        await write(
            producer, [(topics.desk, never.id, msgspec.json.encode(never), partition_of("gulou", 4))], commit=False
        )
        await write(producer, book.tell(second))
    await await_figures(kafka, topics, shards)
    await await_orders(kafka, topics, shards)
    assert await order(shards, never.id) is None

    async def committed() -> bool:
        async with started(admin(kafka.connection)) as client:
            offsets = await client.list_consumer_group_offsets(f"{placed.namespace}.tables")
        part = TopicPartition(topics.desk, partition_of("gulou", 4))
        last = max(record.offset for record in await kafka.read_all(topics.desk))
        return part in offsets and offsets[part].offset == last + 1

    assert await eventually(committed, what="the commit of the last row's offset")


async def test_a_record_that_is_read_again_never_overwrites(
    kafka: Kafka, placed: Settings, topics: Names, roles: Roles, shards: Shards
) -> None:
    """A row that comes again, or late, changes neither the table nor its changelog; the newer one is written back."""
    old, part = opened(1), partition_of("gulou", 4)
    new = closed(old, START + 3_600_000)
    changelog = topics.tables_changelog("orders")
    ahead = stored_row.encode(Kept(part, 17, new.seq, msgspec.Raw(msgspec.json.encode(new))))
    await kafka.produce(changelog, [Message(ahead, new.id.encode(), partition=part)])
    await kafka.produce(topics.desk, [Message(msgspec.json.encode(old), old.id.encode(), partition=part)])
    start(roles, placed)
    written = await kafka.read_until(changelog, 2)
    assert written[0].value == written[1].value
    found = await order(shards, old.id)
    assert found is not None
    assert found.order == new


async def test_an_archived_order_is_still_found(
    kafka: Kafka, placed: Settings, topics: Names, roles: Roles, shards: Shards
) -> None:
    """The desk's tombstone and the archive's row come in one transaction; the order stays, its tally goes."""
    part = partition_of("gulou", 4)
    before = closed(opened(1), START + 3_600_000)
    after = msgspec.structs.replace(before, seq=before.seq + 1, archived_at=START + 7_200_000)
    start(roles, placed)
    async with desk_producer(kafka.bootstrap, f"{placed.namespace}-desk") as producer:
        await write(producer, [*Book(topics, 4).tell(before), tally_row(topics, before, 17, 4)])

        async def tallied() -> bool:
            found = await order(shards, before.id)
            return found is not None and found.tally is not None and found.tally.sightings == 17

        assert await eventually(tallied, what="the tally")
        gone: list[Row] = [(topics.desk, before.id, None, part), (topics.desk, f"tally/{before.id}", None, part)]
        await write(producer, [(topics.archive, after.id, msgspec.json.encode(after), part), *gone])

    async def archived() -> bool:
        found = await order(shards, before.id)
        return found is not None and found.order == after and found.tally is None

    assert await eventually(archived, what="the archived row")


async def test_silent_cameras_and_units_are_kept_until_they_are_heard_of_again(
    kafka: Kafka, placed: Settings, topics: Names, roles: Roles, shards: Shards
) -> None:
    """A worker that takes over knows them too; a camera that is heard of leaves no row behind."""
    worker = start(roles, placed)
    unit = UnitState(30.1, 114.1, START, "free")

    async def known(silent: set[str], units: dict[str, UnitState]) -> None:
        async def told() -> bool:
            parts = (await shards.ask("/outside", {}, ShardOutside)).partitions.values()
            found = {camera for part in parts for camera in part.silent}
            return found == silent and {name: one for part in parts for name, one in part.units.items()} == units

        assert await eventually(told, 60.0, "what is outside")

    async with desk_producer(kafka.bootstrap, f"{placed.namespace}-desk") as producer:
        silent: list[Row] = [(topics.desk, f"camera/{name}", b"0", 1) for name in ("c-1", "c/2")]
        heard: list[Row] = [(topics.desk, f"camera/{name}", b"%d" % START, 1) for name in ("c-1", "c-3")]
        await write(producer, [*silent, (topics.desk, "unit/u-1", msgspec.json.encode(unit), 2)])
        await known({"c-1", "c/2"}, {"u-1": unit})
        await write(producer, heard)
        await known({"c/2"}, {"u-1": unit})
    worker.signal(signal.SIGTERM)
    await worker.ended()
    start(roles, placed)
    await known({"c/2"}, {"u-1": unit})


@pytest.mark.timeout(240)
async def test_tables_survive_kills(
    kafka: Kafka, placed: Settings, topics: Names, roles: Roles, shards: Shards, seed: int
) -> None:
    """Two workers with RocksDB, each killed and started again while rows flow: in the end nothing differs.

    Two killed one after the other wait longer for their partitions than one session lasts.
    """
    placed = placed.model_copy(update={"tables_store": "rocksdb"})
    workers = [start(roles, placed, number, tables_store="rocksdb") for number in (0, 1)]
    rng = random.Random(seed)
    victims = dict(zip((100, 250), rng.sample((0, 1), 2), strict=True))
    book = Book(topics, placed.partitions)

    async def shared() -> bool:
        return (await figures(shards)).complete

    assert await eventually(shared, 60.0, "all partitions")
    async with desk_producer(kafka.bootstrap, f"{placed.namespace}-desk") as producer:
        for number, life in enumerate(random_life(rng, 300)):
            await write(producer, book.tell(life), commit=True)
            if (victim := victims.get(number)) is not None:
                workers[victim].signal(signal.SIGKILL)
                await workers[victim].ended()
                workers[victim] = start(roles, placed, victim, tables_store="rocksdb")
    await await_figures(kafka, topics, shards, timeout=120.0)
    await await_orders(kafka, topics, shards)
    assert [worker.alive for worker in workers] == [True, True]


async def test_a_worker_that_was_frozen_for_long_writes_nothing(
    kafka: Kafka, placed: Settings, topics: Names, roles: Roles, shards: Shards
) -> None:
    """Stopped for longer than its session lasts, it ends itself when it wakes; its partitions are another's by then."""
    zombie = start(roles, placed)
    book = Book(topics, placed.partitions)

    async def alone() -> bool:
        return (await figures(shards)).complete

    assert await eventually(alone, 60.0, "all partitions")
    zombie.signal(signal.SIGSTOP)
    async with desk_producer(kafka.bootstrap, f"{placed.namespace}-desk") as producer:
        await write(producer, [row for n, area in enumerate(AREAS) for row in book.tell(opened(n, area))])
    start(roles, placed, 1)
    await await_figures(kafka, topics, shards, timeout=60.0)
    changelog = topics.tables_changelog("orders")
    before = len(await kafka.read_until(changelog, len(AREAS)))  # all that the other one has to write

    async def committed() -> bool:  # or it would write again what it reads again, if the zombie stirs the group
        async with started(admin(kafka.connection)) as client:
            offsets = await client.list_consumer_group_offsets(f"{placed.namespace}.tables")
        last = {TopicPartition(topics.desk, row.partition): row.offset for row in await kafka.read_all(topics.desk)}
        return all(part in offsets and offsets[part].offset > offset for part, offset in last.items())

    assert await eventually(committed, what="the commit of all rows")
    zombie.signal(signal.SIGCONT)
    assert await zombie.ended(30) == 70
    assert "stalled" in zombie.said()
    assert len(await kafka.read_all(changelog)) == before


async def test_a_row_that_is_none_ends_the_worker(kafka: Kafka, placed: Settings, topics: Names, roles: Roles) -> None:
    """The topics are the desk's own: what cannot be read there is never passed over."""
    worker = start(roles, placed)
    await kafka.produce(topics.desk, [Message(b'{"id": 1}', b"gulou-20260301-aaaaaaaaaa", partition=0)])
    assert await worker.ended(60) == 70
    assert "poison" in worker.said()


async def test_a_worker_beyond_this_machine_needs_a_token(roles: Roles, topics: Names, placed: Settings) -> None:
    """Without one it refuses to start; with one it answers nobody who does not have it."""
    refused = start(roles, placed, tables_host="0.0.0.0")
    assert await refused.ended(30) == 2
    assert "PAIDAN_TABLES_TOKEN" in refused.said()
    start(roles, placed, tables_host="0.0.0.0", tables_token="a-token-for-tests")
    address = f"http://{placed.tables_workers[0]}/shard"
    async with httpx.AsyncClient() as client:

        async def statuses() -> list[int] | None:
            try:
                with_token = await client.get(address, headers={"authorization": "Bearer a-token-for-tests"})
                return [(await client.get(address)).status_code, with_token.status_code]
            except httpx.TransportError:
                return None

        assert await eventually(statuses, 30.0, "an answer") == [401, 200]


async def test_a_worker_stops_in_good_order(
    kafka: Kafka, placed: Settings, topics: Names, roles: Roles, shards: Shards
) -> None:
    """SIGTERM ends it with exit code 0 within ten seconds."""
    worker = start(roles, placed)

    async def ready() -> bool:
        return (await figures(shards)).complete

    assert await eventually(ready, 60.0, "all partitions")
    worker.signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await worker.ended(10) == 0


async def test_a_worker_that_waits_for_its_partitions_stops_in_good_order(
    kafka: Kafka, placed: Settings, topics: Names, roles: Roles, shards: Shards
) -> None:
    """SIGTERM does not wait until the tables are recovered: a killed member's session holds them up."""
    killed = start(roles, placed, session_timeout_ms="60000")  # longer than it takes to start and to stop the next one

    async def ready() -> bool:
        return (await figures(shards)).complete

    assert await eventually(ready, 60.0, "all partitions")
    killed.signal(signal.SIGKILL)
    await killed.ended()
    worker = start(roles, placed)

    async def waiting() -> bool:
        try:
            return not (await figures(shards)).complete and "tables worker at" in worker.said()
        except httpx.HTTPError:
            return False

    assert await eventually(waiting, 30.0, "the start")
    worker.signal(signal.SIGTERM)
    assert await worker.ended(10) == 0


async def test_a_worker_whose_partitions_rest_while_rows_come_ends(
    kafka: Kafka, placed: Settings, topics: Names, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust at times forgets to read on after a rebalance; what is read and handled to its end is no reason to end."""
    monkeypatch.setattr(worker, "_LOOK_SECONDS", 0.1)
    left: asyncio.Queue[str] = asyncio.Queue()
    seconds, looks = [0.0], [0.0]  # by the watch's own clock, which stands still but where this test moves it
    tables = worker.Tables(placed, load_city(placed.city), str(tmp_path))

    def now() -> float:
        looks.append(seconds[0])
        return seconds[0]

    tables._progress = ProgressWatch(2.0, now, leave=lambda cause, sentence: left.put_nowait(sentence))
    # As Faust has it from an assignment on, until it has asked where the partition begins.
    tables.app.tables.recovery.active_offsets[TP("a-changelog", 99)] = None
    tasks = [asyncio.create_task(work) for work in (tables.beat(), tables.app.start(), tables.watch())]
    book, numbers = Book(topics, placed.partitions), itertools.count(2)
    try:
        async with desk_producer(kafka.bootstrap, f"{placed.namespace}-desk") as producer:
            await write(producer, book.tell(opened(1)))
            part = partition_of("gulou", placed.partitions)

            async def shown() -> bool:
                return part in tables.partitions and len(tables.partitions[part].orders) == 1

            assert await eventually(shown, 60.0, "the first order")
            assert await eventually(tables_rest(tables), 10.0, "that nothing waits")

            async def looked() -> bool:
                return looks[-2:] == [seconds[0]] * 2

            for seconds[0] in (1.5, 3.0, 4.5):
                await eventually(looked, 30.0, "two looks while nothing waits")
            assert left.empty()

            async def ended() -> bool:
                seconds[0] += 0.1  # less than it takes
                # Each time: a rebalance, where the machine stood still for a session, would resume them.
                tables.app.consumer.pause_partitions(tables.app.consumer.assignment())
                await write(producer, book.tell(opened(next(numbers))))
                return not left.empty()

            assert await eventually(ended, 30.0, "the end of the worker")
        assert f"{topics.desk}/{part}" in left.get_nowait()
        assert not tasks[-1].done()
    finally:
        await tables.app.stop()
        for task in tasks:
            task.cancel()


def tables_rest(tables: worker.Tables) -> Callable[[], Awaitable[bool]]:
    """Whether a worker says that all is read and handled."""

    async def rest() -> bool:
        return set((await tables.app.consumer.unfinished()).values()) == {0}

    return rest

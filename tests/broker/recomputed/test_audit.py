"""The audit on a real broker: every damage to a table or to the desk's own rows is named, and `--repair` repairs it."""

import asyncio
import shutil
import signal
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from dispatcher.figures.figure_row import FigureRow, decode, encode
from dispatcher.order.row import Order, Tally
from dispatcher.partition import row_keys
from models.city import load_city
from models.inbox import Sighting, encode_items
from streams.audit.recompute import audit as recomputed
from streams.audit.table_check import check_tables
from streams.gateway.shards import Shards
from streams.kafka.clients import admin, started
from streams.kafka.connection import Connection
from streams.kafka.topics import Names, create_topics, tables_changelogs
from streams.local.ports import free_ports
from streams.settings import Settings
from streams.tables import build, stored_row
from streams.tables.protocol import Shard
from streams.tables.stored_row import Kept
from tests.broker.roles.test_desk import AREA, city, departments, opened, report
from tests.support.desk_rows import newest, partition_of
from tests.support.kafka import Kafka, Message, Role, Roles, eventually

__all__ = ["city", "departments"]

Wrong = list[tuple[str, int, msgspec.Struct]]  # key, version, row
NEVER_WAS = f"{AREA}-20260301-neverwasaa"


class Scene:
    """A desk that has opened three orders, one of them with a tally, and a tables worker with RocksDB."""

    def __init__(self, kafka: Kafka, roles: Roles, settings: Settings, names: Names, city: Path) -> None:
        self.kafka = kafka
        self.names = names
        self.folder = settings.data / "tables" / settings.namespace
        self.part = partition_of(AREA, settings.partitions)
        address = f"127.0.0.1:{free_ports(1)[0]}"
        self.settings = settings.model_copy(update={"city": city, "tables_workers": (address,)})
        self._roles = roles
        self._changes = {
            "city": str(city),
            "tables_store": "rocksdb",
            "tables_workers": address,
            "tables_port": address.rpartition(":")[2],
        }
        self.desk: Role
        self.worker: Role

    def start(self, *command: str) -> Role:
        """Run a command with the scene's settings."""
        return self._roles.start(*command, **self._changes)

    async def take_in(self, *values: bytes) -> None:
        """Put records into the inbox."""
        messages = [Message(value, AREA.encode(), partition=self.part) for value in values]
        await self.kafka.produce(self.names.inbox, messages)

    async def audit(self, *options: str) -> tuple[int, str]:
        """What `paidan audit` ends with and says."""
        command = self.start("audit", *options)
        return await command.ended(120), command.said()

    async def rows(self, topic: str) -> dict[str, bytes]:
        """What a compacted topic comes to."""
        return dict(newest((record.key.decode(), record.value) for record in await self.kafka.read_all(topic)))

    async def damage(self, **tables: Wrong) -> None:
        """Put rows with these keys and versions into tables of the stopped worker, as if they had come to be there."""
        self.worker.signal(signal.SIGTERM)
        assert await self.worker.ended() == 0
        for table, rows in tables.items():
            values = [(key, Kept(self.part, 0, version, msgspec.Raw(_encode(row)))) for key, version, row in rows]
            messages = [Message(stored_row.encode(row), key.encode(), partition=self.part) for key, row in values]
            await self.kafka.produce(self.names.tables_changelog(table), messages)
        self.worker = self.start("tables")

    async def overwrite(self, topic: str, rows: Wrong) -> None:
        """Put rows into one of the desk's changelogs."""
        messages = [Message(_encode(row), key.encode(), partition=self.part) for key, _, row in rows]
        await self.kafka.produce(topic, messages)

    async def repair(self) -> tuple[int, str]:
        """What `paidan audit --repair` ends with and says; the worker ends for it and is started again."""
        command = self.start("audit", "--repair")
        assert await self.worker.ended(60) == 70
        assert "rebuild" in self.worker.said()
        self.worker = self.start("tables")
        return await command.ended(120), command.said()


def _encode(row: msgspec.Struct) -> bytes:
    return encode(row) if isinstance(row, FigureRow) else msgspec.json.encode(row)


def detection(id: str) -> bytes:
    """An inbox record of one detection of one and the same thing."""
    item = msgspec.json.decode(report(id), type=tuple[Sighting, ...])[0]
    seen = msgspec.structs.replace(
        item, kind="detection", camera="cam-sw-1", label="street-light", category="street-light", object_id="1"
    )
    return encode_items([seen])


@pytest_asyncio.fixture
async def scene(kafka: Kafka, roles: Roles, settings: Settings, topics: Names, city: Path) -> Scene:
    """Three orders and a tally, and an audit that finds nothing."""
    scene = Scene(kafka, roles, settings, topics, city)
    await scene.take_in(report("1"), report("2"), *(detection(f"d{n}") for n in range(6)))
    scene.desk = scene.start("desk")
    scene.worker = scene.start("tables")
    await kafka.read_until(topics.desk, lambda records: any(r.key.startswith(b"tally/") for r in records), timeout=60)
    code, said = await scene.audit()
    assert code == 0, said
    return scene


async def wrong_rows(scene: Scene) -> tuple[Wrong, Wrong]:
    """Of each table: another content under the right version, a higher version, and rows that should not be there."""
    rows = await scene.rows(scene.names.desk)
    first, second, third = (
        msgspec.json.decode(rows[key], type=Order) for key in sorted(filter(row_keys.is_order, rows))
    )
    [tally_key] = filter(row_keys.is_tally, rows)
    tally = msgspec.json.decode(rows[tally_key], type=Tally)
    figures = {key: decode(value) for key, value in (await scene.rows(scene.names.figures)).items()}
    one, two, *_ = sorted(key for key, row in figures.items() if "opened" in row.counters)
    changed = FigureRow(figures[one].version, {**figures[one].counters, "opened": 99}, figures[one].sketches)
    risen = FigureRow(figures[two].version + 1000, {**figures[two].counters, "closed": 7}, figures[two].sketches)
    return [
        (first.id, first.seq, msgspec.structs.replace(first, address="elsewhere")),
        (second.id, second.seq + 100, msgspec.structs.replace(second, seq=second.seq + 100, state="closed")),
        (third.id, third.seq + 100, third),  # the row is right, but no later one would be taken
        (NEVER_WAS, 3, msgspec.structs.replace(first, id=NEVER_WAS, seq=3)),
        (tally_key, tally.sightings, msgspec.structs.replace(tally, last_seen=tally.last_seen + 1)),
    ], [
        (one, changed.version, changed),
        (two, risen.version, risen),
        (f"department/nobody/20260301/{scene.part}", 1, FigureRow(1, {"opened": 1})),
    ]


@pytest.mark.timeout(400)
async def test_whatever_is_wrong_in_the_tables_is_named_and_repaired(scene: Scene) -> None:
    """Wrong content, a higher version, rows that should not be there: each is named, none survives --repair, and the
    tables go on from there."""
    orders, figures = await wrong_rows(scene)
    await scene.damage(orders=orders, figures=figures)

    code, said = await scene.audit()
    assert code == 1
    for table, rows in (("orders", orders), ("figures", figures)):
        for key, _, _ in rows:
            assert f"tables: row {key} of {table} in partition {scene.part}: kept" in said
    assert "kept version 3, recomputed nothing" in said
    assert "with another content" in said
    assert "tables: figure opened of department/nobody" in said

    code, said = await scene.repair()
    assert code == 0, said
    assert [folder.name for folder in scene.folder.glob("*/v*")] == ["v2"]
    await scene.take_in(report("3"), *(detection(f"e{n}") for n in range(3)))
    await scene.kafka.read_until(scene.names.orders, lambda records: len(opened(records)) == 4)
    code, said = await scene.audit()
    assert code == 0, said
    assert "all agree: 4 orders" in said


@pytest.mark.timeout(300)
async def test_what_the_desk_does_meanwhile_is_no_difference(scene: Scene) -> None:
    """The tables have gone on since the partitions were read: orders that are new, changed and seen again are theirs to
    have, and what is wrong is still named."""
    audited = await recomputed(scene.settings, load_city(scene.settings.city))
    await scene.take_in(report("3"), *(detection(f"e{n}") for n in range(3)))
    shards = Shards(scene.settings)

    async def shown() -> bool:
        answered = await shards.ask("/shard", {}, Shard)
        return sum(each.orders for each in answered.partitions.values()) == 4

    await eventually(shown, 60.0, "the fourth order in the tables")
    assert await check_tables(scene.settings, audited) == []

    wrong = audited[scene.part]
    wrong.figures[f"department/nobody/20260301/{scene.part}"] = FigureRow(1, {"opened": 1})
    wrong.tables["orders"][NEVER_WAS] = next(iter(wrong.tables["orders"].values()))
    named = {each.place for each in await check_tables(scene.settings, audited)}
    await shards.close()

    assert named == {
        f"tables: row {NEVER_WAS} of orders in partition {scene.part}",
        f"tables: figure opened of department/nobody in partition {scene.part}",
    }


@pytest.mark.timeout(300)
async def test_tables_whose_changelog_is_gone_are_built_anew(scene: Scene) -> None:
    """What the workers had read stood in their group's offsets alone: they answered that there was nothing."""
    gone = [scene.names.tables_changelog(table) for table in ("orders", "figures")]
    scene.worker.signal(signal.SIGTERM)
    assert await scene.worker.ended() == 0
    async with started(admin(Connection.of(scene.settings))) as client:
        await client.delete_topics(gone)

        async def deleted() -> bool:
            return not set(gone) & set(await client.list_topics())

        await eventually(deleted)
    shutil.rmtree(scene.folder)
    await create_topics(scene.settings, tables_changelogs(scene.settings))

    scene.worker = scene.start("tables")

    code, said = await scene.audit()
    assert code == 0, said


async def test_each_repair_is_a_build_of_its_own(settings: Settings, topics: Names) -> None:
    """The number of the build in force goes up by one; who follows it hears of the next."""
    assert await build.current(settings) == 1
    assert await build.order_new(settings) == 2
    async with build.following(settings) as followed:
        assert await build.order_new(settings) == 3
        async with asyncio.timeout(10):
            await followed.replaced()
    assert await build.current(settings) == 3


@pytest.mark.timeout(400)
async def test_wrong_rows_of_the_desk_are_named_and_repaired_from_the_log(scene: Scene) -> None:
    """Order and figure rows in the desk's own changelogs: the desk that runs meanwhile is fenced, restores what was
    repaired when it starts again, and goes on from there."""
    orders, figures = await wrong_rows(scene)
    await scene.overwrite(scene.names.desk, orders[:1])
    await scene.overwrite(scene.names.figures, figures)

    code, said = await scene.audit("--no-tables")
    assert code == 1
    assert f"order {orders[0][0]} in the desk: kept address='elsewhere'" in said
    assert f"figure opened of {figures[0][0]}: kept 99" in said
    assert "figure opened of department/nobody" in said

    code, said = await scene.repair()
    assert code == 0, said
    assert "5 rows of the desk repaired" in said
    await scene.take_in(report("3"))
    assert await scene.desk.ended(60) != 0
    assert "another process owns a partition" in scene.desk.said()
    scene.desk = scene.start("desk")
    await scene.kafka.read_until(scene.names.orders, lambda records: len(opened(records)) == 4, timeout=60)
    code, said = await scene.audit()
    assert code == 0, said


@pytest.mark.timeout(400)
async def test_an_order_that_the_log_does_not_know_is_named_and_left_to_a_person(scene: Scene) -> None:
    """Repairing takes no order away, and counts nothing without it."""
    orders, figures = await wrong_rows(scene)
    await scene.overwrite(scene.names.desk, orders[3:4])
    await scene.overwrite(scene.names.figures, figures[:1])
    code, said = await scene.repair()
    assert code == 1
    assert f"the log does not know {NEVER_WAS} up to seq 3" in said
    assert f"order {NEVER_WAS} in the desk: kept seq 3, recomputed nothing" in said
    assert f"figure opened of {figures[0][0]}: kept 99" in said
    assert "tables: row" not in said


@pytest.mark.timeout(400)
async def test_an_inbox_whose_beginning_is_gone_is_named_beside_what_it_no_longer_counts(scene: Scene) -> None:
    """The figures that are kept are the right ones then."""
    inbox = TopicPartition(scene.names.inbox, scene.part)
    async with started(admin(Connection.of(scene.settings))) as client:
        await client.delete_records({inbox: RecordsToDelete(before_offset=-1)})

    code, said = await scene.audit("--no-tables")

    assert code == 1
    assert f"{inbox.topic}/{inbox.partition} no longer begins at its first record" in said
    assert "figure detections of" in said

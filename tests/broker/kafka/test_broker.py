"""The local broker is a real one: it keeps its data, and it leaves nothing behind."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from models.times import DAY_MS
from streams.kafka.clients import admin, started, transactional, writer
from streams.kafka.connection import Connection
from streams.kafka.log_reading import newest_first
from streams.kafka.sizes import MAX_MESSAGE_BYTES
from streams.kafka.topics import Names, TopicError, all_topics, check_topics, create_topics
from streams.kafka.topics import topic_setup as topics_module
from streams.local.broker import BrokerError, LocalBroker
from streams.local.children import spawn
from streams.settings import Settings, load_settings
from tests.support.kafka import Kafka, Message, eventually

_RUN_BROKER = """
import asyncio, sys
from pathlib import Path
from streams.local.broker import LocalBroker
async def main():
    async with LocalBroker(Path(sys.argv[1]), quick=True) as broker:
        print(broker.pids[1], flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


async def test_a_producer_writes_on_when_its_numbers_are_used_up(topics: Names, settings: Settings) -> None:
    """After two billion records in a partition a gateway answered 503 for it until somebody started it anew."""
    connection, part = Connection.of(settings), TopicPartition(topics.reports, 0)
    last = 2**31 - 1

    async with started(writer(connection, enable_idempotence=True)) as producer:
        producer._txn_manager._sequence_numbers[part] = last - 1
        alone = [(await producer.send_and_wait(part.topic, b"x", partition=0)).offset for _ in range(4)]
    async with started(transactional(connection, f"{settings.namespace}-silences")) as producer:
        producer._txn_manager._sequence_numbers[part] = last - 1
        async with producer.transaction():
            batch = producer.create_batch()
            for _ in range(4):
                batch.append(timestamp=None, key=None, value=b"y")
            batch.close()
            together = (await (await producer.send_batch(batch, part.topic, partition=0))).offset
        async with producer.transaction():
            after = (await producer.send_and_wait(part.topic, b"z", partition=0)).offset

    assert (alone, together, after) == ([0, 1, 2, 3], 4, 9)  # the end of a transaction takes an offset, too


async def test_a_broker_comes_back_on_its_address_with_its_data(tmp_path: Path) -> None:
    """What was written before a stop and before a kill is read afterwards, from the same cluster, whatever the folder
    is called."""
    folder = tmp_path / "派单, 第 1 号"
    broker = LocalBroker(folder, quick=True)
    async with broker:
        settings = load_settings(data=tmp_path, kafka=broker.bootstrap, partitions=1)
        await create_topics(settings, all_topics(settings, []))
        kafka = Kafka(broker.bootstrap)
        await kafka.produce("paidan.orders", [b"first"])
        await broker.kill()
        await broker.revive()
        await kafka.produce("paidan.orders", [b"second"])
    cluster = (folder / "cluster-id").read_text()
    async with broker:
        values = [record.value for record in await Kafka(broker.bootstrap).read_all("paidan.orders")]
    assert values == [b"first", b"second"]
    assert broker.bootstrap == kafka.bootstrap
    assert (folder / "cluster-id").read_text() == cluster
    assert [each.name for each in tmp_path.iterdir()] == [folder.name]


@pytest_asyncio.fixture
async def held(kafka: Kafka, tmp_path: Path) -> AsyncIterator[Path]:
    """A folder in which a broker runs: that of this run's Kafka, unless it is somebody else's."""
    if kafka.broker is not None:
        yield kafka.broker._folder
        return
    async with LocalBroker(tmp_path, quick=True):
        yield tmp_path


async def test_two_brokers_never_share_a_folder(held: Path) -> None:
    """The second one says whose folder it is instead of harming the first."""
    with pytest.raises(BrokerError, match="another process runs a broker"):
        await LocalBroker(held, quick=True).start()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends children with a killed parent")
async def test_no_broker_outlives_a_killed_parent(tmp_path: Path) -> None:
    """SIGKILL of the process that started the broker, be it in a locale without Chinese, ends the broker too."""
    said = tmp_path / "said"
    command = [sys.executable, "-c", _RUN_BROKER, str(tmp_path / "派单")]
    with said.open("wb") as output:
        parent = spawn(command, env=os.environ | {"LC_ALL": "C"}, output=output)

    async def pid() -> int | None:
        return int(said.read_text()) if said.read_text().strip() else None

    async def gone() -> bool:
        return not _exists(broker)

    broker = await eventually(pid, timeout=60)
    os.kill(parent.pid, signal.SIGKILL)
    await asyncio.to_thread(parent.wait)
    assert await eventually(gone, timeout=10, what="the end of the broker")


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """A fixed port that somebody else uses is an error that says so."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(BrokerError, match=f"port {port} cannot be used"):
        await LocalBroker(tmp_path, port=port, quick=True).start()
    server.close()


async def test_creating_topics_again_changes_nothing(settings: Settings, topics: Names) -> None:
    """All are there after the first time, so the second creates none, and the check passes."""
    wanted = all_topics(settings, ("roads", "parks"))
    assert await create_topics(settings, wanted) == ()
    await check_topics(settings, wanted)
    assert topics.assignments("roads") in {topic.name for topic in wanted}


async def test_a_full_disk_is_named_when_the_broker_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started again on it, it told of "a fault in a recent unsafe memory access"."""
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=4096))

    with pytest.raises(BrokerError, match=r"ended by itself .* is full: make room, then start again, what it held"):
        await LocalBroker(tmp_path).watch()


async def test_a_broker_whose_folder_was_removed_is_said_to_have_ended(tmp_path: Path) -> None:
    """Nobody can say then whether the disk is full; it was a traceback."""
    broker = LocalBroker(tmp_path / "broker")
    shutil.rmtree(tmp_path / "broker", ignore_errors=True)

    with pytest.raises(BrokerError, match=r"ended by itself .*; start again, what it held is kept"):
        await broker.watch()
    assert broker._reason().startswith("no answer within")


@pytest.mark.usefixtures("topics")
async def test_a_missing_topic_refuses_to_start(settings: Settings) -> None:
    """The check names the topic of a department that the cluster does not know."""
    with pytest.raises(TopicError, match=r"missing topics: .*assignments\.harbour"):
        await check_topics(settings, all_topics(settings, ("harbour",)))


@pytest.mark.usefixtures("topics")
async def test_another_number_of_partitions_refuses_to_start(settings: Settings) -> None:
    """Partitions are never changed silently: the keys would move."""
    other = settings.model_copy(update={"partitions": settings.partitions + 1})
    with pytest.raises(TopicError, match="has 4 partitions instead of 5"):
        await create_topics(other, all_topics(other, ()))


async def test_what_shows_only_some_day_in_how_a_topic_is_set_up_is_logged(
    kafka: Kafka, settings: Settings, topics: Names, caplog: pytest.LogCaptureFixture
) -> None:
    """Where somebody else has made topics as they make all: facts would be gone after a week, a desk would end at the
    first long row. Notices may be kept for a shorter time, nothing hangs on them."""
    limited = {"retention.ms": str(7 * DAY_MS), "max.message.bytes": "1048588"}
    short = {"retention.ms": str(DAY_MS), "max.message.bytes": str(MAX_MESSAGE_BYTES)}
    async with started(admin(kafka.connection)) as client:
        for name, configs in ((topics.orders, limited), (topics.notices, short)):
            await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs)])

    async def said() -> list[str]:
        caplog.clear()
        await check_topics(settings, all_topics(settings, ()))
        return [record.getMessage() for record in caplog.records if record.name == topics_module.__name__]

    lines = await eventually(said, what="what was changed")
    assert [line.partition(": ")[0] for line in lines] == [
        f"topic {topics.orders} has max.message.bytes=1048588 instead of {MAX_MESSAGE_BYTES}",
        f"topic {topics.orders} has retention.ms=604800000 instead of -1",
    ]


async def test_records_of_three_megabytes_pass(kafka: Kafka, topics: Names) -> None:
    """Input topics take records of up to 3 MB."""
    big = bytes(3 * 1024 * 1024)
    await kafka.produce(topics.reports, [Message(big, key=b"k")])
    assert [len(record.value) for record in await kafka.read_all(topics.reports)] == [len(big)]


async def test_the_broker_dates_inbox_records(kafka: Kafka, topics: Names) -> None:
    """The inbox carries the time of appending, whatever its producer claims."""
    await kafka.produce(topics.inbox, [Message(b"x", key=b"area", timestamp_ms=1)])
    [record] = await kafka.read_all(topics.inbox)
    assert record.timestamp > 1


async def test_a_log_is_read_backwards_without_what_was_never_committed(kafka: Kafka, topics: Names) -> None:
    """Piece by piece to its first record, whatever lies between the records and behind the last one."""
    part, values = TopicPartition(topics.orders, 1), [str(number).encode() for number in range(500)]
    async with started(transactional(kafka.connection, topics.orders)) as producer:
        for n, value in enumerate(values):
            if n % 100 == 0:
                await producer.begin_transaction()
            await producer.send(part.topic, value, partition=part.partition)
            if n % 100 == 99:
                await producer.commit_transaction()
        await producer.begin_transaction()
        for value in values[:100]:
            await producer.send(part.topic, value, partition=part.partition)
        await producer.abort_transaction()

    read = [record.value async for record in newest_first(kafka.connection, part)]
    nothing = [record async for record in newest_first(kafka.connection, TopicPartition(topics.orders, 0))]

    assert read == values[::-1]
    assert nothing == []

"""The transactional stage on a real broker: what must never be lost, doubled or guessed."""

import asyncio
import gc
import json
import uuid
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.errors import UnknownError
from aiokafka.producer.transaction_manager import TransactionManager
from aiokafka.protocol.admin import DeleteGroupsRequest
from aiokafka.protocol.fetch import FetchRequest

from streams.kafka.clients import admin as admin_client
from streams.kafka.clients import follower, log_reader, started, transactional
from streams.kafka.closing import CLOSE_SECONDS, death_of
from streams.kafka.log_reading import read_changelogs
from streams.kafka.sending import Send, Sent, send_all
from streams.local.broker import LocalBroker
from streams.local.supervisor import GRACE_SECONDS
from streams.stage import stage as stage_module
from streams.stage import tenure as tenure_module
from streams.stage.claims import KafkaLedger, claim, producer_ids
from streams.stage.processing import StageError
from streams.stage.stage import LEAVE_SECONDS, STOP_SECONDS, Stage
from tests.support.clusters.counting_stage import Counted, Counting, options
from tests.support.kafka import Kafka, Message, eventually

PARTITIONS = 2


@pytest_asyncio.fixture
async def counting(kafka: Kafka) -> str:
    """The topics of a counting stage; the value is their namespace."""
    return await counting_topics(kafka)


async def counting_topics(kafka: Kafka) -> str:
    """Create the topics of a counting stage; their namespace."""
    namespace = f"t{uuid.uuid4().hex[:10]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    compact = {"cleanup.policy": "compact", "max.message.bytes": "100000"}
    await admin.create_topics(
        [
            NewTopic(f"{namespace}.in", PARTITIONS, 1),
            NewTopic(f"{namespace}.out", PARTITIONS, 1),
            NewTopic(f"{namespace}.log", PARTITIONS, 1, topic_configs=compact),
            NewTopic(f"{namespace}.claims", PARTITIONS, 1, topic_configs=compact),
        ]
    )
    await admin.close()
    return namespace


async def feed(kafka: Kafka, namespace: str, values: list[str]) -> None:
    """Write values under one key, all to partition 0."""
    await kafka.produce(f"{namespace}.in", [Message(value.encode(), b"a", partition=0) for value in values])


async def forget(kafka: Kafka, group: str) -> None:
    """Delete an empty group with its offsets, as Kafka does when it has been empty for too long."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    coordinator = await admin.find_coordinator(group)

    async def deleted() -> bool:
        response = await admin._send_request(DeleteGroupsRequest([group]), coordinator)
        [(_, code)] = response.results
        return bool(code == 0)

    await eventually(deleted)
    await admin.close()


async def set_offset(kafka: Kafka, group: str, tp: TopicPartition, offset: int) -> None:
    """Commit an offset for a group without members, as `kafka-consumer-groups.sh --reset-offsets` does."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    consumer.assign([tp])
    await consumer.commit({tp: offset})
    await consumer.stop()


class Stateless(Counting):
    """Keeps nothing: where it goes on is what the group has committed, and its output is the trace of its work."""

    @property
    def changelogs(self) -> tuple[str, ...]:
        return ()


class Running:
    """A stage in this process, with the works it opened."""

    def __init__(
        self, kafka: Kafka, namespace: str, make: Callable[[str, int], Counting] = Counting, **more: Any
    ) -> None:
        self.works: dict[int, Counting] = {}

        def open_processor(tp: TopicPartition) -> Counting:
            self.works[tp.partition] = make(namespace, tp.partition)
            return self.works[tp.partition]

        self.stage: Stage[Counted] = Stage(
            options(kafka.bootstrap, namespace, **more), [f"{namespace}.in"], open_processor
        )
        self.task = asyncio.create_task(self.stage.run())

    async def ends(self) -> str:
        """Wait for the stage to say why it must exit."""
        with pytest.raises(StageError) as caught:
            await asyncio.wait_for(self.task, 30)
        return str(caught.value)

    async def stop(self) -> None:
        """Stop in good order."""
        self.stage.stop()
        await self.task


async def said(kafka: Kafka, namespace: str, count: int) -> list[list[object]]:
    """What the stage has said, committed, once there are `count`; each partition in its order."""
    return [json.loads(record.value) for record in await kafka.read_until(f"{namespace}.out", count)]


async def test_what_only_paidan_reads_is_packed(kafka: Kafka, counting: str) -> None:
    """The state's batches by Zstandard (4), what others read not at all; the state comes back from them."""
    log, out = f"{counting}.log", f"{counting}.out"
    running = Running(kafka, counting, packed=frozenset((log,)))
    await feed(kafka, counting, ["one", "two"])
    await said(kafka, counting, 2)
    await running.stop()

    after = Running(kafka, counting)
    await feed(kafka, counting, ["three"])
    counts = [count for _, count in await said(kafka, counting, 3)]
    await after.stop()

    codecs = await kafka.codecs(TopicPartition(log, 0))
    spoken = {part: await kafka.codecs(TopicPartition(out, part)) for part in range(PARTITIONS)}
    assert counts == [1, 2, 3]
    assert codecs == [*[4] * (len(codecs) - 1), 0]
    assert {codec for those in spoken.values() for codec in those} == {0}


async def test_a_batch_takes_effect_once_and_state_survives_a_restart(kafka: Kafka, counting: str) -> None:
    """Records before and after a restart are counted on, none twice."""
    await feed(kafka, counting, ["1", "2", "3"])
    first = Running(kafka, counting)
    await said(kafka, counting, 3)
    await first.stop()
    await feed(kafka, counting, ["4"])
    second = Running(kafka, counting)
    heard = await said(kafka, counting, 4)
    await second.stop()
    assert heard == [["1", 1], ["2", 2], ["3", 3], ["4", 4]]


async def test_a_stage_at_rest_has_committed_up_to_the_end_of_its_input(kafka: Kafka, counting: str) -> None:
    """Also where transactions of others have left their markers, and records that were never committed."""
    part, group = TopicPartition(f"{counting}.in", 0), f"{counting}-count"
    async with started(transactional(kafka.connection, f"{counting}-other")) as producer:
        for value, kept in ((b"1", True), (b"2", False)):
            await producer.begin_transaction()
            await producer.send_and_wait(part.topic, value, key=b"a", partition=part.partition)
            await (producer.commit_transaction() if kept else producer.abort_transaction())
    running = Running(kafka, counting)
    async with started(log_reader(kafka.connection)) as reader, started(admin_client(kafka.connection)) as client:

        async def at_rest() -> bool:
            committed = await client.list_consumer_group_offsets(group)
            return part in committed and committed[part].offset == (await reader.end_offsets([part]))[part]

        assert await eventually(at_rest, 30.0, "a commit of the end")
    assert await said(kafka, counting, 1) == [["1", 1]]
    await feed(kafka, counting, ["3"])
    assert await said(kafka, counting, 2) == [["1", 1], ["3", 2]]
    await running.stop()


async def test_a_state_says_where_it_goes_on_and_the_group_is_told_now_and_then(
    kafka: Kafka, counting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in each transaction, but when the stage rests; also what a process before it has not told any more."""
    part, group = TopicPartition(f"{counting}.in", 0), f"{counting}-count"
    told: list[int] = []
    tell = AIOKafkaProducer.send_offsets_to_transaction

    async def telling(self: AIOKafkaProducer, offsets: Any, name: str) -> None:
        told.append(offsets[part])
        await tell(self, offsets, name)

    async def committed() -> int:
        offset: int = (await client.list_consumer_group_offsets(group))[part].offset
        return offset

    monkeypatch.setattr(tenure_module, "_TELL_SECONDS", 3600.0)
    monkeypatch.setattr(AIOKafkaProducer, "send_offsets_to_transaction", telling)
    running = Running(kafka, counting)
    async with started(admin_client(kafka.connection)) as client:
        for count in (1, 2, 3):
            await feed(kafka, counting, [str(count)])
            assert await said(kafka, counting, count) == [[str(n), n] for n in range(1, count + 1)]

        async def all_told() -> bool:
            return await committed() == 3

        assert await eventually(all_told, 30.0, "a commit of the end")
        assert told == [1]
        await running.stop()
        await set_offset(kafka, group, part, 1)
        running = Running(kafka, counting)
        assert await eventually(all_told, 30.0, "a commit of where the state goes on")
        assert await said(kafka, counting, 3) == [["1", 1], ["2", 2], ["3", 3]]
        await running.stop()


async def test_a_reader_is_patient_only_while_it_asks_for_all_that_it_reads(
    kafka: Kafka, counting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes meanwhile is answered at once, of those that are asked for: of no others."""
    resting, busy = parts = [TopicPartition(f"{counting}.in", number) for number in (1, 0)]
    asked: set[tuple[int, int]] = set()  # how long it may take (ms), and for how many partitions
    async with started(follower(kafka.connection)) as reader:
        send = reader._client.send

        async def noted(node: int, request: object, **more: Any) -> object:
            if isinstance(request, FetchRequest):
                asked.add((request._max_wait_ms, sum(len(numbers) for _, numbers in request.topics)))
            return await send(node, request, **more)

        async def asks(wait_ms: int, count: int) -> bool:
            return (wait_ms, count) in asked

        monkeypatch.setattr(reader._client, "send", noted)
        reader.assign(parts)
        await eventually(lambda: asks(250, 2))
        await feed(kafka, counting, ["1"])
        await eventually(lambda: asks(20, 1))
        assert asked == {(250, 2), (20, 1)}
        assert busy in await reader.getmany(timeout_ms=10_000)
        asked.clear()
        await eventually(lambda: asks(250, 2))
        reader.pause(resting)
        await feed(kafka, counting, ["2"])
        assert busy in await reader.getmany(timeout_ms=10_000)
        asked.clear()
        await eventually(lambda: asks(20, 1))
        assert asked == {(20, 1)}


@pytest.mark.parametrize("poison", ["too-long", "no-key"])
async def test_a_send_that_fails_inside_a_transaction_commits_nothing(kafka: Kafka, counting: str, poison: str) -> None:
    """The broker refuses one record of the batch: the whole batch stays undone, and after some tries the stage ends."""
    await feed(kafka, counting, ["fine", poison])
    running = Running(kafka, counting, max_failures=3)
    reason = await running.ends()
    assert "3 failures in a row" in reason
    assert await kafka.read_all(f"{counting}.out") == []
    assert await kafka.read_all(f"{counting}.log") == []


async def test_a_transaction_that_outlives_its_time_ends_the_stage(
    kafka: Kafka, counting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker aborts the transaction and fences the producer: nothing is visible, the process is told to exit."""

    async def outlived(producer: AIOKafkaProducer, sends: Iterable[Send], packed: Container[str]) -> list[Sent]:
        first, *others = sends
        [(acknowledged, count)] = await send_all(producer, [first])
        placed = await acknowledged
        await kafka.ended_past(TopicPartition(placed.topic, placed.partition), placed.offset + count)
        return [(acknowledged, count), *await send_all(producer, others)]

    monkeypatch.setattr("streams.stage.tenure.send_all", outlived)
    await feed(kafka, counting, ["1"])
    running = Running(kafka, counting, transaction_timeout_ms=1_000)
    reason = await running.ends()
    assert "another process owns a partition" in reason or "failures in a row" in reason
    assert await kafka.read_all(f"{counting}.out") == []


async def test_a_core_that_raises_stops_the_stage_and_commits_nothing(kafka: Kafka, counting: str) -> None:
    """What the core raises is never swallowed: the stage ends with it."""
    await feed(kafka, counting, ["raise"])
    running = Running(kafka, counting)
    with pytest.raises(RuntimeError, match="the core raised"):
        await asyncio.wait_for(running.task, 30)
    assert await kafka.read_all(f"{counting}.out") == []


async def test_an_offset_that_is_gone_is_fatal(kafka: Kafka, counting: str) -> None:
    """Records deleted before they were read are named; the stage neither skips to the beginning nor to the end."""
    await feed(kafka, counting, ["1"])
    first = Running(kafka, counting)
    await said(kafka, counting, 1)
    await first.stop()
    await feed(kafka, counting, ["2", "3"])
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(f"{counting}.in", 0): RecordsToDelete(before_offset=2)})
    await admin.close()
    reason = await Running(kafka, counting).ends()
    assert "the records from offset 1 on were deleted before they were read, and the log begins at 2" in reason


async def test_a_partition_that_comes_back_unchanged_is_not_restored_again(kafka: Kafka, counting: str) -> None:
    """A second member comes and goes; the first keeps the states it had, and knows what it has written itself."""
    await kafka.produce(f"{counting}.in", [Message(b"1", b"a", partition=number) for number in range(PARTITIONS)])
    first = Running(kafka, counting)
    await said(kafka, counting, PARTITIONS)
    second = Running(kafka, counting)
    await asyncio.wait_for(second.stage.ready.wait(), 30)

    async def shared() -> bool:
        return len(first.stage.partitions) == len(second.stage.partitions) == 1

    await eventually(shared)
    [kept] = first.stage.partitions
    work = first.works[kept]
    await second.stop()

    async def owns_all() -> bool:
        return len(first.stage.partitions) == PARTITIONS

    await eventually(owns_all)
    await feed(kafka, counting, ["2"])
    heard = await said(kafka, counting, PARTITIONS + 1)
    await first.stop()
    assert heard[-1] == ["2", 2]
    assert (first.works[kept] is work, work.loads) == (True, 1)


async def test_a_changelog_is_read_again_unless_it_ends_where_it_did(kafka: Kafka, counting: str) -> None:
    """Who has lost its partitions for a while, and gets the same ones, may have a state that is older than it."""
    part = TopicPartition(f"{counting}.log", 0)
    before, ends = await read_changelogs(kafka.connection, [part])
    unchanged, _ = await read_changelogs(kafka.connection, [part], ends)

    await kafka.produce(part.topic, [Message(value, b"a", partition=0) for value in (b"1", b"2")])
    after, later = await read_changelogs(kafka.connection, [part], ends)
    again, _ = await read_changelogs(kafka.connection, [part], later)

    assert (before, unchanged, again) == ({part.topic: []}, None, None)
    assert after == {part.topic: [("a", b"2")]}
    assert (ends, later) == ({part: 0}, {part: 2})


async def test_a_due_timer_brings_one_tick_through_the_own_input(kafka: Kafka, counting: str) -> None:
    """The wall clock never reaches the core: a record in the log does."""
    running = Running(kafka, counting)
    await asyncio.wait_for(running.stage.ready.wait(), 30)
    running.works[1].due_at = 1
    ticks = await kafka.read_until(f"{counting}.in", 1)

    async def ticked() -> bool:
        return running.works[1].ticks == 1

    await eventually(ticked)
    await running.stop()
    assert [(record.partition, record.value) for record in ticks] == [(1, b"tick")]


async def test_a_tenure_ends_by_itself_when_the_group_shares_out_anew(
    kafka: Kafka, counting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member that is asked to let go in the midst of a cycle is done with the cycle: no group waits for it longer."""
    monkeypatch.setattr(stage_module, "STOP_SECONDS", 3600.0)
    deciding, let_go = asyncio.Event(), asyncio.Event()

    class Held(Counting):
        async def decide(self, records: Sequence[ConsumerRecord]) -> Counted:
            deciding.set()
            await let_go.wait()
            return await super().decide(records)

    await feed(kafka, counting, ["1"])
    first = Running(kafka, counting, Held)
    await asyncio.wait_for(deciding.wait(), 30)
    second = Running(kafka, counting)

    async def asked_to_let_go() -> bool:
        return not first.stage.partitions

    async def shared() -> bool:
        return len(first.stage.partitions) == len(second.stage.partitions) == 1

    await eventually(asked_to_let_go)
    let_go.set()
    await eventually(shared)
    heard = await said(kafka, counting, 1)
    await asyncio.gather(first.stop(), second.stop())
    assert heard == [["1", 1]]


async def test_what_comes_during_a_cycle_is_decided_in_the_next_one(
    kafka: Kafka, counting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client holds the first record that came meanwhile, and has not asked for the one after it."""
    monkeypatch.setattr("streams.stage.lanes._NEWER_SECONDS", 5.0)  # what a busy broker may take to answer
    let_go = asyncio.Event()
    cycles: dict[str, int] = {}

    class Held(Counting):
        async def decide(self, records: Sequence[ConsumerRecord]) -> Counted:
            tenure = running.stage._tenure
            assert tenure is not None
            cycles.update((record.value.decode(), tenure.committed) for record in records)
            await let_go.wait()
            return await super().decide(records)

    topic = f"{counting}.in"
    running = Running(kafka, counting, Held)
    await asyncio.wait_for(running.stage.ready.wait(), 30)

    async def begun() -> bool:
        return "1" in cycles

    async def held() -> bool:
        return bool(running.stage._consumer.highwater(TopicPartition(topic, 1)))

    await feed(kafka, counting, ["1"])
    await eventually(begun)
    await kafka.produce(topic, [Message(b"2", b"b", partition=1)])
    await eventually(held)
    await feed(kafka, counting, ["3"])
    let_go.set()
    await said(kafka, counting, 3)
    await running.stop()

    assert cycles == {"1": 0, "2": 1, "3": 1}


async def test_two_members_share_the_partitions_without_doubling(kafka: Kafka, counting: str) -> None:
    """A rebalance in full flow leaves every record counted once."""
    values = [str(n) for n in range(400)]
    first = Running(kafka, counting)
    await feed(kafka, counting, values[:200])
    second = Running(kafka, counting)
    await feed(kafka, counting, values[200:])
    heard = await said(kafka, counting, 400)
    await asyncio.gather(first.stop(), second.stop())
    assert Counter(str(value) for value, _ in heard) == Counter(values)
    assert sorted(int(str(n)) for _, n in heard) == list(range(1, 401))


async def test_a_producer_that_dies_is_replaced(
    kafka: Kafka, counting: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Kafka forgets the id of a producer that was idle for a week: it dies, and another tenure begins."""
    await feed(kafka, counting, ["1"])
    running = Running(kafka, counting)
    await said(kafka, counting, 1)
    spoilt: list[AIOKafkaProducer] = []

    async def spoil_once(producer: AIOKafkaProducer, sends: Iterable[Send], packed: Container[str]) -> list[Sent]:
        if not spoilt:
            spoilt.append(producer)
            manager = producer._txn_manager
            manager._pid_and_epoch = manager._pid_and_epoch._replace(pid=manager.producer_id + 1_000_000)
        return await send_all(producer, sends, packed)

    monkeypatch.setattr("streams.stage.tenure.send_all", spoil_once)
    await feed(kafka, counting, ["2"])
    heard = await said(kafka, counting, 2)
    await running.stop()
    assert heard == [["1", 1], ["2", 2]]
    died = death_of(spoilt[0])
    assert died is not None
    # Of two batches that fail together either may be named as the cause; the log has both.
    assert "InvalidProducerIdMapping" in repr(died.__cause__) + caplog.text


async def test_a_dead_producer_that_is_asked_to_begin_is_replaced(kafka: Kafka, counting: str) -> None:
    """A producer that fails between two cycles asserts that it had not when the next one begins."""
    running = Running(kafka, counting)
    for number in (1, 2):  # each of the two producers has had its turn
        await feed(kafka, counting, [str(number)])
        await said(kafka, counting, number)
    tenure = running.stage._tenure
    assert tenure is not None
    names = producer_ids(tenure.owner)
    managers = [each for each in gc.get_objects() if isinstance(each, TransactionManager)]
    for manager in [each for each in managers if each.transactional_id in names]:
        manager.fatal_error(UnknownError())
    await feed(kafka, counting, ["3"])
    heard = await said(kafka, counting, 3)
    await running.stop()
    assert heard == [["1", 1], ["2", 2], ["3", 3]]


def traced(namespace: str) -> dict[str, Any]:
    """The option that names the counting stage's traces."""
    return {"traces": tuple(TopicPartition(f"{namespace}.out", number) for number in range(PARTITIONS))}


async def test_offsets_that_kafka_has_forgotten_are_fatal(kafka: Kafka, counting: str) -> None:
    """After the group has expired nothing is taken in again; with the offsets set by hand it goes on from there."""
    await feed(kafka, counting, ["1", "2"])
    first = Running(kafka, counting, Stateless, **traced(counting))
    await said(kafka, counting, 2)
    await first.stop()
    await forget(kafka, f"{counting}-count")
    reason = await Running(kafka, counting, Stateless, **traced(counting)).ends()
    assert "Kafka has forgotten the group's committed offsets" in reason

    await set_offset(kafka, f"{counting}-count", TopicPartition(f"{counting}.in", 0), 2)
    await feed(kafka, counting, ["3"])
    third = Running(kafka, counting, Stateless, **traced(counting))
    heard = await said(kafka, counting, 3)
    await third.stop()
    assert [value for value, _ in heard] == ["1", "2", "3"]


async def test_a_partition_that_was_claimed_and_not_begun_is_begun(kafka: Kafka, counting: str) -> None:
    """Whoever claimed it ended before it knew where to go on: the group still has offsets of others."""
    group, parts = f"{counting}-count", [TopicPartition(f"{counting}.in", number) for number in range(PARTITIONS)]
    async with KafkaLedger(options(kafka.bootstrap, counting)) as ledger:
        for part in parts:
            await claim(ledger, part, "gone")
    await kafka.produce(f"{counting}.out", [Message(b'["0", 1]', b"a", partition=0)])
    await feed(kafka, counting, ["0"])
    await set_offset(kafka, group, parts[0], 1)
    await kafka.produce(f"{counting}.in", [Message(b"1", b"b", partition=1)])

    running = Running(kafka, counting, Stateless, **traced(counting))
    heard = await said(kafka, counting, 2)
    await running.stop()

    assert sorted(str(value) for value, _ in heard) == ["0", "1"]


async def test_who_had_nothing_to_take_in_has_forgotten_nothing(kafka: Kafka, counting: str) -> None:
    """Others write where it leaves its traces, as a desk its ticks, before the first record comes."""
    first = Running(kafka, counting, Stateless, **traced(counting))
    group, part = f"{counting}-count", TopicPartition(f"{counting}.in", 0)
    async with started(admin_client(kafka.connection)) as client:
        await eventually(lambda: _has_offset(client, group, part), what="an offset of a partition without a record")
    await first.stop()
    await kafka.produce(f"{counting}.out", [Message(b'["0", 1]', b"a", partition=0)])
    await feed(kafka, counting, ["1"])

    second = Running(kafka, counting, Stateless, **traced(counting))
    heard = await said(kafka, counting, 2)
    await second.stop()

    assert heard == [["0", 1], ["1", 1]]


async def _has_offset(client: AIOKafkaAdminClient, group: str, part: TopicPartition) -> bool:
    return part in await client.list_consumer_group_offsets(group)


async def test_a_log_that_has_lost_its_end_is_not_gone_on_with(kafka: Kafka, counting: str) -> None:
    """What comes next would stand where something else has stood, and never be read."""
    await feed(kafka, counting, ["1", "2"])
    await set_offset(kafka, f"{counting}-count", TopicPartition(f"{counting}.in", 0), 3)

    reason = await Running(kafka, counting, Stateless).ends()

    assert "3 is wanted, and the log ends at 2: it has lost its end" in reason


async def test_who_is_fenced_does_not_take_its_partitions_back(kafka: Kafka, counting: str) -> None:
    """Somebody newer owns one of them; the process ends, and the group shares out anew."""
    await feed(kafka, counting, ["1"])
    running = Running(kafka, counting)
    await said(kafka, counting, 1)
    part = TopicPartition(f"{counting}.in", 0)

    async with KafkaLedger(options(kafka.bootstrap, counting)) as ledger:
        await claim(ledger, part, "newer")
        await feed(kafka, counting, ["2"])
        reason = await running.ends()

        assert "another process owns a partition of this one now" in reason
        assert await ledger.owner_of(part) == "newer"
    assert await said(kafka, counting, 1) == [["1", 1]]


async def test_a_partition_that_nobody_wrote_to_before_begins_at_its_first_record(kafka: Kafka, counting: str) -> None:
    """Another partition's work is no reason to doubt: the group still has its offsets."""
    await feed(kafka, counting, ["1"])
    first = Running(kafka, counting, Stateless, **traced(counting))
    await said(kafka, counting, 1)
    await first.stop()
    await kafka.produce(f"{counting}.in", [Message(b"2", b"b", partition=1)])
    second = Running(kafka, counting, Stateless, **traced(counting))
    heard = await said(kafka, counting, 2)
    await second.stop()
    assert sorted(str(value) for value, _ in heard) == ["1", "2"]


async def test_a_log_whose_beginning_is_gone_is_not_begun_in_the_middle(kafka: Kafka, counting: str) -> None:
    """Without a committed offset nobody knows whether the missing records were read."""
    await feed(kafka, counting, ["1", "2"])
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(f"{counting}.in", 0): RecordsToDelete(before_offset=1)})
    await admin.close()
    reason = await Running(kafka, counting, Stateless).ends()
    assert "no committed offset is left, and the log begins at 1 instead of 0" in reason


async def test_a_state_that_is_gone_is_not_begun_anew(kafka: Kafka, counting: str) -> None:
    """As where its changelog was deleted and made again: all that was ever decided would be decided once more."""
    await feed(kafka, counting, ["1", "2"])
    first = Running(kafka, counting, **traced(counting))
    await said(kafka, counting, 2)
    await first.stop()
    await kafka.produce(f"{counting}.log", [Message(None, key, partition=0) for key in (b"a", b"meta")])

    reason = await Running(kafka, counting, **traced(counting)).ends()

    assert f"{counting}.out tells that it has worked, and nothing in {counting}.log where it goes on" in reason
    assert await said(kafka, counting, 2) == [["1", 1], ["2", 2]]


async def test_a_state_that_is_gone_in_part_is_not_begun_anew(kafka: Kafka, counting: str) -> None:
    """What is left of it would be counted on."""
    await feed(kafka, counting, ["1", "2"])
    first = Running(kafka, counting)
    await said(kafka, counting, 2)
    await first.stop()
    await kafka.produce(f"{counting}.log", [Message(None, b"meta", partition=0)])

    reason = await Running(kafka, counting).ends()

    assert f"{counting}.log tells that it has worked" in reason


async def test_what_a_first_transaction_left_uncommitted_is_no_work(kafka: Kafka, counting: str) -> None:
    """Who was killed in it has told nobody anything: its input is begun."""
    async with started(transactional(kafka.connection, counting)) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(f"{counting}.out", b"never committed", partition=0)
        await producer.abort_transaction()
    await feed(kafka, counting, ["1"])

    running = Running(kafka, counting, **traced(counting))
    heard = await said(kafka, counting, 1)
    await running.stop()

    assert heard == [["1", 1]]


async def test_a_stage_stops_before_it_is_killed_also_while_kafka_is_away(tmp_path: Path) -> None:
    """A broker that has died answers nothing any more; the stage gives up what it cannot finish."""
    async with LocalBroker(tmp_path, quick=True) as broker:
        own = Kafka(broker.bootstrap, broker)
        namespace = await counting_topics(own)
        running = Running(own, namespace)
        await feed(own, namespace, ["1"])
        await said(own, namespace, 1)
        await broker.kill()
        running.works[0].due_at = 1  # an open transaction that cannot end
        await running.stop()
    # What it waits for at most: the cycle, its end when it is cancelled, the closing of its clients.
    assert STOP_SECONDS + LEAVE_SECONDS + CLOSE_SECONDS < GRACE_SECONDS

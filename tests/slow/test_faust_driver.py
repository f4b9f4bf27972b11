"""What Paidan replaces in Faust and aiokafka is still there and means the same: an upgrade that moves it fails here."""

import asyncio
import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import faust
import faust.topics
import pytest
from aiokafka import AIOKafkaConsumer
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from hypothesis import given as given_by_hypothesis
from hypothesis import strategies as st

from models.city import load_city
from streams.settings import load_settings
from streams.tables.faust_transport import (
    FETCH_WAIT_MS,
    AcknowledgedProducer,
    GivenOffsets,
    InOrderConsumer,
    ReadCommittedThread,
    Transport,
    newest_of_each_key,
)
from streams.tables.worker import Tables


def test_what_is_replaced_is_still_there() -> None:
    """Every method that the transport overrides exists in the class that it overrides."""
    missing = [(kind, name) for kind, names in Transport.REPLACED.items() for name in names if not hasattr(kind, name)]
    assert missing == []


def test_overrides_take_what_they_are_given() -> None:
    """The signatures have not changed."""
    assert list(inspect.signature(driver.AIOKafkaConsumerThread._create_worker_consumer).parameters) == [
        "self",
        "transport",
    ]
    assert list(inspect.signature(driver.Consumer._add_gap).parameters) == ["self", "tp", "offset_from", "offset_to"]
    assert list(inspect.signature(driver.Consumer._new_offset).parameters) == ["self", "tp"]
    assert inspect.iscoroutinefunction(driver.AIOKafkaConsumerThread._fetch_records)
    assert inspect.iscoroutinefunction(driver.Consumer._add_gap)


def test_faust_still_commits_through_the_replaced_methods() -> None:
    """The consumer asks `_new_offset` what to commit, tells `_add_gap` of gaps, and polls with `_fetch_records`."""
    assert "_new_offset" in inspect.getsource(faust_consumer.Consumer._filter_committable_offsets)
    drained = inspect.getsource(faust_consumer.Consumer._drain_messages)
    assert all(part in drained for part in ("_add_gap", "callback = self.callback", "callback(message)"))
    assert "consumer._acked_index[tp]" in (Path(faust.__file__).parent / "_cython/streams.pyx").read_text()
    assert "_fetch_records" in inspect.getsource(driver.AIOKafkaConsumerThread.getmany)
    assert "await self.app.producer.flush()" in inspect.getsource(faust_consumer.Consumer._commit_offsets)
    assert ".send_soon(" in inspect.getsource(faust.topics.Topic.send_soon)
    assert "set_exception" in inspect.getsource(faust.topics.Topic._on_published)
    assert "_new_consumer_thread" in inspect.getsource(faust_consumer.ThreadDelegateConsumer.__init__)


@pytest.mark.parametrize(
    ("active", "generation", "done"), [(True, 4, True), (True, 3, False), (False, 4, False), (False, 3, False)]
)
def test_what_a_rebalance_lets_a_stream_skip_is_not_done(
    monkeypatch: pytest.MonkeyPatch, active: bool, generation: int, done: bool
) -> None:
    """Faust acknowledges it nevertheless: its offset would be committed, and the row lost."""
    monkeypatch.setattr(driver.Consumer, "ack", lambda self, message: True)
    consumer: Any = object.__new__(InOrderConsumer)
    consumer.app = Mock(consumer_generation_id=4)
    consumer.app.flow_control.is_active.return_value = active
    consumer._unacked_messages = set()

    assert consumer.ack(Mock(generation_id=generation)) is done


async def test_what_was_sent_is_acknowledged_before_offsets_are_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flush of Faust's that gives up early is not the end; what is sent while it lasts, it does not wait for."""

    async def gives_up(self: driver.Producer) -> None:
        """Leave what is buffered."""

    monkeypatch.setattr(driver.Producer, "flush", gives_up)
    monkeypatch.setattr(driver.Producer, "send_soon", lambda self, fut: None)
    app = faust.App("app", broker="kafka://127.0.0.1:1")
    producer = AcknowledgedProducer(Transport([], app))
    first, later = (asyncio.get_running_loop().create_future() for _ in range(2))
    producer.send_soon(first)

    flushing = asyncio.create_task(producer.flush())
    await asyncio.sleep(0)
    producer.send_soon(later)
    await asyncio.sleep(0)
    assert not flushing.done()
    first.set_result(None)
    await asyncio.wait_for(flushing, 10)

    assert not later.done()


async def test_aiokafka_still_reads_its_isolation_from_that_field() -> None:
    """Setting the field before the start is what makes the consumer read committed records only."""
    consumer = AIOKafkaConsumer(isolation_level="read_uncommitted")
    try:
        assert consumer._isolation_level == "read_uncommitted"
        assert "self._isolation_level" in inspect.getsource(AIOKafkaConsumer.start)
    finally:
        await consumer.stop()


async def test_a_worker_reads_committed_records_only() -> None:
    """The consumer that the thread makes has the isolation level set."""
    app = faust.App("test", broker="kafka://127.0.0.1:1", store="memory://", web_enabled=False)
    transport = Transport(app.conf.broker_consumer, app)
    app.transport = transport
    consumer: Any = transport.create_consumer(
        callback=_ignore, on_partitions_revoked=_ignore, on_partitions_assigned=_ignore
    )
    thread = consumer._thread
    made = thread._create_worker_consumer(transport)
    try:
        assert isinstance(consumer, InOrderConsumer)
        assert isinstance(thread, ReadCommittedThread)
        assert (made._isolation_level, made._fetch_max_wait_ms) == ("read_committed", FETCH_WAIT_MS)
    finally:
        await made.stop()


async def test_a_session_may_last_longer_than_a_request_does_otherwise(tmp_path: Path) -> None:
    """Faust refuses to start with one that does, and ended the worker with a traceback."""
    settings = load_settings(kafka="127.0.0.1:1", session_timeout_ms=60_000, personal_key="for these tests only")
    app = Tables(settings, load_city(settings.city), str(tmp_path)).app
    consumer: Any = app.transport.create_consumer(
        callback=_ignore, on_partitions_revoked=_ignore, on_partitions_assigned=_ignore
    )

    made = consumer._thread._create_worker_consumer(app.transport)

    assert made._session_timeout_ms == 120_000
    await made.stop()


@pytest.mark.parametrize(
    ("active", "buffered", "flows", "taken"),
    [
        ({"a", "b"}, set(), True, {"a", "b"}),
        ({"a"}, set(), True, {"a"}),
        ({"a"}, {"b"}, True, {"a", "b"}),
        (set(), set(), True, set()),
        ({"a", "b"}, {"b"}, False, set()),
    ],
)
async def test_what_is_read_of_a_partition_that_rests_is_read_again(
    monkeypatch: pytest.MonkeyPatch, active: set[str], buffered: set[str], flows: bool, taken: set[str]
) -> None:
    """Faust changes the set of active partitions while records are waited for; aiokafka takes an empty one for all."""
    records = {name: [SimpleNamespace(key=b"k", offset=7), SimpleNamespace(key=b"l", offset=8)] for name in "abc"}
    now, sought = {"a", "b"}, dict[str, int]()

    async def fetch(self: Any, consumer: Any, asked: set[str], *_: Any) -> dict[str, list[Any]]:
        now.intersection_update(active)
        return {name: records[name] for name in "ab" if not asked or name in asked}

    monkeypatch.setattr(driver.AIOKafkaConsumerThread, "_fetch_records", fetch)
    thread: Any = object.__new__(ReadCommittedThread)
    thread.consumer = SimpleNamespace(flow_active=flows, _buffered_partitions=buffered)
    consumer = SimpleNamespace(assignment=lambda: {"a", "b"}, seek=sought.__setitem__)
    assert await thread._fetch_records(consumer, set(), timeout=1.0) == {}
    assert await thread._fetch_records(consumer, now, timeout=1.0) == {name: records[name] for name in taken}
    assert sought == dict.fromkeys({"a", "b"} - taken, 7)


async def _ignore(message: Any) -> None:
    """Nothing is ever consumed here."""


def test_offsets_are_committed_past_the_gaps_that_transactions_leave() -> None:
    """The next offset is one more than the last one up to which all that was given is done; nothing is told twice."""
    given, acked = GivenOffsets(), {3, 4, 9}
    for offset in (3, 4, 9):
        given.give(offset, set())

    assert given.next_to_commit(acked, None) == 10
    assert acked == set()
    assert given.next_to_commit(acked, 10) is None


def test_what_was_given_and_lost_is_not_committed_but_read_again() -> None:
    """86 is lost between two that are handled; all from there on is handled once more."""
    given, acked = GivenOffsets(), set[int]()
    for offset in (85, 86, 87):
        given.give(offset, acked)
    assert given.passed_over(acked) is None
    acked |= {85, 87}

    assert given.next_to_commit(acked, None) == 86
    assert given.passed_over(acked) == 86
    assert given.next_to_commit(acked, 86) is None
    for offset in (86, 87):
        given.give(offset, acked)
    assert given.passed_over(acked) is None
    acked |= {86}
    assert given.next_to_commit(acked, 86) == 87


def test_what_another_worker_has_committed_in_between_is_not_waited_for() -> None:
    """What a partition's former time has left here lies below what it goes on with."""
    given = GivenOffsets()
    for offset in (90, 120, 121):
        given.give(offset, set())

    assert given.next_to_commit({120}, 120) == 121


@given_by_hypothesis(st.data())
def test_nothing_is_committed_before_it_is_handled(data: st.DataObject) -> None:
    """Whatever is lost on the way, and wherever reading begins anew."""
    given, acked, handled = GivenOffsets(), set[int](), set[int]()
    committed = 0
    for _ in range(data.draw(st.integers(1, 6))):
        lost = given.passed_over(acked)
        start = committed if lost is None else lost
        for offset in range(start, start + data.draw(st.integers(1, 8))):
            given.give(offset, acked)
            if data.draw(st.booleans()):
                handled.add(offset)
                acked.add(offset)
            if data.draw(st.booleans()):
                committed = max(committed, given.next_to_commit(acked, committed) or 0)
            assert set(range(committed)) <= handled


def test_of_records_with_one_key_the_last_is_kept_in_its_place() -> None:
    """As the broker's own compaction would leave them."""
    records = [SimpleNamespace(key=key, offset=offset) for offset, key in enumerate([b"a", b"b", b"a", b"c", b"b"])]
    assert [(r.key, r.offset) for r in newest_of_each_key(records)] == [(b"a", 2), (b"c", 3), (b"b", 4)]

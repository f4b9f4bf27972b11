"""What Paidan replaces in Faust and aiokafka is still there and means the same: an upgrade that moves it fails here."""

import inspect
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver

from streams.tables.faust_transport import InOrderConsumer, ReadCommittedThread, Transport, newest_of_each_key


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
    assert "_add_gap" in inspect.getsource(faust_consumer.Consumer._drain_messages)
    assert "_fetch_records" in inspect.getsource(driver.AIOKafkaConsumerThread.getmany)
    assert "_new_consumer_thread" in inspect.getsource(faust_consumer.ThreadDelegateConsumer.__init__)


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
        assert made._isolation_level == "read_committed"
    finally:
        await made.stop()


async def _ignore(message: Any) -> None:
    """Nothing is ever consumed here."""


def test_offsets_are_committed_past_the_gaps_that_transactions_leave() -> None:
    """The next offset is one more than the highest one acknowledged, and nothing is remembered twice."""
    acked: dict[str, list[int]] = defaultdict(list, {"tp": [3, 4, 9]})
    index: dict[str, set[int]] = defaultdict(set, {"tp": {3, 4, 9}})
    consumer = SimpleNamespace(_acked=acked, _acked_index=index)
    assert InOrderConsumer._new_offset(consumer, "tp") == 10  # type: ignore[arg-type]
    assert (acked["tp"], index["tp"]) == ([], set())
    assert InOrderConsumer._new_offset(consumer, "tp") is None  # type: ignore[arg-type]


def test_of_records_with_one_key_the_last_is_kept_in_its_place() -> None:
    """As the broker's own compaction would leave them."""
    records = [SimpleNamespace(key=key, offset=offset) for offset, key in enumerate([b"a", b"b", b"a", b"c", b"b"])]
    assert [(r.key, r.offset) for r in newest_of_each_key(records)] == [(b"a", 2), (b"c", 3), (b"b", 4)]

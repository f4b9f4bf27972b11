"""Kafka clients: each kind with what it is for, and the one way to open and close it.

    log_reader     reads whole partitions, from their beginning or another place, in large pieces; no group
    scanner        is a log_reader of many partitions, one after the other
    follower       reads what is written from now on, soon after it is; no group
    member         reads what a group gives it; who uses it commits, and never guesses a position
    writer         sends, and takes for written what all in-sync replicas have
    transactional  the one writer under its name: starting it fences the one before
    admin          topics and groups

A kind is a function that makes a client which is not started. `options` are aiokafka's and win over those of the kind.
Making one needs a running event loop. All consumers see committed records only and commit nothing by themselves.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from streams.kafka.closing import to_its_end, within
from streams.kafka.connection import Connection, told_why
from streams.kafka.sizes import FETCH_BYTES, REQUEST_BYTES, WHOLE_FETCH_BYTES

Client = TypeVar("Client", AIOKafkaConsumer, AIOKafkaProducer, AIOKafkaAdminClient)

_CONSUMER = {
    "isolation_level": "read_committed",
    "enable_auto_commit": False,
    "max_partition_fetch_bytes": FETCH_BYTES,
}
_LOG_READER = _CONSUMER | {"auto_offset_reset": "earliest", "fetch_max_bytes": WHOLE_FETCH_BYTES}
# A fetch that waits at the end of one partition, 500 ms where nothing else is said, holds up the next partition.
_SCANNER = _LOG_READER | {"fetch_max_wait_ms": 20}
_FOLLOWER = _CONSUMER | {"auto_offset_reset": "latest", "fetch_max_wait_ms": 20}
_MEMBER = _CONSUMER | {"auto_offset_reset": "none"}
_PATIENT_MS = 250  # so long an answer to a reader's former assignment may hold up the first one to the next
_WRITER = {"acks": "all", "max_request_size": REQUEST_BYTES}
_NUMBERS = 2**31  # of a producer's records in a partition, until they begin anew
# In the time after which a silent member loses its partitions. From one of theirs the others hear that it has: so much
# longer a takeover takes, at worst. It costs a small request each.
HEARTBEATS = 10
# The group waits so long for members that finish what is at hand; one that is dead is found out by its session.
_REBALANCE_MS = 10_000


def log_reader(connection: Connection, **options: Any) -> AIOKafkaConsumer:
    """Reads whole partitions, which its user assigns."""
    return AIOKafkaConsumer(**connection.options(), **_LOG_READER | options)


def scanner(connection: Connection, **options: Any) -> AIOKafkaConsumer:
    """Reads one partition after the other to its end; its user assigns each."""
    return AIOKafkaConsumer(**connection.options(), **_SCANNER | options)


class PatientConsumer(AIOKafkaConsumer):
    """A consumer that gives the broker more time to answer where it asks for all that it reads: whatever comes is
    answered at once, so it costs no latency, and an idle reader asks four times a second instead of fifty.

    While something that was fetched is not taken yet, aiokafka asks for the other partitions alone, and for this one
    not before that is answered: such a question has `fetch_max_wait_ms`, as has one beside a partition that rests.
    """

    async def start(self) -> None:
        """Start, as any consumer."""
        await super().start()
        fetcher, brief = self._fetcher, self._fetch_max_wait_ms
        plan = fetcher._get_actions_per_node

        def patiently(assignment: Any) -> Any:
            partly = fetcher._records or any(assignment.state_value(tp).paused for tp in assignment.tps)
            fetcher._fetch_max_wait_ms = brief if partly else max(brief, _PATIENT_MS)
            return plan(assignment)

        fetcher._get_actions_per_node = patiently


def follower(connection: Connection, *topics: str, **options: Any) -> AIOKafkaConsumer:
    """Follows these topics, or the partitions that its user assigns."""
    return PatientConsumer(*topics, **connection.options(), **_FOLLOWER | options)


def member(connection: Connection, group: str, session_timeout_ms: int, **options: Any) -> AIOKafkaConsumer:
    """A member of a group, which its user subscribes to topics."""
    session = {
        "group_id": group,
        "session_timeout_ms": session_timeout_ms,
        "heartbeat_interval_ms": session_timeout_ms // HEARTBEATS,
        "rebalance_timeout_ms": max(_REBALANCE_MS, session_timeout_ms),
    }
    return PatientConsumer(**connection.options(), **_MEMBER | session | options)


class EnduringProducer(AIOKafkaProducer):
    """A producer that may write to a partition for ever. Brokers know a record that comes twice by its number, and what
    follows the highest of 31 bits is 0; aiokafka goes on below 0, and from there on the broker refuses all."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if self._txn_manager is not None:
            self._txn_manager.increment_sequence_number = self._count_on

    def _count_on(self, tp: TopicPartition, increment: int) -> None:
        numbers = self._txn_manager._sequence_numbers
        numbers[tp] = (numbers[tp] + increment) % _NUMBERS


def writer(connection: Connection, **options: Any) -> AIOKafkaProducer:
    """Sends records, each on its own."""
    return EnduringProducer(**connection.options(), **_WRITER | options)


def transactional(connection: Connection, name: str, **options: Any) -> AIOKafkaProducer:
    """Sends in transactions; `name` is the transactional id."""
    return EnduringProducer(**connection.options(), **_WRITER | {"transactional_id": name} | options)


def admin(connection: Connection, **options: Any) -> AIOKafkaAdminClient:
    """Asks for and changes topics and groups."""
    return AIOKafkaAdminClient(**connection.options(), **options)


@contextlib.asynccontextmanager
async def started(client: Client, close_seconds: float | None = None) -> AsyncIterator[Client]:
    """A client while the body runs; it is closed also when it cannot start, or the body fails.

    Raises KafkaError when it cannot start (`connection.in_words` says why). With `close_seconds` a close that fails or
    takes longer is left as it is; without, it takes its time, and what it fails with is raised.
    """
    try:
        with told_why():
            await client.start()
        yield client
    finally:
        if close_seconds is None:
            await to_its_end(_close(client))
        else:
            await within(close_seconds, _close(client))


async def _close(client: Client) -> None:
    if isinstance(client, AIOKafkaAdminClient):
        await client.close()
        return
    try:
        await client.stop()
    except asyncio.CancelledError:
        # A fetch that waits to be tried again, since no broker answers, is cancelled by aiokafka's own stop, which then
        # takes that for its own end: nobody has cancelled whoever closes, and the connections are still open.
        if (task := asyncio.current_task()) is None or task.cancelling() or not isinstance(client, AIOKafkaConsumer):
            raise
        await client._client.close()

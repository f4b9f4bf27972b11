"""One owned input partition: fence, restore, then batch after batch in transactions of its own.

    open     start the producer (fences the former owner and aborts what it left open)
             restore the state from its changelogs, unless they end where this lane left them
             seek to the state's own next offset, or, without a state, to the group's committed one
    batch    fetch → decide → begin → send → offsets → await every send → commit → settle
    failure  abort, back off, open again; too many in a row, or fenced → StageError, the process exits

Nothing but the commit makes a decision true: until then it is an overlay that can be dropped.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    InvalidProducerEpoch,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    ProducerFenced,
)

from models.errors import PaidanError
from streams import metrics
from streams.kafka.clients import transactional
from streams.kafka.closing import CLOSE_SECONDS, death_of, seen, within
from streams.kafka.connection import Connection
from streams.kafka.log_reading import Row, read_changelogs
from streams.kafka.raw_fetch import read_leniently
from streams.kafka.sending import Send, send_all
from streams.kafka.sizes import REQUEST_BYTES

FENCED = (ProducerFenced, InvalidProducerEpoch)
_RESET = "; docs/operations.md says how to set where to go on"


class StageError(PaidanError):
    """The stage cannot go on safely: the process must exit and start again from the log."""

    exit_code = 70


class Outcome(Protocol):
    """What a batch leads to: all of `sends` become visible together, or none."""

    @property
    def sends(self) -> Sequence[Send]:
        """The records to publish."""


S = TypeVar("S", bound=Outcome)


class Processor(Protocol[S]):
    """What a stage does with one input partition. Only `decide` may take time; it must leave the state as it was."""

    @property
    def changelogs(self) -> tuple[str, ...]:
        """The topics of the state, read at the input's partition number; none for a stage without a state."""

    def load(self, rows: Mapping[str, list[Row]], /) -> int | None:
        """Rebuild the state from all rows of the changelogs; return the next input offset, None when none is known."""

    def decide(self, records: Sequence[ConsumerRecord], /) -> Awaitable[S]:
        """Decide on a batch without changing anything. What it raises stops the process."""

    def settle(self, outcome: S, /) -> None:
        """The outcome is committed: make it part of the state."""

    def due(self) -> int | None:
        """When the state next wants a tick, milliseconds UTC; None for never."""

    def tick(self) -> Send:
        """The record that tells the state's own input the time."""


@dataclass(frozen=True, slots=True)
class LaneOptions:
    """How a lane works; times in seconds, `_ms` in milliseconds.

    A lane that found `busy_records` or more begins its next transaction no sooner than `pace` after the last one:
    a transaction costs much the same for ten records as for a thousand. A lane with little to do never waits.
    `traces` are partitions that a stage without a state has written to if it ever worked, kept for ever.
    """

    connection: Connection
    group: str
    transaction_prefix: str
    transaction_timeout_ms: int = 10_000
    max_request_bytes: int = REQUEST_BYTES
    max_records: int = 2_000
    step_budget: float = 0.05
    idle: float = 0.2
    busy_records: int = 8
    pace: float = 0.05
    max_failures: int = 5
    traces: tuple[TopicPartition, ...] = ()
    backoff: float = 0.2

    def transactional_id(self, topic: str, partition: int) -> str:
        """That of the one producer that may write for an input partition: whoever starts it fences the one before."""
        return f"{self.transaction_prefix}-{topic}-{partition}"


class Lane(Generic[S]):
    """The loop over one owned partition. `run` returns after `stop`; StageError means that the process must exit."""

    def __init__(
        self, tp: TopicPartition, consumer: AIOKafkaConsumer, processor: Processor[S], options: LaneOptions
    ) -> None:
        self._tp = tp
        self._consumer = consumer
        self._processor = processor
        self._options = options
        self._stopping = asyncio.Event()
        self._ends: dict[TopicPartition, int] | None = None
        self._next_offset: int | None = None
        self._limit = min(64, options.max_records)
        self._failures = 0
        self._tick_offset = -1
        self._ticked = 0.0
        self._ticked_for: int | None = None

    def resume_with(self, consumer: AIOKafkaConsumer) -> None:
        """The partition came back: run again, keeping the state if nobody wrote to its changelogs meanwhile."""
        self._consumer = consumer
        self._stopping.clear()

    def stop(self) -> None:
        """Finish the batch at hand, then return from `run`."""
        self._stopping.set()

    async def run(self) -> None:
        """Own the partition until stopped."""
        while not self._stopping.is_set():
            try:
                async with self._opened() as producer:
                    await self._loop(producer)
            except FENCED as error:
                raise StageError(f"{self._name}: another process owns this partition now ({error!r})") from error
            except OffsetOutOfRangeError as error:
                raise StageError(f"{self._name}: the next record is no longer in the log: {error}") from error
            except KafkaError as error:
                self._failures += 1
                metrics.STAGE_FAILURES.labels(self._options.group).inc()
                if self._failures >= self._options.max_failures:
                    raise StageError(
                        f"{self._name}: {self._failures} failures in a row, the last: {error!r}"
                    ) from error
                await self._pause(self._options.backoff * 2**self._failures)

    @property
    def _name(self) -> str:
        return f"{self._options.group} {self._tp.topic}/{self._tp.partition}"

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncIterator[AIOKafkaProducer]:
        producer = transactional(
            self._options.connection,
            self._options.transactional_id(self._tp.topic, self._tp.partition),
            transaction_timeout_ms=self._options.transaction_timeout_ms,
            max_request_size=self._options.max_request_bytes,
            # One produce request per partition and step: the default of 16 kB makes a step wait for many, in a row.
            max_batch_size=self._options.max_request_bytes // 4,
            retry_backoff_ms=5,
        )
        try:
            await producer.start()
            await self._seek(await self._restore())
            self._consumer.resume(self._tp)
            yield producer
        finally:
            await within(CLOSE_SECONDS, producer.stop())

    async def _restore(self) -> int | None:
        """The state's own next input offset, after making sure that the state is the fold of its changelogs."""
        if not self._processor.changelogs:
            return None
        parts = [TopicPartition(topic, self._tp.partition) for topic in self._processor.changelogs]
        started = time.monotonic()
        rows, ends = await read_changelogs(self._options.connection, parts, unless_at=self._ends)
        if rows is not None:
            self._next_offset = self._processor.load(rows)
            metrics.STAGE_RESTORE_SECONDS.labels(self._options.group).observe(time.monotonic() - started)
        self._ends = ends
        return self._next_offset

    async def _seek(self, offset: int | None) -> None:
        """Go to `offset`, else to the committed one; a partition never read before begins at its very first record.

        Raises StageError when the records from there on are gone, or Kafka has forgotten the committed offset: no
        position is ever guessed.
        """
        stateless = not self._processor.changelogs
        if offset is None and stateless:
            offset = await self._consumer.committed(self._tp)
        first = (await self._consumer.beginning_offsets([self._tp]))[self._tp]
        last = (await self._consumer.end_offsets([self._tp]))[self._tp]
        if offset is None:
            if first > 0:
                lost = "committed offset" if stateless else "state"
                raise StageError(f"{self._name}: no {lost} is left, and the log begins at {first} instead of 0{_RESET}")
            if stateless:
                if await self._forgotten():
                    raise StageError(f"{self._name}: Kafka has forgotten the group's committed offsets{_RESET}")
                await self._consumer.commit({self._tp: first})  # from here on, none means forgotten
            offset = first
        if not first <= offset <= last:
            raise StageError(f"{self._name}: offset {offset} is wanted, but the log holds only {first} to {last}")
        self._consumer.seek(self._tp, offset)

    async def _forgotten(self) -> bool:
        """Whether the group has worked, has something to read, and yet no offset for any of its partitions."""
        traces = await self._consumer.end_offsets(list(self._options.traces))
        if not any(traces.values()):
            return False
        topics = {topic: self._consumer.partitions_for_topic(topic) or () for topic in self._consumer.subscription()}
        parts = [TopicPartition(topic, number) for topic, numbers in topics.items() for number in numbers]
        if not any((await self._consumer.end_offsets(parts)).values()):
            return False
        # In this order: a sister lane commits before it leaves a trace, or together with it.
        return not any([await self._consumer.committed(part) is not None for part in parts])

    async def _loop(self, producer: AIOKafkaProducer) -> None:
        while not self._stopping.is_set():
            records = await self._fetch()
            if records:
                started = time.monotonic()
                outcome = await self._processor.decide(records)
                self._adapt(len(records), time.monotonic() - started)
                await self._transact(producer, outcome.sends, records[-1].offset + 1)
                self._processor.settle(outcome)
                self._failures = 0
                metrics.STAGE_RECORDS.labels(self._options.group).inc(len(records))
                if len(records) >= self._options.busy_records:
                    await self._pause(self._options.pace - (time.monotonic() - started))
            await self._tick_when_due(producer)

    async def _fetch(self) -> Sequence[ConsumerRecord]:
        wait = self._options.idle
        if (due := self._processor.due()) is not None and (ahead := due / 1000 - time.time()) > 0:
            wait = min(wait, ahead)
        try:
            batch = await self._consumer.getmany(self._tp, timeout_ms=int(wait * 1000), max_records=self._limit)
        except NoOffsetForPartitionError:
            # Left over from the moment between the assignment and our own seek, which has set the position since.
            return ()
        except (UnicodeDecodeError, CorruptRecordException):
            offset = await self._consumer.position(self._tp)
            records, after = await read_leniently(self._consumer, self._tp, offset, self._limit)
            self._consumer.seek(self._tp, after)
            return records
        found: Sequence[ConsumerRecord] = batch.get(self._tp, ())
        return found

    def _adapt(self, count: int, seconds: float) -> None:
        """Cut batches so that one decision stays near the step budget and heartbeats are never starved."""
        fits = count * self._options.step_budget / max(seconds, 1e-6)
        self._limit = int(max(1, min(self._options.max_records, fits, self._limit * 2)))

    async def _transact(self, producer: AIOKafkaProducer, sends: Sequence[Send], offset: int | None) -> list[int]:
        """All sends and the offset in one transaction; the offsets that the sends got. Raises KafkaError or FENCED."""
        try:
            return await self._commit(producer, sends, offset)
        except AssertionError as error:
            # Whatever a producer that has died is asked to do, aiokafka asserts that it had not: opened anew, it can.
            self._ends = None
            raise death_of(producer) or KafkaError(f"the producer is in a wrong state: {error}") from error

    async def _commit(self, producer: AIOKafkaProducer, sends: Sequence[Send], offset: int | None) -> list[int]:
        started = time.monotonic()
        await producer.begin_transaction()
        try:
            futures = await send_all(producer, sends)
            # A failed send fails only its own future: without awaiting all, the commit would lose the record.
            acknowledged = asyncio.gather(*(future for future, _ in futures))
            acknowledged.add_done_callback(seen)
            if offset is not None:
                await producer.send_offsets_to_transaction({self._tp: offset}, self._options.group)
            placed = await acknowledged
        except FENCED:
            raise
        except KafkaError:
            self._ends = None
            if death_of(producer) is None:
                await producer.abort_transaction()
            raise
        ends, self._ends = self._ends, None  # unknown until the commit has answered
        await producer.commit_transaction()
        if offset is not None:
            self._next_offset = offset
        if ends is not None:
            for metadata, (_, count) in zip(placed, futures, strict=True):
                part = TopicPartition(metadata.topic, metadata.partition)
                if part in ends:
                    ends[part] = max(ends[part], metadata.offset + count + 1)  # the records, then the commit marker
            self._ends = ends
        metrics.STAGE_COMMIT_SECONDS.labels(self._options.group).observe(time.monotonic() - started)
        return [metadata.offset for metadata in placed]

    async def _tick_when_due(self, producer: AIOKafkaProducer) -> None:
        """Put a tick into the own input when a timer is due: at most one outstanding and one a second, but without a
        pause while what is due has waited for longer than that (one tick fires only so many)."""
        due, now = self._processor.due(), time.time() * 1000
        if due is None or due > now:
            return
        # The same timer still first means that the last tick did not reach it: the broker's clock may lie behind ours.
        unhurried = due > now - 1_000 or due == self._ticked_for
        if unhurried and time.monotonic() - self._ticked < 1.0:
            return
        if await self._consumer.position(self._tp) <= self._tick_offset:
            return
        self._ticked, self._ticked_for = time.monotonic(), due
        [self._tick_offset] = await self._transact(producer, [self._processor.tick()], None)

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until stopped."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)

"""A plain consumer that finishes one record after the other and commits each: at least once, in the order of the log.

What is killed in the middle repeats the one record that it had not committed, and no other.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from typing import Protocol

from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from models.times import DAY_MS, HOUR_MS, now_ms, to_text
from streams import metrics
from streams.kafka.clients import member
from streams.kafka.closing import CLOSE_SECONDS, within
from streams.kafka.connection import Connection
from streams.kafka.polling import poll
from streams.settings import Settings
from streams.stage.failures import FailuresInARow
from streams.stage.processing import StageError
from streams.tasks import race, set_within

log = logging.getLogger(__name__)

_FETCHED = 100
_POLL_SECONDS = 0.2
_FETCH_BYTES = 256 * 1024
# In the worst case a stop takes this, and CLOSE_SECONDS for the member and for what its role writes with.
_STOP_SECONDS = 2.0
# A record may take as long as it likes to finish; that is no sign of a dead consumer.
_NEVER_MS = 2**31 - 1


class Halted(Exception):
    """The partitions are wanted back: the record at hand stays unfinished."""


class Finisher(Protocol):
    """What is done with each record."""

    async def finish(self, record: ConsumerRecord, halted: asyncio.Event, /) -> bool:
        """Finish a record; False when there was nothing to do, so that its commit can wait for the next one's.

        It may raise Halted once `halted` is set. Whatever else it raises but a KafkaError ends the process.
        """

    def rest(self) -> None:
        """Nothing is at hand until `finish` is called again: what was may be another process's by now."""


class FinishingConsumer(ConsumerRebalanceListener):
    """A member of `group` that brings the records of `topics` to `finisher`. All partitions share one line.

    A group that is new begins with the records of the last `notify_first_hours`, or with all that there are where it is
    `complete`. Where these must not be older than `repeats_days`, as what comes twice is known as such for no longer,
    none that are is ever begun with: nobody can tell a new group from one whose offsets Kafka has forgotten."""

    def __init__(
        self,
        settings: Settings,
        group: str,
        topics: Sequence[str],
        finisher: Finisher,
        complete: bool = False,
        repeats_days: float | None = None,
    ) -> None:
        self._complete = complete
        self._repeats_ms = None if repeats_days is None else int(repeats_days * DAY_MS)
        self._settings = settings
        self._group = group
        self._topics = topics
        self._finisher = finisher
        self._halted = asyncio.Event()
        self._failed = asyncio.Event()
        self._failure: BaseException | None = None
        self._task: asyncio.Task[None] | None = None
        self._failures = FailuresInARow()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until stopped. Raises StageError when Kafka has failed too often in a row."""
        try:
            await self._work_until(stop)
        finally:
            self._finisher.rest()

    async def _work_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self._join(stop)
            except KafkaError as error:
                failures = self._failures.failed()
                if failures >= self._settings.max_failures:
                    raise StageError(f"{self._group}: {failures} failures in a row: {error!r}") from error
                log.warning("%s starts over: %r", self._group, error)
                await set_within(stop, 0.2 * 2**failures)

    async def _join(self, stop: asyncio.Event) -> None:
        """Be a member of the group until stopped, or until the finisher fails; raises what it failed with."""
        self._failed.clear()
        self._failure = None
        self._consumer = member(
            Connection.of(self._settings),
            self._group,
            self._settings.session_timeout_ms,
            max_poll_interval_ms=_NEVER_MS,
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        self._consumer.subscribe(list(self._topics), listener=self)
        try:
            await race(stop.wait(), self._be_member())
        finally:
            await self._halt()
            await within(CLOSE_SECONDS, self._consumer.stop())
        if self._failure is not None:
            raise self._failure

    async def _be_member(self) -> None:
        """Until the finisher fails."""
        await self._consumer.start()  # it returns when partitions are assigned, which may take long: Kafka may be away
        await self._failed.wait()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Finish the record at hand if it does not take long; nothing is worked on any more when this returns."""
        await self._halt()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Go on where the group has left off."""
        partitions = sorted(assigned)
        for partition in partitions:
            self._consumer.pause(partition)
        self._halted.clear()
        self._finisher.rest()
        if partitions:
            self._task = asyncio.create_task(self._work_on(partitions), name=self._group)
            self._task.add_done_callback(self._watch)

    def _watch(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = error
            self._failed.set()

    async def _halt(self) -> None:
        task, self._task = self._task, None
        self._halted.set()
        if task is not None:
            await asyncio.wait((task,), timeout=_STOP_SECONDS)
            task.cancel()
            await asyncio.wait((task,))

    async def _work_on(self, partitions: Sequence[TopicPartition]) -> None:
        for partition in partitions:
            self._consumer.seek(partition, await self._position(partition))
            self._consumer.resume(partition)
        with contextlib.suppress(Halted):
            while not self._halted.is_set():
                batch = await poll(self._consumer, partitions, _POLL_SECONDS, self._halted, _FETCHED)
                for partition, records in batch.items():
                    await self._finish_all(partition, records)

    async def _position(self, partition: TopicPartition) -> int:
        """The first unfinished offset. Raises StageError where there is none, and beginning would repeat too much."""
        offset: int | None = await self._consumer.committed(partition)
        first: int = (await self._consumer.beginning_offsets([partition]))[partition]
        if offset is None:
            # In this order: what arrives between the two questions is found by the second.
            end = (await self._consumer.end_offsets([partition]))[partition]
            since = 0 if self._complete else max(0, now_ms() - int(self._settings.notify_first_hours * HOUR_MS))
            found = (await self._consumer.offsets_for_times({partition: since}))[partition]
            if found is not None and self._repeats_ms is not None and found.timestamp < now_ms() - self._repeats_ms:
                raise StageError(
                    f"{self._group}: Kafka knows no offset of {partition.topic}, whose first record is of"
                    f" {to_text(found.timestamp)}; docs/hubs.md says how to set where to go on"
                )
            offset = found.offset if found is not None else end
            if offset > first:
                log.warning(
                    "%s: Kafka knows no offset of %s, as of what is new or has not run for offsets.retention.minutes; "
                    "the records %d to %d are not sent",
                    self._group, partition, first, offset - 1,
                )  # fmt: skip
            await self._consumer.commit({partition: offset})
        if offset < first:
            log.error("%s: %s no longer holds the records %d to %d", self._group, partition, offset, first - 1)
            metrics.NOTIFY_EXPIRED.labels(self._group).inc(first - offset)
        return max(offset, first)

    async def _finish_all(self, partition: TopicPartition, records: Sequence[ConsumerRecord]) -> None:
        acted = True
        for record in records:
            if self._halted.is_set():
                raise Halted
            if acted := await self._finisher.finish(record, self._halted):
                await self._consumer.commit({partition: record.offset + 1})
            self._failures.succeeded()
        if not acted:
            await self._consumer.commit({partition: records[-1].offset + 1})

"""The transactional stage: every record of its input topics takes effect exactly once.

A stage is a member of a consumer group. Each partition that the group gives it becomes a lane
(`streams/kafka/lane.py`) with a transactional producer and a state of its own. Only lanes commit offsets.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Generic

from aiokafka import ConsumerRebalanceListener, TopicPartition

from streams import metrics
from streams.kafka.clients import member
from streams.kafka.closing import within
from streams.kafka.lane import Lane, LaneOptions, Outcome, Processor, S, StageError
from streams.kafka.sizes import FETCH_BYTES

# Together with what a role does besides, these stay within the ten seconds after which a supervisor kills.
STOP_SECONDS = 4.0
LEAVE_SECONDS = 2.0


class Stage(ConsumerRebalanceListener, Generic[S]):
    """Run `open_work(partition)` for each partition of `topics` that the group gives to this process.

    `run` works until `stop` is called and then leaves the group in good order. It raises StageError as soon as one lane
    says that the process must exit; by then no lane commits anything any more.
    """

    def __init__(
        self,
        options: LaneOptions,
        topics: Sequence[str],
        open_work: Callable[[TopicPartition], Processor[S]],
        session_timeout_ms: int = 6_000,
        max_partition_fetch_bytes: int = FETCH_BYTES,
    ) -> None:
        self._options = options
        self._topics = topics
        self._open_work = open_work
        self._session_timeout_ms = session_timeout_ms
        self._fetch_bytes = max_partition_fetch_bytes
        self._lanes: dict[TopicPartition, Lane[S]] = {}
        self._running: dict[TopicPartition, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None
        self.ready = asyncio.Event()

    @property
    def partitions(self) -> frozenset[int]:
        """The partition numbers that this process owns at the moment."""
        return frozenset(tp.partition for tp in self._running)

    def stop(self) -> None:
        """Ask `run` to finish the batches at hand and return."""
        self._stop.set()

    async def run(self) -> None:
        """Work until stopped. Raises StageError when the process must exit and start again."""
        self._consumer = member(
            self._options.connection,
            self._options.group,
            self._session_timeout_ms,
            fetch_max_wait_ms=20,
            max_partition_fetch_bytes=self._fetch_bytes,
        )
        self._consumer.subscribe(list(self._topics), listener=self)
        await self._consumer.start()
        # aiokafka fetches nothing from a broker for up to 100 ms while records of one partition wait there unread: one
        # busy lane would hold up all others. The lanes read at their own pace, and each partition's buffer is bounded.
        self._consumer._fetcher._prefetch_backoff = 0.0
        try:
            await self._stop.wait()
            if self._failure is not None:
                raise self._failure
        finally:
            await self._halt(abruptly=self._failure is not None)
            await within(LEAVE_SECONDS, self._consumer.stop())

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Finish the batches at hand; the states are kept in case the partitions come back."""
        await self._halt(abruptly=False)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Open a lane for each partition; none is read before its lane has fenced, restored and sought."""
        partitions = sorted(assigned)
        for tp in partitions:
            self._consumer.pause(tp)
        if self._stop.is_set():  # a group that rebalances while this process leaves it
            return
        former, self._lanes = self._lanes, {}
        for tp in partitions:
            lane = former.get(tp) or Lane(tp, self._consumer, self._open_work(tp), self._options)
            lane.resume_with(self._consumer)
            self._lanes[tp] = lane
            task = asyncio.create_task(lane.run(), name=f"{self._options.group} {tp.topic}/{tp.partition}")
            task.add_done_callback(self._watch)
            self._running[tp] = task
        metrics.STAGE_PARTITIONS.labels(self._options.group).set(len(partitions))
        self.ready.set()

    def _watch(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and self._failure is None:
            self._failure = error
            self._stop.set()

    async def _halt(self, abruptly: bool) -> None:
        """Stop all lanes: after the batch at hand, or at once when the state of the world is in doubt."""
        tasks = list(self._running.values())
        self._running.clear()
        for lane in self._lanes.values():
            lane.stop()
        if abruptly:
            for task in tasks:
                task.cancel()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=LEAVE_SECONDS)


__all__ = ["Lane", "LaneOptions", "Outcome", "Processor", "Stage", "StageError"]

"""The transactional stage: every record of its input topics takes effect exactly once.

A stage is a member of a consumer group. What the group gives it, it works on in one tenure (`streams/stage/tenure.py`):
one transaction a cycle for all of its partitions. Only tenures commit offsets.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Generic

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from streams import metrics
from streams.kafka.clients import member
from streams.kafka.closing import CLOSE_SECONDS, within
from streams.kafka.connection import in_words
from streams.stage.failures import FailuresInARow
from streams.stage.processing import FENCED, O, Processor, StageError, StageOptions
from streams.stage.share import Share
from streams.stage.tenure import Tenure
from streams.tasks import race, set_within

# In the worst case a stop takes both and CLOSE_SECONDS: less than the six seconds after which our supervisor kills.
STOP_SECONDS = 3.0
LEAVE_SECONDS = 1.0

log = logging.getLogger(__name__)


class Stage(ConsumerRebalanceListener, Generic[O]):
    """Run a processor for each partition of `topics` that the group gives to this process.

    `run` works until `stop` is called and then leaves the group in good order. It raises StageError as soon as the
    process must exit; by then nothing is committed any more.
    """

    def __init__(
        self,
        options: StageOptions,
        topics: Sequence[str],
        open_processor: Callable[[TopicPartition], Processor[O]],
    ) -> None:
        self._options = options
        self._topics = topics
        self._open = open_processor
        self._shares: dict[TopicPartition, Share[O]] = {}
        self._tenure: Tenure[O] | None = None
        self._working: asyncio.Task[None] | None = None
        self._halting = asyncio.Event()
        self._closing: set[asyncio.Future[list[object]]] = set()
        self._failures = FailuresInARow()
        self._failure: BaseException | None = None
        self._stop = asyncio.Event()
        self.ready = asyncio.Event()

    @property
    def partitions(self) -> frozenset[int]:
        """The partition numbers that this process owns at the moment."""
        return frozenset() if self._working is None else frozenset(tp.partition for tp in self._shares)

    def stop(self) -> None:
        """Ask `run` to finish the cycle at hand and return."""
        self._stop.set()

    async def run(self) -> None:
        """Work until stopped. Raises StageError when the process must exit and start again."""
        options = self._options
        self._consumer = member(options.connection, options.group, options.session_timeout_ms, fetch_max_wait_ms=20)
        self._consumer.subscribe(list(self._topics), listener=self)
        try:
            await race(self._stop.wait(), self._be_member())
            if self._failure is not None:
                raise self._failure
        finally:
            await self._halt(abruptly=self._failure is not None)
            await asyncio.gather(within(CLOSE_SECONDS, self._consumer.stop()), *self._closing, return_exceptions=True)

    async def _be_member(self) -> None:
        await self._consumer.start()  # it returns when partitions are assigned, which may take long: Kafka may be away
        await self._stop.wait()

    async def read(self, topics: Sequence[str]) -> None:
        """Read these topics from now on: finish the cycle at hand, then let the group share all out anew."""
        await self.ready.wait()
        if set(topics) == set(self._topics) or self._stop.is_set():
            return
        self._topics = topics
        await self._halt(abruptly=False)
        self._consumer.subscribe(list(topics), listener=self)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Finish the cycle at hand; the shares are kept in case the partitions come back."""
        await self._halt(abruptly=False)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin a tenure; no partition is read before it is claimed and restored."""
        partitions = sorted(assigned)
        for tp in partitions:
            self._consumer.pause(tp)
        if (strange := self._strange(partitions)) is not None and self._failure is None:
            self._failure = strange
            self._stop.set()
        if self._stop.is_set():  # a group that rebalances while this process leaves it
            return
        former = self._shares
        self._shares = {tp: former.get(tp) or Share(tp, self._open(tp), self._options) for tp in partitions}
        self._halting.clear()
        self._working = asyncio.create_task(self._work(), name=f"{self._options.group} at work")
        self._working.add_done_callback(self._watch)
        metrics.STAGE_PARTITIONS.labels(self._options.group).set(len(partitions))
        self.ready.set()

    def _strange(self, assigned: Sequence[TopicPartition]) -> StageError | None:
        """What is to be said of a partition that somebody has added to a topic: nobody keeps claims or states of it."""
        known = self._options.partitions
        added = next((tp for tp in assigned if 0 < known <= tp.partition), None)
        if added is None:
            return None
        return StageError(
            f"{self._options.group}: {added.topic} has been given partition {added.partition}, and there are {known} "
            "of each topic (PAIDAN_PARTITIONS): what lies in it is not taken in, see docs/operations.md#topics"
        )

    async def _work(self) -> None:
        """Tenure after tenure, until one ends in good order. Raises StageError, and what a processor raises."""
        while not self._halting.is_set():
            self._tenure = tenure = Tenure(self._consumer, list(self._shares.values()), self._options)
            try:
                await tenure.run()
            except FENCED as error:
                said = f"another process owns a partition of this one now ({error!r})"
                raise StageError(f"{self._options.group}: {said}") from error
            except OffsetOutOfRangeError as error:
                raise StageError(f"{self._options.group}: the next record is no longer in the log: {error}") from error
            except KafkaError as error:
                log.warning("%s: what failed is tried again: %r", self._options.group, error)
                metrics.STAGE_FAILURES.labels(self._options.group).inc()
                if tenure.committed:
                    self._failures.succeeded()
                failures = self._failures.failed()
                if failures >= self._options.max_failures:
                    said = f"{failures} failures in a row, the last: {in_words(error)}"
                    raise StageError(f"{self._options.group}: {said}") from error
                await set_within(self._halting, self._options.backoff * 2**failures)
            finally:
                self._close_later(tenure)

    def _close_later(self, tenure: Tenure[O]) -> None:
        if tenure.closing is not None:
            self._closing.add(tenure.closing)
            tenure.closing.add_done_callback(self._closing.discard)

    def _watch(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None and self._failure is None:
            self._failure = error
            self._stop.set()

    async def _halt(self, abruptly: bool) -> None:
        """End the tenure: after the cycle at hand, or at once when the state of the world is in doubt."""
        working, self._working = self._working, None
        self._halting.set()
        if working is None:
            return
        if self._tenure is not None:
            self._tenure.stop()
        if abruptly:
            working.cancel()
        _, late = await asyncio.wait([working], timeout=STOP_SECONDS)
        if late:
            working.cancel()
            await asyncio.wait(late, timeout=LEAVE_SECONDS)

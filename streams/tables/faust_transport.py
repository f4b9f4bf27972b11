"""Faust's transport, changed so that it reads what transactions write, and commits what it has written.

Faust 0.15 reads uncommitted records, its count of done offsets stops at the first gap that a transaction's marker
leaves, and it commits offsets before their changelog is acknowledged. These classes replace some methods of Faust and
two fields of aiokafka; `tests/slow/test_faust_driver.py` fails when an upgrade moves them.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any, cast

from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.tables import stall_guard

log = logging.getLogger(__name__)

# While a partition's records are not taken yet, aiokafka asks for the others alone, and for this one not until that is
# answered: with Faust's 1,500 ms a busy partition's rows lay at the broker for a second beside idle ones. To ask much
# more often costs more: of a row that is written ten times meanwhile one version is taken.
FETCH_WAIT_MS = 400


class ReadCommittedThread(driver.AIOKafkaConsumerThread):
    """The thread that polls Kafka: it never sees an aborted or an open transaction's records, and loses none."""

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer

    async def _fetch_records(
        self, consumer: Any, active_partitions: set[Any], timeout: float | None = None, max_records: int | None = None
    ) -> dict[Any, list[Any]]:
        """What the partitions that are active before and after it hold; what others hold is read again later.

        The set is Faust's own, emptied and filled again while this waits. An empty one is "all partitions" to aiokafka,
        and Faust throws away what it finds of those that rest: the one read of a changelog that nobody writes to, and
        its recovery never ended.
        """
        if not active_partitions:
            return {}
        records = await super()._fetch_records(consumer, set(active_partitions), timeout, max_records)
        taken = active_partitions | self.consumer._buffered_partitions if self.consumer.flow_active else set()
        for tp in records.keys() - taken:
            if tp in consumer.assignment():
                consumer.seek(tp, records[tp][0].offset)
        return {tp: newest_of_each_key(batch) for tp, batch in records.items() if tp in taken}


def newest_of_each_key(records: Sequence[Any]) -> list[Any]:
    """Records without those that a later one with the same key replaces, in the order of their offsets.

    All topics that are read here are compacted: the broker may leave these records out as well. A worker that lags
    behind so catches up many times faster, because busy rows are written once for hundreds of their versions.
    """
    newest = {record.key: record.offset for record in records}
    return [record for record in records if newest[record.key] == record.offset]


class GivenOffsets:
    """The offsets of one partition that its stream was given, oldest first, until they are done."""

    def __init__(self) -> None:
        self._given: deque[int] = deque()

    @property
    def oldest(self) -> int | None:
        """The first one that is not done; None when all are."""
        return self._given[0] if self._given else None

    def give(self, offset: int, acked: set[int]) -> None:
        """Note one that is given now; when reading has gone back, those from there on are to be handled again."""
        while self._given and self._given[-1] >= offset:
            acked.discard(self._given.pop())
        self._given.append(offset)

    def next_to_commit(self, acked: set[int], committed: int | None) -> int | None:
        """One more than the last offset up to which all is done, None when that is no news; it is forgotten, and
        leaves `acked`. What lies below `committed` is somebody's who had the partition in between."""
        last = None
        while self._given and (self._given[0] in acked or (committed is not None and self._given[0] < committed)):
            last = self._given.popleft()
            acked.discard(last)
        return None if last is None else last + 1

    def passed_over(self, acked: set[int]) -> int | None:
        """The offset that was given first, when a later one is done before it: its record was lost on the way."""
        if self._given and self._given[0] not in acked and any(offset in acked for offset in self._given):
            return self._given[0]
        return None


class InOrderConsumer(driver.Consumer):
    """Commits up to the first offset that its stream was given and has not handled, and reads that one again.

    Faust clears its streams' queues, or lets them skip records, while partitions come and go, and does not always read
    again what was in them. Gaps, which transactions and compaction leave, are nobody's to handle. All that holds where
    each topic has one agent with concurrency 1: records of a partition are handled in their order.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._given: dict[Any, GivenOffsets] = defaultdict(GivenOffsets)
        self._deliver = self.callback
        self.callback = self._give

    def _new_consumer_thread(self) -> ReadCommittedThread:
        return ReadCommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def _give(self, message: Any) -> None:
        if self.app.topics.acks_enabled_for(message.topic):
            self._given[message.tp].give(message.offset, self._acked_index[message.tp])
        await self._deliver(message)

    async def unfinished(self) -> dict[Any, int]:
        """How many offsets of each stream's partition are still to be read or handled; 0 when all is done.

        Raises KafkaError when the broker does not answer, ConsumerNotStarted before there is anything to ask.
        """
        mine = [tp for tp in self.assignment() if self.app.topics.acks_enabled_for(tp.topic)]
        ends = await self.highwaters(*mine) if mine else {}
        return {tp: max(0, end - self._at(tp)) for tp, end in ends.items()}

    def _at(self, tp: Any) -> int:
        """The first offset that is not handled. Where all that was given is, it is the next to be fetched: that is
        behind the marks of transactions, which nobody is given. 0 where the consumer does not know it."""
        if (oldest := self._given[tp].oldest) is not None:
            return oldest
        # aiokafka's own question for it waits until it is known, and keeps others from being answered meanwhile.
        subscription = self._thread._ensure_consumer()._subscription.subscription
        if subscription is None or subscription.assignment is None or tp not in subscription.assignment.tps:
            return 0
        state = subscription.assignment.state_value(tp)
        return state.position if state.has_valid_position else 0

    async def perform_seek(self) -> None:
        """Go back to what is committed; to the beginning where nothing is, which Faust leaves where it has read to, and
        where the changelog of what was read holds nothing: it was deleted and made anew."""
        await super().perform_seek()
        assigned = [tp for tp in self.assignment() if self.app.topics.acks_enabled_for(tp.topic)]
        known = cast("Transport", self.transport).kept_in
        kept_in = {tp: TP(known[tp.topic], tp.partition) for tp in assigned if tp.topic in known}
        ends = await self.highwaters(*set(kept_in.values())) if kept_in else {}
        for tp, changelog in kept_in.items():
            if not ends[changelog]:
                self._committed_offset[tp] = None
        never = [tp for tp in assigned if self._committed_offset[tp] is None]
        if never:
            await self.seek_wait(await self.earliest_offsets(*never))

    async def on_partitions_revoked(self, revoked: set[Any]) -> None:
        """Forget what was given of them."""
        for tp in revoked:
            self._given.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    def ack(self, message: Any) -> bool:
        """Take an offset for done when its record was handled; a stream without Faust's C code acknowledges what it
        skips as well."""
        if not self.app.flow_control.is_active() or message.generation_id != self.app.consumer_generation_id:
            self._unacked_messages.discard(message)
            return False
        return bool(super().ack(message))

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Gaps need no book: only what is given is waited for."""

    def _new_offset(self, tp: Any) -> int | None:
        self._acked[tp].clear()
        given, acked = self._given[tp], self._acked_index[tp]
        found = given.next_to_commit(acked, self._committed_offset[tp])
        if (lost := given.passed_over(acked)) is not None:
            self.add_future(self._go_back(tp, lost))
        return found

    async def _go_back(self, tp: Any, offset: int) -> None:
        try:
            await self.seek_wait({tp: offset})
        except KafkaError as error:  # the partition has gone meanwhile; who has it now reads from what is committed
            log.warning("%s was not gone back to %d: %r", tp, offset, error)


class AcknowledgedProducer(driver.Producer):
    """Its flush, which comes before each commit, ends when all that was sent before is acknowledged.

    Faust's own gives up on what has waited in its buffer for 0.1 s: offsets were committed whose rows no changelog held
    yet, and a worker killed in that moment lost them. A row that cannot be written ends the worker.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unacknowledged: set[asyncio.Future[Any]] = set()

    def send_soon(self, fut: Any) -> None:
        """Buffer a record; `fut` is done when the broker has it."""
        self._unacknowledged.add(fut)
        fut.add_done_callback(self._settled)
        super().send_soon(fut)

    async def flush(self) -> None:
        """Wait until the broker has all that was buffered before this call."""
        before = set(self._unacknowledged)
        await super().flush()
        if before:
            await asyncio.wait(before)

    def _settled(self, fut: "asyncio.Future[Any]") -> None:
        self._unacknowledged.discard(fut)
        if not fut.cancelled() and (error := fut.exception()) is not None:
            stall_guard.leave(stall_guard.CRASHED, f"a row could not be written to its changelog: {error!r}")


class Transport(driver.Transport):
    """Set it as `app.transport` before the app starts, and say in `kept_in` which topic each one that is read is kept
    in: its table's changelog."""

    Consumer = InOrderConsumer
    Producer = AcknowledgedProducer

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.kept_in: dict[str, str] = {}

    # What is replaced here, as Faust and aiokafka must still have it: class → names.
    REPLACED: Mapping[type, tuple[str, ...]] = {
        driver.AIOKafkaConsumerThread: ("_create_worker_consumer", "_fetch_records"),
        driver.Consumer: (
            "_new_consumer_thread",
            "perform_seek",
            "on_partitions_revoked",
            "ack",
            "_add_gap",
            "_new_offset",
        ),
        driver.Producer: ("send_soon", "flush"),
        driver.Transport: ("Consumer", "Producer"),
    }

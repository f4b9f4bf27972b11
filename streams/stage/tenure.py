"""One assignment of partitions to this process, from the claims to the last cycle.

    begin    a name that was never used before, and its two producers
    join     each partition by itself: claim it, restore its state, go to where it goes on; then it takes part in
    cycle    fetch → decide each partition's batch → one transaction: send, offsets, await every send, commit → settle

Where the stage has an urgent lane, a reader that belongs to no group fetches it beside the input: so the partition of
the lane goes with that of the input, whatever the group's members read. Both of its offsets are committed together.

Nothing but the commit makes a decision true: until then it is an overlay that can be dropped. Whatever fails ends the
tenure; what it left open is aborted when its partitions are claimed the next time, by this process or another.
"""

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import CorruptRecordException, IllegalOperation, KafkaError
from aiokafka.structs import RecordMetadata

from streams import metrics
from streams.kafka.clients import scanner, started
from streams.kafka.closing import CLOSE_SECONDS, death_of, seen, within
from streams.kafka.polling import poll
from streams.kafka.sending import Send, send_all
from streams.kafka.unpacking import at_most
from streams.stage.claims import KafkaLedger, claim, new_owner, producer_ids, producer_of
from streams.stage.inlet import Inlet
from streams.stage.processing import O, StageOptions
from streams.stage.share import Batch, Share

log = logging.getLogger(__name__)

_SMOOTHING = 0.2
_NOTHING: Mapping[TopicPartition, int] = {}
_MARKERS_SECONDS = 1.0
# The client asks for more as soon as all that it had is taken, and holds what it gets, however little, until it is
# asked: after a cycle that is as old as the cycle's beginning. A broker that has more answers sooner than that.
_NEWER_SECONDS = 0.004
_UNPACKED_AT_ONCE = 128 * 1024 * 1024  # bytes of what clients have packed, in one fetch


@dataclass(frozen=True, slots=True)
class _Decided(Generic[O]):
    """A batch of one partition, and what it leads to."""

    share: Share[O]
    outcome: O
    batch: Batch


class _Ahead(NamedTuple):
    """Who reads the urgent lane, and who is asked where it ends. A broker answers one request of a connection after the
    other: the reader's own question would wait until its fetch is answered, which waits for records to come."""

    reader: AIOKafkaConsumer
    asker: AIOKafkaConsumer


class Tenure(Generic[O]):
    """`run` works until `stop`. FENCED means that another process owns one of the partitions now; any other KafkaError
    that it may be tried again, with another tenure."""

    def __init__(self, consumer: AIOKafkaConsumer, shares: Sequence[Share[O]], options: StageOptions) -> None:
        self.owner = new_owner(options.group)
        self.committed = 0
        self._consumer = consumer
        self._shares = shares
        self._options = options
        self._joined: list[Share[O]] = []
        self.closing: asyncio.Future[list[object]] | None = None
        self._started = asyncio.Event()
        self._news = asyncio.Event()
        self._stopping = asyncio.Event()
        self._come = asyncio.Event()
        self._ahead: _Ahead | None = None
        self._rate = 0.0  # records a second
        self._began = time.monotonic()

    def stop(self) -> None:
        """Finish the cycle at hand, then return from `run`."""
        self._stopping.set()
        self._come.set()
        self._news.set()

    async def run(self) -> None:
        """Own the partitions until stopped. Raises KafkaError, StageError, and what a processor raises.

        Its clients are closed beside what follows (`closing`): the group waits for nothing that does not matter.
        """
        producers = [producer_of(self._options, name) for name in producer_ids(self.owner)]
        joining = asyncio.create_task(self._join_all(), name=f"{self.owner} joins")
        try:
            await asyncio.gather(*(producer.start() for producer in producers))
            async with self._reading_ahead():
                self._started.set()
                await self._work(producers, joining)
        finally:
            joining.cancel()
            stops = [within(CLOSE_SECONDS, producer.stop()) for producer in producers]
            self.closing = asyncio.gather(joining, *stops, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _reading_ahead(self) -> AsyncIterator[None]:
        """Read the urgent lane, if there is one, each partition from where its share says on."""
        parts = [share.urgent.tp for share in self._shares if share.urgent is not None]
        if not parts:
            yield
            return
        reader = scanner(self._options.connection, auto_offset_reset="none")
        ends = scanner(self._options.connection)
        async with started(reader, CLOSE_SECONDS), started(ends, CLOSE_SECONDS):
            reader.assign(parts)
            reader.pause(*parts)
            for part in parts:
                reader.seek(part, 0)  # or the client would look for a place by itself before the share knows it
            self._ahead = _Ahead(reader, ends)
            yield

    async def _join_all(self) -> None:
        await self._started.wait()  # before any claim: whoever claims a partition next fences these producers
        async with KafkaLedger(self._options) as ledger:
            joins = [asyncio.create_task(self._join(share, ledger)) for share in self._shares]
            try:
                await asyncio.gather(*joins)
            finally:
                for join in joins:
                    join.cancel()

    async def _join(self, share: Share[O], ledger: KafkaLedger) -> None:
        """Take a partition into the cycle as soon as it is ready: one that restores for long holds up no other."""
        log.debug("claiming %s", share)
        former = await claim(ledger, share.tp, self.owner)
        log.debug("restoring %s", share)
        await share.restore(self._consumer, self._ahead and self._ahead.reader, worked_on=bool(former))
        log.debug("joined %s", share)
        self._joined.append(share)
        self._news.set()

    async def _work(self, producers: Sequence[AIOKafkaProducer], joining: "asyncio.Task[None]") -> None:
        for producer in itertools.cycle(producers):
            await self._fetch()
            if joining.done():
                joining.result()
            if self._stopping.is_set():
                return
            began = time.monotonic()
            decided = await self._decide()
            ticks = [(share, tick) for share in self._joined if (tick := share.due_tick()) is not None]
            if decided or ticks:
                await self._transact(producer, decided, ticks)
                await self._pace(decided, began)
            else:
                await self._pass_markers(producer)

    async def _fetch(self) -> None:
        """Take over what has come, as soon as there is something to decide or a timer is due."""
        if not self._joined:
            await self._pause(self._options.idle)
            return
        before = self._waiting
        await self._poll(0.0)
        if not self._waiting:
            await self._poll(self._until_due())
        elif self._waiting > before:
            await self._poll(_NEWER_SECONDS)
        if self._ahead is not None and any(share.input.waiting for share in self._joined):
            await self._urgent_first(*self._ahead)

    async def _poll(self, wait: float) -> None:
        """What has come by all lanes, up to so many seconds from now, or until something has come by one of them."""
        self._come.clear()
        if self._stopping.is_set():
            return
        await asyncio.gather(*(self._take_over(consumer, inlets, wait) for consumer, inlets in self._lanes()))

    @property
    def _waiting(self) -> int:
        return sum(share.waiting for share in self._joined)

    async def _urgent_first(self, reader: AIOKafkaConsumer, asker: AIOKafkaConsumer) -> None:
        """Fetch the urgent lane to where it ends now: nothing that was written to the input later than an urgent record
        shall be decided before it, but where there is more that is urgent than fits into memory."""
        inlets = {share.urgent.tp: share.urgent for share in self._joined if share.urgent is not None}
        ends = await asker.end_offsets(list(inlets))
        while not self._stopping.is_set():
            fetched = [tp for tp, inlet in inlets.items() if not inlet.full]
            behind = [tp for tp in fetched if await reader.position(tp) < ends[tp]]
            if not behind:
                return
            self._come.clear()
            await self._take_over(reader, [inlets[tp] for tp in behind], self._options.idle)

    def _lanes(self) -> Iterator[tuple[AIOKafkaConsumer, list[Inlet]]]:
        yield self._consumer, [share.input for share in self._joined]
        if self._ahead is not None:
            yield self._ahead.reader, [share.urgent for share in self._joined if share.urgent is not None]

    async def _take_over(self, consumer: AIOKafkaConsumer, inlets: Sequence[Inlet], wait: float) -> None:
        """What has come, up to so many seconds from now, or until something has come by the other lane."""
        by_part = {inlet.tp: inlet for inlet in inlets}
        try:
            with at_most(_UNPACKED_AT_ONCE):
                batches = await poll(consumer, by_part, wait, self._come)
        except (UnicodeDecodeError, CorruptRecordException):
            # One partition's batch is refused, or all together come to too much. Which one, and what was fetched of the
            # others, the client does not say.
            await asyncio.gather(*(inlet.read_leniently(consumer) for inlet in inlets))
            batches = {}
        finally:
            self._come.set()
        for tp, records in batches.items():
            by_part[tp].take(records)
        for inlet in inlets:
            inlet.regulate(consumer)

    def _until_due(self) -> float:
        """Seconds until the next timer, at most `idle`."""
        now = time.time()
        ahead = [due / 1000 - now for share in self._joined if (due := share.processor.due()) is not None]
        return min([self._options.idle, *(seconds for seconds in ahead if seconds > 0)])

    async def _decide(self) -> list[_Decided[O]]:
        """A batch of each partition that has records; together they stay near the budget: no heartbeat starves."""
        busy = [share for share in self._joined if share.waiting]
        decided: list[_Decided[O]] = []
        for share in busy:
            batch, began = share.batch(), time.monotonic()
            outcome = await share.processor.decide([*batch.urgent, *batch.rest])
            share.took(batch.size, time.monotonic() - began, self._options.budget / len(busy))
            decided.append(_Decided(share, outcome, batch))
        return decided

    async def _transact(
        self,
        producer: AIOKafkaProducer,
        decided: Sequence[_Decided[O]],
        ticks: Sequence[tuple[Share[O], Send]],
        passed: Mapping[TopicPartition, int] = _NOTHING,
    ) -> None:
        """All or nothing; `passed` are offsets behind markers. Raises KafkaError or FENCED; then nothing is settled,
        though it may have been committed."""
        try:
            began = time.monotonic()
            placed = await self._commit(producer, decided, [tick for _, tick in ticks], passed)
        except (AssertionError, IllegalOperation) as error:
            # What a producer is asked to do that has died, or dies meanwhile, aiokafka takes for a wrong use of it.
            raise death_of(producer) or KafkaError(f"the producer is in a wrong state: {error}") from error
        for each in decided:
            each.share.committed(each.outcome, each.batch)
        for (share, _), metadata in zip(ticks, placed, strict=True):
            share.ticked(metadata.offset, metadata.timestamp)
        self.committed += 1
        metrics.STAGE_COMMIT_SECONDS.labels(self._options.group).observe(time.monotonic() - began)
        metrics.STAGE_RECORDS.labels(self._options.group).inc(sum(each.batch.size for each in decided))

    async def _commit(
        self,
        producer: AIOKafkaProducer,
        decided: Sequence[_Decided[O]],
        ticks: Sequence[Send],
        passed: Mapping[TopicPartition, int],
    ) -> list[RecordMetadata]:
        """Where and when the ticks were taken in."""
        log.debug("sending")
        for each in decided:
            each.share.begin()
        await producer.begin_transaction()
        sent = await send_all(producer, itertools.chain.from_iterable(each.outcome.sends for each in decided))
        ticked = [future for tick in ticks for future, _ in await send_all(producer, [tick])]
        # A failed send fails only its own future: without awaiting all, the commit would lose the record.
        acknowledged = asyncio.gather(*ticked, *(future for future, _ in sent))
        acknowledged.add_done_callback(seen)
        offsets = dict(passed)
        for each in decided:
            offsets |= each.share.offsets_after(each.batch)
        if offsets:
            await producer.send_offsets_to_transaction(offsets, self._options.group)
        placed = await acknowledged
        log.debug("committing")
        await producer.commit_transaction()
        log.debug("committed")
        return placed[: len(ticked)]

    async def _pass_markers(self, producer: AIOKafkaProducer) -> None:
        """Commit that nothing is left, so that whoever compares committed offsets with the ends of the log sees no
        backlog. It decides nothing, and the group refuses it from a process that has lost its partitions; what fails
        here is committed with the next batch."""
        own, *ahead = [await _behind_markers(consumer, inlets) for consumer, inlets in self._lanes()]
        if own:
            await within(_MARKERS_SECONDS, self._consumer.commit(own))
        for passed in filter(None, ahead):  # a member may commit only what the group has given it
            await self._transact(producer, (), (), passed)

    async def _pace(self, decided: Sequence[_Decided[O]], began: float) -> None:
        """Wait before the next cycle, the longer the more there is to do: a transaction costs much the same for ten
        records as for a thousand."""
        now = time.monotonic()
        count = sum(each.batch.size for each in decided)
        self._rate += (count / max(now - self._began, 1e-3) - self._rate) * _SMOOTHING
        self._began = now
        pace = self._options.pace * min(1.0, self._rate / self._options.busy_rate)
        await self._pause(pace - (now - began))

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until there is news: a partition has joined, or the end has come."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), seconds)
            self._news.clear()


async def _behind_markers(consumer: AIOKafkaConsumer, inlets: Sequence[Inlet]) -> dict[TopicPartition, int]:
    positions = {inlet.tp: await inlet.behind_markers(consumer) for inlet in inlets}
    return {tp: position for tp, position in positions.items() if position is not None}

"""One assignment of partitions to this process, from the claims to the last cycle.

    begin    a name that was never used before, and its two producers
    join     each partition by itself: claim it, restore its state, go to where it goes on; then it takes part in
    cycle    fetch → decide each partition's batch → one transaction: send, offsets, await every send, commit → settle

What is fetched comes by one lane or two (`lanes.py`); the offsets of both are committed together. What a scout finds
behind a backlog (`scout.py`) is sent in the same transaction, and has no offset. A stage with a state, which says by
itself where it goes on, tells the group only once a second, and when it rests.

Nothing but the commit makes a decision true: until then it is an overlay that can be dropped. Whatever fails ends the
tenure; what it left open is aborted when its partitions are claimed the next time, by this process or another.
"""

import asyncio
import itertools
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import IllegalOperation, KafkaError
from aiokafka.structs import RecordMetadata

from streams import metrics
from streams.kafka.closing import CLOSE_SECONDS, death_of, seen, within
from streams.kafka.sending import Send, send_all
from streams.stage.claims import KafkaLedger, claim, new_owner, producer_ids, producer_of
from streams.stage.lanes import Lanes
from streams.stage.processing import O, StageOptions
from streams.stage.scout import Scouted
from streams.stage.share import Batch, Share
from streams.tasks import set_within

log = logging.getLogger(__name__)

_SMOOTHING = 0.2
_NOTHING: Mapping[TopicPartition, int] = {}
_MARKERS_SECONDS = 1.0
# A state says by itself where its partition goes on: the group's offsets are for those who look on, and a transaction
# without them takes two requests and a record less.
_TELL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Decided(Generic[O]):
    """A batch of one partition, what it leads to, and what its scout has seen meanwhile."""

    share: Share[O]
    outcome: O
    batch: Batch
    scouted: Scouted | None = None

    @property
    def sends(self) -> Iterator[Send]:
        """All that belongs into the transaction."""
        yield from self.outcome.sends
        if self.scouted is not None:
            yield from self.scouted.glance.sends


class Tenure(Generic[O]):
    """The work on the partitions that this process has been given, from their claims until it is to stop. It is used
    once. What `run` raises says how to go on: FENCED, that another process owns one of the partitions now; any other
    KafkaError, that another tenure may try again; all else, that the process must end."""

    def __init__(self, consumer: AIOKafkaConsumer, shares: Sequence[Share[O]], options: StageOptions) -> None:
        self.owner = new_owner(options.group)
        self.committed = 0
        self._consumer = consumer
        self._shares = shares
        self._options = options
        self._joined: list[Share[O]] = []
        self._lanes = Lanes(consumer, self._joined, options)
        self.closing: asyncio.Future[list[object]] | None = None
        self._started = asyncio.Event()
        self._news = asyncio.Event()
        self._stopping = asyncio.Event()
        self._rate = 0.0  # records a second
        self._committing = 0.0  # seconds that a transaction takes
        self._began = time.monotonic()
        self._stateful = any(share.processor.changelogs for share in shares)
        self._untold: dict[TopicPartition, int] = {}  # where partitions with a state go on, as the group does not know
        self._told = float("-inf")

    def stop(self) -> None:
        """Finish the cycle at hand, then return from `run`."""
        self._stopping.set()
        self._lanes.stop()
        self._news.set()

    async def run(self) -> None:
        """Own the partitions until stopped. Raises KafkaError, StageError, and what a processor raises.

        Its clients are closed beside what follows (`closing`): the group waits for nothing that does not matter.
        """
        producers = [producer_of(self._options, name) for name in producer_ids(self.owner)]
        joining = asyncio.create_task(self._join_all(), name=f"{self.owner} joins")
        try:
            await asyncio.gather(*(producer.start() for producer in producers))
            async with self._lanes.reading(self._shares):
                self._started.set()
                await self._work(producers, joining)
        finally:
            joining.cancel()
            stops = [within(CLOSE_SECONDS, producer.stop()) for producer in producers]
            self.closing = asyncio.gather(joining, *stops, return_exceptions=True)

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
        await share.restore(self._consumer, self._lanes.urgent_reader, worked_on=bool(former))
        log.debug("joined %s", share)
        if self._stateful:
            self._untold |= share.goes_on
        self._joined.append(share)
        self._news.set()

    async def _work(self, producers: Sequence[AIOKafkaProducer], joining: "asyncio.Task[None]") -> None:
        for producer in itertools.cycle(producers):
            await (self._lanes.fetch() if self._joined else self._pause(self._options.idle))
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

    async def _decide(self) -> list[_Decided[O]]:
        """A batch of each partition that has records; together they stay near the budget: no heartbeat starves."""
        busy = [share for share in self._joined if share.waiting]
        decided: list[_Decided[O]] = []
        for share in busy:
            batch, began = share.batch(), time.monotonic()
            outcome = await share.processor.decide([*batch.urgent, *batch.rest])
            patient = share.processor.patient or self._options.is_behind(share.waiting, batch.size)
            budget = self._options.budget_of(len(busy), self._committing, patient)
            share.took(batch.size, time.monotonic() - began, budget)
            scouted = await share.scout.look(batch.behind, budget) if share.scout is not None else None
            decided.append(_Decided(share, outcome, batch, scouted))
            await asyncio.sleep(0)  # heartbeats have their turn between two partitions
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
            each.share.committed(each.outcome, each.batch, each.scouted)
        for (share, _), metadata in zip(ticks, placed, strict=True):
            share.ticked(metadata.offset, metadata.timestamp)
        self.committed += 1
        took = time.monotonic() - began
        self._committing += (took - self._committing) * _SMOOTHING
        metrics.STAGE_COMMIT_SECONDS.labels(self._options.group).observe(took)
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
        packed = self._options.packed
        sent = await send_all(producer, itertools.chain.from_iterable(each.sends for each in decided), packed)
        ticked = [future for tick in ticks for future, _ in await send_all(producer, [tick], packed)]
        # A failed send fails only its own future: without awaiting all, the commit would lose the record.
        acknowledged = asyncio.gather(*ticked, *(future for future, _ in sent))
        acknowledged.add_done_callback(seen)
        for each in decided:
            self._untold |= each.share.offsets_after(each.batch)
        if not self._stateful or passed or time.monotonic() > self._told + _TELL_SECONDS:
            offsets, self._untold, self._told = {**self._untold, **passed}, {}, time.monotonic()
            if offsets:
                await producer.send_offsets_to_transaction(offsets, self._options.group)
        placed = await acknowledged
        log.debug("committing")
        await producer.commit_transaction()
        log.debug("committed")
        return placed[: len(ticked)]

    async def _pass_markers(self, producer: AIOKafkaProducer) -> None:
        """Commit what the group has not been told, and that nothing is left, so that whoever compares committed offsets
        with the ends of the log sees no backlog."""
        own, *urgent = await self._lanes.behind_markers()
        untold, self._untold = self._untold, {}
        mine = {share.tp for share in self._joined}
        if own := {tp: offset for tp, offset in untold.items() if tp in mine} | own:
            await self._tell(own)
        # A member may commit only what the group has given it.
        passed = {tp: offset for tp, offset in untold.items() if tp not in mine}
        for each in urgent:
            passed |= each
        if passed:
            await self._transact(producer, (), (), passed)

    async def _tell(self, offsets: dict[TopicPartition, int]) -> None:
        """Commit offsets of the input without a transaction: that decides nothing, and the group refuses it from a
        process that has lost its partitions. What fails here is told the next time."""
        try:
            async with asyncio.timeout(_MARKERS_SECONDS):
                await self._consumer.commit(offsets)
        except (TimeoutError, KafkaError) as error:
            log.info("%s was not told where it goes on: %r", self._options.group, error)
            self._untold = offsets | self._untold

    async def _pace(self, decided: Sequence[_Decided[O]], began: float) -> None:
        """Wait before the next cycle, the longer the more there is to do: a transaction costs much the same for ten
        records as for a thousand."""
        now = time.monotonic()
        count = sum(each.batch.size for each in decided)
        self._rate += (count / max(now - self._began, 1e-3) - self._rate) * _SMOOTHING
        self._began = now
        await self._pause(self._options.pace_at(self._rate) - (now - began))

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until there is news: a partition has joined, or the end has come."""
        if seconds > 0:
            await set_within(self._news, seconds)
            self._news.clear()

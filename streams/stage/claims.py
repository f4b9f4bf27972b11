"""Claims: how a partition changes hands when all partitions of a process share its transactions.

Whoever starts a producer with a transactional id fences every earlier one with that id, and what that one left open is
aborted before the start returns. An *owner* is a name that is used once, for one assignment of partitions to a process;
its producers' ids begin with it. A *claimer* is a producer with an id of the partition's own. A claim goes

    1  start the partition's claimer      every earlier claimer can commit no claim any more
    2  read its last committed claim      whom to fence: it no longer changes but through this claimer
    3  fence the owner that it names      what that owner left open is aborted, it can commit nothing any more
    4  commit the own name as the claim   fenced here: somebody newer owns the partition

and only then the state is restored and the input read. Why that is enough: an owner works on a partition only after
its claim is committed. Whoever claims the partition next has fenced the claimer first, so it reads that claim or knows
that it will never be, and it fences the owner that it reads before it claims itself. By induction every former owner
is fenced before a new one works. Names are never used twice, so fencing a former one never hits a member at work.
`tests/properties/stage/test_claims.py` runs `claim` through every interleaving of a small world.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Protocol

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.clients import log_reader, scanner, started, transactional
from streams.kafka.closing import CLOSE_SECONDS
from streams.kafka.log_reading import read_whole, take_newest
from streams.kafka.sizes import BATCH_BYTES
from streams.stage.processing import StageOptions

# An owner takes its transactions in turn with several producers: while the markers of one transaction are being
# written, the broker lets its producer begin no other, and another one need not wait for that.
PRODUCERS = 2
_OPEN_SECONDS = 15.0


class Claimer(Protocol):
    """The producer of a claim, started: every earlier claimer of its partition is fenced."""

    async def commit(self, owner: str) -> None:
        """Write the claim. Raises FENCED when there is a newer claimer."""


class Ledger(Protocol):
    """Where it stands which process has claimed which partition, and the claimers that write there."""

    def claimer(self, tp: TopicPartition) -> contextlib.AbstractAsyncContextManager[Claimer]:
        """Start the claimer of a partition."""

    async def owner_of(self, tp: TopicPartition) -> str:
        """The owner that the last committed claim names; empty when nobody has ever claimed the partition."""

    async def fence(self, owner: str) -> None:
        """Make sure that an owner can commit nothing any more, and that what it left open is aborted."""


async def claim(ledger: Ledger, tp: TopicPartition, owner: str) -> str:
    """Make `owner` the one that works on a partition; who owned it before, empty where nobody ever has.

    Raises FENCED when somebody newer claims it at the same time.
    """
    async with ledger.claimer(tp) as claimer:
        former = await ledger.owner_of(tp)
        if former and former != owner:
            await ledger.fence(former)
        await claimer.commit(owner)
    return former


def new_owner(group: str) -> str:
    """A name that was never used before."""
    return f"{group}-{uuid.uuid4().hex[:12]}"


def producer_ids(owner: str) -> list[str]:
    """The transactional ids of an owner's producers."""
    return [f"{owner}-{number}" for number in range(PRODUCERS)]


def producer_of(options: StageOptions, name: str) -> AIOKafkaProducer:
    """A producer of a stage's transactions with this id, not yet started."""
    return transactional(
        options.connection,
        name,
        transaction_timeout_ms=options.transaction_timeout_ms,
        max_batch_size=BATCH_BYTES,
        retry_backoff_ms=5,
    )


class KafkaLedger:
    """The claims of one consumer group, in a compacted topic: the claim of input partition n of any topic stands in its
    partition n, under the group and the input partition."""

    def __init__(self, options: StageOptions) -> None:
        self._options, self._group, self._topic = options, options.group, options.claims
        self._fenced: dict[str, asyncio.Task[None]] = {}
        self._reading = asyncio.Lock()

    async def __aenter__(self) -> "KafkaLedger":
        async with contextlib.AsyncExitStack() as stack:
            committed = scanner(self._options.connection)
            written = log_reader(self._options.connection, isolation_level="read_uncommitted")
            self._committed = await stack.enter_async_context(started(committed, CLOSE_SECONDS))
            self._written = await stack.enter_async_context(started(written, CLOSE_SECONDS))
            self._closing = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._fenced.values():
            task.cancel()
        await self._closing.aclose()

    @contextlib.asynccontextmanager
    async def claimer(self, tp: TopicPartition) -> AsyncIterator["KafkaClaimer"]:
        """Start the claimer of a partition. Raises KafkaError."""
        async with self._started(f"{self._group}-{tp.topic}-{tp.partition}") as producer:
            yield KafkaClaimer(producer, TopicPartition(self._topic, tp.partition), self._key(tp))

    async def owner_of(self, tp: TopicPartition) -> str:
        """See `Ledger`. Raises KafkaError, also when another claim of this partition number stays open for too long."""
        part, rows = TopicPartition(self._topic, tp.partition), dict[str, bytes]()
        async with self._reading:
            # All that is written, not only what is committed: an open claim of another input hides what is behind it.
            ends = await self._written.end_offsets([part])
            try:
                async with asyncio.timeout(_OPEN_SECONDS):
                    async for _, records in read_whole(self._committed, [part], ends):
                        take_newest(rows, records)
            except TimeoutError:
                raise KafkaError(f"a claim in {self._topic}/{tp.partition} stays open") from None
        return rows.get(self._key(tp), b"").decode()

    async def fence(self, owner: str) -> None:
        """See `Ledger`; each owner once, whoever asks. Raises KafkaError."""
        if owner not in self._fenced:
            self._fenced[owner] = asyncio.create_task(self._fence(owner), name=f"fence {owner}")
        await asyncio.shield(self._fenced[owner])

    async def _fence(self, owner: str) -> None:
        async with contextlib.AsyncExitStack() as stack:
            producers = [stack.enter_async_context(self._started(name)) for name in producer_ids(owner)]
            await asyncio.gather(*producers)

    def _started(self, name: str) -> contextlib.AbstractAsyncContextManager[AIOKafkaProducer]:
        return started(producer_of(self._options, name), CLOSE_SECONDS)

    def _key(self, tp: TopicPartition) -> str:
        return f"{self._group} {tp.topic}/{tp.partition}"


class KafkaClaimer:
    """The claimer of one partition, started: a transactional producer of the topic of claims."""

    def __init__(self, producer: AIOKafkaProducer, part: TopicPartition, key: str) -> None:
        self._producer, self._part, self._key = producer, part, key

    async def commit(self, owner: str) -> None:
        """See `Claimer`. Raises KafkaError, too: then the claim may stand or not."""
        async with self._producer.transaction():
            await self._producer.send_and_wait(
                self._part.topic, owner.encode(), key=self._key.encode(), partition=self._part.partition
            )

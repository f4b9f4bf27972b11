"""What a tenure reads: the input of the group's consumer; beside it the urgent lane 急件通道, if a stage has one; and
what has just arrived behind a backlog, if it has a scout 前哨.

These have readers which belong to no group: so the partition of the lane goes with that of the input, whatever the
group's members read.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Generic, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CorruptRecordException

from streams.kafka.clients import follower, scanner, started
from streams.kafka.closing import CLOSE_SECONDS
from streams.kafka.polling import poll
from streams.kafka.unpacking import at_most
from streams.stage.inlet import Inlet
from streams.stage.processing import O, StageOptions
from streams.stage.share import Share
from streams.tasks import together

# The client asks for more as soon as all that it had is taken, and holds what it gets, however little, until it is
# asked: after a cycle that is as old as the cycle's beginning. A broker that has more answers sooner than that.
_NEWER_SECONDS = 0.004
_UNPACKED_AT_ONCE = 128 * 1024 * 1024  # bytes of what clients have packed, in one fetch


class _Urgent(NamedTuple):
    """Who reads the urgent lane, and who is asked where it ends. A broker answers one request of a connection after the
    other: the reader's own question would wait until its fetch is answered, which waits for records to come."""

    reader: AIOKafkaConsumer
    asker: AIOKafkaConsumer


class Lanes(Generic[O]):
    """Fetches for the shares that have `joined`, a list that grows; use it within `reading`."""

    def __init__(self, consumer: AIOKafkaConsumer, joined: Sequence[Share[O]], options: StageOptions) -> None:
        self._consumer = consumer
        self._joined = joined
        self._options = options
        self._urgent: _Urgent | None = None
        self._scouting: AIOKafkaConsumer | None = None
        self._come = asyncio.Event()
        self._stopped = False

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._stopped = True
        self._come.set()

    @property
    def urgent_reader(self) -> AIOKafkaConsumer | None:
        """The reader of the urgent lane; None where there is none."""
        return None if self._urgent is None else self._urgent.reader

    @contextlib.asynccontextmanager
    async def reading(self, shares: Sequence[Share[O]]) -> AsyncIterator[None]:
        """Read the urgent lane, if there is one, of all shares, each from where it says on once it has joined; and have
        a reader for their scouts, if they have some."""
        async with contextlib.AsyncExitStack() as open_readers:
            if parts := [share.urgent.tp for share in shares if share.urgent is not None]:
                reader = follower(self._options.connection, auto_offset_reset="none")
                ends = scanner(self._options.connection)
                for each in (reader, ends):
                    await open_readers.enter_async_context(started(each, CLOSE_SECONDS))
                reader.assign(parts)
                reader.pause(*parts)
                for part in parts:
                    reader.seek(part, 0)  # or the client would look for a place by itself before the share knows it
                self._urgent = _Urgent(reader, ends)
            if scouts := [share.scout for share in shares if share.scout is not None]:
                scouting = follower(self._options.connection)
                await open_readers.enter_async_context(started(scouting, CLOSE_SECONDS))
                scouting.assign([scout.inlet.tp for scout in scouts])
                for scout in scouts:
                    scout.rest(scouting)
                self._scouting = scouting
            yield

    async def fetch(self) -> None:
        """Take over what has come, as soon as there is something to decide or a timer is due."""
        before = self._waiting
        await self._poll(0.0)
        if not self._waiting:
            await self._poll(self._until_due())
        elif self._waiting > before:
            await self._poll(_NEWER_SECONDS)
        if self._urgent is not None and any(share.input.waiting for share in self._joined):
            await self._urgent_first(*self._urgent)
        if self._scouting is not None:
            await self._look_ahead(self._scouting)

    async def behind_markers(self) -> list[dict[TopicPartition, int]]:
        """Of the input, and of the urgent lane if there is one: where partitions go on of which nothing is left to
        decide, and behind what was committed or told before lie only the markers of transactions."""
        return [await _behind_markers(consumer, inlets) for consumer, inlets in self._all()]

    @property
    def _waiting(self) -> int:
        return sum(share.waiting for share in self._joined)

    def _until_due(self) -> float:
        """Seconds until the next timer, at most `idle`."""
        now = time.time()
        left = [due / 1000 - now for share in self._joined if (due := share.processor.due()) is not None]
        return min([self._options.idle, *(seconds for seconds in left if seconds > 0)])

    async def _poll(self, wait: float) -> None:
        """What has come by all lanes, up to so many seconds from now, or until something has come by one of them."""
        self._come.clear()
        if self._stopped:
            return
        await together(*(self._take_over(consumer, inlets, wait) for consumer, inlets in self._all()))

    async def _urgent_first(self, reader: AIOKafkaConsumer, asker: AIOKafkaConsumer) -> None:
        """Fetch the urgent lane to where it ends now: nothing that was written to the input later than an urgent record
        shall be decided before it, but where there is more that is urgent than fits into memory."""
        inlets = {share.urgent.tp: share.urgent for share in self._joined if share.urgent is not None}
        ends = await asker.end_offsets(list(inlets))
        while not self._stopped:
            fetched = [tp for tp, inlet in inlets.items() if not inlet.full]
            behind = [tp for tp in fetched if await reader.position(tp) < ends[tp]]
            if not behind:
                return
            self._come.clear()
            await self._take_over(reader, [inlets[tp] for tp in behind], self._options.idle)

    async def _look_ahead(self, reader: AIOKafkaConsumer) -> None:
        """Fetch for the scouts that are out, what has arrived by now; it waits for nothing."""
        inlets: list[Inlet] = []
        for share in self._joined:
            if share.scout is not None:
                share.look_ahead(reader, max(_known_end(each, share.tp) for each in (self._consumer, reader)))
                inlets += [share.scout.inlet] if share.scout.is_out else []
        if inlets:
            self._come.clear()
            await self._take_over(reader, inlets, 0.0)

    def _all(self) -> Iterator[tuple[AIOKafkaConsumer, list[Inlet]]]:
        yield self._consumer, [share.input for share in self._joined]
        if self._urgent is not None:
            yield self._urgent.reader, [share.urgent for share in self._joined if share.urgent is not None]

    async def _take_over(self, consumer: AIOKafkaConsumer, inlets: Sequence[Inlet], wait: float) -> None:
        """What has come, up to so many seconds from now, or until something has come by the other lane."""
        by_part = {inlet.tp: inlet for inlet in inlets}
        try:
            with at_most(_UNPACKED_AT_ONCE):
                batches = await poll(consumer, by_part, wait, self._come)
        except (UnicodeDecodeError, CorruptRecordException):
            # One partition's batch is refused, or all together come to too much. Which one, and what was fetched of the
            # others, the client does not say.
            await together(*(inlet.read_leniently(consumer) for inlet in inlets))
            batches = {}
        finally:
            self._come.set()
        for tp, records in batches.items():
            by_part[tp].take(records)
        for inlet in inlets:
            inlet.regulate(consumer)


async def _behind_markers(consumer: AIOKafkaConsumer, inlets: Sequence[Inlet]) -> dict[TopicPartition, int]:
    positions = {inlet.tp: await inlet.behind_markers(consumer) for inlet in inlets}
    return {tp: position for tp, position in positions.items() if position is not None}


def _known_end(consumer: AIOKafkaConsumer, tp: TopicPartition) -> int:
    """Where what is committed in a partition ends, by the broker's last answer to this consumer; 0 before any."""
    return int(consumer.last_stable_offset(tp) or 0)

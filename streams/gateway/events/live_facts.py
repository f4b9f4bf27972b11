"""The facts that change lists, for whoever follows them: the newest are kept, so that who comes again misses nothing.

Each follower has a *place*: for each partition of the log of facts the offset up to which it was told. As text, those
numbers with dots between, it is the id of the server-sent events, and means the same at every gateway.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable
from enum import Enum
from typing import NamedTuple

import msgspec

from dispatcher.order import facts
from dispatcher.order.facts import Assigned, Fact, UpdateRefused
from models.record import Record
from streams.tasks import set_within

log = logging.getLogger(__name__)

MOST_KEPT = 2_000
MOST_BEHIND = 200  # facts that a slow follower may have before it, until it loses the oldest
_RECENT = 50
QUIET_SECONDS = 15.0  # after so long whoever follows is told that there was nothing
_MOST_DIGITS = 18
_UNREAD = -2  # of a partition of which nothing was read yet; -1 is in front of its first record


class Told(NamedTuple):
    """A fact and where it stands in the log; without an offset one that is shown again."""

    fact: Fact
    partition: int = 0
    offset: int | None = None


class Sign(Enum):
    """What is told besides facts: that some were `MISSED`; `NOTHING`, that those so far were all."""

    MISSED = "missed"
    NOTHING = "nothing"


class StreamPosition:
    """Up to where somebody was told."""

    def __init__(self, offsets: Iterable[int]) -> None:
        self.offsets = list(offsets)

    def __str__(self) -> str:
        """Its id; empty while it is not known of every partition."""
        return "" if _UNREAD in self.offsets else ".".join(map(str, self.offsets))

    def read(self, text: str) -> "StreamPosition | None":
        """The place of an id, no further on than this one; None where it is no id of as many partitions."""
        parts = text.split(".")
        if len(parts) != len(self.offsets) or not all(map(_is_offset, parts)):
            return None
        return StreamPosition(min(int(part), own) for part, own in zip(parts, self.offsets, strict=True))


def _is_offset(text: str) -> bool:
    return text == "-1" or (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS)


class _Kept(NamedTuple):
    """A record that changes a list, as it was read."""

    partition: int
    offset: int
    kind: str
    value: bytes | None


class LiveFacts:
    """What changes lists, as the log of facts tells it, and those who follow."""

    def __init__(self, partitions: int) -> None:
        self._place = StreamPosition([_UNREAD] * partitions)
        self._known_from = [0] * partitions  # the offsets from which on all that changes lists is kept
        self._kept: deque[_Kept] = deque()
        self._recent: deque[Told] = deque(maxlen=_RECENT)
        self._followers: set[_Follower] = set()

    @property
    def followers(self) -> int:
        """How many follow."""
        return len(self._followers)

    def next_of(self, partition: int) -> int | None:
        """The offset behind what was read of a partition; None where that was nothing."""
        last = self._place.offsets[partition]
        return None if last == _UNREAD else last + 1

    def begin_at(self, partition: int, offset: int) -> None:
        """A partition is read from this offset on. What that leaves out, everybody has missed."""
        expected = self.next_of(partition)
        if expected == offset:
            return
        self._known_from[partition], self._place.offsets[partition] = offset, offset - 1
        # What lies before a gap serves nobody; forgotten later, it would be taken for the last that is not known.
        self._kept = deque(one for one in self._kept if one.partition != partition)
        if expected is not None:
            for follower in self._followers:
                follower.put(Sign.MISSED)

    def pass_by(self, record: Record, kind: str) -> None:
        """Take notice of a record of the log; one that changes a list comes with its `kind`, and is kept; of
        any other that is empty."""
        self._place.offsets[record.partition] = record.offset
        if not kind:
            return
        self._kept.append(_Kept(record.partition, record.offset, kind, record.value))
        if len(self._kept) > MOST_KEPT:
            forgotten = self._kept.popleft()
            self._known_from[forgotten.partition] = forgotten.offset + 1

    def tell(self, told: Told) -> None:
        """Tell those who follow."""
        if isinstance(told.fact, Assigned):
            self._recent.append(Told(told.fact))
        for follower in self._followers:
            follower.put(told)

    def end(self) -> None:
        """Nobody who follows now gets any more of it."""
        for follower in self._followers:
            follower.end()

    async def follow(self, last: str = "") -> AsyncIterator[tuple[Told | Sign, StreamPosition]]:
        """What is told from now on, each with the place behind it; `NOTHING` when that was all, and then every 15 s.

        First comes what was told since the event with the id `last`. Without one, or where that is not known any more
        (`MISSED`), the recent assignments, oldest first. It ends with `end`.
        """
        since = self._place.read(last) if last else None
        follower = _Follower()
        if since is not None and self._reaches_back_to(since):
            place = since
            first: list[Told | Sign | _Kept] = [one for one in self._kept if one.offset > since.offsets[one.partition]]
        else:
            place = StreamPosition(self._place.offsets)
            first = [*([Sign.MISSED] if last else ()), *self._recent]
        self._followers.add(follower)
        try:
            for one in first:
                told = _read(one) if isinstance(one, _Kept) else one
                if told is not None and not follower.ended:
                    yield told, _behind(place, told)
            yield Sign.NOTHING, place
            async for told in follower.told():
                if told is Sign.NOTHING:
                    place.offsets[:] = self._place.offsets
                yield told, _behind(place, told)
        finally:
            self._followers.discard(follower)

    def _reaches_back_to(self, place: StreamPosition) -> bool:
        """Whether all that changes lists is kept behind a place."""
        return all(known <= at + 1 for at, known in zip(place.offsets, self._known_from, strict=True))


class _Follower:
    """What somebody has still to be told."""

    def __init__(self) -> None:
        self._waiting: deque[Told | Sign] = deque()
        self._more = asyncio.Event()
        self.ended = False

    def put(self, told: Told | Sign) -> None:
        """Put it behind the rest; who is too far behind loses the oldest, and hears of that."""
        if len(self._waiting) >= MOST_BEHIND:
            self._waiting.popleft()
            self._waiting[0] = Sign.MISSED
        self._waiting.append(told)
        self._more.set()

    def end(self) -> None:
        """There is no more."""
        self.ended = True
        self._more.set()

    async def told(self) -> AsyncIterator[Told | Sign]:
        """All of it, one after the other; `NOTHING` where for 15 s there was none, and none waits."""
        while not self.ended:
            if self._waiting:
                yield self._waiting.popleft()
                continue
            self._more.clear()
            if not await set_within(self._more, QUIET_SECONDS):
                yield Sign.NOTHING


def _behind(place: StreamPosition, told: Told | Sign) -> StreamPosition:
    if isinstance(told, Told) and told.offset is not None:
        place.offsets[told.partition] = told.offset
    return place


def _read(kept: _Kept) -> Told | None:
    """The fact of a record; None, as when it came, where it holds none."""
    try:
        fact = facts.from_wire(kept.kind, kept.value or b"")
    except (KeyError, msgspec.MsgspecError) as error:
        log.error("partition %d of the log of facts holds no fact at %d: %s", kept.partition, kept.offset, error)
        return None
    return None if isinstance(fact, UpdateRefused) else Told(fact, kept.partition, kept.offset)

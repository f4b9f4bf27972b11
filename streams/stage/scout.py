"""The scout 前哨: what arrives behind a backlog is looked at before its turn comes, for what is urgent in it.

It reads a stage's own input with a reader that belongs to no group, and commits no offset: the stage meets each record
again in its turn. Where a partition has more waiting than a few cycles take, it stands at the end of the log. It is
given a share of each cycle and looks at the newest first; what it has no time for is left to its turn, and counted.
"""

import time
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams import metrics
from streams.stage.inlet import Inlet, length_of
from streams.stage.processing import Glance, Lookout
from streams.stage.quota import Quota

_FEW = 8  # cycles; what waits no longer than these is not worth a second look
_SHARE_OF_A_CYCLE = 4  # one part in so many of the time to decide
_MOST_BYTES = 16 * 1024 * 1024  # of values at hand


class Waits(NamedTuple):
    """What waits in a partition: the stage's next record is that at `next_offset`, of which it takes `a_cycle` in a
    cycle; the log ends at `end`, as far as is known."""

    next_offset: int
    a_cycle: int
    end: int


def course_of(waits: Waits, here: int, is_out: bool, most: int) -> int | None:
    """From where a scout reads on that has read all before `here`, and keeps up to `most` records at hand; None where
    it is not wanted. It comes home later than it went out."""
    waiting = waits.end - waits.next_offset
    if not is_out:
        if waiting <= _FEW * waits.a_cycle:
            return None
        # With the latest of what came before anybody knew that it would have to wait.
        return min(waits.end, max(here, waits.next_offset, waits.end - most))
    if waiting < _FEW * waits.a_cycle // 2:
        return None
    return waits.end if waits.end - here > 2 * most else here


class Scouted(NamedTuple):
    """Records that were looked at ahead of their turn, and what they came to."""

    records: Sequence[ConsumerRecord]
    glance: Glance


class Scout:
    """Looks ahead in one input partition, which it reads by `inlet`."""

    def __init__(self, tp: TopicPartition, group: str, lookout: Lookout, most: int) -> None:
        self.inlet = Inlet(tp, most)
        self.is_out = False
        self._group = group
        self._lookout = lookout
        self._most = most
        self._unseen: deque[ConsumerRecord] = deque()  # read and not looked at, in their order
        self._bytes = 0
        self._quota = Quota(most)

    def rest(self, reader: AIOKafkaConsumer) -> None:
        """Look ahead no more; what was read and not looked at is left to its turn, or read again."""
        self.is_out = False
        self.inlet.begin(reader, self._unseen[0].offset if self._unseen else self.inlet.next_offset)
        reader.pause(self.inlet.tp)
        self._unseen.clear()
        self._bytes = 0

    def follow(self, reader: AIOKafkaConsumer, waits: Waits) -> None:
        """Go out to the end of the log, on with it, or home, by what waits."""
        here = self.inlet.next_offset
        course = course_of(waits, here, self.is_out, self._most)
        if course is None:
            if self.is_out:
                self.rest(reader)
            return
        if not self.is_out or course > here:
            self._missed(course - here if self.is_out else 0)
            self.inlet.begin(reader, course)
        self.is_out = True

    async def look(self, behind: int, budget: float) -> Scouted | None:
        """Look at the newest records at hand, for a share of so many seconds, but at none before the offset `behind`:
        these have their turn by now. None where there are none."""
        self._take_over(behind)
        records = list(islice(reversed(self._unseen), self._quota.records))[::-1]
        if not records:
            return None
        began = time.monotonic()
        glance = await self._lookout(records)
        self._quota.took(len(records), time.monotonic() - began, budget / _SHARE_OF_A_CYCLE)
        return Scouted(records, glance)

    def committed(self, scouted: Scouted) -> None:
        """What was found is committed."""
        scouted.glance.settle()
        for _ in scouted.records:
            self._bytes -= length_of(self._unseen.pop())
        metrics.STAGE_SCOUTED.labels(self._group).inc(len(scouted.records))

    def _take_over(self, behind: int) -> None:
        """What was read is at hand; so is no more what has its turn, and of the rest only so much as there is room."""
        read = self.inlet.first(self.inlet.waiting)
        self.inlet.decided(read)
        self._unseen.extend(read)
        self._bytes += sum(map(length_of, read))
        while self._unseen and self._unseen[0].offset < behind:
            self._bytes -= length_of(self._unseen.popleft())
        missed = 0
        while len(self._unseen) > self._most or self._bytes > _MOST_BYTES:
            self._bytes -= length_of(self._unseen.popleft())
            missed += 1
        self._missed(missed)

    def _missed(self, count: int) -> None:
        metrics.STAGE_SCOUT_MISSED.labels(self._group).inc(count)

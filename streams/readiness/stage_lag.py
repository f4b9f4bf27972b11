"""How far a stage is behind its input, from two things that anybody may ask of the cluster: where the partitions end,
and what the group has committed. A stage that has nothing to do has committed up to the very end."""

from collections.abc import Mapping

from aiokafka import TopicPartition

Offsets = Mapping[TopicPartition, int]

_MOST_ENDS = 2_000  # of one partition, an hour of looks: then the oldest stay, which say how long something waits


class StageLag:
    """What a series of looks tells of one stage. Times are of a clock that only moves forward, in seconds; nothing has
    waited for longer than since the first look."""

    def __init__(self) -> None:
        self._ends: dict[TopicPartition, list[tuple[float, int]]] = {}  # when it was first seen to end there
        self._held: dict[TopicPartition, tuple[float, int]] = {}  # since when it can be read no further than that
        self._committed: Offsets | None = None  # before the first look
        self._moved: float | None = None
        self._idle: dict[TopicPartition, float] = {}  # since when records wait there and none was committed
        self.waiting = 0

    def see(self, now: float, committed: Offsets, stable: Offsets, written: Offsets) -> None:
        """Take notice of one look: what the group has committed, up to where each partition can be read committed, and
        up to where it is written."""
        before, self._committed = self._committed, dict(committed)
        if before is not None and committed != before:
            self._moved = now
        self.waiting = 0
        for part, end in written.items():
            done = committed.get(part, 0)
            self.waiting += max(0, end - done)
            ends = self._ends.setdefault(part, [])
            ends[:] = [(since, offset) for since, offset in ends if offset > done]
            if end > done and (not ends or ends[-1][1] < end) and len(ends) < _MOST_ENDS:
                ends.append((now, end))
            self._hold(now, part, stable.get(part, end), end)
            if stable.get(part, end) <= done:  # nothing waits, or somebody's transaction hides it
                self._idle.pop(part, None)
            elif before is not None and done != before.get(part, 0):
                self._idle[part] = now
            else:
                self._idle.setdefault(part, now)

    def _hold(self, now: float, part: TopicPartition, stable: int, end: int) -> None:
        if stable >= end:
            self._held.pop(part, None)
        elif self._held.get(part, (now, -1))[1] != stable:
            self._held[part] = (now, stable)

    def oldest(self, now: float) -> float:
        """For how long the oldest record waits; 0 when none does."""
        return now - min((ends[0][0] for ends in self._ends.values() if ends), default=now)

    def stalled(self, now: float) -> float:
        """For how long records that can be read have waited in a partition while the group committed nothing there, in
        the one where it is longest; 0 when none waits. While others go on, a part of the city may stand still."""
        return now - min(self._idle.values(), default=now)

    def since_commit(self, now: float) -> float | None:
        """Since the group was last seen to commit; None when it never was."""
        return None if self._moved is None else now - self._moved

    def held(self, now: float) -> float:
        """For how long an open transaction has hidden what is behind it, in the partition that has waited longest."""
        return now - min((since for since, _ in self._held.values()), default=now)

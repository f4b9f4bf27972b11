"""Both courses of a partition side by side: as it was, and from an instant on under another pack or model."""

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from dispatcher.whatif.course import Course
from models.city import City
from models.inbox import InboxRecord, PackChange

_FOR_GOOD = 2**62  # no publication has a higher number: no change that the inbox names later counts

Judge = Callable[[InboxRecord], InboxRecord]


class TwoCourses:
    """`real` follows the packs that the inbox names, having begun with `first`. `whatif` does the same until the clock
    of the inbox has come to `since` (ms UTC; 0: from the beginning on). From there on the pack `other` decides (empty:
    those that the inbox names), and each record is as `judge`, if any, makes it."""

    def __init__(self, partition: int, first: str, other: str, since: int, judge: Judge | None = None) -> None:
        self.real, self.whatif = Course(partition, first), Course(partition, first)
        self._other, self._since, self._judge = other, since, judge or _as_it_is
        self._clock = 0
        self._parted = False

    def feed(self, records: Sequence[InboxRecord], cities: Mapping[str, City]) -> None:
        """Decide the next records of the inbox twice. Raises UnknownPack."""
        self.real.feed(records, cities)
        self.whatif.feed([self._changed(record) for record in records], cities)

    def finish(self, at: int, cities: Mapping[str, City]) -> None:
        """Let fire in both what is due by an instant (ms UTC)."""
        self.real.finish(at, cities)
        self.whatif.finish(at, cities)

    def _changed(self, record: InboxRecord) -> InboxRecord:
        if not self._parted:
            if not record.urgent:  # what is urgent moves no clock
                self._clock = max(self._clock, record.clock)
            if self._clock < self._since:
                return record
            self._parted = True
            if self._other:
                change = PackChange(self._other, _FOR_GOOD)
                record = replace(record, items=(change, *record.items))
        return self._judge(record)


def _as_it_is(record: InboxRecord) -> InboxRecord:
    return record

"""The inbox of a partition and its urgent lane 急件通道 as one, in the order in which the desk decided them."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from dispatcher.partition.decision import Overtaking
from models.inbox import InboxRecord


class BothLanes:
    """Feed it the inbox's records in their order, then ask for the `rest`.

    `urgent` are the records of the urgent lane that were decided, `overtakings` where. Raises LookupError when these do
    not say it of each of them.
    """

    def __init__(self, urgent: Iterable[InboxRecord], overtakings: Sequence[Overtaking]) -> None:
        self._waiting = deque[tuple[int, InboxRecord]]()
        places = deque(overtakings)
        for record in urgent:
            while places and places[0].end <= record.offset:
                places.popleft()
            if not places or places[0].first > record.offset:
                raise LookupError(f"where urgent record {record.offset} was decided is not known")
            self._waiting.append((places[0].before, record))

    def with_urgent(self, inbox: Iterable[InboxRecord]) -> Iterator[InboxRecord]:
        """The next records of the inbox, and before each the urgent ones that were decided before it."""
        for record in inbox:
            while self._waiting and self._waiting[0][0] <= record.offset:
                yield self._waiting.popleft()[1]
            yield record

    def rest(self) -> Iterator[InboxRecord]:
        """The urgent records that were decided behind all of the inbox."""
        while self._waiting:
            yield self._waiting.popleft()[1]

"""What of records whose turn has still to come stands in the urgent lane already."""

from collections.abc import Mapping
from heapq import heappop, heappush

from streams.intake.batch import Prepared


class SentAhead:
    """Which sightings of records whose turn has still to come stand in the urgent lane already 先行, as a scout has
    found them. Of more than `most` records it knows nothing: the desk drops what it has met."""

    def __init__(self, most: int = 50_000) -> None:
        self._most = most
        self._by_offset: dict[int, frozenset[tuple[str, str]]] = {}
        self._next: list[int] = []  # a heap of the offsets: a scout looks at the newest records first

    def add(self, found: Mapping[int, frozenset[tuple[str, str]]]) -> None:
        """Source and id of each sighting that is sent, by the offset of its record."""
        for offset, sightings in found.items():
            if offset in self._by_offset:
                self._by_offset[offset] |= sightings
            elif len(self._by_offset) < self._most:
                self._by_offset[offset] = sightings
                heappush(self._next, offset)

    def positions(self, prepared: Prepared) -> frozenset[int]:
        """Those of them that a batch holds, as positions in `prepared.placed`."""
        if not self._by_offset:
            return frozenset()
        sent = [self._by_offset.get(record.offset, ()) for record in prepared.records]
        return frozenset(at for at, (n, item) in enumerate(prepared.placed) if (item.source, item.id) in sent[n])

    def forget(self, before: int) -> None:
        """The records before this offset have had their turn."""
        while self._next and self._next[0] < before:
            del self._by_offset[heappop(self._next)]

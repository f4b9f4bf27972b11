"""Room 篇幅: how much of what people and models have written a row keeps, so that it fits into a record.

A row holds a bounded number of pieces, such as notes or sightings. Short ones always stay: together they fill no more
than the room. Of long ones so many stay as fit into as much room again; the log of facts, or the inbox, keeps all.
"""

from collections.abc import Iterable, Sequence

import msgspec

from models.events import Evidence
from models.inbox import Sighting

ROOM = 300_000  # bytes; a row holds a handful of kinds of pieces, a record 3 MB
_ESCAPED = 6  # bytes of JSON that one character may take


def weight(words: Sequence[str], pieces: int) -> int:
    """The room, in bytes, that a piece with these words takes where there are so many pieces; 0 for a short one."""
    if sum(map(len, words)) <= ROOM // pieces // _ESCAPED:
        return 0
    return len(msgspec.json.encode(words))


def seen_weight(seen: Evidence | Sighting, pieces: int) -> int:
    """The `weight` of what a sighting says."""
    return weight((seen.text, seen.address, *seen.media_urls), pieces)


def fitting(weights: Iterable[int]) -> int:
    """How many pieces of these weights fit, counted from the first, which does in any case."""
    left, count = ROOM, 0
    for each in weights:
        left -= each
        if left < 0 and count:
            break
        count += 1
    return count

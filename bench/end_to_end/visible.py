"""A line that the reader says."""

from collections.abc import Sequence

import msgspec


class Visible(msgspec.Struct, frozen=True):
    """What has become visible since the last line: how many sightings are decided in all, when the last record was
    read (s), and of assignments and opened orders the intended time (s) and how long after it they were there (ms)."""

    decided: int
    last: float
    assigned: Sequence[tuple[float, float]] = ()
    opened: Sequence[tuple[float, float]] = ()

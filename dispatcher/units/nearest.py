"""The nearest of many places, exactly, over a grid: ring by ring of cells, until nothing beyond can be nearer.

Distances are those of great circles on a sphere of 6,371 km (the haversine formula), as far as 80 degrees
south and north.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from dispatcher.partition.index import UNIT_CELL, Entry, Key, of_unit_cell, unit_cell

EARTH_M = 6_371_000.0
_HALF = math.radians(0.5)
_NARROWEST = math.cos(math.radians(80))  # nearer to a pole the rings would not come to an end


Ring = tuple[float, Iterable[Entry]]
"""What stands around a place, and the distance, metres, below which nothing of it or of the rings after it lies."""


class Near(NamedTuple):
    """What was found: how far away it counts, metres, its id, and how far away it is."""

    cost_m: float
    id: str
    away_m: float


def great_circle_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres between two places along a great circle."""
    here, there = math.radians(lat), math.radians(other_lat)
    north, east = (there - here) / 2, math.radians(other_lon - lon) / 2
    h = math.sin(north) ** 2 + math.cos(here) * math.cos(there) * math.sin(east) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(min(h, 1.0)))


def nearest(
    lat: float,
    lon: float,
    reach_m: float,
    rings: Iterable[Ring],
    extra_m: Callable[[str], float | None],
) -> Near | None:
    """The entry of all rings within reach whose distance and `extra_m` (metres that it counts as further away,
    not below 0; None: it does not suit) are least together, of equals the first id; None where there is none.

    No ring is looked through once nothing in it or in those after it can be nearer than what was found."""
    best: Near | None = None
    narrow, limit = math.cos(math.radians(lat)), reach_m
    furthest = _haversine(limit)
    for least, entries in rings:
        if least > limit:
            break
        for _, name, its_lat, its_lon in entries:
            assert its_lat is not None  # of a unit both are known
            assert its_lon is not None
            # Most are too far away, which a part of the formula tells.
            north, east = math.sin((its_lat - lat) * _HALF), math.sin((its_lon - lon) * _HALF)
            if north * north + narrow * math.cos(2 * _HALF * its_lat) * east * east > furthest:
                continue
            away = great_circle_m(lat, lon, its_lat, its_lon)
            if away > limit or (extra := extra_m(name)) is None:
                continue
            if best is None or (away + extra, name) < best[:2]:
                best = Near(away + extra, name, away)
                limit = min(best.cost_m, reach_m)
                furthest = _haversine(limit)
    return best


def one_ring(entries: Iterable[Entry]) -> Iterable[Ring]:
    """Entries that are all looked at: where there are few of them that costs less than to look for their cells."""
    return ((0.0, entries),)


def _haversine(metres: float) -> float:
    """What no place has that is nearer than so many metres, one centimetre more: so much may be rounded off."""
    return math.sin(min((metres + 0.01) / 2 / EARTH_M, math.pi / 2)) ** 2


def rings_around(lat: float, lon: float, entries: Callable[[Key], Iterable[Entry]]) -> Iterator[Ring]:
    """The entries of the units' grid by rings of cells around a place, from its own cell outwards, without an end."""
    y, x = unit_cell(lat, lon)
    narrow = max(math.cos(math.radians(lat)), _NARROWEST)
    ring = 0
    while True:
        # All that lies outside of the ring before is at least so many degrees further north or south, or east or west:
        # of the two the way to that meridian is the shorter.
        off = math.radians(max(ring - 1, 0) * UNIT_CELL)
        least = EARTH_M * math.asin(narrow * math.sin(min(off, math.pi / 2)))
        yield least, chain.from_iterable(map(entries, _ring(y, x, ring)))
        ring += 1


def _ring(y: int, x: int, ring: int) -> Iterator[Key]:
    for dy in range(-ring, ring + 1):
        whole = abs(dy) == ring
        for dx in range(-ring, ring + 1, 1 if whole else max(2 * ring, 1)):
            yield of_unit_cell(y + dy, x + dx)

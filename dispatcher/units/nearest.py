"""The nearest of many places, exactly, over a grid: ring by ring of cells, until nothing beyond can be nearer.

Distances are those of great circles on a sphere of 6,371 km (the haversine formula), as far as 80 degrees
south and north.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from dispatcher.partition.index import UNIT_CELL, Entry, Key, of_unit_cell, unit_cell

EARTH_M = 6_371_000.0
_HALF = math.radians(0.5)
_NARROWEST = math.cos(math.radians(80))  # nearer to a pole the rings would not come to an end


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
    entries: Callable[[Key], Iterable[Entry]],
    extra_m: Callable[[str], float | None],
) -> Near | None:
    """The entry of the units' grid within reach whose distance and `extra_m` (metres that it counts as further away,
    not below 0; None: it does not suit) are least together, of equals the first id; None where there is none."""
    best: Near | None = None
    narrow, limit = math.cos(math.radians(lat)), reach_m
    furthest = _haversine(limit)
    for least, ring in _rings(lat, lon):
        if least > limit:
            break
        for key in ring:
            for _, name, its_lat, its_lon in entries(key):
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


def _haversine(metres: float) -> float:
    """What no place has that is nearer than so many metres, one centimetre more: so much may be rounded off."""
    return math.sin(min((metres + 0.01) / 2 / EARTH_M, math.pi / 2)) ** 2


def _rings(lat: float, lon: float) -> Iterator[tuple[float, Iterator[Key]]]:
    """Rings of cells around a place, from its own cell outwards, each with the distance below which nothing lies in it
    or beyond it."""
    y, x = unit_cell(lat, lon)
    narrow = max(math.cos(math.radians(lat)), _NARROWEST)
    ring = 0
    while True:
        # All that lies outside of the ring before is at least so many degrees further north or south, or east or west:
        # of the two the way to that meridian is the shorter.
        off = math.radians(max(ring - 1, 0) * UNIT_CELL)
        yield EARTH_M * math.asin(narrow * math.sin(min(off, math.pi / 2))), _ring(y, x, ring)
        ring += 1


def _ring(y: int, x: int, ring: int) -> Iterator[Key]:
    for dy in range(-ring, ring + 1):
        whole = abs(dy) == ring
        for dx in range(-ring, ring + 1, 1 if whole else max(2 * ring, 1)):
            yield of_unit_cell(y + dy, x + dx)

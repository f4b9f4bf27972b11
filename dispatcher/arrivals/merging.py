"""Merging 并案: which order a sighting belongs to. Pure functions of a sighting, an order and the city's settings.

An order is found again under a handful of index keys, all functions of its row: its reports, its fingerprints, the
grid cell of its place and merge group, and its area and category while it is open.
"""

import math
from collections.abc import Iterator
from functools import lru_cache

from dispatcher.order.row import OPEN, Order
from models.city import Category, City
from models.inbox import Sighting

CELL = 0.003  # degrees; about 330 m north to south
METRES_PER_DEGREE = 111_195.0  # of latitude, on a sphere of 6,371 km
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def index_keys(order: Order) -> tuple[str, ...]:
    """The keys under which an order is found."""
    keys = [f"report/{key}" for key in order.report_keys]
    if order.state == "rejected":
        return tuple(keys)
    keys.extend(f"camera/{key}" for key in order.fingerprints)
    if order.state == "merged":
        return tuple(keys)
    if order.lat is not None and order.lon is not None and order.group:
        keys.append(cell_key(order.area, order.group, math.floor(order.lat / CELL), math.floor(order.lon / CELL)))
    if order.state in OPEN and order.category:
        keys.append(kind_key(order.area, order.category))
    return tuple(keys)


def same_keys(before: Order, after: Order) -> bool:
    """Whether two rows of one order surely have the same index keys."""
    return (
        (before.state == after.state or (before.state in OPEN and after.state in OPEN))
        and before.report_keys is after.report_keys
        and before.fingerprints is after.fingerprints
        and before.group == after.group
        and before.category == after.category
    )


def cell_key(area: str, group: str, y: int, x: int) -> str:
    return f"cell/{area}/{group}/{y}/{x}"


def kind_key(area: str, category: str) -> str:
    return f"kind/{area}/{category}"


def fingerprint(seen: Sighting) -> str:
    """Camera, algorithm, label and object: what one incident looks like to one camera. Empty for a report."""
    if seen.kind != "detection":
        return ""
    return "|".join((seen.camera, seen.algorithm, seen.label, seen.object_id))


def cells_around(area: str, group: str, lat: float, lon: float, radius_m: float) -> Iterator[str]:
    """The index keys of all cells that a circle may touch."""
    narrow = max(math.cos(math.radians(lat)), 0.01)
    dy = radius_m / METRES_PER_DEGREE
    dx = dy / narrow
    for y in range(math.floor((lat - dy) / CELL), math.floor((lat + dy) / CELL) + 1):
        for x in range(math.floor((lon - dx) / CELL), math.floor((lon + dx) / CELL) + 1):
            yield cell_key(area, group, y, x)


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres between two places (equirectangular; within a city the error is far below a metre)."""
    north = (other_lat - lat) * METRES_PER_DEGREE
    east = (other_lon - lon) * METRES_PER_DEGREE * math.cos(math.radians((lat + other_lat) / 2))
    return math.hypot(north, east)


def similarity(text: str, other: str) -> float:
    """How alike two texts are, 0 to 1: Jaccard index of the character pairs, blanks and case aside."""
    first, second = _pairs(text), _pairs(other)
    if not first or not second:
        return 0.0
    common = len(first & second)
    return common / (len(first) + len(second) - common)


@lru_cache(maxsize=8192)
def _pairs(text: str) -> frozenset[str]:
    plain = "".join(text.casefold().split())[:1000]
    return frozenset(plain[i : i + 2] for i in range(len(plain) - 1)) or frozenset((plain,) if plain else ())


def agrees(city: City, seen: Sighting, order: Order) -> bool:
    """Whether the words leave no doubt that both mean one incident. A detection, or an order without words, never
    contradicts; of a report, the text must be alike enough to that of one of the order's reports."""
    if seen.kind == "detection":
        return True
    texts = [kept.text for kept in (*order.evidence_first, *order.evidence_last) if kept.kind == "report" and kept.text]
    wanted = city.settings.merge_similarity
    return not texts or any(similarity(seen.text, text) >= wanted for text in texts)


def in_reach(seen: Sighting, order: Order, last_seen: int, kind: Category) -> float | None:
    """The distance in metres when an open order is near enough in place and time, else None."""
    if order.lat is None or order.lon is None or seen.lat is None or seen.lon is None:
        return None
    hours = kind.merge_hours * HOUR_MS
    if not order.opened_at - hours <= seen.at <= last_seen + hours:
        return None
    away = distance_m(order.lat, order.lon, seen.lat, seen.lon)
    return away if away <= kind.merge_radius_m else None


def has_room(city: City, seen: Sighting, order: Order) -> bool:
    """Whether an order may take the sighting in. Each of its reports and reporters stands in its row and is told of
    each step, so their number has a limit; detections leave nothing that grows."""
    return seen.kind == "detection" or len(order.report_keys) < city.settings.reports_per_order_max


def reopens(city: City, seen: Sighting, order: Order) -> bool:
    """Whether a sighting is late enough and early enough to reopen a closed order."""
    if order.state != "closed" or not order.closings:
        return False
    closed_at = order.closings[-1].at
    return closed_at < seen.at <= closed_at + city.settings.reopen_days * DAY_MS

"""Merging 并案: whether a sighting and an order are one incident. Pure functions of both and the city's settings."""

import math
from functools import lru_cache

from dispatcher.arrivals.numbered import contradict
from dispatcher.order.row import Order
from dispatcher.partition.index import METRES_PER_DEGREE
from models.city import Category, City
from models.inbox import Sighting
from models.plain_words import fold
from models.times import DAY_MS, HOUR_MS
from models.words import whole_text


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres between two places (equirectangular; within a city the error is far below a metre)."""
    north = (other_lat - lat) * METRES_PER_DEGREE
    east = (other_lon - lon) * METRES_PER_DEGREE * math.cos(math.radians((lat + other_lat) / 2))
    return math.hypot(north, east)


def between(sighting: Sighting, lat: float | None, lon: float | None) -> float | None:
    """Metres from a sighting to a place; None where either is not known."""
    if lat is None or lon is None or sighting.lat is None or sighting.lon is None:
        return None
    return distance_m(lat, lon, sighting.lat, sighting.lon)


def similarity(text: str, other: str) -> float:
    """How alike two texts are, 0 to 1: Jaccard index of the character pairs, blanks, case and other spellings aside."""
    first, second = _pairs(text), _pairs(other)
    if not first or not second:
        return 0.0
    common = len(first & second)
    return common / (len(first) + len(second) - common)


@lru_cache(maxsize=8192)
def _pairs(text: str) -> frozenset[str]:
    plain = "".join(fold(text).split())[:1000]
    return frozenset(plain[i : i + 2] for i in range(len(plain) - 1)) or frozenset((plain,) if plain else ())


def agrees(city: City, sighting: Sighting, order: Order) -> bool:
    """Whether the words leave no doubt that both mean one incident. A detection, or an order without words, never
    contradicts."""
    return sighting.kind == "detection" or not _texts(order) or alike(sighting, order, city.settings.merge_similarity)


def alike(sighting: Sighting, order: Order, wanted: float) -> bool:
    """Whether the text is at least so alike to that of one of the order's reports, and no number in it names another
    thing than they do."""
    texts = _texts(order)
    if not any(similarity(sighting.text, text) >= wanted for text in texts):
        return False
    said = whole_text(sighting.title, sighting.text)
    return not any(contradict(said, text) for text in (order.title, *texts))


def _texts(order: Order) -> list[str]:
    return [kept.text for kept in (*order.evidence_first, *order.evidence_last) if kept.kind == "report" and kept.text]


def in_time(sighting: Sighting, order: Order, last_seen: int, kind: Category) -> bool:
    """Whether an open order is near enough in time."""
    hours = kind.merge_hours * HOUR_MS
    return order.opened_at - hours <= sighting.at <= last_seen + hours


def has_room(city: City, sighting: Sighting, order: Order) -> bool:
    """Whether an order may take the sighting in. Each of its reports and reporters stands in its row and is told of
    each step, so their number has a limit; detections leave nothing that grows."""
    return sighting.kind == "detection" or len(order.report_keys) < city.settings.reports_per_order_max


def reopens(city: City, sighting: Sighting, order: Order) -> bool:
    """Whether a sighting is late enough and early enough to reopen a closed order."""
    if order.state != "closed" or not order.closings:
        return False
    closed_at = order.closings[-1].at
    return closed_at < sighting.at <= closed_at + city.settings.reopen_days * DAY_MS

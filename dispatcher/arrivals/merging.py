"""Merging 并案: whether a sighting and an order are one incident. Pure functions of both and the city's settings."""

from collections.abc import Sequence

from dispatcher.arrivals.worded.gists import gist_of, pairs_of, similarity
from dispatcher.arrivals.worded.numbered import contradict
from dispatcher.order.row import Order, kept_evidence
from dispatcher.steps.opening import shows_another
from models.city import Category, City
from models.city.ground.distances import distance_m
from models.events import Evidence
from models.gist import Gist
from models.inbox import Sighting
from models.times import DAY_MS, HOUR_MS


def between(centre: Sighting | Order, lat: float | None, lon: float | None) -> float | None:
    """Metres from a sighting or an order to a place; None where either is not known."""
    if lat is None or lon is None or centre.lat is None or centre.lon is None:
        return None
    return distance_m(lat, lon, centre.lat, centre.lon)


def agrees(city: City, sighting: Sighting, order: Order) -> bool:
    """Whether the words leave no doubt that both mean one incident. A detection, or an order without words, never
    contradicts."""
    if sighting.kind == "detection" or not (worded := _worded(order)):
        return True
    return _are_alike(sighting, order, worded, city.settings.merge_similarity)


def alike(sighting: Sighting, order: Order, wanted: float) -> bool:
    """Whether the text is at least so alike to that of one of the order's reports, and no number in it names another
    thing than they do."""
    return _are_alike(sighting, order, _worded(order), wanted)


def _are_alike(sighting: Sighting, order: Order, worded: Sequence[Evidence], wanted: float) -> bool:
    said = gist(sighting)
    # Most of what is compared is not alike, and is not asked what it names.
    if not any(similarity(said.pairs, _pairs(one)) >= wanted for one in worded):
        return False
    kept = [one.gist or gist_of(order.title, one.text) for one in worded]
    names = tuple(dict.fromkeys((*said.titled, *said.named)))
    titled = kept[0].titled if order.title else ()
    return not any(contradict(names, other) for other in (titled, *(one.named for one in kept)))


def gist(sighting: Sighting) -> Gist:
    """What is compared of a sighting's words."""
    return sighting.gist or gist_of(sighting.title, sighting.text)


def _worded(order: Order) -> list[Evidence]:
    """An order's reports of which it keeps words; those of what it covers are about something else."""
    return [one for one in kept_evidence(order) if one.kind == "report" and one.text and not shows_another(one)]


def _pairs(one: Evidence) -> bytes:
    return one.gist.pairs if one.gist else pairs_of(one.text)


def certain_category(sighting: Sighting) -> str:
    """The category that a sighting surely has: a camera's label, or a confident guess; of a sure group, its code. What
    is no fault has none."""
    if sighting.category or sighting.guess is None:
        return sighting.category
    return sighting.guess.sure


def in_time(at: int, order: Order, last_seen: int, kind: Category) -> bool:
    """Whether an open order is near enough in time to what was seen at an instant."""
    hours = kind.merge_hours * HOUR_MS
    return order.opened_at - hours <= at <= last_seen + hours


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

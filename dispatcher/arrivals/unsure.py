"""Reports in review meet 疑似重复: where the classifier is unsure of one or both, place, time, words and the likely
categories are compared. A report joins only what surely is the same; what may be becomes a candidate for a person.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import NamedTuple

from dispatcher.arrivals import merging
from dispatcher.order.row import OPEN, Order
from dispatcher.partition import index
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps.dispatching import merge_group
from models.city import Category, City
from models.guess import Guess
from models.inbox import Sighting

LIKELY = 0.1  # alternatives that are less probable are not compared; the first always is
SCANNED = 64  # of the orders in a cell, the newest ones that are compared

Likely = Mapping[str, Category]


class Met(NamedTuple):
    """The order that a report surely belongs to, with its distance in metres; else those that may be the same, the
    nearest first."""

    same: Order | None = None
    away: float = 0.0
    maybe: tuple[Order, ...] = ()


_NOBODY = Met()


def meet(work: UnitOfWork, sighting: Sighting, category: str) -> Met:
    """Compare a sighting, of this category or of none that is sure, with the open orders around it. One that is sure
    meets only orders without a category, and joins none: it need not wait for a person."""
    city = work.city
    sure = category in city.categories
    # Most of what comes is sure, and most areas have nothing without a category: then there is no need to look around.
    if sighting.lat is None or (sure and not any(work.overlay.index.newest(index.of_kind(sighting.area, "")))):
        return _NOBODY
    mine = _likely(city, sighting.guess, category)
    if not mine:
        return _NOBODY
    groups = [index.NO_GROUP, *(() if sure else (merge_group(city, name) for name in mine))]
    same: list[tuple[float, str]] = []
    maybe: list[tuple[float, str]] = []
    reach = max(kind.merge_radius_m for kind in mine.values())
    for order, away in _around(work, sighting, dict.fromkeys(groups), reach):
        theirs = _likely(city, order.guess, order.category)
        shared = [kind for name, kind in mine.items() if name in theirs and away <= kind.merge_radius_m]
        seen = merging.last_seen(work, order)
        if not any(merging.in_time(sighting, order, seen, kind) for kind in shared):
            continue
        alike = next(iter(mine)) == next(iter(theirs)) and merging.alike(
            sighting, order, city.settings.review_similarity
        )
        joins = not sure and sighting.kind == "report" and alike and merging.has_room(city, sighting, order)
        (same if joins else maybe).append((away, order.id))
    if same:
        away, order_id = min(same)
        return Met(work.order(order_id), away)
    nearest = (work.order(order_id) for _, order_id in sorted(maybe))
    return Met(maybe=tuple(order for order in nearest if order is not None))


def _likely(city: City, guess: Guess | None, category: str) -> Likely:
    """The categories that it may be and in which the city merges, the likeliest first; one that is sure is the only."""
    names = [category] if category in city.categories else []
    if not names and guess is not None:
        others = (name for name, probability in guess.alternatives if probability >= LIKELY)
        names = list(dict.fromkeys((guess.category, *others)))
    kinds = {name: city.categories.get(name) for name in names}
    return {name: kind for name, kind in kinds.items() if kind is not None and kind.merge}


def _around(work: UnitOfWork, sighting: Sighting, groups: Iterable[str], reach: float) -> Iterable[tuple[Order, float]]:
    """The open orders of these merge groups within reach, with their distances in metres; the newest of many. None
    around a place that is not known."""
    if sighting.lat is None or sighting.lon is None:
        return
    entries: set[index.Entry] = set()
    for group in groups:
        for key in index.cells_around(sighting.area, group, sighting.lat, sighting.lon, reach):
            entries.update(islice(work.overlay.index.newest(key), SCANNED))
    for _, order_id, lat, lon in sorted(entries, reverse=True, key=lambda entry: entry[:2])[:SCANNED]:
        away = merging.between(sighting, lat, lon)
        order = work.order(order_id) if away is not None and away <= reach else None
        if order is not None and away is not None and order.state in OPEN:
            yield order, away

"""Reports in review meet 疑似重复: where the classifier is unsure of one or both, place, time, words and the likely
categories are compared. A report joins only what surely is the same; what may be becomes a candidate for a person. A
thanks 致谢, "already repaired" 已修复, a withdrawal 撤诉 or a reminder 催办 speaks of an order: it is offered to that.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, TypeGuard

from dispatcher.arrivals import merging, nearby, wording
from dispatcher.order.row import OPEN, Order
from dispatcher.partition import index
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps.opening import are_apart, link
from dispatcher.steps.routing import LIKELY
from models.city import Category, City
from models.guess import NO_FAULT, OF_AN_ORDER, Guess
from models.inbox import Sighting

# Of a reporter's open orders, and of an area's of some categories, the newest that a thanks may speak of.
_LOOKED_AT = 256

Likely = Mapping[str, Category]


class MaybeSame(NamedTuple):
    """The order that a report surely belongs to, with its distance in metres; else those that may be the same, the
    nearest first."""

    same: Order | None = None
    away: float = 0.0
    maybe: tuple[Order, ...] = ()


_NOBODY = MaybeSame()


def compare(work: UnitOfWork, sighting: Sighting, category: str) -> MaybeSame:
    """Compare a sighting, of this category or of none that is sure, with the open orders around it. One that is sure
    meets only orders without a category, and joins none: it need not wait for a person."""
    if sighting.kind == "report" and sighting.guess is not None and _of_an_order(sighting.guess):
        return spoken_of(work, sighting, sighting.guess, _around(work, sighting, category))
    return _around(work, sighting, category)


def spoken_of(work: UnitOfWork, sighting: Sighting, guess: Guess, around: MaybeSame) -> MaybeSame:
    """The open orders of its area that a thanks may speak of, be there a place or none: those whose numbers it names
    and no others; else its reporter's own of a category that it may mean, then those `around` its place, then those of
    the place that its words name. Where nothing of that tells, its reporter's own of whatever category, the newest
    first. They are offered to a person, who merges; a thanks joins nothing by itself."""
    if around.same is not None:
        return around
    numbers = (*merging.gist(sighting).orders, *((sighting.joins,) if sighting.joins else ()))
    numbered = [order for order in map(work.standing, numbers) if order is not None and _is_open(order, sighting)]
    if numbered:
        return MaybeSame(maybe=tuple(numbered))
    names = dict.fromkeys(name for name, _ in guess.alternatives)
    own = _own(work, sighting)
    told = (*(order for order in own if order.category in names), *around.maybe, *_there(work, sighting, names, own))
    return MaybeSame(maybe=told or tuple(order for order in own if not _is_a_thanks(order)))


def _own(work: UnitOfWork, sighting: Sighting) -> list[Order]:
    """The newest open orders of its area of whoever reports it."""
    if not sighting.reporter:
        return []
    entries = islice(work.overlay.index.newest(index.of_reporter(sighting.reporter)), _LOOKED_AT)
    orders = (work.order(order_id) for _, order_id, *_ in entries)
    return [order for order in orders if order is not None and _is_open(order, sighting)]


def _there(work: UnitOfWork, sighting: Sighting, names: Iterable[str], own: Sequence[Order]) -> Iterator[Order]:
    """The newest of its area that are of these categories, at the place that its words name; not its reporter's own."""
    said = wording.named(work.city, sighting)
    if not said.address and said.place is None:
        return
    entries = (work.overlay.index.newest(index.of_kind(sighting.area, name)) for name in names)
    known = {order.id for order in own}
    for _, order_id, *_ in islice(heapq.merge(*entries, reverse=True), _LOOKED_AT):
        order = work.order(order_id) if order_id not in known else None
        if order is not None and _is_open(order, sighting) and wording.same_place(work.city, said, order):
            yield order


def _is_a_thanks(order: Order) -> bool:
    guess = order.guess
    return not order.category and guess is not None and guess.category == NO_FAULT and _of_an_order(guess)


def _is_open(order: Order, sighting: Sighting) -> bool:
    return order.state in OPEN and sighting.area in index.areas_of(order) and order.opened_at <= sighting.at


def _of_an_order(guess: Guess) -> bool:
    return guess.kind in OF_AN_ORDER


def _around(work: UnitOfWork, sighting: Sighting, category: str) -> MaybeSame:
    """`compare`, by place, time, words and what both may be."""
    city = work.city
    sure = category in city.categories
    # Most of what comes is sure, and most areas have nothing without a category: then there is no need to look around.
    if sighting.lat is None or (sure and not any(work.overlay.index.newest(index.of_kind(sighting.area, "")))):
        return _NOBODY
    mine = _likely(city, sighting.guess, category)
    if not mine:
        return _NOBODY
    groups = [index.NO_GROUP, *(() if sure else (city.merge_group(name) for name in mine))]
    same: list[tuple[float, str]] = []
    maybe: list[tuple[float, str]] = []
    reach = max(kind.merge_radius_m for kind in mine.values())
    for order, away in nearby.around(work, sighting, dict.fromkeys(groups), reach):
        if order.state not in OPEN:
            continue
        theirs = _likely(city, order.guess, order.category)
        shared = [kind for name, kind in mine.items() if name in theirs and away <= kind.merge_radius_m]
        seen = nearby.last_seen(work.overlay, order)
        if not any(merging.in_time(sighting.at, order, seen, kind) for kind in shared):
            continue
        alike = next(iter(mine)) == next(iter(theirs)) and merging.alike(
            sighting, order, city.settings.review_similarity
        )
        fault = not _no_fault(sighting.guess) and not _no_fault(order.guess)
        joins = fault and not sure and sighting.kind == "report" and alike and merging.has_room(city, sighting, order)
        (same if joins else maybe).append((away, order.id))
    if same:
        away, order_id = min(same)
        return MaybeSame(work.order(order_id), away)
    nearest = (work.order(order_id) for _, order_id in sorted(maybe))
    return MaybeSame(maybe=tuple(order for order in nearest if order is not None))


def compare_again(work: UnitOfWork, order: Order) -> Order:
    """A person has said what an order is that nobody was sure of: the nearest open ones of its merge group, of which
    it did not know yet, become candidates. They join by nobody but a person, who has just looked at it."""
    kind = work.city.categories.get(order.category)
    if kind is None or not kind.merge or order.state not in OPEN:
        return order
    found = [
        (other, away)
        for other, away in nearby.open_in_time(work, order, order.group, kind, order.opened_at)
        if other.id not in (order.id, *order.candidates) and not are_apart(order, other)
    ]
    for other in nearby.nearest(work, found):
        order = link(work, order, other, order.last_at)
    return order


def _no_fault(guess: Guess | None) -> TypeGuard[Guess]:
    """Whether the classifier is sure that it is no fault: such a report joins nothing by itself."""
    return guess is not None and guess.outcome == "confident" and guess.category == NO_FAULT


def _likely(city: City, guess: Guess | None, category: str) -> Likely:
    """The categories that it, or what it speaks of, may be and in which the city merges, the likeliest first; one that
    is sure is the only."""
    names = [category] if category in city.categories else []
    if _no_fault(guess) and guess.kind not in OF_AN_ORDER:
        return {}
    if not names and guess is not None:
        # A thanks names what it thanks for: whatever comes next to none is what was reported.
        least = 0.0 if _no_fault(guess) else LIKELY
        others = (name for name, probability in guess.alternatives if probability >= least)
        names = list(dict.fromkeys((guess.category, *others)))
    kinds = {name: city.categories.get(name) for name in names}
    return {name: kind for name, kind in kinds.items() if kind is not None and kind.merge}

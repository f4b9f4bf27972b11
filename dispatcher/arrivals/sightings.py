"""Sightings 线索 into orders: the rules of merging in their order; the first that applies decides.

1. known `source` and `id`      dropped, counted; one that says something else is a dead letter
   found to be nothing          it is here for the answer alone
2. control zone, silence        counted as suppressed; a report becomes an order that ends at once, and its reporter is
                                told so
3. an open order is named       a report joins it, close by in its area; its reporter has seen that it is the same
4. same fingerprint             joins its open order without a fact, or helps to reopen its closed one; seen before the
                                closing and late, it is counted there
5. the end of what is not open  counted as a detection, no more; where a parent incident covers it, it will not come up
6. near in place, time, group   joins as evidence, reopens a closed order, or is remembered as a candidate; at one
                                asset is as near as can be, and whose id is named needs no other words; of a report
                                without coordinates words and named places are compared
7. alike, where nobody is sure  a report joins; what only may be the same is remembered as a candidate, and so is what a
                                thanks or a withdrawal may speak of
8. covered by a parent incident kept as the parent's evidence; one too many of a category and area opens one, a storm
9. too few, or too unsure       a detection is watched
10. just found to be nothing    a detection of which nobody is sure, as the one before it was, counts as suppressed
11. otherwise                   opens an order, which takes over what was watched around it and is related to what
                                lies beyond the border of its area
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from dispatcher.arrivals import borders, located, merging, nearby, tallies, unsure, wording
from dispatcher.arrivals.covered import held_back, silencing, storms
from dispatcher.arrivals.merging import certain_category
from dispatcher.arrivals.watched import dispelled, watching, weighing
from dispatcher.order.row import OPEN, Order, was_open
from dispatcher.partition import index
from dispatcher.partition.telling import outcomes
from dispatcher.partition.telling.outcomes import Disposition
from dispatcher.partition.unit_of_work import DESK, UnitOfWork
from dispatcher.steps import dispatching
from dispatcher.steps.opening import STORM, join, open_order
from models.city import Category
from models.events import COVERED
from models.inbox import Sighting

NAMED_M = 100.0  # how far from an order somebody may be who says that it is theirs, too
# Of orders near by that mean the same, the first of these is taken. One that was open when the thing was seen comes
# before one that had been closed by then: in time the sighting would have joined it.
_IS_OPEN, _WAS_OPEN, _TO_REOPEN = range(3)


def on_sighting(work: UnitOfWork, sighting: Sighting) -> Disposition:
    """Take one report or detection in by the rules above; what became of it. Whoever has asked is answered, but for
    what has the name of another: that is a dead letter."""
    met = work.meet(sighting.kind, sighting.source, sighting.id, sighting.content)
    if met == "first":
        if sighting.kind == "detection":
            work.book("detections", sighting.at, sighting.area, sighting.category)
        disposition = Disposition("ignored") if sighting.ignored else find_or_open(work, sighting)
    else:
        work.book("duplicates", sighting.at, sighting.area, sighting.category)
        work.usurped = met == "other"
        disposition = Disposition("duplicate")
    if sighting.asked and not work.usurped:
        work.sent.append(outcomes.answer(sighting, disposition, work.clock))
    return disposition


def find_or_open(work: UnitOfWork, sighting: Sighting, owner: str = "", *, risen_from: str = "") -> Disposition:
    """Find or open the order of a sighting that was not met before, by the rules from 2 on in their order; `owner` gets
    a new one, whatever the tables say.
    One that has `risen_from` a parent incident, which covers it no longer, is gathered by no storm, and does not lead
    back to the parent because that knows its camera, or has just been closed."""
    city = work.city
    category = certain_category(sighting)
    if silence := silencing.silenced(work.overlay, city, sighting, category, sighting.at):
        work.book("suppressed", sighting.at, sighting.area, category)
        if sighting.kind == "detection":
            return Disposition("suppressed")
        return Disposition("suppressed", open_order(work, sighting, reject=silencing.reason(silence)).id)
    told = _named(work, sighting) if sighting.joins else _seen_again(work, sighting, risen_from)
    if told is not None:
        return told
    if sighting.phase == "end":  # nothing is there: no evidence of what is near, nor a reason to reopen it
        return _is_over(work, sighting, category)
    kind = city.categories.get(category)
    joined, near = _one_incident(work, sighting, kind, category, risen_from)
    if joined is not None:
        return joined
    alike = unsure.compare(work, sighting, category)
    if alike.same is not None:
        return _part_of(work, alike.same, sighting, "alike", alike.away, risen_from)
    parent = _covered(work, sighting, category)
    if parent is None and not risen_from:
        parent = storms.gather(work, sighting, kind, category)
    if parent is not None:
        return Disposition("order", parent.id)
    candidates = (*near, *alike.maybe)
    if sighting.kind == "detection" and kind is not None and (weighing.needed(kind) > 1 or weighing.is_weighed(kind)):
        return watching.watch_on(work, sighting, kind, category, candidates)
    return _open(work, sighting, candidates, owner)


def _open(work: UnitOfWork, sighting: Sighting, candidates: Sequence[Order], owner: str) -> Disposition:
    """What is new opens an order, unless it is a look in doubt at what has just been found to be nothing."""
    if dispelled.says_nothing_new(work, sighting):
        work.book("suppressed", sighting.at, sighting.area, certain_category(sighting))
        return Disposition("suppressed")
    order = open_order(work, sighting, candidates, owner)
    borders.relate(work, watching.take_over(work, order))
    return Disposition("order", order.id)


def _named(work: UnitOfWork, sighting: Sighting) -> Disposition | None:
    """The order that a report names 并案: what a reporter was shown before they wrote, so close by, in its area and
    still open. None where it is not so: then the report is taken as any other."""
    order = work.standing(sighting.joins)
    if order is None or order.state not in OPEN or sighting.area not in index.areas_of(order):
        return None
    away = merging.between(sighting, order.lat, order.lon)
    if away is None or away > NAMED_M or not merging.has_room(work.city, sighting, order):
        return None
    return Disposition("order", join(work, order, sighting, "named", away).id)


def _seen_again(work: UnitOfWork, sighting: Sighting, risen_from: str) -> Disposition | None:
    """The same camera sees the same thing: join its open order, or help to reopen its closed one. None where there is
    no such order, and without a fingerprint."""
    fingerprint = index.fingerprint(sighting)
    if not fingerprint:
        return None
    closed: Order | None = None
    late: tuple[Order, Order] | None = None
    for order_id in nearby.seen_as(work, fingerprint):
        order = _goes_on_in(work, order_id, fingerprint, sighting.area)
        if order is None or order.id == risen_from:
            continue
        if order.state in OPEN:
            return _repeat(work, order, sighting, work.order(order_id) or order)
        # A parent incident that has ended is not reopened by what it covered, nor anything by words nobody is sure of.
        own = work.city.merge_group(certain_category(sighting)) in ("", order.group) and _is_said(sighting)
        if closed is None and own and not storms.is_storm(order) and merging.reopens(work.city, sighting, order):
            closed = order
        if late is None and own and was_open(order, sighting.at):
            found = work.order(order_id) or order
            late = None if index.only_covers(found, fingerprint) else (order, found)
    if late is not None:  # also where an older one had been closed by then: in time it would have been a repeat of this
        return _repeat(work, late[0], sighting, late[1])
    if closed is None or sighting.phase == "end":
        return None
    return watching.reopen_by_camera(work, closed, sighting)


def _is_said(sighting: Sighting) -> bool:
    """Whether a sighting says what it shows, by its label or by words that are sure."""
    return sighting.guess is None or certain_category(sighting) != ""


def _goes_on_in(work: UnitOfWork, order_id: str, fingerprint: str, area: str) -> Order | None:
    """The order in which what is found in one, and seen in an area, goes on: that, or the one it was merged into, be it
    beyond a border. What it covers goes on only in a parent incident of the same category."""
    found = work.order(order_id)
    order = work.standing(found.parent) if found is not None and found.state == "merged" else found
    if found is None or order is None or area not in (*index.areas_of(found), *index.areas_of(order)):
        return None
    if found.category != order.category and index.only_covers(found, fingerprint):
        return None
    return order


def _repeat(work: UnitOfWork, order: Order, sighting: Sighting, found: Order) -> Disposition:
    """A repeat is counted beside the order; one that is news joins it as evidence. `found` is the order with the
    fingerprint, which goes on in `order`: the same, or the one that it was merged into. Where `found` only covers the
    thing as a parent incident, what is over will not come up, and what is there again is covered again."""
    tally, again = tallies.counted(work.overlay, work.city, order, sighting)
    work.overlay.tallies.put(order.id, tally)
    changes = again or sighting.phase == "end"
    covered = changes and index.only_covers(found, index.fingerprint(sighting))
    if covered:
        held_back.let_go(work, order, sighting)
    if again and covered:
        order = join(work, order, sighting, STORM if storms.is_storm(order) else f"{COVERED}{order.category}")
        held_back.cover(work, order, sighting)
        return Disposition("order", order.id)
    if again:
        return Disposition("order", join(work, order, sighting, "again").id)
    work.book("merged", sighting.at, sighting.area, order.category)
    return Disposition("repeat", order.id)


def _one_incident(
    work: UnitOfWork, sighting: Sighting, kind: Category | None, category: str, risen_from: str
) -> tuple[Disposition | None, tuple[Order, ...]]:
    """What became of a sighting of a category that merges, by place or, without coordinates, by words. Else None, and
    the order that may be the same, if there is one."""
    if kind is None or not kind.merge:
        return None, ()
    if sighting.lat is None:
        same, candidate = wording.same_words(work, sighting, kind, category)
        joined = None if same is None else _part_of(work, same, sighting, "words", None, risen_from)
    else:
        joined, candidate = _near(work, sighting, kind, category, risen_from)
    return joined, () if candidate is None else (candidate,)


def _near(
    work: UnitOfWork, sighting: Sighting, kind: Category, category: str, risen_from: str
) -> tuple[Disposition | None, Order | None]:
    """Join or reopen the order at the asset that is named, else the nearest that means the same: what became of the
    sighting. Else None, and the nearest order that may be the same, None where there is none."""
    asset = work.city.asset_at_fault(category, sighting.asset, sighting.lat, sighting.lon)
    same: list[tuple[int, bool, float, str]] = []
    maybe: list[tuple[float, str]] = []
    for order, away in located.around(work, sighting, kind, category, asset):
        late = sighting.kind == "detection" and order.id != risen_from and was_open(order, sighting.at)
        if late or order.state in OPEN:
            if not merging.in_time(sighting.at, order, nearby.last_seen(work.overlay, order), kind):
                continue
            rank = _WAS_OPEN if late else _IS_OPEN
        elif order.id != risen_from and merging.reopens(work.city, sighting, order):
            rank = _TO_REOPEN
        else:
            continue
        by_asset = located.is_same(work.city, sighting, category, asset, order)
        agrees = merging.agrees(work.city, sighting, order) if by_asset is None else by_asset
        if agrees and merging.has_room(work.city, sighting, order):
            same.append((rank, not by_asset, away, order.id))
        else:
            maybe.append((away, order.id))
    if same:
        rank, by_place, away, order_id = min(same)
        rule = "near" if by_place else "asset"
        nearest = work.order(order_id)
        assert nearest is not None  # it was there a moment ago
        if rank != _TO_REOPEN:
            return _part_of(work, nearest, sighting, rule, away, risen_from), None
        if sighting.kind == "detection":
            return watching.reopen_by_camera(work, nearest, sighting), None
        nearest = join(work, nearest, sighting, rule, away)
        watching.reopened(work, dispatching.reopen(work, nearest, "seen-again", sighting.at, DESK))
        return Disposition("order", nearest.id), None
    return None, work.order(min(maybe)[1]) if maybe else None


def _part_of(
    work: UnitOfWork, order: Order, sighting: Sighting, rule: str, away: float | None, risen_from: str
) -> Disposition:
    """A sighting joins the order that it is one incident with; that which it has risen from it is part of already."""
    if order.id != risen_from:
        join(work, order, sighting, rule, away)
    return Disposition("order", order.id)


def _covered(work: UnitOfWork, sighting: Sighting, category: str) -> Order | None:
    """The parent incident that is open in the area, and near where both places are known, and covers it 抑制."""
    for parent, rule, away in _parents(work, sighting, category):
        if merging.has_room(work.city, sighting, parent):
            order = join(work, parent, sighting, f"{COVERED}{rule}", away)
            held_back.cover(work, order, sighting)
            return order
    return None


def _is_over(work: UnitOfWork, sighting: Sighting, category: str) -> Disposition:
    """The end of something that is not open: there is nothing to do, and nothing to watch for. Where a parent incident
    or a storm covers it, it will not come up."""
    for parent in open_parents(work, sighting, category):
        held_back.let_go(work, parent, sighting)
    return Disposition("nothing-open")


def open_parents(work: UnitOfWork, sighting: Sighting, category: str) -> Iterator[Order]:
    """The open parent incidents around a sighting and the storms of its group: whatever covers it."""
    return chain(
        (parent for parent, _, _ in _parents(work, sighting, category)), storms.open_storms(work, sighting, category)
    )


def _parents(work: UnitOfWork, sighting: Sighting, category: str) -> Iterator[tuple[Order, str, float | None]]:
    """The open incidents that cover a category around a sighting, with what covers it and the distance in metres."""
    for row in work.city.inhibitors(category) if category else ():
        for _, order_id, lat, lon in nearby.of_kind(work, sighting.area, row.parent):
            away = merging.between(sighting, lat, lon)
            order = None if away is not None and away > row.radius_m else work.order(order_id)
            if order is not None and order.state in OPEN:
                yield order, row.parent, away

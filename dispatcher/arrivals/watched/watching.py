"""Watching 观察: detections that are still too few, or too unsure, to open an order or to reopen a closed one.

What may open an order is watched by place: one row for each merge group and cell of the grid, whoever has seen it.
Around a new detection all those of its category within its radius count, over all cameras and algorithms. What does not
merge, or has no place, is watched camera by camera.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from dispatcher.arrivals import borders, merging
from dispatcher.arrivals.merging import certain_category
from dispatcher.arrivals.watched import false_alarms, weighing
from dispatcher.order.folds.room import fitting, seen_weight
from dispatcher.order.row import OPEN, Order, Watch
from dispatcher.partition import row_keys
from dispatcher.partition.outcomes import Disposition
from dispatcher.partition.unit_of_work import DESK, UnitOfWork
from dispatcher.steps import dispatching
from dispatcher.steps.dispatching import merge_group
from dispatcher.steps.opening import join, open_order
from models.city import Category
from models.city.ground.distances import cell_of, cells
from models.inbox import Sighting
from models.times import HOUR_MS, MINUTE_MS

OF_ONE_SOURCE = 8  # detections that are watched of one algorithm at one camera: later ones hardly weigh anything
OF_ONE_ROW = 200  # detections that a row holds: it has to fit into a record
COVERED_ROWS = 50  # of one parent incident, beside its first

_Ending = tuple[Sighting, int]  # what is watched, and the instant at which that expires


class _Seen(NamedTuple):
    """A watched detection and the name of the watch in which it is."""

    watch: str
    sighting: Sighting


def watch_on(work: UnitOfWork, sighting: Sighting, kind: Category, category: str) -> Disposition:
    """Too few detections yet 观察中, or enough: then they open an order, the first of them founds it."""
    seen = [one for one in _around(work, sighting, kind) if certain_category(one.sighting) == category]
    alarms = sorted([*(one.sighting for one in seen), sighting], key=_by_time)
    sure = 0.0
    if weighing.is_weighed(kind):
        sure = weighing.combined(alarms, lambda algorithm: false_alarms.rate_of(work, algorithm))
    found = weighing.verdict(kind, len(alarms), sure)
    if found == "watch":
        name = row_keys.opening_watch(sighting.area, merge_group(work.city, category), _spot(sighting, kind))
        _add(work, Watch(key=name, area=sighting.area, seen=(), expires=0), sighting, weighing.needed(kind))
        return Disposition("watched", "", len(alarms), weighing.needed(kind) if kind.file_at is None else 0)
    _take_out(work, seen)
    order = open_order(work, alarms[0], unverified=found == "verify", urgent=found == "urgent")
    for one in alarms[1:]:
        order = join(work, order, one, "watched")
    borders.relate(work, take_over(work, order))
    return Disposition("order", order.id)


def take_over(work: UnitOfWork, order: Order) -> Order:
    """An order takes over what is watched around it in its merge group: had it been there, all that would have
    joined. What has been rejected takes nothing."""
    kind = work.city.categories.get(order.category)
    if order.state not in OPEN or kind is None or not kind.merge:
        return order
    found = _around(work, order, kind)
    _take_out(work, found)
    for one in sorted((each.sighting for each in found), key=_by_time):
        order = join(work, order, one, "watched", merging.between(one, order.lat, order.lon))
    return order


def reopen_by_camera(work: UnitOfWork, order: Order, sighting: Sighting) -> Disposition:
    """A camera reopens a closed order when it has seen the thing as often as it takes to open one."""
    kind = work.city.categories.get(order.category)
    wanted = weighing.needed(kind) if kind is not None else 1
    name = row_keys.reopening_watch(order.id)
    watch = work.overlay.watches.get(name)
    sightings = (*watch.seen, sighting) if watch is not None else (sighting,)
    if len(sightings) < wanted:
        new = Watch(key=name, area=sighting.area, seen=(), expires=0, category=order.category, order_id=order.id)
        _add(work, new, sighting, wanted)
        return Disposition("watched", order.id, len(sightings), wanted)
    if watch is not None:
        work.overlay.watches.put(name, None)
    for one in sightings:
        order = join(work, order, one, "seen-again")
    dispatching.reopen(work, order, "seen-again", sighting.at, DESK)
    return Disposition("order", order.id)


def cover(work: UnitOfWork, parent: Order, sighting: Sighting) -> None:
    """Remember a sighting whole that a parent incident covers, so that it can come up again; the first 10,000 of many,
    in rows of 200. What nobody but the inbox may have of a reporter stays there."""
    first = work.overlay.watches.get(row_keys.covered(parent.id)) or _covering(parent, 0)
    last = work.overlay.watches.get(row_keys.covered(parent.id, first.more)) or first
    kept = replace(sighting, contact="", asked=False)
    if _fit((*last.seen, kept)):
        work.overlay.watches.put(last.key, replace(last, seen=(*last.seen, kept)))
        return
    number = first.more + 1
    if number <= COVERED_ROWS and _fit((kept,)):
        work.overlay.watches.put(first.key, replace(first, more=number))
        further = _covering(parent, number)
        work.overlay.watches.put(further.key, replace(further, seen=(kept,)))


def no_longer_covered(work: UnitOfWork, parent: Order) -> tuple[Sighting, ...]:
    """What a parent incident covers, which is remembered no longer."""
    rows = _covered(work, parent)
    for row in rows:
        work.overlay.watches.put(row.key, None)
    return tuple(one for row in rows for one in row.seen)


def uncover(work: UnitOfWork, parent: Order) -> None:
    """A parent incident is over: what it covers comes up, from now on."""
    for row in _covered(work, parent):
        _come_up_at(work, row, work.clock)


def _covered(work: UnitOfWork, parent: Order) -> list[Watch]:
    """The rows of what a parent incident covers, in the order in which they came to be."""
    first = work.overlay.watches.get(row_keys.covered(parent.id))
    if first is None:
        return []
    further = (work.overlay.watches.get(row_keys.covered(parent.id, number)) for number in range(1, first.more + 1))
    return [first, *(row for row in further if row is not None)]


def _covering(parent: Order, number: int) -> Watch:
    return Watch(key=row_keys.covered(parent.id, number), area=parent.area, seen=(), expires=0, order_id=parent.id)


def _fit(seen: Sequence[Sighting]) -> bool:
    """Whether a row may hold all of these; `seen_weight` is 0 of what is as small as nearly all are."""
    if len(seen) > OF_ONE_ROW:
        return False
    return not seen_weight(seen[-1], OF_ONE_ROW) or fitting(seen_weight(one, OF_ONE_ROW) for one in seen) == len(seen)


def next_of(work: UnitOfWork, watch: Watch) -> Sighting:
    """Take the first of what comes up; the others come after it."""
    rest = replace(watch, seen=watch.seen[1:])
    work.overlay.watches.put(watch.key, None)
    if rest.seen:
        _come_up_at(work, rest, watch.expires)
    return watch.seen[0]


def _come_up_at(work: UnitOfWork, watch: Watch, at: int) -> None:
    work.overlay.watches.put(watch.key, replace(watch, expires=at))
    work.overlay.timers.push((at, row_keys.watch(watch.key), "come-up"))


def expire(work: UnitOfWork, watch: Watch) -> None:
    """The time of some of the detections is over without enough of them: counted, and forgotten."""
    _let_go(work, watch, [one for one in _with_ends(watch) if one[1] <= watch.expires])


def _spot(sighting: Sighting, kind: Category) -> str:
    """Where a detection is watched: in its cell of the grid, else with its camera."""
    if sighting.lat is None or sighting.lon is None or not kind.merge:
        return row_keys.by_camera(sighting.camera)
    return row_keys.in_cell(*cell_of(sighting.lat, sighting.lon))


def _around(work: UnitOfWork, centre: Sighting | Order, kind: Category) -> list[_Seen]:
    """What is watched of the merge group within its radius and hours around a sighting or an order."""
    spots: Iterable[str] = ()
    if centre.lat is not None and centre.lon is not None and kind.merge:
        spots = (row_keys.in_cell(*cell) for cell in cells(centre.lat, centre.lon, kind.merge_radius_m))
    elif isinstance(centre, Sighting):
        spots = (_spot(centre, kind),)
    at, hours = (centre.at if isinstance(centre, Sighting) else centre.opened_at), kind.merge_hours * HOUR_MS
    found: list[_Seen] = []
    for spot in spots:
        name = row_keys.opening_watch(centre.area, merge_group(work.city, kind.code), spot)
        watch = work.overlay.watches.get(name)
        for one in watch.seen if watch is not None else ():
            away = merging.between(one, centre.lat, centre.lon)
            if (away is None or not kind.merge or away <= kind.merge_radius_m) and abs(one.at - at) <= hours:
                found.append(_Seen(name, one))
    return found


def _add(work: UnitOfWork, new: Watch, sighting: Sighting, wanted: int) -> None:
    """Watch one more, under the name of a new watch or in the one that is there. What comes to be too much is let go,
    the oldest first."""
    watch = work.overlay.watches.get(new.key) or new
    until = work.clock + int(work.city.settings.watching_minutes * MINUTE_MS)
    watch = _with(watch, [*_with_ends(watch), (sighting, until)])
    all_of_it = _with_ends(watch)
    own = [one for one in all_of_it if _source(one[0]) == _source(sighting)]
    over = own[: -max(wanted, OF_ONE_SOURCE)] or all_of_it[: -max(wanted, OF_ONE_ROW)]
    if seen_weight(sighting, OF_ONE_ROW):
        over = max(over, all_of_it[: -fitting(seen_weight(one, OF_ONE_ROW) for one, _ in reversed(all_of_it))], key=len)
    _let_go(work, watch, over)


def _let_go(work: UnitOfWork, watch: Watch, gone: Sequence[_Ending]) -> None:
    for sighting, _ in gone:
        work.book("expired", sighting.at, watch.area, watch.category or certain_category(sighting))
    _put(work, watch, [one for one in _with_ends(watch) if one not in gone])


def _take_out(work: UnitOfWork, found: Iterable[_Seen]) -> None:
    """Watch these no longer: an order has them."""
    taken: dict[str, list[Sighting]] = {}
    for one in found:
        taken.setdefault(one.watch, []).append(one.sighting)
    for name, sightings in taken.items():
        watch = work.overlay.watches.get(name)
        assert watch is not None  # they were found in it
        _put(work, watch, [one for one in _with_ends(watch) if one[0] not in sightings])


def _put(work: UnitOfWork, watch: Watch, kept: Sequence[_Ending]) -> None:
    """Keep a watch with what is left in it, and have its timer come up when the first of that expires."""
    before = work.overlay.watches.get(watch.key)
    after = _with(watch, kept) if kept else None
    work.overlay.watches.put(watch.key, after)
    if after is not None and (before is None or before.expires != after.expires):
        work.overlay.timers.push((after.expires, row_keys.watch(watch.key), "expire"))


def _with(watch: Watch, seen: Sequence[_Ending]) -> Watch:
    until = tuple(end for _, end in seen)
    return replace(watch, seen=tuple(one for one, _ in seen), until=until, expires=min(until))


def _with_ends(watch: Watch) -> list[_Ending]:
    """What is watched, in the order in which it came, each with the instant at which it expires."""
    return list(zip(watch.seen, watch.until or (watch.expires,) * len(watch.seen), strict=True))


def _source(sighting: Sighting) -> tuple[str, str]:
    return sighting.camera, sighting.algorithm


def _by_time(sighting: Sighting) -> tuple[int, str, str]:
    return sighting.at, sighting.source, sighting.id

"""Watching 观察: detections that are still too few, or too unsure, to open an order or to reopen a closed one.

What may open an order is watched by place: one row for each merge group and cell of the grid, whoever has seen it.
Around a new detection all those of its category within its radius count, over all cameras and algorithms. What does not
merge, or has no place, is watched camera by camera.
"""

from collections.abc import Iterable, Mapping, Sequence

from dispatcher.arrivals import borders, merging
from dispatcher.arrivals.merging import certain_category
from dispatcher.arrivals.watched import dispelled, false_alarms, watch_rows, weighing
from dispatcher.order.row import OPEN, Order, Watch
from dispatcher.partition import row_keys
from dispatcher.partition.telling.outcomes import Disposition
from dispatcher.partition.unit_of_work import DESK, UnitOfWork
from dispatcher.steps import dispatching
from dispatcher.steps.opening import join, open_order, raised
from dispatcher.units import tasking
from models.city import URGENT, Category
from models.city.ground.distances import cell_of, cells
from models.inbox import Sighting
from models.times import HOUR_MS


def watch_on(
    work: UnitOfWork, sighting: Sighting, kind: Category, category: str, candidates: Sequence[Order]
) -> Disposition:
    """Too few detections yet 观察中, or enough: then they open an order, the first of them founds it, which names its
    candidates."""
    seen = _around(work, sighting, {category: kind})
    alarms = sorted([*(one.sighting for one in seen), sighting], key=_by_time)
    found = _found(work, sighting, kind, alarms)
    if found == "watch":
        name = row_keys.opening_watch(sighting.area, work.city.merge_group(category), _spot(sighting, kind))
        watch_rows.add(work, Watch(key=name, area=sighting.area, seen=(), expires=0), sighting, weighing.needed(kind))
        return Disposition("watched", "", len(alarms), _wanted(kind))
    watch_rows.take_out(work, seen)
    order = open_order(work, alarms[0], candidates, unverified=found == "verify", urgent=found == "urgent")
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
    found = _around(work, order, work.city.merging_kinds(work.city.merge_group(order.category)))
    watch_rows.take_out(work, found)
    for one in sorted((each.sighting for each in found), key=_by_time):
        order = join(work, order, one, "watched", merging.between(one, order.lat, order.lon))
    return order


def reopen_by_camera(work: UnitOfWork, order: Order, sighting: Sighting) -> Disposition:
    """A camera reopens a closed order when it has seen the thing as often, or so surely, as it takes to open one; one
    that a person would have to verify goes to a person, and one that would be urgent is, unless a person has set how
    urgent it is."""
    kind = work.city.categories.get(order.category)
    name = row_keys.reopening_watch(order.id)
    watch = work.overlay.watches.get(name)
    sightings = (*watch.seen, sighting) if watch is not None else (sighting,)
    found = "file" if kind is None else _found(work, sighting, kind, sightings)
    if kind is not None and found == "watch":
        new = Watch(key=name, area=sighting.area, seen=(), expires=0, category=order.category, order_id=order.id)
        watch_rows.add(work, new, sighting, weighing.needed(kind))
        return Disposition("watched", order.id, len(sightings), _wanted(kind))
    if watch is not None:
        work.overlay.watches.put(name, None)
    for one in sightings:
        order = join(work, order, one, "seen-again")
    order = dispatching.reopen(work, order, "seen-again", sighting.at, DESK, unverified=found == "verify")
    if found == "urgent" and order.priority != URGENT and order.priority_by in ("", DESK.role):
        order = dispatching.prioritise(work, order, URGENT, "seen-again", sighting.at, DESK)
    order = raised(work, order, sighting.at)
    if found == "verify":
        tasking.look_at(work, order, unverified=True)
    return Disposition("order", order.id)


def reopened(work: UnitOfWork, order: Order) -> Order:
    """An order that somebody else has reopened takes over what a camera has seen of it since it was closed."""
    watch = work.overlay.watches.get(row_keys.reopening_watch(order.id))
    if watch is not None:
        work.overlay.watches.put(watch.key, None)
    for one in watch.seen if watch is not None else ():
        order = join(work, order, one, "seen-again")
    return raised(work, order, order.last_at)


def _found(work: UnitOfWork, sighting: Sighting, kind: Category, alarms: Sequence[Sighting]) -> weighing.Consequence:
    """What is done about these, of which a sighting is the last."""
    found = weighing.consequence(kind, len(alarms), _how_sure(work, kind, alarms))
    return "watch" if found == "verify" and dispelled.keeps_quiet(work, sighting, kind) else found


def _how_sure(work: UnitOfWork, kind: Category, alarms: Sequence[Sighting]) -> float:
    """How sure it is that what these show is there, where the city weighs it."""
    if not weighing.is_weighed(kind):
        return 0.0
    return weighing.combined(alarms, lambda algorithm: false_alarms.rate_of(work, algorithm))


def _wanted(kind: Category) -> int:
    """How many detections it takes; 0 where their number does not decide."""
    return weighing.needed(kind) if kind.file_at is None else 0


def _spot(sighting: Sighting, kind: Category) -> str:
    """Where a detection is watched: in its cell of the grid, else with its camera."""
    if sighting.lat is None or sighting.lon is None or not kind.merge:
        return row_keys.by_camera(sighting.camera)
    return row_keys.in_cell(*cell_of(sighting.lat, sighting.lon))


def _around(work: UnitOfWork, centre: Sighting | Order, kinds: Mapping[str, Category]) -> list[watch_rows.Seen]:
    """What is watched of these categories of a merge group around a sighting or an order, each within the radius and
    hours of its own category, by which it would join."""
    merge = all(kind.merge for kind in kinds.values())
    spots: Iterable[str] = ()
    if centre.lat is not None and centre.lon is not None and merge:
        reach = max(kind.merge_radius_m for kind in kinds.values())
        spots = (row_keys.in_cell(*cell) for cell in cells(centre.lat, centre.lon, reach))
    elif isinstance(centre, Sighting):
        spots = (_spot(centre, *kinds.values()),)
    at = centre.at if isinstance(centre, Sighting) else centre.opened_at
    group = work.city.merge_group(next(iter(kinds)))
    found: list[watch_rows.Seen] = []
    for spot in spots:
        name = row_keys.opening_watch(centre.area, group, spot)
        watch = work.overlay.watches.get(name)
        for one in watch.seen if watch is not None else ():
            kind = kinds.get(certain_category(one))
            if kind is None or abs(one.at - at) > kind.merge_hours * HOUR_MS:
                continue
            away = merging.between(one, centre.lat, centre.lon)
            if away is None or not kind.merge or away <= kind.merge_radius_m:
                found.append(watch_rows.Seen(name, one))
    return found


def _by_time(sighting: Sighting) -> tuple[int, str, str]:
    return sighting.at, sighting.source, sighting.id

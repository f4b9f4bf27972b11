"""Watching 观察: detections that are still too few to open an order, or to reopen a closed one."""

from dispatcher.order.row import Order, Watch
from dispatcher.partition import row_keys
from dispatcher.partition.outcomes import Disposition
from dispatcher.partition.unit_of_work import DESK, UnitOfWork
from dispatcher.steps import dispatching
from dispatcher.steps.opening import join, open_order
from models.city import Category
from models.inbox import Sighting
from models.times import MINUTE_MS


def watch_on(work: UnitOfWork, sighting: Sighting, kind: Category, category: str) -> Disposition:
    """Too few detections yet 观察中: open an order at `min_sightings`."""
    key = row_keys.opening_watch(sighting.area, category, sighting.camera)
    watch = work.overlay.watches.get(key)
    sightings = (*watch.seen, sighting) if watch is not None else (sighting,)
    if len(sightings) < kind.min_sightings:
        _keep_watch(work, key, sighting, category, sightings, watch)
        return Disposition("watched", "", len(sightings), kind.min_sightings)
    if watch is not None:
        work.overlay.watches.put(key, None)
    order = open_order(work, sightings[0])
    for one in sightings[1:]:
        order = join(work, order, one, "watched")
    return Disposition("order", order.id)


def reopen_by_camera(work: UnitOfWork, order: Order, sighting: Sighting) -> Disposition:
    """A camera reopens a closed order when it has seen the thing as often as it takes to open one."""
    kind = work.city.categories.get(order.category)
    wanted = kind.min_sightings if kind is not None else 1
    key = row_keys.reopening_watch(order.id)
    watch = work.overlay.watches.get(key)
    sightings = (*watch.seen, sighting) if watch is not None else (sighting,)
    if len(sightings) < wanted:
        _keep_watch(work, key, sighting, order.category, sightings, watch, order.id)
        return Disposition("watched", order.id, len(sightings), wanted)
    if watch is not None:
        work.overlay.watches.put(key, None)
    for one in sightings:
        order = join(work, order, one, "seen-again")
    dispatching.reopen(work, order, "seen-again", sighting.at, DESK)
    return Disposition("order", order.id)


def _keep_watch(
    work: UnitOfWork,
    key: str,
    sighting: Sighting,
    category: str,
    sightings: tuple[Sighting, ...],
    watch: Watch | None,
    order_id: str = "",
) -> None:
    if watch is None:
        expires = work.clock + int(work.city.settings.watching_minutes * MINUTE_MS)
        work.overlay.timers.push((expires, row_keys.watch(key), "expire"))
    else:
        expires = watch.expires
    work.overlay.watches.put(
        key, Watch(key=key, area=sighting.area, category=category, seen=sightings, expires=expires, order_id=order_id)
    )


def expire(work: UnitOfWork, watch: Watch) -> None:
    """The window closed with too few detections: counted, and forgotten."""
    work.overlay.watches.put(watch.key, None)
    for sighting in watch.seen:
        work.book("expired", sighting.at, watch.area, watch.category)

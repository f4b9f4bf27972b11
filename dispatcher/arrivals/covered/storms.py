"""Storms 事件风暴: many orders of one category in one area are followed by one that takes in the rest.

The terms are Alertmanager's: orders are grouped by category and area. Once `storm_orders` (the limit) of a group have
been opened within `storm_wait_minutes` (its group wait), the next sighting opens a parent incident, which covers it and
all that follow, until for `storm_interval_minutes` nothing has. When the parent ends, what it covers comes up again.

That interval is not Alertmanager's `group_interval`, its wait before it tells what a group has gained: here each
sighting joins at once, and the interval is the quiet after which the next one is no part of the storm.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec.structs import replace

from dispatcher.arrivals import merging, nearby
from dispatcher.arrivals.covered import held_back
from dispatcher.order.row import OPEN, Order
from dispatcher.partition import index
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps.opening import STORM, join, open_order
from dispatcher.steps.routing import routed
from models.city import Category
from models.inbox import Sighting
from models.times import MINUTE_MS

_ALGORITHM = "storm"


def gather(work: UnitOfWork, sighting: Sighting, kind: Category | None, category: str) -> Order | None:
    """The storm that takes a sighting in, which would have an order of its own otherwise; None where there is none."""
    most = work.city.settings.storm_orders
    if not most or kind is None or not kind.merge:
        return None
    order = _raging(work, sighting, category)
    if order is None:
        opened = _opened_just_now(work, sighting, category, most)
        if not opened:
            return None
        storm = _storm(sighting, kind, category, opened)
        target = routed(work.city, storm, storm.at)
        if target.reject or target.category != category:
            return None  # the city's rules make something else of it, which would take nothing in
        order = open_order(work, storm, opened)
    order = join(work, order, sighting, STORM)
    held_back.cover(work, order, sighting)
    return order


def is_storm(order: Order) -> bool:
    """Whether an order is a storm: its own sign, which no camera has given, is what it is known by first."""
    return bool(order.fingerprints) and order.fingerprints[0].startswith(f"|{_ALGORITHM}|")


def open_storms(work: UnitOfWork, sighting: Sighting, category: str) -> Iterator[Order]:
    """The open storms of a sighting's group."""
    known = nearby.seen_as(work, index.fingerprint(_sign(sighting, category)))
    orders = map(work.order, known)
    return (order for order in orders if order is not None and order.state in OPEN and order.category == category)


def _raging(work: UnitOfWork, sighting: Sighting, category: str) -> Order | None:
    """The open storm of the group that has taken something in within the interval; of what comes late, only what was
    seen no longer before the storm than the wait. One that a person has found to be something else is none."""
    quiet_ms = int(work.city.settings.storm_interval_minutes * MINUTE_MS)
    for order in open_storms(work, sighting, category):
        if order.opened_at - _wait_ms(work) < sighting.at <= nearby.last_seen(
            work.overlay, order
        ) + quiet_ms and merging.has_room(work.city, sighting, order):
            return order
    return None


def _opened_just_now(work: UnitOfWork, sighting: Sighting, category: str, most: int) -> Sequence[Order]:
    """The newest open orders of the group, as many as it takes, where all of them were opened, and the sighting was
    seen, within the wait; else none."""
    newest = list(islice(work.overlay.index.newest(index.of_kind(sighting.area, category)), most))
    moments = [sighting.at, *(opened_at for opened_at, *_ in newest)]
    if len(newest) < most or max(moments) - min(moments) >= _wait_ms(work):
        return []
    orders = (work.order(order_id) for _, order_id, *_ in newest)
    return [order for order in orders if order is not None]


def _wait_ms(work: UnitOfWork) -> int:
    return int(work.city.settings.storm_wait_minutes * MINUTE_MS)


def _sign(sighting: Sighting, category: str) -> Sighting:
    """What a storm of a group is known by."""
    return Sighting(
        kind="detection",
        source="paidan/storm",
        id=f"{sighting.area}/{category}/{sighting.source}/{sighting.id}",
        at=sighting.at,
        area=sighting.area,
        algorithm=_ALGORITHM,
        label=category,
        object_id=sighting.area,
        category=category,
    )


def _storm(sighting: Sighting, kind: Category, category: str, opened: Sequence[Order]) -> Sighting:
    """What founds a storm's order: how many there are already, and which."""
    text = f"{kind.name_zh}: 短时间内已立案 {len(opened)} 起 / {kind.name_en}: {len(opened)} orders within a short time"
    named = "\n".join((text, *(order.id for order in opened)))
    return replace(_sign(sighting, category), text=named)

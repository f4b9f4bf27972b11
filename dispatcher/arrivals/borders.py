"""Borders 跨界: an incident at the border of two areas is an order in each, and these are related to each other.

Merging stays within one area, so that each order has one department and one partition. What lies beyond the border in
the same partition is related at once. The desk of any other partition is asked by a record in its inbox, and answers by
one. Each of two orders asks as it is opened, so the later one finds the earlier, whichever of the desks is behind;
docs/adr/0135 says why, and what that does not find.
"""

import math
from collections.abc import Iterator

from dispatcher.arrivals import nearby
from dispatcher.order import facts
from dispatcher.order.row import OPEN, Order
from dispatcher.partition import identity, index
from dispatcher.partition.decision import Outgoing
from dispatcher.partition.unit_of_work import DESK, UnitOfWork
from dispatcher.steps.opening import link, may_name
from models.city import Category, City
from models.city.ground.distances import METRES_PER_DEGREE
from models.inbox import AtBorder, BeyondBorder, encode_items


def relate(work: UnitOfWork, order: Order) -> Order:
    """Relate an order to the nearest open ones of its merge group, within its radius, beyond the border: to those of
    this partition, while the desks of others are asked. What is replayed asks nobody: that was over long ago."""
    kind = _merging(work.city, order.category)
    if kind is None or order.lat is None or order.lon is None or order.state not in OPEN:
        return order
    asked = [
        AtBorder(
            order_id=order.id, area=area, category=order.category, lat=order.lat, lon=order.lon, at=order.opened_at
        )
        for area in _looked_in(work, order, order.lat, order.lon, kind.merge_radius_m)
    ]
    found = [
        (other, away)
        for one in asked
        for other, away in _near(work, one, kind)
        if order.area not in index.areas_of(other) and other.id not in order.linked
    ]
    for other in nearby.nearest(work, found):
        order = link(work, order, other, order.opened_at, "related")
    if not work.replayed:
        work.sent.extend(_told(one) for one in asked)
    return order


def look(work: UnitOfWork, asked: AtBorder) -> None:
    """Relate the nearest orders of this partition to one of another that lies at their border, and answer."""
    kind = _merging(work.city, asked.category)
    found = () if kind is None else _near(work, asked, kind)
    for other in nearby.nearest(work, found):
        if asked.order_id not in other.linked:  # one that names as many as it may is named, as in its own partition
            _name(work, other, asked.order_id, asked.at)
            there = identity.area_of(asked.order_id)
            work.sent.append(_told(BeyondBorder(order_id=asked.order_id, area=there, other=other.id)))


def answered(work: UnitOfWork, found: BeyondBorder) -> None:
    """Relate an order to that of another partition which is related to it by now; one that is gone needs it no more."""
    order = work.order(found.order_id)
    if order is not None:
        _name(work, order, found.other, work.clock)


def _name(work: UnitOfWork, order: Order, other_id: str, at: int) -> None:
    """Have an order name one of another partition, unless it does already, or names as many as it may."""
    if may_name(order, other_id):
        work.emit(facts.Linked(**work.head(order, at, DESK), other=other_id, kind="related"))


def _told(item: AtBorder | BeyondBorder) -> Outgoing:
    """A record for the inbox of the partition that has the item's area."""
    return Outgoing(f"inbox/{item.area}", item.area, encode_items((item,)))


def _merging(city: City, name: str) -> Category | None:
    """The category, where it is one whose orders merge."""
    kind = city.categories.get(name)
    return kind if kind is not None and kind.merge else None


def _near(work: UnitOfWork, asked: AtBorder, kind: Category) -> Iterator[tuple[Order, float]]:
    """The open orders of an area that may be the other half of one at its border, with their distances in metres."""
    return nearby.open_in_time(work, asked, work.city.merge_group(asked.category), kind, asked.at)


def _looked_in(work: UnitOfWork, order: Order, lat: float, lon: float, reach: float) -> list[str]:
    """The areas in which the other half of an order may lie: those beyond the border; and the one that it was moved to,
    whose orders are compared with it (`unsure`) only as far as they lie in its own partition."""
    own = index.areas_of(order)
    moved_to = own[:1] if len(own) > 1 else ()
    return [*moved_to, *(area for area in _beyond(work.city, order.area, lat, lon, reach) if area not in own)]


def _beyond(city: City, own: str, lat: float, lon: float, reach: float) -> list[str]:
    """The other areas that lie so many metres to the north, east, south or west, or at a corner of the square around
    that: whichever way a border runs within reach, one of these eight lies behind it, seen from either of its sides."""
    north = reach / METRES_PER_DEGREE
    east = north / max(math.cos(math.radians(lat)), 0.01)
    if city.areas.holds_all(own, lat - north, lon - east, lat + north, lon + east):
        return []  # most places are far from any border
    up, down, right, left = lat + north, lat - north, lon + east, lon - east
    there = city.areas.locate_many(
        (up, down, lat, lat, up, up, down, down), (lon, lon, right, left, right, left, right, left)
    )
    return sorted({area.id for area in there if area is not None and area.id != own})

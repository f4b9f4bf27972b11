"""Borders 跨界: an incident at the border of two areas is an order in each, and these are related to each other.

Merging stays within one area, so that each order has one department and one partition. Only areas whose orders lie in
the same partition can be looked at; docs/adr/0078 says why.
"""

import math

from dispatcher.arrivals import merging, nearby
from dispatcher.order.row import OPEN, Order
from dispatcher.partition import index
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps.opening import NAMED, link
from models.city.ground.distances import METRES_PER_DEGREE


def relate(work: UnitOfWork, order: Order) -> Order:
    """Relate a new order to the nearest open ones of its merge group, within its radius, beyond the border."""
    kind = work.city.categories.get(order.category)
    if kind is None or not kind.merge or order.lat is None or order.lon is None or order.state not in OPEN:
        return order
    found = sorted(
        (away, other.id)
        for area in _beyond(work, order.area, order.lat, order.lon, kind.merge_radius_m)
        for other, away in nearby.around(work, order, (order.group,), kind.merge_radius_m, area)
        if other.state in OPEN
        and order.area not in index.areas_of(other)
        and merging.in_time(order.opened_at, other, nearby.last_seen(work.overlay, other), kind)
    )
    for _, other_id in found[:NAMED]:
        other = work.order(other_id)
        assert other is not None  # it was there a moment ago
        order = link(work, order, other, order.opened_at, "related")
    return order


def _beyond(work: UnitOfWork, own: str, lat: float, lon: float, reach: float) -> list[str]:
    """The other areas that lie so many metres to the north, east, south or west."""
    north = reach / METRES_PER_DEGREE
    east = north / max(math.cos(math.radians(lat)), 0.01)
    areas = work.city.areas
    if areas.holds_all(own, lat - north, lon - east, lat + north, lon + east):
        return []  # most places are far from any border
    there = areas.locate_many((lat + north, lat - north, lat, lat), (lon, lon, lon + east, lon - east))
    return sorted({area.id for area in there if area is not None and area.id != own})

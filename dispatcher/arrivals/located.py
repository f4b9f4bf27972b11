"""Assets 部件: what is seen of one lamp or one manhole cover, however far off it was reported from, is one incident."""

from collections.abc import Iterator
from itertools import islice

from dispatcher.arrivals import merging, nearby
from dispatcher.order.row import Order
from dispatcher.partition import index
from dispatcher.partition.unit_of_work import UnitOfWork
from models.city import Asset, Category, City
from models.inbox import Sighting


def around(
    work: UnitOfWork, sighting: Sighting, kind: Category, category: str, asset: Asset | None
) -> Iterator[tuple[Order, float]]:
    """The orders at the asset that a sighting is at, then those near its place, each named once, with their distances
    in metres."""
    group, seen = work.city.merge_group(category), set[str]()
    if asset is not None:
        for _, order_id, lat, lon in islice(work.overlay.index.newest(index.of_asset(asset.id, group)), nearby.SCANNED):
            away, order = merging.between(sighting, lat, lon), work.order(order_id)
            if order is not None and sighting.area in index.areas_of(order):
                seen.add(order_id)
                yield order, away or 0.0
    for order, near in nearby.around(work, sighting, (group,), kind.merge_radius_m):
        if order.id not in seen:
            yield order, near


def is_same(city: City, sighting: Sighting, category: str, asset: Asset | None, order: Order) -> bool | None:
    """Whether a sighting is one incident with an order by the assets that both are at: yes where it names the asset and
    has the order's category, no where they are at two. None where assets decide nothing."""
    if asset is None or order.asset is None:
        return None
    if order.asset.id == asset.id:
        return True if sighting.asset and order.category == category else None
    other = city.assets.get(order.asset.id)
    return False if other is not None and city.is_about(order.category, other) else None

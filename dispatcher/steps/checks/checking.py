"""Giving checks 派核查: which inspector is to look at what a department says it has handled."""

from dispatcher.order import facts
from dispatcher.order.chain import handlers
from dispatcher.order.row import Order
from dispatcher.partition import index
from dispatcher.partition.unit_of_work import DESK, UnitOfWork
from dispatcher.units import tasking
from models.city import Inspector
from models.city.ground.distances import distance_m


def give(work: UnitOfWork, order: Order, at: int) -> Order:
    """Give a handled order to the freest inspector of its area, of these to the nearest. Where there is none, or none
    has room for one more, to the nearest mobile unit; without one, anybody who may make the check does."""
    inspector = _chosen(work, order)
    if inspector is None:
        return tasking.send(work, order)
    return work.emit(facts.CheckGiven(**work.head(order, at, DESK), inspector=inspector.id))


def _chosen(work: UnitOfWork, order: Order) -> Inspector | None:
    """The inspector with the fewest open checks in the desk's partition, then the shortest way, then the first id. Who
    handled the order, or confirmed it for a department above, never checks it."""
    kept_from_it = handlers(order)
    rest: list[tuple[int, float, str, Inspector]] = []
    for inspector in work.city.inspectors.find(order.area):
        has = work.overlay.index.count(index.of_checks(inspector.id))
        full = inspector.checks_max is not None and has >= inspector.checks_max
        if not full and inspector.id not in kept_from_it:
            rest.append((has, _way(inspector, order), inspector.id, inspector))
    return min(rest, default=(0, 0.0, "", None), key=lambda each: each[:3])[3]


def _way(inspector: Inspector, order: Order) -> float:
    """Metres from where an inspector sets out; further than any where one of the two places is not known."""
    if inspector.lat is None or inspector.lon is None or order.lat is None or order.lon is None:
        return float("inf")
    return distance_m(inspector.lat, inspector.lon, order.lat, order.lon)

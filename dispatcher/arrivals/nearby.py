"""Orders around a place: which are looked at for one sighting, and when their incidents were last seen."""

from collections.abc import Iterable, Iterator
from itertools import islice

from dispatcher.arrivals import merging
from dispatcher.order.row import Order
from dispatcher.partition import index
from dispatcher.partition.unit_of_work import UnitOfWork
from models.inbox import Sighting

SCANNED = 64  # of the orders in a cell, and of all around, the newest ones that are compared


def around(
    work: UnitOfWork, centre: Sighting | Order, groups: Iterable[str], reach: float, area: str = ""
) -> Iterator[tuple[Order, float]]:
    """The orders of these merge groups, each named once, within `reach` metres of a sighting or another order, with
    their distances in metres; the newest of many, newest first. They are those of the centre's area, or of another one
    that is named. None around a place that is not known."""
    if centre.lat is None or centre.lon is None:
        return
    entries: list[index.Entry] = []
    for group in groups:
        for key in index.cells_around(area or centre.area, group, centre.lat, centre.lon, reach):
            entries.extend(islice(work.overlay.index.newest(key), SCANNED))
    entries.sort(reverse=True)
    for _, order_id, lat, lon in entries[:SCANNED]:
        away = merging.between(centre, lat, lon)
        if away is not None and away <= reach and (order := work.order(order_id)) is not None:
            yield order, away


def last_seen(work: UnitOfWork, order: Order) -> int:
    """When an order's incident was last seen, repeats included, ms UTC."""
    kept = order.evidence_last or order.evidence_first
    tally = work.overlay.tallies.get(order.id)
    return max(kept[-1].at if kept else order.opened_at, tally.last_seen if tally else 0)

"""Orders around a place: which are looked at for one sighting, and when their incidents were last seen."""

from collections.abc import Iterable, Iterator
from itertools import islice

from dispatcher.arrivals import merging
from dispatcher.order.row import OPEN, Order, kept_evidence
from dispatcher.partition import index
from dispatcher.partition.index import Entry
from dispatcher.partition.overlay import Overlay
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps.opening import NAMED
from models.city import Category
from models.city.ground.distances import METRES_PER_DEGREE, distance_m
from models.inbox import AtBorder, Sighting

SCANNED = 64  # of the orders within reach, the newest ones that are compared
_MEASURED = 1_024  # of the orders in a cell, the newest ones whose distance is worked out


def around(
    work: UnitOfWork, centre: Sighting | Order | AtBorder, groups: Iterable[str], reach: float
) -> Iterator[tuple[Order, float]]:
    """The orders of these merge groups, each named once, within `reach` metres of a sighting or another order, with
    their distances in metres; the newest of many, newest first: 64 at most, among the newest 1,024 of each cell. They
    are those of the centre's area. None around a place that is not known."""
    if centre.lat is None or centre.lon is None:
        return
    near: list[tuple[Entry, float]] = []
    for group in groups:
        for key in index.cells_around(centre.area, group, centre.lat, centre.lon, reach):
            newest = islice(work.overlay.index.newest(key), _MEASURED)
            near.extend(islice(_within(newest, centre.lat, centre.lon, reach), SCANNED))
    near.sort(reverse=True)
    for (_, order_id, *_), away in near[:SCANNED]:
        if (order := work.order(order_id)) is not None:
            yield order, away


def seen_as(work: UnitOfWork, fingerprint: str) -> Iterator[str]:
    """The ids of the orders of what one camera sees so, newest first: 64 at most, as what has ended stays with the desk
    for weeks."""
    for _, order_id, *_ in islice(work.overlay.index.newest(index.of_fingerprint(fingerprint)), SCANNED):
        yield order_id


def of_kind(work: UnitOfWork, area: str, category: str) -> Iterator[Entry]:
    """The open orders of a category in an area, newest first: 1,024 at most."""
    return islice(work.overlay.index.newest(index.of_kind(area, category)), _MEASURED)


def _within(entries: Iterable[Entry], lat: float, lon: float, reach: float) -> Iterator[tuple[Entry, float]]:
    """Those within reach of a place: what is farther off must not take their room among those that are compared."""
    for entry in entries:
        _, _, north, east = entry
        if north is None or east is None or abs(north - lat) * METRES_PER_DEGREE > reach:  # most are told by this alone
            continue
        away = distance_m(lat, lon, north, east)
        if away <= reach:
            yield entry, away


def open_in_time(
    work: UnitOfWork, centre: Order | AtBorder, group: str, kind: Category, at: int
) -> Iterator[tuple[Order, float]]:
    """The open orders of a merge group that may be one incident with what was opened at an instant, by the radius and
    the hours of its category, with their distances in metres."""
    for other, away in around(work, centre, (group,), kind.merge_radius_m):
        if other.state in OPEN and merging.in_time(at, other, last_seen(work.overlay, other), kind):
            yield other, away


def nearest(work: UnitOfWork, found: Iterable[tuple[Order, float]]) -> Iterator[Order]:
    """Of orders with their distances the nearest that are named, each as it is when its turn comes."""
    for _, order_id in sorted((away, order.id) for order, away in found)[:NAMED]:
        order = work.order(order_id)
        assert order is not None  # it was there a moment ago
        yield order


def last_seen(overlay: Overlay, order: Order) -> int:
    """When an order's incident was last seen, repeats included, ms UTC."""
    kept = kept_evidence(order)
    tally = overlay.tallies.get(order.id)
    # What has joined last may have been seen before all others: watched until then, or late.
    return max(*(one.at for one in kept), order.opened_at, tally.last_seen if tally else 0)

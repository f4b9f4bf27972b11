"""Wording 同文: reports without coordinates are compared by the place that they name and by their words."""

from itertools import islice

from dispatcher.arrivals import merging, nearby
from dispatcher.order.row import OPEN, Order
from dispatcher.partition import index
from dispatcher.partition.unit_of_work import UnitOfWork
from models.city import Category
from models.inbox import Sighting
from models.words import whole_text


def same_words(
    work: UnitOfWork, sighting: Sighting, kind: Category, category: str
) -> tuple[Order | None, Order | None]:
    """Of a report without coordinates: the newest open order of its area and category that says the same of the same
    place, which it joins; else the newest that says the same, which may be of another place."""
    maybe: Order | None = None
    if sighting.kind != "report" or not sighting.text:
        return None, None
    for _, order_id, *_ in islice(work.overlay.index.newest(index.of_kind(sighting.area, category)), nearby.SCANNED):
        order = work.order(order_id)
        if (
            order is None
            or order.state not in OPEN
            or not merging.in_time(sighting.at, order, nearby.last_seen(work.overlay, order), kind)
            or not merging.alike(sighting, order, work.city.settings.review_similarity)
        ):
            continue
        if same_place(work, sighting, order) and merging.has_room(work.city, sighting, order):
            return order, None
        maybe = maybe or order
    return None, maybe


def same_place(work: UnitOfWork, sighting: Sighting, order: Order) -> bool:
    """Whether both give the same address, or name the same place of the city's."""
    if sighting.address and sighting.address == order.address:
        return True
    named = work.city.places.find(whole_text(sighting.title, sighting.text))
    return named is not None and named == work.city.places.find(whole_text(order.title, order.text))

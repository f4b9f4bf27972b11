"""Wording 同文: reports without coordinates are compared by the place that they name and by their words."""

from itertools import islice
from typing import NamedTuple

from dispatcher.arrivals import merging, nearby
from dispatcher.order.row import OPEN, Order
from dispatcher.partition import index
from dispatcher.partition.unit_of_work import UnitOfWork
from models.city import Category, City, Place
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
        if same_place(work.city, named(work.city, sighting), order) and merging.has_room(work.city, sighting, order):
            return order, None
        maybe = maybe or order
    return None, maybe


class Named(NamedTuple):
    """What a sighting says of its place in words: an address, and a place of the city's; "" and None for neither."""

    address: str
    place: Place | None


def named(city: City, sighting: Sighting) -> Named:
    """What a sighting says of its place."""
    return Named(sighting.address, city.places.find(whole_text(sighting.title, sighting.text)))


def same_place(city: City, said: Named, order: Order) -> bool:
    """Whether an order has the address that was given, or names the same place of the city's."""
    if said.address and said.address == order.address:
        return True
    return said.place is not None and city.places.is_named(said.place, whole_text(order.title, order.text))

"""Where another city pack would send an open order: only told to people, as an order keeps what was decided for it."""

from datetime import date

from dispatcher.order.row import OPEN, Order
from dispatcher.steps.routing import Route, route, spot_of, subject_of
from models.city import City

A_PERSON = "review"  # where an order goes for which no department is found


def elsewhere(order: Order, old: City, new: City, day: date) -> str:
    """The department that the new pack would give an open order on a city-local day, or `review`; empty where that is
    the one that has it, or where it is not there by the old pack's word: a person has moved it then."""
    if order.state not in OPEN or not order.department:
        return ""
    before, after = (_route(order, city, day) for city in (old, new))
    if before.department != order.department or after.department == order.department:
        return ""
    return after.department or A_PERSON


def _route(order: Order, city: City, day: date) -> Route:
    first = order.evidence_first[0] if order.evidence_first else None
    subject = subject_of(city, order, order.opened_at, first)
    return route(city, subject, order.guess, day, spot_of(order))

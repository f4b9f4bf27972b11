"""A closed order as a citizen of the pool 市民监督员 is shown it: enough to go and look, in words that name nobody."""

from typing import Any

from dispatcher.order.row import Order
from models.city import City
from models.times import now_ms, to_text
from streams.gateway.http.responses import moment, named

# What a citizen of the pool may do by a link.
JUDGING = ("judge",)
_PLACE_DECIMALS = 3  # about a hundred metres: a street, not a door


def judging_state(order: Order, citizen: str, city: City) -> dict[str, Any]:
    """What it is and where, as everybody may know it: the city's words, and a place rounded to a thousandth of a
    degree. No word that anybody has written, no address, no person, and not what others have judged."""
    own = next((each for each in order.judgements if each.by == citizen), None)
    asked = order.state == "closed" and citizen in order.jury and order.judge_by is not None
    open_to = asked and own is None and order.judge_by is not None and now_ms() <= order.judge_by
    placed = order.lat is not None and order.lon is not None
    return {
        "id": order.id,
        "state": order.state,
        "category": named(city.categories.get(order.category), order.category),
        "area": named(city.areas.get(order.area), order.area),
        "city": named(city, city.id),
        "place": {"lat": _rounded(order.lat), "lon": _rounded(order.lon)} if placed else None,
        "closed_at": to_text(order.closings[-1].at) if order.closings else None,
        "judge_by": moment(order.judge_by),
        "judged": None if own is None else {"satisfied": own.settled},
        "may": list(JUDGING) if open_to else [],
        "zone": city.zone.key,
    }


def _rounded(degrees: float | None) -> float | None:
    return None if degrees is None else round(degrees, _PLACE_DECIMALS)

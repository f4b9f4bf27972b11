"""How a report says that it is an order of a platform above 上级平台: by its source, `hub:` and the city above; by its
id, `<order>/<attempt>`; by its channel, the cities that the order has come through, the topmost first: `province/city`.

So each platform drops what comes twice, knows whom to tell what became of it, and sees a circle before it closes.
"""

import re
from collections.abc import Sequence

from models.events.incoming import ORDER_AREA, ORDER_REST

_SOURCE = "hub:"
_BETWEEN = "/"
# An order's id; its attempt; and what has become of that.
_HANDED_DOWN = re.compile(rf"({ORDER_AREA})-{ORDER_REST}(?:{_BETWEEN}[0-9]{{1,4}})?(?:{_BETWEEN}[a-z-]{{1,16}})?")


def source_of(city: str) -> str:
    """The source of the reports that are orders of this city."""
    return _SOURCE + city


def is_from_above(source: str) -> bool:
    """Whether a report with this source is an order of a platform above."""
    return source.startswith(_SOURCE)


def channel_of(cities: Sequence[str]) -> str:
    """The channel of a report that has come through these cities, the topmost first."""
    return _BETWEEN.join(cities)


def cities_of(source: str, channel: str) -> tuple[str, ...]:
    """The cities that a report has come through, the topmost first; none where it is not from above."""
    return tuple(channel.split(_BETWEEN)) if is_from_above(source) else ()


def report_of(order_id: str, attempt: int) -> str:
    """The id of the report that an order becomes in this attempt."""
    return f"{order_id}{_BETWEEN}{attempt}"


def order_named(report_id: str) -> str:
    """The order above whose attempt a report is; an id that names none stands for itself."""
    return report_id.rpartition(_BETWEEN)[0] or report_id


def area_named(name: str) -> str:
    """The area in the id of an order, of its report or of what is told of it; empty where a name is none of them."""
    found = _HANDED_DOWN.fullmatch(name)
    return "" if found is None else found[1]


def order_of(report_id: str) -> tuple[str, int]:
    """The order above and its attempt. Raises ValueError for an id that `report_of` does not give."""
    order_id, _, attempt = report_id.rpartition(_BETWEEN)
    if not order_id or not attempt.isdecimal() or not attempt.isascii():
        raise ValueError(f"{report_id!r} names no order and attempt")
    return order_id, int(attempt)

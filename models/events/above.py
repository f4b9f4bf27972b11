"""How a report says that it is an order of a platform above 上级平台: by its source, `hub:` and the city above; by its
id, `<order>/<attempt>`; by its channel, the cities that the order has come through, the topmost first: `province/city`.

So each platform drops what comes twice, knows whom to tell what became of it, and sees a circle before it closes.
"""

import re
from collections.abc import Sequence

from models.events.incoming import ORDER_AREA, ORDER_REST

_SOURCE = "hub:"
_BETWEEN = "/"
# The parts of a name of what is told of an order: ids of orders, counts (attempt, seq), words for what was done.
_ORDER = re.compile(rf"({ORDER_AREA})-{ORDER_REST}")
_NUMBER, _WORD = re.compile("[0-9]{1,6}"), re.compile("[a-z]+(?:-[a-z]+)*")
_MOST_PARTS = 5  # of a step: the order above, its attempt, the order below, its seq, what the department above does


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


def chosen_in(name: str) -> tuple[str, ...]:
    """The areas and words, which somebody has chosen, in the id of an order, its report or what is told of it; all
    else are counts and chance. Empty where a name is none of these."""
    parts = name.split(_BETWEEN, _MOST_PARTS)
    if len(parts) > _MOST_PARTS or not _ORDER.fullmatch(parts[0]):
        return ()
    found: list[str] = []
    for part in parts:
        if order := _ORDER.fullmatch(part):
            found.append(order[1])
        elif _WORD.fullmatch(part):
            found.append(part)
        elif not _NUMBER.fullmatch(part):
            return ()
    return tuple(found)


def order_of(report_id: str) -> tuple[str, int]:
    """The order above and its attempt. Raises ValueError for an id that `report_of` does not give."""
    order_id, _, attempt = report_id.rpartition(_BETWEEN)
    if not order_id or not attempt.isdecimal() or not attempt.isascii():
        raise ValueError(f"{report_id!r} names no order and attempt")
    return order_id, int(attempt)

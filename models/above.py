"""How a report says that it is an order of a platform above 上级平台: by its source, which names the cities it has come
through, the topmost first (`hub:province/city`), and by its id, `<order>/<attempt>`.

So each platform drops what comes twice, knows whom to tell what became of it, and sees a circle before it closes.
"""

from collections.abc import Sequence

SOURCE = "hub:"
_BETWEEN = "/"


def source_of(cities: Sequence[str]) -> str:
    """The source of a report that has come through these cities, the topmost first."""
    return SOURCE + _BETWEEN.join(cities)


def is_from_above(source: str) -> bool:
    """Whether a report with this source is an order of a platform above."""
    return source.startswith(SOURCE)


def cities_of(source: str) -> tuple[str, ...]:
    """The cities that a report has come through, the topmost first; none where it is not from above."""
    return tuple(source.removeprefix(SOURCE).split(_BETWEEN)) if is_from_above(source) else ()


def report_of(order_id: str, attempt: int) -> str:
    """The id of the report that an order becomes in this attempt."""
    return f"{order_id}{_BETWEEN}{attempt}"


def order_named(report_id: str) -> str:
    """The order above whose attempt a report is; an id that names none stands for itself."""
    return report_id.rpartition(_BETWEEN)[0] or report_id


def order_of(report_id: str) -> tuple[str, int]:
    """The order above and its attempt. Raises ValueError for an id that `report_of` does not give."""
    order_id, _, attempt = report_id.rpartition(_BETWEEN)
    if not order_id or not attempt.isdecimal() or not attempt.isascii():
        raise ValueError(f"{report_id!r} names no order and attempt")
    return order_id, int(attempt)

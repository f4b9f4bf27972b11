"""Two courses of the same inbox compared: which orders went elsewhere, which limits were missed, which figures differ.

Nothing is estimated. What people did is in the inbox as they did it: where an order goes to another department, the
steps of the one that really had it are refused, and nobody knows what the other would have done. So such an order
counts as it stands then, mostly as not handled, and is named among those that went elsewhere.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

import msgspec

from dispatcher.figures.booking import bookings
from dispatcher.figures.figure_row import Figure, FigureRow, parse_key, row_key
from dispatcher.figures.indicators import INDICATORS, STOCKS, Value, Window, city, figures_of, indicators, totals
from dispatcher.order.row import Order
from dispatcher.whatif.course import Course

CITY = "city"  # beside department, category and area: the dimension of the sum over all areas
_NOTHING = FigureRow()
# By stage the figures that say how often its limit was missed: those done, those done in time, those not done.
_MISSED: Mapping[str, tuple[str, str, str]] = {
    "accept": ("accept_done", "accept_on_time", "accept_missed"),
    "dispatch": ("dispatch_done", "dispatch_on_time", "dispatch_missed"),
    "handle": ("handle_done", "handle_on_time", "handle_missed"),
    "check": ("check_done", "check_on_time", "check_missed"),
    "whole": ("closed_limited", "closed_on_time", "overdue_open"),
}

_Counts = Mapping[tuple[str, str, Figure], int]  # dimension, key and figure → how many times
Behind = dict[tuple[str, str, str], set[str]]  # dimension, key and figure → the orders that count differently in it


class ElsewhereOrder(msgspec.Struct, frozen=True):
    """An order that came to other departments: each side's in their order, `(review)` for a person; a side without any
    has no such order."""

    order_id: str
    real: tuple[str, ...]
    whatif: tuple[str, ...]


class MissedLimit(msgspec.Struct, frozen=True):
    """How often an order missed the limit of a stage: `whole` is its own limit, the others are those of a turn."""

    order_id: str
    stage: str
    real: int
    whatif: int


class IndicatorChange(msgspec.Struct, frozen=True):
    """An indicator of the city, or of a department, category or area, that differs, with the orders that count
    differently in what it is made of. Nobody's order is behind what was merged, suppressed or dropped."""

    dimension: str
    key: str
    indicator: str
    real: Value
    whatif: Value
    orders: tuple[str, ...]


class PartitionComparison(msgspec.Struct, frozen=True):
    """What one partition came to; `figures` are the real ones and the others, by Kafka key."""

    orders: int
    facts: int
    unlike: tuple[str, ...]
    elsewhere: tuple[ElsewhereOrder, ...]
    missed: tuple[MissedLimit, ...]
    refused: int
    failed: int
    figures: tuple[Mapping[str, FigureRow], Mapping[str, FigureRow]]
    behind: Behind


class WhatIf(msgspec.Struct, frozen=True):
    """What another pack or model would have come to. `facts` and `orders` are the real ones; `unlike` the orders whose
    facts differ, apart from the names of the packs; `refused` how many more steps are refused than really were, and
    `failed` how many more items end in an error."""

    orders: int
    facts: int
    unlike: tuple[str, ...]
    elsewhere: tuple[ElsewhereOrder, ...]
    missed: tuple[MissedLimit, ...]
    changes: tuple[IndicatorChange, ...]
    refused: int
    failed: int


def compare(real: Course, whatif: Course, zone: ZoneInfo, window: Window) -> PartitionComparison:
    """One partition's two courses, both finished. Limits and figures are those of the window's days."""
    unlike, missed, behind = [], list[MissedLimit](), defaultdict[tuple[str, str, str], set[str]](set)
    for order_id in sorted(real.alike.keys() | whatif.alike.keys()):
        if real.alike.get(order_id) == whatif.alike.get(order_id):
            continue
        unlike.append(order_id)
        before, after = (_counts(course.orders.get(order_id), zone, window) for course in (real, whatif))
        missed += _missed(order_id, before, after)
        for count in before.keys() | after.keys():
            if before.get(count, 0) != after.get(count, 0):
                dimension, key, figure = count
                behind[dimension, key, figure if isinstance(figure, str) else figure[0]].add(order_id)
    return PartitionComparison(
        orders=len(real.orders),
        facts=real.facts,
        unlike=tuple(unlike),
        elsewhere=tuple(
            ElsewhereOrder(order_id, real.ways.get(order_id, ()), whatif.ways.get(order_id, ()))
            for order_id in unlike
            if real.ways.get(order_id, ()) != whatif.ways.get(order_id, ())
        ),
        missed=tuple(missed),
        refused=whatif.refused - real.refused,
        failed=whatif.failed - real.failed,
        figures=(dict(real.figures), dict(whatif.figures)),
        behind=dict(behind),
    )


def summed(parts: Iterable[PartitionComparison], window: Window) -> WhatIf:
    """All partitions together, with every indicator that differs over the window."""
    every = list(parts)
    behind: Behind = defaultdict(set)
    for part in every:
        for (dimension, key, figure), orders in part.behind.items():
            behind[dimension, key, figure] |= orders
            if dimension == "area":
                behind[CITY, "", figure] |= orders
    return WhatIf(
        orders=sum(part.orders for part in every),
        facts=sum(part.facts for part in every),
        unlike=tuple(order for part in every for order in part.unlike),
        elsewhere=tuple(each for part in every for each in part.elsewhere),
        missed=tuple(each for part in every for each in part.missed),
        changes=tuple(_changes(every, window, behind)),
        refused=sum(part.refused for part in every),
        failed=sum(part.failed for part in every),
    )


def _changes(parts: Iterable[PartitionComparison], window: Window, behind: Behind) -> Iterable[IndicatorChange]:
    sides = []
    for side in (0, 1):
        sums = totals([row for part in parts for row in part.figures[side].items()], window)
        sides.append({(CITY, ""): city(sums), **sums})
    real, whatif = sides
    for dimension, key in sorted(real.keys() | whatif.keys(), key=lambda where: (where[0] != CITY, where)):
        if dimension in ("stage", "actor"):
            continue  # each of them counts for a department, too
        one = indicators(real.get((dimension, key), _NOTHING))
        other = indicators(whatif.get((dimension, key), _NOTHING))
        for name in INDICATORS:
            if one[name] != other[name]:
                orders = set[str]().union(*(behind.get((dimension, key, figure), ()) for figure in figures_of(name)))
                yield IndicatorChange(dimension, key, name, one[name], other[name], tuple(sorted(orders)))


def _counts(order: Order | None, zone: ZoneInfo, window: Window) -> _Counts:
    """What an order counts for over a window's days: flows of its days, stocks as they stand at its end."""
    counted: dict[tuple[str, str, Figure], int] = defaultdict(int)
    for row, amounts in ({} if order is None else bookings(order, zone)).items():
        dimension, key, day, _ = parse_key(row_key(row, 0))
        for figure, times in amounts.items():
            if day <= window.last and (figure in STOCKS or day >= (window.first or 0)):
                counted[dimension, key, figure] += times
    return counted


def _missed(order_id: str, before: _Counts, after: _Counts) -> Iterable[MissedLimit]:
    real, whatif = ({figure: n for (dim, _, figure), n in side.items() if dim == "area"} for side in (before, after))
    for stage, (done, in_time, undone) in _MISSED.items():
        one, other = (side.get(done, 0) - side.get(in_time, 0) + side.get(undone, 0) for side in (real, whatif))
        if one != other:
            yield MissedLimit(order_id, stage, one, other)

"""Retention 保存期限: when the words of an order's reports are destroyed by themselves.

When the desk archives an order it writes, in the same transaction, by when its words are to go. That record lies among
the keys of reports, in the desk's own partition. When that instant has come by the inbox's clock, the keys are
destroyed and the record is taken away, again in one transaction with what the desk has decided.
"""

import heapq
from collections.abc import Iterable

import msgspec

from dispatcher.figures.booking import ended_at
from dispatcher.order.row import Order
from models.city.lookups import RetentionTable
from models.times import DAY_MS

BY = "retention"
_KEY = "ending/"  # no name of a key holds a slash


class Ending(msgspec.Struct, frozen=True):
    """When the words of an order's reports end (ms UTC), the names of their keys, and the rule that says so."""

    at: int
    names: tuple[str, ...]
    why: str


def endings(archived: Iterable[Order], table: RetentionTable) -> dict[str, Ending]:
    """By order: the ends of the words of these orders, which are archived together. What was merged into another one
    of them ends with it; orders whose words nobody has sealed, or that are kept for ever, have none."""
    rows = {order.id: order for order in archived}
    found: dict[str, Ending] = {}
    for order in rows.values():
        head = order
        while head.parent in rows:
            head = rows[head.parent]
        days, ended = table.find(head.category), ended_at(head)
        if days is not None and ended is not None and order.sealed_under:
            why = f"{days} days after the end of the order"
            found[order.id] = Ending(ended + days * DAY_MS, order.sealed_under, why)
    return found


def ending_key(order_id: str) -> str:
    """The key of the record that holds an order's ending."""
    return f"{_KEY}{order_id}"


def ending_of(key: str) -> str:
    """The order whose ending a record of this key holds; empty for the key of a report."""
    return key.removeprefix(_KEY) if key.startswith(_KEY) else ""


class Endings:
    """The endings of a partition that are still to come."""

    def __init__(self) -> None:
        self._by_order: dict[str, Ending] = {}
        self._queue: list[tuple[int, str]] = []

    def put(self, order: str, ending: Ending | None) -> None:
        """An order's words have an end from here on, in place of a former one; None: none any more."""
        if ending is None:
            self._by_order.pop(order, None)
        else:
            self._by_order[order] = ending
            heapq.heappush(self._queue, (ending.at, order))

    @property
    def next_at(self) -> int | None:
        """When the next one comes, ms UTC."""
        while self._queue and not self._stands(*self._queue[0]):
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def of(self, order: str) -> Ending:
        """That of an order. Raises KeyError where none is to come."""
        return self._by_order[order]

    def due(self, clock: int, most: int) -> list[str]:
        """The orders whose words have come to their end by this instant, the earliest first, at most so many. They stay
        until `put` takes them away."""
        came = {entry for entry in self._queue if entry[0] <= clock and self._stands(*entry)}
        return [order for _, order in heapq.nsmallest(most, came)]

    def _stands(self, at: int, order: str) -> bool:
        ending = self._by_order.get(order)
        return ending is not None and ending.at == at

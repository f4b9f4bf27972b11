"""Layers: how a batch changes a state without changing it, and an item a batch."""

import heapq
from typing import Generic, TypeVar

from sortedcontainers import SortedList

V = TypeVar("V")
Pending = tuple[int, str, str]  # due, key of the row, kind


class Table(Generic[V]):
    """A dict in three layers: the state's, the batch's, the item's. None stands for "deleted"."""

    __slots__ = ("base", "batch", "item")

    def __init__(self, base: dict[str, V]) -> None:
        self.base = base
        self.batch: dict[str, V | None] = {}
        self.item: dict[str, V | None] = {}

    def get(self, key: str) -> V | None:
        """The value as it is now; None where there is none, or no longer."""
        if key in self.item:
            return self.item[key]
        if key in self.batch:
            return self.batch[key]
        return self.base.get(key)

    def before(self, key: str) -> V | None:
        """The value as it was before the present item."""
        return self.batch[key] if key in self.batch else self.base.get(key)

    def put(self, key: str, value: V | None) -> None:
        """Set a value for the present item, or delete it with None."""
        self.item[key] = value

    def keep(self) -> None:
        """The item is done: its changes are the batch's."""
        self.batch.update(self.item)
        self.item.clear()


class Timers:
    """The pending timers in layers. They are only ever taken from the front, so a count is enough for what is gone."""

    __slots__ = ("added", "base", "gone", "item")

    def __init__(self, base: "SortedList[Pending]") -> None:
        self.base = base
        self.gone = 0
        self.added: list[Pending] = []
        self.item: list[Pending] = []

    def push(self, entry: Pending) -> None:
        """Add a timer for the present item."""
        self.item.append(entry)

    def keep(self) -> None:
        """The item is done: its timers are the batch's."""
        for entry in self.item:
            heapq.heappush(self.added, entry)
        self.item.clear()

    def first(self) -> Pending | None:
        """The timer that is due first, those of the present item left out; None when there is none."""
        base = self.base[self.gone] if self.gone < len(self.base) else None
        if self.added and (base is None or self.added[0] < base):
            return self.added[0]
        return base

    def pop(self) -> None:
        """Take the first one away, with its repeats."""
        first = self.first()
        while self.added and self.added[0] == first:
            heapq.heappop(self.added)
        while self.gone < len(self.base) and self.base[self.gone] == first:
            self.gone += 1

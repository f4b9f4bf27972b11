"""Layers: how a batch changes a state without changing it, and an item a batch."""

import heapq
from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, MutableMapping
from itertools import chain
from typing import Generic, TypeAlias, TypeVar

from sortedcontainers import SortedList

from dispatcher.partition.index import Entry, Key

V = TypeVar("V")
Pending = tuple[int, str, str]  # due, key of the row, kind


class Table(Generic[V]):
    """A dict in three layers: the state's, the batch's, the item's. None stands for "deleted"."""

    __slots__ = ("base", "batch", "item")

    def __init__(self, base: MutableMapping[str, V]) -> None:
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

    def all(self) -> dict[str, V]:
        """All that there is, by key; for what is small."""
        if not (self.batch or self.item):
            return dict(self.base)
        return {key: value for key, value in {**self.base, **self.batch, **self.item}.items() if value is not None}

    def values(self) -> Collection[V]:
        """All that there is, for what is small; nobody may change the table meanwhile."""
        return self.all().values() if self.batch or self.item else self.base.values()

    def put(self, key: str, value: V | None) -> None:
        """Set a value for the present item, or delete it with None."""
        self.item[key] = value

    def keep(self) -> None:
        """The item is done: its changes are the batch's."""
        self.batch.update(self.item)
        self.item.clear()

    def apply(self) -> None:
        """Make the batch's changes the state's own."""
        for key, value in self.batch.items():
            if value is None:
                self.base.pop(key, None)
            else:
                self.base[key] = value


# The entries under a key, oldest first. A few are a tuple, which takes the least room; many are a sorted list, where
# one more costs the same whether a thousand or a million are there.
Entries: TypeAlias = "tuple[Entry, ...] | SortedList[Entry]"
Entered: TypeAlias = dict[Key, Entries]
FEW = 32


def enter(entered: Entered, key: Key, entry: Entry) -> None:
    """Put an entry under a key where it is not yet."""
    there = entered.get(key, ())
    if not there:
        entered[key] = (entry,)
    elif not isinstance(there, tuple):
        there.add(entry)
    elif len(there) < FEW:
        entered[key] = tuple(sorted((*there, entry)))
    else:
        entered[key] = SortedList((*there, entry))


def take_out(entered: Entered, key: Key, entry: Entry) -> None:
    """Take an entry away from a key under which it is."""
    there = entered[key]
    if len(there) == 1:
        del entered[key]
    elif isinstance(there, tuple):
        entered[key] = tuple(one for one in there if one != entry)
    else:
        there.remove(entry)


class KeyChange:
    """What a batch adds under one key, oldest first, and what it takes away of the state's."""

    __slots__ = ("added", "gone")

    def __init__(self) -> None:
        self.added: list[Entry] = []
        self.gone: set[Entry] = set()


class Index:
    """The index in two layers: the state's, and what the batch adds to it and takes away from it. An item needs no
    layer of its own: the index follows its orders when it is done."""

    __slots__ = ("base", "batch")

    def __init__(self, base: Entered) -> None:
        self.base = base
        self.batch: dict[Key, KeyChange] = {}

    def newest(self, key: Key) -> Iterator[Entry]:
        """The entries under a key, newest first, each looked up as it is asked for."""
        base = self.base.get(key, ())
        there: Iterator[Entry] = reversed(base)
        change = self.batch.get(key)
        if change is None:
            return there
        added, gone = change.added, change.gone
        if gone:
            there = (entry for entry in there if entry not in gone)
        if not added or not base or base[-1] < added[0]:
            return chain(reversed(added), there)
        return heapq.merge(reversed(added), there, reverse=True)

    def count(self, key: Key) -> int:
        """How many entries are under a key."""
        there, change = len(self.base.get(key, ())), self.batch.get(key)
        return there if change is None else there + len(change.added) - len(change.gone)

    def add(self, key: Key, entry: Entry) -> None:
        """Put an entry under a key where it is not yet."""
        change = self._change(key)
        if entry in change.gone:
            change.gone.remove(entry)
        else:
            insort(change.added, entry)

    def remove(self, key: Key, entry: Entry) -> None:
        """Take an entry away from a key under which it is."""
        change = self._change(key)
        at = bisect_left(change.added, entry)
        if at < len(change.added) and change.added[at] == entry:
            del change.added[at]
        else:
            change.gone.add(entry)

    def _change(self, key: Key) -> KeyChange:
        change = self.batch.get(key)
        if change is None:
            change = self.batch[key] = KeyChange()
        return change

    def apply(self) -> None:
        """Make the batch's changes the state's own."""
        for key, change in self.batch.items():
            for entry in change.gone:
                take_out(self.base, key, entry)
            for entry in change.added:
                enter(self.base, key, entry)


class Timers:
    """The pending timers in layers. They are only ever taken from the front, so a count is enough for what is gone."""

    __slots__ = ("_first", "added", "base", "gone", "item")

    def __init__(self, base: "SortedList[Pending]") -> None:
        self.base = base
        self.gone = 0
        self.added: list[Pending] = []
        self.item: list[Pending] = []
        self._first = self._found()

    def push(self, entry: Pending) -> None:
        """Add a timer for the present item."""
        self.item.append(entry)

    def keep(self) -> None:
        """The item is done: its timers are the batch's."""
        if self.item:
            for entry in self.item:
                heapq.heappush(self.added, entry)
            self.item.clear()
            self._first = self._found()

    def first(self) -> Pending | None:
        """The timer that is due first, those of the present item left out; None when there is none."""
        return self._first  # asked for with every item

    def _found(self) -> Pending | None:
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
        self._first = self._found()

"""The newest of what many have sent, of which nobody takes all the room."""

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")
Key = tuple[str, str]


class FairNewest(Generic[T]):
    """At most so many values, by key. Where there are more, the oldest goes of whoever has most; each step takes the
    same time however many they are."""

    def __init__(self, most: int) -> None:
        self._most, self._count, self._largest = most, 0, 0
        self._kept: dict[str, OrderedDict[Key, T]] = {}  # by whose they are, the newest last
        self._sized: dict[int, OrderedDict[str, None]] = {}  # who has how many
        self._whose: dict[Key, str] = {}

    def __len__(self) -> int:
        return self._count

    def get(self, key: Key) -> T | None:
        """The value; None where it is not there, or not any longer."""
        whose = self._whose.get(key)
        return None if whose is None else self._kept[whose][key]

    def keep(self, whose: str, key: Key, value: T) -> None:
        """Keep a value as the newest of somebody, in the place of a former one of its key."""
        if (before := self._whose.get(key)) is not None:
            self._drop(before, key)
        self._kept.setdefault(whose, OrderedDict())[key] = value
        self._whose[key] = whose
        self._move(whose, 1)
        if self._count > self._most:
            largest = next(iter(self._sized[self._largest]))
            self._drop(largest, next(iter(self._kept[largest])))

    def _drop(self, whose: str, key: Key) -> None:
        del self._kept[whose][key], self._whose[key]
        self._move(whose, -1)

    def _move(self, whose: str, by: int) -> None:
        """Count one more or less of somebody."""
        self._count += by
        now = len(self._kept[whose])
        if before := now - by:
            del self._sized[before][whose]
            if not self._sized[before]:
                del self._sized[before]
        if now:
            self._sized.setdefault(now, OrderedDict())[whose] = None
        else:
            del self._kept[whose]
        if by > 0:
            self._largest = max(self._largest, now)
        elif self._largest not in self._sized:
            self._largest -= 1

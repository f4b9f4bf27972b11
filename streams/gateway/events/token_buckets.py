"""How often each of many may do something: a token bucket 令牌桶 for each of them."""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_MOST_KEPT = 10_000  # of those that were not heard for the longest nothing is kept: they may do all at once again

Who = TypeVar("Who", bound=Hashable)


class TokenBuckets(Generic[Who]):
    """Each bucket holds `most` and fills by so many a second, which is more than 0; one that is not known is full.
    `clock` gives seconds."""

    def __init__(self, a_second: float, most: float, clock: Callable[[], float]) -> None:
        self._a_second, self._most, self._clock = a_second, most, clock
        self._left: OrderedDict[Who, tuple[float, float]] = OrderedDict()  # how many are left, and as of when

    def seconds_until(self, who: Who) -> float:
        """After how many seconds there is one to be taken; 0 or less: there is."""
        return (1 - self._available(who)) / self._a_second

    def try_take(self, who: Who) -> int:
        """Take one out where there is one, and 0; else the whole seconds, 1 at least, after which there is one."""
        if (seconds := self.seconds_until(who)) > 0:
            return max(1, math.ceil(seconds))
        self.take(who)
        return 0

    def take(self, who: Who, count: int = 1) -> None:
        """Take so many out. There may be fewer: then that is owed, and made up for before there is one again."""
        self._left[who] = (self._available(who) - count, self._clock())
        self._left.move_to_end(who)
        while len(self._left) > _MOST_KEPT:
            self._left.popitem(last=False)

    def _available(self, who: Who) -> float:
        if who not in self._left:
            return self._most
        left, then = self._left[who]
        return min(self._most, left + (self._clock() - then) * self._a_second)

"""How many events each token may send 限流: a small packed message can hold a thousand, and each costs time."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from models.access import Holder
from streams import metrics
from streams.gateway.http.problems import Problem

AT_ONCE_SECONDS = 5  # what this many seconds allow may come at once
_MOST_HOLDERS = 10_000  # of those that were not heard for the longest nothing is kept: they may send all at once again


class EventRate:
    """A token bucket 令牌桶 for each holder: it fills by so many events a second. One message may take more than there
    is; who owes sends nothing until that is made up for."""

    def __init__(self, a_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`a_second`: 0 sets no bound."""
        self._a_second, self._clock = a_second, clock
        self._left: OrderedDict[Holder, tuple[float, float]] = OrderedDict()  # how many are left, and as of when

    def take(self, holder: Holder | None, events: int) -> None:
        """Count events of somebody; whoever needs no token sends as many as they like. Never refuses."""
        if holder is None or not self._a_second or not events:
            return
        self._left[holder] = (self._available(holder) - events, self._clock())
        self._left.move_to_end(holder)
        while len(self._left) > _MOST_HOLDERS:
            self._left.popitem(last=False)

    def begin(self, holder: Holder) -> None:
        """Count a message, of one event as far as is known. Raises Problem (429, with the seconds after which it will
        be otherwise) while its sender owes."""
        if not self._a_second:
            return
        if (available := self._available(holder)) >= 1:
            self.take(holder, 1)
            return
        metrics.GATEWAY_LIMITED.labels(holder.role).inc()
        seconds = max(1, math.ceil((1 - available) / self._a_second))
        raise Problem(
            429,
            "too-many-events",
            f"this token may send {self._a_second:g} events a second: send the rest later",
            {"retry-after": str(seconds)},
        )

    def _available(self, holder: Holder) -> float:
        most = max(1.0, self._a_second * AT_ONCE_SECONDS)
        if holder not in self._left:
            return most
        left, then = self._left[holder]
        return min(most, left + (self._clock() - then) * self._a_second)

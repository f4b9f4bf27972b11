"""How many events each token may send 限流: a small packed message can hold a thousand, and each costs time."""

import time
from collections.abc import Callable

from models.access import Holder
from streams import metrics
from streams.gateway.events.token_buckets import TokenBuckets
from streams.gateway.http.auth import is_citizen
from streams.gateway.http.problems import Problem

AT_ONCE_SECONDS = 5  # what this many seconds allow may come at once


class EventRate:
    """So many events a second for each holder, and fewer for a citizen, who speaks for one person. One message may
    take more than there is; who owes sends nothing until that is made up for."""

    def __init__(self, a_second: float, citizen_a_minute: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        """`a_second`, `citizen_a_minute`: 0 sets no bound."""
        self._a_second, self._a_minute = a_second, citizen_a_minute
        self._citizens = TokenBuckets[Holder](citizen_a_minute / 60, citizen_a_minute, clock)
        self._buckets = TokenBuckets[Holder](a_second, max(1.0, a_second * AT_ONCE_SECONDS), clock)

    def take(self, holder: Holder | None, events: int) -> None:
        """Count events of somebody; whoever needs no token sends as many as they like. Never refuses."""
        if holder is not None and self._a_second and events:
            self._buckets.take(holder, events)

    def begin(self, holder: Holder) -> None:
        """Count a message, of one event as far as is known. Raises Problem (429, with the seconds after which it will
        be otherwise) while its sender owes."""
        if self._a_second and (seconds := self._buckets.try_take(holder)):
            detail = f"this token may send {self._a_second:g} events a second: send the rest later"
            raise _limited(holder, detail, seconds)
        if self._a_minute and is_citizen(holder) and (seconds := self._citizens.try_take(holder)):
            detail = f"a citizen's token may send {self._a_minute} events a minute: send the rest later"
            raise _limited(holder, detail, seconds)


def _limited(holder: Holder, detail: str, seconds: int) -> Problem:
    metrics.GATEWAY_LIMITED.labels(holder.role).inc()
    return Problem(429, "too-many-events", detail, {"retry-after": str(seconds)})

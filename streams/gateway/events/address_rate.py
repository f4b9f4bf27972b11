"""How often each address of the network may ask for what everybody may see 限流."""

import time
from collections.abc import Callable

from fastapi import Request

from streams import metrics
from streams.addresses import counted
from streams.gateway.events.token_buckets import TokenBuckets
from streams.gateway.http.problems import Problem


class AddressRate:
    """So many requests a minute for each address, all of which may come at once; of IPv6 for each /64, as whoever has
    one has them all. Behind a proxy the address is the one that this has told, where the settings name the proxy."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`a_minute`: 0 sets no bound."""
        self._a_minute = a_minute
        self._buckets = TokenBuckets[str](a_minute / 60, a_minute, clock)

    def take(self, request: Request) -> None:
        """Count a request. Raises Problem (429, with the seconds after which it will be otherwise) when there were too
        many from its address."""
        if not self._a_minute:
            return
        if not (seconds := self._buckets.try_take(address_of(request))):
            return
        metrics.GATEWAY_LIMITED.labels("public").inc()
        raise Problem(
            429,
            "too-often",
            f"without a key {self._a_minute} requests a minute are answered: ask the rest later",
            {"retry-after": str(seconds)},
        )


def address_of(request: Request) -> str:
    """Whose share a request takes that needs no token: that of the address that it comes from."""
    return counted("" if request.client is None else request.client.host)

"""The gateway's end: whatever is under way when it begins is answered, and soon."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

# An event that the broker has not acknowledged so long after the end began is answered with 503.
ACK_SECONDS = 1.5
# And everything else that is not answered by then, too.
ANSWER_SECONDS = 2.0


class Shutdown:
    """Whether the gateway is about to end. `begun` is set once and for all; nobody needs to wait beyond it."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self._bounds: dict[asyncio.Timeout, float] = {}

    def begin(self) -> None:
        """From now on all bounds are the shorter ones."""
        self.begun.set()
        for bound, seconds in self._bounds.items():
            _shorten(bound, seconds)

    @contextlib.asynccontextmanager
    async def within(self, seconds: float | None, then: float) -> AsyncIterator[None]:
        """Raises TimeoutError when the body takes longer than `seconds` (None: as long as it likes), or goes on for
        longer than `then` seconds after the end has begun."""
        async with asyncio.timeout(seconds) as bound:
            self._bounds[bound] = then
            if self.begun.is_set():
                _shorten(bound, then)
            try:
                yield
            finally:
                del self._bounds[bound]


def _shorten(bound: asyncio.Timeout, seconds: float) -> None:
    until, known = asyncio.get_running_loop().time() + seconds, bound.when()
    if not bound.expired() and (known is None or until < known):
        bound.reschedule(until)

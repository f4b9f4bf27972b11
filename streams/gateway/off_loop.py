"""Large bodies are checked beside the event loop, so that everybody else is answered meanwhile."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from streams.gateway.events.shares import Shares
from streams.gateway.events.turns import ASKER
from streams.gateway.http.problems import not_now

LARGE_BYTES = 50_000  # a check of less takes some milliseconds at most
MOST_LARGE = 50
MOST_LARGE_OF_ONE = 20  # of one token, for all are checked one after the other

T = TypeVar("T")


class OffLoop:
    """One thread for what takes long, one piece of work after the other."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "large-bodies")
        self._under_way = Shares()

    async def run(self, size: int, work: Callable[[], T]) -> T:
        """What `work` returns or raises; `size` is that of the body in bytes. Raises Problem (503) when `MOST_LARGE`
        large ones are under way already, or `MOST_LARGE_OF_ONE` of whoever asks."""
        if size <= LARGE_BYTES:
            return work()
        whose = ASKER.get()
        own = self._under_way.of(whose) >= MOST_LARGE_OF_ONE
        if own or self._under_way.total >= MOST_LARGE:
            most = MOST_LARGE_OF_ONE if own else MOST_LARGE
            raise not_now(f"{most} bodies of more than {LARGE_BYTES} bytes are being checked", seconds=2)
        with self._under_way.taking(whose):
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)

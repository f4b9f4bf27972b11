"""Whose turn it is where few can be at work at a time 排队: nobody has all the turns, however much they ask for."""

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

from streams.gateway.events.shares import Shares
from streams.gateway.http.problems import Problem, not_now

MOST_WAITING_OF_ONE = 50  # who asks and goes away waits all the same: nobody hears of it before the turn
# Whose request it is that is being served: a token's holder, or who asks without one by the address; None where nobody
# needs a token.
ASKER: ContextVar[Hashable] = ContextVar("asker", default=None)


@contextmanager
def for_all() -> Iterator[None]:
    """What the body does is for all who ask: it waits for no turn of whoever has asked first."""
    before = ASKER.set(None)
    try:
        yield
    finally:
        ASKER.reset(before)


def too_many(waiting: int) -> Problem:
    """503: so many requests of the same asker wait, and the next one does not."""
    return not_now(f"{waiting} requests of the same sender wait for this already")


class Turns:
    """`most` at work at a time, of one asker `of_one`; the others wait, of one at most `waiting` with those at work.
    None, where nobody needs a token, is not counted apart."""

    def __init__(self, most: int, of_one: int, waiting: int = MOST_WAITING_OF_ONE) -> None:
        self._all, self._of_one, self._waiting = asyncio.Semaphore(most), of_one, waiting
        self._own: dict[Hashable, asyncio.Semaphore] = {}
        self._asked = Shares()

    @asynccontextmanager
    async def turn(self, whose: Hashable) -> AsyncIterator[None]:
        """Wait for a turn; it ends with the body. Raises Problem (503) where too many of one wait already."""
        if whose is None:
            async with self._all:
                yield
            return
        if self._asked.of(whose) >= self._waiting:
            raise too_many(self._waiting)
        own = self._own.setdefault(whose, asyncio.Semaphore(self._of_one))
        try:
            # Its own turn first: who waits behind the others' takes nobody else's place there.
            with self._asked.taking(whose):
                async with own, self._all:
                    yield
        finally:
            if not self._asked.of(whose):
                del self._own[whose]

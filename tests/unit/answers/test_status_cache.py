"""The latest answers of `/status`: how old they may be, and how often they are summed."""

import asyncio

import pytest

from streams.gateway.status import StatusCache, StatusDocument


class Summing:
    """Work that counts how often it was done, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.times = 0
        self.fails = False
        self.cache = StatusCache(lambda: self.seconds)

    async def work(self) -> StatusDocument:
        """The next document, or the failure that is wanted."""
        await asyncio.sleep(0)
        self.times += 1
        if self.fails:
            raise LookupError("nobody answers")
        return {"number": self.times}

    async def ask(self, asked: object = "all") -> object:
        """The number of the document that whoever asks now gets."""
        return (await self.cache.get(asked, self.work))["number"]


async def _meanwhile() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_asks_again_at_once_gets_the_same_answer() -> None:
    """However many they are; another window is another answer."""
    summing = Summing()

    assert [await summing.ask(), await summing.ask(), await summing.ask("march")] == [1, 1, 2]


async def test_who_asks_at_the_same_time_shares_the_work() -> None:
    """A hundred pages that are opened together sum once."""
    summing = Summing()

    assert await asyncio.gather(*(summing.ask() for _ in range(100))) == [1] * 100


async def test_an_answer_of_some_age_is_given_and_renewed_meanwhile() -> None:
    """Nobody waits; who asks next gets the new one."""
    summing = Summing()
    await summing.ask()
    summing.seconds = 0.5

    first = await summing.ask()
    await _meanwhile()

    assert (first, await summing.ask()) == (1, 2)


async def test_no_answer_is_older_than_a_second() -> None:
    """Then whoever asks waits for a new one."""
    summing = Summing()
    await summing.ask()
    summing.seconds = 1.0

    assert await summing.ask() == 2


async def test_a_failure_is_told_once_the_answer_at_hand_is_too_old() -> None:
    """Until then that answer is given, and after it each who asks tries anew."""
    summing = Summing()
    await summing.ask()
    summing.fails, summing.seconds = True, 0.5
    assert await summing.ask() == 1
    await _meanwhile()
    summing.seconds = 1.0

    with pytest.raises(LookupError):
        await summing.ask()

    summing.fails = False
    assert await summing.ask() == 4


async def test_of_many_windows_the_latest_are_kept() -> None:
    """Whoever asks for ever other windows takes no more memory than 32 answers."""
    summing = Summing()
    for window in range(33):
        await summing.ask(window)

    assert await summing.ask(32) == 33
    assert await summing.ask(0) == 34

"""Several things at once: the first end ends the race, and what outlives it is left alone."""

import asyncio

import pytest

from streams.tasks import end, end_of, race, set_within, together


async def endless(cleaned: list[bool]) -> None:
    """Goes on until it is cancelled, and cleans up."""
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        cleaned.append(True)


async def failing() -> None:
    """Fails at once."""
    raise ValueError("broken")


async def test_the_first_end_cancels_the_others_and_waits_for_their_clean_up() -> None:
    """What is cancelled has cleaned up by the time the race is over."""
    cleaned: list[bool] = []

    await race(asyncio.sleep(0), endless(cleaned))

    assert cleaned == [True]


async def test_a_race_raises_what_was_raised() -> None:
    """The error of whoever fails first comes out of it."""
    with pytest.raises(ValueError, match="broken"):
        await race(asyncio.Event().wait(), failing())


async def test_a_task_that_outlives_a_race_is_not_cancelled_by_it() -> None:
    """The race is over; the task goes on until it is ended by its owner."""
    done = asyncio.Event()
    lasting = asyncio.create_task(done.wait())

    await race(asyncio.sleep(0), end_of(lasting))

    assert not lasting.done()
    done.set()
    assert await lasting


async def test_the_failure_of_a_task_that_outlives_a_race_ends_the_race() -> None:
    """Its error is raised by the race, too."""
    with pytest.raises(ValueError, match="broken"):
        await race(asyncio.Event().wait(), end_of(asyncio.create_task(failing())))


async def test_what_is_done_together_is_over_when_one_of_it_fails() -> None:
    """The others are cancelled and have cleaned up by then: nothing goes on behind whoever waited."""
    cleaned: list[bool] = []

    with pytest.raises(ValueError, match="broken"):
        await together(endless(cleaned), failing())

    assert cleaned == [True]


async def test_what_is_done_together_is_all_done() -> None:
    """Whoever is the first waits for the others."""
    done: list[str] = []

    async def one(name: str, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        done.append(name)

    await together(one("slow", 3), one("quick", 0))

    assert done == ["quick", "slow"]
    await together()


async def test_whoever_ends_a_task_is_cancelled_when_somebody_cancels_it() -> None:
    """While the task cleans up: that is not the task's own cancel."""
    cleaned: list[bool] = []
    task = asyncio.create_task(endless(cleaned))
    await asyncio.sleep(0)

    ending = asyncio.create_task(end(task))
    await asyncio.sleep(0)
    ending.cancel()

    with pytest.raises(asyncio.CancelledError):
        await ending
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == [True]


async def test_what_a_task_failed_with_is_raised_when_it_is_ended() -> None:
    """Its cancel is not, and neither is what it brings where it has come to its end."""
    failed, lasting, done = map(asyncio.create_task, (failing(), endless([]), asyncio.sleep(0)))
    await asyncio.wait((failed, done))

    await end(lasting)
    await end(done)

    with pytest.raises(ValueError, match="broken"):
        await end(failed)


async def test_an_event_is_waited_for_so_long_and_whether_it_came_is_told() -> None:
    """A cancel that comes together with it is not lost: `asyncio.wait_for` forgot it."""
    event = asyncio.Event()
    assert not await set_within(event, 0)

    waiting = asyncio.create_task(set_within(event, 60))
    await asyncio.sleep(0)
    event.set()
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await set_within(event, 0)

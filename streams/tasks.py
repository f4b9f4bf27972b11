"""Several things at once, until the first of them ends, or all of them."""

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable
from typing import Any


async def race(*works: Coroutine[Any, Any, Any]) -> None:
    """Run all until the first ends, then cancel the others and wait for their clean-up. Raises what any of them raised,
    the first named first. Cancelling it cancels all."""
    await _until(asyncio.FIRST_COMPLETED, works)


async def together(*works: Coroutine[Any, Any, Any]) -> None:
    """Run all to their end; where one fails, cancel the others and wait for their clean-up, too: nothing of them goes
    on when this has ended. Raises what the first of them named raised. Cancelling it cancels all."""
    if works:
        await _until(asyncio.FIRST_EXCEPTION, works)


async def _until(over: str, works: Iterable[Coroutine[Any, Any, Any]]) -> None:
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=over)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        errors = [task.exception() for task in tasks if not task.cancelled()]
    for error in errors:
        if error is not None:
            raise error


async def end_of(task: "asyncio.Task[Any]") -> None:
    """Wait for the end of a task that outlives a race: cancelling this leaves the task alone. Raises what it raised."""
    await asyncio.shield(task)


async def end(task: "asyncio.Future[Any]") -> None:
    """Cancel a task and wait for its clean-up. Raises what it raised, its cancel apart; a cancel of whoever waits here
    is never taken for that."""
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.result()


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait until an event is set, so many seconds at most; whether it is."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()

"""The lines to all targets: each works by itself, and what a new city pack changes of one touches no other."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from streams.notify.targets import Target

log = logging.getLogger(__name__)


class TargetLine(Protocol):
    """What sends to one target."""

    async def run(self, stop: asyncio.Event, /) -> None:
        """Send until stopped, then finish what is in hand."""


class _Running(NamedTuple):
    target: Target
    stop: asyncio.Event
    task: "asyncio.Task[None]"


class Lines:
    """The lines at work, made by `line`. When the body ends, each finishes what it has in hand: none must be cancelled
    because another was quicker in that. But what fails ends all."""

    def __init__(self, line: Callable[[Target], TargetLine]) -> None:
        self._line = line
        self._running: dict[str, _Running] = {}

    async def __aenter__(self) -> "Lines":
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._end(list(self._running))
        finally:
            tasks = [each.task for each in self._running.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def have(self, targets: Iterable[Target]) -> None:
        """Send to these targets from now on, and to no others. Raises what an ended line has failed with."""
        wanted = {target.name: target for target in targets}
        await self._end([name for name, each in self._running.items() if wanted.get(name) != each.target])
        for name, target in wanted.items():
            if name not in self._running:
                stop = asyncio.Event()
                task = asyncio.create_task(self._line(target).run(stop), name=f"send to {name}")
                self._running[name] = _Running(target, stop, task)
        log.info("notify sends to %s", ", ".join(wanted) or "nobody")

    async def failed(self) -> None:
        """Wait for the first line that fails, and raise what it failed with."""
        tasks = [each.task for each in self._running.values()]
        if not tasks:
            await asyncio.Event().wait()
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _end(self, names: list[str]) -> None:
        for name in names:
            self._running[name].stop.set()
        await asyncio.gather(*(self._running[name].task for name in names))
        for name in names:
            del self._running[name]

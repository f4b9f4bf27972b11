"""What the reader says, followed: how many sightings are decided, and how long after their intended time."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Self

import msgspec

from bench.end_to_end.measured import Latencies
from bench.end_to_end.visible import Visible
from bench.rig import Rig

_POLL_SECONDS = 0.02
_READY_SECONDS = 30.0


class Watch:
    """`async with Watch(rig) as watch:` follows a reader of the rig's namespace, with these options of its own."""

    def __init__(self, rig: Rig, *options: str) -> None:
        self._options = options
        self.assigned: list[tuple[float, float]] = []
        self.opened: list[tuple[float, float]] = []
        self.decided = 0
        self.last = 0.0
        self._rig = rig
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        rig = self._rig
        self._process = rig.measuring("reader", "bench.end_to_end.reader", *self._options)
        self._task = asyncio.create_task(self._follow())
        async with asyncio.timeout(_READY_SECONDS), self._changed:
            await self._changed.wait_for(lambda: self.last > 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._rig.end("reader")

    async def reach(self, count: int, seconds: float) -> float:
        """Wait until so many are decided; when the last of them became visible (s). Raises TimeoutError."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: self.decided >= count)
        return self.last

    def forget(self) -> None:
        """Begin with new latencies."""
        self.assigned.clear()
        self.opened.clear()

    async def _follow(self) -> None:
        with self._rig.log("reader").open("rb") as said:
            part = b""
            while True:
                part += said.readline()
                if not part.endswith(b"\n"):
                    if self._process.poll() is not None:
                        raise SystemExit(f"the reader has ended: {self._rig.log('reader').read_text()[-2000:]}")
                    await asyncio.sleep(_POLL_SECONDS)
                    continue
                visible, part = msgspec.json.decode(part, type=Visible), b""
                self.assigned += visible.assigned
                self.opened += visible.opened
                self.decided, self.last = visible.decided, visible.last
                async with self._changed:
                    self._changed.notify_all()


def latencies(seen: Sequence[tuple[float, float]], since: float) -> Latencies:
    """Of those intended since a wall-clock time (s)."""
    return quantiles([latency for intended, latency in seen if intended >= since])


def quantiles(values: Sequence[float]) -> Latencies:
    """Of these times (ms)."""
    ordered = sorted(values)
    return Latencies(*(round(ordered[int(q * (len(ordered) - 1))], 1) for q in (0.5, 0.99, 0.999) if ordered))

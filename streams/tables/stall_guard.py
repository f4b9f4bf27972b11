"""What ends a tables worker on the spot, so that it never writes what it should not."""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import NoReturn

from streams import metrics

log = logging.getLogger(__name__)

# docs/operations.md says of each what is to be done.
STALLED, IDLE, POISON, DISK, DAMAGED = "stalled", "idle", "poison", "disk", "damaged"
CRASHED, HUNG, REBUILD = "crashed", "hung", "rebuild"
EXIT_CODE = 70


def leave(cause: str, sentence: str, code: int = EXIT_CODE) -> NoReturn:
    """Say why and end the process at once: nothing that is still buffered is written. The supervisor starts it anew."""
    metrics.TABLES_EXITS.labels(cause).inc()
    log.critical("the worker ends (%s): %s", cause, sentence)
    logging.shutdown()
    os._exit(code)


def leave_after(seconds: float, sentence: str) -> None:
    """Leave in so many seconds with exit code 0, whatever the event loop and other threads do; for an end asked for.

    What was not written by then is written by who reads the same rows next, as after a kill.
    """
    late = threading.Timer(seconds, leave, (HUNG, sentence, 0))
    late.daemon = True
    late.start()


def uptime() -> float:
    """Seconds that also pass while the machine sleeps, where the system tells them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class _Patience:
    """Leaves when what it waits for has not come for longer than its limit, in seconds."""

    def __init__(
        self,
        limit_seconds: float,
        clock: Callable[[], float] = uptime,
        leave: Callable[[str, str], object] = leave,
    ) -> None:
        self._limit = limit_seconds
        self._clock = clock
        self._leave = leave
        self._last = clock()


class StallGuard(_Patience):
    """Knows whether the event loop stood still for so long that the partitions may be somebody else's by now.

    `beat` is called several times within `limit_seconds` (the session timeout) while the loop turns. `check` comes
    before each write. Whichever of the two is first after a stall leaves.
    """

    def check(self) -> None:
        """Leave when the last beat is too long ago."""
        stalled = self._clock() - self._last
        if stalled > self._limit:
            self._leave(STALLED, f"the event loop stood still for {stalled:.1f} s, longer than a session lasts")

    def beat(self) -> None:
        """The event loop turns: leave when the last beat is too long ago, else remember this one."""
        self.check()
        self._last = self._clock()


class ProgressWatch(_Patience):
    """Knows whether work waits and none is done: Faust at times forgets a partition, or itself, in a rebalance.

    A worker that is started anew joins the group as a new member, which mends it.
    """

    _done: object = None

    def look(self, done: object, waiting: str) -> None:
        """Leave when `done`, which differs after each step of work, has stayed as it is for longer than the limit while
        something was `waiting` each time; an empty text says that nothing is."""
        now = self._clock()
        if not waiting or done != self._done:
            self._done, self._last = done, now
        elif now - self._last > self._limit:
            self._leave(IDLE, f"{waiting} waited for {now - self._last:.0f} s, and nothing was done")

"""Failures in a row: what has gone well between two of them, or long enough, ends the row."""

import time
from collections.abc import Callable

# A role that nothing comes to has nothing to show for its health but that nothing failed for so long. More than any
# request waits before it is given up, so that a row of failures stays one however slowly they come.
HEALTHY_SECONDS = 600.0


class FailuresInARow:
    """How often in a row something has failed; `clock` gives seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._count = 0
        self._last = clock()

    def failed(self) -> int:
        """It has failed: the how manieth time in a row that is."""
        now = self._clock()
        self._count = 1 if now - self._last > HEALTHY_SECONDS else self._count + 1
        self._last = now
        return self._count

    def succeeded(self) -> None:
        """Something has come to its end."""
        self._count = 0

"""Waiting for what a busy machine may take long for: as long as it moves on, and no longer."""

import time
from collections.abc import Callable

from models.errors import PaidanError


class DemoError(PaidanError):
    """The demo did not come to its end: something has stopped moving on."""


class DemoWait:
    """Ends a wait when for so many seconds less has not been left to do than before."""

    def __init__(self, seconds: float, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._what, self._clock = seconds, what, clock
        self._least: int | None = None
        self._since = clock()

    def see(self, left: int | None) -> None:
        """Take notice of how much is left; None where that cannot be said now. Raises DemoError."""
        now = self._clock()
        if left is not None and (self._least is None or left < self._least):
            self._least, self._since = left, now
        elif now - self._since > self._seconds:
            raise DemoError(f"{self._what} has not gone on for {self._seconds:.0f} s: see the logs in the data folder")

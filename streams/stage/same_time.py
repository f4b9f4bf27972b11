"""The clock of a stage and Kafka's must tell the same time. The desk's timers fire by Kafka's, and a step that they
have fired cannot be taken back when the clock is; an intake in the past would take all that comes for too early."""

import logging

from models.times import HOUR_MS, to_text
from streams.stage.processing import StageError

_GO_ON = "set both right (docs/operations.md, Clocks)"
_TOLD_FROM = 10  # one part in so many of what is tolerated
_NEVER_TOLD_MS = 2_000  # clocks that NTP keeps differ by less

log = logging.getLogger(__name__)


class SameTime:
    """Holds what Kafka says of the time against this machine's clock; they may differ by `tolerance_ms`, and from a
    tenth of that on, and two seconds, the log says so, once an hour at most."""

    def __init__(self, tolerance_ms: int) -> None:
        self._tolerance = tolerance_ms
        self._told: int | None = None  # when that was, ms UTC

    def taken_in(self, at: int, now: int) -> None:
        """A record that is read at `now` (ms UTC) came in at `at` by Kafka's clock. Raises StageError when that has
        still to come; how long ago it was says nothing, the desk may be far behind."""
        if at > now + self._tolerance:
            raise StageError(f"a record is of {to_text(at)} by Kafka's clock, and here it is {to_text(now)}; {_GO_ON}")
        if at > now:
            self._differ(at, now)

    def just_now(self, at: int, sent: int, now: int) -> None:
        """What was sent at `sent` and has come in by `now` (ms UTC) did so at `at` by Kafka's clock. Raises StageError
        when that is long before it was sent, too. Between the two it may have waited as long as it liked."""
        self.taken_in(at, now)
        if at < sent - self._tolerance:
            raise StageError(f"it is {to_text(at)} by Kafka's clock, and here it is {to_text(sent)}; {_GO_ON}")
        if at < sent:
            self._differ(at, sent)

    def _differ(self, at: int, here: int) -> None:
        """Say it while it still does no harm."""
        if abs(at - here) <= max(self._tolerance // _TOLD_FROM, _NEVER_TOLD_MS):
            return
        if self._told is None or abs(here - self._told) >= HOUR_MS:
            self._told = here
            log.warning(
                "Kafka's clock says %s, and here it is %s; from %d s on this process stops: %s",
                *(to_text(at), to_text(here), self._tolerance // 1000, _GO_ON),
            )

"""The clock of a stage and Kafka's must tell the same time. The desk's timers fire by Kafka's, and a step that they
have fired cannot be taken back when the clock is; an intake in the past would take all that comes for too early."""

from models.times import to_text
from streams.stage.processing import StageError

_GO_ON = "; set both right (docs/operations.md, Clocks)"


class SameTime:
    """Holds what Kafka says of the time against this machine's clock; they may differ by `tolerance_ms`."""

    def __init__(self, tolerance_ms: int) -> None:
        self._tolerance = tolerance_ms

    def taken_in(self, at: int, now: int) -> None:
        """A record that is read at `now` (ms UTC) came in at `at` by Kafka's clock. Raises StageError when that has
        still to come; how long ago it was says nothing, the desk may be far behind."""
        if at > now + self._tolerance:
            raise StageError(f"a record is of {to_text(at)} by Kafka's clock, and here it is {to_text(now)}{_GO_ON}")

    def just_now(self, at: int, now: int) -> None:
        """What has just been sent came in at `at` by Kafka's clock. Raises StageError when that is long ago, too."""
        self.taken_in(at, now)
        if at < now - self._tolerance:
            raise StageError(f"it is {to_text(at)} by Kafka's clock, and here it is {to_text(now)}{_GO_ON}")

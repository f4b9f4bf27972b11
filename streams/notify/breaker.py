"""When a target that fails is tried again: backoff with full jitter, and a circuit breaker as a value.

https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ (full jitter)
https://martinfowler.com/bliki/CircuitBreaker.html
"""

from typing import Literal

import msgspec


def backoff(attempt: int, first: float, longest: float, draw: float) -> float:
    """Seconds to wait after failed attempt 1, 2, …: `draw`, from 0 to 1, of what doubles from `first` to `longest`."""
    return draw * min(longest, first * 2.0 ** min(attempt - 1, 60))


class Breaker(msgspec.Struct, frozen=True):
    """Closed, it lets all through. `limit` failures in a row open it for `seconds`; then it is half-open and lets one
    probe through: success closes it, failure opens it again. Instants are seconds of whatever clock the caller has.
    """

    limit: int
    seconds: float
    failures: int = 0
    until: float = 0.0
    probing: bool = False

    def state(self, now: float) -> Literal["closed", "open", "half-open"]:
        """What it is at this instant."""
        if self.failures < self.limit:
            return "closed"
        return "open" if now < self.until else "half-open"

    def wait(self, now: float) -> float:
        """Seconds until it may let something through."""
        return max(0.0, self.until - now) if self.state(now) == "open" else 0.0

    def admitted(self, now: float) -> "Breaker | None":
        """The breaker with one attempt more under way; None when it lets none through."""
        match self.state(now):
            case "closed":
                return self
            case "open":
                return None
            case "half-open":
                return None if self.probing else msgspec.structs.replace(self, probing=True)

    def succeeded(self) -> "Breaker":
        """The target has answered."""
        return Breaker(self.limit, self.seconds)

    def failed(self, now: float) -> "Breaker":
        """The target has not answered, or not well."""
        failures = self.failures + 1
        until = now + self.seconds if failures >= self.limit else 0.0
        return Breaker(self.limit, self.seconds, failures, until)

    def abandoned(self) -> "Breaker":
        """The attempt was given up before it had an outcome."""
        return msgspec.structs.replace(self, probing=False)

"""One event to one target: tried and tried again, until it is taken or given up. Knows neither Kafka nor HTTP.

A target that is away costs time, not events: all that it is owed waits behind the first one. Only what concerns an
event alone, the target's refusal, ends it early.
"""

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from models.envelope import Event
from streams.notify.breaker import Breaker, backoff


class TargetAnswer(msgspec.Struct, frozen=True):
    """What came of one attempt: `refused` is this event's affair, `failed` the target's. `detail` says it for people
    and holds nothing of the event; `retry_after` is in seconds and counts for the target as a whole."""

    verdict: Literal["taken", "refused", "failed"]
    detail: str = ""
    retry_after: float = 0.0


class Undelivered(msgspec.Struct, frozen=True):
    """An event that was given up: the class of its dead letter and the sentence."""

    error: Literal["webhook-refused", "webhook-unreachable"]
    message: str


class Patience(msgspec.Struct, frozen=True):
    """How a target is tried; times in seconds."""

    first_backoff: float
    longest_backoff: float
    breaker_failures: int
    breaker_seconds: float


class Delivery:
    """Delivers to one target, one event after the other: the caller waits for each before it brings the next.

    `clock` gives seconds and never goes back; `draw` gives chance from 0 to 1.
    """

    def __init__(
        self,
        post: Callable[[Event], Awaitable[TargetAnswer]],
        patience: Patience,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        draw: Callable[[], float],
    ) -> None:
        self._post = post
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._draw = draw
        self._not_before = 0.0
        self._failing: tuple[str, ...] = ()  # the first two events that have failed since the last answer
        self.breaker = Breaker(patience.breaker_failures, patience.breaker_seconds)

    async def deliver(self, event: Event, give_up_at: float) -> Undelivered | None:
        """None once it is taken. Failed attempts are repeated; past `give_up_at` an open breaker ends that.

        The event must have failed itself by then, or two others in a row: otherwise one that the target alone cannot
        take would draw those behind it along. Raises what `sleep` raises.
        """
        tried, detail = 0, "the target has not answered for long"
        while True:
            now = self._clock()
            if now >= give_up_at and self.breaker.state(now) == "open" and self._is_hopeless(event):
                return Undelivered("webhook-unreachable", f"{detail}, after {_times(tried)}")
            if (wait := max(self.breaker.wait(now), self._not_before - now)) > 0:
                await self._sleep(wait)
                continue
            answer = await self._attempt(event)
            tried, detail = tried + 1, answer.detail
            match answer.verdict:
                case "taken":
                    self._failing = ()
                    return None
                case "refused":
                    self._failing = ()
                    return Undelivered("webhook-refused", f"{detail}, after {_times(tried)}")
                case "failed":
                    if not self._is_hopeless(event):
                        self._failing += (event.id,)
                    self._not_before = self._clock() + max(self._pause(), answer.retry_after)

    def _is_hopeless(self, event: Event) -> bool:
        return len(self._failing) == 2 or event.id in self._failing

    def _pause(self) -> float:
        own = self._patience
        return backoff(self.breaker.failures, own.first_backoff, own.longest_backoff, self._draw())

    async def _attempt(self, event: Event) -> TargetAnswer:
        admitted = self.breaker.admitted(self._clock())
        if admitted is None:
            raise RuntimeError("two deliveries to one target at once")
        self.breaker, outcome = admitted, admitted.abandoned()
        try:
            answer = await self._post(event)
            outcome = admitted.failed(self._clock()) if answer.verdict == "failed" else admitted.succeeded()
            return answer
        finally:
            self.breaker = outcome


def _times(count: int) -> str:
    return "1 attempt" if count == 1 else f"{count} attempts"

"""One event to one target: tried and tried again, until it is taken or given up. Knows neither Kafka nor HTTP."""

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from models.envelope import Event
from streams.breaker import Breaker, backoff


class Answer(msgspec.Struct, frozen=True):
    """What came of one attempt. `detail` says it for people and holds nothing of the event; `retry_after` is in
    seconds and counts for the target as a whole."""

    verdict: Literal["taken", "refused", "failed"]
    detail: str = ""
    retry_after: float = 0.0


class Undelivered(msgspec.Struct, frozen=True):
    """An event that was given up: the class of its dead letter and the sentence."""

    error: Literal["webhook-refused", "webhook-unreachable"]
    message: str


class Patience(msgspec.Struct, frozen=True):
    """How often and how long a target is tried; times in seconds."""

    attempts: int
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
        post: Callable[[Event], Awaitable[Answer]],
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
        self.breaker = Breaker(patience.breaker_failures, patience.breaker_seconds)

    async def deliver(self, event: Event, give_up_at: float) -> Undelivered | None:
        """None once it is taken. While the breaker is open, an event past `give_up_at` is given up untried.

        Raises what `sleep` raises.
        """
        tried, detail = 0, "the target has not answered for long"
        while tried < self._patience.attempts:
            now = self._clock()
            if self.breaker.state(now) == "open" and now >= give_up_at:
                break
            if (wait := max(self.breaker.wait(now), self._not_before - now)) > 0:
                await self._sleep(wait)
                continue
            answer = await self._attempt(event)
            tried, detail = tried + 1, answer.detail
            match answer.verdict:
                case "taken":
                    return None
                case "refused":
                    return Undelivered("webhook-refused", f"{detail}, after {_times(tried)}")
                case "failed":
                    pause = backoff(tried, self._patience.first_backoff, self._patience.longest_backoff, self._draw())
                    self._not_before = self._clock() + max(pause, answer.retry_after)
        return Undelivered("webhook-unreachable", f"{detail}, after {_times(tried)}")

    async def _attempt(self, event: Event) -> Answer:
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

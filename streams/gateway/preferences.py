"""`Prefer: wait=5` (RFC 7240): the client would rather wait for the decision than ask again."""

import asyncio
import re
from dataclasses import dataclass

from fastapi import Request

from streams.gateway.http.problems import Problem
from streams.gateway.shutdown import Shutdown
from streams.gateway.waiting import Decision, Waiter

LONGEST_SECONDS = 30
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?\s*(?=$|[,;])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Preference:
    """How long to wait; 0 is not at all."""

    seconds: int = 0

    @property
    def applied(self) -> dict[str, str]:
        """The header that says so."""
        return {"preference-applied": f"wait={self.seconds}"} if self.seconds else {}

    async def of(self, waiter: Waiter, request: Request, shutdown: Shutdown) -> Decision | None:
        """What the waiter learns in time, while the client is there and the gateway goes on; None for nothing."""
        if not self.seconds:
            return None
        ends = (asyncio.create_task(_hung_up(request)), asyncio.create_task(shutdown.begun.wait()))
        try:
            await asyncio.wait((waiter.decision, *ends), timeout=self.seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        # Opened but not yet assigned or sent to review is worth telling too.
        return waiter.decision.result() if waiter.decision.done() else waiter.opened


def preference(request: Request) -> Preference:
    """What the request asks for, at most 30 s. Raises Problem when the header has no number."""
    asked = ",".join(request.headers.getlist("prefer"))
    if "wait" not in asked.lower():
        return Preference()
    found = _WAIT.search(asked)
    if found is None:
        sentence = "Prefer: wait needs whole seconds, as in wait=5"
        raise Problem(400, "invalid", sentence, field="Prefer", rule="needs whole seconds, as in wait=5")
    return Preference(min(int(found[1]), LONGEST_SECONDS))


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass  # the end of a body that has been read already

"""Bodies are read up to a bound of bytes and of time: both are counted while they come, not believed."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.gateway.events.shares import Shares
from streams.gateway.events.turns import ASKER
from streams.gateway.http.problems import Problem, not_now

# From the first piece that is asked for to the last; a report from the slowest line takes a fraction of that.
BODY_SECONDS = 30.0
MOST_TOGETHER_BYTES = 200_000_000
MOST_OF_ONE_BYTES = 50_000_000  # of these of one token, or without one of one address: nobody takes all the room


class BodyLimit:
    """ASGI middleware. Nothing is read here: a route that asks for the body meets a Problem where a bound is passed.

    400 when a request names a length and comes in pieces as well (RFC 9112 6.1: two servers would read it differently),
    413 beyond `most` bytes, 408 when it takes longer than `seconds`, 503 when the bodies of all requests that are under
    way have more than `together` bytes, or those of one sender more than `of_one`.
    """

    def __init__(
        self,
        app: ASGIApp,
        most: int,
        seconds: float = BODY_SECONDS,
        together: int = MOST_TOGETHER_BYTES,
        of_one: int = MOST_OF_ONE_BYTES,
    ) -> None:
        self._app = app
        self._most = most
        self._seconds = seconds
        self._room, self._of_one = together, max(of_one, most)
        self._held = Shares()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        if length and b"transfer-encoding" in headers:
            problem = Problem(400, "two-lengths", "a body has a length or comes in pieces, not both")
            await problem.response()(scope, receive, send)
        elif length.isdigit() and int(length) > self._most:
            await self._too_large().response()(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    def _too_large(self) -> Problem:
        return Problem(413, "too-large", f"the body must have at most {self._most} bytes")

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        come, until, whole, whose = 0, 0.0, False, ASKER.get()

        async def bounded() -> Message:
            nonlocal come, until, whole
            if whole:  # what still comes is the end of the connection, however long that takes
                return await receive()
            until = until or asyncio.get_running_loop().time() + self._seconds
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise Problem(408, "too-slow", f"the body must come within {self._seconds:g} s") from None
            size = len(message.get("body", b""))
            come += size
            self._room -= size
            self._held.take(whose, size)
            if come > self._most:
                raise self._too_large()
            if self._room < 0 or self._held.of(whose) > self._of_one:
                raise not_now("too many bodies are being read at once")
            whole = not message.get("more_body", False)
            return message

        try:
            await self._app(scope, bounded, send)
        finally:
            self._room += come
            self._held.give_back(whose, come)

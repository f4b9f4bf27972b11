"""Bodies are read up to a bound, also when they come in pieces without a length."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.gateway.http.problems import Problem


class BodyLimit:
    """ASGI middleware: answers 413 to a longer body without reading it whole."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        if length.isdigit():
            # The server itself sees to it that no more than that comes.
            long = int(length) > self._most
        elif b"transfer-encoding" in headers:
            long, receive = await self._read(receive)
        else:
            long = False
        if long:
            await Problem(413, "too-large", f"the body must have at most {self._most} bytes").response()(
                scope, receive, send
            )
        else:
            await self._app(scope, receive, send)

    async def _read(self, receive: Receive) -> tuple[bool, Receive]:
        """Whether a body in pieces is too long, and what to receive it from once more."""
        body, more = bytearray(), True
        while more and len(body) <= self._most:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            body += message.get("body", b"")
            more = message.get("more_body", False)
        read = False

        async def again() -> Message:
            nonlocal read
            if read:
                return await receive()
            read = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        return len(body) > self._most, again

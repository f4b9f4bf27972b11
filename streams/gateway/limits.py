"""Bodies are read up to a bound, also when they come in pieces without a length."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.gateway.problems import Problem


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
        length = next((int(v) for n, v in scope["headers"] if n == b"content-length" and v.isdigit()), 0)
        too_long = Problem(413, "too-large", f"the body must have at most {self._most} bytes")
        if length > self._most:
            await too_long.response()(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._most:
                raise too_long
            return message

        await self._app(scope, counted, send)

"""HEAD is answered as GET is, without the body (RFC 9110 9.3.2): monitors and load balancers ask in this way."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class WithoutBody:
    """ASGI middleware. The application sees GET; status and headers go out as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        ended = False

        async def send_head(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
            elif not ended:  # at the first piece: what streams would have no end
                ended = True
                await send({"type": "http.response.body", "body": b""})

        await self._app({**scope, "method": "GET"}, receive, send_head)

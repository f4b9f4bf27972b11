"""While the gateway ends, whoever has asked gets an answer, and its connection is not kept."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.gateway.http.problems import not_now
from streams.gateway.shutdown import ANSWER_SECONDS, Shutdown


class InTime:
    """ASGI middleware: once the end has begun, answers say `Connection: close`, and what has not begun to be answered
    soon is answered with 503."""

    def __init__(self, app: ASGIApp, shutdown: Shutdown) -> None:
        self._app = app
        self._shutdown = shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        began = False

        async def closed(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                if self._shutdown.begun.is_set():
                    MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        try:
            async with self._shutdown.within(None, ANSWER_SECONDS):
                await self._app(scope, receive, closed)
        except TimeoutError:
            if began:
                raise
            await not_now("the gateway is ending", "shutdown").response()(scope, receive, closed)

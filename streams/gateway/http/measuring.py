"""Every request is counted and timed."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams import metrics


class Measuring:
    """ASGI middleware: how many requests of each route, with which status, and how long each took."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        began, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            # The route's pattern, not its path: an order's id would make a time series of its own.
            route = getattr(scope.get("route"), "path", "none")
            metrics.GATEWAY_REQUESTS.labels(route, str(status)).inc()
            metrics.GATEWAY_SECONDS.labels(route).observe(time.perf_counter() - began)

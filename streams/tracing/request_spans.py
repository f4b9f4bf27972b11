"""ASGI middleware: a span for each request that writes, or that belongs to a trace."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.tracing.trace_context import TRACEPARENT, valid_traceparent
from streams.tracing.tracer import Tracer, WorkSpan, on_behalf_of

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADER = TRACEPARENT.encode()


class RequestSpans:
    """Continues the trace of the request's `traceparent`, or begins one. What the request leads to in Kafka goes on
    with it."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app, self._tracer = app, tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        parent = _traceparent(scope) if scope["type"] == "http" else ""
        if scope["type"] != "http" or (scope["method"] in _READS and not parent):
            await self._app(scope, receive, send)
            return
        span = self._tracer.begin(scope["method"], parent, "server", {"http.request.method": scope["method"]})

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                _answered(span, message["status"])
            await send(message)

        try:
            with on_behalf_of(span):
                await self._app(scope, receive, noted)
        finally:
            # The route's pattern, not its path: ids may be what somebody has written.
            span.say({"http.route": getattr(scope.get("route"), "path", "none")})
            span.end()


def _traceparent(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == _HEADER:
            return valid_traceparent(value.decode("latin-1"))
    return ""


def _answered(span: WorkSpan, status: int) -> None:
    span.say({"http.response.status_code": status})
    if status >= 500:
        span.fail(str(status))

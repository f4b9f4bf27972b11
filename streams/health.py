"""A role's own `/metrics` and `/livez`, on a port of its own and from a thread of its own."""

import asyncio
import contextlib
import hmac
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import make_wsgi_app

from models.errors import PaidanError
from streams.addresses import LOOPBACK
from streams.settings import Settings

_BEAT_SECONDS = 1.0
# A loop that has not run for so long is stuck: every session with Kafka has expired long before.
_STUCK_SECONDS = 30.0
_PLAIN = (("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"))


class HealthError(PaidanError):
    """The metrics port cannot be used."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Requests for metrics are not worth a line."""


@contextlib.asynccontextmanager
async def serving_health(settings: Settings) -> AsyncIterator[None]:
    """Serve both paths while the body runs, unless the metrics port is 0. Raises HealthError when it is taken.

    `/livez` answers 200 while the event loop turns and 503 when it has been stuck for 30 s.
    """
    if settings.metrics_port == 0:
        yield
        return
    last_beat = time.monotonic()

    def alive() -> bool:
        return time.monotonic() - last_beat < _STUCK_SECONDS

    try:
        token = settings.metrics_token.get_secret_value()
        withheld = not (token or settings.metrics_open or settings.metrics_host in LOOPBACK)
        application = _application(alive, token, withheld)
        server = make_server(settings.metrics_host, settings.metrics_port, application, handler_class=_Quiet)
    except OSError as error:
        place = f"{settings.metrics_host}:{settings.metrics_port}"
        raise HealthError(f"metrics cannot be served at {place}: {error.strerror}") from error

    async def beat() -> None:
        nonlocal last_beat
        while True:
            last_beat = time.monotonic()
            await asyncio.sleep(_BEAT_SECONDS)

    beating = asyncio.create_task(beat())
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.to_thread(server.shutdown)
        server.server_close()


def _authorization(environ: WSGIEnvironment) -> bytes:
    return str(environ.get("HTTP_AUTHORIZATION", "")).encode(errors="replace")


def _application(
    alive: Callable[[], bool], token: str, withheld: bool
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    """Both paths; `/metrics` for who sends the token, or where it is empty for all, unless they are `withheld`."""
    metrics = make_wsgi_app()
    wanted = f"Bearer {token}".encode()

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """What a GET comes to, of which a HEAD gets the head alone (RFC 9110 9.3.2)."""
        if environ["REQUEST_METHOD"] != "HEAD":
            return get(environ, start)
        for _ in get({**environ, "REQUEST_METHOD": "GET"}, start):
            pass
        return ()

    def get(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        match environ.get("PATH_INFO"):
            case "/metrics" if token and not hmac.compare_digest(_authorization(environ), wanted):
                status, text = "401 Unauthorized", b"send the token: Authorization: Bearer\n"
            case "/metrics" if withheld:
                status, text = "403 Forbidden", b"set PAIDAN_METRICS_TOKEN, or PAIDAN_METRICS_OPEN=true\n"
            case "/metrics":
                body: Iterable[bytes] = metrics(environ, start)
                return body
            case "/livez":
                status, text = ("200 OK", b"alive\n") if alive() else ("503 Service Unavailable", b"stuck\n")
            case _:
                status, text = "404 Not Found", b"only /metrics and /livez are here\n"
        start(status, [*_PLAIN, ("Content-Length", str(len(text)))])
        return [text]

    return answer

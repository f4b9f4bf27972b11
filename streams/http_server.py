"""An HTTP server inside a role's own event loop: uvicorn without its signal handlers, within bounds."""

import asyncio
import contextlib
import resource
import select
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Any

import h11
import msgspec
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from models.errors import PaidanError
from streams import connections
from streams.connections import PROBES, Connections

_CLOSE_SECONDS = 3
# Who has not said by then what it wants holds a descriptor that somebody else could use.
HEADER_SECONDS = 10.0
# So long a connection may be silent between two requests: longer than clients keep one for the next (httpx 5 s, proxies
# a minute). One that ends while a request is on its way leaves its sender not knowing whether it was heard.
_SILENT_SECONDS = 75
# How often it is looked who does not read.
_LOOK_SECONDS = 2.0
# Answers go out in pieces: of what is not read, so much waits.
_PIECE_BYTES = 65_536
# What the system holds of an answer on its way, beside that; it doubles it.
_SOCKET_BYTES = 131_072
_AGAIN_SECONDS = 5
_OWN_DESCRIPTORS = 250  # the probes', Kafka's, the tables', files
# Every answer, whoever makes it, is of the type that it says: no browser looks into it for another.
_ALWAYS = [("x-content-type-options", "nosniff")]


class HttpError(PaidanError):
    """The address cannot be listened on."""


def _problem(status: int, kind: str, detail: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body of an answer that the application does not make (RFC 9457); the connection ends with it."""
    document = {
        "type": f"urn:paidan:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    body = msgspec.json.encode(document)
    headers = {
        b"content-type": b"application/problem+json",
        b"content-length": str(len(body)).encode(),
        b"connection": b"close",
    }
    return list(headers.items()), body


class _Prompt(H11Protocol):
    """HTTP/1.1 for clients that send the head of a request in time, and read what they are answered."""

    _late: asyncio.TimerHandle | None = None

    def __init__(self, together: Connections, **given: Any) -> None:
        super().__init__(**given)
        self.app = self._counted(self.app)
        self._all = together
        self._written = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        host = self.client[0] if self.client is not None else ""
        if busy := self._all.enter(self, host, self.loop.time()):
            self.app = _only_probes(self.app, busy)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        self._all.is_silent(self, self.loop.time())
        super().on_response_complete()
        if self.cycle is not None and not self.cycle.response_complete:  # the next request had come already
            self._all.speaks(self)
        elif self.conn.trailing_data[0]:  # or a part of it, after which nothing may come
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        self._all.leave(self)
        super().connection_lost(exc)

    def unread(self) -> int:
        """How many bytes wait to be sent."""
        return self.transport.get_write_buffer_size()

    def has_spoken(self) -> bool:
        """Whether something has come that nobody has read yet, be it its end."""
        number = self.transport.get_extra_info("socket").fileno()
        if number < 0:  # it is being closed
            return False
        asked = select.poll()
        asked.register(number, select.POLLIN)
        return bool(asked.poll(0))

    def gone(self) -> int:
        """How many bytes of answers have left, give or take their heads."""
        return self._written - self.unread()

    def _counted(self, application: Any) -> Any:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            async def send_counted(message: Any) -> None:
                await send(message)
                self._written += len(message.get("body", b""))

            await application(scope, receive, send_counted)

        return answer

    def abort(self) -> None:
        """End it at once, with whatever waits."""
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """As uvicorn has it, but as a problem document, and only where no answer has been made."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers, body = _problem(400, "bad-request", "this is no HTTP/1.1 request, or its head is too large")
            headers += self.config.encoded_headers
            self.transport.write(self.conn.send(h11.Response(status_code=400, headers=headers, reason=b"Bad Request")))
            self.transport.write(self.conn.send(h11.Data(data=body)) + self.conn.send(h11.EndOfMessage()))
        self.transport.close()

    def _watch(self) -> None:
        """The time runs from the first byte, or the connection, to the end of the head; it never begins anew."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._rest()
            self._all.speaks(self)
        elif self._late is None:
            self._late = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _rest(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def _only_probes(application: Any, busy: str) -> Any:
    """The application, for probes alone; everybody else is told why and when to come again."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] in PROBES:
            await application(scope, receive, send)
            return
        headers, body = _problem(503, "busy", busy)
        headers.append((b"retry-after", str(_AGAIN_SECONDS).encode()))
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def _in_pieces(application: Any) -> Any:
    """The application, whose long answers are sent piece by piece: the next when the one before has gone."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        async def send_pieces(message: Any) -> None:
            body = message.get("body", b"")
            while len(body) > _PIECE_BYTES:
                await send({"type": "http.response.body", "body": body[:_PIECE_BYTES], "more_body": True})
                body = memoryview(body)[_PIECE_BYTES:]
            await send({**message, "body": bytes(body)} if "body" in message else message)

        await application(scope, receive, send_pieces)

    return answer


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the role's affair (`streams.run`)."""
        yield


def _most_connections() -> int:
    """How many connections this process can hold, once it has taken the descriptors that the system lets it have."""
    wanted = connections.MOST_CONNECTIONS + _OWN_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(min(connections.MOST_CONNECTIONS, soft - _OWN_DESCRIPTORS), 1)


class HttpServer:
    """Serves an ASGI application while the body runs. Port 0 takes a free one; `address` says which. `connections` are
    those that are open."""

    def __init__(
        self, application: Any, host: str, port: int, proxies: Sequence[str] = (), per_address: int = 0
    ) -> None:
        """`proxies` are the addresses and networks whose word on the client's address and scheme is believed, and from
        which any number of connections may come; from all others `per_address`, unless it is 0."""
        self._application = application
        self._proxies = list(proxies)
        self._host = host
        self._port = port
        self.connections = Connections(_most_connections(), per_address, proxies)
        self.address = ""

    async def __aenter__(self) -> "HttpServer":
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._socket = socket.socket(family)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)  # each connection has it from here
        try:
            self._socket.bind((self._host, self._port))
        except OSError as error:
            self._socket.close()
            raise HttpError(f"cannot listen on {self._host}:{self._port}: {error.strerror}") from error
        host = f"[{self._host}]" if family == socket.AF_INET6 else self._host
        self.address = f"{host}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            _in_pieces(self._application),
            interface="asgi3",
            http=partial(_Prompt, self.connections),  # type: ignore[arg-type] # whatever makes a protocol
            proxy_headers=bool(self._proxies),
            forwarded_allow_ips=self._proxies,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            headers=_ALWAYS,
            server_header=False,
            timeout_keep_alive=_SILENT_SECONDS,
            timeout_graceful_shutdown=_CLOSE_SECONDS,
        )
        self._server = _Server(config)
        self._looking = asyncio.create_task(self._abort_unread())
        self._task = asyncio.create_task(self._server.serve([self._socket]))
        while not self._server.started and not self._task.done():  # uvicorn has no event for it
            await asyncio.sleep(0.01)
        if self._task.done():
            self._task.result()
            raise HttpError(f"the HTTP server at {self.address} ended at once")
        return self

    async def _abort_unread(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self.connections.abort_unread(loop.time())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        await self._task
        self._looking.cancel()
        self._socket.close()

"""An HTTP server inside a role's own event loop: uvicorn without its signal handlers."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import uvicorn

from models.errors import PaidanError

_CLOSE_SECONDS = 3


class HttpError(PaidanError):
    """The address cannot be listened on."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the role's affair (`streams.run`)."""
        yield


class HttpServer:
    """Serves an ASGI application while the body runs. Port 0 takes a free one; `address` says which."""

    def __init__(self, application: Any, host: str, port: int) -> None:
        self._application = application
        self._host = host
        self._port = port
        self.address = ""

    async def __aenter__(self) -> "HttpServer":
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        self._socket = socket.socket(family)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((self._host, self._port))
        except OSError as error:
            self._socket.close()
            raise HttpError(f"cannot listen on {self._host}:{self._port}: {error.strerror}") from error
        host = f"[{self._host}]" if family == socket.AF_INET6 else self._host
        self.address = f"{host}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            self._application,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=_CLOSE_SECONDS,
        )
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve([self._socket]))
        while not self._server.started and not self._task.done():  # uvicorn has no event for it
            await asyncio.sleep(0.01)
        if self._task.done():
            self._task.result()
            raise HttpError(f"the HTTP server at {self.address} ended at once")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        await self._task
        self._socket.close()

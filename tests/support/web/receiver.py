"""A web server that receives webhooks and answers as a test wants: late, wrongly, or not at all."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from streams.http_server import HttpServer


@dataclass(frozen=True, slots=True)
class Received:
    """One POST: where to, its headers in lower case, its body, the sender's port."""

    path: str
    headers: dict[str, str]
    body: bytes
    port: int

    @property
    def id(self) -> str:
        """The event's id."""
        return self.headers["ce-id"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A status and headers; `hang` keeps the sender waiting until the server ends."""

    status: int = 204
    headers: tuple[tuple[bytes, bytes], ...] = ()
    hang: bool = False


TAKEN = Reply()
HANG = Reply(hang=True)


@dataclass(slots=True)
class Receiver:
    """Keeps all it was sent. `behave[path]` says how to answer a POST; without it the answer is 204."""

    behave: dict[str, Callable[[Received], Reply]] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def at(self, path: str) -> list[str]:
        """The ids of the events that were sent to a path, in the order of their arrival."""
        return [each.id for each in self.received if each.path == path]

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The ASGI application."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        post = Received(scope["path"], {k.decode(): v.decode() for k, v in scope["headers"]}, body, scope["client"][1])
        self.received.append(post)
        behaviour = self.behave.get(post.path)
        reply = TAKEN if behaviour is None else behaviour(post)
        if reply.hang:
            await self.ended.wait()
        await send({"type": "http.response.start", "status": reply.status, "headers": list(reply.headers)})
        await send({"type": "http.response.body", "body": b""})

    def server(self) -> HttpServer:
        """Serves it on a free port while the body runs."""
        return HttpServer(self, "127.0.0.1", 0)

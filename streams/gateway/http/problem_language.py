"""Problem documents in the language that the client asks for with `Accept-Language` 中文: Chinese or English."""

from typing import Any

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams.gateway.http.problems import MEDIA_TYPE
from streams.language import CHINESE, ENGLISH, in_chinese, wants_chinese


class ProblemLanguage:
    """ASGI middleware. `title`, `detail` and `rule` are for people and change; all else is for programs and stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        chinese = wants_chinese(Headers(scope=scope).get("accept-language", ""))
        start: Message | None = None

        async def send_translated(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message  # how long it is, is known with the body, which comes in one piece
            elif start is not None:
                body = _in_chinese(message["body"]) if chinese else message["body"]
                headers = MutableHeaders(raw=list(start["headers"]))
                headers["content-length"] = str(len(body))
                headers["content-language"] = CHINESE if chinese else ENGLISH
                headers.add_vary_header("Accept-Language")
                await send({**start, "headers": headers.raw})
                await send({**message, "body": body})
                start = None
            else:
                await send(message)

        await self._app(scope, receive, send_translated)


def _is_problem(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type") == MEDIA_TYPE


def _in_chinese(body: bytes) -> bytes:
    document: dict[str, Any] = msgspec.json.decode(body)
    field, rule, detail = (document.get(name, "") for name in ("field", "rule", "detail"))
    of_field = bool(rule) and detail == f"{field} {rule}"
    document["title"] = in_chinese(document["title"])
    document["detail"] = f"{field} {in_chinese(rule)}" if of_field else in_chinese(detail)
    if rule:
        document["rule"] = in_chinese(rule)
    return msgspec.json.encode(document)

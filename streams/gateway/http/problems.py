"""Errors as RFC 9457 problem documents: every answer that is no success says in one sentence what to do."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from models.errors import Poison
from models.events.broken_rules import broken_rule
from streams.access.rights import methods

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that is an error. `kind` is its short stable name; `more` are further members of the document."""

    def __init__(
        self, status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def response(self) -> Response:
        """The document: type, title, status, detail and the further members."""
        document = {
            "type": f"urn:paidan:problem:{self.kind}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        headers = {"cache-control": "no-store"} | self.headers
        return Response(msgspec.json.encode(document), self.status, headers, MEDIA_TYPE)


def no_such_address() -> Problem:
    """There is none, or it is closed, which nobody is told."""
    return Problem(404, "not-found", "there is no such address")


def not_now(detail: str, kind: str = "busy", seconds: int = 5) -> Problem:
    """503: it is worth another try in so many seconds."""
    return Problem(503, kind, detail, {"retry-after": str(seconds)})


def of_poison(poison: Poison) -> Problem:
    """What breaks a contract: 422 with the field and the rule, never with what the field held."""
    return Problem(422, poison.error, str(poison), field=poison.field, rule=poison.rule)


def install(app: FastAPI) -> None:
    """Answer every kind of error with a problem document."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> Response:
        return problem.response()

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and (allowed := methods(request.scope["path"])):
            headers["Allow"] = ", ".join(allowed)  # the router names those of one of its routes alone
        return Problem(error.status_code, kind, str(error.detail), headers).response()

    @app.exception_handler(RequestValidationError)
    async def _parameter(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        # Where it stands comes before it; behind it which of several kinds it might have been.
        field = str(first["loc"][min(1, len(first["loc"]) - 1)])
        return of_poison(Poison(field, broken_rule(first))).response()

    @app.exception_handler(ClientDisconnect)
    async def _gone(request: Request, error: ClientDisconnect) -> Response:
        # Nobody reads the answer; who hangs up while sending is no fault of ours and worth no traceback.
        return Problem(400, "hung-up", "the connection ended before the body did").response()

    @app.exception_handler(Exception)
    async def _bug(request: Request, error: Exception) -> Response:
        # Starlette logs the traceback and raises on; the client learns nothing of it.
        return Problem(500, "internal-error", "this is a fault of the gateway; it is in its log").response()

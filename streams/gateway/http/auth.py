"""Who may ask: bearer tokens, and on loopback without tokens nobody but this machine's own users."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable

from fastapi import Request
from fastapi.responses import Response

from models.errors import UsageError
from streams.addresses import LOOPBACK
from streams.gateway.http.problems import Problem
from streams.settings import Settings

# The page itself holds no data; what it shows it asks for with the token.
OPEN_PATHS = frozenset({"/", "/docs", "/livez", "/readyz", "/favicon.ico"})
OPEN_PREFIXES = ("/o/", "/page/")
Handler = Callable[[Request], Awaitable[Response]]


def check_exposure(settings: Settings) -> None:
    """Raises UsageError when the gateway would listen beyond this machine without a token."""
    if settings.gateway_host not in LOOPBACK and not settings.gateway_tokens:
        raise UsageError(
            f"PAIDAN_GATEWAY_TOKENS must be set: the gateway would listen on {settings.gateway_host} without a token"
        )


class Gate:
    """Lets a request through or answers 401; without tokens only requests that name this machine pass (421)."""

    def __init__(self, settings: Settings) -> None:
        self._tokens = tuple(token.get_secret_value().encode() for token in settings.gateway_tokens)

    async def __call__(self, request: Request, proceed: Handler) -> Response:
        """The answer of `proceed`, whose request has the token's source, or the problem document of a refusal."""
        path = request.url.path
        if self._tokens:
            if not (path in OPEN_PATHS or path.startswith(OPEN_PREFIXES)):
                source = self._source(request)
                if source is None:
                    return Problem(
                        401,
                        "unauthorized",
                        "send a valid token: `Authorization: Bearer …`",
                        {"www-authenticate": "Bearer"},
                    ).response()
                request.state.source = source
        elif (request.url.hostname or "") not in LOOPBACK:
            # A page elsewhere could have its own name point to this machine and let the browser ask.
            return Problem(421, "misdirected", "without tokens the gateway answers to localhost only").response()
        return await proceed(request)

    def _source(self, request: Request) -> str | None:
        """The CloudEvents source of a token's holder: clients that choose the same ids do not meet."""
        given = request.headers.get("authorization", "")
        if not given.startswith("Bearer "):
            return None
        token = given.removeprefix("Bearer ").encode()
        if not any(hmac.compare_digest(token, known) for known in self._tokens):
            return None
        return f"gateway/{hashlib.sha256(token).hexdigest()[:8]}"

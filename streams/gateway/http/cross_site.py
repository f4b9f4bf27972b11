"""What a page of another site lets a browser send is refused: the browser says so in headers that no page can set."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.gateway.http.problems import Problem

_OWN = {"same-origin", "none"}  # `none`: somebody typed the address or opened a bookmark
_HARMLESS = {"GET", "HEAD"}
_DEFAULT_PORTS = {"http": 80, "https": 443}


class CrossSite:
    """ASGI middleware: 403 for a request of another site's page, before anything of its body is read.

    A link that somebody follows to a page of ours is none, and neither is a request with a token in its header: for
    that a page has to ask first (CORS), and is not answered.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and _is_foreign(scope["method"], Headers(scope=scope)):
            problem = Problem(403, "cross-site", "a page of another site may not ask this gateway")
            await problem.response()(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_foreign(method: str, headers: Headers) -> bool:
    if "authorization" in headers:
        return False
    site = headers.get("sec-fetch-site")  # https://www.w3.org/TR/fetch-metadata/
    if site is not None:
        follows_link = method in _HARMLESS and headers.get("sec-fetch-mode") == "navigate"
        return site not in _OWN and not follows_link
    return any(_place(origin) != _host(origin, headers) for origin in headers.getlist("origin"))


def _place(origin: str) -> tuple[str, int | None] | None:
    """Host and port; None for what is no origin, such as `null`."""
    try:
        parts = urlsplit(origin)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname else None


def _host(origin: str, headers: Headers) -> tuple[str, int | None]:
    """Host and port that were asked for; without a port that of the origin's scheme, as a proxy may speak TLS."""
    return _place(f"{origin.partition(':')[0]}://{headers.get('host', '')}") or ("", None)

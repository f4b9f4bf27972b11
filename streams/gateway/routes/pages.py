"""The dashboard, the order page and the API's page: files without a build step. What they show, they ask for."""

from importlib.resources import files

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response

from dispatcher.order.lifecycle import STATE_TERMS
from models.city import City
from streams.gateway.http.problems import Problem

_SCRIPT = "text/javascript; charset=utf-8"
_FILES = {
    "app.js": _SCRIPT,
    "order.js": _SCRIPT,
    "order_view.js": _SCRIPT,
    "desk.js": _SCRIPT,
    "moves.js": _SCRIPT,
    "docs.js": _SCRIPT,
    "common.js": _SCRIPT,
    "style.css": "text/css; charset=utf-8",
}
# What people call the states, as the module that the pages import.
_STATES = b"export const STATES = %s;\n" % msgspec.json.encode(STATE_TERMS)
# Nothing but the gateway's own files runs or loads, whatever a report says.
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


def page_routes(city: City) -> APIRouter:
    """The routes of the pages and their files."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def dashboard() -> Response:
        return _file("index.html", "text/html; charset=utf-8")

    @router.get("/o/{order_id}")
    async def order(order_id: str) -> Response:
        return _file("order.html", "text/html; charset=utf-8")

    @router.get("/desk")
    async def desk() -> Response:
        return _file("desk.html", "text/html; charset=utf-8")

    @router.get("/docs")
    async def docs() -> Response:
        return _file("docs.html", "text/html; charset=utf-8")

    @router.get("/page/{name}")
    async def asset(name: str) -> Response:
        if name == "states.js":
            return Response(_STATES, 200, _HEADERS, _SCRIPT)
        if name not in _FILES:
            raise Problem(404, "not-found", "there is no such file")
        return _file(name, _FILES[name])

    @router.get("/favicon.ico")
    async def icon() -> Response:
        return Response(status_code=204)

    return router


def _file(name: str, media_type: str) -> Response:
    return Response((files("streams.gateway") / "page_files" / name).read_bytes(), 200, _HEADERS, media_type)

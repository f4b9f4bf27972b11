"""The dashboard, the order page and the API's page: files without a build step. What they show, they ask for; what they
say in Chinese stands in `page_files/words.csv`."""

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import PurePath
from urllib.parse import urlsplit

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response

from dispatcher.order.fact_terms import FACT_TERMS
from dispatcher.order.lifecycle import STATE_TERMS
from models.city import City
from models.events.vocabulary import (
    ARBITRATION_REASONS,
    DECIDERS,
    RECHECK_OUTCOMES,
    RETURN_CODES,
    RETURN_OUTCOMES,
    REVIEW_REASONS,
    ROLES,
)
from models.guess import NO_FAULT
from streams.dead_letters.letter import ERRORS
from streams.gateway.http.problems import Problem, no_such_address

_SCRIPT = "text/javascript; charset=utf-8"
_TYPES = {".js": _SCRIPT, ".css": "text/css; charset=utf-8", ".txt": "text/plain; charset=utf-8"}
_OURS, _LIBRARIES = "page_files", "page_libraries"
# Nothing but the gateway's own files runs or loads, whatever a report says.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:{images}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY.format(images=""),
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
# The name of a library's file says its version: it never changes.
_KEPT = {"cache-control": "public, max-age=31536000, immutable"}


@lru_cache(maxsize=1)
def terms() -> bytes:
    """The script that the pages import: what people call states, facts, roles, reasons and what decided (Chinese,
    English), the classifier's label for what is no fault, why something was set aside, and the Chinese of what the
    pages say."""
    words = (files("streams.gateway") / "page_files" / "words.csv").read_text(encoding="utf-8")
    tables = {
        "STATES": STATE_TERMS,
        "FACTS": FACT_TERMS,
        "ROLES": ROLES,
        "DECIDERS": DECIDERS,
        "RETURN_CODES": RETURN_CODES,
        "NO_FAULT": NO_FAULT,
        "DEAD_LETTERS": ERRORS,
        "REASONS": {**REVIEW_REASONS, **ARBITRATION_REASONS, **RECHECK_OUTCOMES, **RETURN_OUTCOMES},
        "WORDS": {row["en"]: row["zh"] for row in csv.DictReader(words.splitlines())},
    }
    return b"".join(b"export const %s = %s;\n" % (name.encode(), msgspec.json.encode(tables[name])) for name in tables)


@lru_cache(maxsize=1)
def _assets() -> dict[str, str]:
    """The files that the pages load, each with its folder: scripts and styles of ours, and the libraries with their
    licences, which are fetched at set-up (ADR 105)."""
    here = files("streams.gateway")
    folders = [(name, here / name) for name in (_OURS, _LIBRARIES)]
    found = ((file.name, name) for name, folder in folders if folder.is_dir() for file in folder.iterdir())
    return {file: name for file, name in found if PurePath(file).suffix in _TYPES}


def page_routes(city: City, open_figures: bool = True) -> APIRouter:
    """The routes of the pages and their files; without `open_figures` there is no page of these. Pages with a map may
    show pictures of the one server that the city has configured for it, and the browser is told so."""
    router = APIRouter(include_in_schema=False)
    tiles = urlsplit(city.settings.tiles_url or "")
    origin = f" {tiles.scheme}://{tiles.netloc}" if tiles.netloc else ""
    with_map = {"content-security-policy": _POLICY.format(images=origin)}

    @router.get("/")
    async def dashboard() -> Response:
        return _file("index.html", "text/html; charset=utf-8", headers=with_map)

    @router.get("/o/{order_id}")
    async def order(order_id: str) -> Response:
        return _file("order.html", "text/html; charset=utf-8", headers=with_map)

    @router.get("/desk")
    async def desk() -> Response:
        return _file("desk.html", "text/html; charset=utf-8", headers=with_map)

    @router.get("/desk/silences")
    async def silences() -> Response:
        return _file("silences.html", "text/html; charset=utf-8")

    @router.get("/open")
    async def of_everybody() -> Response:
        _only_if(open_figures)
        return _file("open.html", "text/html; charset=utf-8")

    @router.get("/r/{token}")
    async def of_reporter(token: str) -> Response:
        return _file("reporter.html", "text/html; charset=utf-8")

    @router.get("/docs")
    async def docs() -> Response:
        return _file("docs.html", "text/html; charset=utf-8")

    @router.get("/page/{name}")
    async def asset(name: str) -> Response:
        if name == "terms.js":
            return Response(terms(), 200, _HEADERS, _SCRIPT)
        folder = _assets().get(name)
        if folder is None:
            raise Problem(404, "not-found", "there is no such file")
        return _file(name, _TYPES[PurePath(name).suffix], folder, _KEPT if folder == _LIBRARIES else {})

    @router.get("/favicon.ico")
    async def icon() -> Response:
        return Response(status_code=204)

    return router


def _only_if(there: bool) -> None:
    if not there:
        raise no_such_address()


def _file(name: str, media_type: str, folder: str = _OURS, headers: Mapping[str, str] = _HEADERS) -> Response:
    return Response(_content(folder, name), 200, {**_HEADERS, **headers}, media_type)


@lru_cache(maxsize=64)
def _content(folder: str, name: str) -> bytes:
    """A file's bytes, read once: answers that clients are slow to take share them. Only files that there are get here,
    so it holds no more than the pages weigh."""
    return (files("streams.gateway") / folder / name).read_bytes()

"""The open figures over HTTP: for everybody, kept by whoever likes, so often from one address."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from models.envelope import JSON
from streams.gateway.events.address_rate import AddressRate
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.problems import no_such_address
from streams.gateway.open_figures.monthly import KEPT_SECONDS, Edition, OpenFigures

_MONTH = Annotated[str, Query(description="a month that is over, such as 2026-03; default: the last one", max_length=7)]


def open_routes(figures: OpenFigures, public: AddressRate, is_open: bool) -> APIRouter:
    """The routes, with what they need; both are 404 unless `is_open`."""

    def check(request: Request) -> None:
        if not is_open:
            raise no_such_address()
        public.take(request)

    router = APIRouter(tags=["open figures"], dependencies=[Depends(check), ONLY_KNOWN])

    @router.get("/open/figures", summary="Counts of a month by area and category, small ones withheld; for everybody")
    async def as_json(request: Request, month: _MONTH = "") -> Response:
        found = await figures.of_month(month)
        return _kept(request, found, found.json, JSON)

    @router.get("/indicators.csv", summary="The same as CSV")
    async def as_csv(request: Request, month: _MONTH = "") -> Response:
        found = await figures.of_month(month)
        return _kept(request, found, found.csv, "text/csv; charset=utf-8")

    return router


def _kept(request: Request, found: Edition, body: bytes, media_type: str) -> Response:
    """The body, or 304 for whoever has it already."""
    headers = {"cache-control": f"public, max-age={KEPT_SECONDS}", "etag": found.etag}
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if found.etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type)

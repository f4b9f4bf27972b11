"""`GET /cameras`, `/units`, `/false-alarms`: what is out in the city, for a map, and whose alarms are false."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from models.access import Holder
from models.city import City
from streams.gateway.http.auth import holder_of
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.problems import Problem
from streams.gateway.http.responses import answer
from streams.gateway.orders.order_finder import Finder
from streams.gateway.outside.outside_view import Outside

MOST_SEERS = 200
# Degrees, as those of a raster's cell are told; empty for no box.
BOX = r"^(-?[0-9]{1,3}(\.[0-9]{1,12})?(,-?[0-9]{1,3}(\.[0-9]{1,12})?){3})?$"
_AREA = Annotated[str, Query(description="an area of any level; default: the whole city")]


def outside_routes(city: City, finder: Finder, outside: Outside) -> APIRouter:
    """The routes, with what they need."""
    router = APIRouter(tags=["status"], dependencies=[ONLY_KNOWN])

    @router.get("/cameras", summary="Which cameras are quiet, busy and silent, for a map; many of them as a raster")
    async def cameras(
        request: Request,
        area: _AREA = "",
        within: Annotated[str, Query(pattern=BOX, description="only those of a box: south,west,north,east")] = "",
    ) -> Response:
        box = tuple(map(float, within.split(","))) if within else ()
        return answer(await outside.cameras(_own(city, finder, holder_of(request), area), box))

    @router.get("/units", summary="Where the mobile units are, for a map")
    async def units(request: Request, area: _AREA = "") -> Response:
        return answer(await outside.units(_own(city, finder, holder_of(request), area)))

    @router.get("/false-alarms", summary="The algorithms and cameras whose alarms are false most often, worst first")
    async def false_alarms(
        request: Request,
        area: _AREA = "",
        limit: Annotated[int, Query(ge=1, le=MOST_SEERS, description="of each, at most")] = 50,
    ) -> Response:
        return answer(await outside.false_alarms(_own(city, finder, holder_of(request), area), limit))

    return router


def _own(city: City, finder: Finder, holder: Holder | None, area: str) -> str:
    """The area that is asked for, or else that of the token. Raises Problem for one that the city does not know (422),
    and for one beyond that of the token (403)."""
    if area and city.areas.get(area) is None:
        raise Problem(422, "invalid", "area must be an area of the city", field="area", rule="unknown")
    return finder.own(holder, "", area)[1]

"""`GET /prefill`: what the city knows of a place and of a reporter, for whoever is about to report something."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import compress
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response

from dispatcher.arrivals.sightings import NAMED_M
from models.access import Holder
from models.city import City, Place
from models.city.ground.distances import distance_m
from models.envelope import MAX_ATTRIBUTE
from models.events.datum import Datum, to_wgs84
from models.times import DAY_MS, now_ms, to_text
from streams.gateway.http.auth import holder_of
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.problems import Problem
from streams.gateway.http.responses import answer, named, names
from streams.gateway.orders.order_finder import Finder
from streams.gateway.reporters.known_reporter import HEADER, known_reporter, reporter_asked
from streams.intake.placing import locate_points
from streams.tables.protocol import Brief

NEARBY_M = NAMED_M  # whoever is shown an order may join it
_CORNER = 0.0013  # degrees: beyond NEARBY_M to the north everywhere, and to the east up to 45°
_MOST_ORDERS = 500  # of the areas around that are looked at
_MOST_LOOKED_AT = 50  # of those close by, whether the holder sees them
_MOST_SHOWN = 10
_MOST_DAYS = 90

_LAT = Annotated[float | None, Query(ge=-90, le=90, description="degrees; the answer has WGS 84")]
_LON = Annotated[float | None, Query(ge=-180, le=180, description="degrees")]
_DATUM = Annotated[Datum, Query(description="of the coordinates: `gcj02` or `bd09`, else WGS 84")]
_WHO = Annotated[
    str,
    Header(
        alias=HEADER,
        min_length=1,
        max_length=MAX_ATTRIBUTE,
        description="of an app: whose report it is to be, as `reporter.id` says it (percent-encoded where it is not "
        "ASCII); a citizen's own token says it by itself",
    ),
]


def prefill_routes(city: City, finder: Finder, key: bytes) -> APIRouter:
    """The route, with what it needs; `key` is that of the pseudonyms."""
    router = APIRouter(tags=["intake"], dependencies=[ONLY_KNOWN])

    @cache
    def places() -> Mapping[str, list[Place]]:
        found: dict[str, list[Place]] = defaultdict(list)
        for place in city.places.all:
            found[place.area].append(place)
        return found

    async def of_place(lat: float, lon: float, holder: Holder | None) -> dict[str, Any]:
        areas = _around(city, lat, lon)
        if areas is None:
            raise Problem(404, "not-found", "the place lies outside the city")
        until = now_ms()
        wanted = {"area": ",".join(areas), "state": "open"}
        lines = await finder.newest(wanted, until - _MOST_DAYS * DAY_MS, until, _MOST_ORDERS)
        own = areas[0]
        return {
            "location": {"lat": lat, "lon": lon},
            "area": named(city.areas.get(own), own),
            "place": _nearest((each for area in areas for each in places().get(area, ())), lat, lon),
            "assets": _standing(city, lat, lon),
            "orders": await _shown(_close(lines, lat, lon), city, finder, holder),
        }

    @router.get("/prefill", summary="What is known of a place, and of a reporter: for the next report")
    async def prefill(
        request: Request, lat: _LAT = None, lon: _LON = None, datum: _DATUM = "", _who: _WHO = ""
    ) -> Response:
        holder = holder_of(request)
        person = reporter_asked(request, holder)
        found: dict[str, Any] = {}
        if lat is not None and lon is not None:
            found = await of_place(*to_wgs84(datum, lat, lon), holder)
        elif lat is not None or lon is not None or not person:
            sentence = "lat and lon must both be given, or a reporter"
            raise Problem(422, "invalid", sentence, field="lat", rule="is missing")
        if person:
            found["reporter"] = await known_reporter(city, finder, key, holder, person)
        return answer(found)

    return router


def _around(city: City, lat: float, lon: float) -> list[str] | None:
    """The area of a point, then those of the corners around it; None outside the city."""
    corners = [(lat + north * _CORNER, lon + east * _CORNER) for north in (-1, 1) for east in (-1, 1)]
    found = locate_points(city, [(lat, lon), *corners])
    if found[lat, lon] is None:
        return None
    return list(dict.fromkeys(placed.area for placed in found.values() if placed is not None))


def _nearest(places: Iterable[Place], lat: float, lon: float) -> dict[str, Any] | None:
    """The name of what is closest, where anything of a name is close by."""
    near = [
        (distance_m(lat, lon, each.lat, each.lon), each.row, each)
        for each in places
        if each.lat is not None and each.lon is not None
    ]
    distance, _, place = min(near, default=(NEARBY_M + 1, 0, None))
    if place is None or distance > NEARBY_M:
        return None
    return {**names(place), "distance_m": round(distance)}


def _standing(city: City, lat: float, lon: float) -> list[dict[str, Any]]:
    """The assets close by 部件, the closest first: a report that names one by its id goes to its owner."""
    near = city.assets.around(lat, lon, NEARBY_M)[:_MOST_SHOWN]
    return [
        {
            "id": asset.id,
            "kind": asset.kind,
            "name": asset.name,
            "owner": named(city.departments.get(asset.owner), asset.owner),
            "distance_m": round(distance),
        }
        for distance, asset in near
    ]


def _close(lines: Iterable[Brief], lat: float, lon: float) -> list[tuple[float, Brief]]:
    """Open orders close by with their distances, the closest first."""
    near = []
    for line in lines:
        if line.lat is not None and line.lon is not None:
            distance = distance_m(lat, lon, line.lat, line.lon)
            if distance <= NEARBY_M:
                near.append((distance, line))
    return sorted(near, key=lambda one: (one[0], one[1].id))


async def _shown(
    near: list[tuple[float, Brief]], city: City, finder: Finder, holder: Holder | None
) -> list[dict[str, Any]]:
    """Those of them that the holder sees, without the words of those who have reported them."""
    looked_at = near[:_MOST_LOOKED_AT]
    sees = await asyncio.gather(*(finder.is_shown(line.id, holder) for _, line in looked_at))
    return [
        {
            "id": line.id,
            "category": named(city.categories.get(line.category), line.category),
            "state": line.state,
            "opened_at": to_text(line.opened_at),
            "distance_m": round(distance),
        }
        for distance, line in compress(looked_at, sees)
    ][:_MOST_SHOWN]

"""`GET /areas`, `/cameras`: the shapes of the city's smallest areas, by which orders are counted, and the cameras that
stand in one of them, for a map."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import shapely
from fastapi import APIRouter, Request
from fastapi.responses import Response
from shapely.geometry import mapping

from models.city import City
from streams.gateway.http.auth import holder_of
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.problems import Problem
from streams.gateway.http.responses import answer

_PARTS = 1_000  # of the city's extent; a screen shows no finer ones


def map_routes(city: City) -> APIRouter:
    """The route, with what it needs."""
    router = APIRouter(tags=["status"], dependencies=[ONLY_KNOWN])

    @cache
    def drawn() -> dict[str, Any]:
        return outlines(city)

    @router.get("/areas", summary="The shapes of the city's smallest areas as GeoJSON, simplified for a map")
    async def areas() -> Response:
        return answer(drawn())

    @cache
    def standing() -> Mapping[str, list[dict[str, Any]]]:
        return by_area(city)

    @router.get("/cameras", summary="The cameras of one of the smallest areas, for a map")
    async def cameras(area: str, request: Request) -> Response:
        if city.areas.get(area) is None:
            raise Problem(422, "invalid", "area must be an area of the city", field="area", rule="unknown")
        holder = holder_of(request)
        if holder is not None and holder.area not in ("", *city.areas.ancestors(area)):
            raise Problem(403, "forbidden", "the area lies beyond that of the token", field="area")
        return answer({"cameras": standing().get(area, [])})

    return router


def by_area(city: City) -> Mapping[str, list[dict[str, Any]]]:
    """The cameras of the registry by their area: id, name and place."""
    found: dict[str, list[dict[str, Any]]] = {}
    for camera in city.cameras.values():
        place = {"lat": camera.lat, "lon": camera.lon}
        found.setdefault(camera.area, []).append({"id": camera.id, "name": camera.name, "location": place})
    return found


def outlines(city: City) -> dict[str, Any]:
    """A GeoJSON FeatureCollection (RFC 7946) with a feature for each area of the level that orders are merged at: its
    names, and its shape without corners that a map would not show. Neighbours keep their common border."""
    units = city.areas.at_level(city.merge_level)
    shapes = [city.areas.shape(unit.id) for unit in units]
    west, south, east, north = shapely.total_bounds(shapes)
    simpler = shapely.coverage_simplify(shapes, max(east - west, north - south) / _PARTS)
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": unit.id,
                "properties": {"name_zh": unit.name_zh, "name_en": unit.name_en},
                "geometry": mapping(shape),
            }
            for unit, shape in zip(units, simpler, strict=True)
        ],
    }

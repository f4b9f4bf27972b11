"""`GET /areas`: the shapes of the city's smallest areas, by which orders are counted, for a map."""

from functools import cache
from typing import Any

import shapely
from fastapi import APIRouter
from fastapi.responses import Response
from shapely.geometry import mapping

from models.city import City
from streams.gateway.http.parameters import ONLY_KNOWN
from streams.gateway.http.responses import answer, names

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

    return router


def outlines(city: City) -> dict[str, Any]:
    """A GeoJSON FeatureCollection (RFC 7946) with a feature for each area of the level that orders are merged at: its
    names, and its shape without corners that a map would not show. Neighbours keep their common border. Of the foreign
    members, `tiles` is the street map that the city has configured, or null, and `above` names the larger areas."""
    units = city.areas.at_level(city.merge_level)
    shapes = [city.areas.shape(unit.id) for unit in units]
    west, south, east, north = shapely.total_bounds(shapes)
    simpler = shapely.coverage_simplify(shapes, max(east - west, north - south) / _PARTS)
    tiles = {"url": city.settings.tiles_url, "attribution": city.settings.tiles_attribution}
    return {
        "type": "FeatureCollection",
        "tiles": tiles if tiles["url"] else None,
        "above": [
            {"id": area.id, **names(area), "level": area.level} for area in city.areas if area.level != city.merge_level
        ],
        "features": [
            {
                "type": "Feature",
                "id": unit.id,
                "properties": names(unit),
                "geometry": mapping(shape),
            }
            for unit, shape in zip(units, simpler, strict=True)
        ],
    }

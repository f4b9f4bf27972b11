"""Where a sighting belongs: polygon, camera, asset, given area, words, or nowhere known."""

from collections.abc import Sequence

import msgspec

from dispatcher.partition.identity import area_of, named_in
from models.city import Asset, Camera, City
from models.errors import Poison
from models.inbox import UNKNOWN_AREA as UNKNOWN
from models.inbox import UNLOCATED

Point = tuple[float, float]


class Placement(msgspec.Struct, frozen=True, gc=False):
    """The merge-level area of a sighting and how it was found, with a point where one is known."""

    area: str
    how: str
    lat: float | None = None
    lon: float | None = None


class Described(msgspec.Struct, frozen=True, gc=False):
    """Where to look for a place without coordinates: the area that the sender gave, then texts in their order."""

    given: str = ""
    texts: tuple[str, ...] = ()


NOWHERE = Placement(UNLOCATED, "none")
UNKNOWN_AREA = Placement(UNLOCATED, UNKNOWN)


def locate_points(city: City, points: Sequence[Point]) -> dict[Point, Placement | None]:
    """The merge-level area of each point (lat, lon), None for one outside the city; all in one look-up."""
    distinct = list(dict.fromkeys(points))
    if not distinct:
        return {}
    areas = city.areas.locate_many([lat for lat, _ in distinct], [lon for _, lon in distinct])
    return {
        point: None if area is None else Placement(area.id, "polygon", *point)
        for point, area in zip(distinct, areas, strict=True)
    }


def by_camera(camera: Camera) -> Placement:
    """Where the registry puts a camera."""
    return Placement(camera.area, "camera", camera.lat, camera.lon)


def by_asset(asset: Asset) -> Placement:
    """Where the register puts an asset 部件."""
    return Placement(asset.area, "asset", asset.lat, asset.lon)


def by_words(city: City, described: Described) -> Placement:
    """The area that the sender named by id, else the place that the first of the texts names, else the area of an order
    whose number the first of them names; else `unlocated`: for want of a place, or because the city has no area of the
    id that was given."""
    if described.given and (unit := merge_unit(city, described.given)):
        return Placement(unit, "given")
    for text in described.texts:
        place = city.places.find(text) if text else None
        if place is not None:
            return Placement(place.area, "words", place.lat, place.lon)
    for order_id in (named for text in described.texts for named in named_in(text)):
        area = area_of(order_id)
        if merge_unit(city, area) == area:
            return Placement(area, "words")
    strange = described.given and described.given != UNLOCATED and city.areas.get(described.given) is None
    return UNKNOWN_AREA if strange else NOWHERE


def merge_unit(city: City, area: str) -> str:
    """The merge-level area in which an area lies or which it is; empty for a larger or unknown one."""
    for unit in city.areas.ancestors(area):
        upper = city.areas.get(unit)
        if upper is not None and upper.level == city.merge_level:
            return unit
    return ""


def outside(city: City, where: Point) -> Poison:
    """The place (lat, lon) lies outside the city."""
    lat, lon = where
    if city.areas.locate(lon, lat) is not None:
        return Poison("location", "must lie inside the city, as it would with lat and lon exchanged", "outside-city")
    return Poison("location", "must lie inside the city", "outside-city")

"""Where a sighting belongs: polygon, camera, given area, words, or nowhere known."""

from collections.abc import Sequence

from models.city import Camera, City
from models.errors import Poison
from models.inbox import UNLOCATED

Point = tuple[float, float]


class Placement:
    """The area of a sighting and how it was found, with a point where one is known."""

    __slots__ = ("area", "how", "lat", "lon")

    def __init__(self, area: str, how: str, lat: float | None = None, lon: float | None = None) -> None:
        self.area, self.how, self.lat, self.lon = area, how, lat, lon


NOWHERE = Placement(UNLOCATED, "none")


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


def by_words(city: City, given: str, *texts: str) -> Placement:
    """The area that the sender named by id, else the place that the first of the texts names, else `unlocated`."""
    if given and (unit := merge_unit(city, given)):
        return Placement(unit, "given")
    for text in texts:
        place = city.places.find(text) if text else None
        if place is not None:
            return Placement(place.area, "words", place.lat, place.lon)
    return NOWHERE


def merge_unit(city: City, area: str) -> str:
    """The merge-level area in which an area lies or which it is; empty for a larger or unknown one."""
    for unit in city.areas.ancestors(area):
        found = city.areas.get(unit)
        if found is not None and found.level == city.merge_level:
            return unit
    return ""


def outside(field: str = "location") -> Poison:
    """The place lies outside the city."""
    return Poison(field, "must lie inside the city", "outside-city")

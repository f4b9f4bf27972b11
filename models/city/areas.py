"""The areas of a city, from the whole down to streets and towns, and which of them a point lies in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec
from shapely.geometry.base import BaseGeometry

from models.city.ground.grid import NOWHERE, Grid

_MERIDIAN = 180  # degrees, as -180 is: a polygon may lie on either side of it


class Area(msgspec.Struct, frozen=True):
    """A unit of the city 区划: its level is one of the city's `levels`; `lat`, `lon` is a point inside it."""

    id: str
    name_zh: str
    name_en: str
    level: str
    parent: str
    lat: float
    lon: float


class Areas:
    """All areas by id, with their shapes. Lookups only; nothing of it ever changes."""

    def __init__(self, areas: Iterable[Area], shapes: Mapping[str, BaseGeometry], merge_level: str) -> None:
        self._areas = MappingProxyType({area.id: area for area in areas})
        self._shapes = dict(shapes)
        self._ancestors = {area_id: self._climb(area_id) for area_id in self._areas}
        # Sorted by id, so that the first hit of a point on a border is the area with the lowest id.
        self._units = tuple(self._areas[i] for i in sorted(self._areas) if self._areas[i].level == merge_level)
        self._found = (*self._units, None)  # by what the grid finds, the last of which is nowhere
        self._grid = Grid([self._shapes[unit.id] for unit in self._units])

    def __iter__(self) -> Iterator[Area]:
        return iter(self._areas.values())

    def __len__(self) -> int:
        return len(self._areas)

    def __contains__(self, area: object) -> bool:
        return area in self._areas

    def get(self, area: str) -> Area | None:
        """The area with this id, or None."""
        return self._areas.get(area)

    def ancestors(self, area: str) -> tuple[str, ...]:
        """The ids from this area up to the whole city, smallest first, itself included; empty for an unknown id."""
        return self._ancestors.get(area, ())

    def at_level(self, level: str) -> tuple[Area, ...]:
        """The areas of one level, by id."""
        return tuple(self._areas[i] for i in sorted(self._areas) if self._areas[i].level == level)

    def shape(self, area: str) -> BaseGeometry:
        """The polygon of an area in degrees (x is longitude). Raises KeyError for an unknown id."""
        return self._shapes[area]

    def locate(self, lat: float, lon: float) -> Area | None:
        """The merge-level area in which a point lies, or None outside the city.

        A point on a border belongs to the area with the lowest id.
        """
        found = self._grid.find_one(lat, lon)
        if found == NOWHERE and abs(lon) == _MERIDIAN:
            found = self._grid.find_one(lat, -lon)
        return self._found[found]

    def locate_many(self, lats: Sequence[float], lons: Sequence[float]) -> list[Area | None]:
        """`locate` for many points at once, which is quicker than one by one."""
        found = self._grid.find(lats, lons)
        if NOWHERE in found:
            for at, number in enumerate(found):
                if number == NOWHERE and abs(lons[at]) == _MERIDIAN:
                    found[at] = self._grid.find_one(lats[at], -lons[at])
        return [self._found[number] for number in found]

    def holds_all(self, area: str, south: float, west: float, north: float, east: float) -> bool:
        """Whether all of a box surely lies in one merge-level area and in no other; False says nothing, and costs
        less than to look closely."""
        number = self._grid.holds_all(south, west, north, east)
        return number is not None and self._units[number].id == area

    def _climb(self, area: str) -> tuple[str, ...]:
        chain: list[str] = []
        while area and area not in chain:
            chain.append(area)
            area = self._areas[area].parent if area in self._areas else ""
        return tuple(chain)

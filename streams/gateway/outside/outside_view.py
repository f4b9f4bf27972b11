"""What the tables say of cameras and mobile units, beside what the city knows of them."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from dispatcher.partition.state import UnitState
from models.city import Camera, City
from models.times import to_text
from streams.gateway.outside.raster import Raster, raster_of
from streams.gateway.shards import ShardAnswers, Shards
from streams.gateway.status import StatusCache
from streams.tables.outside.alarm_view import worst_first
from streams.tables.protocol import PartitionAlarms, PartitionOutside, Seer, ShardAlarms, ShardOutside

MOST_CAMERAS = 2_000  # that are told one by one; more are told as cells
_AREAS_KEPT = 64


class Outside:
    """Answers for what is out in one city, as it was no more than a second ago, once for all who ask."""

    def __init__(self, city: City, shards: Shards) -> None:
        self._city = city
        self._shards = shards
        self._cache = StatusCache()
        self._raster = lru_cache(maxsize=_AREAS_KEPT)(self._made)
        by_area: dict[str, list[Camera]] = {}
        for camera in city.cameras.values():
            by_area.setdefault(camera.area, []).append(camera)
        self._by_area = by_area
        self._from_south = sorted(city.cameras.values(), key=attrgetter("lat"))

    async def cameras(self, area: str, box: tuple[float, ...] = ()) -> dict[str, Any]:
        """How many cameras of an area ("": of the city), or those of them in a box (south, west, north, east; without
        its northern and eastern edge), are quiet, busy, silent; and each of them, or where they are many the cells of a
        raster. Raises Problem (503) when no partition answers."""
        known = await self._cache.get("outside", self._ask)
        raster = raster_of(self._in(box, area)) if box else self._raster(area)
        cells = raster.counted(known["busy"], known["silent"])
        told: dict[str, Any] = {"complete": known["complete"]}
        told["counts"] = {state: sum(cell[state] for cell in cells) for state in ("quiet", "busy", "silent")}
        if len(raster.cells) > MOST_CAMERAS:
            return told | {"cameras": [], "raster": {"size": raster.size, "cells": cells}}
        standing = (self._city.cameras[each] for each in raster.cells)
        return told | {"cameras": [_standing(camera, known) for camera in standing], "raster": None}

    async def units(self, area: str) -> dict[str, Any]:
        """The mobile units as they last reported, of an area ("": of the city) those that are sent there. Raises
        Problem (503) when no partition answers."""
        known = await self._cache.get("outside", self._ask)
        units: Mapping[str, UnitState] = known["units"]
        return {
            "complete": known["complete"],
            "units": [
                {
                    "id": each,
                    "kind": self._city.units.by_id[each].kind,
                    "department": self._city.units.by_id[each].department,
                    "location": {"lat": state.lat, "lon": state.lon},
                    "at": to_text(state.at),
                    "state": state.state,
                    "load": state.load,
                }
                for each, state in sorted(units.items(), key=itemgetter(0))
                if each in self._city.units.by_id and (not area or self._is_sent(each, area))
            ],
        }

    async def false_alarms(self, area: str, limit: int) -> dict[str, Any]:
        """The algorithms, and the cameras of an area ("": of the city), whose alarms were false most often, the worst
        first. Raises Problem (503) when no partition answers."""
        answers: ShardAnswers[PartitionAlarms] = await self._shards.ask("/alarms", {"most": "500"}, ShardAlarms)
        parts = answers.some().partitions.values()
        algorithms = _summed([seer for part in parts for seer in part.algorithms])
        cameras = _summed([seer for part in parts for seer in part.cameras if self._stands_in(seer.name, area)])
        return {
            "complete": answers.complete,
            "algorithms": [_rated(seer) for seer in algorithms[:limit]],
            "cameras": [_rated(seer) | self._named(seer.name) for seer in cameras[:limit]],
        }

    async def _ask(self) -> dict[str, Any]:
        answers: ShardAnswers[PartitionOutside] = (await self._shards.ask("/outside", {}, ShardOutside)).some()
        busy: dict[str, int] = {}
        silent: set[str] = set()
        units: dict[str, UnitState] = {}
        for part in answers.partitions.values():
            silent.update(part.silent)
            for camera, count in part.busy.items():
                busy[camera] = busy.get(camera, 0) + count
            for unit, state in part.units.items():
                if unit not in units or units[unit].at < state.at:
                    units[unit] = state
        for camera in silent:  # what it saw is open still, but it sees nothing now
            busy.pop(camera, None)
        return {"complete": answers.complete, "busy": busy, "silent": silent, "units": units}

    def _made(self, area: str) -> Raster:
        if not area:
            return raster_of(self._city.cameras.values())
        return raster_of(camera for each in self._below(area) for camera in self._by_area.get(each, ()))

    def _in(self, box: tuple[float, ...], area: str) -> Iterator[Camera]:
        south, west, north, east = box
        first, last = (bisect_left(self._from_south, edge, key=attrgetter("lat")) for edge in (south, north))
        areas = frozenset(self._below(area)) if area else None
        for camera in islice(self._from_south, first, last):
            if west <= camera.lon < east and (areas is None or camera.area in areas):
                yield camera

    def _below(self, area: str) -> list[str]:
        return [each for each in self._by_area if area in self._city.areas.ancestors(each)]

    def _stands_in(self, camera: str, area: str) -> bool:
        known = self._city.cameras.get(camera)
        return not area or (known is not None and area in self._city.areas.ancestors(known.area))

    def _is_sent(self, unit: str, area: str) -> bool:
        return any(area in self._city.areas.ancestors(each) for each in self._city.units.areas_of(unit))

    def _named(self, camera: str) -> dict[str, str]:
        known = self._city.cameras.get(camera)
        return {"name": known.name, "area": known.area} if known is not None else {}


def _standing(camera: Camera, known: Mapping[str, Any]) -> dict[str, Any]:
    state = "silent" if camera.id in known["silent"] else "busy" if camera.id in known["busy"] else "quiet"
    location = {"lat": camera.lat, "lon": camera.lon}
    return {
        "id": camera.id,
        "name": camera.name,
        "location": location,
        "state": state,
        "orders": known["busy"].get(camera.id, 0),
    }


def _summed(parts: list[Seer]) -> list[Seer]:
    """Everybody once, over all partitions, the worst first."""
    found: dict[str, Seer] = {}
    for each in parts:
        before = found.get(each.name)
        if before is not None:
            each = Seer(each.name, before.open + each.open, before.right + each.right, before.false + each.false)
        found[each.name] = each
    return sorted(found.values(), key=worst_first)


def _rated(seer: Seer) -> dict[str, Any]:
    """`rate` is of those on which people have decided: false / (right + false)."""
    return {"id": seer.name, **msgspec.to_builtins(seer), "rate": seer.false / (seer.right + seer.false)}

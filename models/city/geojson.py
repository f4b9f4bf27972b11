"""areas.geojson to areas: RFC 7946 with the properties id, name_zh, name_en, level and parent, checked."""

import json
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Literal

import shapely
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from shapely.geometry.base import BaseGeometry

from models.city.areas import Area, Areas
from models.city.files.cells import Code
from models.city.files.csv_table import decode_text
from models.city.files.errors import Problems
from models.city.files.nesting import too_deep
from models.inbox import UNLOCATED

FILE = "areas.geojson"
# Share of the smaller area by which borders drawn by hand may overlap or stand out.
_TOLERANCE = 1e-6

_ID = re.compile(r'"id":( ?)("(?:[^"\\]|\\.)*")')

_Ring = list[list[float]]


class _Polygon(BaseModel):
    type: Literal["Polygon"]
    coordinates: list[_Ring] = Field(min_length=1)


class _MultiPolygon(BaseModel):
    type: Literal["MultiPolygon"]
    coordinates: list[list[_Ring]] = Field(min_length=1)


class _Properties(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Code
    name_zh: str
    name_en: str
    level: str
    parent: Code = ""

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: object) -> object:
        # Map editors write an empty text, a blank or null for a property without value.
        if not isinstance(given, dict):
            return given
        return {k: v for k, v in given.items() if v is not None and not (isinstance(v, str) and not v.strip())}


class _Feature(BaseModel):
    type: Literal["Feature"]
    properties: _Properties
    geometry: _Polygon | _MultiPolygon = Field(discriminator="type")


def read_areas(content: bytes, levels: Sequence[str], merge_level: str, problems: Problems) -> Areas:
    """The areas of a GeoJSON FeatureCollection (RFC 7946); mistakes go to `problems`."""
    text = decode_text(FILE, content, problems)
    features = _features(text, problems) if text is not None else []
    if not features:
        problems.unread.add(FILE)
    areas: list[Area] = []
    shapes: dict[str, BaseGeometry] = {}
    lines: dict[str, int] = {}
    stands = _Lines(text or "")
    for index, raw in enumerate(features):
        line = stands.of(raw, index)
        try:
            feature = _Feature.model_validate(raw)
        except ValidationError as error:
            problems.add_validation(FILE, line, error)
            problems.excused.add(_id_of(raw))
            continue
        unit = feature.properties
        if unit.id in shapes or unit.id == UNLOCATED:
            taken = f"{unit.id} appears twice" if unit.id in shapes else f"{unit.id} is reserved"
            problems.add(FILE, line, "id", taken)
            continue
        shape = _shape(feature.geometry, line, problems)
        if shape is None:
            problems.excused.add(unit.id)
            continue
        point = shape.representative_point()
        areas.append(Area(unit.id, unit.name_zh, unit.name_en, unit.level, unit.parent, point.y, point.x))
        shapes[unit.id], lines[unit.id] = shape, line
    _check_tree(areas, levels, merge_level, lines, problems)
    _check_shapes(areas, shapes, lines, problems)
    return Areas(areas, shapes, merge_level)


def _features(text: str, problems: Problems) -> list[object]:
    if (line := too_deep(text)) is not None:
        problems.add(FILE, line, "", "the file nests too deep to be GeoJSON")
        return []
    try:
        collection = json.loads(text)
    except json.JSONDecodeError as error:
        problems.add(FILE, error.lineno, "", f"the file is not JSON: {error.msg}")
        return []
    except ValueError as error:  # a number of thousands of digits
        problems.add(FILE, 1, "", f"the file is not JSON: {error}")
        return []
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list) or not features:
        problems.add(FILE, 1, "features", "the file is not a GeoJSON FeatureCollection with areas")
        return []
    return features


class _Lines:
    """On which line of the text a feature stands. JSON keeps none: it stands where its id stands, else it is counted.
    The text is looked through once, however many features it has."""

    def __init__(self, text: str) -> None:
        self._begin = [found.end() for found in re.finditer("\n", text)]
        self._ids: dict[tuple[str, str], int] = {}
        for found in _ID.finditer(text):
            self._ids.setdefault((found[1], found[2]), found.start())
        self._features = [-1, *(found.start() for found in re.finditer('"Feature"', text))]

    def of(self, feature: object, index: int) -> int:
        """The line of a feature, the one with this index."""
        name = json.dumps(_id_of(feature))
        at = self._ids.get(("", name), self._ids.get((" ", name)))
        if at is None or name == '""':
            at = self._features[(index + 1) % len(self._features)]
        return bisect_right(self._begin, max(at, 0)) + 1


def _id_of(feature: object) -> str:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return str(properties.get("id", "")) if isinstance(properties, dict) else ""


def _shape(geometry: _Polygon | _MultiPolygon, line: int, problems: Problems) -> BaseGeometry | None:
    polygons = [geometry.coordinates] if isinstance(geometry, _Polygon) else geometry.coordinates
    for ring in (ring for rings in polygons for ring in rings):
        if len(ring) < 4 or ring[0] != ring[-1]:
            problems.add(FILE, line, "geometry", "a ring needs four positions or more and ends where it starts")
            return None
        if any(len(at) < 2 or not (-180 <= at[0] <= 180 and -90 <= at[1] <= 90) for at in ring):
            problems.add(FILE, line, "geometry", "a position is [longitude, latitude] in degrees, in this order")
            return None
    flat = [[[(at[0], at[1]) for at in ring] for ring in rings] for rings in polygons if rings]
    shape = shapely.MultiPolygon([(rings[0], rings[1:]) for rings in flat])
    if not shape.is_valid or shape.is_empty:
        problems.add(FILE, line, "geometry", f"the polygon is not valid: {shapely.is_valid_reason(shape)}")
        return None
    return shape.geoms[0] if len(shape.geoms) == 1 else shape


def _check_tree(
    areas: Sequence[Area], levels: Sequence[str], merge_level: str, lines: Mapping[str, int], problems: Problems
) -> None:
    by_id = {area.id: area for area in areas}
    for area in areas:
        line = lines[area.id]
        if area.level not in levels:
            problems.add(FILE, line, "level", f"{area.level!r} is not a level of city.toml ({', '.join(levels)})")
            continue
        rank = levels.index(area.level)
        parent = by_id.get(area.parent)
        if rank == 0 and area.parent:
            problems.add(FILE, line, "parent", f"a {area.level} is the whole and has no parent")
        elif rank > 0 and parent is None and area.parent not in problems.excused:
            problems.add(FILE, line, "parent", f"{area.parent!r} is not an area of this file")
        elif rank > 0 and parent is not None and parent.level in levels and levels.index(parent.level) != rank - 1:
            problems.add(FILE, line, "parent", f"{area.parent} is a {parent.level}, expected a {levels[rank - 1]}")
    if not any(area.level == merge_level for area in areas) and FILE not in problems.unread:
        problems.add(FILE, 1, "level", f"no area has the merge level {merge_level!r}")


def _check_shapes(
    areas: Sequence[Area], shapes: Mapping[str, BaseGeometry], lines: Mapping[str, int], problems: Problems
) -> None:
    for area in areas:
        parent = shapes.get(area.parent)
        if parent is not None and shapes[area.id].difference(parent).area > _TOLERANCE * shapes[area.id].area:
            problems.add(FILE, lines[area.id], "geometry", f"{area.id} reaches beyond {area.parent}")
    for level in sorted({area.level for area in areas}):
        peers = [area.id for area in areas if area.level == level]
        tree = shapely.STRtree([shapes[peer] for peer in peers])
        for first, second in tree.query([shapes[peer] for peer in peers], predicate="intersects").T.tolist():
            one, other = peers[first], peers[second]
            shared = shapes[one].intersection(shapes[other]).area if first < second else 0.0
            if shared > _TOLERANCE * min(shapes[one].area, shapes[other].area):
                problems.add(FILE, max(lines[one], lines[other]), "geometry", f"{one} and {other} overlap")

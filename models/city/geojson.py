"""areas.geojson to areas: RFC 7946 with the properties id, name_zh, name_en, level and parent, checked."""

import json
import math
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import shapely
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from shapely.geometry.base import BaseGeometry

from models.city.areas import Area, Areas
from models.city.files.cells import Bilingual, Code
from models.city.files.csv_table import decode_text
from models.city.files.errors import Problems
from models.city.files.nesting import too_deep
from models.inbox import UNLOCATED

FILE = "areas.geojson"
# Share of the smaller area by which borders drawn by hand may overlap or stand out.
_TOLERANCE = 1e-6
_EXPORT = "export the layer in WGS 84 (EPSG:4326)"

_ID = re.compile(r'"id":( ?)("(?:[^"\\]|\\.)*")', re.IGNORECASE)
# Latitude and longitude in degrees under other names: CGCS2000 lies within a metre of WGS 84.
_DEGREES = re.compile(r"(CRS:?84|EPSG:+(4326|4490|4479|4979))$", re.IGNORECASE)
_METRES_A_DEGREE = 111_195.0  # of a great circle on a sphere of 6,371 km

_Ring = list[list[float]]


class _Polygon(BaseModel):
    type: Literal["Polygon"]
    coordinates: list[_Ring] = Field(min_length=1)


class _MultiPolygon(BaseModel):
    type: Literal["MultiPolygon"]
    coordinates: list[list[_Ring]] = Field(min_length=1)


class _Properties(Bilingual):
    model_config = ConfigDict(extra="ignore")  # map editors add their own; none is missed, as all but one are needed

    id: Code
    level: str
    parent: Code = ""


def _own(properties: object) -> object:
    """The properties as they are meant. Map editors write names in capitals, an empty text, a blank or null for one
    without value, and codes as numbers."""
    if not isinstance(properties, dict):
        return properties
    meant = {str(name).lower(): _as_meant(value) for name, value in properties.items()}
    meant |= {name: _as_meant(value) for name, value in properties.items()}  # "id" goes before "ID" beside it
    return {name: value for name, value in meant.items() if value not in (None, "")}


def _as_meant(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else value


class _Feature(BaseModel):
    type: Literal["Feature"]
    properties: Annotated[_Properties, BeforeValidator(_own)]
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
        if (wrong := _no_polygon(raw)) is not None:
            problems.add(FILE, line, "geometry", wrong)
            problems.excused.add(_id_of(raw))
            continue
        try:
            feature = _Feature.model_validate(raw)
        except ValidationError as error:
            problems.add_validation(FILE, line, error, once=("geometry",))
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
    if not _is_in_degrees(collection.get("crs")):
        name = collection["crs"]["properties"]["name"]
        problems.add(FILE, 1, "crs", f"the positions are those of {name}; {_EXPORT}")
        return []  # each of them would be a mistake of its own
    return features


def _is_in_degrees(crs: object) -> bool:
    """Whether positions may be degrees of longitude and latitude, by what programs name beside the features; RFC 7946
    knows of no other."""
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    return not isinstance(name, str) or _DEGREES.search(name) is not None


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
    properties = _own(feature.get("properties")) if isinstance(feature, dict) else None
    return str(properties.get("id", "")) if isinstance(properties, dict) else ""


def _no_polygon(feature: object) -> str | None:
    """What is wrong with the geometry of a feature that has another one than a polygon, or none."""
    if not isinstance(feature, dict):
        return None
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind in ("Polygon", "MultiPolygon"):
        return None
    said = f"{kind!r}" if isinstance(kind, str) else "none"
    return f"an area is a Polygon or a MultiPolygon, this is {said}"


def _shape(geometry: _Polygon | _MultiPolygon, line: int, problems: Problems) -> BaseGeometry | None:
    polygons = [geometry.coordinates] if isinstance(geometry, _Polygon) else geometry.coordinates
    for ring in (ring for rings in polygons for ring in rings):
        if len(ring) < 4 or ring[0] != ring[-1]:
            problems.add(FILE, line, "geometry", "a ring needs four positions or more and ends where it starts")
            return None
        if any(len(at) < 2 or not (-180 <= at[0] <= 180 and -90 <= at[1] <= 90) for at in ring):
            problems.add(FILE, line, "geometry", "a position is [longitude, latitude] in degrees, in this order")
            if any(abs(number) > 360 for at in ring for number in at[:2]):
                problems.add(FILE, line, "geometry", f"the positions are no degrees; {_EXPORT}")
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
    if not any(area.level == merge_level for area in areas) and FILE not in problems.unread and not problems.excused:
        problems.add(FILE, 1, "level", f"no area has the merge level {merge_level!r}")


def _check_shapes(
    areas: Sequence[Area], shapes: Mapping[str, BaseGeometry], lines: Mapping[str, int], problems: Problems
) -> None:
    for area in areas:
        parent = shapes.get(area.parent)
        beyond = None if parent is None else shapes[area.id].difference(parent)
        if beyond is not None and beyond.area > _TOLERANCE * shapes[area.id].area:
            text = f"{area.id} reaches beyond {area.parent} {_where(beyond)}"
            problems.add(FILE, lines[area.id], "geometry", text)
    for level in sorted({area.level for area in areas}):
        peers = [area.id for area in areas if area.level == level]
        tree = shapely.STRtree([shapes[peer] for peer in peers])
        for first, second in tree.query([shapes[peer] for peer in peers], predicate="intersects").T.tolist():
            one, other = peers[first], peers[second]
            if first >= second:
                continue
            shared = shapes[one].intersection(shapes[other])
            if shared.area > _TOLERANCE * min(shapes[one].area, shapes[other].area):
                text = f"{one} and {other} overlap {_where(shared)}"
                problems.add(FILE, max(lines[one], lines[other]), "geometry", text)


def _where(ground: BaseGeometry) -> str:
    """How large a piece of ground is, about, and a point in it."""
    point = ground.representative_point()
    size = ground.area * _METRES_A_DEGREE**2 * math.cos(math.radians(point.y))
    return f"by {size:,.0f} m² at {point.y:.5f}, {point.x:.5f}"

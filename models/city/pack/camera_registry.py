"""cameras.csv: where each camera of the city stands, or what ground it sees 可视域, and with which algorithms."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import shapely

from models.city.files.cells import Code, Corners, Id, Latitude, Longitude, Minutes, Row, WordList
from models.city.files.csv_table import read_registry
from models.city.files.errors import Problems
from models.city.values import Camera, CameraRow

FILE = "cameras.csv"
_FURTHER = frozenset({"view", "algorithms"})
_PLAIN_CORNERS = 4  # with so many, corners that all turn one way make no star
_FLAT = 1e-14  # square degrees, about a square centimetre: less may be an error of rounding
_HEAD_LINES = 20  # in which the header stands, below what is commented


class SeeingCameraRow(Row):
    """A row of cameras.csv that may say what the camera sees and with which algorithms."""

    id: Id
    lat: Latitude | None = None
    lon: Longitude | None = None
    area: Code
    name: str
    owner: Code
    heartbeat_minutes: Minutes | None = None
    link: str = ""
    view: Corners = ()
    algorithms: WordList = ()


class CameraRegistry(NamedTuple):
    """The cameras in the order of the file, and the algorithms, case-folded, of those whose rows list them."""

    rows: list[Camera]
    algorithms: Mapping[str, frozenset[str]]


def read_cameras(content: bytes, problems: Problems) -> CameraRegistry:
    """What the file says. A file without the further columns is read as such: a row takes no room for what none has."""
    if not _FURTHER & _header(content):
        return CameraRegistry(read_registry(FILE, content, CameraRow, Camera, problems), {})
    listed: dict[str, frozenset[str]] = {}

    def made(
        row: int,
        id: str,
        lat: float | None,
        lon: float | None,
        area: str,
        name: str,
        owner: str,
        heartbeat_minutes: float | None,
        link: str,
        view: Corners,
        algorithms: tuple[str, ...],
    ) -> Camera:
        if algorithms:
            listed[id] = frozenset(each.casefold() for each in algorithms)
        if (lat is None) != (lon is None):
            problems.add(FILE, row, "lat", "lat and lon are given together or not at all")
        elif lat is None and not view:
            problems.add(FILE, row, "lat", "lat and lon, or a view, must say where it is")
        point = inside(view)
        if point is None:
            problems.add(FILE, row, "view", "is no area: its lines cross, or it has no width")
        north, east = point or (0.0, 0.0)
        there = (north, east) if lat is None or lon is None else (lat, lon)
        return Camera(row, id, *there, area, name, owner, heartbeat_minutes, link)

    return CameraRegistry(read_registry(FILE, content, SeeingCameraRow, made, problems), listed)


def _header(content: bytes) -> set[str]:
    lines = content.split(b"\n", _HEAD_LINES)[:_HEAD_LINES]
    first = next((line for line in lines if line.strip() and not line.startswith(b"#")), b"")
    return {name.strip(' "\r').lower() for name in re.split("[,;\t]", first.decode("latin-1"))}


def inside(view: Corners) -> tuple[float, float] | None:
    """A point well inside of what a camera sees: latitude and longitude; (0, 0) where it is not said, None where that
    is no area."""
    if not view:
        return 0.0, 0.0
    point = _middle(view)
    if point is None:
        ground = shapely.Polygon([(lon, lat) for lat, lon in view])
        if not ground.is_valid or not ground.area:
            return None
        found = ground.centroid if ground.contains(ground.centroid) else ground.representative_point()
        point = found.y, found.x
    return round(point[0], 6), round(point[1], 6)


def _middle(view: Corners) -> tuple[float, float] | None:
    """The centroid of a triangle, or of a quadrangle without an inward corner, as most views are: then it lies inside.
    None of anything else."""
    if len(view) > _PLAIN_CORNERS:
        return None
    turns, twice, lats, lons = set[bool](), 0.0, 0.0, 0.0
    south, west = view[0]
    corners = [(lat - south, lon - west) for lat, lon in view]
    for n, (lat, lon) in enumerate(corners):
        (next_lat, next_lon), (last_lat, last_lon) = corners[n - len(corners) + 1], corners[n - 1]
        turn = (lat - last_lat) * (next_lon - lon) - (lon - last_lon) * (next_lat - lat)
        if abs(turn) < _FLAT:
            return None
        turns.add(turn > 0)
        cross = lat * next_lon - next_lat * lon
        twice += cross
        lats += (lat + next_lat) * cross
        lons += (lon + next_lon) * cross
    if len(turns) > 1:
        return None
    return south + lats / (3 * twice), west + lons / (3 * twice)

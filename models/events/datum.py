"""Geodetic datums 坐标系: what maps in China call coordinates, to WGS 84.

Positions from maps there are moved by some hundred metres: GCJ-02 火星坐标 (Amap, Tencent) by a formula that is known
but not published, BD-09 (Baidu) once more on top of it. A light that a citizen reports by such a map would be found in
another street than a camera sees it in. The formulas are those of https://github.com/googollee/eviltransform; GCJ-02
has no closed inverse and is undone step by step.
"""

import math
from collections.abc import Callable, Mapping
from typing import Literal

Datum = Literal["", "wgs84", "gcj02", "bd09"]  # "" is WGS 84

_A, _EE = 6_378_245.0, 0.00669342162296594323  # half the great axis (metres) and eccentricity² of Krasovsky's ellipsoid
_BD = math.pi * 3_000 / 180
_NEAR = 1e-9  # degrees, a tenth of a millimetre
_MOST_STEPS = 30


def to_wgs84(datum: Datum, lat: float, lon: float) -> tuple[float, float]:
    """Latitude and longitude in WGS 84 (degrees) of a place whose coordinates are of another datum."""
    return _UNDONE[datum](lat, lon)


def to_gcj02(lat: float, lon: float) -> tuple[float, float]:
    """Where maps in China show a place in WGS 84 (degrees). Beyond China nothing is moved."""
    if not (72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271):
        return lat, lon
    north, east = _moved(lon - 105, lat - 35)
    sine = math.sin(math.radians(lat))
    magic = 1 - _EE * sine * sine
    root = math.sqrt(magic)
    north = math.degrees(north / (_A * (1 - _EE) / (magic * root)))
    east = math.degrees(east / (_A / root * math.cos(math.radians(lat))))
    return lat + north, lon + east


def _moved(x: float, y: float) -> tuple[float, float]:
    """How far a place is moved to the north and to the east, metres; x and y are degrees from 105° E, 35° N."""
    root, wave = math.sqrt(abs(x)), 20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (wave + 20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y / 30 * math.pi)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (wave + 20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    return north, east


def _of_gcj02(lat: float, lon: float) -> tuple[float, float]:
    found_lat, found_lon = lat, lon
    for _ in range(_MOST_STEPS):
        shown_lat, shown_lon = to_gcj02(found_lat, found_lon)
        off_lat, off_lon = lat - shown_lat, lon - shown_lon
        found_lat, found_lon = found_lat + off_lat, found_lon + off_lon
        if max(abs(off_lat), abs(off_lon)) < _NEAR:
            break
    return found_lat, found_lon


def _of_bd09(lat: float, lon: float) -> tuple[float, float]:
    x, y = lon - 0.0065, lat - 0.006
    far = math.hypot(x, y) - 0.00002 * math.sin(y * _BD)
    angle = math.atan2(y, x) - 0.000003 * math.cos(x * _BD)
    return _of_gcj02(far * math.sin(angle), far * math.cos(angle))


def _as_it_is(lat: float, lon: float) -> tuple[float, float]:
    return lat, lon


_UNDONE: Mapping[Datum, Callable[[float, float], tuple[float, float]]] = {
    "": _as_it_is,
    "wgs84": _as_it_is,
    "gcj02": _of_gcj02,
    "bd09": _of_bd09,
}

"""How far places are from each other, and the cells of the grid by which they are found."""

import math
from collections.abc import Iterator

CELL = 0.003  # degrees; about 330 m north to south
METRES_PER_DEGREE = 111_195.0  # of latitude, on a sphere of 6,371 km


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres between two places (equirectangular; within a city the error is far below a metre)."""
    north = (other_lat - lat) * METRES_PER_DEGREE
    east = (other_lon - lon) * METRES_PER_DEGREE * math.cos(math.radians((lat + other_lat) / 2))
    return math.hypot(north, east)


def cell_of(lat: float, lon: float) -> tuple[int, int]:
    """The cell of the grid in which a place lies: row and column."""
    return math.floor(lat / CELL), math.floor(lon / CELL)


def cells(lat: float, lon: float, radius_m: float) -> Iterator[tuple[int, int]]:
    """All cells that a circle may touch."""
    narrow = max(math.cos(math.radians(lat)), 0.01)
    dy = radius_m / METRES_PER_DEGREE
    dx = dy / narrow
    for y in range(math.floor((lat - dy) / CELL), math.floor((lat + dy) / CELL) + 1):
        for x in range(math.floor((lon - dx) / CELL), math.floor((lon + dx) / CELL) + 1):
            yield y, x

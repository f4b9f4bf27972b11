"""A raster over polygons: most points are located by one look at their cell, the rest by exact geometry."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

_CELLS = 64  # a side: towns are larger than a sixty-fourth of their city, so few cells lie on borders
_MARGIN = 1e-9  # degrees: cells overlap a little, so that rounding a point into its neighbour cannot change the answer


class Grid:
    """Which of several polygons a point lies in. Exact: the raster only saves work."""

    def __init__(self, shapes: Sequence[BaseGeometry]) -> None:
        self._shapes = np.array(shapes, dtype=object)
        shapely.prepare(self._shapes)
        bounds = shapely.total_bounds(self._shapes) if len(self._shapes) else (0.0, 0.0, 0.0, 0.0)
        self._west, self._south, self._east, self._north = map(float, bounds)
        self._width = (self._east - self._west) / _CELLS or 1.0
        self._height = (self._north - self._south) / _CELLS or 1.0
        self._sure, self._open = self._raster()

    def find(self, lats: Sequence[float], lons: Sequence[float]) -> list[int | None]:
        """For each point the index of the first polygon that holds it, borders included, or None."""
        found: list[int | None] = []
        asked: list[tuple[int, int]] = []  # which point in which polygon
        for n, (lat, lon) in enumerate(zip(lats, lons, strict=True)):
            cell = self._cell(lat, lon)
            found.append(None if cell is None else self._sure[cell])
            if cell is not None and found[n] is None:
                asked += [(n, index) for index in self._open[cell]]
        if asked:
            # One call for all of them: a call costs twenty times what it does for one more point.
            points, indices = [n for n, _ in asked], [index for _, index in asked]
            held = shapely.intersects_xy(
                self._shapes[indices], [lons[n] for n in points], [lats[n] for n in points]
            ).tolist()
            for (n, index), holds in zip(asked, held, strict=True):
                if holds and found[n] is None:
                    found[n] = index
        return found

    def holds_all(self, south: float, west: float, north: float, east: float) -> int | None:
        """The index of the only polygon that touches a box, where the raster alone can tell that it holds all of it;
        None says nothing."""
        first, last = self._cell(south, west), self._cell(north, east)
        if first is None or last is None:
            return None
        width = last % _CELLS - first % _CELLS + 1
        found = self._sure[first]
        for row in range(first, last + 1, _CELLS):
            if any(held != found for held in self._sure[row : row + width]):
                return None
        return found

    def _cell(self, lat: float, lon: float) -> int | None:
        if not (self._south <= lat <= self._north and self._west <= lon <= self._east):
            return None
        column = min(int((lon - self._west) / self._width), _CELLS - 1)
        return min(int((lat - self._south) / self._height), _CELLS - 1) * _CELLS + column

    def _raster(self) -> tuple[list[int | None], list[tuple[int, ...]]]:
        sides = range(_CELLS)
        wests = [self._west + column * self._width for _ in sides for column in sides]
        souths = [self._south + row * self._height for row in sides for _ in sides]
        boxes = shapely.box(
            [west - _MARGIN for west in wests],
            [south - _MARGIN for south in souths],
            [west + self._width + _MARGIN for west in wests],
            [south + self._height + _MARGIN for south in souths],
        )
        tree = shapely.STRtree(boxes)
        touched: list[list[int]] = [[] for _ in boxes]
        for index, cell in tree.query(self._shapes, predicate="intersects").T.tolist():
            touched[cell].append(index)
        sure: list[int | None] = [None] * len(boxes)
        for index, cell in tree.query(self._shapes, predicate="covers").T.tolist():
            if len(touched[cell]) == 1:
                sure[cell] = index
        return sure, [tuple(sorted(indices)) for indices in touched]

"""A raster over polygons: most points are located by one look at their cell, the rest by exact geometry."""

import math
from collections.abc import Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

# Cells a side: towns are larger than a sixty-fourth of their city, so few cells lie on borders. Where there are
# thousands of areas, each gets some four by four of them, as far as they are made in half a second.
_LEAST, _PER_AREA, _MOST = 64, 4, 256
_MARGIN = 1e-9  # degrees: cells overlap a little, so that rounding a point into its neighbour cannot change the answer
_MANY = 32  # points from which on arrays are quicker
_AT_ONCE = 1 << 14  # points: few arrays are alive at once
NOWHERE = -1  # the index of no polygon

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


class Grid:
    """Which of several polygons a point lies in. Exact: the raster only saves work."""

    def __init__(self, shapes: Sequence[BaseGeometry]) -> None:
        self._shapes = np.array(shapes, dtype=object)
        shapely.prepare(self._shapes)
        bounds = shapely.total_bounds(self._shapes) if len(self._shapes) else (0.0, 0.0, 0.0, 0.0)
        self._west, self._south, self._east, self._north = map(float, bounds)
        self._side = min(max(_LEAST, _PER_AREA * math.isqrt(len(self._shapes))), _MOST)
        self._width = (self._east - self._west) / self._side or 1.0
        self._height = (self._north - self._south) / self._side or 1.0
        self._sure_of, self._open_many, self._opens = self._raster()
        self._open_from = np.cumsum(self._open_many) - self._open_many
        # The same as lists, which are quicker for one point.
        self._sure: list[int] = self._sure_of.tolist()
        opens = iter(self._opens.tolist())
        self._open: list[tuple[int, ...]] = [tuple(islice(opens, many)) for many in self._open_many.tolist()]

    def find_one(self, lat: float, lon: float) -> int:
        """The index of the first polygon that holds a point, borders included, or -1."""
        cell = self._cell(lat, lon)
        if cell is None:
            return NOWHERE
        found = self._sure[cell]
        if found == NOWHERE:
            for index in self._open[cell]:
                # Not `shapely.intersects_xy`, which makes ready for arrays: that costs more than the answer.
                if shapely.lib.intersects_xy(self._shapes[index], lon, lat):
                    return index
        return found

    def find(self, lats: Sequence[float], lons: Sequence[float]) -> list[int]:
        """`find_one` for each point, which is quicker than one by one if they are many."""
        if len(lats) < _MANY:
            return [self.find_one(lat, lon) for lat, lon in zip(lats, lons, strict=True)]
        found: list[int] = []
        for start in range(0, len(lats), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            found += self._find(np.array(lats[some], float), np.array(lons[some], float)).tolist()
        return found

    def _find(self, lats: Numbers, lons: Numbers) -> Indices:
        found = np.full(len(lats), NOWHERE)
        (inside,) = np.nonzero(
            (self._south <= lats) & (lats <= self._north) & (self._west <= lons) & (lons <= self._east)
        )
        columns = np.minimum(((lons[inside] - self._west) / self._width).astype(int), self._side - 1)
        rows = np.minimum(((lats[inside] - self._south) / self._height).astype(int), self._side - 1)
        cells = rows * self._side + columns
        found[inside] = self._sure_of[cells]
        unsure = found[inside] == NOWHERE
        points, cells = inside[unsure], cells[unsure]
        # Each point with each polygon of its cell, and of those that hold it the first.
        many = self._open_many[cells]
        nth = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        asked, indices = np.repeat(points, many), self._opens[np.repeat(self._open_from[cells], many) + nth]
        holds = shapely.intersects_xy(self._shapes[indices], lons[asked], lats[asked])
        held, first = np.unique(asked[holds], return_index=True)
        found[held] = indices[holds][first]
        return found

    def holds_all(self, south: float, west: float, north: float, east: float) -> int | None:
        """The index of the only polygon that touches a box, where the raster alone can tell that it holds all of it;
        None says nothing."""
        first, last = self._cell(south, west), self._cell(north, east)
        if first is None or last is None:
            return None
        width = last % self._side - first % self._side + 1
        found = self._sure[first]
        if found == NOWHERE:
            return None
        for row in range(first, last + 1, self._side):
            if any(held != found for held in self._sure[row : row + width]):
                return None
        return found

    def _cell(self, lat: float, lon: float) -> int | None:
        if not (self._south <= lat <= self._north and self._west <= lon <= self._east):
            return None
        column = min(int((lon - self._west) / self._width), self._side - 1)
        return min(int((lat - self._south) / self._height), self._side - 1) * self._side + column

    def _raster(self) -> tuple[Indices, Indices, Indices]:
        """Of each cell the index of the polygon that holds all of it alone, or -1, and how many touch it; and those
        that do, of one cell after the other."""
        rows, columns = np.divmod(np.arange(self._side**2), self._side)
        wests, souths = self._west + columns * self._width, self._south + rows * self._height
        boxes = shapely.box(
            wests - _MARGIN, souths - _MARGIN, wests + self._width + _MARGIN, souths + self._height + _MARGIN
        )
        indices, cells = shapely.STRtree(boxes).query(self._shapes, predicate="intersects")
        order = np.lexsort((indices, cells))
        indices, cells = indices[order], cells[order]
        many = np.bincount(cells, minlength=len(boxes))
        alone = many[cells] == 1
        indices_alone, cells_alone = indices[alone], cells[alone]
        whole = shapely.covers(self._shapes[indices_alone], boxes[cells_alone])
        sure = np.full(len(boxes), NOWHERE)
        sure[cells_alone[whole]] = indices_alone[whole]
        return sure, many, indices

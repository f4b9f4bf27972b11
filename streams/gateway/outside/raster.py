"""Many cameras as the cells of a raster 栅格: a map shows no more of them than there is room for."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from models.city import Camera

_COLUMNS = 48  # of the longer side of what is shown
_LEAST_DEGREES = 0.0005  # of a cell; some 50 m

Cell = tuple[int, int]  # row from the south, column from the west


class Raster(msgspec.Struct, frozen=True):
    """The cells around cameras: their size and corner in degrees, how many cameras stand in each, and who where."""

    south: float
    west: float
    size: float
    totals: Mapping[Cell, int]
    cells: Mapping[str, Cell]

    def counted(self, busy: Collection[str], silent: Collection[str]) -> list[dict[str, Any]]:
        """Each cell that has cameras: its south-west corner, and how many of them are quiet, busy, silent."""
        loud, missing = (Counter(self.cells[each] for each in some if each in self.cells) for some in (busy, silent))
        return [
            {
                "lat": round(self.south + y * self.size, 6),
                "lon": round(self.west + x * self.size, 6),
                "quiet": total - loud[y, x] - missing[y, x],
                "busy": loud[y, x],
                "silent": missing[y, x],
            }
            for (y, x), total in self.totals.items()
        ]


def raster_of(cameras: Iterable[Camera]) -> Raster:
    """The raster of cameras, which cover its longer side with `_COLUMNS` cells."""
    known = list(cameras)
    if not known:
        return Raster(0.0, 0.0, _LEAST_DEGREES, {}, {})
    south, west = min(each.lat for each in known), min(each.lon for each in known)
    longer = max(max(each.lat for each in known) - south, max(each.lon for each in known) - west)
    size = max(longer / _COLUMNS, _LEAST_DEGREES)
    cells = {each.id: (math.floor((each.lat - south) / size), math.floor((each.lon - west) / size)) for each in known}
    return Raster(south, west, size, dict(sorted(Counter(cells.values()).items())), cells)

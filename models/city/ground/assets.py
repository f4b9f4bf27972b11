"""The assets of a city 部件: lamps, manhole covers, hydrants …, found by the ids that stand on them and by place."""

import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from models.city.files.cells import Code, Id, Latitude, Longitude, Row
from models.city.ground.distances import cell_of, cells, distance_m
from models.plain_words import fold

_JOINTS = re.compile("[-_]")
_NAMED = re.compile(r"(?<![a-z0-9])[a-z0-9]+(?:[-_][a-z0-9]+)*")
# A shorter one, or one without a digit, is a word or a house number as well.
_TELLING = re.compile(r"(?=.{6})\d+|(?=.{4})(?=.*[a-z])(?=.*\d)[a-z0-9]+")


class AssetRow(Row):
    """A row of assets.csv."""

    id: Id
    kind: Id
    lat: Latitude
    lon: Longitude
    area: Code
    name: str = ""
    owner: Code


class Asset(msgspec.Struct, frozen=True, gc=False):
    """An asset 部件 of a `kind`, the merge-level area and the point where it stands, and the department that keeps it
    in order (`owner`, 权属单位); a city has tens of thousands."""

    row: int
    id: str
    kind: str
    lat: float
    lon: float
    area: str
    name: str
    owner: str


class AssetTable:
    """All assets of a city. Lookups only; nothing of it ever changes."""

    def __init__(self, rows: Iterable[Asset]) -> None:
        self.rows = tuple(rows)
        self._by_id = {row.id: row for row in self.rows}
        self._by_spelling = {spelling(row.id): row for row in self.rows}
        self._by_cell: dict[tuple[int, int], list[Asset]] = {}
        for row in self.rows:
            self._by_cell.setdefault(cell_of(row.lat, row.lon), []).append(row)

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, id: str) -> Asset | None:
        """The asset with this id, or None."""
        return self._by_id.get(id)

    def find(self, id: str) -> Asset | None:
        """The asset with this id, in whatever spelling, or None."""
        return self._by_spelling.get(spelling(id)) if id else None

    def named(self, text: str) -> Asset | None:
        """The one asset whose id stands in a text, in whatever spelling; None where it names none, or several."""
        if not text or not self.rows:
            return None
        words = {_JOINTS.sub("", found) for found in _NAMED.findall(fold(text))}
        found = [self._by_spelling[word] for word in words if word in self._by_spelling]
        return found[0] if len(found) == 1 else None

    def around(self, lat: float, lon: float, radius_m: float) -> list[tuple[float, Asset]]:
        """The assets within a radius, with their distances in metres, the nearest first."""
        found: list[tuple[float, Asset]] = []
        for cell in cells(lat, lon, radius_m) if self.rows else ():
            for asset in self._by_cell.get(cell, ()):
                away = distance_m(lat, lon, asset.lat, asset.lon)
                if away <= radius_m:
                    found.append((away, asset))
        return sorted(found, key=lambda one: (one[0], one[1].row))


@lru_cache(maxsize=4096)  # a camera names what it follows in each of its detections
def spelling(id: str) -> str:
    """One spelling of an id: small letters and digits, without the hyphens between them."""
    return _JOINTS.sub("", fold(id))


def is_telling(id: str) -> bool:
    """Whether an id can be told from other words of a text: letters of the Latin alphabet, digits and hyphens, at least
    four of them and a digit, or six digits."""
    return _NAMED.fullmatch(fold(id)) is not None and _TELLING.fullmatch(spelling(id)) is not None

"""The names people use for places, found in what they write."""

import re
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from models.city.areas import Area, Areas
from models.city.files.cells import Code, Latitude, Longitude, Row, WordList
from models.plain_words import fold

PlaceKind = Literal["road", "estate", "landmark", "village", "water", "station", "area"]
_LATIN = re.compile(r"[a-z0-9]")
_NOTHING = re.compile("(?!)")


class Place(Row):
    """A road, an estate, a landmark …: its names, the merge-level area it lies in, and a point of it if known.

    PlaceKind `area` is an area named by itself; it has no point.
    """

    name_zh: str = ""
    name_en: str = ""
    aliases: WordList = ()
    kind: PlaceKind = "landmark"
    area: Code
    lat: Latitude | None = Field(default=None)
    lon: Longitude | None = Field(default=None)

    @property
    def names(self) -> tuple[str, ...]:
        """All its names, in both languages."""
        return tuple(name for name in (self.name_zh, self.name_en, *self.aliases) if name)


class Places:
    """All places, and a compiled pattern over all their names in each script."""

    def __init__(self, places: Iterable[Place], areas: Areas, merge_level: str) -> None:
        self.all: tuple[Place, ...] = tuple(places)
        self._areas = areas
        self._places = _by_name(self.all)
        self._units = _by_name(_named(areas.at_level(merge_level)))
        self._regions = _by_name(_named(areas))
        latin, other = _by_script({*self._places, *self._regions})
        self._latin = _pattern(latin)
        self._other = _pattern(other)

    def __len__(self) -> int:
        return len(self.all)

    def find(self, text: str) -> Place | None:
        """The place that a text names: the one with the longest name in it, or None.

        Where several places share that name, or several names are equally long, an area named in the text decides;
        if it does not, the text is ambiguous and the answer None. A text that names no place but one merge-level area
        gives that area. Spellings that `plain_words.fold` makes the same are the same.
        """
        folded = fold(text)
        names = set(self._latin.findall(folded))
        if not folded.isascii():
            names.update(self._other.findall(folded))
        if not names:
            return None
        known = [name for name in names if name in self._places]
        candidates = _longest(known, self._places) or _longest([n for n in names if n in self._units], self._units)
        if len({place.area for place in candidates}) > 1:
            named = {place.area for name in names if name in self._regions for place in self._regions[name]}
            candidates = [p for p in candidates if named.intersection(self._areas.ancestors(p.area))]
        if len({place.area for place in candidates}) != 1:
            return None
        return min(candidates, key=lambda place: place.row)


def _named(areas: Iterable[Area]) -> list[Place]:
    return [Place(name_zh=area.name_zh, name_en=area.name_en, kind="area", area=area.id) for area in areas]


def _by_name(places: Iterable[Place]) -> MappingProxyType[str, tuple[Place, ...]]:
    named: dict[str, tuple[Place, ...]] = {}
    for place in places:
        for name in {fold(name) for name in place.names}:
            named[name] = (*named.get(name, ()), place)
    return MappingProxyType(named)


def _longest(names: Sequence[str], table: MappingProxyType[str, tuple[Place, ...]]) -> list[Place]:
    length = max(map(len, names), default=0)
    return [place for name in names if len(name) == length for place in table[name]]


def _by_script(names: Iterable[str]) -> tuple[list[str], list[str]]:
    latin: list[str] = []
    other: list[str] = []
    for name in names:
        (latin if _LATIN.match(name) else other).append(name)
    return latin, other


def _pattern(names: list[str]) -> re.Pattern[str]:
    """Names of one script as one pattern that finds the longest at every position, overlapping ones too.

    A trie keeps the choices at each step few.
    """
    if not names:
        return _NOTHING
    tree: dict[str, dict] = {}  # type: ignore[type-arg]
    for name in names:
        node = tree
        for char in name:
            node = node.setdefault(char, {})
        node[""] = {}
    # Names of Latin letters are words: "Park" is not found in "Parker". All others may begin at any character; the
    # engine skips to one that begins a name and looks at the whole name from there.
    first = "".join(re.escape(char) for char in sorted(tree))
    if _LATIN.match(names[0]):
        return re.compile(rf"\b(?=[{first}])(?=({_branches(tree, '(?![a-z0-9])')}))", re.ASCII)
    return re.compile(f"[{first}](?<=(?=({_branches(tree, '')})).)")


def _branches(node: dict[str, dict], end: str) -> str:  # type: ignore[type-arg]
    choices = [re.escape(char) + _branches(child, end) for char, child in sorted(node.items()) if char]
    if not choices:
        return end
    inner = choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"
    if "" not in node:
        return inner
    return f"(?:{inner}|{end})" if end else f"(?:{inner})?"

"""The names people use for places, found in what they write."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Literal

import msgspec
from pydantic import Field

from models.city.areas import Area, Areas
from models.city.files.cells import Code, Latitude, Longitude, Row, WordList
from models.plain_words import fold, fold_many

PlaceKind = Literal["road", "estate", "landmark", "village", "water", "station", "area"]
_LATIN = re.compile(r"[a-z0-9]")
_NOTHING = re.compile("(?!)")
NAME_LEAST = 2  # characters: any text may hold a single one, and mean something else


class PlaceRow(Row):
    """A row of places.csv."""

    name_zh: str = ""
    name_en: str = ""
    aliases: WordList = ()
    kind: PlaceKind = "landmark"
    area: Code
    lat: Latitude | None = Field(default=None)
    lon: Longitude | None = Field(default=None)


class Place(msgspec.Struct, frozen=True, gc=False):
    """A road, an estate, a landmark …: its names, the merge-level area it lies in, and a point of it if known.

    PlaceKind `area` is an area named by itself; it has no point. A city has hundreds of thousands of buildings.
    """

    row: int
    name_zh: str
    name_en: str
    aliases: tuple[str, ...]
    kind: PlaceKind
    area: str
    lat: float | None = None
    lon: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All its names, in both languages."""
        if self.name_zh and not self.name_en and not self.aliases:  # as nearly every building has it
            return (self.name_zh,)
        return tuple(filter(None, (self.name_zh, self.name_en, *self.aliases)))


_Alike = Place | tuple[Place, ...]  # those of one name: mostly one, and a tuple of each would take room


class Places:
    """All places, found by the beginnings of their names."""

    def __init__(self, places: Iterable[Place], areas: Areas, merge_level: str) -> None:
        self.all: tuple[Place, ...] = tuple(places)
        self._areas = areas
        self._places = _by_name(self.all)
        self._units = _by_name(_named(areas.at_level(merge_level)))
        self._regions = _by_name(_named(areas))
        self._latin, self._other = _by_script(self._places, self._regions)

    def __len__(self) -> int:
        return len(self.all)

    def find(self, text: str) -> Place | None:
        """The place that a text names: the one with the longest name in it, or None.

        Where several places share that name, or several names are equally long, an area named in the text decides;
        if it does not, the text is ambiguous and the answer None. A text that names no place but one merge-level area
        gives that area. A single character names nothing. Spellings that `plain_words.fold` makes the same are the
        same.
        """
        folded = fold(text)
        names = set(self._latin.find(folded))
        if not folded.isascii():
            names.update(self._other.find(folded))
        if not names:
            return None
        known = [name for name in names if name in self._places]
        candidates = _longest(known, self._places) or _longest([n for n in names if n in self._units], self._units)
        if len({place.area for place in candidates}) > 1:
            named = {place.area for name in names for place in _of_name(name, self._regions)}
            candidates = [p for p in candidates if named.intersection(self._areas.ancestors(p.area))]
        if len({place.area for place in candidates}) != 1:
            return None
        return min(candidates, key=lambda place: place.row)

    def is_named(self, place: Place, text: str) -> bool:
        """Whether `find` gives this place for a text, in a tenth of the time where the text holds none of its names."""
        folded = fold(text)
        return any(fold(name) in folded for name in place.names) and self.find(text) == place

    def without_names(self, text: str) -> str:
        """The folded text with a blank for each name of a place or an area in it."""
        folded = fold(text)
        names = (self._latin,) if folded.isascii() else (self._other, self._latin)
        kept, at = [], 0
        for start, end in sorted(chain.from_iterable(some.spans(folded) for some in names)):
            kept.append(folded[at:start])
            at = max(at, end)
        return " ".join([*kept, folded[at:]])


def _named(areas: Iterable[Area]) -> list[Place]:
    return [Place(0, area.name_zh, area.name_en, (), "area", area.id) for area in areas]


def _by_name(places: Iterable[Place]) -> dict[str, _Alike]:
    names: list[str] = []
    named: list[Place] = []
    for place in places:
        for name in place.names:
            names.append(name)
            named.append(place)
    found: dict[str, _Alike] = {}
    for name, folded, place in zip(names, fold_many(names), named, strict=True):
        if len(folded) < NAME_LEAST:  # no text names it
            continue
        key = name if folded == name else folded  # one text for both: there are many
        alike = found.setdefault(key, place)
        if alike is not place:
            known = alike if isinstance(alike, tuple) else (alike,)
            if place not in known:
                found[key] = (*known, place)
    return found


def _of_name(name: str, table: Mapping[str, _Alike]) -> tuple[Place, ...]:
    found = table.get(name, ())
    return found if isinstance(found, tuple) else (found,)


def _longest(names: Sequence[str], table: Mapping[str, _Alike]) -> list[Place]:
    length = max(map(len, names), default=0)
    return [place for name in names if len(name) == length for place in _of_name(name, table)]


def _by_script(places: Mapping[str, _Alike], regions: Mapping[str, _Alike]) -> tuple["_Names", "_Names"]:
    """Names of Latin letters are words: "Park" is not found in "Parker". All others may begin at any character."""
    latin: list[str] = []
    other: list[str] = []
    for name in chain(places, regions):
        (latin if _LATIN.match(name) else other).append(name)
    tables = places, regions
    return _Names(latin, tables, r"\b", re.compile("[a-z0-9]")), _Names(other, tables, "", _NOTHING)


class _Names:
    """Finds the longest name at every position of a text, overlapping ones too.

    A pattern finds where one may begin, by the two characters that each has at least; what follows is looked up, the
    longest first.
    """

    def __init__(
        self, names: Sequence[str], tables: tuple[Container[str], Container[str]], begin: str, goes_on: re.Pattern[str]
    ) -> None:
        """`tables` hold the names, and no other that begins as one of them; `begin` is a pattern in front of each name;
        what `goes_on` matches may not stand behind one."""
        self._tables, self._goes_on = tables, goes_on
        lengths: dict[str, set[int]] = {}
        for head, length in {(name[:NAME_LEAST], len(name)) for name in names}:
            lengths.setdefault(head, set()).add(length)
        self._lengths = {head: sorted(found, reverse=True) for head, found in lengths.items()}
        by_first: dict[str, list[str]] = {}
        for head in sorted(lengths):
            by_first.setdefault(head[0], []).append(re.escape(head[1:]))
        heads = (f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in by_first.items())
        self._heads = re.compile(f"{begin}(?=({'|'.join(heads)}))", re.ASCII) if names else _NOTHING

    def find(self, text: str) -> Iterator[str]:
        """The names, in the order of the text."""
        return (text[start:end] for start, end in self.spans(text))

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the names stand, in the order of the text."""
        places, regions = self._tables
        for found in self._heads.finditer(text):
            start = found.start()
            for length in self._lengths[found[1]]:
                name = text[start : start + length]
                if (name in places or name in regions) and not self._goes_on.match(text, start + length):
                    yield start, start + length
                    break

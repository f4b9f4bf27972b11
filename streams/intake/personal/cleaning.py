"""Every text field of what comes in, without personal data before anything else looks at it.

That is so by declaration: whatever the contracts hold as text is taken for a term and masked, unless `TREATMENTS` says
otherwise, so a field that is new is masked from its first day.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache, partial
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec.structs import astuple, fields, replace

from models.city import City
from models.masking import mask, masked_address, masked_term
from models.redact import pseudonym
from streams.intake.reading.said import (
    SaidBy,
    SaidDetection,
    SaidLocation,
    SaidRecheck,
    SaidReport,
    SaidReporter,
    SaidReportRef,
    SaidUnit,
    SaidUpdate,
    Statement,
)

S = TypeVar("S", bound=msgspec.Struct)

TERM = "what is personal in it is masked with `***`, whatever word stands before it"
WORDS = "what is personal in it is masked with `***`"
NAME = "a keyed pseudonym stands for it where it holds something personal"
ADDRESS = "without user and password; what is personal in the rest is masked"
REGISTERED = "as it is where the city's pack has it; of any other camera a name, as above"
OF_AN_ORDER = "as it is, where it begins with an area of the city or nothing personal; else a dead letter"
SEALED = "a keyed hash, or sealed with the city's key"
PERSON = "a keyed hash of a reporter's or a citizen's; of others a keyed pseudonym where it holds something personal"

# What is done with a field that is no term.
TREATMENTS: Mapping[tuple[type[msgspec.Struct], str], str] = {
    (Statement, "source"): NAME,
    (Statement, "id"): NAME,
    (SaidLocation, "address"): WORDS,
    (SaidReport, "text"): WORDS,
    (SaidReport, "title"): WORDS,
    (SaidReport, "media_urls"): ADDRESS,
    (SaidReport, "joins"): OF_AN_ORDER,
    (SaidReporter, "id"): SEALED,
    (SaidReporter, "name"): SEALED,
    (SaidReporter, "phone"): SEALED,
    (SaidDetection, "camera_id"): REGISTERED,
    (SaidDetection, "object_id"): NAME,
    (SaidDetection, "text"): WORDS,
    (SaidDetection, "media_urls"): ADDRESS,
    (SaidRecheck, "order_id"): OF_AN_ORDER,
    (SaidRecheck, "camera_id"): REGISTERED,
    (SaidRecheck, "text"): WORDS,
    (SaidRecheck, "media_urls"): ADDRESS,
    (SaidBy, "id"): PERSON,
    (SaidReportRef, "source"): NAME,
    (SaidReportRef, "id"): NAME,
    (SaidUnit, "unit"): REGISTERED,
    (SaidUpdate, "order_id"): OF_AN_ORDER,
    (SaidUpdate, "other_order_id"): OF_AN_ORDER,
    (SaidUpdate, "inspector"): NAME,
    (SaidUpdate, "reason"): WORDS,
    (SaidUpdate, "evidence_urls"): ADDRESS,
}

# Names of which there are few, or that come in one message after the other: who sends, and what a camera follows.
_COME_AGAIN = frozenset({(Statement, "source"), (SaidDetection, "object_id")})
_KEPT = 4_096

_STRUCTS: tuple[type[msgspec.Struct], ...] = (
    Statement,
    SaidReport,
    SaidDetection,
    SaidRecheck,
    SaidUpdate,
    SaidUnit,
    SaidLocation,
    SaidReporter,
    SaidBy,
    SaidReportRef,
)


def text_fields() -> dict[tuple[type[msgspec.Struct], str], str]:
    """What is done with each text field of what comes in."""
    return {
        (struct, field.name): TREATMENTS.get((struct, field.name), TERM)
        for struct in _STRUCTS
        for field in fields(struct)
        if str in _types(field.type)
    }


def by_treatment() -> list[tuple[str, list[str]]]:
    """Each treatment with the fields that get it, by the name of what they belong to."""
    found: dict[str, list[str]] = {}
    for (struct, name), treatment in text_fields().items():
        found.setdefault(treatment, []).append(f"{struct.__name__.removeprefix('Said').lower()}.{name}")
    return list(found.items())


def _types(kind: Any) -> set[Any]:
    """All types that a field's type names, without what annotates them; of a tuple those of its items."""
    if get_origin(kind) is Annotated:
        return _types(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType, tuple):
        return set().union(*map(_types, get_args(kind)))
    return {kind}


class Cleaner:
    """Cleans what comes in, with the key of the pseudonyms and what a city wants masked beyond what always is."""

    def __init__(self, key: bytes, optional: Collection[str]) -> None:
        self._key = key
        self._treatments: Mapping[str, Callable[[str], str]] = {
            TERM: masked_term,
            WORDS: partial(mask, optional=optional),
            NAME: self.name,
            ADDRESS: partial(masked_address, optional=optional),
        }
        self._known_name = lru_cache(maxsize=_KEPT)(self.name)
        # Settled here and not for each message: which fields of a struct are cleaned, and by what.
        self._fields = {struct: tuple(self._cleaned_fields(struct)) for struct in _STRUCTS}

    def clean(self, said: S) -> S:
        """The same statement or part of one, its text fields treated as `TREATMENTS` says."""
        values = astuple(said)
        changed: dict[str, Any] = {}
        for at, name, clean in self._fields[type(said)]:
            if (old := values[at]) and (new := clean(old)) is not old:
                changed[name] = new
        return replace(said, **changed) if changed else said

    def name(self, name: str) -> str:
        """A name as it is, or its pseudonym."""
        return pseudonym(self._key, name)

    def _cleaned_fields(self, struct: type[msgspec.Struct]) -> Iterator[tuple[int, str, Callable[[Any], Any]]]:
        for at, field in enumerate(fields(struct)):
            types = _types(field.type)
            if not types.isdisjoint(_STRUCTS):
                yield at, field.name, self.clean
            elif (struct, field.name) in _COME_AGAIN:
                yield at, field.name, self._known_name
            elif str in types and (clean := self._treatments.get(TREATMENTS.get((struct, field.name), TERM))):
                yield at, field.name, partial(_each, clean) if Ellipsis in types else clean


def _each(clean: Callable[[str], str], texts: tuple[str, ...]) -> tuple[str, ...]:
    cleaned = tuple(map(clean, texts))
    return texts if cleaned == texts else cleaned


@lru_cache(maxsize=4)  # a process has one key, and one city but while that changes
def _cleaner(key: bytes, optional: tuple[str, ...]) -> Cleaner:
    return Cleaner(key, optional)


def cleaner_for(city: City, key: bytes) -> Cleaner:
    """What cleans for a city, with the key of its pseudonyms."""
    return _cleaner(key, city.settings.masked)

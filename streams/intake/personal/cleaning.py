"""Every text field of what comes in, without personal data before anything else looks at it.

That is so by declaration: whatever the contracts hold as text is taken for a term and masked, unless `TREATMENTS` says
otherwise, so a field that is new is masked from its first day.
"""

from collections.abc import Callable, Mapping
from types import UnionType
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec.structs import fields, replace

from models.city import City
from models.masking import mask, masked_address, masked_term
from models.redact import pseudonym
from streams.intake.said import (
    SaidBy,
    SaidDetection,
    SaidLocation,
    SaidReport,
    SaidReporter,
    SaidReportRef,
    SaidUpdate,
    Statement,
)

S = TypeVar("S", bound=msgspec.Struct)

TERM = "what is personal in it is masked with `***`, whatever word stands before it"
WORDS = "what is personal in it is masked with `***`"
NAME = "a keyed pseudonym stands for it where it holds something personal"
ADDRESS = "without user and password; what is personal in the rest is masked"
REGISTERED = "as it is where the city's registry has it; of any other camera a name, as above"
OF_AN_ORDER = "as it is: the form of an order's id leaves no room"
SEALED = "a keyed hash, or sealed with the city's key"
PERSON = "a keyed hash of a reporter's; of others a keyed pseudonym where it holds something personal"

# What is done with a field that is no term.
TREATMENTS: Mapping[tuple[type[msgspec.Struct], str], str] = {
    (Statement, "source"): NAME,
    (Statement, "id"): NAME,
    (SaidLocation, "address"): WORDS,
    (SaidReport, "text"): WORDS,
    (SaidReport, "title"): WORDS,
    (SaidReport, "media_urls"): ADDRESS,
    (SaidReporter, "id"): SEALED,
    (SaidReporter, "name"): SEALED,
    (SaidReporter, "phone"): SEALED,
    (SaidDetection, "camera_id"): REGISTERED,
    (SaidDetection, "object_id"): NAME,
    (SaidDetection, "text"): WORDS,
    (SaidDetection, "media_urls"): ADDRESS,
    (SaidBy, "id"): PERSON,
    (SaidReportRef, "source"): NAME,
    (SaidReportRef, "id"): NAME,
    (SaidUpdate, "order_id"): OF_AN_ORDER,
    (SaidUpdate, "other_order_id"): OF_AN_ORDER,
    (SaidUpdate, "reason"): WORDS,
    (SaidUpdate, "evidence_urls"): ADDRESS,
}


class _Policy(NamedTuple):
    """The key of the pseudonyms, and what the city wants masked beyond what always is."""

    key: bytes
    optional: tuple[str, ...]


class Cleaner:
    """Cleans what comes in for one city, under the key of its pseudonyms."""

    def __init__(self, city: City, key: bytes) -> None:
        self._policy = _Policy(key, city.settings.masked)

    def clean(self, statement: Statement) -> Statement:
        """The same statement, its text fields treated as `TREATMENTS` says."""
        return _clean(statement, self._policy)

    def name(self, name: str) -> str:
        """A name as it is, or its pseudonym."""
        return pseudonym(self._policy.key, name)


def _words(text: str, policy: _Policy) -> str:
    return mask(text, policy.optional)


def _term(text: str, policy: _Policy) -> str:
    return masked_term(text)


def _name(text: str, policy: _Policy) -> str:
    return pseudonym(policy.key, text)


def _address(text: str, policy: _Policy) -> str:
    return masked_address(text, policy.optional)


_DONE: Mapping[str, Callable[[str, _Policy], str]] = {TERM: _term, WORDS: _words, NAME: _name, ADDRESS: _address}
_STRUCTS: tuple[type[msgspec.Struct], ...] = (
    Statement,
    SaidReport,
    SaidDetection,
    SaidUpdate,
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


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


_CLEANED_TEXTS = {
    struct: [
        (name, _DONE[treatment])
        for (owner, name), treatment in text_fields().items()
        if owner is struct and treatment in _DONE
    ]
    for struct in _STRUCTS
}
_CLEANED_STRUCTS = {
    struct: [field.name for field in fields(struct) if any(map(_is_struct, _types(field.type)))] for struct in _STRUCTS
}


def _clean(said: S, policy: _Policy) -> S:
    changed: dict[str, Any] = {}
    for name, clean in _CLEANED_TEXTS[type(said)]:
        if not (old := getattr(said, name)):
            continue
        new = clean(old, policy) if isinstance(old, str) else tuple(clean(each, policy) for each in old)
        if new != old:
            changed[name] = new
    for name in _CLEANED_STRUCTS[type(said)]:
        if (inner := getattr(said, name)) is not None and (new := _clean(inner, policy)) is not inner:
            changed[name] = new
    return replace(said, **changed) if changed else said

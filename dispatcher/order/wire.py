"""How the desk's values stand on the wire: JSON whose instants are RFC 3339 text, under CloudEvents headers."""

from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec.structs import force_setattr

from models.envelope import (
    CE_ID,
    CE_SOURCE,
    CE_SPEC_VERSION,
    CE_SUBJECT,
    CE_TIME,
    CE_TYPE,
    CONTENT_TYPE,
    JSON,
    SPEC_VERSION,
)
from models.times import from_text, to_text

SOURCE = "paidan/desk"
# Fields that hold an instant, whatever value they are part of, and below them fields whose values may hold such fields.
# No field of another meaning may take one of these names; a test looks through every fact.
INSTANTS = frozenset(
    {
        "accept_by", "archive_at", "at", "due", "due_raw", "handle_by", "next_at", "recorded_at", "reported_at",
        "runs_from", "started_at", "until", "warn_at",
    }
)  # fmt: skip
_DEEPER = frozenset({"accept", "due", "evidence", "handle", "limit", "limits", "whole"})

_VERSION = (CE_SPEC_VERSION, SPEC_VERSION.encode())
_SOURCE = (CE_SOURCE, SOURCE.encode())
_JSON = (CONTENT_TYPE, JSON.encode())
_encoder = msgspec.json.Encoder()
_text = lru_cache(maxsize=4096)(to_text)
T = TypeVar("T")


def headers(kind: str, event_id: str, subject: str, at: int) -> tuple[tuple[str, bytes], ...]:
    """The CloudEvents headers of an event of the desk, Kafka binding, binary mode."""
    return (
        _VERSION,
        (CE_ID, event_id.encode()),
        _SOURCE,
        _type_header(kind),
        _time_header(at),
        _subject_header(subject),
        _JSON,
    )


@lru_cache(maxsize=128)
def _type_header(kind: str) -> tuple[str, bytes]:
    """One for each type of event: there are some forty."""
    return CE_TYPE, kind.encode()


@lru_cache(maxsize=4096)
def _time_header(at: int) -> tuple[str, bytes]:
    """One for each instant: the records of one step share theirs."""
    return CE_TIME, _text(at).encode()


@lru_cache(maxsize=256)
def _subject_header(subject: str) -> tuple[str, bytes]:
    """One for each subject: an order has six records when it opens, one after the other."""
    return CE_SUBJECT, subject.encode()


def encode(value: msgspec.Struct) -> bytes:
    """The JSON of a value, with text for the instants in it and in the structs that it holds."""
    plan = _plan(type(value))
    return _encoder.encode(value if plan is None else _with_text(value, plan))


class _Plan(NamedTuple):
    """Which fields of a struct hold instants; which hold a struct with instants, or several, and the plan of those."""

    instants: list[str]
    structs: list[tuple[str, "_Plan"]]
    tuples: list[tuple[str, "_Plan"]]


@lru_cache(maxsize=256)
def _plan(kind: type[msgspec.Struct]) -> _Plan | None:
    """The plan of a struct's type, which never changes; None where its JSON holds no instant.

    An instant is a number under one of the names in `INSTANTS`. Structs with instants stand alone or in tuples.
    """
    plan = _Plan([], [], [])
    for name, hint in get_type_hints(kind).items():
        inner = get_args(hint) or (hint,)  # of `X | None`, of `tuple[X, ...]`, or X itself
        for one in inner:
            if isinstance(one, type) and issubclass(one, msgspec.Struct) and (own := _plan(one)) is not None:
                (plan.tuples if get_origin(hint) is tuple else plan.structs).append((name, own))
        if name in INSTANTS and int in inner:
            plan.instants.append(name)
    return plan if any(plan) else None


def _with_text(value: Any, plan: _Plan) -> Any:
    """A copy with text for the instants, for the encoder alone: its fields no longer hold what their types say."""
    copy = value.__copy__()
    instants, structs, tuples = plan
    for name in instants:
        instant = getattr(copy, name)
        if instant is not None:
            force_setattr(copy, name, _text(instant))
    for name, own in structs:
        inner = getattr(copy, name)
        if inner is not None:
            force_setattr(copy, name, _with_text(inner, own))
    for name, own in tuples:
        force_setattr(copy, name, tuple([_with_text(inner, own) for inner in getattr(copy, name)]))
    return copy


def decode(data: bytes, kind: type[T]) -> T:
    """The value of a kind. Raises msgspec.ValidationError or DecodeError when the data are none."""
    try:
        plain = msgspec.json.decode(data)
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deep") from None
    try:
        _instants_from_text(plain)
    except ValueError as error:
        raise msgspec.ValidationError(str(error)) from error
    return msgspec.convert(plain, kind)


def _instants_from_text(plain: Any) -> None:
    if not isinstance(plain, dict):
        return
    for key, value in plain.items():
        if key in INSTANTS and isinstance(value, str):
            plain[key] = from_text(value)
        elif key in _DEEPER:
            for inner in _values(value):
                _instants_from_text(inner)


def _values(value: Any) -> tuple[Any, ...]:
    if isinstance(value, dict):
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(inner for inner in value if isinstance(inner, dict))
    return ()

"""How the desk's values stand on the wire: JSON whose instants are RFC 3339 text, under CloudEvents headers."""

import re
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

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
        "accept_by", "archive_at", "at", "due", "due_raw", "handle_by", "next_at", "recorded_at", "started_at", "until",
        "warn_at",
    }
)  # fmt: skip
# An instant in encoded JSON. Only a key can look like that: inside a text each quotation mark follows a backslash.
_INSTANT = re.compile(rb'([{,]"(?:%b)":)(-?\d+)' % "|".join(sorted(INSTANTS)).encode())
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
        (CE_TYPE, kind.encode()),
        (CE_TIME, _text(at).encode()),
        (CE_SUBJECT, subject.encode()),
        _JSON,
    )


def encode(value: Any) -> bytes:
    """The JSON of a value (a struct or a dict of such)."""
    return _INSTANT.sub(_in_text, _encoder.encode(value))


def _in_text(found: re.Match[bytes]) -> bytes:
    return b'%b"%b"' % (found[1], _text(int(found[2])).encode())


def decode(data: bytes, kind: type[T]) -> T:
    """The value of a kind. Raises msgspec.ValidationError or DecodeError when the data are none."""
    plain = msgspec.json.decode(data)
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

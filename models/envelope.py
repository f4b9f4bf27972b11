"""CloudEvents 1.0 on Kafka records, binary and structured.

Binary mode: attributes are headers with the prefix `ce_`, the value is the data. Structured mode: the header
`content-type: application/cloudevents+json`, the value is one JSON object with attributes and data. Names of headers
mean the same in any case, as over HTTP, and content types are read as there (`kind_of`, `declares_utf8`).
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

import base64
from collections.abc import Mapping, Sequence

import msgspec

from models.errors import Poison
from models.times import from_text, to_text

JSON = "application/json"
STRUCTURED = "application/cloudevents+json"
_CLOUD_EVENTS = "application/cloudevents"
_UTF8 = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})
SPEC_VERSION = "1.0"
# The attributes as headers of a Kafka record in binary mode; the data's content type stands beside them.
CE_ID = "ce_id"
CE_SOURCE = "ce_source"
CE_TYPE = "ce_type"
CE_TIME = "ce_time"
CE_SUBJECT = "ce_subject"
CE_SPEC_VERSION = "ce_specversion"
CONTENT_TYPE = "content-type"
MAX_ATTRIBUTE = 256
# The byte-order mark that some senders write in front of UTF-8; RFC 8259, 8.1 lets a reader pass over it.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
# Instants that can be turned into any zone's local time without running off the calendar: the years 1970 to 2199.
LATEST = 7_258_118_400_000

RFC_3339 = "an RFC 3339 time with a zone, such as 2026-03-01T08:00:00Z, of the years 1970 to 2199"

Headers = Sequence[tuple[str, bytes]]


class Event(msgspec.Struct, frozen=True):
    """One CloudEvent. `time` is milliseconds UTC, None when it was not given; `data` are the data's bytes."""

    id: str
    source: str
    type: str
    data: bytes
    time: int | None = None
    subject: str = ""
    content_type: str = JSON


class _Structured(msgspec.Struct, frozen=True):
    specversion: str
    id: str
    source: str
    type: str
    time: str | None = None
    subject: str | None = None
    datacontenttype: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    data_base64: str | None = None


_structured = msgspec.json.Decoder(_Structured)


def header_map(headers: Headers) -> dict[str, bytes]:
    """Headers by name, in small letters; of several with one name the last counts. A header without a value counts as
    empty."""
    return {name.lower(): value or b"" for name, value in headers}


def event_type(headers: Headers) -> str:
    """The CloudEvents type of a record in binary mode, "" where it has none; what is not UTF-8 is replaced."""
    return header_map(headers).get(CE_TYPE, b"").decode(errors="replace")


def decode(value: bytes | None, headers: dict[str, bytes]) -> Event:
    """The event of a record with these headers (`header_map`). Raises Poison."""
    if value is None:
        raise Poison("data", "is missing", "no-data")
    content_type = attribute(headers, CONTENT_TYPE) or JSON
    if kind_of(content_type) == STRUCTURED:
        _require_utf8(content_type)
        return _decode_structured(value)
    if not headers.get(CE_ID):
        require_data(value)
    version = attribute(headers, CE_SPEC_VERSION) or SPEC_VERSION
    if version != SPEC_VERSION:
        raise Poison(CE_SPEC_VERSION, f"must be {SPEC_VERSION}")
    return _checked(
        attribute(headers, CE_ID),
        attribute(headers, CE_SOURCE),
        attribute(headers, CE_TYPE),
        value,
        attribute(headers, CE_TIME),
        attribute(headers, CE_SUBJECT),
        content_type,
        "ce_",
    )


def checked(event: Event) -> Event:
    """An event that has not been a record yet as it will be read from one in binary mode: without blanks around its
    attributes. Raises Poison."""
    texts = (event.content_type, event.id, event.source, event.type, event.subject)  # in the order of `decode`
    for name, text in zip((CONTENT_TYPE, CE_ID, CE_SOURCE, CE_TYPE, CE_SUBJECT), texts, strict=True):
        check_attribute(name, text)
    content_type, event_id, source, type, subject = (text.strip() for text in texts)
    content_type = content_type or JSON
    _check_whole(event_id, source, type, content_type, "ce_")
    return Event(event_id, source, type, event.data, event.time, subject, content_type)


def attribute(headers: Mapping[str, bytes], name: str) -> str:
    """One header as text without blanks around it, empty when it is missing. Raises Poison when it is not UTF-8,
    over-long or holds controls."""
    raw = headers.get(name)
    if not raw:
        return ""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Poison(name, "must be UTF-8", "not-utf-8") from None
    if len(text) > MAX_ATTRIBUTE or not text.isprintable():
        check_attribute(name, text)
    return text.strip()


def check_attribute(name: str, text: str) -> None:
    """Raises Poison when an attribute is over-long or holds controls."""
    if len(text) > MAX_ATTRIBUTE:
        raise Poison(name, f"must have at most {MAX_ATTRIBUTE} characters")
    if not text.isprintable():
        raise Poison(name, "must hold printable characters only")


def instant(field: str, text: str) -> int:
    """The milliseconds of an RFC 3339 time. Raises Poison."""
    try:
        at = from_text(text)
    except (ValueError, OverflowError):
        at = -1
    if not 0 <= at < LATEST:
        raise Poison(field, f"must be {RFC_3339}")
    return at


def to_binary(event: Event) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers and value of a record in binary mode."""
    headers = [(CE_SPEC_VERSION, SPEC_VERSION.encode())]
    # What is empty of a vendor's message is its own to say.
    headers += [(name, text.encode()) for name, text in ((CE_ID, event.id), (CE_SOURCE, event.source)) if text]
    headers += [(CE_TYPE, event.type.encode()), (CONTENT_TYPE, event.content_type.encode())]
    if event.time is not None:
        headers.append((CE_TIME, to_text(event.time).encode()))
    if event.subject:
        headers.append((CE_SUBJECT, event.subject.encode()))
    return headers, event.data


def size(event: Event) -> int:
    """How many bytes value and headers of the event's record in binary mode hold, the headers' names not counted."""
    texts = (SPEC_VERSION, event.id, event.source, event.type, event.content_type, event.subject)
    time = 0 if event.time is None else len(to_text(event.time))
    return len(event.data) + sum(len(text.encode()) for text in texts) + time


def kind_of(content_type: str) -> str:
    """What a content type says of a body or a value: `STRUCTURED` is a whole event, `JSON` an event's data, of whatever
    vocabulary (`application/geo+json`); "" is none that is read. Case and parameters do not matter."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith(_CLOUD_EVENTS):
        return STRUCTURED if kind in (_CLOUD_EVENTS, STRUCTURED) else ""  # no batches, no other formats
    return JSON if kind == JSON or kind.endswith("+json") else ""


def declares_utf8(content_type: str) -> bool:
    """Whether a content type names no charset, or UTF-8 or a part of it: JSON is nothing else (RFC 8259, 8.1)."""
    named = (parameter.partition("=") for parameter in content_type.lower().split(";")[1:])
    charsets = (value.strip().strip('"') for name, _, value in named if name.strip() == "charset")
    return all(charset in _UTF8 for charset in charsets)


def _decode_structured(value: bytes) -> Event:
    try:
        given = _structured.decode(value.removeprefix(BYTE_ORDER_MARK))
    except msgspec.ValidationError as error:
        raise _broken(error) from None
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        raise unreadable(value) from None
    if given.specversion != SPEC_VERSION:
        raise Poison("specversion", f"must be {SPEC_VERSION}")
    data = bytes(given.data)
    if given.data_base64 is not None:
        if data:
            raise Poison("data", "must not stand beside data_base64")
        try:
            data = base64.b64decode(given.data_base64, validate=True)
        except ValueError:  # binascii.Error is one; text beyond ASCII another
            raise Poison("data_base64", "must be base64") from None
    if not data:
        raise Poison("data", "is missing", "no-data")
    given_texts = {
        "id": given.id,
        "source": given.source,
        "type": given.type,
        "subject": given.subject or "",
        "datacontenttype": given.datacontenttype or JSON,
    }
    for name, text in given_texts.items():
        check_attribute(name, text)
    event_id, source, type, subject, content_type = map(str.strip, given_texts.values())
    return _checked(event_id, source, type, data, given.time or "", subject, content_type)


def _checked(
    id: str, source: str, type: str, data: bytes, time: str, subject: str, content_type: str, prefix: str = ""
) -> Event:
    _check_whole(id, source, type, content_type, prefix)
    return Event(id, source, type, data, instant(prefix + "time", time) if time else None, subject, content_type)


def _check_whole(id: str, source: str, type: str, content_type: str, prefix: str) -> None:
    field = CONTENT_TYPE if prefix else "datacontenttype"
    if not kind_of(content_type):  # first: a batch has its attributes within
        either = f"must be {JSON} or {STRUCTURED}, or the record must have a header `format`"
        raise Poison(field, either if prefix else f"must be {JSON}, or left out")
    for name, text in (("id", id), ("source", source), ("type", type)):
        if not text:
            raise Poison(prefix + name, "is missing")
    if content_type != JSON:
        _require_utf8(content_type, field)


def _require_utf8(content_type: str, field: str = CONTENT_TYPE) -> None:
    if not declares_utf8(content_type):
        raise Poison(field, "must have the charset utf-8", "not-utf-8")


def _broken(error: msgspec.ValidationError) -> Poison:
    """msgspec says `Object missing required field `id`` or `Expected `str`, got `int` - at `$.id``."""
    message = str(error)
    if "missing required field" in message:
        return Poison(message.split("`")[1], "is missing")
    field = message.rpartition("`$.")[2].rstrip("`") if "`$." in message else "data"
    return Poison(field, "must be text" if field != "data" else "must be one JSON object")


def require_data(value: bytes) -> None:
    """Raises Poison for a whole event where an event's data alone should be: its content type says otherwise."""
    if b'"specversion"' not in value:
        return
    try:
        _structured.decode(value.removeprefix(BYTE_ORDER_MARK))
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return
    raise Poison(CONTENT_TYPE, f"must be {STRUCTURED} of a whole event")


def unreadable(value: bytes) -> Poison:
    """What is wrong with a value that is not one JSON object."""
    if value.startswith(_GZIP):
        return Poison("data", "must be UTF-8, not gzip: a producer's compression.type packs records", "not-utf-8")
    try:
        value.decode()
    except UnicodeDecodeError:
        return Poison("data", "must be UTF-8", "not-utf-8")
    return Poison("data", "must be one JSON object", "not-json")

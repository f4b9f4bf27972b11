r"""The quick decoder: what the data of a plain event say, in a tenth of the time that its contract takes.

It takes records in binary mode with the headers that a CloudEvent with a time has, once each or more, and no others;
that of the content's type may be missing, since it is JSON then (`read`). Of event data it takes (`decode`) at most
4,096 bytes that are one JSON object of its contract's fields alone, each of its type and within its limits, in which no
text begins or ends with a blank or holds a NUL. It leaves some that the contract would take: an unknown field, a text
to be stripped, a `\u0000` after a backslash.

Falling back is always right, as nothing has been done yet: `models.envelope` and `models.events` read the same bytes
from the beginning and alone have a word on what is wrong with them, so no error text is written twice. Taking is right
where this is no laxer than they are and comes to the same values, which a property test searches
(`tests/properties/intake/test_quick_path.py`).

Why unknown fields are left: they could hide what the contract's parser refuses, such as lists 200 deep. Why 4,096
bytes: that parser takes no longer number. Why `str.strip`: Python's blanks are the contract's and four more.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from models import envelope
from models.events import DETECTION, ORDER_ID, RECHECKED, REPORT, UPDATE, URL
from models.record import Record
from models.times import from_text
from streams.intake.reading.said import (
    Instant,
    Said,
    SaidDetection,
    SaidLocation,
    SaidRecheck,
    SaidReport,
    SaidUpdate,
    Statement,
)
from streams.intake.reading.too_late import TimeRule, taken_in_at

MAX_BYTES = 4_096
_BACKSLASH, _NUL = ord("\\"), b"\\u0000"
_HEADERS = 5  # those that `read` asks for, beside the type of the content
_JSON, _VERSION = envelope.JSON.encode(), envelope.SPEC_VERSION.encode()
_url, _order_id = re.compile(URL).fullmatch, re.compile(ORDER_ID, re.ASCII).fullmatch


def read(record: Record, now_ms: int, time_rule: TimeRule) -> Statement | None:
    """What a record says that is read at `now_ms`; None where it has to be read closely."""
    headers = dict(record.headers)
    kind = _KINDS.get(headers.get(envelope.CE_TYPE, b""))
    if kind is None or headers.get(envelope.CE_SPEC_VERSION) != _VERSION:
        return None
    if headers.pop(envelope.CONTENT_TYPE, _JSON) != _JSON or len(headers) != _HEADERS:
        return None
    source, event_id = _source_of(headers.get(envelope.CE_SOURCE)), _attribute(headers.get(envelope.CE_ID))
    at = _at(_attribute(headers.get(envelope.CE_TIME)))
    received = taken_in_at(record, now_ms)
    if not (source and event_id) or at < 0 or not time_rule.is_kept(kind, at, received):
        return None
    said = decode(kind, record.value or b"")
    return None if said is None else Statement(said, source, event_id, at, received)


def decode(ce_type: str, data: bytes) -> Said | None:
    """What the data of an event say; None where the contract has to be asked."""
    reader = _READERS.get(ce_type)
    if reader is None or len(data) > MAX_BYTES or (_BACKSLASH in data and _NUL in data):
        return None
    try:
        said = reader[0](data)
    except (msgspec.DecodeError, ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None
    return said if reader[1](said) else None


def _attribute(raw: bytes | None) -> str:
    """The text of a header, empty where it may not do, or not as it is."""
    if raw is None or len(raw) > envelope.MAX_ATTRIBUTE:
        return ""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() and text == text.strip() else ""


def _source_of(raw: bytes | None) -> str:
    """The same of a source: there are few, and each sends again. What is too long is not kept."""
    return "" if raw is None or len(raw) > envelope.MAX_ATTRIBUTE else _source(raw)


_source = lru_cache(maxsize=1_024)(_attribute)


def _at(text: str) -> int:
    """The instant of a text, -1 where it is none of this era."""
    try:
        at = from_text(text)
    except (ValueError, OverflowError):
        return -1
    return at if at < envelope.LATEST else -1


def _fits_detection(said: SaidDetection) -> bool:
    return (
        _are_bare(said.camera_id, said.label, said.algorithm, said.vendor, said.object_id, said.text, said.asset)
        and _are_urls(said.media_urls)
        and _fits_location(said.location)
    )


def _fits_report(said: SaidReport) -> bool:
    who = said.reporter
    return (
        _are_bare(said.text, said.title, said.category, said.channel, said.asset)
        and (said.joins is None or _order_id(said.joins) is not None)
        and (who is None or _are_bare(who.id, who.name, who.phone))
        and _are_urls(said.media_urls)
        and _fits_location(said.location)
    )


def _fits_recheck(said: SaidRecheck) -> bool:
    return _are_bare(said.camera_id, said.text) and _order_id(said.order_id) is not None and _are_urls(said.media_urls)


def _fits_update(said: SaidUpdate) -> bool:
    by, report = said.by, said.report
    return (
        bool(by.role or by.department)
        and _are_bare(by.role, by.department, by.id, said.reason, said.code, said.category, said.condition)
        and _are_bare(said.suggested_department, said.department, *said.assists)
        and said.sender is None
        and (report is not None or said.order_id is not None)
        and (report is None or _are_bare(report.source, report.id))
        and (said.order_id is None or _order_id(said.order_id) is not None)
        and (said.other_order_id is None or _order_id(said.other_order_id) is not None)
        and _are_urls(said.evidence_urls)
        and _fits_location(said.location)
    )


def _fits_location(place: SaidLocation | None) -> bool:
    return place is None or ((place.lat is None) == (place.lon is None) and _are_bare(place.address, place.area))


def _are_bare(*texts: str) -> bool:
    """Whether stripping leaves them as they are."""
    return texts == tuple(map(str.strip, texts))


def _are_urls(texts: tuple[str, ...]) -> bool:
    return not texts or all(map(_url, texts))


def _instant(kind: type, value: object) -> Instant:
    """For msgspec, which knows no such type."""
    at = _at(value) if isinstance(value, str) else -1
    if at < 0:
        raise ValueError
    return Instant(at)


_RULES: Mapping[str, tuple[type[Said], Callable[[Any], bool]]] = {
    DETECTION: (SaidDetection, _fits_detection),
    RECHECKED: (SaidRecheck, _fits_recheck),
    REPORT: (SaidReport, _fits_report),
    UPDATE: (SaidUpdate, _fits_update),
}
_READERS = {
    kind: (msgspec.json.Decoder(struct, dec_hook=_instant).decode, fits) for kind, (struct, fits) in _RULES.items()
}
_KINDS: Mapping[bytes, str] = {kind.encode(): kind for kind in _READERS}

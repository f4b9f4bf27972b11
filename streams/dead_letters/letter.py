"""What could not be taken in, with its bytes, its place and the rule it broke: it can be mended and replayed."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Protocol

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from msgspec.structs import replace

from dispatcher.partition.decision import Failure
from models.envelope import (
    CE_ID,
    CE_SOURCE,
    CE_SPEC_VERSION,
    CE_TIME,
    CE_TYPE,
    CONTENT_TYPE,
    JSON,
    LATEST,
    MAX_ATTRIBUTE,
    SPEC_VERSION,
    header_map,
)
from models.errors import PaidanError
from models.events import DEAD_LETTER, DeadLetter, DeadLetterHeader
from models.inbox import Sighting, decode_items, encode_items
from models.record import Record
from models.redact import pseudonym
from models.times import to_text
from streams.kafka.sending import Send

REPLAYED = "replayed"  # the number of the dead letter
ONLY = "only"  # which of the detections that the record holds is to be taken in
RECEIVED = "received"  # when the record came in for the first time
WEBHOOK_ERRORS = frozenset({"webhook-refused", "webhook-unreachable"})
MAX_KEPT = 512_000
MAX_HEADERS_KEPT = 64_000
_ERROR_CHARS = 2_000

INTERNAL = "internal-error"
OTHER_CONTENT = "other-content"
ERRORS = {
    "invalid": "A field breaks a rule of its contract.",
    "no-data": "The record has no value.",
    "not-utf-8": "Value, header or declared charset is not UTF-8.",
    "not-json": "The value is not one JSON object.",
    "not-xml": "The value is not one XML document, or has a DTD.",
    "unknown-type": "No contract has this `ce_type`.",
    "wrong-topic": "It has come to a topic that takes other events.",
    "unknown-format": "No decoder has this `format`.",
    "too-large": "Value and headers are longer than 2 MB, or the batch that it came in unpacks to more than 16 MiB: "
    "nothing of that was taken in.",
    "too-complex": "A vendor's message holds more than 1,000 detections or comes to much more text than it has, or XML "
    "that is too large or nested too deep.",
    "ahead-of-time": "It is dated further ahead of its receipt than the city allows.",
    "too-late": "It is older than the time for which its identity would be remembered.",
    "outside-city": "Its coordinates lie outside the city.",
    "unknown-camera": "The city's registry has no such camera.",
    "unknown-unit": "The city has no such mobile unit.",
    "no-area": "An update from which no area can be found.",
    "not-an-inbox-record": "The inbox holds something that intake did not write.",
    OTHER_CONTENT: "A report, or a detection over HTTP, under the source and id of one that was taken before and "
    "said something else.",
    "webhook-refused": "A webhook has answered that it will never take this.",
    "webhook-unreachable": "A webhook was away for longer than events wait for it.",
    INTERNAL: "Paidan itself failed at this record: please report it.",
}


class DeadLetterError(PaidanError):
    """A dead letter is not there, or cannot be replayed."""


class LetterTopics(Protocol):
    """The topics that dead letters need."""

    @property
    def dead_letters(self) -> str:
        """Where dead letters go."""

    @property
    def inbox(self) -> str:
        """The desk's input, to name where an item came from."""

    @property
    def urgent(self) -> str:
        """Its urgent lane."""


_decoder = msgspec.json.Decoder(DeadLetter)


def decode_dead_letter(value: bytes) -> DeadLetter:
    """Raises msgspec.ValidationError or DecodeError when it is none."""
    try:
        return _decoder.decode(value)
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deep") from None


def of_record(
    names: LetterTopics,
    record: Record,
    error: str,
    message: str,
    field: str = "",
    rule: str = "",
    stage: str = "desk",
    *,
    index: int | None = None,
    keep: bool = True,
    key: bytes = b"",
) -> Send:
    """The dead letter of a whole record, or, with an `index`, of one of the detections that it holds.

    Without `keep` its bytes are left to another letter of the same record. What has come from outside holds personal
    data that nobody has masked: with the city's `key` it is sealed, and `opened` gives it back.
    """
    headers, cut = _kept(record.headers)
    length, kept, digest = _value(record.value, MAX_KEPT if keep else 0)
    source, event_id = (_attribute(record.headers, name) for name in (CE_SOURCE, CE_ID))
    letter = DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        index=index,
        at=to_text(min(max(0, record.timestamp), LATEST - 1)),
        stage=stage,
        error=error,
        field=field,
        rule=rule,
        message=message[:_ERROR_CHARS],
        event_source=pseudonym(key, source) if key else source,
        event_id=pseudonym(key, event_id) if key else event_id,
        headers=headers,
        headers_cut=cut,
        key_base64=None if record.key is None else base64.b64encode(record.key[:MAX_HEADERS_KEPT]).decode(),
        value_length=length,
        value_base64=kept,
        value_sha256=digest,
    )
    return _send(names, _closed(letter, key) if key else letter)


class _Original(msgspec.Struct, frozen=True):
    """What is sealed of a letter."""

    headers: tuple[DeadLetterHeader, ...]
    key_base64: str | None
    value: bytes | None


def _closed(letter: DeadLetter, key: bytes) -> DeadLetter:
    original = _Original(letter.headers, letter.key_base64, letter.original_value)
    sealed = _fernet(key).encrypt(msgspec.msgpack.encode(original)).decode()
    return replace(letter, sealed=sealed, headers=(), key_base64=None, value_base64=None)


def opened(letter: DeadLetter, key: bytes) -> DeadLetter:
    """The letter with headers, key and bytes as they came in. Raises DeadLetterError for another key than its own."""
    if not letter.sealed:
        return letter
    try:
        original = msgspec.msgpack.decode(_fernet(key).decrypt(letter.sealed), type=_Original)
    except InvalidToken:
        raise DeadLetterError("the dead letter was sealed under another PAIDAN_PERSONAL_KEY") from None
    kept = None if original.value is None else base64.b64encode(original.value).decode()
    return replace(letter, sealed="", headers=original.headers, key_base64=original.key_base64, value_base64=kept)


def _fernet(key: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hmac.new(key, b"dead letters", hashlib.sha256).digest()))


def of_item(names: LetterTopics, partition: int, failure: Failure, clock: int, error: str) -> Send:
    """The dead letter of one item of an inbox record, or of one of the urgent lane."""
    item = failure.item
    length, kept, digest = _value(encode_items((item,)))
    letter = DeadLetter(
        topic=names.urgent if failure.urgent else names.inbox,
        partition=partition,
        offset=failure.offset,
        index=failure.index,
        at=to_text(clock),
        stage="desk",
        error=error,
        message=failure.error[:_ERROR_CHARS],
        event_source=getattr(item, "source", ""),
        event_id=getattr(item, "id", ""),
        key_base64=base64.b64encode(str(getattr(item, "area", "")).encode()).decode(),
        value_length=length,
        value_base64=kept,
        value_sha256=digest,
    )
    return _send(names, letter)


def under_own_name(letter: DeadLetter) -> bytes | None:
    """The value with which a letter is replayed: as it was, but for a sighting under the name of another one, which
    gets a name of its own."""
    value = letter.original_value
    if letter.error != OTHER_CONTENT or value is None:
        return value
    items = (item for item in decode_items(value) if isinstance(item, Sighting))
    return encode_items([msgspec.structs.replace(item, id=f"{item.id}#{item.content:x}") for item in items])


def _send(names: LetterTopics, letter: DeadLetter) -> Send:
    place = f"{letter.topic}/{letter.partition}/{letter.offset}"
    event_id = place if letter.index is None else f"{place}/{letter.index}"
    headers = (
        (CE_SPEC_VERSION, SPEC_VERSION.encode()),
        (CE_ID, event_id.encode()),
        (CE_SOURCE, f"paidan/{letter.stage}".encode()),
        (CE_TYPE, DEAD_LETTER.encode()),
        (CE_TIME, letter.at.encode()),
        (CONTENT_TYPE, JSON.encode()),
    )
    return Send(names.dead_letters, place.encode(), msgspec.json.encode(letter), 0, headers)


def _attribute(headers: Sequence[tuple[str, bytes]], name: str) -> str:
    """An attribute of the event, empty where it is missing or may not do."""
    value = header_map(headers).get(name, b"")
    return value.decode() if len(value) <= MAX_ATTRIBUTE and _is_utf8(value) else ""


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _value(value: bytes | None, most: int = MAX_KEPT) -> tuple[int, str | None, str | None]:
    """Length, base64 of a value that is short enough to keep, else its digest."""
    if value is None:
        return 0, None, None
    if len(value) > most:
        return len(value), None, hashlib.sha256(value).hexdigest()
    return len(value), base64.b64encode(value).decode(), None


def _kept(headers: Sequence[tuple[str, bytes]]) -> tuple[tuple[DeadLetterHeader, ...], bool]:
    """The headers up to a bound, and whether some were left out."""
    kept: list[DeadLetterHeader] = []
    room = MAX_HEADERS_KEPT
    for raw, value in headers:
        # Bytes that are not UTF-8 have come as lone surrogates; they are spelled out: `\xc0`.
        name = raw if raw.isascii() else raw.encode(errors="surrogateescape").decode(errors="backslashreplace")
        room -= len(name) + len(value or b"")
        if room < 0:
            return tuple(kept), True
        try:
            kept.append(DeadLetterHeader(name, (value or b"").decode()))
        except UnicodeDecodeError:
            kept.append(DeadLetterHeader(name, base64=base64.b64encode(value).decode()))
    return tuple(kept), False

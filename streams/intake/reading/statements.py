"""What a record says: decoded, valid by its contract, in time. Nothing of it is masked yet.

What a record is, its headers say, not its topic: a CloudEvent by its type, a vendor's bytes by the header `format`.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from models import envelope, events
from models.city import City
from models.envelope import Event
from models.errors import Poison
from models.formats import MAX_BYTES as MAX_BYTES
from models.formats import Decoded, Reading, Site, decode_message
from models.record import Record
from models.redact import in_letters
from streams.dead_letters.letter import ONLY, REPLAYED
from streams.intake.reading import quick
from streams.intake.reading.said import SaidDetection, SaidRecheck, SaidUpdate, Statement, of_contract
from streams.intake.reading.too_late import Receipt, TimeRule, receipt_of
from streams.kafka.raw_fetch import TOO_LONG
from streams.kafka.unpacking import MAX_BATCH_BYTES

# What a message's detections say may be so much longer than the message: what it says once, each of them repeats.
MAX_REPEATED = 100_000


# A header of a record: its sender waits to hear what becomes of it. `quick` leaves such a record alone.
ASKING = ("asking", b"outcome")
# Another: what it says is compared with what was said under its name before. Detections that came over HTTP have it:
# their senders are answered.
COMPARED = ("compared", b"content")


class Vendor(NamedTuple):
    """That an event's data are a vendor's bytes: in which format, and of which camera where a bridge names it."""

    format: str
    camera: str = ""

    def headers(self) -> list[tuple[str, bytes]]:
        """What says so in the headers of its record."""
        return [(name, text.encode()) for name, text in self._asdict().items()]


class StatementReader:
    """Reads records and events with one city at one time of receipt, ms UTC.

    Where a message holds several detections, what is wrong with one of them stands in its place. `alive` are the
    cameras of which vendors' records have said only that they are, in the order in which they came.
    """

    def __init__(self, city: City, now_ms: int) -> None:
        self._zone, self._now = city.zone, now_ms
        self._time_rule = TimeRule(city.settings)
        self.alive: dict[str, None] = {}

    def read(self, record: Record) -> Sequence[Statement | Poison]:
        """What a record says. Raises Poison, when that is wrong as a whole."""
        plain = quick.read(record, self._now, self._time_rule)
        if plain is not None:
            return (plain,)
        value = record.value
        headers = envelope.header_map(record.headers)
        if TOO_LONG in headers:
            rule = f"must be in a batch that unpacks to at most {MAX_BATCH_BYTES} bytes; none of it is taken in"
            raise Poison("data", rule, "too-large")
        _check_size(len(value or b"") + sum(map(len, headers.values())))
        if not _are_text(headers):
            raise Poison("headers", "must have names that are UTF-8", "not-utf-8")
        receipt = receipt_of(record, headers, self._now)
        if "format" not in headers:
            found: Sequence[Statement | Poison] = (self._of_event(envelope.decode(value, headers), receipt),)
        elif value is None:
            raise Poison("data", "is missing", "no-data")
        else:
            found = self._of_message(value, headers, receipt)
        asked, compared = (headers.get(name) == said for name, said in (ASKING, COMPARED))
        return [_handled(each, asked, compared) for each in found] if asked or compared else found

    def _of_message(self, value: bytes, headers: Mapping[str, bytes], receipt: Receipt) -> Sequence[Statement | Poison]:
        vendor = Vendor(envelope.attribute(headers, "format"), envelope.attribute(headers, "camera"))
        readings, alive = self._decode(vendor, value, receipt)
        if REPLAYED not in headers:  # a replayed one tells of the past
            self.alive.update(dict.fromkeys(alive))
        source, event_id = envelope.attribute(headers, envelope.CE_SOURCE), envelope.attribute(headers, envelope.CE_ID)
        time = envelope.attribute(headers, envelope.CE_TIME)
        at = envelope.instant(envelope.CE_TIME, time) if time and readings else None
        found = self._of_readings(vendor, readings, Event(event_id, source, events.DETECTION, value, at), receipt)
        only = envelope.attribute(headers, ONLY) if REPLAYED in headers else ""
        return found[int(only) : int(only) + 1] if only.isdecimal() else found

    def check(self, event: Event, vendor: Vendor | None = None) -> Sequence[Statement | Poison]:
        """What an event says that is not yet a record. Raises Poison, the same as for the record that it becomes."""
        _check_size(envelope.size(event) + (0 if vendor is None else sum(len(value) for _, value in vendor.headers())))
        receipt = Receipt(self._now, self._now)
        if vendor is None:
            return (self._of_event(envelope.checked(event), receipt),)
        for name, text in vendor._asdict().items():
            envelope.check_attribute(name, text)
        return self._of_readings(vendor, self._decode(vendor, event.data, receipt).detections, event, receipt)

    def _of_event(self, event: Event, receipt: Receipt) -> Statement:
        said = quick.decode(event.type, event.data)
        if said is None:
            said = of_contract(events.parse(event.type, event.data))
        at = receipt.first if event.time is None else event.time
        self._time_rule.check(event.type, at, receipt)
        if isinstance(said, SaidUpdate | SaidRecheck) and event.time is None:
            at = receipt.now
        return Statement(said, event.source, event.id, at, receipt.now, measured=event.type == events.MEASUREMENT)

    def _decode(self, vendor: Vendor, value: bytes, receipt: Receipt) -> Decoded:
        return decode_message(vendor.format, value, Site(self._zone, vendor.camera, receipt.first))

    def _of_readings(
        self, vendor: Vendor, readings: tuple[Reading | Poison, ...], event: Event, receipt: Receipt
    ) -> list[Statement | Poison]:
        """Each reading by itself: by the event's id and time, or where it has none by the reading's own. Raises Poison
        when all together say much more than the message."""
        # Without an id of its own the same bytes are the same message.
        named = event.id or all(reading.id for reading in readings if isinstance(reading, Reading))
        digest = "" if named else _digest(event)
        found: list[Statement | Poison] = []
        room = len(event.data) + MAX_REPEATED
        for n, reading in enumerate(readings):
            if isinstance(reading, Poison):
                found.append(reading)
                continue
            own = event.id or _bounded(reading.id) or digest
            event_id = f"{own}/{n}" if len(readings) > 1 and (event.id or not reading.id) else own
            try:
                statement = self._of_reading(vendor, reading, msgspec.structs.replace(event, id=event_id), receipt)
            except Poison as poison:
                found.append(poison)
                continue
            found.append(statement)
            if (room := room - _length(statement)) < 0:
                rule = f"must come to detections that are at most {MAX_REPEATED} bytes longer than the message"
                raise Poison("data", rule, "too-complex")
        return found

    def _of_reading(self, vendor: Vendor, reading: Reading, event: Event, receipt: Receipt) -> Statement:
        at = reading.at if event.time is None else event.time
        at = receipt.first if at is None else at
        self._time_rule.check(event.type, at, receipt, envelope.CE_TIME if event.time is not None else "time")
        source = event.source
        if not source or source.endswith("/"):  # none, or only the beginning of one
            source += f"{vendor.format}/{reading.detection.camera_id}"
        return Statement(of_contract(reading.detection), source, event.id, at, receipt.now, by_device=True)


def _bounded(name: str) -> str:
    """A message's own name, or, where it is longer than an event's may be, what stands for it."""
    if len(name) <= envelope.MAX_ATTRIBUTE:
        return name
    return in_letters(hashlib.sha256(name.encode()).hexdigest()[:32])


def named_alone(event: Event, vendor: Vendor | None) -> tuple[str, str]:
    """Source and id of a message that holds no detection: its own, else its format and camera and its bytes' digest."""
    source = event.source
    if vendor is not None and (not source or source.endswith("/")):
        source += f"{vendor.format}/{vendor.camera}".rstrip("/")
    return source, event.id or _digest(event)


def _digest(event: Event) -> str:
    return in_letters(hashlib.sha256(event.data).hexdigest()[:32])


def _handled(each: Statement | Poison, asked: bool, compared: bool) -> Statement | Poison:
    return each if isinstance(each, Poison) else msgspec.structs.replace(each, asked=asked, compared=compared)


def _length(statement: Statement) -> int:
    """The bytes of what a detection says in words."""
    said = statement.said
    assert isinstance(said, SaidDetection)  # a vendor's message holds no others
    names = (said.camera_id, said.vendor, said.label, said.algorithm, said.object_id, *said.media_urls)
    return len("".join((statement.source, statement.id, said.text, *names)).encode())


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise Poison("data", f"must have at most {MAX_BYTES} bytes together with its headers", "too-large")


def _are_text(names: Iterable[str]) -> bool:
    """Whether headers' names were UTF-8: a byte that was not has come as a lone surrogate."""
    joined = "".join(names)
    return joined.isascii() or not any("\ud800" <= char <= "\udfff" for char in joined)

"""What a record says: decoded, valid by its contract, in time. Nothing of it is masked yet.

What a record is, its headers say, not its topic: a CloudEvent by its type, a vendor's bytes by the header `format`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from models import envelope, events
from models.city import City
from models.envelope import Event
from models.errors import Poison
from models.formats import Reading, Site, decode_format
from models.record import Record
from streams.intake import quick
from streams.intake.said import SaidUpdate, Statement, of_contract
from streams.intake.too_late import Receipt, TimeRule, receipt_of

MAX_BYTES = 2_000_000


class Vendor(NamedTuple):
    """That an event's data are a vendor's bytes: in which format, and of which camera where a bridge names it."""

    format: str
    camera: str = ""

    def headers(self) -> list[tuple[str, bytes]]:
        """What says so in the headers of its record."""
        return [(name, text.encode()) for name, text in self._asdict().items()]


class StatementReader:
    """Reads records and events with one city at one time of receipt, ms UTC. What it raises, it raises when it comes
    to the statement that breaks a rule: the ones before are good."""

    def __init__(self, city: City, now_ms: int) -> None:
        self._zone, self._now = city.zone, now_ms
        self._time_rule = TimeRule(city.settings)

    def read(self, record: Record) -> Iterable[Statement]:
        """What a record says. Raises Poison."""
        plain = quick.read(record, self._now, self._time_rule)
        if plain is not None:
            return (plain,)
        value = record.value
        headers = envelope.header_map(record.headers)
        _check_size(len(value or b"") + sum(map(len, headers.values())))
        if not _are_text(headers):
            raise Poison("headers", "must have names that are UTF-8", "not-utf-8")
        receipt = receipt_of(record, headers, self._now)
        if "format" not in headers:
            return (self._of_event(envelope.decode(value, headers), receipt),)
        if value is None:
            raise Poison("data", "is missing", "no-data")
        return self._of_message(value, headers, receipt)

    def _of_message(self, value: bytes, headers: Mapping[str, bytes], receipt: Receipt) -> Iterator[Statement]:
        vendor = Vendor(envelope.attribute(headers, "format"), envelope.attribute(headers, "camera"))
        readings = self._decode(vendor, value)
        source, event_id = envelope.attribute(headers, envelope.CE_SOURCE), envelope.attribute(headers, envelope.CE_ID)
        time = envelope.attribute(headers, envelope.CE_TIME)
        at = envelope.instant(envelope.CE_TIME, time) if time and readings else None
        return self._of_readings(vendor, readings, Event(event_id, source, events.DETECTION, value, at), receipt)

    def check(self, event: Event, vendor: Vendor | None = None) -> Iterator[Statement]:
        """What an event says that is not yet a record. Raises Poison, the same as for the record that it becomes."""
        _check_size(envelope.size(event) + (0 if vendor is None else sum(len(value) for _, value in vendor.headers())))
        receipt = Receipt(self._now, self._now)
        if vendor is None:
            yield self._of_event(envelope.checked(event), receipt)
            return
        for name, text in vendor._asdict().items():
            envelope.check_attribute(name, text)
        readings = self._decode(vendor, event.data)
        yield from self._of_readings(vendor, readings, event, receipt)

    def _of_event(self, event: Event, receipt: Receipt) -> Statement:
        said = quick.decode(event.type, event.data)
        if said is None:
            said = of_contract(events.parse(event.type, event.data))
        at = receipt.first if event.time is None else event.time
        self._time_rule.check(event.type, at, receipt)
        if isinstance(said, SaidUpdate) and event.time is None:
            at = receipt.now
        return Statement(said, event.source, event.id, at, receipt.now)

    def _decode(self, vendor: Vendor, value: bytes) -> tuple[Reading, ...]:
        return decode_format(vendor.format, value, Site(self._zone, vendor.camera))

    def _of_readings(
        self, vendor: Vendor, readings: tuple[Reading, ...], event: Event, receipt: Receipt
    ) -> Iterator[Statement]:
        """Each reading by itself: by the event's id and time, or where it has none by the reading's own."""
        # Without an id of its own the same bytes are the same message.
        named = event.id or all(reading.id for reading in readings)
        digest = "" if named else hashlib.sha256(event.data).hexdigest()[:32]
        for n, reading in enumerate(readings):
            own = event.id or reading.id or digest
            event_id = f"{own}/{n}" if len(readings) > 1 and (event.id or not reading.id) else own
            at = reading.at if event.time is None else event.time
            at = receipt.first if at is None else at
            self._time_rule.check(event.type, at, receipt, envelope.CE_TIME if event.time is not None else "time")
            source = event.source or f"{vendor.format}/{reading.detection.camera_id}"
            yield Statement(of_contract(reading.detection), source, event_id, at, receipt.now)


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise Poison("data", f"must have at most {MAX_BYTES} bytes together with its headers", "too-large")


def _are_text(names: Iterable[str]) -> bool:
    """Whether headers' names were UTF-8: a byte that was not has come as a lone surrogate."""
    joined = "".join(names)
    return joined.isascii() or not any("\ud800" <= char <= "\udfff" for char in joined)

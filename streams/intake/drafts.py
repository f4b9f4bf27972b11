"""One input record to drafts of sightings and updates: decoded, validated, masked; the place and the guess come later.

What a record is, its headers say, not its topic: a CloudEvent by its type, a vendor's bytes by the header `format`.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from dispatcher.partition.identity import area_of
from models import envelope, events
from models.city import City
from models.errors import Poison
from models.formats import Site, decode_format
from models.inbox import UNLOCATED, Actor, Item, Sighting, Update
from models.record import Record
from models.redact import Contact, mask, reporter_hash, seal
from models.times import DAY_MS, MINUTE_MS
from models.words import whole_text
from streams.dead_letters.letter import RECEIVED, REPLAYED
from streams.intake.placing import Placement, Point, by_camera

MAX_BYTES = 2_000_000


@lru_cache(maxsize=16_384)
def _is_plain(name: str) -> bool:
    """Whether an object's name holds nothing personal; cameras repeat the same few names."""
    return mask(name) == name


def _is_text(name: str) -> bool:
    """Whether a header's name was UTF-8: a byte that was not has come as a lone surrogate."""
    return name.isascii() or not any("\ud800" <= char <= "\udfff" for char in name)


class Keys(msgspec.Struct, frozen=True):
    """The key of the reporters' hashes and, where contacts are kept, the Fernet key that encrypts them."""

    hmac: bytes
    contact: str = ""


class Draft:
    """An item but for its place and its guess. `point` needs a polygon; `found` is known; else `given` and `words`
    say where to look. `text` is what to classify. Updates must have an area, sightings may be unlocated."""

    __slots__ = ("fields", "found", "given", "item", "point", "text", "words")

    def __init__(
        self,
        item: type[Sighting] | type[Update],
        fields: dict[str, Any],
        point: Point | None = None,
        found: Placement | None = None,
        given: str = "",
        words: tuple[str, ...] = (),
        text: str = "",
    ) -> None:
        self.item, self.fields = item, fields
        self.point, self.found, self.given, self.words, self.text = point, found, given, words, text

    def build(self, found: Placement, extra: Mapping[str, Any]) -> Item:
        """The finished item."""
        if self.item is Sighting:
            return Sighting(**self.fields, area=found.area, place=found.how, lat=found.lat, lon=found.lon, **extra)
        return Update(**self.fields, area=found.area)


class Ignored(msgspec.Struct, frozen=True):
    """A detection that its own algorithm is not sure enough of, by the city's label table."""

    category: str


class Receipt(NamedTuple):
    """When Kafka took a record in, ms UTC: `now` this one, `first` the one it replays, to which its age counts."""

    now: int
    first: int


class DraftReader:
    """Reads records with one city, one set of keys and one receipt time, ms UTC."""

    def __init__(self, city: City, now_ms: int, keys: Keys) -> None:
        settings = city.settings
        self._city, self._now, self._keys = city, now_ms, keys
        self._ahead = int(settings.future_tolerance_minutes * MINUTE_MS)
        self._windows = {
            "report": int(settings.identity_reports_days * DAY_MS),
            "detection": int(settings.identity_detections_minutes * MINUTE_MS),
        }

    def read(self, record: Record) -> list[Draft | Ignored]:
        """The drafts of one record. Raises Poison: then nothing of the record is taken in."""
        value = record.value
        headers = envelope.header_map(record.headers)
        if len(value or b"") + sum(map(len, headers.values())) > MAX_BYTES:
            raise Poison("data", f"must have at most {MAX_BYTES} bytes together with its headers", "too-large")
        if not all(map(_is_text, headers)):
            raise Poison("headers", "must have names that are UTF-8", "not-utf-8")
        receipt = self._receipt(record, headers)
        if "format" in headers:
            return self._vendor(record, headers, receipt)
        event = envelope.decode(value, headers)
        said = events.parse(event.type, event.data)
        at = receipt.first if event.time is None else event.time
        if isinstance(said, events.Detection):
            return [self._detection(said, event.source, event.id, at, receipt)]
        if isinstance(said, events.Report):
            return [self._report(said, event, at, receipt)]
        at = receipt.now if event.time is None else at
        return [self._update(said, event.source, event.id, at, receipt.now)]

    def _receipt(self, record: Record, headers: Mapping[str, bytes]) -> Receipt:
        """By Kafka's time, so that nothing grows too old while intake is down or while it is a dead letter."""
        now = min(record.timestamp, self._now) if record.timestamp > 0 else self._now
        given = envelope.attribute(headers, RECEIVED) if REPLAYED in headers else ""
        first = envelope.instant(RECEIVED, given) if given else 0
        return Receipt(now, min(first, now) if first > 0 else now)

    def _check_time(self, kind: str, at: int, receipt: Receipt) -> None:
        if at > receipt.now + self._ahead:
            raise Poison("ce_time", f"must be at most {self._ahead // 1000} s ahead of the receipt", "ahead-of-time")
        if at < receipt.first - self._windows[kind]:
            raise Poison("ce_time", f"must be at most {self._windows[kind] // 1000} s before the receipt", "too-late")

    def _vendor(self, record: Record, headers: dict[str, bytes], receipt: Receipt) -> list[Draft | Ignored]:
        if record.value is None:
            raise Poison("data", "is missing", "no-data")
        name = envelope.attribute(headers, "format")
        site = Site(self._city.zone, envelope.attribute(headers, "camera"))
        readings = decode_format(name, record.value, site)
        source = envelope.attribute(headers, "ce_source")
        given = envelope.attribute(headers, "ce_id")
        time = envelope.attribute(headers, "ce_time")
        # Without an id of its own the same bytes are the same message.
        known = given or all(reading.id for reading in readings)
        digest = "" if known else hashlib.sha256(record.value).hexdigest()[:32]
        drafts = []
        for n, reading in enumerate(readings):
            own = given or reading.id or digest
            event_id = f"{own}/{n}" if len(readings) > 1 and (given or not reading.id) else own
            at = envelope.instant("ce_time", time) if time else reading.at
            drafts.append(
                self._detection(
                    reading.detection,
                    source or f"{name}/{reading.detection.camera_id}",
                    event_id,
                    receipt.first if at is None else at,
                    receipt,
                )
            )
        return drafts

    def _detection(
        self, said: events.Detection, source: str, event_id: str, at: int, receipt: Receipt
    ) -> Draft | Ignored:
        self._check_time("detection", at, receipt)
        camera = self._city.cameras.get(said.camera_id)
        if camera is None:
            raise Poison("camera_id", "must be a camera of the city's registry", "unknown-camera")
        text = mask(said.text) if said.text else ""
        fields: dict[str, Any] = {
            "kind": "detection",
            "source": source,
            "id": event_id,
            "at": at,
            "address": camera.name,
            "camera": said.camera_id,
            "label": said.label,
            "algorithm": said.algorithm,
            "object_id": self._object(said.object_id),
            "confidence": said.confidence,
            "phase": said.phase,
            "media_urls": said.media_urls,
            "text": text,
        }
        rule = self._city.labels.find(said.vendor, said.algorithm, said.label)
        if rule is not None:
            if said.confidence is not None and said.confidence < rule.min_confidence:
                return Ignored(rule.category)
            fields["category"] = rule.category
        point = None
        if said.location is not None and said.location.lat is not None and said.location.lon is not None:
            point = (said.location.lat, said.location.lon)
        # An unknown label is classified by what the algorithm says, at least by the label itself.
        unknown = "" if rule is not None else text or said.label
        return Draft(Sighting, fields, point, None if point else by_camera(camera), text=unknown)

    def _object(self, name: str) -> str:
        """A plate as the name of an object stays a name, but says no more whose car it is."""
        return name if not name or _is_plain(name) else reporter_hash(self._keys.hmac, name)

    def _report(self, said: events.Report, event: envelope.Event, at: int, receipt: Receipt) -> Draft:
        self._check_time("report", at, receipt)
        text, title = mask(said.text), mask(said.title)
        place, who = said.location or events.Location(), said.reporter or events.Reporter()
        address = mask(place.address)
        fields: dict[str, Any] = {
            "kind": "report",
            "source": event.source,
            "id": event.id,
            "at": at,
            "address": address,
            "title": title,
            "text": text,
            "channel": mask(said.channel),
            "reporter": reporter_hash(self._keys.hmac, who.id or who.phone),
            "contact": seal(self._keys.contact, Contact(who.name, who.phone)),
            "hint": mask(said.category),
            "media_urls": said.media_urls,
            "due_given": "due_at" in said.model_fields_set,
            "due": said.due_at,
        }
        words = whole_text(title, text)
        return Draft(Sighting, fields, _point(place), given=place.area, words=(address, words), text=words)

    def _update(self, said: events.Update, source: str, event_id: str, at: int, received: int) -> Draft:
        by = said.by
        person = reporter_hash(self._keys.hmac, by.id) if by.role == "reporter" else by.id
        fields: dict[str, Any] = {
            "source": source,
            "id": event_id,
            "at": at,
            "action": said.action,
            "by": Actor(by.role or "department", by.department, person),
            "order_id": said.order_id or "",
            "report": (said.report.source, said.report.id) if said.report else None,
            "attempt": said.attempt,
            "reason": mask(said.reason),
            "code": said.code,
            "category": said.category,
            "condition": said.condition,
            "department": said.suggested_department or said.department,
            "assists": said.assists,
            "other_order_id": said.other_order_id or "",
            "until": said.until,
            "satisfied": said.satisfied,
            "evidence_urls": said.evidence_urls,
            "received": received,
        }
        if said.order_id:
            return Draft(Update, fields, found=Placement(area_of(said.order_id), "given"))
        place = said.location
        if place is None:
            raise Poison("location", "is missing: an update that names its order by report must say where", "no-area")
        here = Placement(UNLOCATED, "given") if place.area == UNLOCATED else None
        return Draft(Update, fields, _point(place), here, place.area, (mask(place.address),))


def _point(place: events.Location) -> Point | None:
    return None if place.lat is None or place.lon is None else (place.lat, place.lon)

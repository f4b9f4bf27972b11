"""What a record says as sightings and updates without personal data; only the place and the guess are still missing.

Two ask: intake, which makes drafts of records (`DraftReader`), and whoever has to answer for an event before it is a
record, as the gateway does (`check`). Both read the same, and raise the same.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from dispatcher.partition.identity import area_of
from models import envelope, events
from models.city import Asset, Camera, City
from models.city.files.cells import DROPPED, FOR_A_PERSON
from models.errors import Poison
from models.events.vocabulary import BY_HASH
from models.formats.quiet_scenes import classified, is_quiet
from models.formats.scenes import describes_scene
from models.guess import NO_FAULT
from models.inbox import UNLOCATED, UNREGISTERED, Actor, InboxUpdate, Sighting, UnitHeard
from models.masking import mask, masked_term
from models.record import Record
from models.redact import Contact, acting_reporter, encrypt_contact, reporter_hash
from models.words import whole_text
from streams.intake.personal.cleaning import cleaner_for
from streams.intake.placing import Described, Placement, Point, by_asset, by_camera
from streams.intake.said import (
    Instant,
    Said,
    SaidBy,
    SaidDetection,
    SaidLocation,
    SaidRecheck,
    SaidReport,
    SaidReporter,
    SaidUnit,
    SaidUpdate,
    Statement,
    content_of,
)
from streams.intake.statements import StatementReader, Vendor, named_alone
from streams.intake.ways import ANY, Way

T = TypeVar("T")

_MAY_NAME_AN_ASSET = (SaidReport, SaidDetection)


class Keys(msgspec.Struct, frozen=True):
    """The key of the reporters' hashes and, where contacts are kept, the Fernet key that encrypts them."""

    hmac: bytes
    contact: str = ""


class Draft(msgspec.Struct, frozen=True, gc=False):
    """An item without its guess. `where` leads to its place where it has none yet: a point needs a polygon, a
    description is looked up. `text` is what to classify, empty for nothing. `otherwise` is the place when the point
    lies outside the city. `dropped`: the label table drops its label, so that it counts by what its words surely name,
    or not at all."""

    item: Sighting | InboxUpdate
    where: Point | Described | None = None
    text: str = ""
    otherwise: Placement | None = None
    dropped: bool = False

    @property
    def unregistered(self) -> str:
        """The camera that has seen it, where the registry does not have that; else empty."""
        item = self.item
        return item.camera if isinstance(item, Sighting) and item.place == UNREGISTERED else ""

    def unlisted_algorithm(self, city: City) -> "Unlisted | None":
        """Its camera and the algorithm that has seen it, where the camera's row lists algorithms and not this one."""
        item = self.item
        if not isinstance(item, Sighting) or city.runs(item.camera, item.algorithm):
            return None
        return Unlisted(algorithm=item.algorithm, camera=item.camera)

    def at(self, place: Placement) -> Sighting | InboxUpdate:
        """The item in its place."""
        if isinstance(self.item, Sighting):
            how = UNREGISTERED if self.item.place == UNREGISTERED else place.how
            return replace(self.item, area=place.area, place=how, lat=place.lat, lon=place.lon)
        return replace(self.item, area=place.area)


class Ignored(msgspec.Struct, frozen=True):
    """A detection that goes no further: its own algorithm is not sure enough of it, the city's label table drops it
    (`category` is `-`), or it describes a scene in which nothing is the matter (`none`)."""

    category: str


class Unlisted(msgspec.Struct, frozen=True):
    """What the city's tables do not have, and is counted: the label of a detection without a description of the scene,
    which opens nothing; or a `camera` of which something came that says itself where it is; or, with both, an
    `algorithm` that the row of a registered camera does not list. Without personal data."""

    vendor: str = ""
    algorithm: str = ""
    label: str = ""
    camera: str = ""


class Flaw(msgspec.Struct, frozen=True):
    """What is wrong with one detection of a message that holds good ones as well, and which it is."""

    index: int
    poison: Poison


def _each(statements: Sequence[Statement | Poison], make: Callable[[Statement], T]) -> list[T | Flaw]:
    """What is made of each statement, or what is wrong with it. Raises Poison when none is good."""
    found: list[T | Flaw] = []
    for n, statement in enumerate(statements):
        try:
            if isinstance(statement, Poison):
                raise statement
            found.append(make(statement))
        except Poison as poison:
            found.append(Flaw(n, poison))
    if found and all(isinstance(each, Flaw) for each in found):
        raise next(each.poison for each in found if isinstance(each, Flaw))
    return found


class DraftReader:
    """Reads records that come by one way, with one city, one set of keys and one receipt time, ms UTC."""

    def __init__(self, city: City, now_ms: int, keys: Keys, way: Way = ANY) -> None:
        self._city, self._keys = city, keys
        self._way = way
        self._statements = StatementReader(city, now_ms)
        self._told: dict[str, None] = {}
        self._cleaner = cleaner_for(city, keys.hmac)

    @property
    def heard(self) -> dict[str, str]:
        """The registered cameras of which something came that opens nothing, each with its area: they are alive.
        A device's own heartbeat counts where detections are taken."""
        said = self._statements.alive if events.DETECTION in self._way.takes else {}
        cameras = self._city.cameras
        return {camera: cameras[camera].area for camera in self._told | said if camera in cameras}

    def read(self, record: Record) -> list[Draft | Ignored | Unlisted | UnitHeard | Flaw]:
        """The drafts of one record, and what is wrong with others in it. Raises Poison when nothing in it is good."""
        return _each(self._statements.read(record), self._draft)

    def _draft(self, statement: Statement) -> Draft | Ignored | Unlisted | UnitHeard:
        """What becomes of one statement. Raises Poison where it must not come by this way or names what is none."""
        asset = _asset_of(self._city, statement.said)  # before its id is masked as somebody's number
        given_id = statement.id
        statement = self._cleaner.clean(statement)
        said = statement.said
        self._way.check(statement, given_id)
        _check_orders(self._city, said)
        if isinstance(said, SaidDetection):
            return self._detection(said, statement, asset)
        if isinstance(said, SaidReport):
            return self._report(said, statement, asset)
        if isinstance(said, SaidRecheck):
            return self._recheck(said, statement)
        if isinstance(said, SaidUnit):
            return _unit(self._city, said, statement.at)
        return self._update(said, statement)

    def _detection(self, said: SaidDetection, statement: Statement, asset: Asset | None) -> Draft | Ignored | Unlisted:
        """A detection where its camera stands or where it says, with the category of its label; or why it is none."""
        meant = _meaning(self._city, said, measured=statement.measured)
        if not isinstance(meant, _Meaning):
            self._told[said.camera_id] = None
            return meant
        camera = meant.camera
        stands = Placement(UNLOCATED, UNREGISTERED) if camera is None else by_camera(camera)
        item = Sighting(
            kind="detection",
            source=statement.source,
            id=statement.id,
            at=statement.at,
            area=stands.area,
            place=stands.how,
            lat=stands.lat,
            lon=stands.lon,
            address="" if camera is None else camera.name,
            camera=self._cleaner.name(said.camera_id) if camera is None else said.camera_id,
            label=said.label,
            algorithm=said.algorithm,
            object_id=said.object_id,
            bbox=said.bbox,
            confidence=said.confidence,
            phase=said.phase,
            media_urls=said.media_urls,
            text=said.text,
            category=meant.category,
            content=content_of(said, self._keys.hmac) if statement.compared else 0,
            asked=statement.asked,
            asset="" if asset is None else asset.id,
        )
        # Where the registry has put a camera counts for more than the place that its maker has set.
        otherwise = stands if statement.by_device and camera is not None else None
        words = classified(said.text) if meant.by_words else ""
        return Draft(item, meant.point, words, otherwise, meant.dropped)

    def _report(self, said: SaidReport, statement: Statement, asset: Asset | None) -> Draft:
        """A report at its point, else at the asset that it names, else where its words are to say."""
        place, who = said.location or SaidLocation(), said.reporter or SaidReporter()
        item = Sighting(
            kind="report",
            source=statement.source,
            id=statement.id,
            at=statement.at,
            area=UNLOCATED,
            address=place.address,
            title=said.title,
            text=said.text,
            channel=said.channel,
            reporter=reporter_hash(self._keys.hmac, who.id or who.phone),
            contact=encrypt_contact(self._keys.contact, Contact(who.name, who.phone)),
            hint=said.category,
            media_urls=said.media_urls,
            due_given=said.due_at is not UNSET,
            due=int(said.due_at) if isinstance(said.due_at, Instant) else None,
            content=content_of(said, self._keys.hmac),
            asked=statement.asked,
            asset="" if asset is None else asset.id,
            joins=said.joins or "",
        )
        words = whole_text(said.title, said.text)
        point = _point(place)
        if point is None and asset is not None:
            return Draft(Draft(item).at(by_asset(asset)), None, words)
        return Draft(item, point or Described(place.area, (place.address, words, item.joins)), words)

    def _recheck(self, said: SaidRecheck, statement: Statement) -> Draft:
        """A camera answers as one that makes the check: it is its own word, whatever the topic."""
        known = said.camera_id in self._city.cameras
        camera = Actor("camera", "", said.camera_id if known else self._cleaner.name(said.camera_id))
        item = InboxUpdate(
            source=statement.source,
            id=statement.id,
            at=statement.at,
            action="check-pass" if said.result == "gone" else "check-fail",
            by=camera,
            area=area_of(said.order_id),
            order_id=said.order_id,
            attempt=said.attempt,
            reason=said.text,
            evidence_urls=said.media_urls,
            received=statement.received,
            sender=camera,
            content=content_of(said, self._keys.hmac),
        )
        return Draft(item)

    def _actor(self, by: SaidBy) -> Actor:
        person = acting_reporter(self._keys.hmac, by.id) if by.role in BY_HASH else self._cleaner.name(by.id)
        return Actor(by.role or "department", by.department, person)

    def _update(self, said: SaidUpdate, statement: Statement) -> Draft:
        """A step, with who has sent it by the way on which it came."""
        by, where = self._actor(said.by), _of_order(said)
        sender = None if said.sender is None else self._actor(said.sender)
        if self._way.sender is not None:
            sender = self._way.sender
            if by.role == sender.role and not by.department:
                by = replace(by, department=sender.department)
        item = InboxUpdate(
            source=statement.source,
            id=statement.id,
            at=statement.at,
            action=said.action,
            by=by,
            area=where.area if isinstance(where, Placement) else UNLOCATED,
            order_id=said.order_id or "",
            report=(said.report.source, said.report.id) if said.report else None,
            attempt=said.attempt,
            reason=said.reason,
            code=said.code,
            category=said.category,
            condition=said.condition,
            to_area=said.area,
            inspector=said.inspector,
            plan=said.plan,
            department=said.suggested_department or said.department,
            assists=said.assists,
            other_order_id=said.other_order_id or "",
            until=None if said.until is None else int(said.until),
            priority=said.priority,
            level=said.level,
            satisfied=said.satisfied,
            satisfaction=said.satisfaction,
            evidence_urls=said.evidence_urls,
            received=statement.received,
            sender=sender,
            content=content_of(said, self._keys.hmac),
        )
        return Draft(item, None if isinstance(where, Placement) else where)


class Known(NamedTuple):
    """What is known of an event before intake meets it: under which identity it will go, of several detections that of
    the first good one, and the area, empty where it has still to be looked up. `ends` says why nothing will come of it
    (`ignored`, `unlisted`, `no-alarm`, of where a unit is `noted`), empty where something may. `content` is the digest
    of what a report or an update says, as intake will work it out; 0 for a detection. `events`: how many detections its
    message holds."""

    source: str
    id: str
    area: str
    ends: str = ""
    content: int = 0
    events: int = 1


def check(city: City, now_ms: int, event: envelope.Event, key: bytes, vendor: Vendor | None = None) -> Known:
    """What is known of a good event; `key` is that of the pseudonyms.

    Raises Poison, the same as intake does when it meets the event as a record that came in at `now_ms`.
    """
    cleaner = cleaner_for(city, key)
    statements = StatementReader(city, now_ms).check(event, vendor)
    each = _each(statements, lambda one: _known(city, cleaner.clean(one), key))
    found = [one for one in each if isinstance(one, Known)]
    open_ended = next((one for one in found if not one.ends), None)
    if open_ended is not None or found:
        return (open_ended or found[0])._replace(events=len(each))
    source, event_id = named_alone(event, vendor)
    return Known(cleaner.name(source), cleaner.name(event_id), "", "no-alarm")


def _known(city: City, statement: Statement, key: bytes) -> Known:
    """What is known of one statement, without personal data; it asks what `DraftReader` asks. Raises Poison as that."""
    ANY.check(statement, statement.id)
    said, ends = statement.said, ""
    _check_orders(city, said)
    place: Point | Placement | Described | None = None
    if isinstance(said, SaidDetection):
        meant = _meaning(city, said, measured=statement.measured)
        if isinstance(meant, _Meaning):
            place = meant.point or (None if meant.camera is None else by_camera(meant.camera))
        else:
            ends = "ignored" if isinstance(meant, Ignored) else "unlisted"
    elif isinstance(said, SaidRecheck):
        place = Placement(area_of(said.order_id), "given")
    elif isinstance(said, SaidUpdate):
        place = _of_order(said)
    elif isinstance(said, SaidUnit):
        _unit(city, said, statement.at)
        ends = "noted"
    area = place.area if isinstance(place, Placement) else ""
    content = 0 if isinstance(said, SaidDetection) else content_of(said, key)
    return Known(statement.source, statement.id, area, ends, content)


def _unit(city: City, said: SaidUnit, at: int) -> UnitHeard:
    """Where a unit of the city says that it is, in no area yet: it may serve several. Raises Poison for another one."""
    if said.unit not in city.units.by_id:
        raise Poison("unit", "must be a mobile unit of units.csv", "unknown-unit")
    lat, lon = (None, None) if said.location is None else (said.location.lat, said.location.lon)
    return UnitHeard(unit=said.unit, area="", at=at, state=said.state, lat=lat, lon=lon, load=said.load)


class _Meaning(msgspec.Struct, frozen=True, gc=False):
    """What a city makes of a detection: its camera (None for one that only says itself where it is), its category, its
    own point. Without a category its words say what it is (`by_words`), or else a person; `dropped` as in `Draft`."""

    camera: Camera | None
    category: str
    point: Point | None
    by_words: bool = False
    dropped: bool = False


def _meaning(city: City, said: SaidDetection, *, measured: bool) -> _Meaning | Ignored | Unlisted:
    """What a city makes of a detection, or why it opens nothing: its label is dropped or not listed, its algorithm is
    not sure enough, or it describes a scene in which nothing is the matter. `measured`: it is a sensor's, which
    describes no scene. Raises Poison for a camera that is not registered and does not say where it is."""
    camera = city.cameras.get(said.camera_id)
    point = None if said.location is None else _point(said.location)
    if camera is None and point is None:
        field = "sensor_id" if measured else "camera_id"  # as the sender calls it
        raise Poison(field, _unknown(said.camera_id), "unknown-camera")
    rule = city.labels.find(said.vendor, said.algorithm, said.label)
    # Hardly anything is seen any more where something ends, and often that is how its end was found.
    unsure = rule is not None and said.confidence is not None and said.confidence < rule.min_confidence
    if rule is not None and unsure and said.phase != "end":
        return Ignored(rule.category)
    if rule is None or rule.category == DROPPED:
        dropped = rule is not None
        if measured or not describes_scene(said.text, said.label):
            return Ignored(DROPPED) if dropped else Unlisted(said.vendor, said.algorithm, said.label)
        if dropped and said.phase == "end":
            return Ignored(DROPPED)
        if said.phase != "end" and is_quiet(said.text):
            return Ignored(DROPPED if dropped else NO_FAULT)
        return _Meaning(camera, "", point, by_words=True, dropped=dropped)
    return _Meaning(camera, "" if rule.category == FOR_A_PERSON else rule.category, point)


def _unknown(camera_id: str) -> str:
    """The rule for a camera that is not registered, with the id that was looked for: it is the integrator's to find."""
    if not camera_id.strip(":"):
        return "must be a camera of the city's registry; the message names none, and no header `camera` came with it"
    return f"must be a camera of cameras.csv, which has no {mask(camera_id)[:80]}, or come with coordinates of its own"


def _check_orders(city: City, said: Said) -> None:
    """Raises Poison where the id of an order begins with somebody's number instead of the code of an area: the id is
    kept as it is. That of an area of the city, or of one that it had, may look like anything, or like nobody's."""
    named: dict[str, str | None]
    if isinstance(said, SaidUpdate):
        named = {"order_id": said.order_id, "other_order_id": said.other_order_id}
    elif isinstance(said, SaidRecheck):
        named = {"order_id": said.order_id}
    elif isinstance(said, SaidReport):
        named = {"joins": said.joins}
    else:
        return
    for field, order_id in named.items():
        area = area_of(order_id) if order_id else ""
        if area and area not in city.areas and masked_term(area) != area:
            raise Poison(field, "must be the id of an order of the city", "no-area")


def _of_order(said: SaidUpdate) -> Point | Placement | Described:
    """Where the order is that an update names. Raises Poison when the update does not say."""
    if said.order_id:
        return Placement(area_of(said.order_id), "given")
    place = said.location
    if place is None:
        raise Poison("location", "is missing: an update that names its order by report must say where", "no-area")
    if (point := _point(place)) is not None:
        return point
    return Placement(UNLOCATED, "given") if place.area == UNLOCATED else Described(place.area, (place.address,))


def _asset_of(city: City, said: Said) -> Asset | None:
    """The asset 部件 whose id a report or detection names: in its field, else in its words. None where it names none of
    the city's, or several."""
    if not city.assets or not isinstance(said, _MAY_NAME_AN_ASSET):
        return None
    if (known := city.assets.find(said.asset)) is not None:
        return known
    if isinstance(said, SaidDetection):
        return city.assets.find(said.object_id) or city.assets.named(said.text)
    address = said.location.address if said.location is not None else ""
    return city.assets.named("\n".join((said.title, said.text, address)))


def _point(place: SaidLocation) -> Point | None:
    return None if place.lat is None or place.lon is None else (place.lat, place.lon)

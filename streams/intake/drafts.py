"""What a record says as sightings and updates without personal data; only the place and the guess are still missing."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from dispatcher.partition.identity import area_of
from models import events
from models.city import Asset, City
from models.errors import Poison
from models.events.vocabulary import BY_HASH
from models.formats.quiet_scenes import classified
from models.inbox import UNLOCATED, UNREGISTERED, Actor, InboxUpdate, Sighting, UnitHeard
from models.record import Record
from models.redact import Contact, acting_reporter, encrypt_contact, reporter_hash
from models.words import whole_text
from streams.intake.meanings import (
    Ignored,
    Meaning,
    Unlisted,
    asset_of,
    check_orders,
    meaning_of,
    order_place,
    point_of,
    unit_heard,
)
from streams.intake.personal.cleaning import cleaner_for
from streams.intake.placing import Described, Placement, Point, by_asset, by_camera
from streams.intake.reading.said import (
    Instant,
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
from streams.intake.reading.statements import StatementReader
from streams.intake.reading.ways import ANY, Way

T = TypeVar("T")


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

    def unlisted_algorithm(self, city: City) -> Unlisted | None:
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


class Flaw(msgspec.Struct, frozen=True):
    """What is wrong with one detection of a message that holds good ones as well, and which it is."""

    index: int
    poison: Poison


def of_each(statements: Sequence[Statement | Poison], make: Callable[[Statement], T]) -> list[T | Flaw]:
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
        return of_each(self._statements.read(record), self._draft)

    def _draft(self, statement: Statement) -> Draft | Ignored | Unlisted | UnitHeard:
        """What becomes of one statement. Raises Poison where it must not come by this way or names what is none."""
        asset = asset_of(self._city, statement.said)  # before its id is masked as somebody's number
        given_id = statement.id
        statement = self._cleaner.clean(statement)
        said = statement.said
        self._way.check(statement, given_id)
        check_orders(self._city, said)
        if isinstance(said, SaidDetection):
            return self._detection(said, statement, asset)
        if isinstance(said, SaidReport):
            return self._report(said, statement, asset)
        if isinstance(said, SaidRecheck):
            return self._recheck(said, statement)
        if isinstance(said, SaidUnit):
            return unit_heard(self._city, said, statement.at)
        return self._update(said, statement)

    def _detection(self, said: SaidDetection, statement: Statement, asset: Asset | None) -> Draft | Ignored | Unlisted:
        """A detection where its camera stands or where it says, with the category of its label; or why it is none."""
        meant = meaning_of(self._city, said, measured=statement.measured)
        if not isinstance(meant, Meaning):
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
        point = point_of(place)
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
        by, where = self._actor(said.by), order_place(said)
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

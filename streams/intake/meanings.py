"""What a city makes of what is said: by its registry, its tables of labels, units and assets, and its areas."""

import msgspec

from dispatcher.partition.identity import area_of
from models.city import Asset, Camera, City
from models.city.files.cells import DROPPED, FOR_A_PERSON
from models.errors import Poison
from models.formats.quiet_scenes import is_quiet
from models.formats.scenes import describes_scene
from models.guess import NO_FAULT
from models.inbox import UNLOCATED, UnitHeard
from models.masking import mask, masked_term
from streams.intake.placing import Described, Placement, Point
from streams.intake.reading.said import (
    Said,
    SaidDetection,
    SaidLocation,
    SaidRecheck,
    SaidReport,
    SaidUnit,
    SaidUpdate,
)

_MAY_NAME_AN_ASSET = (SaidReport, SaidDetection)


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


class Meaning(msgspec.Struct, frozen=True, gc=False):
    """What a city makes of a detection: its camera (None for one that only says itself where it is), its category, its
    own point. Without a category its words say what it is (`by_words`), or else a person; `dropped`: the label table
    drops its label."""

    camera: Camera | None
    category: str
    point: Point | None
    by_words: bool = False
    dropped: bool = False


def meaning_of(city: City, said: SaidDetection, *, measured: bool) -> Meaning | Ignored | Unlisted:
    """What a city makes of a detection, or why it opens nothing: its label is dropped or not listed, its algorithm is
    not sure enough, or it describes a scene in which nothing is the matter. `measured`: it is a sensor's, which
    describes no scene. Raises Poison for a camera that is not registered and does not say where it is."""
    camera = city.cameras.get(said.camera_id)
    point = None if said.location is None else point_of(said.location)
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
        return Meaning(camera, "", point, by_words=True, dropped=dropped)
    return Meaning(camera, "" if rule.category == FOR_A_PERSON else rule.category, point)


def _unknown(camera_id: str) -> str:
    """The rule for a camera that is not registered, with the id that was looked for: it is the integrator's to find."""
    if not camera_id.strip(":"):
        return "must be a camera of the city's registry; the message names none, and no header `camera` came with it"
    return f"must be a camera of cameras.csv, which has no {mask(camera_id)[:80]}, or come with coordinates of its own"


def unit_heard(city: City, said: SaidUnit, at: int) -> UnitHeard:
    """Where a unit of the city says that it is, in no area yet: it may serve several. Raises Poison for another one."""
    if said.unit not in city.units.by_id:
        raise Poison("unit", "must be a mobile unit of units.csv", "unknown-unit")
    lat, lon = (None, None) if said.location is None else (said.location.lat, said.location.lon)
    return UnitHeard(unit=said.unit, area="", at=at, state=said.state, lat=lat, lon=lon, load=said.load)


def check_orders(city: City, said: Said) -> None:
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


def order_place(said: SaidUpdate) -> Point | Placement | Described:
    """Where the order is that an update names. Raises Poison when the update does not say."""
    if said.order_id:
        return Placement(area_of(said.order_id), "given")
    place = said.location
    if place is None:
        raise Poison("location", "is missing: an update that names its order by report must say where", "no-area")
    if (point := point_of(place)) is not None:
        return point
    return Placement(UNLOCATED, "given") if place.area == UNLOCATED else Described(place.area, (place.address,))


def asset_of(city: City, said: Said) -> Asset | None:
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


def point_of(place: SaidLocation) -> Point | None:
    """The coordinates of a place that has both."""
    return None if place.lat is None or place.lon is None else (place.lat, place.lon)

"""GA/T 1400 view library (VIID) objects: motor vehicles, non-motor vehicles, persons, faces and things.

The plate, the face and the pictures' bytes are not read: only what the object is, where and when, and the links to the
pictures of all of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from models.errors import Poison
from models.events import make_detection
from models.formats.reading import Alive, Reading, Site, at_path, attempts, box, links, listed, moment, objects, text_of

# The list of each kind of object, the name in it, the field of its id, and the label that it becomes. What a
# subscriber is notified of (GA/T 1400.4) holds the same objects in lists with the words the other way round.
_KINDS = (
    ("MotorVehicleListObject", "MotorVehicleObject", "MotorVehicleID", "motor-vehicle"),
    ("NonMotorVehicleListObject", "NonMotorVehicleObject", "NonMotorVehicleID", "non-motor-vehicle"),
    ("PersonListObject", "PersonObject", "PersonID", "person"),
    ("FaceListObject", "FaceObject", "FaceID", "face"),
    ("ThingListObject", "ThingObject", "ThingID", "thing"),
)
_EDGES = ("LeftTopX", "LeftTopY", "RightBtmX", "RightBtmY")
_PICTURES = ("StorageUrl1", "StorageUrl3")  # from near and from afar; the second one is of the plate
_TIMES = ("PassTime", "AppearTime", "MarkTime", "LocationMarkTime", "PersonAppearTime", "FaceAppearTime")
_DEVICE_CHARS = 20
# A device's heartbeat, its coming, and its answers; and its going, after which it is silent.
_ALIVE, _GONE = ("KeepaliveObject", "RegisterObject", "ResponseStatusListObject"), "UnRegisterObject"
_NOTIFIED, _NOTIFIED_OF = "SubscribeNotificationListObject", "SubscribeNotificationObject"


def decode(message: Mapping[str, Any], site: Site) -> Iterator[Reading | Alive | Poison]:
    """One reading for each object; of none, and of a heartbeat, that the device is alive. Raises Poison."""
    if listed(message, _GONE):
        return iter(())
    for name in _ALIVE:
        if listed(message, name):
            return iter((Alive(site.camera or text_of(at_path(message, name, "DeviceID"))),))
    if listed(message, _NOTIFIED):
        held = message[_NOTIFIED]
        told = objects(held.get(_NOTIFIED_OF) if isinstance(held, Mapping) else held)
        return _readings((thing for each in told for thing in _things(each)), site)
    if not any(listed(message, name) for kind in _KINDS for name in kind[:2]):
        raise Poison("data", f"must hold one of {', '.join(kind[0] for kind in _KINDS)}")
    return _readings(_things(message), site)


def _readings(things: Iterable[tuple[object, str, str]], site: Site) -> Iterator[Reading | Alive | Poison]:
    nothing = True
    for each in attempts(things, lambda thing: _reading(*thing, site)):
        nothing = False
        yield each
    if nothing:
        yield Alive(site.camera)


def _things(message: object) -> Iterator[tuple[object, str, str]]:
    if not isinstance(message, Mapping):
        raise Poison(_NOTIFIED, "must hold objects")
    for container, named, key, label in _KINDS:
        held = message.get(container, message.get(container.replace("ListObject", "ObjectList"), message))
        for thing in objects(held.get(named) if isinstance(held, Mapping) else held):
            yield thing, key, label


def _reading(thing: object, key: str, label: str, site: Site) -> Reading:
    if not isinstance(thing, Mapping):
        raise Poison("data", f"must hold objects where it has a {label}")
    own = text_of(thing.get(key))
    # The first twenty characters of an object's id are the id of the device that saw it (GA/T 1400.3).
    camera = site.camera or text_of(thing.get("DeviceID")) or own[:_DEVICE_CHARS]
    detection = make_detection(
        {
            "camera_id": camera,
            "vendor": "gat1400",
            "label": text_of(thing.get("Behavior")) or label,
            "algorithm": label,
            "object_id": own,
            "bbox": box(thing.get(edge, 0) for edge in _EDGES),
            "text": text_of(thing.get("BehaviorDescription")),
            "media_urls": links(thing.get(name) for name in _PICTURES),
        }
    )
    when = next((thing[name] for name in _TIMES if thing.get(name)), None)
    return Reading(detection, own, moment(when, site, "PassTime"))

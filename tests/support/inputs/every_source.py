"""One message of each kind of source: what it looks like now, seen by a camera of its own, and what must come of it."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from models.events import DETECTION, MEASUREMENT
from tests.support.inputs.every_field import ALARM, RULE

PICTURE = "https://media.example/1.jpg"
BOX = (1.0, 2.0, 3.0, 4.0)
_LOCAL = timedelta(hours=8)


class Seen(NamedTuple):
    """What must stand as evidence in the assignment: the vendor's label, its own id for it (None where the message has
    none), box and links; `words` it holds, `dated` when the message says when that was."""

    label: str
    id: str | None = None
    bbox: tuple[float, ...] | None = None
    links: tuple[str, ...] = ()
    words: str = ""
    dated: bool = True


class Source(NamedTuple):
    """A kind of source. `written` makes the bytes of a message by a camera at a time, of a `kind` of event or, where
    that is empty, in a vendor's `format`; `dead` are the numbers in it of what no order can come of."""

    name: str
    written: Callable[[str, datetime], bytes]
    seen: tuple[Seen, ...]
    format: str = ""
    kind: str = ""
    dead: tuple[int, ...] = ()


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _city_time(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None) + _LOCAL


def _bytes(tree: object) -> bytes:
    return json.dumps(tree, ensure_ascii=False).encode()


def _deepstream(camera: str, at: datetime) -> bytes:
    edges = {"topleftx": 1, "toplefty": 2, "bottomrightx": 3, "bottomrighty": 4}
    thing = {"id": "5", "vehicle": {"type": "van", "confidence": 0.9}, "bbox": edges}
    return _bytes({
        "messageid": f"{camera}-m", "@timestamp": _utc(at), "sensor": {"id": camera}, "object": thing,
        "event": {"type": "entry"}, "analyticsModule": {"source": "v1"}, "videoPath": PICTURE,
    })  # fmt: skip


def _frame(camera: str, at: datetime) -> bytes:
    objects: list[Any] = [f"{n}|1|2|3|4|bag" for n in range(20)]
    objects[7] = "broken"
    return _bytes({"messageid": f"{camera}-m", "@timestamp": _utc(at), "sensorId": camera, "objects": objects})


def _alert(camera: str, at: datetime, name: str = "") -> dict[str, Any]:
    return {
        "id": f"{camera}-a{name}", "timestamp": _utc(at), "sensor": {"id": camera}, "event": {"type": "stopped"},
        "object": {"id": name}, "confidence": 0.9, "analyticsModule": {"id": "stop"}, "videoUrl": PICTURE,
    }  # fmt: skip


def _metropolis(camera: str, at: datetime) -> bytes:
    return _bytes(_alert(camera, at))


def _array(camera: str, at: datetime) -> bytes:
    return _bytes([_alert(camera, at, "1"), {"sensor": {"id": camera}}, _alert(camera, at, "2")])


def _lines(camera: str, at: datetime) -> bytes:
    return b"\n".join((_bytes(_alert(camera, at, "1")), b'{"sensor": {}}', _bytes(_alert(camera, at, "2"))))


def _gb28181(encoding: str, camera: str, at: datetime) -> bytes:
    alarm = ALARM.format(encoding).replace("340200", camera).replace("有人闯入", "井盖缺失，有人绕行")
    return alarm.replace("2026-03-01T16:00:00", _city_time(at).strftime("%Y-%m-%dT%H:%M:%S")).encode(encoding)


def _onvif(camera: str, at: datetime) -> bytes:
    return RULE.format("Changed", "true").replace("v1", camera).replace("2026-03-01T08:00:00Z", _utc(at)).encode()


def _hikvision(camera: str, at: datetime) -> bytes:
    rect = "<TargetRect><X>1</X><Y>2</Y><width>2</width><height>2</height></TargetRect>"
    return f"""<EventNotificationAlert xmlns="urn:x"><deviceID>{camera}</deviceID><UUID>{camera}-u</UUID>
<dateTime>{_city_time(at):%Y-%m-%dT%H:%M:%S}+08:00</dateTime><eventType>fielddetection</eventType>{rect}
<eventState>active</eventState><bkgUrl>{PICTURE}</bkgUrl></EventNotificationAlert>""".encode()


def _gat1400(camera: str, at: datetime) -> bytes:
    seen = {
        "MotorVehicleID": f"{camera}-v", "DeviceID": camera, "PassTime": f"{_city_time(at):%Y%m%d%H%M%S}",
        "LeftTopX": 1, "LeftTopY": 2, "RightBtmX": 3, "RightBtmY": 4, "StorageUrl1": PICTURE,
    }  # fmt: skip
    return _bytes({"MotorVehicleListObject": {"MotorVehicleObject": [seen]}})


def _dahua(camera: str, at: datetime) -> bytes:
    data = {
        "Class": "City", "EventID": 5, "MachineName": camera, "RealUTC": int(at.timestamp()),
        "Object": {"ObjectID": 3, "Confidence": 230, "BoundingBox": [1, 2, 3, 4]},
    }  # fmt: skip
    return _bytes({"params": {"eventList": [{"Action": "Start", "Code": "Garbage", "Data": data}]}})


def _described(camera: str, at: datetime) -> bytes:
    thing = {"label": "manhole", "bbox_2d": [1, 2, 3, 4], "plate": "鄂A12345", "face_id": "f-7"}
    return _bytes({
        "id": f"{camera}-s", "camera": camera, "timestamp": _utc(at), "confidence": "91%", "objects": [thing],
        "description": "井盖缺失，鄂A12345绕行", "image_url": PICTURE,
    })  # fmt: skip


def _survey(geometry: Mapping[str, Any], camera: str, at: datetime) -> bytes:
    said = {"label": "illegal-building", "score": 0.9, "platform": camera, "image_url": PICTURE, "datetime": _utc(at)}
    return _bytes({"type": "FeatureCollection", "features": [
        {"type": "Feature", "id": f"{camera}-f", "geometry": dict(geometry), "properties": said},
    ]})  # fmt: skip


_POINT: dict[str, Any] = {"type": "Point", "coordinates": [114.05, 30.05]}
_CORNERS = [[114.05, 30.05], [114.051, 30.05], [114.051, 30.051], [114.05, 30.051], [114.05, 30.05]]
_POLYGON: dict[str, Any] = {"type": "Polygon", "coordinates": [_CORNERS]}


def _measured(quantity: str, value: float, threshold: float, side: str, camera: str, at: datetime) -> bytes:
    return _bytes({"sensor_id": camera, "quantity": quantity, "value": value, "threshold": threshold, "side": side,
                   "unit": "u", "media_urls": [PICTURE]})  # fmt: skip


def _several(separator: bytes, camera: str, at: datetime) -> bytes:
    """A JSON array or JSON lines of detections, each with an id and a time; the second lacks its label."""
    plain = {"camera_id": camera, "bbox": BOX, "media_urls": [PICTURE], "time": _utc(at)}
    bags = [plain | {"label": "bag", "id": f"{camera}-{n}", "object_id": f"{n}"} for n in (0, 2)]
    said = [_bytes(each) for each in (bags[0], plain, bags[1])]
    return b"[" + separator.join(said) + b"]" if separator == b"," else separator.join(said)


def _detected(camera: str, at: datetime) -> bytes:
    return _bytes({"camera_id": camera, "label": "bag", "bbox": BOX, "media_urls": [PICTURE], "confidence": 0.9})


def _strange(camera: str, at: datetime) -> bytes:
    return _bytes({"camera_id": f"strange-{camera}", "label": "bag", "location": {"lat": 30.05, "lon": 114.05}})


def _of_camera(function: Callable[..., bytes], *said: Any) -> Callable[[str, datetime], bytes]:
    return lambda camera, at: function(*said, camera, at)


_TWO_OF_THREE = (Seen("stopped", "{}-a1", links=(PICTURE,)), Seen("stopped", "{}-a2", links=(PICTURE,)))
_OF_A_FRAME = tuple(Seen("bag", f"{{}}-m/{n}", BOX) for n in range(20) if n != 7)
_SEVERAL = (Seen("bag", "{}-0", BOX, (PICTURE,)), Seen("bag", "{}-2", BOX, (PICTURE,)))
_ALARM = (Seen("intrusion", "{}/{local}/17", words="井盖缺失，有人绕行"),)
_BUILT = Seen("illegal-building", "{}-f", links=(PICTURE,), dated=False)
_SIGNS = {"below": "<", "above": ">"}
MEASURED = {
    "gas-pressure": (0.08, 0.1, "below"),
    "heating-temperature": (14.0, 18.0, "below"),
    "manhole-tilt": (31.0, 15.0, "above"),
    "muck-truck-speed": (71.0, 50.0, "above"),
}
SOURCES = (
    Source("deepstream", _deepstream, (Seen("vehicle", "{}-m", BOX, (PICTURE,)),), "deepstream"),
    Source("frame", _frame, _OF_A_FRAME, "deepstream", "", (7,)),
    Source("metropolis", _metropolis, (Seen("stopped", "{}-a", links=(PICTURE,)),), "metropolis"),
    Source("array", _array, _TWO_OF_THREE, "metropolis", "", (1,)),
    Source("lines", _lines, _TWO_OF_THREE, "metropolis", "", (1,)),
    Source("gb28181", _of_camera(_gb28181, "UTF-8"), _ALARM, "gb28181"),
    Source("gb18030", _of_camera(_gb28181, "GB18030"), _ALARM, "gb28181"),
    Source("onvif", _onvif, (Seen("Crossed"),), "onvif"),
    Source("hikvision", _hikvision, (Seen("fielddetection", "{}-u", BOX, (PICTURE,)),), "hikvision"),
    Source("gat1400", _gat1400, (Seen("motor-vehicle", "{}-v", BOX, (PICTURE,)),), "gat1400"),
    Source("dahua", _dahua, (Seen("Garbage", "{}/Garbage/5/{ms}", BOX),), "dahua"),
    Source("described", _described, (Seen("manhole", "{}-s", BOX, (PICTURE,), "井盖缺失，***绕行"),), "scene"),
    Source("polygon", _of_camera(_survey, _POLYGON), (_BUILT._replace(words="10702 m² {utc}"),), "geojson"),
    Source("point", _of_camera(_survey, _POINT), (_BUILT._replace(words="{utc}"),), "geojson"),
    Source("several", _of_camera(_several, b","), _SEVERAL, "detections", "", (1,)),
    Source("several-lines", _of_camera(_several, b"\n"), _SEVERAL, "detections", "", (1,)),
    Source("detection", _detected, (Seen("bag", "{}-e", BOX, (PICTURE,)),), kind=DETECTION),
    Source("unregistered", _strange, (Seen("bag", "{}-e"),), kind=DETECTION),
    *(
        Source(quantity, _of_camera(_measured, quantity, value, limit, side), kind=MEASUREMENT, seen=(
            Seen(f"{quantity}-{side}", "{}-e", links=(PICTURE,), words=f"{value:g} u ({_SIGNS[side]} {limit:g})"),
        ))
        for quantity, (value, limit, side) in MEASURED.items()
    ),
)  # fmt: skip


def named(name: str, camera: str, at: datetime) -> str:
    """An id or words of what must be seen, with the camera and the time in the place of their marks."""
    local = _city_time(at).strftime("%Y-%m-%dT%H:%M:%S")
    utc = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return name.format(camera, local=local, utc=utc, ms=int(at.timestamp() * 1000))

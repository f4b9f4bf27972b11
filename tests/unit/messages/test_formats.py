"""Vendors' bytes become detections: small messages of our own for each format."""

import json
import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dispatcher.partition.index import fingerprint
from models.errors import Poison
from models.formats import FORMATS, Decoded, Reading, Site, decode_format, decode_message
from models.formats.reading import MAX_READINGS
from models.inbox import Sighting
from models.times import from_text
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from tests.support.cities import CITY_TOML, tiny_city
from tests.support.inputs.every_field import ALARM, ISAPI, RULE
from tests.support.messages import NOW, raw

SITE = Site(ZoneInfo("Asia/Shanghai"))


def one(name: str, value: str | bytes | dict[str, Any], site: Site = SITE) -> Reading:
    """The only reading of a message."""
    text = json.dumps(value) if isinstance(value, dict) else value
    [reading] = good(name, text.encode() if isinstance(text, str) else text, site)
    return reading


def good(name: str, body: bytes, site: Site = SITE) -> list[Reading]:
    """The readings of a message in which nothing is wrong."""
    readings = decode_format(name, body, site)
    assert not [each for each in readings if isinstance(each, Poison)]
    return [each for each in readings if isinstance(each, Reading)]


def said(reading: Reading) -> dict[str, Any]:
    """What the detection says beyond the defaults, without the vendor."""
    return reading.detection.model_dump(exclude_defaults=True, exclude={"vendor"})


def test_deepstream_full_schema() -> None:
    """Sensor, module, the object's class with its confidence, box and place."""
    reading = one("deepstream", {
        "messageid": "m1", "@timestamp": "2026-03-01T08:00:00.000Z",
        "sensor": {"id": "c1", "location": {"lat": 30.05, "lon": 114.05}},
        "analyticsModule": {"id": "A", "source": "litter-v2"},
        "object": {"id": "5", "vehicle": {"type": "van", "confidence": 0.5},
                   "bbox": {"topleftx": 1, "toplefty": 2, "bottomrightx": 3, "bottomrighty": 4}},
        "event": {"id": "e", "type": "entry"},
    })  # fmt: skip
    assert (reading.id, reading.at) == ("m1", NOW)
    assert said(reading) == {
        "camera_id": "c1", "label": "vehicle", "algorithm": "litter-v2", "confidence": 0.5, "object_id": "5",
        "phase": "start", "bbox": (1.0, 2.0, 3.0, 4.0), "location": {"lat": 30.05, "lon": 114.05},
    }  # fmt: skip


def test_deepstream_minimal_schema_has_a_reading_for_each_object() -> None:
    """As objects or as lines, and one for each rule that triggered."""
    message = {
        "messageid": "m", "sensorId": "c1", "@timestamp": "2026-03-01T08:00:00Z",
        "objects": ["7|1.5|2|3|4|bag", {"id": "8", "type": "bin", "confidence": 90}],
        "analytics": {"overcrowding": {"roi_name": "gate", "triggered": True}, "idle": {"triggered": False}},
    }  # fmt: skip
    readings = good("deepstream", json.dumps(message).encode())
    assert [(r.id, r.detection.label) for r in readings] == [("m/0", "bag"), ("m/1", "bin"), ("m/2", "overcrowding")]
    assert [r.detection.confidence for r in readings] == [None, 0.9, None]


@pytest.mark.parametrize("untracked", [2**64 - 1, str(2**64 - 1), -1])
def test_what_no_tracker_follows_is_no_object(untracked: int | str) -> None:
    """DeepStream gives all of it the same number: they would be one thing, wherever they are."""
    thing = {"id": untracked, "type": "bag"}

    full = one("deepstream", {"sensor": {"id": "c1"}, "object": thing, "event": {"type": "moving"}})
    minimal = one("deepstream", {"sensorId": "c1", "objects": [thing]})
    line = one("deepstream", {"sensorId": "c1", "objects": [f"{untracked}|1|2|3|4|bag"]})

    assert [each.detection.object_id for each in (full, minimal, line)] == ["", "", ""]


@pytest.mark.parametrize("kind", ["moving", "entry"])
def test_what_no_tracker_follows_goes_on_for_nobody(kind: str) -> None:
    """With a phase a drone's finds in two places had one fingerprint."""
    found = []
    for lat in (30.05, 30.06):
        told = one("deepstream", untracked_bag(kind, lat)).detection
        found.append(
            Sighting(
                kind="detection", source="s", id="1", at=0, area="a", camera="c1", label=told.label, place="polygon",
                object_id=told.object_id, phase=told.phase, lat=lat, lon=114.05,
            )
        )  # fmt: skip

    assert [each.phase for each in found] == ["", ""]
    assert fingerprint(found[0]) != fingerprint(found[1])


@pytest.mark.parametrize("kind", ["exit", "stop"])
def test_the_end_of_what_no_tracker_follows_ends_nothing(kind: str) -> None:
    """It would end, and pass the check of, whatever the camera has last seen under that label."""
    found = decode_message("deepstream", json.dumps(untracked_bag(kind, 30.05)).encode(), SITE)

    assert found == Decoded((), ("c1",))


def untracked_bag(kind: str, lat: float) -> dict[str, Any]:
    """A bag without a tracker's number at a place, and what is said of it."""
    return {
        "sensor": {"id": "c1", "location": {"lat": lat, "lon": 114.05}},
        "object": {"id": "-1", "type": "bag"},
        "event": {"type": kind},
    }


CROSSED = RULE.replace(' PropertyOperation="{0}"', "").replace('Name="IsInside"', 'Name="Direction"')


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dahua", json.dumps({"Code": "CrossLine", "Action": "Pulse", "Data": {"MachineName": "c1"}})),
        ("onvif", CROSSED.format("", "in")),
        ("hikvision", ISAPI.replace("<eventState>active</eventState>", "")),
    ],
)
def test_what_has_no_end_does_not_begin(name: str, message: str) -> None:
    """It is over once it is not seen any more; of what begins its source says itself when it ends."""
    assert one(name, message).detection.phase == ""


def test_metropolis_alert() -> None:
    """The event's type is the label, the summary the text."""
    reading = one("metropolis", {
        "id": "a1", "timestamp": "2026-03-01T08:00:00Z", "end": "2026-03-01T08:01:00Z", "sensor": {"id": "c1"},
        "analyticsModule": {"id": "stop"}, "event": {"type": "stopped"}, "info": {"scene_summary": "a car stands"},
    })  # fmt: skip
    assert (reading.id, reading.at) == ("a1", NOW)
    assert said(reading) == {"camera_id": "c1", "label": "stopped", "algorithm": "stop", "text": "a car stands"}


@pytest.mark.parametrize("encoding", ["UTF-8", "GB2312", "GBK", "gb18030"])
def test_gb28181_alarm_in_the_encodings_of_the_field(encoding: str) -> None:
    """Local time of the city; serial number and time together are its id."""
    reading = one("gb28181", ALARM.format(encoding).encode(encoding))
    assert (reading.id, reading.at) == ("340200/2026-03-01T16:00:00/17", NOW)
    assert said(reading) == {
        "camera_id": "340200", "label": "intrusion", "algorithm": "alarm-method-5", "text": "有人闯入",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "inside", "phase"),
    [("Changed", "true", "start"), ("Changed", "false", "end"), ("Deleted", "true", "end")],
)
def test_onvif_notification(operation: str, inside: str, phase: str) -> None:
    """The topic's last part is the label; the bridge's header names the camera, else the source's token."""
    reading = one("onvif", RULE.format(operation, inside))
    assert reading.at == NOW
    assert said(reading) == {
        "camera_id": "v1", "label": "Crossed", "algorithm": "gate", "object_id": "9", "phase": phase,
    }  # fmt: skip
    assert one("onvif", RULE.format("Changed", "true"), Site(SITE.zone, "c1")).detection.camera_id == "c1"


def test_hikvision_alert() -> None:
    """Address and channel are the camera; the healthy device's heartbeat says nothing."""
    reading = one("hikvision", ISAPI)
    assert reading.at == NOW
    assert said(reading) == {
        "camera_id": "10.0.0.8:3", "label": "fielddetection", "algorithm": "isapi", "phase": "start",
        "text": "area entered",
    }  # fmt: skip
    idle = ISAPI.replace("fielddetection", "videoloss").replace("active", "inactive")
    assert decode_format("hikvision", idle.encode(), SITE) == ()


def test_gat1400_object() -> None:
    """Neither plate nor picture is read; the id's first twenty characters are the device."""
    own = "33010000001210000007" + "02" + "20260301160000" + "00001"
    reading = one("gat1400", {"MotorVehicleListObject": {"MotorVehicleObject": [
        {"MotorVehicleID": own, "PlateNo": "鄂A12345", "PassTime": "20260301160000", "LeftTopX": 1, "RightBtmX": 9},
    ]}})  # fmt: skip
    assert (own, NOW) == (reading.id, reading.at)
    assert said(reading) == {
        "camera_id": own[:20], "label": "motor-vehicle", "algorithm": "motor-vehicle", "object_id": own,
        "bbox": (1.0, 0.0, 9.0, 0.0),
    }  # fmt: skip


def test_dahua_event() -> None:
    """Its real UTC counts, not the local time that it calls UTC; confidence is out of 255."""
    reading = one("dahua", {"params": {"eventList": [{"Action": "Start", "Code": "Garbage", "Data": {
        "Class": "City", "EventID": 5, "MachineName": "c1", "RealUTC": NOW // 1000, "UTC": NOW // 1000 + 28800,
        "UTCMS": 7, "Object": {"ObjectID": 3, "Confidence": 204, "BoundingBox": [1, 2, 3, 4]},
    }}]}})  # fmt: skip
    assert (f"c1/Garbage/5/{NOW + 7}", NOW + 7) == (reading.id, reading.at)
    assert said(reading) == {
        "camera_id": "c1", "label": "Garbage", "algorithm": "City", "confidence": 0.8, "object_id": "3",
        "phase": "start", "bbox": (1.0, 2.0, 3.0, 4.0),
    }  # fmt: skip


PLAIN = ALARM.format("UTF-8").partition("?>")[2]
FRAME = '{"sensorId": "c1", "@timestamp": "2026-03-01T08:00:00Z", "objects": [{"type": "bag", "confidence": 0.5}]}'
EVENT = '{"params": {"eventList": [{"Code": "Garbage", "Action": "Start", "Data": {"MachineName": "c1"}}]}}'
FAILURE = (
    RULE.replace("RuleEngine/LineDetector/Crossed", "Device/HardwareFailure/StorageFailure")
    .replace("IsInside", "Failed")
)  # fmt: skip
PICTURE = "--b\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\r\n"
IN_PARTS = "--b\r\nContent-Type: application/xml\r\n\r\n{}\r\n" + PICTURE + "--b--\r\n"
WRAPPED = {
    "an alert stream's part": '--b\r\nContent-Type: application/xml; charset="UTF-8"\r\n\r\n{}\r\n--b--\r\n',
    "form-data beside a picture": IN_PARTS,
    "parts with bare line feeds": IN_PARTS.replace("\r\n", "\n"),
    "the picture first": PICTURE + "--b\r\n\r\n{}\r\n--b--",
    "a line break in front": "\r\n{}",
    "a byte order mark": "\xef\xbb\xbf{}",
    "zeros behind": "{}\0\0",
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED.keys())
@pytest.mark.parametrize(
    ("name", "message", "label"),
    [("hikvision", ISAPI, "fielddetection"), ("gb28181", PLAIN, "intrusion"), ("deepstream", FRAME, "bag"),
     ("dahua", EVENT, "Garbage"), ("onvif", RULE.format("Changed", "true"), "Crossed")],
)  # fmt: skip
def test_what_a_transport_puts_around_a_message_is_left_out(name: str, message: str, label: str, wrap: str) -> None:
    """In every format: the same detection as from the bare message."""
    before, after = (part.encode("latin-1") for part in wrap.split("{}"))

    readings = good(name, before + message.encode() + after)

    assert [reading.detection.label for reading in readings] == [label]
    assert said(readings[0]) == said(one(name, message))


def test_each_message_of_a_stream_is_read() -> None:
    """Two alerts in one body are two detections."""
    body = "".join(f"--b\r\n\r\n{each}\r\n" for each in (ISAPI, ISAPI.replace(">3<", ">4<"))) + "--b--"

    found = good("hikvision", body.encode())

    assert [reading.detection.camera_id for reading in found] == ["10.0.0.8:3", "10.0.0.8:4"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_with_and_without_its_mark(encoding: str) -> None:
    """Its zeros are no stray bytes."""
    assert one("gb28181", ALARM.format("UTF-16").encode(encoding)).detection.text == "有人闯入"


def test_a_boundary_within_a_message_is_none() -> None:
    """It stands at the beginning of a line."""
    body = "--b\r\n\r\n" + ISAPI.replace("area entered", "gate --b--c") + "\r\n--b--"

    assert one("hikvision", body).detection.text == "gate --b--c"


@pytest.mark.parametrize("written", ["utf-8", "gb18030"])
@pytest.mark.parametrize("declared", ["UTF-8", "GB2312", "gbk", "GB18030", None])
def test_text_is_read_by_its_bytes_whatever_is_declared(declared: str | None, written: str) -> None:
    """GB/T 28181 leaves the declaration out and means GB 2312; devices declare it and write UTF-8."""
    message = PLAIN if declared is None else ALARM.format(declared)

    assert one("gb28181", message.encode(written)).detection.text == "有人闯入"
    assert one("hikvision", ISAPI.replace("area entered", "有人闯入").encode(written)).detection.text == "有人闯入"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("deepstream", '{"sensorId": "c1", "objects": []}'),
        ("dahua", '{"params": {"eventList": []}}'),
        ("onvif", FAILURE.format("Initialized", "false")),
        ("onvif", RULE.format("Initialized", "false")),
        ("onvif", RULE.replace("RuleEngine/LineDetector/Crossed", "Monitoring/OperatingTime/LastReset")),
        ("hikvision", ISAPI.replace("fielddetection", "videoloss").replace(">active", ">inactive")),
    ],
)
def test_a_message_that_says_that_nothing_goes_on_is_no_detection(name: str, message: str) -> None:
    """A frame without objects, a state that is as it should be, a device's own counters."""
    assert decode_format(name, message.encode(), SITE) == ()


@pytest.mark.parametrize(
    ("given", "read"),
    [(1.0000001192092896, 1.0), ("1.0000001", 1.0), (1.01, 1.0), (1.5, 1.0), (1, 1.0), (0.99, 0.99), (2, 0.02),
     (99, 0.99), (100, 1.0), (-1, None), (-0.1, None), (0, 0.0)],
)  # fmt: skip
def test_a_confidence_is_a_share_also_where_its_last_digit_is_noise(given: float | str, read: float | None) -> None:
    """What is little more than 1 is 1, not a percent; a negative one stands for one that was not measured."""
    message = {"sensorId": "c1", "objects": [{"type": "a", "confidence": given}]}

    assert one("deepstream", message).detection.confidence == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-3-1T16:0:00", NOW),
        ("2026/3/1 16:00", NOW),
        ("2026-03-01 16:00:00.0", NOW),
        ("2026-03-01T16:00:00+08:00", NOW),
        ("2026-03-01T08:00:00z", NOW),
        ("2026-03-01T16:00:00+0800", NOW),
        ("20260301160000", NOW),
        ("2026-03-01T16:00:0000:00", None),
        ("2026-02-30T16:00:00", None),
        ("2026-03-01T25:00:00", None),
        ("0000-00-00 00:00:00", None),
    ],
)
def test_a_time_is_read_as_devices_write_it(written: str, read: int | None) -> None:
    """A garbled one says less than the time of receipt: the alarm is not lost with it."""
    assert one("gb28181", PLAIN.replace("2026-03-01T16:00:00", written)).at == read
    assert one("hikvision", ISAPI.replace("2026-03-01T16:00:00+08:00", written)).at == read


@pytest.mark.parametrize(
    ("written", "received", "read"),
    [
        ("2000000000", "2033-05-18T03:33:25Z", "2033-05-18T03:33:20Z"),
        ("2000000000.250", "2033-05-18T03:33:25Z", "2033-05-18T03:33:20.250Z"),
        ("2000000000250", "2033-05-18T03:33:25Z", "2033-05-18T03:33:20.250Z"),
        ("2000000000250000", "2033-05-18T03:33:25Z", "2033-05-18T03:33:20.250Z"),
        ("2026030108005", "2034-03-15T10:08:30Z", "2034-03-15T10:08:28.005Z"),  # a date as well, eight years ago
        ("20260301160000", "2026-03-01T08:00:05Z", "2026-03-01T08:00:00Z"),
        ("2026030116000025", "2026-03-01T08:00:05Z", "2026-03-01T08:00:00.250Z"),
        ("2026030116", "2026-03-01T08:00:05Z", None),  # a date without minutes, or an instant of 2034
    ],
)
def test_seconds_since_1970_have_a_two_in_front_from_2033_on(written: str, received: str, read: str | None) -> None:
    """Of all devices that count so the time would be lost from that May on. What may be a date as well is what lies
    nearer to its receipt."""
    site = Site(SITE.zone, received=from_text(received))

    at = one("gb28181", PLAIN.replace("2026-03-01T16:00:00", written), site).at

    assert at == (None if read is None else from_text(read))


@pytest.mark.parametrize(
    ("written", "received", "read"),
    [
        ("2026-10-25T02:30:00", "2026-10-25T00:30:01Z", "2026-10-25T00:30:00Z"),
        ("2026-10-25T02:30:00", "2026-10-25T01:30:01Z", "2026-10-25T01:30:00Z"),
        ("20261025023000", "2026-10-25T01:30:01Z", "2026-10-25T01:30:00Z"),
        ("2026-10-25T02:30:00.250", "2026-10-25T01:29:30Z", "2026-10-25T01:30:00.250Z"),  # its clock is ahead a little
        ("2026-10-25T02:59:60", "2026-10-25T02:00:01Z", "2026-10-25T02:00:00Z"),
        ("2026-10-25T02:30:00+02:00", "2026-10-25T00:30:01Z", "2026-10-25T00:30:00Z"),
        ("2026-10-25T03:30:00", "2026-10-25T02:30:01Z", "2026-10-25T02:30:00Z"),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:01Z", "2026-03-29T01:30:00Z"),  # an hour that the clocks skip
    ],
)
def test_of_an_hour_that_clocks_have_twice_a_device_means_the_one_in_which_it_is_heard(
    written: str, received: str, read: str
) -> None:
    """All that came in the second one was an hour old, and too late to be taken in."""
    berlin = tiny_city({"city.toml": CITY_TOML.replace("Asia/Shanghai", "Europe/Berlin")})
    message = PLAIN.replace("2026-03-01T16:00:00", written).encode()
    heard = raw(message, [("format", b"gb28181"), ("camera", b"cam-sw-1")], timestamp=from_text(received))

    [[item]] = take_in([heard], berlin, None, from_text(received), Keys(b"k")).items.values()

    assert isinstance(item, Sighting)
    assert item.at == from_text(read)


@pytest.mark.parametrize(
    ("lat", "lon", "read"),
    [
        ("30.59", "114.28", {"lat": 30.59, "lon": 114.28}),
        ("114.28", "30.59", {"lat": 30.59, "lon": 114.28}),
        ("0", "0", None),
        ("", "", None),
        ("255", "255", None),
        ("-999", "12", None),
    ],
)
def test_a_place_is_read_also_where_its_two_numbers_are_interchanged(
    lat: str, lon: str, read: dict[str, float] | None
) -> None:
    """What is nowhere on Earth is no place: the camera's own counts."""
    where = f"<Latitude>{lat}</Latitude><Longitude>{lon}</Longitude></Notify>"

    assert said(one("gb28181", PLAIN.replace("</Notify>", where))).get("location") == read


PICTURE = "https://media.example/1.jpg"
PICTURED: dict[str, Any] = {
    "deepstream": {"sensor": {"id": "c"}, "object": {"id": "1"}, "event": {"type": "moving"}, "videoPath": "{}"},
    "metropolis": {"sensor": {"id": "c"}, "event": {"type": "stopped"}, "videoUrl": "{}"},
    "hikvision": {"eventType": "fielddetection", "eventState": "active", "deviceID": "c", "bkgUrl": "{}"},
    "gat1400": {"MotorVehicleObject": [{"MotorVehicleID": "7", "DeviceID": "c", "StorageUrl1": "{}",
                "StorageUrl2": "https://media.example/plate.jpg"}]},
    "scene": {"camera": "c", "description": "井盖缺失", "images": ["data:image/png;base64,AA", "{}"]},
    "geojson": {"type": "Feature", "geometry": None, "properties": {"label": "litter", "platform": "c", "href": "{}"}},
}  # fmt: skip


@pytest.mark.parametrize("name", PICTURED)
@pytest.mark.parametrize(
    ("written", "kept"), [(PICTURE, (PICTURE,)), ("http://<host> d/1.jpg", ()), ("ftp://c/1.jpg", ()),
                          ("https://c/" + "x" * 3_000, ())],
)  # fmt: skip
def test_where_the_picture_is_stays_with_what_is_seen_in_it(name: str, written: str, kept: tuple[str, ...]) -> None:
    """The link to it, not the one to the plate; an alarm is not lost with a link that is none."""
    message = json.dumps(PICTURED[name]).replace("{}", written)

    assert one(name, message).detection.media_urls == kept


def test_the_target_of_an_isapi_alarm_has_its_box() -> None:
    """From its left upper corner, width and height; the region in which it is counts for none."""
    region = "<RegionCoordinates><positionX>0</positionX></RegionCoordinates>"
    target = "<TargetRect><X>0.25</X><Y>0.5</Y><width>0.25</width><height>{}</height></TargetRect>"

    boxes = [
        one("hikvision", ISAPI.replace("<eventState>", f"{region}{target.format(height)}<eventState>")).detection.bbox
        for height in ("0.125", "")
    ]

    assert boxes == [(0.25, 0.5, 0.5, 0.625), None]


def test_an_event_that_goes_on_has_the_label_of_what_goes_on() -> None:
    """Hikvision's `duration` names it beside itself; it joins the incident that is open."""
    more = "<DurationList><Duration><relationEvent>fielddetection</relationEvent></Duration></DurationList>"
    message = ISAPI.replace("<eventType>fielddetection", "<eventType>duration").replace(
        "<eventState>", more + "<eventState>"
    )

    assert {name: said(one("hikvision", message))[name] for name in ("label", "phase")} == {
        "label": "fielddetection", "phase": "ongoing",
    }  # fmt: skip


BOMB = """<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;">]>
<Notify><CmdType>&y;</CmdType></Notify>"""
BROKEN: list[tuple[str, bytes, str]] = [
    *((name, b"", "data") for name in FORMATS),
    *((name, b"\xff\xfe\x00", "data") for name in FORMATS),
    *((name, b"[1]", "data") for name in FORMATS),
    *((name, BOMB.encode(), "data") for name in ("gb28181", "onvif", "hikvision")),
    *((name, b"<a>" * 50_000, "data") for name in ("gb28181", "onvif", "hikvision")),
    ("gb28181", ALARM.format("UTF-8").replace("Alarm<", "Catalog<").encode(), "CmdType"),
    ("gb28181", ALARM.format("UTF-8").replace("2026-03-01T16:00:00", "yesterday").encode(), "AlarmTime"),
    ("hikvision", b"<Other/>", "EventNotificationAlert"),
    ("hikvision", ISAPI.replace("fielddetection", "").encode(), "label"),
    ("onvif", b"<a/>", "NotificationMessage"),
    ("deepstream", b'{"sensorId": "c"}', "objects"),
    ("deepstream", b'{"sensorId": "c", "objects": ["1|x"]}', "objects"),
    ("deepstream", b'{"sensorId": "c", "objects": [{"type": "a", "confidence": "high"}]}', "objects.confidence"),
    ("deepstream", b'{"objects": [{"type": "a"}]}', "camera_id"),
    ("metropolis", b'{"sensor": {"id": "c"}}', "label"),
    ("metropolis", b'{"sensor": {"id": "c"}, "event": {"type": "a"}, "confidence": 400}', "confidence"),
    ("gat1400", b'{"APEListObject": {"APEObject": []}}', "data"),
    ("dahua", b'{"params": {}}', "params.eventList"),
    ("dahua", b'{"params": {"eventList": [{"Code": "A", "Data": {"MachineName": "c", "UTC": "now"}}]}}', "UTC"),
]


@pytest.mark.parametrize(("name", "value", "field"), BROKEN)
def test_a_broken_message_is_poison_that_names_its_field(name: str, value: bytes, field: str) -> None:
    """Never another error, whatever the bytes; XML with a DTD is never expanded."""
    with pytest.raises(Poison) as caught:
        decode_format(name, value, SITE)
    assert caught.value.field == field


OBJECTS = [{"type": "pothole", "id": str(n), "DeviceID": "c"} for n in range(MAX_READINGS + 1)]
TOO_MUCH = [
    ("hikvision", b"--b\n\n" + f"{ISAPI}\n--b\n\n".encode() * (MAX_READINGS + 1), "1000 detections"),
    ("deepstream", json.dumps({"sensorId": "c", "objects": OBJECTS}).encode(), "1000 detections"),
    ("gat1400", json.dumps({"ThingListObject": {"ThingObject": OBJECTS}}).encode(), "1000 detections"),
    ("dahua", json.dumps({"params": {"eventList": OBJECTS}}).encode(), "1000 detections"),
    ("onvif", b"<a>" + b"<NotificationMessage/>" * (MAX_READINGS + 1) + b"</a>", "1000 detections"),
    *((name, b"<a>" * 600_000, "100 deep") for name in ("gb28181", "onvif", "hikvision")),
    *((name, b"<a>" + b"<b/>" * 300_000, "20000 elements") for name in ("gb28181", "onvif", "hikvision")),
    *(
        (name, b'<a x="' + b' " y="'.join([b">"] * 90_000) + b'"/>', "65536 characters")
        for name in ("gb28181", "onvif")
    ),
    ("hikvision", b"<a " + b" ".join(b'b%d="1"' % n for n in range(90_000)) + b"/>", "65536 characters"),
]


@pytest.mark.parametrize(("name", "value", "rule"), TOO_MUCH)
def test_a_message_that_holds_too_much_is_poison_before_it_costs_much(name: str, value: bytes, rule: str) -> None:
    """Megabytes of nested elements or tens of thousands of objects are refused by a rule with a name, and soon."""
    started = time.process_time()
    with pytest.raises(Poison, match=rule) as caught:
        decode_format(name, value, SITE)
    assert caught.value.error == "too-complex"
    assert time.process_time() - started < 0.5  # it took seconds


def test_as_many_objects_as_allowed_are_each_read() -> None:
    """A thousand objects in one message without an id become a thousand sightings with ids of their own."""
    body = json.dumps({"sensorId": "cam-sw-1", "objects": OBJECTS[:MAX_READINGS]}).encode()
    [items] = take_in([raw(body, [("format", b"deepstream")])], tiny_city(), None, NOW, Keys(b"k")).items.values()
    assert len({item.id for item in items if isinstance(item, Sighting)}) == MAX_READINGS


def test_the_same_bytes_are_the_same_event() -> None:
    """A message without an id is known by its bytes, so that a repeat can be dropped; headers can say more."""
    body = ISAPI.replace("area entered", "有人闯入").encode()
    headers = [("format", b"hikvision"), ("camera", b"cam-sw-1")]
    named = [*headers, ("ce_id", b"7"), ("ce_source", b"bridge"), ("ce_time", b"2026-03-01T08:01:00Z")]
    taken = take_in([raw(body, headers), raw(body, headers), raw(body, named)], tiny_city(), None, NOW, Keys(b"k"))
    assert taken.dead == []
    first, second, third = taken.items["south-w"]
    assert first == second
    assert (third.source, third.id, third.at) == ("bridge", "7", NOW + 60_000)
    assert (first.source, first.at) == ("hikvision/cam-sw-1", NOW)

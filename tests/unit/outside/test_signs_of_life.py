"""Devices' own heartbeats, and messages that tell of nothing: whose camera is alive, and what the desk hears of it."""

import asyncio
import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from aiokafka import ConsumerRecord

from models.city import City
from models.errors import Poison
from models.formats import Decoded, Reading, Site, decode_message
from models.inbox import Heard, decode_items
from models.times import MINUTE_MS
from streams.control.models_in_force import LiveModels
from streams.dead_letters.letter import REPLAYED
from streams.intake import processor
from streams.intake.drafts import Keys
from streams.intake.processor import IntakeProcessor
from streams.intake.reading.ways import ANY, Way, way_of
from streams.kafka.topics import Names
from streams.stage.same_time import SameTime
from tests.support.cities import tiny_city
from tests.support.desks import HOUR, MINUTE, T0, Desk, assert_laws
from tests.support.messages import NOW, raw
from tests.support.one_city import one_city
from tests.unit.outside.test_cameras import behind, faults, registry

ZONE = ZoneInfo("Asia/Shanghai")
NAMELESS, BRIDGED = Site(ZONE), Site(ZONE, "cam-sw-1")
IDLE = (
    '<w:NotificationMessage xmlns:w="w" xmlns:t="t"><w:Topic>{}</w:Topic><w:Message><t:Message '
    'UtcTime="2026-03-01T08:00:00Z" PropertyOperation="Initialized"><t:Source><t:SimpleItem Name="VideoSourceToken" '
    'Value="c"/></t:Source><t:Data><t:SimpleItem Name="IsMotion" Value="false"/></t:Data></t:Message></w:Message>'
    "</w:NotificationMessage>"
)
HELLO = (
    '<s:Envelope xmlns:s="s" xmlns:d="d" xmlns:a="a"><s:Body><d:Hello><a:EndpointReference><a:Address>urn:uuid:7'
    "</a:Address></a:EndpointReference></d:Hello></s:Body></s:Envelope>"
)
KEEPALIVE = "<Notify><CmdType>Keepalive</CmdType><SN>1</SN><DeviceID>{}</DeviceID><Status>OK</Status></Notify>"
ALERT = "<EventNotificationAlert><ipAddress>10.0.0.8</ipAddress><channelID>3</channelID>{}</EventNotificationAlert>"

NAMED = [
    ("gb28181", KEEPALIVE.format("33010000001320000001"), "33010000001320000001"),
    ("gb28181", "<Notify><CmdType>keepalive</CmdType><DeviceID> c </DeviceID></Notify>", "c"),
    ("gat1400", '{"KeepaliveObject": {"DeviceID": "c"}}', "c"),
    ("gat1400", '{"RegisterObject": {"DeviceID": " c "}}', "c"),
    ("hikvision", ALERT.format("<eventType>heartBeat</eventType>"), "10.0.0.8:3"),
    ("hikvision", ALERT.format("<eventType>videoloss</eventType><eventState>inactive</eventState>"), "10.0.0.8:3"),
    ("hikvision", '{"ipAddress": "10.0.0.8", "channelID": 3, "eventType": "heartBeat"}', "10.0.0.8:3"),
    ("dahua", '{"eventList": [{"Code": "Heartbeat", "Data": {"MachineName": "c"}}]}', "c"),
    ("dahua", '{"Code": "HeartBeat", "Action": "Pulse", "Data": {"TrafficCar": {"MachineName": "c"}}}', "c"),
    ("onvif", IDLE.format("tns1:VideoSource/MotionAlarm"), "c"),
    ("onvif", IDLE.format("tns1:Monitoring/OperatingTime/LastReset"), "c"),
    ("onvif", HELLO, "urn:uuid:7"),
    ("deepstream", '{"sensorId": "c", "objects": []}', "c"),
    ("metropolis", '{"category": "collision", "isAnomaly": false, "sensor": {"id": "c"}}', "c"),
    ("scene", '{"camera_id": "c", "objects": []}', "c"),
    ("geojson", '{"type": "FeatureCollection", "features": [], "properties": {"drone_id": "c"}}', "c"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "message", "camera"), NAMED)
def test_a_message_that_tells_of_nothing_says_whose_camera_is_alive(name: str, message: str, camera: str) -> None:
    """By the name that an alarm of it would have; the one that a bridge gives goes before."""
    assert decode_message(name, message.encode(), NAMELESS) == Decoded((), (camera,))
    assert decode_message(name, message.encode(), BRIDGED) == Decoded((), ("cam-sw-1",))


NOT_NAMED = [
    ("dahua", "Heartbeat"),
    ("dahua", "--b\r\nContent-Type: text/plain\r\n\r\nHeartbeat\r\n--b--"),
    ("dahua", '{"method": "global.keepAlive", "params": {"timeout": 60}, "id": 7}'),
    ("dahua", '{"params": {"eventList": null}}'),
    ("gat1400", '{"ResponseStatusListObject": {}}'),
    ("gat1400", '{"FaceListObject": {"FaceObject": []}}'),
    ("gat1400", '{"SubscribeNotificationListObject": {"SubscribeNotificationObject": [{"Title": "a"}]}}'),
    ("onvif", '<e:Envelope xmlns:e="e"><e:Body><PullMessagesResponse/></e:Body></e:Envelope>'),
    ("geojson", '{"type": "FeatureCollection", "features": []}'),
]


@pytest.mark.parametrize(("name", "message"), NOT_NAMED)
def test_a_message_that_names_nobody_is_of_the_camera_that_its_bridge_names(name: str, message: str) -> None:
    """Without a bridge it is of none."""
    assert decode_message(name, message.encode(), BRIDGED) == Decoded((), ("cam-sw-1",))
    assert decode_message(name, message.encode(), NAMELESS) == Decoded((), ())


@pytest.mark.parametrize(
    ("name", "message"),
    [("gb28181", KEEPALIVE.format("c").replace("OK", "ERROR")), ("gat1400", '{"UnRegisterObject": {"DeviceID": "c"}}')],
)
def test_a_device_that_does_not_work_or_goes_is_not_heard_of(name: str, message: str) -> None:
    """It will be missed when its time is over."""
    assert decode_message(name, message.encode(), BRIDGED) == Decoded((), ())


def test_the_faulty_devices_that_a_heartbeat_lists_are_not_the_one_that_sends_it() -> None:
    """`Info` names them, in whichever place."""
    listing = "<Notify><CmdType>Keepalive</CmdType><Info><DeviceID>a</DeviceID></Info>{}</Notify>"

    assert decode_message("gb28181", listing.format("").encode(), NAMELESS).alive == ()
    assert decode_message("gb28181", listing.format("<DeviceID>b</DeviceID>").encode(), NAMELESS).alive == ("b",)


def test_a_heartbeat_beside_detections_takes_none_of_their_room() -> None:
    """The others stand where they would without it, and a thousand heartbeats are not too many."""
    beat, event, bad = ({"Code": code, "Data": {"MachineName": "c"}} for code in ("Heartbeat", "a", ""))
    found = decode_message("dahua", json.dumps({"eventList": [beat, event, bad]}).encode(), NAMELESS)
    many = decode_message("dahua", json.dumps({"eventList": [beat] * 1_001}).encode(), NAMELESS)

    assert [type(each) for each in found.detections] == [Reading, Poison]
    assert found.alive == ("c",)
    assert many == Decoded((), ("c",))


def intake(city: City, way: Way = ANY) -> IntakeProcessor:
    """Intake of a city without models."""
    models = cast(LiveModels, SimpleNamespace(active=None, shadow=None))
    return IntakeProcessor(Names("t"), one_city(city), models, Keys(b"k"), 4, SameTime(5 * MINUTE_MS), way)


def keepalive(camera: str, at: int = NOW, *headers: tuple[str, bytes]) -> ConsumerRecord:
    """A device's own heartbeat as it stands on Kafka."""
    return raw(KEEPALIVE.format(camera).encode(), [("format", b"gb28181"), *headers], timestamp=at)


def told(tried: IntakeProcessor, records: Sequence[ConsumerRecord]) -> list[tuple[object, ...]]:
    """What the inbox gets of a batch that is committed."""
    outcome = asyncio.run(tried.decide(records))
    tried.settle(outcome)
    return [decode_items(send.value or b"") for send in outcome.sends if send.topic == "t.inbox"]


@pytest.fixture(autouse=True)
def _it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the records."""
    monkeypatch.setattr(processor, "now_ms", lambda: NOW)


def test_the_desk_hears_of_a_heartbeat_once_in_a_step() -> None:
    """However often it comes; nobody hears of a camera that is not registered, and nothing of it is a dead letter."""
    tried = intake(tiny_city())
    batch = [keepalive("cam-se-1"), keepalive("stranger"), keepalive("cam-se-1"), keepalive("")]

    outcome = asyncio.run(tried.decide(batch))

    assert told(tried, batch) == [(Heard("cam-se-1", "south-e"),)]
    assert told(tried, batch) == []
    assert outcome.taken.dead == []
    assert not outcome.taken.unlisted


def test_heartbeats_of_one_area_come_together() -> None:
    """At most 64 in a record of the inbox: a city of cameras speaks in the same minute."""
    city = registry(*behind("sw", 130), "e,south-e,police,60,")

    found = told(intake(city), [keepalive(camera) for camera in city.cameras])

    assert sorted(map(len, found)) == [1, 2, 64, 64]
    assert {item for items in found for item in items} == {Heard(c.id, c.area) for c in city.cameras.values()}


@pytest.mark.parametrize("topic", ["t.reports", "t.updates", "t.updates.roads"])
def test_a_heartbeat_counts_where_detections_are_taken(topic: str) -> None:
    """Who may write elsewhere only cannot keep a camera alive."""
    assert told(intake(tiny_city(), way_of(Names("t"), topic)), [keepalive("cam-se-1")]) == []
    assert len(told(intake(tiny_city(), way_of(Names("t"), "t.detections")), [keepalive("cam-se-1")])) == 1


def test_a_replayed_heartbeat_is_none() -> None:
    """It tells of the past."""
    assert told(intake(tiny_city()), [keepalive("cam-se-1", NOW, (REPLAYED, b"1"))]) == []


def test_a_camera_is_not_missed_as_long_as_its_device_says_that_it_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is when that ends: its neighbour, of which nothing comes, is missed within its hour."""
    city = registry("well,south-w,police,60,", "other,south-w,roads,60,")
    tried, desk = intake(city), Desk(city)

    for minute in range(0, 300, 10):
        at = T0 + minute * MINUTE
        monkeypatch.setattr(processor, "now_ms", lambda at=at: at)
        for items in told(tried, [keepalive("well", at)]):
            desk.feed(*cast(tuple[Heard, ...], items), at=at)
    desk.tick(T0 + 5 * HOUR)
    spoken = faults(desk)
    desk.tick(T0 + 7 * HOUR)

    assert spoken == [("silent", "roads", 1)]
    assert sorted(faults(desk)) == [("silent", "police", 1), ("silent", "roads", 1)]
    assert_laws(desk)

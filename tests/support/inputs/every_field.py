"""Messages with something personal in one field each: every field of every contract and format, and every header."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from aiokafka import ConsumerRecord

from models.city import City
from models.events import DETECTION, MEASUREMENT, RECHECKED, REPORT, UNIT, UPDATE
from tests.support.cities import appended, tiny_city
from tests.support.messages import NOW, ORDER, raw, record

# A phone number, an identity number and a plate.
PERSONAL = ("13812345678", "420106199003071234", "鄂A12345")
ISAPI = """<?xml version="1.0"?><EventNotificationAlert xmlns="urn:x"><ipAddress>10.0.0.8</ipAddress>
<channelID>3</channelID><dateTime>2026-03-01T16:00:00+08:00</dateTime><eventType>fielddetection</eventType>
<eventState>active</eventState><eventDescription>area entered</eventDescription></EventNotificationAlert>"""
ALARM = """<?xml version="1.0" encoding="{0}"?><Notify><CmdType>Alarm</CmdType><SN>17</SN><DeviceID>340200</DeviceID>
<AlarmMethod>5</AlarmMethod><AlarmType>6</AlarmType><AlarmTime>2026-03-01T16:00:00</AlarmTime>
<AlarmDescription>有人闯入</AlarmDescription></Notify>"""
RULE = """<e:Envelope xmlns:e="urn:e"><w:NotificationMessage xmlns:w="urn:w"><w:Topic>
tns1:RuleEngine/LineDetector/Crossed</w:Topic>
<w:Message><t:Message xmlns:t="urn:t" UtcTime="2026-03-01T08:00:00Z" PropertyOperation="{0}"><t:Source>
<t:SimpleItem Name="VideoSourceToken" Value="v1"/><t:SimpleItem Name="Rule" Value="gate"/></t:Source><t:Key>
<t:SimpleItem Name="ObjectId" Value="9"/></t:Key><t:Data><t:SimpleItem Name="IsInside" Value="{1}"/></t:Data>
</t:Message></w:Message></w:NotificationMessage></e:Envelope>"""
# One good message of each contract, with every field that it has.
SAID: dict[str, dict[str, Any]] = {
    REPORT: {
        "text": "路灯坏了", "title": "路灯", "category": "street-light", "channel": "hotline", "due_at": None,
        "asset": "LD-0101", "joins": ORDER,
        "location": {"lat": 30.05, "lon": 114.05, "address": "梧桐路", "area": "south-w", "datum": "wgs84"},
        "reporter": {"id": "r", "name": "n", "phone": "p"}, "media_urls": ["https://media.example/1.jpg"],
    },
    DETECTION: {
        "camera_id": "cam-sw-1", "label": "pothole", "algorithm": "a", "vendor": "v", "confidence": 0.9,
        "location": {"lat": 30.05, "lon": 114.05, "address": "梧桐路", "area": "south-w", "datum": "wgs84"},
        "object_id": "o", "phase": "start", "bbox": [1, 2, 3, 4], "text": "路面上有一个坑", "media_urls": ["https://media.example/1.jpg"],
        "asset": "LD-0101",
    },
    MEASUREMENT: {
        "sensor_id": "cam-sw-1", "quantity": "waterlogging", "value": 0.3, "threshold": 0.1, "unit": "m",
        "side": "above", "vendor": "v", "object_id": "o", "text": "水深", "media_urls": ["https://media.example/1.jpg"],
        "location": {"lat": 30.05, "lon": 114.05, "address": "梧桐路", "area": "south-w", "datum": "wgs84"},
        "asset": "LD-0101",
    },
    RECHECKED: {
        "order_id": ORDER, "camera_id": "cam-sw-1", "result": "gone", "attempt": 1, "text": "路面完好",
        "media_urls": ["https://media.example/2.jpg"],
    },
    UNIT: {
        "unit": "car-1", "state": "free", "load": 1,
        "location": {"lat": 30.05, "lon": 114.05, "address": "a", "area": "south-w", "datum": "wgs84"},
    },
    UPDATE: {
        "action": "return", "by": {"role": "dispatcher", "department": "roads", "id": "d"},
        "sender": {"role": "operator", "department": "roads", "id": "o"}, "order_id": ORDER,
        "report": {"source": "s", "id": "i"},
        "location": {"lat": 30.05, "lon": 114.05, "address": "a", "area": "south-w", "datum": "wgs84"},
        "attempt": 1, "reason": "r", "code": "unclear", "suggested_department": "police", "department": "police",
        "assists": ["works"], "category": "pothole", "condition": "c", "inspector": "i", "plan": "p",
        "area": "south-e",
        "other_order_id": ORDER,
        "until": "2026-03-09T08:00:00Z", "priority": 1, "level": 1, "satisfied": True, "satisfaction": 1,
        "evidence_urls": ["https://media.example/2.jpg"],
    },
}  # fmt: skip
TREES: dict[str, dict[str, Any]] = {
    "deepstream": {
        "messageid": "m1", "@timestamp": "2026-03-01T08:00:00.000Z", "sensor": {"id": "cam-sw-1", "type": "t"},
        "analyticsModule": {"id": "A", "source": "litter-v2"}, "event": {"id": "e", "type": "entry"},
        "object": {"id": "5", "vehicle": {"type": "van", "license": "x", "confidence": 0.5}},
        "videoPath": "https://media.example/v.mp4",
    },
    "metropolis": {
        "id": "a1", "timestamp": "2026-03-01T08:00:00Z", "sensor": {"id": "cam-sw-1"},
        "analyticsModule": {"id": "stop"}, "event": {"type": "stopped"}, "videoUrl": "https://m.example/v",
        "info": {"scene_summary": "a car stands in the way of all"},
    },
    "gat1400": {"MotorVehicleListObject": {"MotorVehicleObject": [{
        "MotorVehicleID": "33010000001210000007022026030116000000001", "DeviceID": "cam-sw-1", "PlateNo": "x",
        "PassTime": "20260301160000", "VehicleBrand": "b", "StorageUrl1": "https://media.example/1.jpg",
    }]}},
    "dahua": {"params": {"eventList": [{
        "Code": "pothole", "Action": "Start", "Data": {"MachineName": "cam-sw-1", "Name": "n", "RealUTC": NOW // 1000,
        "Object": {"ObjectID": 1, "ObjectType": "Plate", "Text": "x"}},
    }]}},
    "scene": {
        "id": "s1", "camera": "cam-sw-1", "timestamp": "2026-03-01T08:00:00Z", "model": "m",
        "description": "路面上有一个坑", "labels": ["pothole"],
        "objects": [{"label": "pothole", "bbox": [1, 2, 3, 4], "plate": "x", "face_id": "x"}],
        "image_url": "https://media.example/1.jpg",
    },
    "geojson": {"type": "FeatureCollection", "properties": {"drone_id": "cam-sw-1", "model": "m"}, "features": [{
        "type": "Feature", "id": "f1", "geometry": {"type": "Point", "coordinates": [114.05, 30.05]},
        "properties": {"label": "pothole", "description": "路面上有一个坑", "datetime": "2026-03-01T08:00:00Z",
        "image_url": "https://media.example/1.jpg"},
    }]},
    "detections": SAID[DETECTION] | {"id": "d1", "time": "2026-03-01T08:00:00Z"},
}  # fmt: skip
DOCUMENTS = {"hikvision": ISAPI, "gb28181": ALARM.format("UTF-8"), "onvif": RULE.format("Changed", "true")}
HEADERS = ("ce_id", "ce_source", "ce_subject", "ce_time", "ce_type", "content-type", "camera", "format", "x-own")


def listing_city() -> City:
    """The tiny city, which also lists what the instrument reads, and the unit: each of the messages comes through."""
    units = {"units.csv": "id,kind,areas\ncar-1,car,*\n"}
    return tiny_city(appended("labels.csv", "*,*,waterlogging-above,flooding,0.5") | units)


# One of somebody's numbers however its characters are kept apart; within a longer number or word it is none.
_APART = r"[\s\u200b-\u200f\u2060\ufeff-]{0,2}"
_LEAK = re.compile("|".join(rf"(?<![0-9A-Za-z]){_APART.join(each)}(?![0-9A-Za-z])" for each in PERSONAL))


def leaked(text: str) -> str:
    """Where something personal stands in a text, however it is spelt, with what is around it; "" where nothing does."""
    plain = unicodedata.normalize("NFKC", text)
    leak = _LEAK.search(plain)
    return "" if leak is None else f"{leak[0]} in {plain[max(0, leak.start() - 300) : leak.end() + 300]}"


def filled(tree: Any, fill: Callable[[str], str]) -> Iterator[Any]:
    """The tree again and again, each time with another one of its texts filled."""
    if isinstance(tree, str):
        yield fill(tree)
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        for new in filled(value, fill):
            copy = tree.copy()
            copy[key] = new
            yield copy


def documents(text: str, fill: Callable[[str], str]) -> Iterator[bytes]:
    """The XML document again and again, each time with another text or attribute filled."""
    count = len(list(ElementTree.fromstring(text).iter()))
    for n in range(count):
        for attribute in (None, *list(ElementTree.fromstring(text).iter())[n].attrib):
            root = ElementTree.fromstring(text)
            element = list(root.iter())[n]
            if attribute is None:
                element.text = fill(element.text or "")
            else:
                element.set(attribute, fill(element.attrib[attribute]))
            yield ElementTree.tostring(root)


def in_each_field(personal: str) -> Iterator[ConsumerRecord]:
    """Records with something personal in one field or header each."""
    fill = _beside(personal)
    for kind, data in SAID.items():
        for filling in (fill, lambda text: personal):
            yield from (record(kind, each) for each in filled(data, filling))
        for name in HEADERS:
            headers = dict(record(kind, data).headers) | {name: personal.encode()}
            yield raw(json.dumps(data).encode(), list(headers.items()))
    yield from in_each_vendor_field(personal)


def in_each_vendor_field(personal: str) -> Iterator[ConsumerRecord]:
    """Vendors' messages with something personal in one field each."""
    fill = _beside(personal)
    messages = [(name, json.dumps(each).encode()) for name, tree in TREES.items() for each in filled(tree, fill)]
    messages += [(name, each) for name, text in DOCUMENTS.items() for each in documents(text, fill)]
    for name, value in messages:
        yield raw(value, [("format", name.encode())], "t.detections")
        yield raw(value, [("format", name.encode()), ("camera", b"cam-sw-1")], "t.detections")


def _beside(personal: str) -> Callable[[str], str]:
    """What puts something personal beside what a text says."""

    def fill(text: str) -> str:
        if text.startswith("http"):
            return f"https://zhang:{personal}@media.example/a/{personal}?by={quote(personal)}"
        return f"{text} {personal}"

    return fill

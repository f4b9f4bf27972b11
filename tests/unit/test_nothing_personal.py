"""A phone, an identity number and a plate in every field of every contract and format: none of them comes out."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from aiokafka import ConsumerRecord
from prometheus_client import REGISTRY, generate_latest

from models.city import City
from models.events import CONTRACTS, DETECTION, MEASUREMENT, REPORT, UPDATE
from models.events.incoming import Contract
from models.formats import FORMATS
from models.masking import masked_address
from models.redact import pseudonym
from models.times import MINUTE_MS
from streams.control.models_in_force import LiveModels
from streams.dead_letters.letter import DeadLetterError, decode_dead_letter, of_record, opened
from streams.intake.drafts import Keys
from streams.intake.personal.cleaning import TREATMENTS, text_fields
from streams.intake.processor import IntakeProcessor
from streams.intake.ways import way_of
from streams.kafka.topics import Names
from streams.stage.same_time import SameTime
from tests.support.cities import tiny_city
from tests.support.messages import NOW, ORDER, raw, record
from tests.support.one_city import one_city
from tests.unit.test_formats import ALARM, ISAPI, RULE

PERSONAL = ("13812345678", "420106199003071234", "鄂A12345")
KEYS = Keys(b"k")
# One good message of each contract, with every field that it has.
SAID: dict[str, dict[str, Any]] = {
    REPORT: {
        "text": "路灯坏了", "title": "路灯", "category": "street-light", "channel": "hotline", "due_at": None,
        "location": {"lat": 30.05, "lon": 114.05, "address": "梧桐路", "area": "south-w"},
        "reporter": {"id": "r", "name": "n", "phone": "p"}, "media_urls": ["https://media.example/1.jpg"],
    },
    DETECTION: {
        "camera_id": "cam-sw-1", "label": "pothole", "algorithm": "a", "vendor": "v", "confidence": 0.9,
        "location": {"lat": 30.05, "lon": 114.05, "address": "梧桐路", "area": "south-w"}, "object_id": "o",
        "phase": "start", "bbox": [1, 2, 3, 4], "text": "路面上有一个坑", "media_urls": ["https://media.example/1.jpg"],
    },
    MEASUREMENT: {
        "sensor_id": "cam-sw-1", "quantity": "gas-pressure", "value": 0.08, "threshold": 0.1, "unit": "MPa",
        "side": "below", "vendor": "v", "object_id": "o", "text": "压力低", "media_urls": ["https://media.example/1.jpg"],
        "location": {"lat": 30.05, "lon": 114.05, "address": "梧桐路", "area": "south-w"},
    },
    UPDATE: {
        "action": "return", "by": {"role": "dispatcher", "department": "roads", "id": "d"},
        "sender": {"role": "operator", "department": "roads", "id": "o"}, "order_id": ORDER,
        "report": {"source": "s", "id": "i"},
        "location": {"lat": 30.05, "lon": 114.05, "address": "a", "area": "south-w"},
        "attempt": 1, "reason": "r", "code": "unclear", "suggested_department": "police", "department": "police",
        "assists": ["works"], "category": "pothole", "condition": "c", "other_order_id": ORDER,
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
}  # fmt: skip
DOCUMENTS = {"hikvision": ISAPI, "gb28181": ALARM.format("UTF-8"), "onvif": RULE.format("Changed", "true")}
HEADERS = ("ce_id", "ce_source", "ce_subject", "ce_time", "ce_type", "content-type", "camera", "format", "x-own")


@pytest.fixture(scope="module")
def city() -> City:
    """The tiny city."""
    return tiny_city()


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

    def fill(text: str) -> str:
        if text.startswith("http"):
            return f"https://zhang:{personal}@media.example/a/{personal}?by={quote(personal)}"
        return f"{text} {personal}"

    for kind, data in SAID.items():
        for filling in (fill, lambda text: personal):
            yield from (record(kind, each) for each in filled(data, filling))
        for name in HEADERS:
            headers = dict(record(kind, data).headers) | {name: personal.encode()}
            yield raw(json.dumps(data).encode(), list(headers.items()))
    messages = [(name, json.dumps(each).encode()) for name, tree in TREES.items() for each in filled(tree, fill)]
    messages += [(name, each) for name, text in DOCUMENTS.items() for each in documents(text, fill)]
    for name, value in messages:
        yield raw(value, [("format", name.encode())], "t.detections")
        yield raw(value, [("format", name.encode()), ("camera", b"cam-sw-1")], "t.detections")


async def test_nothing_personal_comes_out_of_any_field(city: City, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the inbox nor in dead letters, whose bytes are sealed, nor in logs and metrics."""
    caplog.set_level(logging.DEBUG)
    models = cast(LiveModels, SimpleNamespace(active=None, shadow=None))
    topics = ("t.reports", "t.detections", "t.updates")
    intakes = {
        each: IntakeProcessor(
            Names("t"), one_city(city), models, KEYS, 4, SameTime(5 * MINUTE_MS), way_of(Names("t"), each)
        )
        for each in topics
    }
    written = []

    for personal in PERSONAL:
        for each in in_each_field(personal):
            outcome = await intakes[each.topic].decide([each])
            intakes[each.topic].settle(outcome)
            written += [(send.topic, personal, _all_of(send)) for send in outcome.sends]
    told = caplog.text + generate_latest(REGISTRY).decode()

    assert {"t.inbox", "t.dead-letters"} <= {topic for topic, _, _ in written}
    assert [(personal, text) for _, personal, text in written if personal in text] == []
    assert [personal for personal in PERSONAL if personal in told] == []


def _all_of(send: Any) -> str:
    """Key, headers and value as text, whatever escapes they are written with."""
    value = (send.value or b"").decode()
    headers = " ".join(f"{name} {text.decode()}" for name, text in send.headers or ())
    return f"{send.key.decode()} {headers} {json.dumps(json.loads(value), ensure_ascii=False) if value else ''}"


def test_the_messages_hold_every_field_and_every_format() -> None:
    """So that a new one is scanned from its first day."""
    for kind, model in CONTRACTS.items():
        assert set(SAID[kind]) == set(model.model_fields)
        for name, field in model.model_fields.items():
            inner = [part for part in CONTRACT_PARTS if part.__name__ in str(field.annotation)]
            assert all(set(SAID[kind][name]) == set(part.model_fields) for part in inner)
    assert {*TREES, *DOCUMENTS} == set(FORMATS)


CONTRACT_PARTS: list[type[Contract]] = [part for part in Contract.__subclasses__() if part not in CONTRACTS.values()]


def test_what_is_treated_otherwise_than_words_is_there() -> None:
    """An exception for a field that has gone would wait for another of its name."""
    assert TREATMENTS.keys() <= text_fields().keys()


def test_a_dead_letter_is_opened_with_its_own_key_only() -> None:
    """Then headers, key and bytes are as they came in."""
    bad = record(REPORT, {"text": f"电话{PERSONAL[0]}", "location": {"lat": 99, "lon": 1}}, id=PERSONAL[0])
    letter = decode_dead_letter(of_record(Names(), bad, "invalid", "m", key=b"k").value or b"")

    found = opened(letter, b"k")

    assert (letter.headers, letter.original_value, letter.event_id) == ((), None, pseudonym(b"k", PERSONAL[0]))
    assert (found.original_value, found.original_headers) == (bad.value, list(bad.headers))
    assert found.sealed == ""
    with pytest.raises(DeadLetterError, match="PAIDAN_PERSONAL_KEY"):
        opened(letter, b"other")


NAMES: Mapping[str, bool] = {
    "hotline-12345": True, "550e8400-e29b-41d4-a716-446655440000": True, "202603010001": True, "gulou-001": True,
    "13812345678": False, "app/鄂A12345": False, "zhang@163.com": False,
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_something_personal_in_it_has_a_pseudonym(name: str) -> None:
    """Which is its own pseudonym, and another one under another key; other names stay."""
    found = pseudonym(b"k", name)

    assert (found == name) == NAMES[name]
    assert pseudonym(b"k", found) == found
    assert NAMES[name] or pseudonym(b"other", name) != found


ADDRESSES = {
    "https://media.example/2026/03/01/a.jpg?n=1": "https://media.example/2026/03/01/a.jpg?n=1",
    "https://zhang:secret@media.example/a.jpg": "https://media.example/a.jpg",
    "https://media.example/13812345678/a.jpg": "https://media.example/***/a.jpg",
    "https://media.example/a?phone=138%201234%205678&n=1": "https://media.example/a?phone=***&n=1",
    "https://media.example/a?by=%25E9%2584%2582A12345": "https://media.example/a?by=***",
    "https://media.example/138/1234/5678": "https://media.example/***",
    "http://media.example/@home": "http://media.example/@home",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_lose_what_is_personal(address: str) -> None:
    """User and password always, of the rest only what must go."""
    assert ADDRESSES[address] == masked_address(address)

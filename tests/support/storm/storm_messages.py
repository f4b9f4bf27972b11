"""How the cameras of the storm day say what they see: as CloudEvents, Hikvision's alarms and DeepStream's frames."""

from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from models.envelope import Event, to_binary
from models.events import DETECTION
from models.times import to_text
from tests.support.storm.sites import (
    PERSON,
    Post,
    Saying,
)

_SOURCE = "urn:storm/cameras"


def _record(value: bytes, headers: Any, at: int) -> ConsumerRecord:
    return ConsumerRecord("detections", 0, 0, at, 0, None, value, None, -1, len(value), tuple(headers))


def event(name: str, source: str, kind: str, data: dict[str, Any], at: int) -> ConsumerRecord:
    """What somebody says, as a record."""
    headers, value = to_binary(Event(name, source, kind, msgspec.json.encode(data), at))
    return _record(value, headers, at)


def cloud_event(post: Post, said: Saying, name: str, at: int) -> ConsumerRecord:
    """What a camera says, as a CloudEvent."""
    data: dict[str, Any] = {"camera_id": post.id, "label": said.label, "confidence": said.confidence, "algorithm": "a"}
    data |= {key: value for key, value in (("object_id", said.object_id), ("phase", said.phase)) if value}
    return event(name, _SOURCE, DETECTION, data, at)


def _hikvision(post: Post, said: Saying, name: str, at: int) -> ConsumerRecord:
    value = (
        f"<EventNotificationAlert><channelID>1</channelID><dateTime>{to_text(at)}</dateTime>"
        f"<eventType>{said.label}</eventType><eventState>active</eventState><UUID>{name}</UUID>"
        f"<detectionConfidence>{round(said.confidence * 100)}</detectionConfidence>"
        f"<targetID>{said.object_id}</targetID></EventNotificationAlert>"
    ).encode()
    return _record(value, (("format", b"hikvision"), ("camera", post.id.encode())), at)


def _deepstream(post: Post, said: Saying, name: str, at: int) -> ConsumerRecord:
    """A frame in which somebody walks by as well."""
    seen = {"id": said.object_id, "type": said.label, "confidence": said.confidence}
    walks = {"id": "9", "type": PERSON, "confidence": 0.8}
    frame = {"messageid": name, "sensorId": post.id, "@timestamp": to_text(at), "objects": [seen, walks]}
    return _record(msgspec.json.encode(frame), (("format", b"deepstream"),), at)


MAKES = {0: (_hikvision, 1), 1: (_deepstream, 2)}  # by what is left of a camera's number; with detections a message

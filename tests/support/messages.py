"""Input records for tests: CloudEvents as the consumer hands them over, good by default, bad on demand."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from models.envelope import CONTENT_TYPE, SPEC_VERSION, STRUCTURED, Event, to_binary
from models.events import DETECTION, MEASUREMENT, RECHECKED, REPORT, UNIT, UPDATE
from models.times import to_text

NOW = 1_772_352_000_000  # 2026-03-01T08:00:00Z
TOPICS = {
    REPORT: "t.reports",
    DETECTION: "t.detections",
    MEASUREMENT: "t.detections",
    RECHECKED: "t.detections",
    UPDATE: "t.updates",
    UNIT: "t.units",
}
ORDER = "south-w-20260301-abcdefgh23"


def raw(
    value: bytes | None,
    headers: Sequence[tuple[str, bytes]],
    topic: str = "t.reports",
    offset: int = 0,
    timestamp: int = NOW,
    timestamp_type: int = 1,
) -> ConsumerRecord:
    """A record with exactly this value and these headers; its time is the broker's, as the topics have it."""
    return ConsumerRecord(
        topic, 0, offset, timestamp, timestamp_type, None, value, None, -1, len(value or b""), tuple(headers)
    )


def record(ce_type: str, data: Mapping[str, Any] | bytes, **more: Any) -> ConsumerRecord:
    """A CloudEvent in binary mode. `more`: id, source, time (ms), offset, timestamp."""
    value = data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False).encode()
    event = Event(more.get("id", "e-1"), more.get("source", "test"), ce_type, value, more.get("time", NOW))
    headers, value = to_binary(event)
    return raw(value, headers, TOPICS.get(ce_type, "t.reports"), more.get("offset", 0), more.get("timestamp", NOW))


def report(text: str = "梧桐路的路灯坏了", *, event: Mapping[str, Any] | None = None, **data: Any) -> ConsumerRecord:
    """A report; `event` holds what `record` takes."""
    return record(REPORT, {"text": text, **data}, **(event or {}))


def detection(
    camera_id: str = "cam-sw-1", label: str = "pothole", *, event: Mapping[str, Any] | None = None, **data: Any
) -> ConsumerRecord:
    """A detection; `event` holds what `record` takes."""
    return record(DETECTION, {"camera_id": camera_id, "label": label, **data}, **(event or {}))


def update(action: str = "accept", *, event: Mapping[str, Any] | None = None, **data: Any) -> ConsumerRecord:
    """An update of ORDER by the roads department; `event` holds what `record` takes."""
    said = {"action": action, "by": {"department": "roads"}, "order_id": ORDER} | data
    return record(UPDATE, {k: v for k, v in said.items() if v is not None}, **(event or {}))


def to_structured(event: Event) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers and value of a record in structured mode; data that is not JSON travels as base64."""
    fields: dict[str, object] = {
        "specversion": SPEC_VERSION,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "datacontenttype": event.content_type,
    }
    if event.time is not None:
        fields["time"] = to_text(event.time)
    if event.subject:
        fields["subject"] = event.subject
    if event.content_type.partition(";")[0].strip().lower().endswith("json"):
        fields["data"] = msgspec.Raw(event.data)
    else:
        fields["data_base64"] = base64.b64encode(event.data).decode()
    return [(CONTENT_TYPE, STRUCTURED.encode())], msgspec.json.encode(fields)

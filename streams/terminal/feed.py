"""Events from a file to the input topics, at their own times or at a rate: open loop, so that a slow receiver shows."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from models.envelope import BYTE_ORDER_MARK, STRUCTURED
from models.errors import UsageError
from models.events import DETECTION, MEASUREMENT, RECHECKED, REPORT, UPDATE
from models.times import now_ms, to_text
from streams.kafka.clients import started, writer
from streams.kafka.connection import Connection
from streams.kafka.topics import Names

_TOPICS = {
    REPORT: "reports",
    DETECTION: "detections",
    MEASUREMENT: "detections",
    RECHECKED: "detections",
    UPDATE: "updates",
}
_IN_FLIGHT = 10_000
SOURCE = "paidan/feed"  # of events that name none
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Planned(msgspec.Struct, frozen=True):
    """One event of a file: the last part of its topic's name, when it comes (seconds, None where the line does not
    say), and its structured CloudEvent, or a vendor's text with its headers."""

    topic: str
    at_s: float | None
    event: dict[str, Any]
    headers: dict[str, str]
    value: str | None = None


class Fed(msgspec.Struct, frozen=True):
    """What came of it: events that Kafka took, how long that took, and by how much the latest left too late."""

    events: int
    seconds: float
    late_seconds: float


def read_events(path: Path) -> Iterator[Planned]:
    """The events of a file, one JSON object a line, in the file's order.

    A line is `{"topic": "reports", "at_s": 12.5, "event": {…}}` with a structured CloudEvent (topic and at_s may be
    left out), `{"topic": "detections", "headers": {"format": "onvif"}, "value": "…"}` with a vendor's text, or a bare
    CloudEvent. Raises UsageError with file and line for anything else.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _planned(f"{path}:{number}", line)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _planned(where: str, line: bytes) -> Planned:
    try:
        said = _decode(line.removeprefix(BYTE_ORDER_MARK))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UsageError(f"{where}: the line is not one JSON object") from None
    if "event" not in said and "value" not in said:
        said = {"event": said}
    event, headers, value = said.get("event", {}), said.get("headers", {}), said.get("value")
    if not isinstance(event, dict) or not isinstance(headers, dict) or not isinstance(value, str | None):
        raise UsageError(f"{where}: event and headers must be objects, value must be text")
    topic = said.get("topic") or _TOPICS.get(str(event.get("type")), "detections" if value is not None else "")
    if topic not in _TOPICS.values():
        raise UsageError(f"{where}: topic must be one of {', '.join(_TOPICS.values())}")
    at = said.get("at_s")
    if at is not None and (isinstance(at, bool) or not isinstance(at, int | float)):
        raise UsageError(f"{where}: at_s must be a number of seconds")
    return Planned(topic, at, event, {str(k): str(v) for k, v in headers.items()}, value)


def scheduled(events: Iterable[Planned], rate: float | None, speed: float | None) -> Iterator[tuple[float, Planned]]:
    """Each event with its second from the start: `rate` events a second, or the file's own times `speed` times as
    fast (in the order of these times), or all at once. Raises UsageError when `speed` meets an event without a time.
    """
    if speed is not None:
        timed = list(events)
        if any(each.at_s is None for each in timed):
            raise UsageError("--speed needs at_s in every line of the file")
        for each in sorted(timed, key=lambda one: one.at_s or 0.0):
            yield (each.at_s or 0.0) / speed, each
        return
    for n, each in enumerate(events):
        yield (n / rate if rate else 0.0), each


async def feed(
    connection: Connection,
    names: Names,
    events: Iterable[tuple[float, Planned]],
    on_sent: Callable[[], None] = lambda: None,
) -> Fed:
    """Send each event at its second; events without time or id get the time they were due and a new id.

    Never waits for an answer before the next event, but for at most ten thousand unanswered ones. Raises KafkaError
    when Kafka does not take one.
    """
    pending: set[asyncio.Future[Any]] = set()
    sent, late = 0, 0.0
    async with started(writer(connection, linger_ms=2)) as producer:
        begun, begun_ms = time.monotonic(), now_ms()
        for due, planned in events:
            if (ahead := due - (time.monotonic() - begun)) > 0:
                await asyncio.sleep(ahead)
            elif due:
                late = max(late, -ahead)
            moment = begun_ms + int(due * 1000) if due else now_ms()
            key, value, headers = as_record(planned, moment)
            topic = getattr(names, planned.topic)
            pending.add(await producer.send(topic, value, key=key, headers=headers))
            sent += 1
            on_sent()
            if len(pending) >= _IN_FLIGHT:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    each.result()
        await asyncio.gather(*pending)
    return Fed(sent, time.monotonic() - begun, late)


def as_record(planned: Planned, moment: int) -> tuple[bytes | None, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers. Steps of one order share a key, so that they arrive in their order."""
    if planned.value is not None:
        headers = [(name, value.encode()) for name, value in planned.headers.items()]
        return None, planned.value.encode(), headers
    event = {"specversion": "1.0", "id": str(uuid4()), "source": SOURCE, "time": to_text(moment)} | planned.event
    data = event.get("data")
    named = (data.get("order_id") or data.get("camera_id")) if isinstance(data, dict) else None
    key = named.encode() if isinstance(named, str) else None
    return key, msgspec.json.encode(event), [("content-type", STRUCTURED.encode())]

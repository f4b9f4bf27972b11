"""Dahua event streams: `client.notifyEventStream` with a list of events, or the lines of `eventManager.cgi`, which are
`Code=…;action=Start;index=0;data={…}`.

The stream does not name the camera's address: the bridge that forwards it must, with the header `camera`; otherwise
the machine's name is taken for it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from models.errors import Poison
from models.events import make_detection
from models.formats.parsing import json_messages
from models.formats.reading import (
    Alive,
    Reading,
    Site,
    at_path,
    attempts,
    box,
    goes_on,
    known,
    listed,
    moment,
    number,
    objects,
    text_of,
)

_THINGS = ("Object", "Vehicle", "NonMotor", "Human")
_HEARTBEAT = b"Heartbeat"
_BEGINNINGS = (b"Code=", _HEARTBEAT)
_LINE = re.compile(
    rb"^Code=(?P<Code>[^;\r\n]*);action=(?P<Action>[^;\r\n]*)(?:;index=\d*)?(?:;data=(?P<data>(?:(?!^Code=).)*))?",
    re.MULTILINE | re.DOTALL,
)
_FULL = 255  # a confidence that is certain


def parse(document: bytes) -> Iterator[dict[str, Any] | Poison]:
    """The messages of a document, an event of a line as a message of its own. Raises Poison."""
    if not document.startswith(_BEGINNINGS):
        yield from json_messages(document)
        return
    if document.startswith(_HEARTBEAT):
        yield {"Code": _HEARTBEAT.decode()}
    for line in _LINE.finditer(document):
        event = {name: line[name].decode("utf-8", "replace") for name in ("Code", "Action")}
        try:
            yield event | {"Data": next(json_messages(line["data"]), None) if line["data"] else None}
        except Poison as poison:
            yield poison


def decode(message: Mapping[str, Any], site: Site) -> Iterator[Reading | Alive | Poison]:
    """One reading for each event in the list; of none, and of a heartbeat, that the device is alive. Raises Poison."""
    if message.get("method") == "global.keepAlive" or _is_heartbeat(message):
        return iter((Alive(_camera(message, site)),))
    holder = next((each for each in (message.get("params"), message) if listed(each, "eventList")), None)
    if holder is None and text_of(message.get("Code")) and text_of(message.get("Action")):
        return attempts([message], lambda event: _reading(event, site))  # a bridge has taken the list apart
    if holder is None:
        raise Poison("params.eventList", "is missing")
    if not (events := objects(holder["eventList"])):
        return iter((Alive(site.camera),))
    return attempts(events, lambda event: _reading(event, site))


def _is_heartbeat(event: Mapping[str, Any]) -> bool:
    return text_of(event.get("Code")).lower() == "heartbeat"


def _camera(event: Mapping[str, Any], site: Site) -> str:
    data = event.get("Data")
    return site.camera or text_of(at_path(data, "MachineName")) or text_of(at_path(data, "TrafficCar", "MachineName"))


def _reading(event: object, site: Site) -> Reading | Alive:
    if not isinstance(event, Mapping):
        raise Poison("params.eventList", "must hold objects")
    camera = _camera(event, site)
    if _is_heartbeat(event):
        return Alive(camera)
    given = event.get("Data")
    data: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    code = text_of(event.get("Code")) or text_of(data.get("Code"))
    things = [data[name] for name in _THINGS if isinstance(data.get(name), Mapping)]
    measured = [thing for thing in things if thing.get("Confidence")]
    thing: Mapping[str, Any] = next(iter([*measured, *things]), {})
    edges = thing.get("BoundingBox")
    detection = make_detection(
        {
            "camera_id": camera,
            "vendor": "dahua",
            "label": code,
            "algorithm": text_of(data.get("Class")),
            "confidence": _confidence(thing.get("Confidence")),
            "object_id": next((text_of(t["ObjectID"]) for t in things if t.get("ObjectID") is not None), ""),
            "phase": _phase((text_of(event.get("Action")) or text_of(data.get("Action"))).lower()),
            "bbox": box(edges) if isinstance(edges, list) else None,
        }
    )
    number_of = text_of(data.get("EventID"))
    at = _moment(data, site)
    return Reading(detection, f"{camera}/{code}/{number_of}/{at}" if number_of and at is not None else "", at)


def _phase(action: str) -> str:
    """A `Pulse` has no end, so it is no beginning either: it is over when it is seen no more."""
    return "start" if action == "start" else "end" if goes_on(action) is False else ""


def _confidence(value: object) -> float | None:
    """Dahua counts from 0 to 255, what lies below 1 is a share; 0 stands for "not measured"."""
    confidence = number(value, "Confidence")
    if not confidence or confidence < 0:
        return None
    return confidence if confidence < 1 else min(confidence / _FULL, 1.0) if confidence <= _FULL + 1 else confidence


def _moment(data: Mapping[str, Any], site: Site) -> int | None:
    """`RealUTC` is UTC; `UTC` counts the device's local time as if it were UTC, so it is not used beside it."""
    at = moment(data.get("RealUTC", data.get("UTC")), site, "UTC")
    return None if at is None else at + (int(known(data.get("UTCMS")) or 0) if at % 1000 == 0 else 0)

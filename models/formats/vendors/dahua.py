"""Dahua event streams: `client.notifyEventStream` with a list of events.

The stream does not name the camera's address: the bridge that forwards it must, with the header `camera`; otherwise
the machine's name is taken for it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from models.errors import Poison
from models.events import make_detection
from models.formats.reading import (
    Reading,
    Site,
    at_path,
    attempts,
    box,
    known,
    listed,
    moment,
    number,
    objects,
    text_of,
)

_THINGS = ("Object", "Vehicle", "NonMotor", "Human")
_PHASES = {"start": "start", "pulse": "start", "stop": "end", "end": "end"}


def decode(message: Mapping[str, Any], site: Site) -> Iterator[Reading | Poison]:
    """One reading for each event in the list. Raises Poison."""
    if message.get("method") == "global.keepAlive":
        return iter(())  # the heartbeat of a healthy device
    holder = next((each for each in (message.get("params"), message) if listed(each, "eventList")), None)
    if holder is None:
        raise Poison("params.eventList", "is missing")
    return attempts(objects(holder["eventList"]), lambda event: _reading(event, site))


def _reading(event: object, site: Site) -> Reading:
    if not isinstance(event, Mapping):
        raise Poison("params.eventList", "must hold objects")
    given = event.get("Data")
    data: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    camera = site.camera or text_of(data.get("MachineName")) or text_of(at_path(data, "TrafficCar", "MachineName"))
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
            "phase": _PHASES.get((text_of(event.get("Action")) or text_of(data.get("Action"))).lower(), ""),
            "bbox": box(edges) if isinstance(edges, list) else None,
        }
    )
    number_of = text_of(data.get("EventID"))
    at = _moment(data, site)
    return Reading(detection, f"{camera}/{code}/{number_of}/{at}" if number_of and at is not None else "", at)


def _confidence(value: object) -> float | None:
    """Dahua counts from 0 to 255; 0 stands for "not measured"."""
    confidence = number(value, "Confidence")
    return confidence / 255 if confidence and confidence > 0 else None


def _moment(data: Mapping[str, Any], site: Site) -> int | None:
    """`RealUTC` is UTC; `UTC` counts the device's local time as if it were UTC, so it is not used beside it."""
    at = moment(data.get("RealUTC", data.get("UTC")), site.zone, "UTC")
    return None if at is None else at + (int(known(data.get("UTCMS")) or 0) if at % 1000 == 0 else 0)

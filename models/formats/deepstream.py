"""NVIDIA DeepStream messages (nvmsgconv): the full schema with one object, the minimal one with a list.

In the minimal schema an object is a JSON object, or one line `id|left|top|right|bottom|type|…` as the converter
writes it. https://docs.nvidia.com/metropolis/deepstream/dev-guide/text/DS_plugin_gst-nvmsgconv.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from models.errors import Poison
from models.events import make_detection
from models.formats.reading import Reading, Site, at_path, bounded, json_object, moment, objects, place, share, text_of

_EDGES = ("topleftx", "toplefty", "bottomrightx", "bottomrighty")
_PHASES = {"entry": "start", "start": "start", "exit": "end", "stop": "end", "end": "end", "moving": "ongoing"}


def decode(value: bytes, site: Site) -> tuple[Reading, ...]:
    """One reading for each object, and one for each analytics rule that says `triggered`. Raises Poison."""
    message = json_object(value)
    camera = site.camera or text_of(message.get("sensorId")) or text_of(at_path(message, "sensor", "id"))
    algorithm = text_of(at_path(message, "analyticsModule", "source")) or text_of(
        at_path(message, "analyticsModule", "id")
    )
    shared = {"camera_id": camera, "vendor": "deepstream", "algorithm": algorithm}
    at = moment(message.get("@timestamp"), site.zone, "@timestamp")
    base = text_of(message.get("messageid"))
    sightings = list(bounded(_minimal(message) if "objects" in message else _full(message)))
    if not sightings and message.get("objects") != []:  # an empty frame says that nothing goes on
        raise Poison("objects", "is missing")
    return tuple(
        Reading(make_detection(shared | fields), f"{base}/{n}" if base and len(sightings) > 1 else base, at)
        for n, fields in enumerate(sightings)
    )


def _full(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    thing = message.get("object")
    if not isinstance(thing, Mapping):
        return
    kinds = [name for name, value in thing.items() if isinstance(value, Mapping) and "confidence" in value]
    kind = kinds[0] if kinds else ""
    event = text_of(at_path(message, "event", "type"))
    here = at_path(message, "sensor", "location")
    yield {
        "label": kind or event,
        "confidence": share(at_path(thing, kind, "confidence") if kind else thing.get("confidence"), "confidence"),
        "object_id": text_of(thing.get("id")),
        "phase": _PHASES.get(event.lower(), ""),
        "bbox": _box(thing.get("bbox")),
        "location": place(at_path(here, "lat"), at_path(here, "lon")),
    }


def _minimal(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    listed = message["objects"]
    for line in (entry for entry in listed if isinstance(entry, str)) if isinstance(listed, list) else ():
        yield _line(line)
    for thing in objects(listed):
        yield {
            "label": text_of(thing.get("type")),
            "confidence": share(thing.get("confidence"), "objects.confidence"),
            "object_id": text_of(thing.get("id")),
            "bbox": _box(thing.get("bbox")),
        }
    rules = message.get("analytics")
    for name, rule in rules.items() if isinstance(rules, Mapping) else ():
        if isinstance(rule, Mapping) and rule.get("triggered") is True:
            yield {"label": name, "object_id": text_of(rule.get("roi_name"))}


def _line(line: str) -> dict[str, Any]:
    parts = [part.strip() for part in line.split("|")]
    if len(parts) < 6:
        raise Poison("objects", "must hold lines id|left|top|right|bottom|type")
    edges = dict(zip(_EDGES, parts[1:5], strict=True))
    return {"object_id": parts[0], "label": parts[5], "bbox": _box({k: _float(v) for k, v in edges.items()})}


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Poison("objects", "must hold numbers between id and type") from None


def _box(value: object) -> list[Any] | None:
    return [value.get(edge) for edge in _EDGES] if isinstance(value, Mapping) else None

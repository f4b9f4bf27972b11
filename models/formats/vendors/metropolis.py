"""NVIDIA Metropolis alerts and incidents (nvschema JSON, as the alert bridge takes them)."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.events import make_detection
from models.formats.reading import Alive, Reading, Site, at_path, goes_on, links, moment, place, share, text_of

_PICTURES = ("imageUrl", "videoUrl", "videoPath")


def decode(message: Mapping[str, Any], site: Site) -> Iterator[Reading | Alive]:
    """One reading: the alert's event type is the label, its summary the text; none of an incident that its sender has
    found to be no anomaly. Raises Poison."""
    if goes_on(message.get("isAnomaly")) is False:
        yield Alive(_camera(message, site))
        return
    event = message.get("event")
    here = at_path(message, "sensor", "location") or at_path(message, "place", "location")
    detection = make_detection(
        {
            "camera_id": _camera(message, site),
            "vendor": "metropolis",
            "label": text_of(at_path(event, "type")) or text_of(event) or text_of(message.get("category")),
            "algorithm": text_of(at_path(message, "analyticsModule", "id")),
            "confidence": share(message.get("confidence", at_path(event, "confidence")), "confidence"),
            "object_id": text_of(at_path(message, "object", "id")),
            "location": place(at_path(here, "lat"), at_path(here, "lon")),
            "text": text_of(at_path(message, "info", "scene_summary")) or text_of(at_path(event, "description")),
            "media_urls": links(map(message.get, _PICTURES)),
        }
    )
    at = moment(message.get("timestamp") or message.get("@timestamp"), site, "timestamp")
    yield Reading(detection, text_of(message.get("id")) or text_of(at_path(event, "id")), at)


def _camera(message: Mapping[str, Any], site: Site) -> str:
    return site.camera or text_of(at_path(message, "sensor", "id")) or text_of(message.get("sensorId"))

"""Hikvision ISAPI alarms: `EventNotificationAlert` as the alert stream and HTTP listening send it, XML or JSON."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from models.errors import Poison
from models.events import make_detection
from models.formats.parsing import json_messages, xml_messages
from models.formats.reading import (
    Alive,
    Reading,
    Site,
    attempts,
    box,
    goes_on,
    known,
    links,
    local,
    moment,
    share,
    text_of,
    texts,
)

_ALERT = "EventNotificationAlert"
_PICTURES = ("bkgUrl", "picUrl")


def parse(document: bytes) -> Iterator[Element | dict[str, Any] | Poison]:
    """The roots of an XML document, or the objects of one in JSON. Raises Poison."""
    return json_messages(document) if document.startswith((b"{", b"[")) else xml_messages(document)


def decode(message: Element | Mapping[str, Any], site: Site) -> Iterator[Reading | Alive | Poison]:
    """One reading for each alert; a camera that nobody named by the header `camera` is `ipAddress:channelID`. Raises
    Poison."""
    alerts = _of_json(message) if isinstance(message, Mapping) else _of_xml(message)
    if not alerts:
        raise Poison(_ALERT, "is missing")
    return attempts(alerts, lambda said: _reading(said, site))


def _of_xml(root: Element) -> list[dict[str, str]]:
    """What the root says, or what is in it where something stands around it (SOAP, a list)."""
    return [texts(element) for element in root.iter() if local(element) == _ALERT]


def _of_json(message: Mapping[str, Any]) -> list[dict[str, str]]:
    alert = message.get(_ALERT, message)
    if not isinstance(alert, Mapping) or "eventType" not in alert:
        return []
    return [_leaves(alert)]


def _leaves(alert: Mapping[str, Any]) -> dict[str, str]:
    """The text of each leaf by its name; of several the outermost."""
    found: dict[str, str] = {}
    within: deque[tuple[str, Any]] = deque(alert.items())
    while within:
        name, value = within.popleft()
        if isinstance(value, Mapping):
            within.extend(value.items())
        elif isinstance(value, list):
            within.extend((name, each) for each in value)
        elif text := (str(value).lower() if isinstance(value, bool) else text_of(value)):
            found.setdefault(name, text)
    return found


def _reading(said: Mapping[str, str], site: Site) -> Reading | Alive:
    """What a healthy device says of itself is no reading."""
    channel = said.get("channelID") or said.get("dynChannelID", "")
    camera = site.camera or said.get("deviceID") or f"{said.get('ipAddress') or said.get('ipv6Address', '')}:{channel}"
    state, kind = said.get("eventState", ""), said.get("eventType", "")
    over = goes_on(state) is False
    if kind.lower() == "heartbeat" or (over and kind.lower() == "videoloss"):
        return Alive(camera)
    # "It still goes on": the event that it is about stands beside it.
    going_on = kind.lower() == "duration" and said.get("relationEvent", "")
    detection = make_detection(
        {
            "camera_id": camera,
            "vendor": "hikvision",
            "label": going_on or kind,
            "algorithm": "isapi",
            "confidence": share(said.get("detectionConfidence"), "detectionConfidence"),
            "object_id": said.get("targetID") or said.get("regionID", ""),
            "phase": "end" if over else "ongoing" if going_on else "start" if state else "",
            "bbox": _target(said),
            "media_urls": links(map(said.get, _PICTURES)),
            "text": said.get("eventDescription", ""),
        }
    )
    return Reading(detection, said.get("UUID", ""), moment(said.get("dateTime"), site, "dateTime"))


def _target(said: Mapping[str, str]) -> list[float] | None:
    """The rectangle of the target that was seen first; Hikvision measures it from its left upper corner."""
    left, top, width, height = (known(said.get(name)) for name in ("X", "Y", "width", "height"))
    if left is None or top is None or width is None or height is None:
        return None
    return box((left, top, left + width, top + height))

"""Hikvision ISAPI alarms: `EventNotificationAlert`, XML as the alert stream and HTTP listening send it."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from models.errors import Poison
from models.events import make_detection
from models.formats.reading import Reading, Site, local, moment, share, texts

_OVER = ("inactive", "false", "0", "end", "stop", "stopped")  # how devices say that it is over


def decode(root: Element, site: Site) -> Iterator[Reading]:
    """One reading; a camera that nobody named by the header `camera` is `ipAddress:channelID`. Raises Poison."""
    if local(root) != "EventNotificationAlert":
        raise Poison("EventNotificationAlert", "is missing")
    said = texts(root)
    channel = said.get("channelID") or said.get("dynChannelID", "")
    camera = site.camera or said.get("deviceID") or f"{said.get('ipAddress', '')}:{channel}"
    state, kind = said.get("eventState", "").lower(), said.get("eventType", "")
    if kind.lower() == "heartbeat" or (state in _OVER and kind.lower() == "videoloss"):
        return  # of a healthy device
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
            "phase": "end" if state in _OVER else "ongoing" if going_on else "start",
            "text": said.get("eventDescription", ""),
        }
    )
    yield Reading(detection, said.get("UUID", ""), moment(said.get("dateTime"), site.zone, "dateTime"))

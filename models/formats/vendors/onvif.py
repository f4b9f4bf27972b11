"""ONVIF event notifications (WS-BaseNotification with a tt:Message), e.g. of the rule engine's field detector.

They do not name the camera's address: the bridge that forwards them must, with the header `camera`; otherwise the
video source's token is taken for it.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from models.errors import Poison
from models.events import make_detection
from models.formats.reading import Reading, Site, attempts, local, moment

_CAMERA = ("VideoSourceToken", "VideoSourceConfigurationToken", "Source", "VideoAnalyticsConfigurationToken")
_TRUE = ("true", "1", "active", "on")
_BOOLEAN = ("true", "false", "active", "inactive", "on", "off")
_UTC = ZoneInfo("UTC")
_WITHOUT_NEWS = ("Notify", "PullMessagesResponse")  # what an answer without a notification has


def decode(root: Element, site: Site) -> Iterator[Reading | Poison]:
    """One reading for each notification in the document that tells of something. Raises Poison."""
    notifications = [e for e in root.iter() if local(e) == "NotificationMessage"]
    if not notifications and not any(local(e) in _WITHOUT_NEWS for e in root.iter()):
        raise Poison("NotificationMessage", "is missing")
    return attempts(notifications, lambda each: _reading(each, site))


def _reading(notification: Element, site: Site) -> Reading | None:
    """None for a state that is as it should be, and for what a device counts of itself."""
    topic = next((e.text or "" for e in notification.iter() if local(e) == "Topic"), "").strip()
    inner = [e for e in notification.iter() if local(e) == "Message"]
    if not inner:
        raise Poison("Message", "is missing")
    message = next((e for e in inner if "UtcTime" in e.attrib), inner[-1])
    items = {e.attrib.get("Name", ""): e.attrib.get("Value", "") for e in message.iter() if local(e) == "SimpleItem"}
    camera = site.camera or next((items[name] for name in _CAMERA if items.get(name)), "")
    if "Monitoring/" in topic:
        return None
    states = [
        value.lower() in _TRUE
        for name, value in items.items()
        if name.startswith("Is") or "State" in name or value.lower() in _BOOLEAN
    ]
    operation = message.attrib.get("PropertyOperation", "")
    ended = operation == "Deleted" or (bool(states) and not any(states))
    if operation == "Initialized" and states and not any(states):
        return None
    detection = make_detection(
        {
            "camera_id": camera,
            "vendor": "onvif",
            "label": topic.rpartition("/")[2].rpartition(":")[2],
            "algorithm": items.get("Rule", "") or topic.rpartition("/")[0].rpartition(":")[2],
            "object_id": items.get("ObjectId", ""),
            "phase": "end" if ended else "start",
        }
    )
    return Reading(detection, "", moment(message.attrib.get("UtcTime"), _UTC, "UtcTime"))

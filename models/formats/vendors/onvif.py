"""ONVIF event notifications (WS-BaseNotification with a tt:Message), e.g. of the rule engine's field detector.

They do not name the camera's address: the bridge that forwards them must, with the header `camera`; otherwise the
video source's token is taken for it.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from models.errors import Poison
from models.events import make_detection
from models.formats.reading import Reading, Site, attempts, goes_on, local, moment

_CAMERA = ("VideoSourceToken", "VideoSourceConfigurationToken", "Source", "VideoAnalyticsConfigurationToken")
_UTC = ZoneInfo("UTC")


def decode(root: Element, site: Site) -> Iterator[Reading | Poison]:
    """One reading for each notification in the document that tells of something. Raises Poison."""
    notifications = [e for e in root.iter() if local(e) == "NotificationMessage"]
    # What a device answers, to a pull or to a subscription, has none where there is no news.
    if not notifications and not any(local(e) == "Notify" or local(e).endswith("Response") for e in root.iter()):
        raise Poison("NotificationMessage", "is missing")
    return attempts(notifications, lambda each: _reading(each, site))


def _reading(notification: Element, site: Site) -> Reading | None:
    """None for a state that is as it should be, and for what a device counts of itself."""
    topic = next((e.text or "" for e in notification.iter() if local(e) == "Topic"), "").strip()
    inner = [e for e in notification.iter() if local(e) == "Message"]
    if not inner:
        raise Poison("Message", "is missing")
    message = next((e for e in inner if "UtcTime" in e.attrib), inner[-1])
    items = _items(message)
    camera = site.camera or next((items[name] for name in _CAMERA if items.get(name)), "")
    if "Monitoring/" in topic:
        return None
    states = list(_states(message))
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


def _items(element: Element) -> dict[str, str]:
    return {e.attrib.get("Name", ""): e.attrib.get("Value", "") for e in element.iter() if local(e) == "SimpleItem"}


def _states(message: Element) -> Iterator[bool]:
    """What the message's data say of whether something goes on; names of things (`ObjectId` 0) say nothing of it."""
    data = next((e for e in message.iter() if local(e) == "Data"), message)
    for name, value in _items(data).items():
        state = goes_on(value)
        if state is None and (name.startswith("Is") or "State" in name):
            state = False
        if state is not None and not name.endswith(("Id", "ID", "Token")):
            yield state

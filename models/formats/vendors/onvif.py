"""ONVIF event notifications (WS-BaseNotification with a tt:Message), e.g. of the rule engine's field detector.

They do not name the camera's address: the bridge that forwards them must, with the header `camera`; otherwise the
video source's token is taken for it.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from models.errors import Poison
from models.events import make_detection
from models.formats.reading import Alive, Reading, Site, attempts, goes_on, local, moment, texts

_CAMERA = ("VideoSourceToken", "VideoSourceConfigurationToken", "Source", "VideoAnalyticsConfigurationToken")
_UTC = ZoneInfo("UTC")


def decode(root: Element, site: Site) -> Iterator[Reading | Alive | Poison]:
    """One reading for each notification in the document that tells of something; of the others, and of a device that
    greets (`Hello` of WS-Discovery), that it is alive. Raises Poison."""
    notifications = [e for e in root.iter() if local(e) == "NotificationMessage"]
    greeting = next((e for e in root.iter() if local(e) == "Hello"), None)
    if not notifications and greeting is not None:
        return iter((Alive(site.camera or texts(greeting).get("Address", "")),))
    # What a device answers, to a pull or to a subscription, has none where there is no news.
    if not notifications and not any(local(e) == "Notify" or local(e).endswith("Response") for e in root.iter()):
        raise Poison("NotificationMessage", "is missing")
    if not notifications:
        return iter((Alive(site.camera),))
    return attempts(notifications, lambda each: _reading(each, site))


def _reading(notification: Element, site: Site) -> Reading | Alive:
    """A state that is as it should be, and what a device counts of itself, are no readings."""
    topic = next((e.text or "" for e in notification.iter() if local(e) == "Topic"), "").strip()
    inner = [e for e in notification.iter() if local(e) == "Message"]
    if not inner:
        raise Poison("Message", "is missing")
    message = next((e for e in inner if "UtcTime" in e.attrib), inner[-1])
    items = _items(message)
    camera = site.camera or next((items[name] for name in _CAMERA if items.get(name)), "")
    if "Monitoring/" in topic:
        return Alive(camera)
    states = list(_states(message))
    operation = message.attrib.get("PropertyOperation", "")
    ended = operation == "Deleted" or (bool(states) and not any(states))
    if operation == "Initialized" and states and not any(states):
        return Alive(camera)
    detection = make_detection(
        {
            "camera_id": camera,
            "vendor": "onvif",
            "label": topic.rpartition("/")[2].rpartition(":")[2],
            "algorithm": items.get("Rule", "") or topic.rpartition("/")[0].rpartition(":")[2],
            "object_id": items.get("ObjectId", ""),
            # What is no property, as a line that is crossed, has neither a state nor an end.
            "phase": "end" if ended else "start" if operation or states else "",
        }
    )
    in_utc = Site(_UTC, site.camera, site.received)
    return Reading(detection, "", moment(message.attrib.get("UtcTime"), in_utc, "UtcTime"))


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

"""GB/T 28181 alarm notifications: `<Notify><CmdType>Alarm</CmdType>…`, in UTF-8 or GB 18030."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from models.errors import Poison
from models.events import make_detection
from models.formats.reading import Alive, Reading, Site, known, local, moment, place, texts

# Table of AlarmMethod in GB/T 28181-2016, annex A.
_METHODS = {
    "1": "phone-alarm",
    "2": "device-alarm",
    "3": "sms-alarm",
    "4": "gps-alarm",
    "5": "video-alarm",
    "6": "device-fault",
    "7": "other-alarm",
}
# AlarmType when AlarmMethod is 5.
_VIDEO = {
    "1": "manual-video-alarm",
    "2": "motion",
    "3": "left-object",
    "4": "removed-object",
    "5": "tripwire",
    "6": "intrusion",
    "7": "wrong-way",
    "8": "loitering",
    "9": "traffic-count",
    "10": "density",
    "11": "video-abnormal",
    "12": "fast-motion",
}
# AlarmType when AlarmMethod is 2.
_DEVICE = {
    "1": "video_lost",
    "2": "device-tamper",
    "3": "storage-full",
    "4": "device-overheat",
    "5": "device-undervoltage",
}


def decode(root: Element, site: Site) -> Iterator[Reading | Alive]:
    """One reading: the label is the name of the alarm's method and type, the text its description. Of a heartbeat
    状态信息报送 that the device is alive, unless it says that it does not work. Raises Poison."""
    said = texts(root)
    command = said.get("CmdType", "").lower()
    if command == "keepalive":
        if said.get("Status", "").lower() != "error":
            yield Alive(site.camera or _own_id(root))
        return
    if command != "alarm":
        raise Poison("CmdType", "must be Alarm")
    method = _code(said.get("AlarmMethod", ""))
    kinds = {"5": _VIDEO, "2": _DEVICE}.get(method, {})
    label = kinds.get(_code(said.get("AlarmType", ""))) or _METHODS.get(method)
    if label is None:
        raise Poison("AlarmMethod", "must be a number from 1 to 7")
    camera = site.camera or said.get("DeviceID", "")
    detection = make_detection(
        {
            "camera_id": camera,
            "vendor": "gb28181",
            "label": label,
            "algorithm": f"alarm-method-{method}",
            "location": place(said.get("Latitude"), said.get("Longitude")),
            "text": said.get("AlarmDescription", ""),
        }
    )
    at = moment(said.get("AlarmTime"), site, "AlarmTime")
    # SN counts from 1 in each session of a device: only together with the time it names one alarm.
    number = said.get("SN", "")
    yield Reading(detection, f"{camera}/{said['AlarmTime']}/{number}" if at is not None and number else "", at)


def _own_id(root: Element) -> str:
    """The device's own id; `Info` lists the faulty ones behind it."""
    faulty = {id(each) for info in root.iter() if local(info) == "Info" for each in info.iter()}
    own = (each.text or "" for each in root.iter() if local(each) == "DeviceID" and id(each) not in faulty)
    return next(own, "").strip()


def _code(text: str) -> str:
    """A number of a table as the table has it: `05`, `5.0` and `５` are 5."""
    amount = known(text)
    return str(int(amount)) if amount is not None and amount.is_integer() else text

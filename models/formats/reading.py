"""What a vendor's message says, in the words of the detection contract."""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from zoneinfo import ZoneInfo

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from models.envelope import LATEST
from models.errors import Poison
from models.events import Detection
from models.times import to_ms

MAX_READINGS = 1_000
MAX_ELEMENTS = 20_000
MAX_DEPTH = 100

T = TypeVar("T")


class Site(msgspec.Struct, frozen=True):
    """What the message itself may leave open: the zone of its local times, and the camera where a bridge names it."""

    zone: ZoneInfo
    camera: str = ""


class Reading(msgspec.Struct, frozen=True):
    """One detection of a message. `id` is the message's own for it, empty when it has none; `at` is milliseconds UTC,
    None when the message has no time."""

    detection: Detection
    id: str = ""
    at: int | None = None


_json = msgspec.json.Decoder()


def json_object(value: bytes) -> dict[str, Any]:
    """The message as an object. Raises Poison."""
    try:
        message = _json.decode(value)
    except UnicodeDecodeError:
        raise Poison("data", "must be UTF-8", "not-utf-8") from None
    except (msgspec.DecodeError, RecursionError):
        raise Poison("data", "must be one JSON object", "not-json") from None
    if not isinstance(message, dict):
        raise Poison("data", "must be one JSON object", "not-json")
    return message


class _Bounded(TreeBuilder):
    """Builds the tree of an XML document that is neither too deep nor too large."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH:
            raise Poison("data", f"must be nested at most {MAX_DEPTH} deep", "too-complex")
        if self._count > MAX_ELEMENTS:
            raise Poison("data", f"must hold at most {MAX_ELEMENTS} elements", "too-complex")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def xml_root(value: bytes) -> Element:
    """The message's root element; GB 2312 and its kin are understood.

    Raises Poison, also for entities, DTDs and documents that are too deep or too large.
    """
    head = value[:100].lower()
    text: str | bytes = value
    if b"encoding" in head and (b"gb2312" in head or b"gbk" in head or b"gb18030" in head):
        try:
            text = value.decode("gb18030").partition("?>")[2].strip()
        except UnicodeDecodeError:
            raise Poison("data", "must be in the encoding that its XML declaration names", "not-xml") from None
    parser = DefusedXMLParser(target=_Bounded(), forbid_dtd=True)
    try:
        parser.feed(text)
        root: Element = parser.close()
    except DefusedXmlException:
        raise Poison("data", "must be XML without DTD and entities", "not-xml") from None
    except (ParseError, ValueError, LookupError, RecursionError):
        raise Poison("data", "must be one well-formed XML document", "not-xml") from None
    return root


def local(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def texts(root: Element) -> dict[str, str]:
    """The text of each leaf by its name without namespace; of several the first."""
    first: dict[str, str] = {}
    for element in root.iter():
        if len(element) == 0 and element.text and element.text.strip():
            first.setdefault(local(element), element.text.strip())
    return first


def at_path(tree: object, *path: str) -> Any:
    """The value under nested names, None where one is missing."""
    for name in path:
        if not isinstance(tree, Mapping):
            return None
        tree = tree.get(name)
    return tree


def bounded(things: Iterable[T]) -> Iterator[T]:
    """What a message holds, as long as it becomes no more than 1,000 detections. Raises Poison."""
    for n, each in enumerate(things):
        if n == MAX_READINGS:
            raise Poison("data", f"must hold at most {MAX_READINGS} detections", "too-complex")
        yield each


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    """The objects in a list; a lone object counts as a list of one, anything else as none."""
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, Mapping):
            yield entry


def text_of(value: object) -> str:
    """A text or number as text, else the empty text."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def number(value: object, field: str) -> float | None:
    """A number or a text that is one; None for nothing. Raises Poison."""
    if value is None or value == "":
        return None
    try:
        amount = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        amount = math.nan
    if not math.isfinite(amount):
        raise Poison(field, "must be a number")
    return amount


def share(value: object, field: str) -> float | None:
    """A confidence as a share: percents (more than 1, at most 100) are divided by 100. Raises Poison."""
    amount = number(value, field)
    return amount / 100 if amount is not None and 1 < amount <= 100 else amount


def place(lat: object, lon: object) -> dict[str, float] | None:
    """A location, or None where the device does not know it: missing, or both zero."""
    here, there = number(lat, "location.lat"), number(lon, "location.lon")
    if here is None or there is None or here == there == 0:
        return None
    return {"lat": here, "lon": there}


def moment(value: object, zone: ZoneInfo, field: str) -> int | None:
    """ISO 8601, `yyyymmddhhmmss` or `yyyy-mm-dd hh:mm:ss`, local where it names no zone. Raises Poison."""
    text = text_of(value)
    if not text:
        return None
    try:
        if text.isdecimal() and len(text) in (14, 17):
            form = "%Y%m%d%H%M%S%f" if len(text) == 17 else "%Y%m%d%H%M%S"
            when = datetime.strptime(text, form).replace(tzinfo=zone)
        else:
            when = datetime.fromisoformat(text)
        at = to_ms(when if when.tzinfo else when.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        at = -1
    if not 0 <= at < LATEST:
        raise Poison(field, "must be a time such as 2026-03-01T08:00:00+08:00")
    return at

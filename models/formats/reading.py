"""What a vendor's message says, in the words of the detection contract."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from zoneinfo import ZoneInfo

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from models.envelope import LATEST
from models.errors import Poison
from models.events import Detection
from models.formats.wrapping import WIDE
from models.times import to_ms

MAX_READINGS = 1_000
MAX_ELEMENTS = 20_000
MAX_DEPTH = 100
MAX_TAG = 65_536

T = TypeVar("T")

_DECLARATION = re.compile(rb"<\?xml[^>]{0,200}\?>")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_TOLD_BY_BYTES = (b"utf-8", b"utf8", b"gb2312", b"gbk", b"gb18030")  # declared for one another
# As devices write it: without leading zeros, with one of two separators, with or without seconds and zone.
_STAMP = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[Tt ]\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?"
    r"\s*(?:([Zz])|([+-])(\d{1,2}):?(\d{2}))?"
)
_NOISE = 1.5  # a share that its device has reckoned with too few bits; no detector tells of a percent


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
        self._depth = self._count = self.told = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._count += 1
        self.told += 1
        if self._depth > MAX_DEPTH:
            raise Poison("data", f"must be nested at most {MAX_DEPTH} deep", "too-complex")
        if self._count > MAX_ELEMENTS:
            raise Poison("data", f"must hold at most {MAX_ELEMENTS} elements", "too-complex")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        self.told += 1
        return super().end(tag)

    def data(self, data: str, /) -> None:
        self.told += 1
        super().data(data)


def xml_root(value: bytes) -> Element:
    """The message's root element.

    UTF-8 is recognised by its bytes, whatever the declaration says; what is none is GB 18030 (of which GB 2312, the
    default of GB/T 28181, is a part) unless another encoding is declared. Raises Poison, also for entities, DTDs and
    documents that are too deep or too large.
    """
    text = _xml_text(value)
    tree = _Bounded()
    parser = DefusedXMLParser(target=tree, forbid_dtd=True)
    try:
        for begin in range(0, len(text), MAX_TAG):
            told = tree.told
            parser.feed(text[begin : begin + MAX_TAG])
            if begin and tree.told == told:  # a tag's attributes are told together, and take the longer the more
                raise Poison("data", f"must have tags of at most {MAX_TAG} characters", "too-complex")
        root: Element = parser.close()
    except DefusedXmlException:
        raise Poison("data", "must be XML without DTD and entities", "not-xml") from None
    except (ParseError, ValueError, LookupError, RecursionError):
        raise Poison("data", "must be one well-formed XML document", "not-xml") from None
    return root


def _xml_text(value: bytes) -> str | bytes:
    """The document as text without its declaration, or as it is where its declaration decides."""
    declaration = _DECLARATION.match(value)
    named = declaration and _ENCODING.search(declaration[0])
    if value[:2] in WIDE or (named and named[1].lower() not in _TOLD_BY_BYTES):
        return value
    text = value[declaration.end() :] if declaration else value
    for encoding in ("utf-8", "gb18030"):
        try:
            return text.decode(encoding).strip()
        except UnicodeDecodeError:
            continue
    raise Poison("data", "must be UTF-8, GB 18030 or in the encoding that its XML declaration names", "not-xml")


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
    """A confidence as a share: percents (at most 100) are divided by 100; negative ones stand for "not measured".

    Raises Poison.
    """
    amount = number(value, field)
    if amount is None or amount < 0:
        return None
    if 1 < amount <= _NOISE:
        return 1.0
    return amount / 100 if 1 < amount <= 100 else amount


def place(lat: object, lon: object) -> dict[str, float] | None:
    """A location, or None where the device does not know it: missing, both zero, or nowhere on Earth.

    A latitude that is none beside a longitude that is one are the two interchanged.
    """
    here, there = number(lat, "location.lat"), number(lon, "location.lon")
    if here is None or there is None or here == there == 0:
        return None
    if 90 < abs(here) <= 180 and abs(there) <= 90:
        here, there = there, here
    if abs(here) > 90 or abs(there) > 180:
        return None
    return {"lat": here, "lon": there}


def moment(value: object, zone: ZoneInfo, field: str) -> int | None:
    """ISO 8601, `yyyymmddhhmmss` or `yyyy-m-d h:mm:ss`, local where it names no zone.

    None for a date that is garbled, of which the time of receipt says more; Poison for what is no date at all.
    """
    text = text_of(value)
    if not text:
        return None
    try:
        if text.isdecimal() and len(text) in (14, 17):
            form = "%Y%m%d%H%M%S%f" if len(text) == 17 else "%Y%m%d%H%M%S"
            when = datetime.strptime(text, form).replace(tzinfo=zone)
        elif (stamp := _STAMP.fullmatch(text)) is not None:
            when = _read(stamp, zone)
        else:
            when = datetime.fromisoformat(text)
        at = to_ms(when if when.tzinfo else when.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        if text[:4].isdecimal():
            return None
        at = -1
    if not 0 <= at < LATEST:
        raise Poison(field, "must be a time such as 2026-03-01T08:00:00+08:00")
    return at


def _read(stamp: re.Match[str], zone: ZoneInfo) -> datetime:
    """Raises ValueError when there is no such day or time."""
    year, month, day, hour, minute = (int(stamp[n]) for n in range(1, 6))
    second, fraction = int(stamp[6] or 0), int((stamp[7] or "0")[:6].ljust(6, "0"))
    where: timezone | ZoneInfo = zone
    if stamp[8]:
        where = UTC
    elif stamp[9]:
        away = timedelta(hours=int(stamp[10]), minutes=int(stamp[11]))
        where = timezone(-away if stamp[9] == "-" else away)
    return datetime(year, month, day, hour, minute, second, fraction, where)

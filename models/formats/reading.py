"""What a vendor's message says, in the words of the detection contract."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import NoneType
from typing import Any, TypeVar
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

import msgspec

from models.envelope import LATEST
from models.errors import Poison
from models.events import MAX_EDGE, MAX_LINKS, MAX_URL, URL, Detection
from models.formats import moments

MAX_READINGS = 1_000
TOO_COMPLEX = "too-complex"

T = TypeVar("T")
Made = TypeVar("Made")

_NO_CAMERA_BEFORE = 978_307_200_000  # 2001: a clock that shows less has never been set
_NOISE = 1.5  # a share that its device has reckoned with too few bits; no detector tells of a percent
_EDGES = 4
_NOISE_OF_PERCENT = 1.005
_NUMBER_CHARS = 100
_LINK = re.compile(URL)
_PERCENT = re.compile(r"\s*([^%％]*?)\s*[%％]\s*")
_DECIMAL_COMMA = re.compile(r"^\s*([+-]?\d+),(\d+)\s*$")
# What stands where a device has no value.
_NO_VALUE = frozenset(("null", "none", "nil", "nan", "n/a", "na", "undefined", "unknown", "-", "--"))
# How devices say that something goes on, and that it does not.
_ON = frozenset(("true", "1", "active", "on", "yes"))
_OFF = frozenset(
    re.findall(
        "[a-z0]+",
        """
        false 0 inactive deactivated off no idle normal end ended stop stopped close closed clear cleared finish
        finished over reset resolved restored recovered
        """,
    )
)


class Site(msgspec.Struct, frozen=True):
    """What the message itself may leave open: the zone of its local times, and the camera where a bridge names it; and
    when it was received (ms UTC), where that is known."""

    zone: ZoneInfo
    camera: str = ""
    received: int | None = None


class Reading(msgspec.Struct, frozen=True):
    """One detection of a message. `id` is the message's own for it, empty when it has none; `at` is milliseconds UTC,
    None when the message has no time."""

    detection: Detection
    id: str = ""
    at: int | None = None


class Alive(msgspec.Struct, frozen=True):
    """A camera is alive 心跳, by its own heartbeat or a message that tells of nothing. `camera` is empty where neither
    the message nor its bridge names one."""

    camera: str


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


def too_many() -> Poison:
    """That a message holds more than it may."""
    return Poison("data", f"must hold at most {MAX_READINGS} detections", TOO_COMPLEX)


def bounded(things: Iterable[T]) -> Iterator[T]:
    """What a message holds, as long as it becomes no more than 1,000 detections. Raises Poison."""
    for n, each in enumerate(things):
        if n == MAX_READINGS:
            raise too_many()
        yield each


def attempts(things: Iterable[T], read: Callable[[T], Made]) -> Iterator[Made | Poison]:
    """What `read` makes of each thing, or the rule that it breaks.

    Its neighbours are read all the same.
    """
    for thing in things:
        try:
            yield read(thing)
        except Poison as poison:
            yield poison


def goes_on(value: object) -> bool | None:
    """Whether a state says that something goes on; None for what is no word for that."""
    word = str(value).strip().lower() if isinstance(value, str | bool | int) else ""
    return True if word in _ON else False if word in _OFF else None


def listed(holder: object, name: str) -> bool:
    """Whether something stands under this name that may be a list: with nothing in it, of one, or null for none."""
    return isinstance(holder, Mapping) and isinstance(holder.get(name, 0), list | Mapping | NoneType)


def objects(value: object) -> list[object]:
    """What is in a list; a lone thing counts as a list of one, null and an empty object as none."""
    if isinstance(value, list):
        return value
    return [value] if value else []


def text_of(value: object) -> str:
    """A text or number as text, else the empty text; without the zeros with which a device fills its buffers."""
    if isinstance(value, str):
        return value.replace("\0", "").strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def first_text(holder: Mapping[str, Any], names: Iterable[str]) -> str:
    """The text under the first of these names that has one, else the empty text."""
    return next((text for name in names if (text := text_of(holder.get(name)))), "")


def first_said(holder: Mapping[str, Any], names: Iterable[str]) -> Any:
    """What stands under the first of these names that is not null; None where none says anything."""
    return next((value for name in names if (value := holder.get(name)) is not None), None)


def number(value: object, field: str) -> float | None:
    """A number or a text that is one; None for nothing, for a word that says so (`N/A`), and for what is no quantity
    (NaN, infinite). Raises Poison."""
    if type(value) is float:  # most are: a frame has four of each object
        return value if math.isfinite(value) else None
    if value is None or value == "" or _says_nothing(value):
        return None
    try:
        if isinstance(value, bool) or _is_overlong(value):
            raise TypeError
        amount = float(_DECIMAL_COMMA.sub(r"\1.\2", value) if isinstance(value, str) else value)  # type: ignore[arg-type]
    except OverflowError:
        return None
    except (TypeError, ValueError):
        raise Poison(field, "must be a number") from None
    return amount if math.isfinite(amount) else None


def _says_nothing(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() in _NO_VALUE


def _is_overlong(value: object) -> bool:
    """Whether a text is longer than any number's: it could keep a pattern busy for hours."""
    return isinstance(value, str) and len(value) > _NUMBER_CHARS


def share(value: object, field: str) -> float | None:
    """A confidence as a share: percents (at most 100, or with a sign) are divided by 100; a negative one, and one that
    is no quantity, stand for "not measured". Raises Poison.
    """
    percents = isinstance(value, str) and not _is_overlong(value) and (sign := _PERCENT.fullmatch(value)) is not None
    amount = number(sign[1] if percents and sign else value, field)
    if amount is None or amount < 0:
        return None
    if not percents:
        if amount <= 1:
            return amount
        if amount <= _NOISE:
            return 1.0
    return min(amount / 100, 1.0) if amount <= 100 * _NOISE_OF_PERCENT else amount


def known(value: object) -> float | None:
    """A number, or None for whatever is none: of what an alarm can do without."""
    try:
        return number(value, "")
    except Poison:
        return None


def box(edges: Iterable[object]) -> list[float] | None:
    """Left, top, right and bottom of what is seen, or None where the device does not know all four, all are zero, or
    one is beyond every picture."""
    given = list(edges)
    if len(given) != _EDGES:
        return None
    found = [edge for edge in given if type(edge) is float and -MAX_EDGE <= edge <= MAX_EDGE]
    if len(found) < _EDGES:
        found = [edge for edge in map(known, given) if edge is not None and abs(edge) <= MAX_EDGE]
    return found if len(found) == _EDGES and any(found) else None


def links(things: Iterable[object]) -> list[str]:
    """The addresses among these at which a picture or a video is, each once and as many as a detection may have. What
    is none is left out: an alarm is not lost with its picture."""
    found = dict.fromkeys(thing.strip() for thing in things if isinstance(thing, str))
    return [each for each in found if len(each) <= MAX_URL and _LINK.fullmatch(each)][:MAX_LINKS]


def place(lat: object, lon: object) -> dict[str, float] | None:
    """A location, or None where the device does not know it: missing, no numbers, both zero, or nowhere on Earth.

    A latitude that is none beside a longitude that is one are the two interchanged.
    """
    here, there = known(lat), known(lon)
    if here is None or there is None or here == there == 0:
        return None
    if 90 < abs(here) <= 180 and abs(there) <= 90:
        here, there = there, here
    if abs(here) > 90 or abs(there) > 180:
        return None
    return {"lat": here, "lon": there}


def moment(value: object, site: Site, field: str) -> int | None:
    """Milliseconds UTC of a time in any of the spellings of `models.formats.moments`, local where it names no zone.

    None for a date that is garbled, for a word that says that there is none, and for a clock that has never been set:
    the time of receipt says more than those. Poison for what is no date at all.
    """
    text = text_of(value)
    if not text or _says_nothing(text):
        return None
    try:
        at = moments.read(text, site.zone, site.received)
    except (ValueError, OverflowError):
        if any(map(str.isdecimal, text)):
            return None
        raise Poison(field, "must be a time such as 2026-03-01T08:00:00+08:00") from None
    return at if _NO_CAMERA_BEFORE <= at < LATEST else None

"""The inbox: what intake tells the desk. One Kafka record carries the items of one area from one intake batch. What one
desk tells another of an order at their border stands there, too.

An item is already validated, located, classified and free of personal data. The record's clock is its log-append
time, or its `clock` header where history is replayed. All instants are milliseconds UTC.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from models.envelope import LATEST, Headers
from models.gist import Gist
from models.guess import Guess
from models.record import Record

UNLOCATED = "unlocated"
OWN_SIGHTINGS = "paidan/heartbeat"  # the source of what the desk itself notices: cameras that are silent
OWN_PLACE = ("polygon", "unregistered")  # how its area was found: it came with coordinates of its own
UNREGISTERED = "unregistered"  # how its area was found: by its own coordinates, as the registry has no such camera
UNKNOWN_AREA = "unknown-area"  # how its area was found: the id that was given is none of the city's
UnitMode = Literal["free", "busy", "off"]
MAX_ITEMS = 64  # of one record
MAX_PACKED_BYTES = 256_000  # of the items of one record, but for a single longer one
_CLOCK = "clock"
_PACK = "pack"


class Actor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who did it: a role, the department where the role has one, and the person's or system's own id."""

    role: str
    department: str = ""
    id: str = ""


# Nothing in a sighting can lead back to it, so the garbage collector need not look: there are thousands a second.
class Sighting(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False, tag="sighting"):
    """One report of a citizen or one detection of a camera algorithm.

    `place` says how the area was found: polygon, camera, asset, words, given, none, unknown-area, or unregistered (a
    camera that the registry does not have, by its own coordinates). `hint` is the reporter's own category. For a
    detection `category` comes from the label table; `guess` is there whenever text was classified,
    `shadow` when a candidate model ran beside the active one. `due_given` tells a `due_at` of null (no limit, `due`
    is None) from an absent one (computed). `contact` is the reporter's, encrypted with the city's own key, empty
    without one: the desk copies it nowhere, notify opens what intake has copied of it. `content` is a keyed digest
    of all that a report or a detection over HTTP says, by which a repeat is told from another one of the same source
    and id; 0: it is not compared. `gist` is what is compared of the words; None: it is made of them when it is asked
    for. `asked`: somebody waits to hear what becomes of it. `asset` is the id of the city's asset that it names 部件,
    empty without one. `joins` is the order that a report says it is about, empty without one. `seen_at` is there where
    a parent incident covered it: when it happened, while `at` is when it came up. `ignored`: intake has found it to be
    nothing for anybody, and passes it on for one who has asked.
    """

    kind: Literal["report", "detection"]
    source: str
    id: str
    at: int
    area: str
    place: str = "none"
    lat: float | None = None
    lon: float | None = None
    address: str = ""
    title: str = ""
    text: str = ""
    channel: str = ""
    reporter: str = ""
    contact: str = ""
    hint: str = ""
    media_urls: tuple[str, ...] = ()
    due_given: bool = False
    due: int | None = None
    camera: str = ""
    label: str = ""
    algorithm: str = ""
    object_id: str = ""
    bbox: tuple[float, float, float, float] | None = None
    confidence: float | None = None
    phase: str = ""
    category: str = ""
    guess: Guess | None = None
    shadow: Guess | None = None
    content: int = 0
    gist: Gist | None = None
    asked: bool = False
    asset: str = ""
    joins: str = ""
    seen_at: int | None = None
    ignored: bool = False


class InboxUpdate(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="update"):
    """One step that a department, a reporter or another role asks for. It names its order by id or by a report. `area`
    is where that was found, `to_area` the one that it is to be moved to 改区.

    `by` is who acts by the update's own word. `sender` is who has sent it by the way on which it came, that which a
    cluster or a server has made sure of; None where that way is for those who may speak for others.
    `received` is when Kafka took it in (0: not known): how far back it is dated is judged from there, so that an outage
    of intake refuses nobody. `content` is as that of a report."""

    source: str
    id: str
    at: int
    action: str
    by: Actor
    area: str
    order_id: str = ""
    report: tuple[str, str] | None = None
    attempt: int | None = None
    reason: str = ""
    code: str = ""
    category: str = ""
    condition: str = ""
    to_area: str = ""
    inspector: str = ""
    plan: str = ""
    department: str = ""
    assists: tuple[str, ...] = ()
    other_order_id: str = ""
    until: int | None = None
    priority: int | None = None
    level: int | None = None
    satisfied: bool | None = None
    satisfaction: int | None = None
    evidence_urls: tuple[str, ...] = ()
    received: int = 0
    sender: Actor | None = None
    content: int = 0


class Heard(msgspec.Struct, frozen=True, gc=False, tag="heard"):
    """A camera is alive 心跳: it has sent what opens nothing, or its own heartbeat."""

    camera: str
    area: str


class UnitHeard(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag="unit"):
    """Where a mobile unit is and whether it is free 位置上报, as it said at an instant (ms UTC). Without coordinates it
    is where it was. `load` is how many things it has to do; it goes to each partition whose areas it serves."""

    unit: str
    area: str
    at: int
    state: UnitMode
    lat: float | None = None
    lon: float | None = None
    load: int = 0


class AtBorder(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="at-border"):
    """An order that another partition has lies at the border of `area` 跨界: is there the other half of it?

    `category` says what it is, `lat` and `lon` where, `at` when it was opened (ms UTC)."""

    order_id: str
    area: str
    category: str
    lat: float
    lon: float
    at: int


class BeyondBorder(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="beyond-border"):
    """The answer to `AtBorder` where there is: an order of this partition, found in `area`, and one of another
    partition that has been related to it."""

    order_id: str
    area: str
    other: str


class Tick(msgspec.Struct, frozen=True, tag="tick"):
    """Nothing happened but time: its record's clock fires the timers that are due."""


class PackChange(msgspec.Struct, frozen=True, omit_defaults=True, tag="pack"):
    """From here on the city pack with this digest decides. `publication` is the number under which it was published
    发布, from 1; 0: none was published yet, and a desk was started with this one. A change with a lower number than the
    one in force comes too late and changes nothing."""

    digest: str
    publication: int = 0


class LiveSilence(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="silence"):
    """A silence 静默 as it stands from here on: what of its category, area, camera, source and place is seen from
    `starts_at` up to, not including, `ends_at` (ms UTC) counts as suppressed. `*` and what is left out match all.

    It was set while the city runs, unlike the control zones of the pack. One that `lifts` a zone of the pack 解除管控
    silences nothing itself: in its time that zone does not, either. `number` counts them from 1, `version` the
    changes of one; the highest holds. `owner` is who answers for it, `comment` says why. One that `needs_approval`
    holds once a second person has approved it; one that was ended early has that moment as its `ends_at`. `asked`
    stands for the key that it was asked for with, and whose; `said` for what was asked.
    """

    number: int
    version: int = 1
    starts_at: int
    ends_at: int
    category: str = "*"
    area: str = "*"
    camera: str = ""
    source: str = ""
    lat: float | None = None
    lon: float | None = None
    radius_m: float = 0.0
    lifts: str = ""
    owner: str
    comment: str
    created_by: str
    created_at: int
    needs_approval: bool = False
    approved_by: str = ""
    approved_at: int | None = None
    ended_by: str = ""
    ended_at: int | None = None
    asked: str = ""
    said: str = ""

    @property
    def holds(self) -> bool:
        """Whether it silences anything within its time."""
        return not self.needs_approval or bool(self.approved_by)


Item = Sighting | InboxUpdate | Heard | UnitHeard | AtBorder | BeyondBorder | Tick | PackChange | LiveSilence

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(tuple[Item, ...])


def encode_items(items: Sequence[Item]) -> bytes:
    """The value of an inbox record."""
    return _encoder.encode(items)


def packed_items(items: Sequence[Item]) -> list[bytes]:
    """The values of the inbox records of one area: at most 64 items and, but for a single longer one, 256 kB each."""
    values: list[bytes] = []
    for start in range(0, len(items), MAX_ITEMS):
        value = encode_items(items[start : start + MAX_ITEMS])
        if len(value) > MAX_PACKED_BYTES + len(b"[]"):
            return values + _packed_by_size(items[start:])
        values.append(value)
    return values


def _packed_by_size(items: Sequence[Item]) -> list[bytes]:
    values: list[bytes] = []
    some: list[bytes] = []
    size = 0
    for item in items:
        body = encode_items((item,))[1:-1]
        if some and (len(some) == MAX_ITEMS or size + len(body) > MAX_PACKED_BYTES):
            values.append(b"[" + b",".join(some) + b"]")
            some, size = [], 0
        some.append(body)
        size += len(body) + 1
    if some:
        values.append(b"[" + b",".join(some) + b"]")
    return values


def decode_items(value: bytes) -> tuple[Item, ...]:
    """The items of an inbox record. Raises msgspec.ValidationError or DecodeError when it is not one."""
    try:
        return _decoder.decode(value)
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deep") from None


class InboxRecord(msgspec.Struct, frozen=True):
    """One record of the inbox as the desk meets it: where it stands, when it counts as come in, what it says.

    `replayed`: its clock is history's, not the wall's. `urgent`: it came by the urgent lane 急件通道, a topic with
    offsets of its own, and is decided before what waits in the inbox.
    """

    partition: int
    offset: int
    clock: int
    items: tuple[Item, ...]
    replayed: bool = False
    urgent: bool = False


def clock_headers(clock: int) -> tuple[tuple[str, bytes], ...]:
    """The headers of a record that is replayed: it counts as come in at this instant, ms UTC."""
    return ((_CLOCK, str(clock).encode()),)


def taken_in_under(pack: str) -> tuple[tuple[str, bytes], ...]:
    """The headers of a record that intake has made under the city pack with this digest; the desk decides by the one
    that is in force where it meets the record."""
    return ((_PACK, pack.encode()),)


def clock_of(headers: Headers, appended: int) -> tuple[int, bool]:
    """When a record counts as come in, ms UTC, and whether that is replayed: its `clock` header, else the instant at
    which the log appended it.

    Raises ValueError for a clock that is no instant of this era.
    """
    for name, value in headers:
        if name == _CLOCK:
            clock = int(value)
            if not 0 <= clock < LATEST:
                raise ValueError(f"the clock {clock} is no instant")
            return clock, True
    return appended, False


def read_record(record: Record, *, urgent: bool = False) -> tuple[InboxRecord, str]:
    """An inbox record, or one of the urgent lane, as it counts, and why it cannot be read, or "": then it has no items
    and its log-append time."""
    appended = int(record.timestamp)
    try:
        items, (clock, replayed) = decode_items(record.value or b""), clock_of(record.headers, appended)
    except (msgspec.DecodeError, ValueError) as error:
        return InboxRecord(record.partition, record.offset, appended, (), urgent=urgent), str(error) or repr(error)
    return InboxRecord(record.partition, record.offset, clock, items, replayed, urgent), ""

"""What the data of an event say, as structs: the contracts of `models.events` once they are kept.

Whoever works on them does not learn whether the contract itself read the bytes or the quick decoder did. A field has
the name, the limits and the default that its contract gives it.
"""

import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from models import events
from models.events.vocabulary import CALL_BACK_CODES, RETURN_CODES, ROLES
from models.inbox import UnitMode


class Instant(int):
    """An instant, ms UTC, that stands on the wire as RFC 3339."""


Id = Annotated[str, Meta(min_length=1, max_length=256)]
OwnId = Annotated[str, Meta(max_length=256)]
Name = Annotated[str, Meta(max_length=200)]
Role = Annotated[str, Meta(max_length=200, extra_json_schema={"enum": ["", *ROLES]})]
Code = Annotated[str, Meta(max_length=200, extra_json_schema={"enum": ["", *RETURN_CODES, *CALL_BACK_CODES]})]
Label = Annotated[str, Meta(min_length=1, max_length=200)]
Edge = Annotated[float, Meta(ge=-events.MAX_EDGE, le=events.MAX_EDGE)]
Words = Annotated[str, Meta(max_length=10_000)]
Urls = Annotated[tuple[Annotated[str, Meta(max_length=2048)], ...], Meta(max_length=20)]


class _Said(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """Frozen, and of no more fields than it names; written without what is as the contract has it by default."""


class SaidLocation(_Said, frozen=True, gc=False):
    """A place: both coordinates or neither, an address in words, the id of an area."""

    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=180)] | None = None
    address: Annotated[str, Meta(max_length=1_000)] = ""
    area: Annotated[str, Meta(max_length=128)] = ""


class SaidReporter(_Said, frozen=True, gc=False):
    """Who reports, in plain: nothing but drafts may hold it."""

    id: OwnId = ""
    name: Name = ""
    phone: Annotated[str, Meta(max_length=64)] = ""


class SaidReport(_Said, frozen=True, gc=False):
    """What a citizen writes 市民诉求."""

    text: Annotated[str, Meta(min_length=1, max_length=10_000)]
    title: Annotated[str, Meta(max_length=500)] = ""
    location: SaidLocation | None = None
    category: Name = ""
    reporter: SaidReporter | None = None
    media_urls: Urls = ()
    channel: Name = ""
    asset: Name = ""
    joins: OwnId | None = None
    due_at: Instant | UnsetType | None = UNSET


class SaidDetection(_Said, frozen=True, gc=False):
    """What an algorithm sees in a camera's picture 算法告警."""

    camera_id: Id
    label: Label
    algorithm: Name = ""
    vendor: Name = ""
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    location: SaidLocation | None = None
    object_id: OwnId = ""
    phase: Literal["", "start", "ongoing", "end"] = ""
    bbox: tuple[Edge, Edge, Edge, Edge] | None = None
    text: Words = ""
    media_urls: Urls = ()
    asset: Name = ""


class SaidRecheck(_Said, frozen=True, gc=False):
    """What a camera finds when it was asked to look again 复核结果."""

    order_id: OwnId
    camera_id: Id
    result: Literal["gone", "there"]
    attempt: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    text: Words = ""
    media_urls: Urls = ()


class SaidBy(_Said, frozen=True, gc=False):
    """Who asks for a step: a department or another role."""

    role: Role = ""
    department: Name = ""
    id: OwnId = ""


class SaidReportRef(_Said, frozen=True, gc=False):
    """A report by its CloudEvents identity."""

    source: Id
    id: Id


class SaidUpdate(_Said, frozen=True, gc=False):
    """One step in an order's life 工单操作."""

    action: events.Action
    by: SaidBy
    sender: SaidBy | None = None
    order_id: OwnId | None = None
    report: SaidReportRef | None = None
    location: SaidLocation | None = None
    attempt: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    reason: Words = ""
    code: Code = ""
    suggested_department: Name = ""
    department: Name = ""
    assists: Annotated[tuple[Name, ...], Meta(max_length=20)] = ()
    category: Name = ""
    condition: Name = ""
    area: Name = ""
    inspector: OwnId = ""
    plan: Name = ""
    other_order_id: OwnId | None = None
    until: Instant | None = None
    priority: Annotated[int, Meta(ge=1, le=5)] | None = None
    level: Annotated[int, Meta(ge=1, le=9)] | None = None
    satisfied: bool | None = None
    satisfaction: Annotated[int, Meta(ge=1, le=5)] | None = None
    evidence_urls: Urls = ()


class SaidUnit(_Said, frozen=True, gc=False):
    """Where a mobile unit is and whether it is free 位置上报."""

    unit: Id
    state: UnitMode
    location: SaidLocation | None = None
    load: Annotated[int, Meta(ge=0, le=1_000)] = 0


# A name is taken once: the digest tells two contents apart, it finds none among millions.
_CONTENT_BYTES = 6
_encode = msgspec.json.Encoder(enc_hook=int).encode  # the hook is for an Instant, which is one

Said = SaidReport | SaidDetection | SaidRecheck | SaidUpdate | SaidUnit


class Statement(msgspec.Struct, frozen=True, gc=False):
    """One thing that is said, and by whom: its CloudEvents identity, its time (ms UTC) and when Kafka took it in.

    `by_device`: a vendor's device says it, whose idea of where it stands may be what its maker has set. `measured`: its
    words are what an instrument reads, which describe no scene. `asked`: its sender waits to hear what becomes of it.
    `compared`: so is a detection with what was said under its name before, as everything else always is.
    """

    said: Said
    source: str
    id: str
    at: int
    received: int
    by_device: bool = False
    measured: bool = False
    asked: bool = False
    compared: bool = False


_TYPES: dict[type[events.Contract], type[Said]] = {
    events.Report: SaidReport,
    events.Detection: SaidDetection,
    events.RecheckAnswer: SaidRecheck,
    events.Update: SaidUpdate,
    events.UnitReport: SaidUnit,
}


def of_contract(kept: events.Incoming) -> Said:
    """What the model of a contract says; a measurement says it as a detection."""
    if isinstance(kept, events.Measurement):
        kept = kept.detection()
    said: Said = msgspec.convert(kept, _TYPES[type(kept)], from_attributes=True, dec_hook=_instant)
    if isinstance(said, SaidReport) and "due_at" not in kept.model_fields_set:
        return replace(said, due_at=UNSET)
    return said


def _instant(kind: type, value: int) -> Instant:
    return Instant(value)


def _without_empty(said: Said) -> Said:
    """The same without a place or a reporter of which nothing is said."""
    if isinstance(said, SaidReport) and said.reporter == SaidReporter():
        said = replace(said, reporter=None)
    if isinstance(said, SaidRecheck):
        return said
    return replace(said, location=None) if said.location == SaidLocation() else said


def content_of(said: Said, key: bytes) -> int:
    """A keyed digest of all that is said, never 0: what tells a repeat from another event under the same name. What
    nobody said counts as its default, and how it was written does not count. Without the key nobody can try out whose
    telephone number is in there."""
    secret = hashlib.sha256(key).digest()
    found = hashlib.blake2b(
        _encode(_without_empty(said)), digest_size=_CONTENT_BYTES, key=secret, person=b"content"
    ).digest()
    return int.from_bytes(found, "big") or 1

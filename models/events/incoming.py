"""The contracts of the messages that come in: what a citizen, a camera or a department may say, and how.

CloudEvents data as frozen pydantic models, versioned by the suffix of their type. Fields that a contract does not know
are ignored, so that an upstream may say more. What breaks a contract is Poison, which names the field and the rule.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from models.envelope import BYTE_ORDER_MARK, CE_TYPE, LATEST, RFC_3339, unreadable
from models.errors import Poison
from models.events.broken_rules import broken_rule
from models.events.datum import Datum, to_wgs84
from models.events.vocabulary import CALL_BACK_CODES, RETURN_CODES, ROLES
from models.inbox import UnitMode
from models.times import from_text, to_ms, to_text

REPORT = "city.report.received.v1"
DETECTION = "city.detection.observed.v1"
UPDATE = "city.order.update.v1"
MEASUREMENT = "city.measurement.v1"
RECHECKED = "city.recheck.answered.v1"
UNIT = "city.unit.reported.v1"

# An order's id: the code of its area, the day, ten characters of its first evidence's digest.
ORDER_AREA, ORDER_REST = "[a-z0-9]+(?:-[a-z0-9]+)*", "[0-9]{8}-[a-z2-7]{10}"
ORDER_ID = f"^{ORDER_AREA}-{ORDER_REST}$"
NOISE = 1e-5
_NO_NUL = r"^[^\x00]*$"
URL = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s\x00-\x20\x85]+$"

Action = Literal[
    "accept",
    "return",
    "forward",
    "take-back",
    "report-up",
    "approve-return",
    "refuse-return",
    "arbitrate",
    "progress",
    "request-extension",
    "approve-extension",
    "refuse-extension",
    "request-suspension",
    "approve-suspension",
    "refuse-suspension",
    "resume",
    "handle",
    "check-pass",
    "check-fail",
    "decide",
    "reject",
    "reopen",
    "feedback",
    "appeal",
    "approve-appeal",
    "refuse-appeal",
    "force-close",
    "merge",
    "keep-apart",
    "perhaps-same",
    "relate",
    "unmerge",
    "split",
    "re-assign",
    "re-categorise",
    "move-area",
    "prioritise",
    "supervise",
    "remind",
    "comment",
    "divide",
    "give-check",
    "call-back",
    "judge",
    "send-unit",
    "accept-task",
    "arrive",
    "decline-task",
    "verify-pass",
    "verify-fail",
]


def _instant(value: object) -> int:
    at = -1
    try:
        if isinstance(value, str | datetime):
            at = from_text(value) if isinstance(value, str) else to_ms(value)
    except (ValueError, OverflowError):
        at = -1
    if not 0 <= at < LATEST:
        raise PydanticCustomError("rfc3339", f"must be {RFC_3339}")
    return at


def _without_noise(value: object) -> object:
    """A share that was reckoned with too few bits is what it was meant to be: 1.0000001 is 1."""
    if isinstance(value, float) and (1 < value <= 1 + NOISE or -NOISE <= value < 0):
        return float(round(value))
    return value


def _whole(value: object) -> object:
    """5.0 is the whole number 5 in JSON, and some write it so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(most: int, least: int = 0) -> Any:
    return StringConstraints(strip_whitespace=True, min_length=least, max_length=most, pattern=_NO_NUL)


Instant = Annotated[
    int,
    BeforeValidator(_instant),
    PlainSerializer(to_text),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Id = Annotated[str, _text(256, 1)]
Name = Annotated[str, _text(200)]
Label = Annotated[str, _text(200, 1)]
MAX_TEXT, MAX_TITLE, MAX_LINKS, MAX_URL = 10_000, 500, 20, 2048
Words = Annotated[str, _text(MAX_TEXT)]
Url = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_URL, pattern=URL)]
OrderId = Annotated[str, StringConstraints(strip_whitespace=True, max_length=256, pattern=ORDER_ID)]
Urls = Annotated[tuple[Url, ...], Field(max_length=MAX_LINKS)]
Degrees = Annotated[float, Field(strict=True, allow_inf_nan=False)]
# No picture is that large, and so no edge is somebody's number.
MAX_EDGE = 100_000
Edge = Annotated[float, Field(strict=True, ge=-MAX_EDGE, le=MAX_EDGE, allow_inf_nan=False)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False), BeforeValidator(_without_noise)]


# The desk refuses what is none of these, and says which it takes: the contract lets it through to the log.
Role = Annotated[str, _text(200), Field(json_schema_extra={"enum": ["", *ROLES]})]
Code = Annotated[str, _text(200), Field(json_schema_extra={"enum": ["", *RETURN_CODES, *CALL_BACK_CODES]})]


class Contract(BaseModel):
    """A message that never changes once it is made."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _said(cls, given: object) -> object:
        """Many systems write null for what they do not know: it is left out wherever null says nothing else."""
        if not isinstance(given, dict):
            return given
        nullable = _nullable(cls)
        return {name: value for name, value in given.items() if value is not None or name in nullable}


@lru_cache(maxsize=64)  # more than there are contracts
def _nullable(contract: type[Contract]) -> frozenset[str]:
    """The fields of a contract of which null says something."""
    return frozenset(name for name, field in contract.model_fields.items() if field.default is None)


class Location(Contract):
    """A place: coordinates (degrees, both or neither; WGS 84, or what `datum` says), an address in words, the id of an
    area. Once it is read its coordinates are WGS 84."""

    lat: Annotated[Degrees, Field(ge=-90, le=90)] | None = None
    lon: Annotated[Degrees, Field(ge=-180, le=180)] | None = None
    address: Annotated[str, _text(1_000)] = ""
    area: Annotated[str, _text(128)] = ""
    datum: Datum = ""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {
                    "type": "object",
                    "required": ["lat", "lon"],
                    "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}},
                },
                {"type": "object", "properties": {"lat": {"type": "null"}, "lon": {"type": "null"}}},
            ]
        }
    )

    @model_validator(mode="after")
    def _both(self) -> "Location":
        if (self.lat is None) != (self.lon is None):
            raise PydanticCustomError("half_place", "must have both lat and lon, or neither")
        if not self.datum or self.lat is None or self.lon is None:
            return self
        lat, lon = to_wgs84(self.datum, self.lat, self.lon)
        return self.model_copy(update={"lat": lat, "lon": lon, "datum": ""})


class Reporter(Contract):
    """Who reports. Intake keeps a keyed hash of it and, encrypted, the contact; never the plain fields."""

    id: Annotated[str, _text(256)] = ""
    name: Name = ""
    phone: Annotated[str, _text(64)] = ""


class Report(Contract):
    """What a citizen writes 市民诉求.

    `category` is the reporter's own choice; `asset` is the id that stands on what it is about 部件, where that was read
    off. `joins` is the open order that they have found to be about the same 并案: within 100 m of it and in its area
    the report becomes part of it, whatever it says; without a place, a report is of that area. `due_at` absent: the
    city's limits count; null: no limit.
    """

    text: Annotated[str, _text(MAX_TEXT, 1)]
    title: Annotated[str, _text(MAX_TITLE)] = ""
    location: Location | None = None
    category: Name = ""
    reporter: Reporter | None = None
    media_urls: Urls = ()
    channel: Name = ""
    asset: Name = ""
    joins: OrderId | None = None
    due_at: Instant | None = None


class Detection(Contract):
    """What an algorithm sees in a camera's picture 算法告警.

    `label` is the vendor's word for it, `text` what the algorithm says in a sentence; `bbox` is left, top, right and
    bottom in pixels, at most 100,000, or shares of the picture. `object_id` names what stays the same while it is seen:
    an object or a region. `asset` is the id of the asset that it is about 部件.
    """

    camera_id: Id
    label: Label
    algorithm: Name = ""
    vendor: Name = ""
    confidence: Share | None = None
    location: Location | None = None
    object_id: Annotated[str, _text(256)] = ""
    phase: Literal["", "start", "ongoing", "end"] = ""
    bbox: tuple[Edge, Edge, Edge, Edge] | None = None
    text: Words = ""
    media_urls: Urls = ()
    asset: Name = ""


class Measurement(Contract):
    """What an instrument reads 传感监测: gas pressure, a manhole cover's tilt, a truck's speed.

    It is an alarm while `value` lies beyond `threshold` on the side that `side` names, and the end of one else. The
    instrument stands in the registry of cameras, and the label table knows it by `<quantity>-<side>`.
    """

    sensor_id: Id
    quantity: Annotated[str, _text(190, 1)]
    value: Degrees
    threshold: Degrees
    unit: Annotated[str, _text(32)] = ""
    side: Literal["above", "below"] = "above"
    vendor: Name = ""
    location: Location | None = None
    object_id: Annotated[str, _text(256)] = ""
    text: Annotated[str, _text(9_000)] = ""
    media_urls: Urls = ()
    asset: Name = ""

    def detection(self) -> Detection:
        """The same as a detection: what was read stands before the sender's own words."""
        beyond = self.value > self.threshold if self.side == "above" else self.value < self.threshold
        read = f"{self.value:.6g} {self.unit} ({_SIGNS[self.side]} {self.threshold:.6g})".replace("  ", " ")
        return Detection(
            camera_id=self.sensor_id,
            label=f"{self.quantity}-{self.side}",
            vendor=self.vendor,
            location=self.location,
            object_id=self.object_id,
            phase="start" if beyond else "end",
            text=f"{read} {self.text}".strip(),
            media_urls=self.media_urls,
            asset=self.asset,
        )


class UnitReport(Contract):
    """Where a mobile unit is and whether it is free 位置上报: a car, an officer, a drone of `units.csv`.

    Without coordinates it is where it was. `load` is how many things it has to do; it counts as distance.
    """

    unit: Id
    state: UnitMode
    location: Location | None = None
    load: Annotated[int, Field(strict=True, ge=0, le=1_000), BeforeValidator(_whole)] = 0


_SIGNS: Mapping[str, str] = {"above": ">", "below": "<"}


class RecheckAnswer(Contract):
    """What a camera finds when it was asked to look again 复核结果: the incident is `gone`, or still `there`.

    It names the order and the camera as the request does (`city.recheck.requested.v1`) and comes under the `source`
    that the request names; of any other camera it is refused. `attempt`, when given, must be the request's. Its time
    is that of the picture.
    """

    order_id: OrderId
    camera_id: Id
    result: Literal["gone", "there"]
    attempt: Annotated[int, Field(strict=True, ge=0, le=1_000_000), BeforeValidator(_whole)] | None = None
    text: Words = ""
    media_urls: Urls = ()


class By(Contract):
    """Who asks for a step: a department or another role (reviewer, dispatcher, inspector, …), and its own id.

    Without a role it is the department's.
    """

    role: Role = ""
    department: Name = ""
    id: Annotated[str, _text(256)] = ""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["role"]}, {"required": ["department"]}]})


class ReportRef(Contract):
    """A report by its CloudEvents identity."""

    source: Id
    id: Id


class Update(Contract):
    """One step in an order's life 工单操作. It names its order by `order_id`, or by `report` and that report's
    `location`; `split` names by both the order and the report to take out of it.

    `attempt`, when given, must be the order's: so an update meant for an earlier one is refused. `suggested_department`
    belongs to a return; `department`, `assists`, `category` and `condition` to a decision, `plan` or these to divide;
    `area` (and `department`) to move-area; `inspector` to give-check; `other_order_id` to merge, unmerge, keep-apart,
    perhaps-same and relate; `priority` (1 is the most urgent) to prioritise; `until` to a suspension and, with `level`,
    to supervision; `satisfied` (was it settled?) and `satisfaction` (1 to 5) to feedback and call-back. What an action
    needs, the desk checks and refuses. `sender` is the gateway's, and counts on `paidan.updates` only: who has sent an
    update that names somebody else, which is refused.
    """

    action: Action
    by: By
    sender: By | None = None
    order_id: OrderId | None = None
    report: ReportRef | None = None
    location: Location | None = None
    attempt: Annotated[int, Field(strict=True, ge=0, le=1_000_000), BeforeValidator(_whole)] | None = None
    reason: Words = ""
    code: Code = ""
    suggested_department: Name = ""
    department: Name = ""
    assists: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    category: Name = ""
    condition: Name = ""
    area: Name = ""
    inspector: Annotated[str, _text(256)] = ""
    plan: Name = ""
    other_order_id: OrderId | None = None
    until: Instant | None = None
    priority: Annotated[int, Field(strict=True, ge=1, le=5), BeforeValidator(_whole)] | None = None
    level: Annotated[int, Field(strict=True, ge=1, le=9), BeforeValidator(_whole)] | None = None
    satisfied: Annotated[bool, Field(strict=True)] | None = None
    satisfaction: Annotated[int, Field(strict=True, ge=1, le=5), BeforeValidator(_whole)] | None = None
    evidence_urls: Urls = ()

    @model_validator(mode="after")
    def _one_order(self) -> "Update":
        if self.order_id is None and self.report is None:
            raise PydanticCustomError("one_order", "must name its order by order_id, or by report with its location")
        return self


CONTRACTS: Mapping[str, type[Contract]] = {
    REPORT: Report,
    DETECTION: Detection,
    MEASUREMENT: Measurement,
    RECHECKED: RecheckAnswer,
    UPDATE: Update,
    UNIT: UnitReport,
}
_READERS: Mapping[str, TypeAdapter[Any]] = {name: TypeAdapter(model) for name, model in CONTRACTS.items()}
_DETECTION: TypeAdapter[Detection] = TypeAdapter(Detection)


Incoming = Report | Detection | Measurement | RecheckAnswer | Update | UnitReport


def parse(ce_type: str, data: bytes) -> Incoming:
    """The data of an event of this type. Raises Poison that names the field and the rule."""
    reader = _READERS.get(ce_type)
    if reader is None:
        raise Poison(CE_TYPE, f"must be one of {', '.join(CONTRACTS)}", "unknown-type")
    data = data.removeprefix(BYTE_ORDER_MARK)
    if ce_type == DETECTION and data.lstrip().startswith(b"["):
        raise Poison("data", "must be an object; of many in one record the header `format` says `detections`")
    try:
        event: Incoming = reader.validate_json(data)
    except ValidationError as error:
        raise broken(error, data) from None
    return event


def make_detection(fields: Mapping[str, Any]) -> Detection:
    """A detection from the fields that a vendor's format gave. Raises Poison."""
    try:
        return _DETECTION.validate_python(fields)
    except ValidationError as error:
        raise broken(error) from None


def broken(error: ValidationError, data: bytes = b"") -> Poison:
    """The first broken rule as Poison: a sentence from the rule alone, without the value that broke it."""
    detail = error.errors(include_url=False, include_input=False)[0]
    kind = detail["type"]
    if kind == "json_invalid":
        return unreadable(data)
    field = ".".join(str(part) for part in detail["loc"]) or "data"
    if kind == "string_pattern_mismatch":
        return Poison(field, _PATTERNS[detail["ctx"]["pattern"]])
    if field.endswith("lat") and kind in ("less_than_equal", "greater_than_equal"):
        return Poison(field, f"{broken_rule(detail)}: it is the latitude, and lon the longitude")
    return Poison(field, broken_rule(detail))


_PATTERNS: Mapping[str, str] = {
    _NO_NUL: "must not hold NUL characters",
    URL: "must be an http or https address",
    ORDER_ID: "must be the id of an order",
}

"""The contracts of the messages that go out: what departments, reporters, supervisors and operators are told, and how.

CloudEvents data as frozen structs: their fields, in this order, are the JSON. Instants (`at`, `accept_by`, …) are
integer milliseconds inside and RFC 3339 text on the wire. Where a struct leaves out defaults, so does the JSON.
"""

import base64
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from models.gist import Gist
from models.guess import Corroboration

# An assignment has the type of the fact that makes it; the topic tells them apart.
ASSIGNMENT = "city.order.assigned.v1"
WITHDRAWAL = "city.order.withdrawn.v1"
REWORK = "city.order.rework.v1"
STEP_BELOW = "city.order.step-below.v1"
UPWARD_STEP = "city.order.upward-step.v1"
RECHECK = "city.recheck.requested.v1"
TASK = "city.task.given.v1"
TASK_WITHDRAWAL = "city.task.withdrawn.v1"
NOTICE = "city.notice.v1"
HUB_FIGURES = "city.hub.figures.v1"
DEAD_LETTER = "city.dead-letter.v1"

# How the rule of an evidence begins that a parent incident covers, which shows something else than that.
COVERED = "covered:"

Audience = Literal["reporter", "citizen", "department", "inspector", "supervisor"]
# How far an order has come for the platform above that waits for it; `elsewhere`: it goes on as part of another one.
UpwardStage = Literal["waiting", "under-way", "done", "refused", "elsewhere"]


class Evidence(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One sighting of the incident, as it is kept with its order. `distance_m` is to the founding sighting; `bbox` is
    where it stands in the first picture: left, top, right and bottom in pixels or shares; `content` a keyed digest of
    all that a report said, by which a repeat is told from another one under its name; `gist` what is compared of its
    words where these are not there to be compared. `seen_at` is when it happened where a parent incident covered it
    until `at`."""

    kind: Literal["report", "detection"]
    source: str
    id: str
    at: int
    text: str = ""
    channel: str = ""
    reporter: str = ""
    lat: float | None = None
    lon: float | None = None
    address: str = ""
    media_urls: tuple[str, ...] = ()
    camera: str = ""
    label: str = ""
    algorithm: str = ""
    object_id: str = ""
    bbox: tuple[float, float, float, float] | None = None
    confidence: float | None = None
    distance_m: float | None = None
    rule: str = ""
    content: int = 0
    gist: Gist | None = None
    seen_at: int | None = None


class Why(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """The reason of an assignment: what decided (`by`: rule, table, label, reviewer, dispatcher, duty-officer, unit,
    suggestion, reopening, forward, report-up, plan, rework) and all that a person needs to check it. `asset` is the one
    whose owner it is where that decided, and not a `table_row`. `second` is the category of a second matter in the same
    words, which a person may split off."""

    by: str
    rule: str = ""
    table_row: int | None = None
    asset: str = ""
    note: str = ""
    model: str = ""
    probability: float | None = None
    threshold: float | None = None
    outcome: str = ""
    alternatives: tuple[tuple[str, float], ...] = ()
    terms: tuple[tuple[str, float], ...] = ()
    beside: tuple[Corroboration, ...] = ()
    second: str = ""


class AssetRef(msgspec.Struct, frozen=True, gc=False):
    """An asset of the city's register 部件 that an order is at: its id and its kind."""

    id: str
    kind: str


class OrderLocation(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """Where it is 事发地点: coordinates (WGS 84, degrees) where they are known, an address in words, the area's id, the
    asset that it is at 部件, where one is known."""

    lat: float | None = None
    lon: float | None = None
    address: str = ""
    area: str
    asset: AssetRef | None = None


class Deadlines(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """When the department must have accepted 签收时限 and handled 处置时限 it; null where there is no limit."""

    accept_by: int | None
    handle_by: int | None


class AssignmentMessage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An order for a department 派单, as its lead gets it and, with the role `assist`, each assist."""

    order_id: str
    seq: Annotated[int, Meta(description="number of the order's fact that makes it")]
    attempt: Annotated[
        int,
        Meta(description="the order's present attempt; updates that carry another one are refused"),
    ]
    at: Annotated[int, Meta(description="when it happened")]
    role: Literal["lead", "assist"]
    lead: Annotated[str, Meta(description="id of the department that must handle it 主办")]
    assists: Annotated[tuple[str, ...], Meta(description="ids of the departments that help it 协办")]
    binding: Annotated[bool, Meta(description="it cannot be returned")]
    category: Annotated[str, Meta(description="id of the category")]
    condition: Annotated[str, Meta(description="id of the condition 立案条件; may be empty")]
    priority: Annotated[int, Meta(description="1 is most urgent")]
    title: str
    text: str
    location: OrderLocation
    evidence: Annotated[tuple[Evidence, ...], Meta(description="the first and the newest sightings")]
    due: Deadlines
    why: Why
    held_for: Annotated[
        tuple[str, ...],
        Meta(
            description="ids of the departments above that handed it down and stay accountable, the topmost first 转办"
        ),
    ]


class StepBelowMessage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A step of an order that this department has handed down 转办, and stays accountable for."""

    order_id: str
    seq: Annotated[int, Meta(description="number of the order's fact that it tells")]
    attempt: Annotated[
        int, Meta(description="the order's attempt after it; updates that carry another one are refused")
    ]
    at: Annotated[int, Meta(description="when it happened")]
    kind: Annotated[str, Meta(description="what has happened: the name of a fact")]
    state: Annotated[str, Meta(description="the order's state after it")]
    department: Annotated[str, Meta(description="id of the department that has it after it")]
    confirm: Annotated[bool, Meta(description="this department has to confirm what was done 上级核实")]
    note: Annotated[
        str, Meta(description="the reason, note, outcome or stage that belongs to it, for people; may be empty")
    ]
    evidence_urls: Annotated[tuple[str, ...], Meta(description="pictures of it; may be empty")]
    due: Annotated[Deadlines, Meta(description="this department's own limits, which run on")]


class UpwardStepMessage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A step of an order for the platform above whose order it is 上级平台, as its report named it."""

    source: Annotated[str, Meta(description="of the report, `hub:` and the city above")]
    id: Annotated[str, Meta(description="of the report, `<order above>/<attempt>`")]
    order_id: Annotated[str, Meta(description="the order that it has become, or has joined, here")]
    seq: Annotated[int, Meta(description="number of the order's fact that it tells")]
    at: Annotated[int, Meta(description="when it happened")]
    kind: Annotated[str, Meta(description="what has happened: the name of a fact")]
    state: Annotated[str, Meta(description="the order's state after it")]
    before: Annotated[UpwardStage | None, Meta(description="how far it was before; null: the report has joined it now")]
    stage: Annotated[UpwardStage, Meta(description="how far it is now")]
    department: Annotated[str, Meta(description="id of the department that has it after it; may be empty")]
    note: Annotated[
        str, Meta(description="the reason, note, outcome or stage that belongs to it, for people; may be empty")
    ]
    evidence_urls: Annotated[
        tuple[str, ...], Meta(description="pictures of it; of an order that is done, of what was handled")
    ]
    until: Annotated[int | None, Meta(description="of a suspension: its end")]
    was_suspended: Annotated[bool, Meta(description="it is, or has been, suspended here")] = False


# An indicator's value: a count, a rate or null, of a duration its count, mean and quantiles in seconds.
IndicatorValue = int | float | Mapping[str, int | float | None] | None


class PeriodFigures(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The indicators of a whole city over a period of its own local days, both included."""

    first: Annotated[str | None, Meta(description="the first day, as 2026-03-01; null: from the beginning on")]
    last: Annotated[str, Meta(description="the last day")]
    indicators: Annotated[Mapping[str, IndicatorValue], Meta(description="those of its `/status`, by name")]


class HubFiguresMessage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A platform below tells its own figures to the one above 下级指标, again and again: that none come says that it is
    away."""

    city: Annotated[str, Meta(description="id of the city below")]
    at: Annotated[int, Meta(description="when they were so")]
    every_seconds: Annotated[float, Meta(gt=0, description="how soon the next are to come")]
    zone: Annotated[str, Meta(description="the time zone of its days")]
    periods: Annotated[
        tuple[PeriodFigures, ...],
        Meta(min_length=1, description="this month first, then those that are also asked for: today, a week, all"),
    ]


class WithdrawalMessage(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The order is no longer this department's 撤回派单. `location` is there where the department is a hub."""

    order_id: str
    seq: Annotated[int, Meta(description="number of the order's fact that took it away")]
    attempt: Annotated[int, Meta(description="the order's last one that was this department's")]
    at: Annotated[int, Meta(description="when it happened")]
    reason: Annotated[str, Meta(description="name of the fact that took it away")]
    location: Annotated[OrderLocation | None, Meta(description="where the order is, for a hub alone")] = None


class ReworkMessage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An order that was handled is to be done again 返工, by those that have it: a check has failed. From here
    on updates carry the new `attempt`."""

    order_id: str
    seq: Annotated[int, Meta(description="number of the order's fact that asks for it")]
    attempt: Annotated[int, Meta(description="the order's present attempt; updates that carry another one are refused")]
    at: Annotated[int, Meta(description="when it happened")]
    role: Literal["lead", "assist"]
    lead: Annotated[str, Meta(description="id of the department that must handle it 主办")]
    assists: Annotated[tuple[str, ...], Meta(description="ids of the departments that help it 协办")]
    reason: Annotated[str, Meta(description="what the check found, for people; may be empty")]
    evidence_urls: Annotated[tuple[str, ...], Meta(description="pictures of the check; may be empty")]
    reworks: Annotated[int, Meta(description="how often checks of this assignment have failed")]
    due: Deadlines


class RecheckMessage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A camera is asked to look again at what a department says it has handled 请求复核. `source`, `camera`, `label`,
    `algorithm` and `object_id` are those of the detection that it had sent."""

    order_id: str
    seq: Annotated[int, Meta(description="number of the order's fact that asks for it")]
    attempt: Annotated[int, Meta(description="the order's present attempt; an answer that carries another is refused")]
    at: Annotated[int, Meta(description="when it was asked for; what was seen before says nothing")]
    due: Annotated[int, Meta(description="until when the answer is waited for 复核时限; then a person makes the check")]
    camera: Annotated[str, Meta(description="id of the camera; the record's key")]
    source: Annotated[str, Meta(description="the source of its detection, under which the answer comes")]
    label: str
    algorithm: str
    object_id: str
    bbox: Annotated[
        tuple[float, float, float, float] | None,
        Meta(description="where it stood in the picture: left, top, right and bottom in pixels or shares"),
    ]
    category: Annotated[str, Meta(description="id of the order's category")]
    media_urls: Annotated[tuple[str, ...], Meta(description="the pictures in which it was seen")]


class TaskMessage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a mobile unit is to look at 核实任务: `accept-task` by `accept_by`, `arrive`, and then `verify-pass` or
    `verify-fail`, of a check `check-pass` or `check-fail`; or `decline-task`."""

    order_id: str
    seq: Annotated[int, Meta(description="number of the order's fact that gives it")]
    attempt: Annotated[int, Meta(description="the order's present attempt; updates that carry another one are refused")]
    at: Annotated[int, Meta(description="when it was given")]
    unit: Annotated[str, Meta(description="id of the unit")]
    what: Annotated[
        Literal["verify", "check"],
        Meta(description="verify: whether the incident is there 核实; check: whether it has been dealt with 核查"),
    ]
    accept_by: Annotated[int, Meta(description="by when it has to be accepted; then another unit is asked")]
    distance_m: Annotated[float, Meta(description="how far away the unit was, metres as the crow flies")]
    category: Annotated[str, Meta(description="id of the category; may be empty")]
    priority: Annotated[int, Meta(description="1 is most urgent")]
    title: str
    text: str
    location: OrderLocation
    evidence: Annotated[tuple[Evidence, ...], Meta(description="the first and the newest sightings")]


class TaskWithdrawalMessage(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The unit need not look at the order any more 撤回任务."""

    order_id: str
    seq: Annotated[int, Meta(description="number of the order's fact that took it away")]
    at: Annotated[int, Meta(description="when it happened")]
    unit: Annotated[str, Meta(description="id of the unit")]
    reason: Annotated[str, Meta(description="name of the fact that took it away")]


class Notice(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a reporter or a citizen of the pool (by hash), a department, an inspector or the supervisors are told about
    an order 通知."""

    audience: Audience
    to: Annotated[
        str, Meta(description="the reporter's or citizen's hash, the department's or inspector's id, or `supervisor`")
    ]
    order_id: Annotated[str, Meta(description="the order")]
    seq: Annotated[int, Meta(description="number of the order's fact that it tells")]
    kind: Annotated[str, Meta(description="what has happened: the name of a fact")]
    state: Annotated[str, Meta(description="the order's state after it")]
    attempt: Annotated[int, Meta(description="the order's attempt after it; 0 before the first assignment")]
    priority: Annotated[int, Meta(description="the order's priority; 1 is most urgent")]
    at: Annotated[int, Meta(description="when it happened")]
    note: Annotated[
        str, Meta(description="the reason, note, outcome or stage that belongs to it, for people; may be empty")
    ]


class DeadLetterHeader(msgspec.Struct, frozen=True, omit_defaults=True):
    """One header: its value as text, or as base64 when it is not UTF-8."""

    name: str
    value: str | None = None
    base64: str | None = None


class DeadLetter(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One dead letter 死信: a record that could not be taken in, with its place and the rule that it broke."""

    topic: Annotated[str, Meta(description="of the record")]
    partition: int
    offset: int
    index: Annotated[int | None, Meta(description="which of its items, where it held several")] = None
    at: Annotated[str, Meta(description="when the record came in")]
    stage: Annotated[str, Meta(description="the role that could not take it: intake, desk, notify")]
    error: Annotated[str, Meta(description="the class, see below")]
    field: Annotated[str, Meta(description="the field that breaks a rule")] = ""
    rule: Annotated[str, Meta(description="the rule that it breaks")] = ""
    message: Annotated[str, Meta(description="both in a sentence, which quotes nothing")]
    event_source: Annotated[
        str, Meta(description="of the event, where its headers name it; a pseudonym if personal")
    ] = ""
    event_id: Annotated[str, Meta(description="the same of its id")] = ""
    sealed: Annotated[
        str, Meta(description="headers, key and bytes of what came in from outside, encrypted under the city's key")
    ] = ""
    headers: tuple[DeadLetterHeader, ...] = ()
    headers_cut: Annotated[bool, Meta(description="some headers were left out")] = False
    key_base64: str | None = None
    value_length: Annotated[int, Meta(description="bytes")] = 0
    value_base64: Annotated[str | None, Meta(description="the bytes, up to 512 kB, unless they are sealed")] = None
    value_sha256: Annotated[str | None, Meta(description="of a longer value")] = None

    @property
    def original_key(self) -> bytes | None:
        """The original record's key."""
        return None if self.key_base64 is None else base64.b64decode(self.key_base64)

    @property
    def original_value(self) -> bytes | None:
        """The original record's value; None when it had none or only its digest was kept."""
        return None if self.value_base64 is None else base64.b64decode(self.value_base64)

    @property
    def original_headers(self) -> list[tuple[str, bytes]]:
        """The original record's headers."""
        return [
            (h.name, base64.b64decode(h.base64) if h.base64 is not None else (h.value or "").encode())
            for h in self.headers
        ]


OUTGOING: Mapping[str, type[msgspec.Struct]] = {
    ASSIGNMENT: AssignmentMessage,
    WITHDRAWAL: WithdrawalMessage,
    REWORK: ReworkMessage,
    STEP_BELOW: StepBelowMessage,
    UPWARD_STEP: UpwardStepMessage,
    RECHECK: RecheckMessage,
    TASK: TaskMessage,
    TASK_WITHDRAWAL: TaskWithdrawalMessage,
    NOTICE: Notice,
    HUB_FIGURES: HubFiguresMessage,
    DEAD_LETTER: DeadLetter,
}

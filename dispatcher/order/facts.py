"""The facts 事实 of an order's life, one frozen value each, and how they stand on the wire.

The log of an order (`paidan.orders`, kept for ever) is its facts with `seq` 1, 2, 3 … and, between them, refusals,
which changed nothing and carry no `seq` but the one they met. `state` is the state after the fact. Facts hold all that
the row needs, so that the row is their fold (`dispatcher.order.folds.apply`) and needs neither city nor calendar.

A fact's name on the wire is its class's in kebab case: `EvidenceAdded` is `city.order.evidence-added.v1`. Instants are
integer milliseconds inside and RFC 3339 text on the wire. Fields that hold their default are left out.
"""

import re
from functools import lru_cache
from typing import TypedDict

import msgspec

from dispatcher.order import wire
from dispatcher.order.row import Order, Part, RecheckOutcome, RunningLimit, State, TaskKind, TaskStage
from models.city import ORDINARY, LimitStage
from models.events import AssetRef, Evidence, Why
from models.guess import Guess
from models.inbox import Actor


class Fact(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What every fact says: which order, its how-manieth fact, the state after it, when it happened (`at`), when the
    desk's stream clock stood where as it was recorded, and who did it. `cause` is the source and id of the update that
    asked for it, where one did; `decided_under` the digest of the city pack that decided it, where that is not the one
    under which the order was opened."""

    order_id: str
    seq: int
    state: State
    at: int
    recorded_at: int
    actor: Actor
    cause: tuple[str, str] | None = None
    decided_under: str = ""


class Head(TypedDict):
    """The fields of `Fact`, to build a fact of any kind from: `Accepted(**head, late=True)`."""

    order_id: str
    seq: int
    state: State
    at: int
    recorded_at: int
    actor: Actor
    cause: tuple[str, str] | None
    decided_under: str


class Opened(Fact, frozen=True, kw_only=True):
    """An order begins with its founding sighting 立案. `whole` is its own limit where one is known by now; `day` the
    city-local day (yyyymmdd); `linked` an earlier order it belongs to, `part_of` the joint one that it is a part of,
    `asset` the one that it is at 部件."""

    area: str
    day: int
    pack: str
    evidence: Evidence
    title: str = ""
    place: str = ""
    hint: str = ""
    due_given: bool = False
    whole: RunningLimit | None = None
    fingerprint: str = ""
    report_key: str = ""
    linked: str = ""
    part_of: str = ""
    asset: AssetRef | None = None


class EvidenceAdded(Fact, frozen=True, kw_only=True):
    """Another sighting of the same incident joins 并案; the evidence's `rule` says why it was taken for the same,
    `asset` is the one that it names."""

    evidence: Evidence
    day: int
    fingerprint: str = ""
    report_key: str = ""
    asset: AssetRef | None = None


class Linked(Fact, frozen=True, kw_only=True):
    """Another order may be the same incident: a candidate, or one that is related over a border. A person may merge
    it."""

    other: str
    kind: str = "candidate"


class Classified(Fact, frozen=True, kw_only=True):
    """What the order is taken to be. `blind`: a person decides without being shown the guess. `priority_by` is `desk`
    where a rule or what cameras see has set the priority, and not the category: then it stays."""

    category: str = ""
    group: str = ""
    guess: Guess | None = None
    shadow: Guess | None = None
    blind: bool = False
    priority: int = ORDINARY
    priority_by: str = ""


class SentToReview(Fact, frozen=True, kw_only=True):
    """A person must decide 待研判, and why. `whole` is the order's own limit where none was running."""

    reason: str
    limit: RunningLimit | None = None
    whole: RunningLimit | None = None
    why: Why | None = None


class Decided(Fact, frozen=True, kw_only=True):
    """A reviewer's decision, which is a label to learn from: a category and department, or that it is nothing."""

    category: str = ""
    condition: str = ""
    group: str = ""
    department: str = ""
    rejected: bool = False
    note: str = ""


class Assigned(Fact, frozen=True, kw_only=True):
    """A department gets the order 派单. `whole` is the order's own limit as it stands from here on (moved by the time
    that dispatching lost), `due_raw` the same without extensions and suspensions."""

    attempt: int
    department: str
    why: Why
    assists: tuple[str, ...] = ()
    category: str = ""
    group: str = ""
    condition: str = ""
    priority: int = ORDINARY
    binding: bool = False
    accept: RunningLimit | None = None
    handle: RunningLimit | None = None
    whole: RunningLimit | None = None
    due_raw: int | None = None


class Forwarded(Fact, frozen=True, kw_only=True):
    """A department hands the order down to one below it 转办 and stays accountable: its clock and limit run on.
    `department` has the order from here on, `accept` and `handle` are its limits."""

    attempt: int
    above: str
    department: str
    why: Why
    assists: tuple[str, ...] = ()
    binding: bool = False
    accept: RunningLimit | None = None
    handle: RunningLimit | None = None


class Recalled(Fact, frozen=True, kw_only=True):
    """A department takes the order back from those below it 收回."""

    attempt: int
    department: str
    reason: str


class HandedUp(Fact, frozen=True, kw_only=True):
    """A department hands the order up 上报: what it cannot do itself; with a `code`, what is not its to do 退回上级.
    `above` is the department that has handed it down, and has it again; empty: it goes to the level above anew."""

    attempt: int
    reason: str
    above: str = ""
    code: str = ""
    evidence_urls: tuple[str, ...] = ()


class Confirmed(Fact, frozen=True, kw_only=True):
    """A department that has handed the order down looked at what was done 上级核实. Passed, its own clock stops at
    `handled_ms`/`handled_work_ms`, and `limit` is that of the check where it was the last to confirm; else it is done
    again below, in the limit that runs."""

    department: str
    passed: bool
    attempt: int
    handled_ms: int = 0
    handled_work_ms: int = 0
    late: bool = False
    note: str = ""
    evidence_urls: tuple[str, ...] = ()
    limit: RunningLimit | None = None


class Divided(Fact, frozen=True, kw_only=True):
    """The order becomes a joint one 联办: these parts are added to it, those of a `plan` or single ones."""

    parts: tuple[Part, ...]
    plan: str = ""
    reason: str = ""


class PartOpened(Fact, frozen=True, kw_only=True):
    """A part of the joint order is under way, as an order of its own; or again, when that was reopened or another
    department has it (empty: a person must decide)."""

    part: str
    order: str
    department: str = ""


class PartEnded(Fact, frozen=True, kw_only=True):
    """The order of a part has ended: `passed`, or without anybody having done it; with the joint order every part that
    is left ends so, also one that had not begun (`order` is empty)."""

    part: str
    order: str
    passed: bool


class Accepted(Fact, frozen=True, kw_only=True):
    """The lead department takes the order on 签收. `late`: after `accept_by`."""

    late: bool = False


class Progressed(Fact, frozen=True, kw_only=True):
    """Lead or assist tell how far they are 处置进展."""

    note: str = ""
    evidence_urls: tuple[str, ...] = ()


class Returned(Fact, frozen=True, kw_only=True):
    """The lead department gives the order back 退单."""

    code: str
    reason: str
    suggested_department: str = ""
    evidence_urls: tuple[str, ...] = ()
    limit: RunningLimit | None = None


class ReturnApproved(Fact, frozen=True, kw_only=True):
    """The return was right: the department's turn ends and its time (wall and working) is dispatching's."""

    outcome: str = ""
    held_ms: int = 0
    held_work_ms: int = 0


class TakenBack(Fact, frozen=True, kw_only=True):
    """Dispatching takes the order back from a department that was not the right one 改派: the department's turn ends
    and its time (wall and working) is dispatching's."""

    reason: str
    held_ms: int = 0
    held_work_ms: int = 0


class Recategorised(Fact, frozen=True, kw_only=True):
    """Its department keeps the order under another category 改类. `handle` and `whole` are the limits that run from
    here on; `moved` says that a person had moved them, so that they stay as they were."""

    category: str
    condition: str = ""
    group: str = ""
    priority: int = ORDINARY
    reason: str = ""
    moved: bool = False
    handle: RunningLimit | None = None
    whole: RunningLimit | None = None


class Prioritised(Fact, frozen=True, kw_only=True):
    """The order is more, or less, urgent 定级, by hand or because many have seen it: 1 is the most urgent of 5. Limits
    as in `Recategorised`."""

    priority: int
    reason: str = ""
    moved: bool = False
    handle: RunningLimit | None = None
    whole: RunningLimit | None = None


class AreaMoved(Fact, frozen=True, kw_only=True):
    """The order is another area's 改区: from here on it counts there and no longer in `from_area`. Its id keeps naming
    the area where it was found."""

    area: str
    from_area: str
    reason: str = ""


class TimeTaken(TypedDict):
    """What `Handled` and a passed `Confirmed` say of the turn whose clock they stop: wall and working time."""

    handled_ms: int
    handled_work_ms: int
    late: bool


class HeldFor(TypedDict):
    """What `ReturnApproved` and `TakenBack` say about the turn that they end: wall and working time."""

    held_ms: int
    held_work_ms: int


class Anew(TypedDict):
    """What `Recategorised` and `Prioritised` say about limits."""

    moved: bool
    handle: RunningLimit | None
    whole: RunningLimit | None


class ReturnRefused(Fact, frozen=True, kw_only=True):
    """The return was not right: the same department keeps the order, and this binds. Its clock has run on. `attempt` is
    the next one where that is a hub, to which each attempt is an order of its own; else the order's stays."""

    reason: str = ""
    accept: RunningLimit | None = None
    attempt: int | None = None


class SentToArbitration(Fact, frozen=True, kw_only=True):
    """The duty officer must decide 争议裁定: it was the third return, or the order went in a circle."""

    reason: str
    limit: RunningLimit | None = None


class ExtensionRequested(Fact, frozen=True, kw_only=True):
    """The lead department asks for more time 延期申请; a dispatcher approves or refuses."""

    reason: str


class ExtensionApproved(Fact, frozen=True, kw_only=True):
    """One original limit more 延期. `limits` are the running ones as they stand now."""

    limits: tuple[RunningLimit, ...]
    reason: str = ""


class ExtensionRefused(Fact, frozen=True, kw_only=True):
    """The extension is refused 驳回延期: the limits stay as they are."""

    reason: str = ""


class SuspensionRequested(Fact, frozen=True, kw_only=True):
    """The lead department asks to suspend the order until an instant 挂账申请; a dispatcher approves or refuses."""

    reason: str
    until: int


class SuspensionRefused(Fact, frozen=True, kw_only=True):
    """The suspension is refused 驳回挂账: clock and limits run on."""

    reason: str = ""


class Suspended(Fact, frozen=True, kw_only=True):
    """The order is suspended 挂账: department clock and limits stand still until `until`, or until it is resumed."""

    until: int
    reason: str = ""


class Resumed(Fact, frozen=True, kw_only=True):
    """The order goes on; `limits` as they stand now; the suspension took so much wall and working time."""

    limits: tuple[RunningLimit, ...]
    suspended_ms: int
    suspended_work_ms: int


class Handled(Fact, frozen=True, kw_only=True):
    """The lead department has dealt with it 处置完成. Its department clock reads `handled_ms`/`handled_work_ms`."""

    handled_ms: int
    handled_work_ms: int
    late: bool = False
    note: str = ""
    evidence_urls: tuple[str, ...] = ()
    limit: RunningLimit | None = None


class CheckGiven(Fact, frozen=True, kw_only=True):
    """The check of a handled order is given to an inspector 派核查, by hand with a reason, or by the desk."""

    inspector: str
    reason: str = ""


class RecheckRequested(Fact, frozen=True, kw_only=True):
    """The camera that has seen the incident is asked to look again 请求复核, until `due`; what it had seen is named by
    `source`, `label`, `algorithm` and `object_id`. `decides`: its look is the check; else a person makes it, and the
    two are compared."""

    camera: str
    source: str
    due: int
    label: str = ""
    algorithm: str = ""
    object_id: str = ""
    bbox: tuple[float, float, float, float] | None = None
    media_urls: tuple[str, ...] = ()
    decides: bool = True


class RecheckAnswered(Fact, frozen=True, kw_only=True):
    """What came of asking the camera where that is not the check 复核结果: a person makes it. `outcome`: the camera
    would have it `passed` or `failed`, or it was `silent` until its deadline."""

    outcome: RecheckOutcome
    reason: str = ""
    evidence_urls: tuple[str, ...] = ()


class TaskGiven(Fact, frozen=True, kw_only=True):
    """A mobile unit is sent to look 派员核实: whether the incident is there, or has been dealt with. It has to accept
    by `due`; it is `distance_m` away."""

    unit: str
    what: TaskKind
    due: int
    distance_m: float
    reason: str = ""


class TaskAccepted(Fact, frozen=True, kw_only=True):
    """The unit is on its way 接受任务; it has to be there by `due`."""

    due: int


class UnitArrived(Fact, frozen=True, kw_only=True):
    """The unit is there 到达现场; it has to say by `due` what it has found."""

    due: int


class TaskDeclined(Fact, frozen=True, kw_only=True):
    """The unit cannot do it 谢绝任务."""

    reason: str = ""


class TaskLapsed(Fact, frozen=True, kw_only=True):
    """The unit has not taken the next step in time 任务超时: it came no further than `stage`."""

    unit: str
    stage: TaskStage


class Verified(Fact, frozen=True, kw_only=True):
    """The unit has looked 现场核实: the incident is there, or it is not."""

    passed: bool
    note: str = ""
    evidence_urls: tuple[str, ...] = ()


class Checked(Fact, frozen=True, kw_only=True):
    """Somebody else looked 核查. Failed means rework 返工: same department, the same limit runs on."""

    passed: bool
    attempt: int
    note: str = ""
    evidence_urls: tuple[str, ...] = ()


class Closed(Fact, frozen=True, kw_only=True):
    """The order ends well 结案, or by force 强制结案 with a reason and an approver (the actor). `late`: the handling
    that passed lay after the due time; None where there is no limit or nothing was handled. `call_back_at` is until
    when its reporters are waited for."""

    forced: bool = False
    reason: str = ""
    late: bool | None = None
    archive_at: int | None = None
    call_back_at: int | None = None


class JudgementRequested(Fact, frozen=True, kw_only=True):
    """Citizens of the pool (hashes) were drawn to say until `due` whether the order is settled 市民监督."""

    citizens: tuple[str, ...]
    due: int


class JudgementGiven(Fact, frozen=True, kw_only=True):
    """One of them has said whether it is settled 市民评判; where it is not, the supervisors hear of it. The order stays
    as it is."""

    settled: bool
    note: str = ""


class Reopened(Fact, frozen=True, kw_only=True):
    """A closed order was not settled 重新立案: its closing no longer counts, and it goes on with fresh limits."""

    reason: str = ""


class Appealed(Fact, frozen=True, kw_only=True):
    """The lead department contests how the order counts 申诉."""

    reason: str


class AppealReviewed(Fact, frozen=True, kw_only=True):
    """One of two reviewers has judged the appeal; `outcome` is set by the one who settles it."""

    approved: bool
    outcome: str = ""
    reason: str = ""


class Rejected(Fact, frozen=True, kw_only=True):
    """The order ends without a department having to deal with it 作废; `reason` says why."""

    reason: str
    archive_at: int | None = None


class WithdrawnAbove(Fact, frozen=True, kw_only=True):
    """A platform above has taken back what it had reported 上级撤回, by source and id, and waits for this order no
    longer; others do, so it goes on."""

    report: tuple[str, str]
    reason: str = ""


class Merged(Fact, frozen=True, kw_only=True):
    """The order goes on as part of another 并案, and is archived with it."""

    into: str
    reason: str = ""


class Absorbed(Fact, frozen=True, kw_only=True):
    """Another order goes on as part of this one, and its clock with it: since when it was reported, and from when its
    own limit would run. `whole` is this order's limit where that is up earlier now; `reporters` are those who are
    asked by this one now, as far as there is room; `below` what had been merged into the other one, and into that."""

    child: str
    reported_at: int | None = None
    runs_from: int | None = None
    reporters: tuple[str, ...] = ()
    whole: RunningLimit | None = None
    below: tuple[str, ...] = ()


class KeptApart(Fact, frozen=True, kw_only=True):
    """A person says that another order is not the same incident 非同一事: neither is a candidate of the other."""

    other: str
    reason: str = ""


class PerhapsSame(Fact, frozen=True, kw_only=True):
    """A person takes back that another order is not the same 疑似同一: each is a candidate of the other again."""

    other: str
    reason: str = ""


class Related(Fact, frozen=True, kw_only=True):
    """A person says that an order beyond a border belongs with this one 关联: each names the other, also where another
    desk has it."""

    other: str
    reason: str = ""


class Unmerged(Fact, frozen=True, kw_only=True):
    """The order stands on its own again, with its own citizen clock."""

    parent: str
    reason: str = ""


class Released(Fact, frozen=True, kw_only=True):
    """An order, or one sighting (`evidence`, now an order of its own), that was taken for part of this one is not.
    `whole` is this order's limit where that is up later now, of one that has ended that by which it did; `overdue` are
    the spans in which it was overdue without the other one, where these are others than stood so far."""

    child: str
    evidence: tuple[str, str] | None = None
    report_key: str = ""
    day: int = 0
    whole: RunningLimit | None = None
    overdue: tuple[tuple[int, int | None], ...] | None = None


class Warned(Fact, frozen=True, kw_only=True):
    """80 % of a stage's limit are used up 预警; `due` is when all of it will be. `department` names the one
    above whose limit it is, where it has handed the order down."""

    stage: LimitStage
    due: int
    department: str = ""


class Breached(Fact, frozen=True, kw_only=True):
    """A stage's limit was used up 超时 at `due`; `department` as in `Warned`."""

    stage: LimitStage
    due: int
    department: str = ""


class Supervised(Fact, frozen=True, kw_only=True):
    """The order is supervised 督办 at a level, 1 to 3; `next_at` is when the next one comes. With stage `check` it is
    the check that is late, which is nothing to the department and has levels of its own."""

    level: int
    stage: LimitStage
    next_at: int | None = None


class SupervisionOrdered(Fact, frozen=True, kw_only=True):
    """A duty officer has the order supervised 人工督办 at a level; `until` is when the next one comes."""

    level: int
    until: int
    reason: str


class Reminded(Fact, frozen=True, kw_only=True):
    """A reporter asks how long it will take 催办, on this city-local day (yyyymmdd)."""

    day: int
    reason: str = ""


class Commented(Fact, frozen=True, kw_only=True):
    """Somebody writes a remark on the order 批注."""

    reason: str
    evidence_urls: tuple[str, ...] = ()


class FeedbackReceived(Fact, frozen=True, kw_only=True):
    """A reporter says whether it was settled 回访, and perhaps how satisfied they are, 1 to 5 (None: not said)."""

    satisfied: bool
    satisfaction: int | None = None
    note: str = ""


class CallBackDue(Fact, frozen=True, kw_only=True):
    """Not all reporters have said whether it was settled: somebody is to call back 待回访."""


class CalledBack(Fact, frozen=True, kw_only=True):
    """Somebody has called a reporter back 电话回访. `satisfied` (was it settled?) and `satisfaction` (1 to 5) are what
    the reporter said, None where nobody was reached."""

    satisfied: bool | None = None
    satisfaction: int | None = None
    note: str = ""


class Archived(Fact, frozen=True, kw_only=True):
    """The order leaves the desk's memory and stays in the log 归档."""


class Quarantined(Fact, frozen=True, kw_only=True):
    """The desk itself failed at this order: its timers stand still until a person has taken a step."""

    error: str


class UpdateRefused(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """An update that changed nothing, and why. `order_seq`, `state` and `attempt` are those of the order it met, 0 and
    empty when there is none; `allowed` are the actions that this role may take in that state, `choices` the words of
    which one would have been taken, where a code, role, action or condition was wrong or missing. `named` is whom it
    named where that is not who sent it; `decided_under` the digest of the city pack that decided it, where no order
    names it as the one that it was opened under."""

    order_id: str
    order_seq: int
    at: int
    recorded_at: int
    actor: Actor
    action: str
    reason: str
    sentence: str
    source: str
    id: str
    state: str = ""
    attempt: int = 0
    allowed: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    named: Actor | None = None
    decided_under: str = ""


def name(kind: type[Fact] | type[UpdateRefused]) -> str:
    """The fact's name on the wire, e.g. evidence-added."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


KINDS: dict[str, type[Fact]] = {name(kind): kind for kind in Fact.__subclasses__()}
NAMES: dict[type[Fact], str] = {kind: fact for fact, kind in KINDS.items()}

# The CloudEvents types, e.g. city.order.evidence-added.v1.
CE_TYPES: dict[type[Fact | UpdateRefused], str] = {
    **{kind: f"city.order.{called}.v1" for called, kind in KINDS.items()},
    UpdateRefused: f"city.order.{name(UpdateRefused)}.v1",
}
_OF_TYPE: dict[str, type[Fact | UpdateRefused]] = {ce_type: kind for kind, ce_type in CE_TYPES.items()}


def ce_id(fact: Fact | UpdateRefused) -> str:
    """`<order_id>/<seq>`; of a refusal `<order_id>/<order_seq>/<source>/<id>`."""
    if isinstance(fact, UpdateRefused):
        return f"{fact.order_id}/{fact.order_seq}/{fact.source}/{fact.id}"
    return f"{fact.order_id}/{fact.seq}"


def to_wire(fact: Fact | UpdateRefused) -> tuple[str, tuple[tuple[str, bytes], ...], bytes]:
    """The CloudEvents type, the Kafka headers (binary mode) and the JSON data of a fact."""
    kind = CE_TYPES[type(fact)]
    headers = wire.headers(kind, ce_id(fact), fact.order_id, fact.at)
    return kind, headers, wire.encode(fact)


def from_wire(kind: str, value: bytes) -> Fact | UpdateRefused:
    """The fact of a CloudEvents type and its JSON data.

    Raises KeyError for a type that is no fact of an order, msgspec.ValidationError or DecodeError for data that are
    not what the type promises.
    """
    return wire.decode(value, _OF_TYPE[kind])


def is_in(fact: Fact, row: Order | None) -> bool:
    """Whether a desk that has this row of the fact's order, None where it has none, has recorded the fact."""
    return isinstance(fact, Archived) if row is None else fact.seq <= row.seq


def note(fact: Fact) -> str:
    """What the fact itself says for people: a reason, a note, an outcome, a stage."""
    for field in _noted(type(fact)):
        if text := getattr(fact, field):
            return str(text)
    return ""


@lru_cache(maxsize=128)
def _noted(kind: type[Fact]) -> tuple[str, ...]:
    """The fields of a kind that say something for people."""
    names = kind.__struct_fields__
    return tuple(field for field in ("reason", "note", "outcome", "error", "stage", "part", "camera") if field in names)

"""The order 工单 and its row: an incident with all its sightings, as the facts of its log fold up.

Everything here is a frozen value. `dispatcher.order.folds.apply.apply` is the only maker of new orders from old ones:
a row is always the fold of the order's facts. All instants are milliseconds UTC; None means "not yet" or "no limit".
None of these values can be part of a cycle, so the garbage collector is told to leave a million of them alone.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from models.city import ORDINARY, LimitStage
from models.events import AssetRef, Evidence, Why
from models.guess import Guess
from models.inbox import Actor, Sighting

State = Literal[
    "review", "assigned", "accepted", "suspended", "returned", "arbitration", "handled", "closed", "rejected", "merged"
]
TaskKind = Literal["verify", "check"]
TaskStage = Literal["given", "accepted", "arrived"]
OPEN: frozenset[str] = frozenset({"review", "assigned", "accepted", "suspended", "returned", "arbitration", "handled"})
ENDED: frozenset[str] = frozenset({"closed", "rejected", "merged"})
ON_THE_SPOT: frozenset[str] = frozenset({"inspector", "unit"})  # roles that go there to check


class RunningLimit(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One running limit of a stage: when it started, when 80 % are used, when it is up, and how it was set.

    `department` names the department above whose limit it is while one below has the order 转办; without it the limit
    is that of whoever has the order, or the order's own."""

    stage: LimitStage
    started_at: int
    warn_at: int
    due: int
    amount: int = 0
    unit: str = ""
    calendar: str = ""
    department: str = ""

    @property
    def name(self) -> str:
        """What tells it from an order's other limits: `handle`, or `handle/<department>` of a department above."""
        return f"{self.stage}/{self.department}" if self.department else self.stage


class Assignment(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One department's turn at the order: 派单. Its department clock runs from `at` to `handled_at`.

    `ended_at`/`ended_by` say when and by which fact the turn ended otherwise (returned and approved, re-assigned,
    closed by force, …), and `held_ms`/`held_work_ms` for how long it was held. `misrouted`: it was not this
    department's to handle (its return was approved, or dispatching took the order back), so its time is charged to
    dispatching. `suspended_ms` (wall) and `suspended_work_ms` (working time) are taken out of the department clock;
    `handled_ms` and `handled_work_ms` are that clock's final readings. A rework keeps the assignment: `reworks` counts
    failed checks. `why` is the reason of the assignment, for those who look at the order. `above` is the department
    that handed the order down 转办 and stays accountable for it; empty where dispatching assigned it.
    """

    attempt: int
    department: str
    at: int
    category: str = ""
    assists: tuple[str, ...] = ()
    binding: bool = False
    why: Why | None = None
    accept_due: int | None = None
    handle_due: int | None = None
    handle_due_raw: int | None = None
    accepted_at: int | None = None
    accept_missed_at: int | None = None
    returned_at: int | None = None
    misrouted: bool = msgspec.field(default=False, name="return_approved")  # its name in rows that are there
    handled_at: int | None = None
    handled_by: Actor | None = None
    handle_missed_at: int | None = None
    handled_ms: int | None = None
    handled_work_ms: int | None = None
    suspended_ms: int = 0
    suspended_work_ms: int = 0
    reworks: int = 0
    ended_at: int | None = None
    ended_by: str = ""
    held_ms: int | None = None
    held_work_ms: int | None = None
    dispatched_by: Actor | None = None
    accepted_by: Actor | None = None
    above: str = ""


RecheckOutcome = Literal["passed", "failed", "silent"]


class Recheck(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """The re-check 复核 of a handled order: which camera was asked when, for what it had seen, and until when it is
    waited for. `decides`: its look is the check. `found` is what it has found where a person makes the check; empty
    while it is waited for."""

    camera: str
    source: str
    asked_at: int
    due: int
    label: str = ""
    algorithm: str = ""
    object_id: str = ""
    decides: bool = True
    found: RecheckOutcome | Literal[""] = ""


class Check(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One check 核查 of a handled order: who looked, whether it passed, and whether in time. `handled_at` is since when
    it could be checked: of what was handed down, since the topmost has confirmed it. `camera_found` is what a camera
    had found before a person on the spot looked; empty where none was asked, or none has answered."""

    at: int
    handled_at: int
    passed: bool
    by: Actor
    due: int | None = None
    camera_found: RecheckOutcome | Literal[""] = ""


class Closing(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One closing 结案. `handled_at` is that of the handling that passed; `due` and `due_raw` are the limits in
    force (adjusted, and before extensions, suspensions and appeals); `reopened_at` is set when it did not last."""

    at: int
    by: Actor
    handled_at: int | None = None
    due: int | None = None
    due_raw: int | None = None
    department: str = ""
    category: str = ""
    forced: bool = False
    exempt: bool = False
    reopened_at: int | None = None


class Answer(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """What one reporter last said 回访: whether it was settled, and perhaps how satisfied they are, 1 to 5."""

    by: str
    at: int
    satisfied: bool
    satisfaction: int | None = None


class CitizenVerdict(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """What a citizen of the pool has said of a closed order 市民监督: whether it is settled. Without being `settled` it
    contradicts the check that had passed."""

    by: str
    at: int
    settled: bool


class Dispatch(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """How long dispatching took once: from when an order waited for its department (review, returned, arbitration) to
    the decision, against that stage's limit."""

    stage: LimitStage
    since: int
    at: int
    due: int | None = None
    by: Actor | None = None


class Task(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """What a mobile unit is to look at now 核实任务: whether the incident is there (`verify`), or has been dealt with
    (`check`). By `due` it must have taken the next step; `given_in` is the order's state when it was given."""

    unit: str
    what: TaskKind
    given_in: State
    given_at: int
    due: int
    stage: TaskStage = "given"


class MergedIn(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """An order whose clock goes on with this one, into which it was merged at `at`: since when it was reported, and
    from when its own limit would run, without what dispatching lost; None where a person had moved that. `reporters`
    are its own, and those of what had been merged into it, who are asked by this one from here on; `untold`: this
    one has answered nobody since; `below` are the orders that had been merged into it, and into those."""

    child: str
    at: int
    reported_at: int
    runs_from: int | None = None
    reporters: tuple[str, ...] = ()
    untold: bool = False
    below: tuple[str, ...] = ()


PartState = Literal["waiting", "open", "passed", "dropped"]


class Part(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One part of a joint order 联办: what it is about, whose it is (empty: nobody's yet), which parts it comes
    after, and the order that it has become. `dropped`: that order ended without anybody having done it, or the joint
    order had ended before it began."""

    name: str
    category: str
    condition: str = ""
    department: str = ""
    assists: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    order: str = ""
    state: PartState = "waiting"


class Entry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One line of the order's timeline: what happened, when, by whom, the state after, who held it, and the photos
    that were given as evidence (the newest of an order; the log keeps all)."""

    seq: int
    fact: str
    at: int
    state: State
    actor: Actor
    department: str = ""
    attempt: int = 0
    note: str = ""
    evidence_urls: tuple[str, ...] = ()


class Order(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """The row of one order. `seq` is that of its newest fact and the row's version, `pack` the digest of the city
    pack that opened it. `*_asked_by` and `appealed_by` are who last asked for it, waiting or decided.

    What was seen: `asset` is the one that its first sightings were found to be at. `reports_by_day` counts its
    reports by city-local day (yyyymmdd), oldest first; `reported_again` has each of its reporters once for every
    further report of theirs, so that one which is split off leaves them with the rest. `sealed_under` are the names
    of the keys under which the words of its sightings are sealed.

    What it is: `priority_by` is the role that set the priority by itself (`desk`: because many have seen it, a rule
    says so or cameras are sure; empty: the category did), so that it outlasts a change of hands.

    Who has it: the last of `assignments` is the turn of whoever has it; `held_for` are the turns of the departments
    that have handed the order down and stay accountable for it, the topmost first.

    Its clocks: `due` is the whole order's limit, moved by extensions and suspensions; `due_raw` is the one set at
    opening. `overdue_at` is the instant since which it is overdue (None: it is not); `overdue_past` are the spans
    that stood once, each from when it fell overdue to the fact that took that off, left out where that fact lay no
    later; where a check failed, also the span from the handling, or from the due time if that came later, to that
    check, and where it was taken out of another order, from the merge on; none by the limit of what was merged into
    it by mistake. `limits` are the running ones; `fired` names the warnings and breaches that were booked for them.
    `supervise_at` is when the next level comes; `supervision_ordered`: a person has set the level, so the next one
    comes without a breach too.

    How it was checked and ended: `checks_missed` are the due times of checks that were never made. While it waits for
    its check, `recheck` is what a camera was asked and `inspector` who was given it (empty: nobody); once the check
    is late, `check_level` says how far up that has been told, and `check_escalates_at` when the next level comes.
    `task` is what a mobile unit is to look at, and `tried` are the units that had it in this state and did not do it.

    Which others belong to it: `merged_in` has of each order that was merged into it when its clock began. `parts` are
    those of a joint order, `part_of` names the joint order that it is a part of. `from_above` are its reports that
    are orders of platforms above 上级平台, by source and id: of each order there the newest one.

    What is said of it: on each of `reminded_on` a reporter has reminded of it, and `answers` has one for each
    reporter who gave one. `first_response_at` is when its reporters, or those of what was merged into it, were first
    told that a department has taken it on, puts it off, has dealt with it, or that it has ended; that it goes on as
    part of another one is no answer. So many of `reporters`, the newest ones, have reported it since they were told
    such a thing the last time (`untold`). `call_back`: somebody is to call its reporters back; before that,
    `call_back_at` is until when they are waited for. `jury` are the citizens of the pool, by hash, who were asked to
    judge its last closing, `judge_by` until when; `judgements` are all that were given, one of a citizen.

    What is kept of it: `archive_at` is when it leaves the desk for the archive.
    """

    id: str
    seq: int
    state: State
    area: str
    opened_at: int
    recorded_at: int
    last_at: int
    pack: str = ""
    # what was seen
    title: str = ""
    text: str = ""
    lat: float | None = None
    lon: float | None = None
    address: str = ""
    place: str = ""
    asset: AssetRef | None = None
    channel: str = ""
    hint: str = ""
    source: str = ""
    kind: str = "report"
    evidence_count: int = 0
    reports_by_day: tuple[tuple[int, int], ...] = ()
    evidence_first: tuple[Evidence, ...] = ()
    evidence_last: tuple[Evidence, ...] = ()
    reporters: tuple[str, ...] = ()
    reported_again: tuple[str, ...] = ()
    report_keys: tuple[str, ...] = ()
    sealed_under: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    # what it is
    guess: Guess | None = None
    shadow: Guess | None = None
    blind: bool = False
    category: str = ""
    condition: str = ""
    group: str = ""
    priority: int = ORDINARY
    priority_by: str = ""
    label: str = ""
    label_department: str = ""
    label_by: str = ""
    # who has it
    department: str = ""
    attempt: int = 0
    assignments: tuple[Assignment, ...] = ()
    held_for: tuple[Assignment, ...] = ()
    dispatches: tuple[Dispatch, ...] = ()
    returns: int = 0
    returned_by: tuple[str, ...] = ()
    return_code: str = ""
    return_asked_by: Actor | None = None
    suggested_department: str = ""
    waiting_since: int | None = None
    # its clocks
    due_given: bool = False
    given_due: int | None = None
    due: int | None = None
    due_raw: int | None = None
    overdue_at: int | None = None
    overdue_past: tuple[tuple[int, int], ...] = ()
    limits: tuple[RunningLimit, ...] = ()
    fired: tuple[str, ...] = ()
    supervision: int = 0
    supervise_at: int | None = None
    supervision_ordered: bool = False
    extensions: int = 0
    extension_asked: bool = False
    extension_asked_by: Actor | None = None
    suspensions: int = 0
    suspension_asked_until: int | None = None
    suspension_asked_by: Actor | None = None
    suspended_at: int | None = None
    suspended_until: int | None = None
    # how it was checked and ended
    checks: tuple[Check, ...] = ()
    checks_missed: tuple[int, ...] = ()
    recheck: Recheck | None = None
    inspector: str = ""
    task: Task | None = None
    tried: tuple[str, ...] = ()
    check_level: int = 0
    check_escalates_at: int | None = None
    closings: tuple[Closing, ...] = ()
    rejected_at: int | None = None
    merged_at: int | None = None
    # which others belong to it
    parent: str = ""
    children: tuple[str, ...] = ()
    merged_in: tuple[MergedIn, ...] = ()
    linked: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    part_of: str = ""
    from_above: tuple[tuple[str, str], ...] = ()
    # what is said of it
    reminded_on: tuple[int, ...] = ()
    answers: tuple[Answer, ...] = ()
    first_response_at: int | None = None
    untold: int = 0
    call_back_at: int | None = None
    call_back: bool = False
    jury: tuple[str, ...] = ()
    judge_by: int | None = None
    judgements: tuple[CitizenVerdict, ...] = ()
    appeal: str = ""
    appealed_by: Actor | None = None
    appeal_reviewers: tuple[str, ...] = ()
    # what is kept of it
    archive_at: int | None = None
    archived_at: int | None = None
    quarantined: str = ""
    timeline: tuple[Entry, ...] = ()


class _Reporters(Protocol):
    @property
    def reporters(self) -> tuple[str, ...]: ...


class _Reported(_Reporters, Protocol):
    """An order or its outline."""

    @property
    def merged_in(self) -> Sequence[_Reporters]: ...


def has_reporters(order: _Reported) -> bool:
    """Whether somebody has reported it, or what was merged into it, and waits for what comes of it."""
    return bool(order.reporters) or any(each.reporters for each in order.merged_in)


def kept_evidence(order: Order) -> tuple[Evidence, ...]:
    """What a row keeps of all that was seen: the first ones and the newest."""
    return (*order.evidence_first, *order.evidence_last)


def kept_as(order: Order, name: tuple[str, str] | None) -> Evidence | None:
    """The first of what a row keeps that has this source and id; None where there is none."""
    return next((one for one in kept_evidence(order) if (one.source, one.id) == name), None)


def all_reporters(order: _Reported) -> tuple[str, ...]:
    """The reporters of an order, and of those that were merged into it."""
    if not order.merged_in:
        return order.reporters
    return tuple(dict.fromkeys((*order.reporters, *(who for each in order.merged_in for who in each.reporters))))


def unanswered(order: Order) -> tuple[str, ...]:
    """The reporters of a closed order, and of what was merged into it, who are yet to say whether it was settled; what
    they said of an earlier closing is no answer."""
    closed_at = order.closings[-1].at
    answered = {answer.by for answer in order.answers if answer.at >= closed_at}
    return tuple(each for each in all_reporters(order) if each not in answered)


def all_merged(order: Order) -> tuple[str, ...]:
    """The orders that were merged into one, and into those."""
    return (*order.children, *(below for each in order.merged_in for below in each.below))


def reported_at(order: Order) -> int:
    """When an order was reported first, also as another one that was merged into it."""
    return min((order.opened_at, *(each.reported_at for each in order.merged_in)))


def was_open(order: Order, at: int) -> bool:
    """Whether a closed order was still open at an instant: what was seen then, and comes in only now, is no news."""
    return order.state == "closed" and bool(order.closings) and order.opened_at <= at <= order.closings[-1].at


def extendable(order: Order) -> tuple[RunningLimit, ...]:
    """The running limits that an extension makes longer and a suspension holds up: of handling, and of the whole."""
    return tuple(limit for limit in order.limits if limit.stage in ("handle", "whole"))


def own_limit(order: Order, stage: LimitStage) -> RunningLimit | None:
    """The running limit of a stage of whoever has the order, or of the order itself; None where none runs. Those that
    run on for the departments above are not looked at."""
    return next((limit for limit in order.limits if limit.stage == stage and not limit.department), None)


def accept_by(order: Order) -> int | None:
    """Until when whoever has an order has to accept it: a refused return gives a fresh limit for that, also where the
    one before was missed, which the turn keeps for its figures."""
    running = own_limit(order, "accept")
    return order.assignments[-1].accept_due if running is None else running.due


def handled_with(order: Order) -> tuple[str, ...]:
    """The links that were given when the order was handled last."""
    return next((entry.evidence_urls for entry in reversed(order.timeline) if entry.fact == "handled"), ())


# Reasons for which no department follows from what is known; they stand beside `sent-to-review` in the timeline.
_UNROUTABLE = frozenset(
    ("nobody-responsible", "unknown-department", "unlocated", "unknown-area", "nobody-suitable", "unknown-category")
)


def unroutable(order: Order) -> bool:
    """Whether an order is in review because no department follows from what is known 无法派遣."""
    notes = (entry.note for entry in reversed(order.timeline) if entry.fact == "sent-to-review")
    return order.state == "review" and next(notes, "") in _UNROUTABLE


class Tally(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How often an incident was seen again without news: repeats of the same camera, algorithm, label and object.

    Kept apart from the order's row, so that a repeat writes some eighty bytes and no fact.
    """

    sightings: int
    last_seen: int
    ended_at: int | None = None


class Watch(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """Detections that are still too few (观察中): they open an order, or reopen `order_id`, or expire.

    `until` says of each when its time is over; it is empty in rows of before, of which all expire together. `expires`
    is the first of these instants; 0 where they wait for `order_id`, a parent incident that covers them, to end.
    `category` is that of the order; empty where each detection has its own. `more`: how many further rows there are
    of what a parent incident covers; its first row knows."""

    key: str
    area: str
    seen: tuple[Sighting, ...]
    expires: int
    until: tuple[int, ...] = ()
    category: str = ""
    order_id: str = ""
    more: int = 0

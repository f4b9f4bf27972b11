"""The life of an order as one table 工单流转: who may do what in which state, what is asked of it, what comes of it.

Everything else is made from this table: the desk's guards, the refusals, the page in the documentation, the tests.
A guard is named here and defined under that name in `dispatcher.steps.guards`, the step of an action in
`dispatcher.steps.actions`.
"""

import msgspec

from dispatcher.order.row import OPEN, State

# What people call the states: Chinese, English.
STATE_TERMS: dict[State, tuple[str, str]] = {
    "review": ("待研判", "in review"),
    "assigned": ("待签收", "assigned"),
    "accepted": ("处置中", "accepted"),
    "suspended": ("挂账", "suspended"),
    "returned": ("退单待审", "returned"),
    "arbitration": ("争议裁定", "arbitration"),
    "handled": ("待核查", "handled"),
    "closed": ("结案", "closed"),
    "rejected": ("作废", "rejected"),
    "merged": ("并案", "merged"),
}
# What the desk does without being asked: from, to, on which occasion. None: the order leaves the desk.
AUTOMATIC: tuple[tuple[State, State | None, str], ...] = (
    ("review", "assigned", "dispatch"),
    ("review", "rejected", "dispatch"),
    ("suspended", "accepted", "end of suspension"),
    ("closed", "assigned", "seen again"),
    ("closed", "review", "seen again"),
    ("closed", None, "archive"),
    ("rejected", None, "archive"),
    ("merged", None, "archive"),
)

_OPEN = tuple(state for state in STATE_TERMS if state in OPEN)
_LOOKED_AT: tuple[State, ...] = ("review", "assigned", "accepted", "handled")
_CHECKERS = ("inspector", "reporter")


class Transition(msgspec.Struct, frozen=True):
    """One row: `action` by one of `roles` in one of the states `sources` leads to one of `targets`, if all `guards`
    agree (in this order; the first that does not names the refusal) and whoever asks is none of the parties in `never`
    (`PARTIES`), by person or department. `term` is the Chinese term."""

    action: str
    term: str
    roles: tuple[str, ...]
    sources: tuple[State, ...]
    targets: tuple[State, ...]
    guards: tuple[str, ...]
    note: str = ""
    never: tuple[str, ...] = ()


# What somebody may have done that keeps them, and all of the departments that hold the order, from another step, with
# the name of the refusal.
PARTIES: dict[str, str] = {
    "handler": "handler-is-checker",
    "who-returned": "asker-is-approver",
    "who-asked-extension": "asker-is-approver",
    "who-asked-suspension": "asker-is-approver",
    "appellant": "asker-is-approver",
    "first-reviewer": "same-reviewer",
}

TABLE: tuple[Transition, ...] = (
    Transition(
        "decide", "研判", ("reviewer",), ("review",), ("assigned", "rejected", "review", "arbitration"),
        ("decision", "known-department"),
        "category, department and condition, or code not-a-problem; without a department the table decides",
    ),
    Transition(
        "decide", "派遣", ("dispatcher",), ("review",), ("assigned", "arbitration"),
        ("unroutable", "department", "known-category"),
        "where no department follows from what is known, a dispatcher names one; it is no label to learn from",
    ),
    Transition("accept", "签收", ("department",), ("assigned",), ("accepted",), ("lead",), "late when past accept_by"),
    Transition(
        "return", "退单", ("department",), ("assigned", "accepted"),
        ("returned", "assigned", "arbitration", "accepted"),
        ("lead", "return-code", "reason", "not-binding", "return-window", "known-department", "named-where-asked"),
        "re-assigned at once to a safe suggestion where no limit was missed; the third return goes to arbitration; "
        "what was handed down goes back to the department above, which has accepted it",
    ),
    Transition(
        "forward", "转办", ("department",), ("assigned", "accepted"), ("assigned",),
        ("lead", "known-department", "below"),
        "to a department below, which without one the table names; whoever hands it down stays accountable",
    ),
    Transition(
        "take-back", "收回", ("department",), ("assigned", "accepted", "handled"), ("accepted",),
        ("accountable", "reason"), "from the departments below",
    ),
    Transition(
        "report-up", "上报", ("department",), ("assigned", "accepted"), ("accepted", "assigned", "arbitration"),
        ("lead", "reason", "not-binding", "level-above"),
        "the department that handed it down has it again, or the level above gets it anew",
    ),
    Transition(
        "approve-return", "同意退单", ("dispatcher",), ("returned",),
        ("assigned", "arbitration", "rejected", "merged", "review"),
        ("another-department", "mergeable-if-duplicate"),
        "to another department, or code not-a-problem, or code duplicate with other_order_id, or else to review",
        never=("who-returned",),
    ),
    Transition(
        "refuse-return", "驳回退单", ("dispatcher",), ("returned",), ("assigned",), ("reason",), "binding",
        never=("who-returned",),
    ),
    Transition(
        "arbitrate", "争议裁定", ("duty-officer", "dispatcher"), ("arbitration",), ("assigned",),
        ("another-dispatcher", "department", "known-category"),
        "binding; no dispatcher who has dispatched it before", never=("who-returned",),
    ),
    Transition(
        "re-assign", "改派", ("dispatcher",), ("assigned", "accepted"), ("assigned",),
        ("reason", "department", "known-category", "not-binding", "another-holder"),
        "to another department; the turn that ends is a misroute, charged to dispatching",
    ),
    Transition(
        "re-categorise", "改类", ("dispatcher",), ("assigned", "accepted"), ("assigned", "accepted"),
        ("reason", "another-category"),
        "the department stays; limits that nobody has moved become the category's, from the same beginnings",
    ),
    Transition(
        "move-area", "改区", ("reviewer", "dispatcher"), ("review",), ("review", "assigned", "arbitration"),
        ("reason", "another-area"),
        "it counts there from then on; where no department followed from what was known, the table is asked anew",
    ),
    Transition(
        "move-area", "改区", ("dispatcher",), ("assigned", "accepted"),
        ("assigned", "accepted", "review", "arbitration"),
        ("reason", "another-area", "known-department", "not-binding"),
        "to the department that is named, else to the one that the table has there; where that has it, it stays",
    ),
    Transition(
        "move-area", "改区", ("dispatcher",), ("returned",), ("assigned", "arbitration", "review"),
        ("reason", "another-area", "known-department"),
        "grants the return, and goes to the department of that area", never=("who-returned",),
    ),
    Transition(
        "move-area", "改区", ("duty-officer", "dispatcher"), ("arbitration",), ("arbitration",),
        ("reason", "another-area"), "which department has it is decided as before",
    ),
    Transition(
        "prioritise", "定级", ("reviewer", "dispatcher", "duty-officer"),
        ("review", "assigned", "accepted", "returned", "arbitration"),
        ("review", "assigned", "accepted", "returned", "arbitration"), ("reason", "another-priority"),
        "the state stays; limits that nobody has moved become the priority's, from the same beginnings",
    ),
    Transition("progress", "处置进展", ("department",), ("accepted",), ("accepted",), ("lead-or-assist",)),
    Transition(
        "request-extension", "延期申请", ("department",), ("assigned", "accepted"), ("assigned", "accepted"),
        ("lead", "reason", "not-breached", "extensions-left", "nothing-requested", "named-where-asked"),
    ),
    Transition(
        "approve-extension", "同意延期", ("dispatcher",), ("assigned", "accepted"), ("assigned", "accepted"),
        ("extension-requested",), "one original limit more", never=("who-asked-extension",),
    ),
    Transition(
        "refuse-extension", "驳回延期", ("dispatcher",), ("assigned", "accepted"), ("assigned", "accepted"),
        ("extension-requested",), never=("who-asked-extension",),
    ),
    Transition(
        "request-suspension", "挂账申请", ("department",), ("accepted",), ("accepted",),
        ("lead", "reason", "not-breached", "suspensions-left", "until", "nothing-requested", "named-where-asked"),
    ),
    Transition(
        "approve-suspension", "同意挂账", ("dispatcher",), ("accepted",), ("suspended",),
        ("suspension-requested", "suspension-still-useful"), "clock and limits stand still",
        never=("who-asked-suspension",),
    ),
    Transition(
        "refuse-suspension", "驳回挂账", ("dispatcher",), ("accepted",), ("accepted",), ("suspension-requested",),
        never=("who-asked-suspension",),
    ),
    Transition(
        "resume", "恢复", ("department", "dispatcher"), ("suspended",), ("accepted",), ("lead-if-department",),
        "also by itself at the end",
    ),
    Transition("handle", "处置完成", ("department",), ("accepted",), ("handled",),
        ("lead", "parts-settled", "evidence", "named-where-asked")),
    Transition(
        "divide", "联办", ("dispatcher", "department"), ("assigned", "accepted"), ("assigned", "accepted"),
        ("lead-if-department", "parts", "known-department"),
        "by a plan of the city, or one part more of a category; when all have passed their checks, the order is closed",
    ),
    Transition(
        "give-check", "派核查", ("dispatcher", "duty-officer"), ("handled",), ("handled",),
        ("confirmed-above", "another-inspector"),
        "to an inspector of its area; whoever has it, any inspector may make it",
    ),
    Transition(
        "send-unit", "派员", ("dispatcher", "duty-officer"), _LOOKED_AT, _LOOKED_AT, ("no-unit-yet", "unit-free"),
        "the nearest mobile unit that is free and suits looks whether it is there, or has been dealt with",
    ),
    Transition("accept-task", "接受任务", ("unit",), _LOOKED_AT, _LOOKED_AT, ("its-task", "not-yet-accepted")),
    Transition("arrive", "到达现场", ("unit",), _LOOKED_AT, _LOOKED_AT, ("its-task", "not-yet-there")),
    Transition(
        "decline-task", "谢绝任务", ("unit",), _LOOKED_AT, _LOOKED_AT, ("its-task",), "the next nearest is asked",
    ),
    Transition(
        "verify-pass", "核实属实", ("unit",), ("review", "assigned", "accepted"), ("assigned", "review", "accepted"),
        ("its-task",), "files what was doubtful: the table names the department",
    ),
    Transition(
        "verify-fail", "核实不实", ("unit",), ("review", "assigned", "accepted"), ("rejected", "accepted"),
        ("its-task", "reason"), "not a problem; where a department has accepted it, that is told",
    ),
    Transition(
        "check-pass", "核查通过", ("unit",), ("handled",), ("closed",),
        ("its-task", "confirmed-above", "parts-settled"), "closes it", never=("handler",),
    ),
    Transition(
        "check-fail", "核查不通过", ("unit",), ("handled",), ("accepted",), ("its-task", "confirmed-above"),
        "rework 返工", never=("handler",),
    ),
    Transition(
        "check-pass", "核查通过", _CHECKERS, ("handled",), ("closed",),
        ("its-reporter", "confirmed-above", "parts-settled"), "closes it", never=("handler",),
    ),
    Transition(
        "check-pass", "复核通过", ("camera",), ("handled",), ("closed", "handled"),
        ("asked-camera", "confirmed-above", "parts-settled"),
        "by the camera that was asked to look again; in the city's share, or where its category has lost the right, "
        "a person makes the check all the same",
    ),
    Transition(
        "check-pass", "核查通过", ("department",), ("handled",), ("handled",), ("confirms",),
        "上级核实: a department that has handed the order down confirms what was done, the lowest first",
        never=("handler",),
    ),
    Transition(
        "check-fail", "核查不通过", _CHECKERS, ("handled",), ("accepted",), ("its-reporter", "confirmed-above"),
        "rework 返工: same department, the same limit runs on", never=("handler",),
    ),
    Transition(
        "check-fail", "复核不通过", ("camera",), ("handled",), ("accepted", "handled"),
        ("asked-camera", "confirmed-above"),
        "seen again by the camera that was asked; where its category has lost the right, a person makes the check",
    ),
    Transition(
        "check-fail", "核查不通过", ("department",), ("handled",), ("accepted",), ("confirms", "reason"),
        "上级核实: rework below, the same limit runs on", never=("handler",),
    ),
    Transition(
        "reopen", "重新立案", ("reporter", "operator"), ("closed",), ("assigned", "review"),
        ("its-reporter", "reopen-window", "reason-if-operator"),
        "to the last handler, with fresh limits; of an archived order, an operator's opens a new one in review, linked",
    ),
    Transition(
        "feedback", "回访", ("reporter",), ("closed",), ("closed", "assigned", "review"),
        ("its-reporter", "feedback-window", "satisfied", "not-too-often"),
        "not satisfied, it reopens the order where the city's settings say so",
    ),
    Transition(
        "call-back", "电话回访", ("reviewer", "dispatcher", "duty-officer"), ("closed",),
        ("closed", "assigned", "review"), ("somebody-to-call", "feedback-window", "satisfied-if-reached"),
        "what the reporter said counts as feedback; code not-reached where nobody answered", never=("handler",),
    ),
    Transition(
        "judge", "市民监督", ("citizen",), ("closed",), ("closed",),
        ("asked-citizen", "judging-window", "judgement"),
        "a citizen of the pool who was asked says whether it is settled, once; the state stays", never=("handler",),
    ),
    Transition("appeal", "申诉", ("department",), ("closed",), ("closed",),
        ("lead", "reason", "not-appealed", "named-where-asked")),
    Transition(
        "approve-appeal", "同意申诉", ("reviewer",), ("closed",), ("closed",),
        ("appealed",),
        "two different reviewers: then it is exempt in the adjusted figures",
        never=("appellant", "first-reviewer"),
    ),
    Transition(
        "refuse-appeal", "驳回申诉", ("reviewer",), ("closed",), ("closed",),
        ("appealed",),
        "one is enough", never=("appellant", "first-reviewer"),
    ),
    Transition(
        "supervise", "督办", ("duty-officer",), _OPEN, _OPEN, ("reason", "level", "deadline"),
        "at a level, until a deadline: then the next level comes, as after a breach",
    ),
    Transition(
        "remind", "催办", ("reporter",), _OPEN, _OPEN, ("its-reporter", "not-reminded-today"),
        "the state stays; once a day for each order",
    ),
    Transition(
        "comment", "批注", ("department", "reviewer", "dispatcher", "duty-officer", "inspector", "operator"),
        (*_OPEN, "closed", "rejected"), (*_OPEN, "closed", "rejected"), ("reason", "holder-if-department"),
        "the state stays; a department on what it holds or held last",
    ),
    Transition(
        "comment", "补充", ("reporter",), _OPEN, _OPEN, ("its-reporter", "words-or-photo", "not-too-often"),
        "a reporter adds words or a photo; the state stays",
    ),
    Transition(
        "force-close", "强制结案", ("operator",), _OPEN, ("closed",), ("reason", "named"), "the actor is the approver"
    ),
    Transition(
        "reject", "作废", ("operator",), _OPEN, (*_OPEN, "rejected"), ("reason", "awaited-above"),
        "what a platform above takes back goes on where others wait for it as well",
    ),
    Transition("reject", "作废", ("reviewer",), ("review",), ("rejected",), ("reason",), "a label as well"),
    Transition(
        "merge", "并案", ("reviewer", "dispatcher", "operator"), _OPEN, ("merged",), ("reason", "mergeable"),
        "child of other_order_id",
    ),
    Transition(
        "keep-apart", "非同一事", ("reviewer", "dispatcher", "operator"), _OPEN, _OPEN, ("another-order",),
        "other_order_id is not the same: it is no candidate any more, and does not become one again; the state stays",
    ),
    Transition(
        "perhaps-same", "疑似同一", ("reviewer", "dispatcher", "operator"), _OPEN, _OPEN, ("kept-apart",),
        "takes back that other_order_id is not the same: it is a candidate again; the state stays",
    ),
    Transition(
        "relate", "关联", ("reviewer", "dispatcher", "operator"), (*_OPEN, "closed"), (*_OPEN, "closed"),
        ("beyond-a-border",),
        "other_order_id is of another area and belongs with it: each names the other, also where another desk has it",
    ),
    Transition(
        "unmerge", "撤销并案", ("reviewer", "dispatcher", "operator"), ("merged",), ("review",),
        ("reason", "parent-stands"), "with its own citizen clock",
    ),
    Transition(
        "split", "拆分", ("operator",), (*_OPEN, "closed"), (*_OPEN, "closed"), ("reason", "joined-report"),
        "a report that was merged into the order becomes an order of its own, in review",
    ),
)  # fmt: skip

# Every reason for which an update can be refused, as a sentence for the person who asked.
REFUSALS: dict[str, str] = {
    "not-the-sender": "It names somebody else than who sent it: a token's holder, or the department whose topic it is.",
    "other-content": "An update of this source and id said something else before: it needs an id of its own.",
    "unknown-action": "There is no such action.",
    "unknown-order": "There is no such order, or the report that names it has not arrived.",
    "archived": "The order is archived; an operator's reopen or a new report opens a new one.",
    "merged-child": "The order goes on as part of another one; act on that.",
    "stale-attempt": "The update was meant for an earlier attempt.",
    "future-attempt": "The update was meant for an attempt that the order has not come to.",
    "wrong-role": "This role may not do that.",
    "wrong-state": "The order's state does not allow that.",
    "wrong-department": "The order is not this department's.",
    "not-the-holder": "Only the lead department and its assists may do that.",
    "backdated": "Only the importers that the city names may date an update back so far.",
    "from-the-future": "The update is dated ahead of the clock.",
    "missing-reason": "A reason is needed.",
    "missing-code": "A return needs a code.",
    "bad-code": "The code is not one of those that the action takes.",
    "missing-evidence": "Evidence is needed.",
    "missing-department": "A department is needed.",
    "missing-name": "The person who decides must be named (by.id).",
    "missing-satisfied": "Feedback must say whether it was settled, or how satisfied the reporter is, 1 to 5.",
    "missing-until": "A suspension needs an end, after now and no later than the city allows.",
    "missing-category": "A decision needs a category, or the code not-a-problem with a reason.",
    "unknown-category": "The city has no such category.",
    "unknown-condition": "The category has no such condition.",
    "unknown-department": "The city has no such department, or nobody is responsible there.",
    "same-department": "That department is the one that returned it; refuse the return instead.",
    "binding": "The assignment is binding: it can be neither returned nor re-assigned.",
    "same-holder": "That department has the order already.",
    "for-a-reviewer": "What the order is about is in doubt: a reviewer decides that.",
    "same-dispatcher": "Who has dispatched the order before may not decide the dispute: another dispatcher does.",
    "has-returned-it": "That department has returned the order; only a duty officer may give it back.",
    "is-a-part": "The order is a part of a joint one, and is not divided any more.",
    "unknown-plan": "The city has no such plan.",
    "already-divided": "The order has the parts of this plan already.",
    "parts-open": "Parts of the order are still open.",
    "nobody-below": "No department stands below this one.",
    "not-below": "That department does not stand below this one.",
    "nobody-above": "No department stands above this one.",
    "not-accountable": "This department has not handed the order down, or has confirmed what was done.",
    "not-confirmed": "A department that has handed the order down has to confirm first what was done.",
    "missing-area": "An area is needed.",
    "unknown-area": "The city has no such area, or none of the level in which orders are counted.",
    "same-area": "The order is that area's already.",
    "same-category": "The order has that category and condition already.",
    "bad-priority": "A priority from 1 (most urgent) to 5 is needed, other than the order's.",
    "bad-level": "Supervision needs a level that the city has, and none below the order's.",
    "missing-deadline": "Supervision needs a deadline (until) after now.",
    "reminded-today": "The order was reminded of today.",
    "return-window-over": "The time for returning is over; with evidence it may still be returned.",
    "after-breach": "The limit is already breached.",
    "too-many-extensions": "The order was extended as often as the city allows.",
    "already-suspended-once": "The order was suspended as often as the city allows.",
    "already-requested": "The same request is already waiting.",
    "nothing-requested": "Nothing of the kind was requested.",
    "missing-inspector": "An inspector is needed.",
    "unknown-inspector": "The city has no such inspector for the order's area.",
    "same-inspector": "That inspector has the check already.",
    "has-unit": "A mobile unit has been sent already.",
    "no-unit": "No mobile unit that suits is free and near enough, or where the order is, is not known.",
    "not-its-task": "This unit has not been given the order to look at, or no longer.",
    "task-accepted": "The unit has accepted the task already.",
    "unit-there": "The unit has said already that it is there.",
    "no-limit": "The order has no limit to extend.",
    "not-asked": "This camera was not asked to look again, or no longer is.",
    "handler-is-checker": "Who handled the order may neither check it nor call its reporters back.",
    "asker-is-approver": "Who asked may not decide on it, nor may anybody of the departments that have the order.",
    "not-its-reporter": "Only a reporter of this order may do that.",
    "too-often": "This reporter has added to the order as often as one may, until others have taken steps.",
    "reopen-window-over": "The time for reopening is over.",
    "feedback-window-over": "The time for feedback is over.",
    "not-in-jury": "Only a citizen who was asked to judge this closing may do that.",
    "judged-already": "This citizen has judged the order already.",
    "judging-over": "The time for judging is over.",
    "missing-judgement": "A judgement must say whether it is settled: satisfied, yes or no.",
    "nobody-to-call": "Every reporter has answered, or the order has none who could be called.",
    "already-appealed": "The order was already appealed.",
    "not-appealed": "There is no appeal to review.",
    "same-reviewer": "The two reviewers must be different people.",
    "not-another": "That is no other order of the same area, and not related, or they have been kept apart already.",
    "not-apart": "Of that order nobody has said that it is not the same.",
    "not-beyond": "That is no order of another area, or it is related already, or too many are.",
    "not-mergeable": "Orders merge only into open ones of the same area, or related ones, which are no part of theirs.",
    "with-another-desk": "Another desk has that order: they are not merged; one is moved and handled with the other.",
    "parent-merged": "The order with which it goes on was merged into another one since: first that merge is undone.",
    "not-awaited": "The platform above has taken this back already, or waits for a later attempt of it.",
    "not-joined": "No such report was merged into this order.",
}

ACTIONS: dict[str, tuple[Transition, ...]] = {
    action: tuple(transition for transition in TABLE if transition.action == action)
    for action in dict.fromkeys(transition.action for transition in TABLE)
}


def permit(action: str, state: State, role: str) -> Transition | str:
    """The row that allows an action of a role in a state, or the name of the refusal."""
    transitions = ACTIONS.get(action)
    if transitions is None:
        return "unknown-action"
    for transition in transitions:
        if role in transition.roles and state in transition.sources:
            return transition
    if not any(role in transition.roles for transition in transitions):
        return "wrong-role"
    if state == "merged":
        return "merged-child"
    return "wrong-state"


def allowed(state: State, role: str) -> tuple[str, ...]:
    """The actions that the table has for a role in a state, in the table's order."""
    return tuple(each.action for each in TABLE if role in each.roles and state in each.sources)

"""Parts of the row that facts of several kinds touch. Each function gives the fields that change."""

from collections.abc import Callable, Iterable, Mapping
from typing import Never, TypedDict, Unpack

from msgspec.structs import replace

from dispatcher.order import facts
from dispatcher.order.facts import Fact
from dispatcher.order.row import (
    Answer,
    Assignment,
    Check,
    CitizenVerdict,
    Closing,
    Dispatch,
    Entry,
    MergedIn,
    Order,
    Part,
    Recheck,
    RunningLimit,
    State,
    Task,
    has_reporters,
    own_limit,
)
from models.city import LimitStage
from models.events import AssetRef, Evidence
from models.guess import Guess
from models.inbox import Actor


class Changes(TypedDict, total=False):
    """The fields of an `Order` that facts change. What is not here its first fact sets for good."""

    seq: int
    state: State
    recorded_at: int
    last_at: int
    area: str
    # what was seen
    asset: AssetRef | None
    evidence_count: int
    reports_by_day: tuple[tuple[int, int], ...]
    evidence_first: tuple[Evidence, ...]
    evidence_last: tuple[Evidence, ...]
    reporters: tuple[str, ...]
    reported_again: tuple[str, ...]
    report_keys: tuple[str, ...]
    sealed_under: tuple[str, ...]
    from_above: tuple[tuple[str, str], ...]
    fingerprints: tuple[str, ...]
    candidates: tuple[str, ...]
    apart: tuple[str, ...]
    # what it is
    guess: Guess | None
    shadow: Guess | None
    blind: bool
    category: str
    condition: str
    group: str
    priority: int
    priority_by: str
    label: str
    label_department: str
    label_by: str
    # who has it
    department: str
    attempt: int
    assignments: tuple[Assignment, ...]
    held_for: tuple[Assignment, ...]
    dispatches: tuple[Dispatch, ...]
    returns: int
    returned_by: tuple[str, ...]
    return_code: str
    return_asked_by: Actor | None
    suggested_department: str
    waiting_since: int | None
    # its clocks
    due: int | None
    due_raw: int | None
    overdue_at: int | None
    overdue_past: tuple[tuple[int, int], ...]
    limits: tuple[RunningLimit, ...]
    fired: tuple[str, ...]
    supervision: int
    supervise_at: int | None
    supervision_ordered: bool
    extensions: int
    extension_asked: bool
    extension_asked_by: Actor | None
    suspensions: int
    suspension_asked_until: int | None
    suspension_asked_by: Actor | None
    suspended_at: int | None
    suspended_until: int | None
    # how it ended
    checks: tuple[Check, ...]
    checks_missed: tuple[int, ...]
    recheck: Recheck | None
    inspector: str
    task: Task | None
    tried: tuple[str, ...]
    check_level: int
    check_escalates_at: int | None
    closings: tuple[Closing, ...]
    rejected_at: int | None
    merged_at: int | None
    parent: str
    children: tuple[str, ...]
    merged_in: tuple[MergedIn, ...]
    linked: tuple[str, ...]
    parts: tuple[Part, ...]
    reminded_on: tuple[int, ...]
    answers: tuple[Answer, ...]
    first_response_at: int | None
    untold: int
    call_back_at: int | None
    call_back: bool
    jury: tuple[str, ...]
    judge_by: int | None
    judgements: tuple[CitizenVerdict, ...]
    appeal: str
    appealed_by: Actor | None
    appeal_reviewers: tuple[str, ...]
    archive_at: int | None
    archived_at: int | None
    quarantined: str
    timeline: tuple[Entry, ...]


class TurnChanges(TypedDict, total=False):
    """The fields of an `Assignment` that later facts change."""

    binding: bool
    accept_due: int | None
    handle_due: int | None
    handle_due_raw: int | None
    accepted_at: int | None
    accept_missed_at: int | None
    returned_at: int | None
    misrouted: bool
    handled_at: int | None
    handled_by: Actor | None
    handle_missed_at: int | None
    handled_ms: int | None
    handled_work_ms: int | None
    suspended_ms: int
    suspended_work_ms: int
    reworks: int
    ended_at: int | None
    ended_by: str
    held_ms: int | None
    held_work_ms: int | None
    accepted_by: Actor | None


# Each fold stands under the kind of fact that it takes, so what they have in common takes none.
Folds = dict[type[Fact], Callable[[Order, Never], Changes]]
_WAITING: dict[str, LimitStage] = {"review": "review", "returned": "return", "arbitration": "arbitration"}


def with_limits(order: Order, *new: RunningLimit | None, drop: Iterable[LimitStage] = ()) -> Changes:
    """The running limits with some set anew (their warnings and breaches forgotten) and some dropped."""
    fresh = {limit.name: limit for limit in new if limit is not None}
    gone = fresh.keys() | set(drop)
    kept = tuple(limit for limit in order.limits if (limit.name if limit.department else limit.stage) not in gone)
    fired = tuple(name for name in order.fired if name.partition("/")[2] not in gone)
    return {"limits": kept + tuple(fresh.values()), "fired": fired}


def new_turn(fact: facts.Assigned | facts.Forwarded, category: str, above: str = "") -> Assignment:
    """The turn of the department that gets an order of a category now; `above` is who hands it down, if anybody."""
    handle_due = fact.handle.due if fact.handle else None
    return Assignment(
        attempt=fact.attempt,
        department=fact.department,
        at=fact.at,
        category=category,
        assists=fact.assists,
        binding=fact.binding,
        why=fact.why,
        accept_due=fact.accept.due if fact.accept else None,
        handle_due=handle_due,
        handle_due_raw=handle_due,
        dispatched_by=fact.actor,
        above=above,
    )


def turn_handled(turn: Assignment, fact: facts.Handled | facts.Confirmed) -> TurnChanges:
    """A department says that it is done: the clock of its turn is read for the last time. A breach that lies no earlier
    than that never stood."""
    in_time = turn.handle_due is None or fact.at <= turn.handle_due
    return {
        "handled_at": fact.at,
        "handled_by": fact.actor,
        "handled_ms": fact.handled_ms,
        "handled_work_ms": fact.handled_work_ms,
        "handle_missed_at": None if in_time else turn.handle_missed_at,
    }


def in_turn(order: Order, **changes: Unpack[TurnChanges]) -> Changes:
    """The present assignment with these fields changed; nothing where the order has none."""
    if not order.assignments:
        return {}
    return {"assignments": (*order.assignments[:-1], replace(order.assignments[-1], **changes))}


def turn_ends(order: Order, at: int, by: str, **more: Unpack[TurnChanges]) -> Changes:
    """The present assignment ends, if it has not yet: when, and by which fact."""
    if not order.assignments or order.assignments[-1].ended_at is not None:
        return {}
    ended: TurnChanges = {"ended_at": at, "ended_by": by}
    return in_turn(order, **ended | more)


def chain_ends(order: Order, at: int, by: str) -> Changes:
    """The turns of the departments above end with that of whoever has the order."""
    if not order.held_for:
        return {}
    return {"held_for": tuple(replace(turn, ended_at=at, ended_by=by) for turn in order.held_for)}


def without_chain(order: Order) -> Changes:
    """An order that nobody above is accountable for any more: their turns stand among the past ones, before that of
    whoever had it."""
    if not order.held_for:
        return {}
    return {"assignments": (*order.assignments[:-1], *order.held_for, order.assignments[-1]), "held_for": ()}


def runs_anew(order: Order, whole: RunningLimit | None, at: int) -> Changes:
    """The order's own limit, which nobody has moved, from another beginning; None: it stays."""
    if whole is None:
        return {}
    changes = with_limits(order, whole) | {"due": whole.due, "due_raw": whole.due}
    return changes | ({} if whole.due <= at else not_overdue(order, at))


def not_overdue(order: Order, at: int) -> Changes:
    """The order stops being overdue; a breach that lies no earlier than `at` never stood."""
    if order.overdue_at is None:
        return {}
    past = order.overdue_past if at <= order.overdue_at else (*order.overdue_past, (order.overdue_at, at))
    return {"overdue_at": None, "overdue_past": past}


def overdue_meanwhile(order: Order, since: int, at: int) -> Changes:
    """The order was overdue all the same from `since` on, or from its due time if that came later, until now: what
    took it off the books then turns out to have settled nothing."""
    if order.due is None or (begin := max(order.due, since)) >= at:
        return {}
    past = order.overdue_past
    if past and past[-1][1] == begin:  # it was overdue before
        return {"overdue_past": (*past[:-1], (past[-1][0], at))}
    return {"overdue_past": (*past, (begin, at))}


def in_time_until(order: Order, at: int) -> Changes:
    """Whose limits stand still from `at` on: a breach of one that was not up by then never stood."""
    if not order.assignments:
        return {}
    changes: Changes = {"assignments": (*order.assignments[:-1], _not_missed(order.assignments[-1], at))}
    if order.held_for:
        changes["held_for"] = tuple(_not_missed(turn, at) for turn in order.held_for)
    return changes


def _not_missed(turn: Assignment, at: int) -> Assignment:
    if turn.handle_missed_at is None or (turn.handle_due is not None and turn.handle_due < at):
        return turn
    return replace(turn, handle_missed_at=None)


def dispatched(order: Order, at: int, by: Actor) -> Changes:
    """Dispatching has decided: how long the order waited for that."""
    stage = _WAITING.get(order.state)
    if stage is None or order.waiting_since is None:
        return {}
    limit = own_limit(order, stage)
    due = None if limit is None else limit.due
    dispatch = Dispatch(stage=stage, since=order.waiting_since, at=at, due=due, by=by)
    return {"dispatches": (*order.dispatches, dispatch), "waiting_since": None}


def responded(order: Order, at: int) -> Changes:
    """When its reporters, or those of what was merged into it, were first told more than that it had come in and where
    it went; and that all of them have been told by now. Whoever reports it later has not been."""
    if not has_reporters(order):
        return {}
    changes: Changes = {} if order.first_response_at is not None else {"first_response_at": at}
    if order.untold:
        changes["untold"] = 0
    if any(each.untold for each in order.merged_in):
        changes["merged_in"] = tuple(replace(each, untold=False) for each in order.merged_in)
    return changes


def ends(order: Order, at: int, by: str, archive_at: int | None) -> Changes:
    """The order leaves the open states: nothing runs any more. A check that was missed before stays missed."""
    checks = (limit.due for limit in order.limits if limit.stage == "check" and "breach/check" in order.fired)
    missed = tuple(due for due in checks if due < at)
    return (
        turn_ends(order, at, by)
        | chain_ends(order, at, by)
        | not_overdue(order, at)
        | nothing_asked()
        | no_check()
        | {
            "limits": (),
            "fired": (),
            "supervise_at": None,
            "supervision_ordered": False,
            "waiting_since": None,
            "archive_at": archive_at,
        }
        | ({"checks_missed": (*order.checks_missed, *missed)} if missed else {})
    )


def no_check() -> Changes:
    """Nobody has its check any more."""
    return {"inspector": "", "check_level": 0, "check_escalates_at": None}


def recheck_decides_nothing(order: Order) -> Changes:
    """Somebody else makes the check now, whatever the camera finds that was asked, or if it is silent."""
    return {} if order.recheck is None else {"recheck": replace(order.recheck, decides=False)}


def nothing_asked() -> Changes:
    """No extension or suspension is asked for or running."""
    return {"extension_asked": False, "suspension_asked_until": None, "suspended_at": None, "suspended_until": None}


def granted_nothing() -> Changes:
    """What a department was granted ends with its turn, and is not the next one's."""
    return {"extensions": 0, "suspensions": 0}


def again(order: Order) -> Changes:
    """What was handled must be done again 返工, by whoever has the order; nobody above has confirmed it then."""
    undone = [
        replace(turn, handled_at=None, handled_ms=None, handled_work_ms=None, reworks=turn.reworks + 1)
        for turn in (*order.held_for, order.assignments[-1])
    ]
    changes: Changes = {"assignments": (*order.assignments[:-1], undone[-1])}
    if order.held_for:
        changes["held_for"] = tuple(undone[:-1])
    return changes


def with_moved(order: Order, limits: tuple[RunningLimit, ...], at: int) -> Changes:
    """Running limits with later due times."""
    due = {limit.name: limit.due for limit in limits}
    changes = with_limits(order, *limits) | {"due": due.get("whole", order.due)}
    if order.held_for:
        changes["held_for"] = tuple(_above_moved(turn, due, at) for turn in order.held_for)
    if "handle" in due:
        missed = order.assignments[-1].handle_missed_at
        changes |= in_turn(order, handle_due=due["handle"], handle_missed_at=missed if due["handle"] <= at else None)
    if "whole" in due and due["whole"] > at:
        changes |= not_overdue(order, at)
    return changes


def _above_moved(turn: Assignment, due: Mapping[str, int], at: int) -> Assignment:
    """The turn of a department above, with its own limit as it stands now."""
    moved = due.get(f"handle/{turn.department}")
    if moved is None:
        return turn
    return replace(turn, handle_due=moved, handle_missed_at=turn.handle_missed_at if moved <= at else None)


def nothing(order: Order, fact: Fact) -> Changes:
    """The fact stands in the timeline alone."""
    return {}

"""Between departments: review, assignment, return, arbitration."""

from msgspec.structs import replace

from dispatcher.order import facts
from dispatcher.order.folds.changes import (
    Changes,
    Folds,
    TurnChanges,
    dispatched,
    granted_nothing,
    in_turn,
    new_turn,
    not_overdue,
    nothing_asked,
    turn_ends,
    with_limits,
    without_chain,
)
from dispatcher.order.row import Assignment, Order, RunningLimit
from models.city import LimitStage


def _sent_to_review(order: Order, fact: facts.SentToReview) -> Changes:
    whole: Changes = {"due": fact.whole.due, "due_raw": fact.whole.due} if fact.whole else {}
    return (
        dispatched(order, fact.at, fact.actor)
        | turn_ends(order, fact.at, "sent-to-review")
        | without_chain(order)
        | with_limits(
            order, fact.limit, fact.whole, drop=("review", "accept", "handle", "return", "arbitration", "check")
        )
        | {"waiting_since": fact.at, "department": ""}
        | nothing_asked()
        | whole
    )


def _decided(order: Order, fact: facts.Decided) -> Changes:
    label: Changes = {"label": fact.category, "label_department": fact.department, "label_by": "reviewer"}
    if fact.rejected:
        return label
    return label | {"category": fact.category, "condition": fact.condition, "group": fact.group}


def _assigned(order: Order, fact: facts.Assigned) -> Changes:
    before = turn_ends(order, fact.at, "assigned").get("assignments", order.assignments)
    if order.held_for:  # it comes back after its end
        before = (*before[:-1], *order.held_for, before[-1])
    whole = fact.whole
    overdue = order.overdue_at is not None and whole is not None and whole.due <= fact.at
    return (
        dispatched(order, fact.at, fact.actor)
        | ({} if overdue else not_overdue(order, fact.at))
        | ({} if overdue or order.supervision_ordered else {"supervision": 0, "supervise_at": None})
        | nothing_asked()
        | {
            "waiting_since": None,
            "department": fact.department,
            "attempt": fact.attempt,
            "assignments": (*before, new_turn(fact, fact.category)),
            "held_for": (),
            "category": fact.category,
            "group": fact.group,
            "condition": fact.condition,
            "priority": fact.priority,
            "limits": tuple(limit for limit in (whole, fact.accept, fact.handle) if limit),
            "fired": tuple(name for name in order.fired if name == "warn/whole" and whole in order.limits),
            "due": whole.due if whole else None,
            "due_raw": fact.due_raw,
            "return_code": "",
            "suggested_department": "",
            "archive_at": None,
        }
    )


def _returned(order: Order, fact: facts.Returned) -> Changes:
    returned_by = order.returned_by if order.department in order.returned_by else (*order.returned_by, order.department)
    return (
        with_limits(order, fact.limit, drop=("accept",))
        | in_turn(order, returned_at=fact.at)
        | nothing_asked()
        | {
            "returns": order.returns + 1,
            "returned_by": returned_by,
            "return_code": fact.code,
            "return_asked_by": fact.actor,
            "suggested_department": fact.suggested_department,
            "waiting_since": fact.at,
        }
    )


def _misrouted(order: Order, fact: facts.ReturnApproved | facts.TakenBack) -> Changes:
    by = facts.NAMES[type(fact)]
    misrouted: TurnChanges = {"misrouted": True, "held_ms": fact.held_ms, "held_work_ms": fact.held_work_ms}
    ended = turn_ends(order, fact.at, by, **({} if order.held_for else misrouted))
    if order.held_for:  # dispatching gave it to the topmost: that turn alone was its mistake
        first, *rest = (replace(turn, ended_at=fact.at, ended_by=by) for turn in order.held_for)
        turns = ended.get("assignments", order.assignments)
        ended["assignments"] = (*turns[:-1], replace(first, **misrouted), *rest, turns[-1])
        ended["held_for"] = ()
    return ended | granted_nothing()


def _recategorised(order: Order, fact: facts.Recategorised) -> Changes:
    changes: Changes = {
        "category": fact.category,
        "condition": fact.condition,
        "group": fact.group,
        "priority": fact.priority,
        "assignments": (*order.assignments[:-1], replace(order.assignments[-1], category=fact.category)),
    }
    if order.held_for:  # those above answer for the same order
        changes["held_for"] = tuple(replace(turn, category=fact.category) for turn in order.held_for)
    return changes | _limits_anew(replace(order, **changes), fact)


def _prioritised(order: Order, fact: facts.Prioritised) -> Changes:
    changes: Changes = {"priority": fact.priority, "priority_by": fact.actor.role}
    return changes | _limits_anew(order, fact)


def _area_moved(order: Order, fact: facts.AreaMoved) -> Changes:
    return {"area": fact.area}


def _limits_anew(order: Order, fact: facts.Recategorised | facts.Prioritised) -> Changes:
    if fact.moved:
        return {}
    whole, handle = fact.whole, fact.handle
    # What was warned of under a limit that stays the same has been warned of.
    fresh = [limit for limit in (whole, handle) if limit is not None and limit not in order.limits]
    running: dict[LimitStage, RunningLimit | None] = {"whole": whole, "handle": handle}
    gone = [stage for stage, limit in running.items() if limit is None]
    return (
        with_limits(order, *fresh, drop=gone)
        | ({} if whole and whole.due <= fact.at else not_overdue(order, fact.at))
        | {"due": whole.due if whole else None, "due_raw": whole.due if whole else None}
        | _turn_anew(order, handle, fact.at)
    )


def _turn_anew(order: Order, handle: RunningLimit | None, at: int) -> Changes:
    if not order.assignments or (order.assignments[-1].ended_at is not None and handle is None):
        return {}
    due = handle.due if handle else None
    missed = order.assignments[-1].handle_missed_at if due is not None and due <= at else None
    return in_turn(order, handle_due=due, handle_due_raw=due, handle_missed_at=missed)


def _return_refused(order: Order, fact: facts.ReturnRefused) -> Changes:
    # Where it was handed up, or taken from it on the way to arbitration, and is left where it was, its turn had ended.
    turn: TurnChanges = {"binding": True, "returned_at": None, "ended_at": None, "ended_by": ""}
    turn |= {"misrouted": False, "held_ms": None, "held_work_ms": None} | _limits_after(order.assignments[-1], fact)
    return (
        dispatched(order, fact.at, fact.actor)
        | with_limits(order, fact.accept, drop=("return", "arbitration"))
        | in_turn(order, **turn)
        | ({} if fact.attempt is None else {"attempt": fact.attempt})
        | {"return_code": "", "suggested_department": ""}
    )


def _limits_after(turn: Assignment, fact: facts.ReturnRefused) -> TurnChanges:
    """How the limits count of a turn that goes on. What was up while the order was given away is missed from now on,
    also where the desk heard of that later. Where the limit for accepting was not up by then, a fresh one counts; one
    that was up stays missed, or whoever is late would be so no more for having returned it without reason."""
    gone = min((at for at in (turn.returned_at, turn.ended_at) if at is not None), default=fact.at)
    changes: TurnChanges = {}
    if turn.handle_missed_at is not None and turn.handle_missed_at >= gone:
        changes |= {"handle_missed_at": max(turn.handle_missed_at, fact.at)}
    if fact.accept and turn.accepted_at is None and (turn.accept_due is None or gone <= turn.accept_due):
        changes |= {"accept_due": fact.accept.due, "accept_missed_at": None}
    return changes


def _sent_to_arbitration(order: Order, fact: facts.SentToArbitration) -> Changes:
    # Where the desk itself sends it on, nobody has decided about the return.
    return (
        (dispatched(order, fact.at, fact.actor) if fact.actor.role != "desk" else {})
        | with_limits(order, fact.limit, drop=("review", "return"))
        | {"waiting_since": fact.at}
    )


FOLDS: Folds = {
    facts.SentToReview: _sent_to_review,
    facts.Decided: _decided,
    facts.Assigned: _assigned,
    facts.Returned: _returned,
    facts.ReturnApproved: _misrouted,
    facts.TakenBack: _misrouted,
    facts.Recategorised: _recategorised,
    facts.Prioritised: _prioritised,
    facts.AreaMoved: _area_moved,
    facts.ReturnRefused: _return_refused,
    facts.SentToArbitration: _sent_to_arbitration,
}

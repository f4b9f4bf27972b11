"""With a department: accepting, limits, handling, the check."""

from msgspec.structs import replace

from dispatcher.order import facts
from dispatcher.order.chain import answered_at
from dispatcher.order.folds.changes import (
    Changes,
    Folds,
    again,
    in_time_until,
    in_turn,
    no_check,
    not_overdue,
    nothing,
    overdue_meanwhile,
    recheck_decides_nothing,
    responded,
    turn_handled,
    with_limits,
    with_moved,
)
from dispatcher.order.row import ON_THE_SPOT, Assignment, Check, Order, Recheck, own_limit


def _accepted(order: Order, fact: facts.Accepted) -> Changes:
    changes = with_limits(order, drop=("accept",)) | responded(order, fact.at)
    turn = order.assignments[-1]
    if turn.accepted_at is None:  # a refused return is accepted once more; the first time counts
        missed = turn.accept_missed_at if fact.late else None
        changes |= in_turn(order, accepted_at=fact.at, accepted_by=fact.actor, accept_missed_at=missed)
    return changes


def _extension_requested(order: Order, fact: facts.ExtensionRequested) -> Changes:
    return {"extension_asked": True, "extension_asked_by": fact.actor}


def _extension_approved(order: Order, fact: facts.ExtensionApproved) -> Changes:
    moved = with_moved(order, fact.limits, fact.at) | responded(order, fact.at)
    return moved | {"extension_asked": False, "extensions": order.extensions + 1}


def _extension_refused(order: Order, fact: facts.ExtensionRefused) -> Changes:
    return {"extension_asked": False}


def _suspension_requested(order: Order, fact: facts.SuspensionRequested) -> Changes:
    return {"suspension_asked_until": fact.until, "suspension_asked_by": fact.actor}


def _suspension_refused(order: Order, fact: facts.SuspensionRefused) -> Changes:
    return {"suspension_asked_until": None}


def _suspended(order: Order, fact: facts.Suspended) -> Changes:
    return (
        not_overdue(order, fact.at)
        | in_time_until(order, fact.at)
        | responded(order, fact.at)
        | {
            "suspension_asked_until": None,
            "suspensions": order.suspensions + 1,
            "suspended_at": fact.at,
            "suspended_until": fact.until,
        }
    )


def _resumed(order: Order, fact: facts.Resumed) -> Changes:
    moved = with_moved(order, fact.limits, fact.at)
    turn = (moved.get("assignments") or order.assignments)[-1]
    return moved | {
        "assignments": (*order.assignments[:-1], _stood_still(turn, fact)),
        # The clocks of the departments above stood still with that of whoever has the order.
        "held_for": tuple(_stood_still(above, fact) for above in moved.get("held_for", order.held_for)),
        "suspended_at": None,
        "suspended_until": None,
        # What was used before the suspension has been warned of; it is not used up a second time.
        "fired": order.fired,
    }


def _stood_still(turn: Assignment, fact: facts.Resumed) -> Assignment:
    """A turn whose clock stood still while the order was suspended."""
    return replace(
        turn,
        suspended_ms=turn.suspended_ms + fact.suspended_ms,
        suspended_work_ms=turn.suspended_work_ms + fact.suspended_work_ms,
    )


def _handled(order: Order, fact: facts.Handled) -> Changes:
    return (
        with_limits(order, fact.limit)
        # Whoever is accountable for it has not answered for it yet.
        | ({} if order.held_for else not_overdue(order, fact.at))
        | in_turn(order, **turn_handled(order.assignments[-1], fact))
        | responded(order, fact.at)
        | {"extension_asked": False, "suspension_asked_until": None}
    )


def _checked(order: Order, fact: facts.Checked) -> Changes:
    limit = own_limit(order, "check")
    due = None if limit is None else limit.due
    answered = answered_at(order)  # nobody can check before all above have confirmed
    handled_at = fact.at if answered is None else answered
    found = order.recheck.found if order.recheck is not None and fact.actor.role in ON_THE_SPOT else ""
    check = Check(at=fact.at, handled_at=handled_at, passed=fact.passed, by=fact.actor, due=due, camera_found=found)
    changes = with_limits(order, drop=("check",)) | no_check()
    changes |= {"checks": (*order.checks, check), "attempt": fact.attempt}
    if not fact.passed:
        # Or whoever says at the end of each month that all is done would have nothing overdue then.
        changes |= again(order) | overdue_meanwhile(order, handled_at, fact.at)
    return changes


def _check_given(order: Order, fact: facts.CheckGiven) -> Changes:
    return recheck_decides_nothing(order) | {"inspector": fact.inspector, "task": None}


def _recheck_requested(order: Order, fact: facts.RecheckRequested) -> Changes:
    asked = Recheck(
        camera=fact.camera,
        source=fact.source,
        asked_at=fact.at,
        due=fact.due,
        label=fact.label,
        algorithm=fact.algorithm,
        object_id=fact.object_id,
        decides=fact.decides,
    )
    return {"recheck": asked}


def _recheck_answered(order: Order, fact: facts.RecheckAnswered) -> Changes:
    if order.recheck is None or fact.outcome == "silent":
        return {"recheck": None}
    return {"recheck": replace(order.recheck, found=fact.outcome)}


def _reminded(order: Order, fact: facts.Reminded) -> Changes:
    return {"reminded_on": (*order.reminded_on, fact.day)}


FOLDS: Folds = {
    facts.Accepted: _accepted,
    facts.ExtensionRequested: _extension_requested,
    facts.ExtensionApproved: _extension_approved,
    facts.ExtensionRefused: _extension_refused,
    facts.SuspensionRequested: _suspension_requested,
    facts.SuspensionRefused: _suspension_refused,
    facts.Suspended: _suspended,
    facts.Resumed: _resumed,
    facts.Handled: _handled,
    facts.CheckGiven: _check_given,
    facts.RecheckRequested: _recheck_requested,
    facts.RecheckAnswered: _recheck_answered,
    facts.Checked: _checked,
    facts.Progressed: nothing,
    facts.Commented: nothing,
    facts.Reminded: _reminded,
}

"""Parts of the row that facts of several kinds touch. Each function gives the fields that change."""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from dispatcher.order.facts import Fact
from dispatcher.order.row import Dispatch, Order, RunningLimit
from models.city import LimitStage
from models.inbox import Actor

Changes = dict[str, Any]
Folds = dict[type[Fact], Callable[[Order, Any], Changes]]
_WAITING: dict[str, LimitStage] = {"review": "review", "returned": "return", "arbitration": "arbitration"}


def with_limits(order: Order, *new: RunningLimit | None, drop: Iterable[LimitStage] = ()) -> Changes:
    """The running limits with some set anew (their warnings and breaches forgotten) and some dropped."""
    fresh = {limit.stage: limit for limit in new if limit is not None}
    gone = fresh.keys() | set(drop)
    kept = tuple(limit for limit in order.limits if limit.stage not in gone)
    fired = tuple(name for name in order.fired if name.partition("/")[2] not in gone)
    return {"limits": kept + tuple(fresh.values()), "fired": fired}


def in_turn(order: Order, **changes: Any) -> Changes:
    """The present assignment with these fields changed; nothing where the order has none."""
    if not order.assignments:
        return {}
    return {"assignments": (*order.assignments[:-1], replace(order.assignments[-1], **changes))}


def turn_ends(order: Order, at: int, by: str, **more: Any) -> Changes:
    """The present assignment ends, if it has not yet: when, and by which fact."""
    if not order.assignments or order.assignments[-1].ended_at is not None:
        return {}
    return in_turn(order, ended_at=at, ended_by=by, **more)


def not_overdue(order: Order, at: int) -> Changes:
    """The order stops being overdue; a breach that lies no earlier than `at` never stood."""
    if order.overdue_at is None:
        return {}
    past = order.overdue_past if at <= order.overdue_at else (*order.overdue_past, (order.overdue_at, at))
    return {"overdue_at": None, "overdue_past": past}


def dispatched(order: Order, at: int, by: Actor) -> Changes:
    """Dispatching has decided: how long the order waited for that."""
    stage = _WAITING.get(order.state)
    if stage is None or order.waiting_since is None:
        return {}
    due = next((limit.due for limit in order.limits if limit.stage == stage), None)
    dispatch = Dispatch(stage=stage, since=order.waiting_since, at=at, due=due, by=by)
    return {"dispatches": (*order.dispatches, dispatch), "waiting_since": None}


def responded(order: Order, at: int) -> Changes:
    """When a department took it on for the first time."""
    return {} if order.first_response_at is not None else {"first_response_at": at}


def ends(order: Order, at: int, by: str, archive_at: int | None) -> Changes:
    """The order leaves the open states: nothing runs any more. A check that was missed stays missed."""
    missed = tuple(limit.due for limit in order.limits if limit.stage == "check" and "breach/check" in order.fired)
    return (
        turn_ends(order, at, by)
        | not_overdue(order, at)
        | nothing_asked()
        | {"limits": (), "fired": (), "supervise_at": None, "waiting_since": None, "archive_at": archive_at}
        | ({"checks_missed": (*order.checks_missed, *missed)} if missed else {})
    )


def nothing_asked() -> Changes:
    """No extension or suspension is asked for or running."""
    return {"extension_asked": False, "suspension_asked_until": None, "suspended_at": None, "suspended_until": None}


def with_moved(order: Order, limits: tuple[RunningLimit, ...], at: int) -> Changes:
    """Running limits with later due times."""
    due = {limit.stage: limit.due for limit in limits}
    changes = with_limits(order, *limits) | {"due": due.get("whole", order.due)}
    if "handle" in due:
        missed = order.assignments[-1].handle_missed_at
        changes |= in_turn(order, handle_due=due["handle"], handle_missed_at=missed if due["handle"] <= at else None)
    if "whole" in due and due["whole"] > at:
        changes |= not_overdue(order, at)
    return changes


def nothing(order: Order, fact: Fact) -> Changes:
    """The fact stands in the timeline alone."""
    return {}

"""Down and up the levels: handing down, taking back, handing up, confirming."""

from msgspec.structs import replace

from dispatcher.order import facts
from dispatcher.order.chain import answered
from dispatcher.order.folds.changes import (
    Changes,
    Folds,
    TurnChanges,
    again,
    new_turn,
    not_overdue,
    nothing_asked,
    turn_ends,
    turn_handled,
    with_limits,
)
from dispatcher.order.row import Order

_OWN = ("accept", "handle", "check")  # the stages whose limits are those of whoever has the order


def _forwarded(order: Order, fact: facts.Forwarded) -> Changes:
    turn = new_turn(fact, order.category, fact.above)
    above = order.assignments[-1]
    kept = tuple(replace(x, department=fact.above) if x.name == "handle" else x for x in order.limits)
    fired = tuple(f"{name}/{fact.above}" if name.partition("/")[2] == "handle" else name for name in order.fired)
    return nothing_asked() | {
        "held_for": (*order.held_for, above),
        "assignments": (*order.assignments[:-1], turn),
        "department": fact.department,
        "attempt": fact.attempt,
        "limits": (*kept, *(limit for limit in (fact.accept, fact.handle) if limit is not None)),
        "fired": fired,
    }


def _recalled(order: Order, fact: facts.Recalled) -> Changes:
    return _back_to(order, fact.department, fact.attempt, fact.at, "recalled", {})


def _handed_up(order: Order, fact: facts.HandedUp) -> Changes:
    said: TurnChanges = {"returned_at": fact.at} if fact.code else {}
    if fact.above:
        return _back_to(order, fact.above, fact.attempt, fact.at, "handed-up", said)
    return turn_ends(order, fact.at, "handed-up", **said)


def _back_to(order: Order, department: str, attempt: int, at: int, by: str, said: TurnChanges) -> Changes:
    """A department above has the order again; the turns of all below it end. Its limit has never stopped."""
    place = next(n for n, turn in enumerate(order.held_for) if turn.department == department)
    between = order.held_for[place + 1 :]
    ended = turn_ends(order, at, by, **said)["assignments"][-1]
    gone = {*_OWN, *(f"handle/{turn.department}" for turn in between)}
    own = f"handle/{department}"
    limits = tuple(replace(x, department="") if x.name == own else x for x in order.limits if x.name not in gone)
    fired = (name for name in order.fired if name.partition("/")[2] not in gone)
    return nothing_asked() | {
        "held_for": order.held_for[:place],
        "assignments": (
            *order.assignments[:-1],
            *(replace(turn, ended_at=at, ended_by=by) for turn in between),
            ended,
            order.held_for[place],
        ),
        "department": department,
        "attempt": attempt,
        "limits": limits,
        "fired": tuple(name.removesuffix(f"/{department}") if name.endswith(own) else name for name in fired),
    }


def _confirmed(order: Order, fact: facts.Confirmed) -> Changes:
    if not fact.passed:
        return again(order) | {"attempt": fact.attempt}
    place = next(n for n, turn in enumerate(order.held_for) if turn.department == fact.department)
    turn = order.held_for[place]
    turn = replace(turn, **turn_handled(turn, fact))
    above = (*order.held_for[:place], turn, *order.held_for[place + 1 :])
    changes = with_limits(order, fact.limit) | {"held_for": above}
    return changes | not_overdue(order, fact.at) if answered(replace(order, held_for=above)) else changes


FOLDS: Folds = {
    facts.Forwarded: _forwarded,
    facts.Recalled: _recalled,
    facts.HandedUp: _handed_up,
    facts.Confirmed: _confirmed,
}

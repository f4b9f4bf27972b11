"""What time brings, and supervision."""

from msgspec.structs import replace

from dispatcher.order import facts
from dispatcher.order.folds.changes import Changes, Folds, in_turn
from dispatcher.order.row import Order


def _warned(order: Order, fact: facts.Warned) -> Changes:
    return {"fired": (*order.fired, f"warn/{_limit_name(fact)}")}


def _limit_name(fact: facts.Warned | facts.Breached) -> str:
    return f"{fact.stage}/{fact.department}" if fact.department else fact.stage


def _breached(order: Order, fact: facts.Breached) -> Changes:
    changes: Changes = {}
    if order.supervise_at is not None:  # it waited for a breach to stand again
        changes["supervise_at"] = max(order.supervise_at, fact.at)
    if fact.stage == "whole":
        return changes | {"overdue_at": fact.at}
    changes["fired"] = (*order.fired, f"breach/{_limit_name(fact)}")
    if fact.department:
        changes["held_for"] = tuple(
            replace(turn, handle_missed_at=fact.at) if turn.department == fact.department else turn
            for turn in order.held_for
        )
        return changes
    if fact.stage == "accept":
        before = order.assignments[-1].accept_missed_at if order.assignments else None
        changes |= in_turn(order, accept_missed_at=fact.at if before is None else before)  # the first one counts
    if fact.stage == "handle":
        changes |= in_turn(order, handle_missed_at=fact.at)
    return changes


def _supervised(order: Order, fact: facts.Supervised) -> Changes:
    if fact.stage == "check":
        return {"check_level": fact.level, "check_escalates_at": fact.next_at}
    return {"supervision": fact.level, "supervise_at": fact.next_at}


def _supervision_ordered(order: Order, fact: facts.SupervisionOrdered) -> Changes:
    return {"supervision": fact.level, "supervise_at": fact.until, "supervision_ordered": True}


def _quarantined(order: Order, fact: facts.Quarantined) -> Changes:
    return {"quarantined": fact.error}


FOLDS: Folds = {
    facts.Warned: _warned,
    facts.Breached: _breached,
    facts.Supervised: _supervised,
    facts.SupervisionOrdered: _supervision_ordered,
    facts.Quarantined: _quarantined,
}

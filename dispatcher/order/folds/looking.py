"""What a mobile unit is given to look at: given, accepted, there, done or lost."""

from collections.abc import Mapping

from msgspec.structs import replace

from dispatcher.order import facts
from dispatcher.order.facts import Fact
from dispatcher.order.folds.changes import Changes, Folds, recheck_decides_nothing
from dispatcher.order.row import Order, State, Task, TaskStage

# As long as the order is in one of these states, a task stands that was given in that one. A person who has decided, or
# a department that has handled it, needs nobody to look whether it is there.
_STANDS: Mapping[State, tuple[State, ...]] = {
    "review": ("review",),
    "assigned": ("assigned", "accepted"),
    "accepted": ("accepted",),
    "handled": ("handled",),
}


def after_state(order: Order, fact: Fact) -> Changes:
    """What a new state does to the task: it ends where there is nothing to look at any more, and all may be asked
    again."""
    if fact.state == order.state:
        return {}
    changes: Changes = {"tried": ()} if order.tried else {}
    if order.task is not None and fact.state not in _STANDS[order.task.given_in]:
        changes["task"] = None
    return changes


def _given(order: Order, fact: facts.TaskGiven) -> Changes:
    task = Task(unit=fact.unit, what=fact.what, given_in=fact.state, given_at=fact.at, due=fact.due)
    return recheck_decides_nothing(order) | {"task": task}


def _accepted(order: Order, fact: facts.TaskAccepted) -> Changes:
    return _at_stage(order, "accepted", fact.due)


def _arrived(order: Order, fact: facts.UnitArrived) -> Changes:
    return _at_stage(order, "arrived", fact.due)


def _at_stage(order: Order, stage: TaskStage, due: int) -> Changes:
    assert order.task is not None  # only the unit that has it takes a step of it
    return {"task": replace(order.task, stage=stage, due=due)}


def _not_done(order: Order, fact: facts.TaskDeclined | facts.TaskLapsed) -> Changes:
    assert order.task is not None  # what nobody has, nobody loses
    return {"task": None, "tried": (*order.tried, order.task.unit)}


def _verified(order: Order, fact: facts.Verified) -> Changes:
    return {"task": None}


FOLDS: Folds = {
    facts.TaskGiven: _given,
    facts.TaskAccepted: _accepted,
    facts.UnitArrived: _arrived,
    facts.TaskDeclined: _not_done,
    facts.TaskLapsed: _not_done,
    facts.Verified: _verified,
}

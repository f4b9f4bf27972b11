"""Two people where two are needed 经办与审批分离: who may not take a step because of what they did before.

`dispatcher.order.lifecycle.PARTIES` names the parties, a row of the table those that its step is kept from. They are
told by the person's id and by the department: what a department has done, none of its people, none of its assists and
none of the departments above that answer for it approves or checks for others.
"""

from collections.abc import Callable, Iterable, Mapping

from dispatcher.order.chain import handlers, holders
from dispatcher.order.lifecycle import PARTIES, Transition
from dispatcher.order.row import Order
from models.inbox import Actor

# Who needs no name: a reporter is told by the guard `its-reporter`.
_NAMELESS = frozenset({"reporter"})

_PERSONS: Mapping[str, Callable[[Order], Iterable[str]]] = {
    "handler": handlers,
    "who-returned": lambda order: _ids(order.return_asked_by),
    "who-asked-extension": lambda order: _ids(order.extension_asked_by),
    "who-asked-suspension": lambda order: _ids(order.suspension_asked_by),
    "appellant": lambda order: _ids(order.appealed_by),
    "first-reviewer": lambda order: order.appeal_reviewers,
}


def same_person(order: Order, transition: Transition, by: Actor) -> str:
    """The name of the refusal when `by` is, or may be, one of the parties that the row's step is kept from, else ""."""
    if transition.never and not by.id and by.role not in _NAMELESS:
        return "missing-name"
    held_by = holders(order)
    if transition.roles == ("department",):  # a department above judges what was done below it
        held_by = held_by[: len(held_by) - len(order.held_for)]
    for party in transition.never:
        if (by.id and by.id in _PERSONS[party](order)) or (by.department and by.department in held_by):
            return PARTIES[party]
    return ""


def _ids(actor: Actor | None) -> tuple[str, ...]:
    return (actor.id,) if actor is not None else ()

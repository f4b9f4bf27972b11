"""The chain of departments 责任链 over an order that was handed down: who stays accountable, and who must confirm next.

Where it was not handed down, whoever has it answers for it alone.
"""

from dispatcher.order.outline import Outline
from dispatcher.order.row import Assignment, Order

_DISPATCHING = frozenset(("assigned", "return-approved", "return-refused", "taken-back"))


def holders(order: Order) -> tuple[str, ...]:
    """The departments that hold an order: whoever has it, its assists, and those above that stay accountable."""
    if not order.assignments:
        return ()
    turn = order.assignments[-1]
    if not order.held_for:
        return (turn.department, *turn.assists)
    return (turn.department, *turn.assists, *(above.department for above in order.held_for))


def answering(order: Order) -> frozenset[str]:
    """The departments without which an order cannot go on: whoever has it, and those above that stay accountable."""
    return frozenset({order.department, *(above.department for above in order.held_for)} - {""})


def handlers(order: Order) -> tuple[str, ...]:
    """The people, by id, who handled the order or confirmed that for a department above; rework does not undo it."""
    turns = (*order.assignments[-1:], *order.held_for)
    return tuple(turn.handled_by.id for turn in turns if turn.handled_by is not None)


def dispatched_by(order: Order) -> frozenset[str]:
    """The dispatchers, by id, who have sent the order to a department, or have decided on one of its returns."""
    steps = (entry for entry in order.timeline if entry.fact in _DISPATCHING)
    return frozenset(entry.actor.id for entry in steps if entry.actor.role == "dispatcher")


def accountable(order: Order, department: str) -> Assignment | None:
    """The turn of a department that has handed the order down and has not confirmed what was done; None: it has no
    such turn."""
    return next((turn for turn in order.held_for if turn.department == department and turn.handled_at is None), None)


def confirmer(order: Order) -> str:
    """The department that must confirm a handled order next 上级核实, the lowest first; empty: there is none (left)."""
    return next((turn.department for turn in reversed(order.held_for) if turn.handled_at is None), "")


def confirmed(order: Order | Outline, department: str) -> bool:
    """Whether a department above has confirmed what was done below it."""
    return any(turn.department == department and turn.handled_at is not None for turn in order.held_for)


def answered(order: Order | Outline) -> bool:
    """Whether the topmost department above has confirmed what was done, so that the order can be checked; where none
    stands above, there is nothing to confirm."""
    return not order.held_for or order.held_for[0].handled_at is not None


def answered_at(order: Order) -> int | None:
    """When the department that answers for the order said that it is done; None: it has not."""
    turn = top(order)
    return None if turn is None else turn.handled_at


def top(order: Order) -> Assignment | None:
    """The turn of the department that answers for the order, which dispatching gave it to; None: nobody has had it."""
    if order.held_for:
        return order.held_for[0]
    return order.assignments[-1] if order.assignments else None

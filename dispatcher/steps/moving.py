"""Moving 改区: an order turns out to be the neighbouring area's.

Its id and its partition stay, and with them its log, its timeline and whatever its reporters were given; what changes
is the area that it counts in, and whose it is. No other desk is told anything, so nothing can be told twice.
"""

from dispatcher.order import facts
from dispatcher.order.row import Order, unroutable
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps import dispatching
from dispatcher.steps.routing import Route
from models.inbox import InboxUpdate


def move(work: UnitOfWork, order: Order, to: Route, update: InboxUpdate, at: int) -> Order:
    """Have an order count in another area, and give it to whom it is sent there. A department that has it by then, or
    has handed it down, keeps it; what a person has still to decide of is decided as before."""
    match order.state:
        case "returned":
            order = _moved(work, dispatching.approve_return(work, order, "moved", at, update.by), update, at)
            return dispatching.give(work, order, to, at, update.by)
        case "assigned" | "accepted":
            if to.department in (order.department, *(turn.department for turn in order.held_for)):
                return _moved(work, order, update, at)
            order = _moved(work, dispatching.take_back(work, order, update.reason, at, update.by), update, at)
            return dispatching.give(work, order, to, at, update.by)
    settled = unroutable(order) and order.category and to.department  # it only wanted for a place
    order = _moved(work, order, update, at)
    return dispatching.give(work, order, to, at, update.by) if settled else order


def _moved(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    head = work.head(order, at, update.by)
    return work.emit(facts.AreaMoved(**head, area=update.to_area, from_area=order.area, reason=update.reason))

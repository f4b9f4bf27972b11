"""Where guards are entered, each under its name."""

from collections.abc import Callable

from dispatcher.order.row import Order
from dispatcher.partition.unit_of_work import UnitOfWork
from models.inbox import InboxUpdate

Guard = Callable[[UnitOfWork, Order, InboxUpdate, int], str]

GUARDS: dict[str, Guard] = {}  # by the name in the table of the lifecycle


def guard(check: Guard) -> Guard:
    """Enter a guard under its function's name."""
    GUARDS[check.__name__.strip("_").replace("_", "-")] = check
    return check

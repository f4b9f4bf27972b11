"""How an order stands, beyond its state: whether a step has something to act on."""

from dispatcher.order.chain import answered
from dispatcher.order.row import Order, extendable, unanswered, unroutable
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps import joint, levels
from dispatcher.steps.guards.guard_table import guard
from dispatcher.units import tasking
from models.inbox import InboxUpdate


@guard
def _level_above(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if levels.level_above(work, order) else "nobody-above"


@guard
def _confirmed_above(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if answered(order) else "not-confirmed"


@guard
def _parts_settled(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if joint.settled(order) else "parts-open"


@guard
def _unroutable(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not unroutable(order) or update.code:  # a code says that it is no matter at all
        return "for-a-reviewer"
    return "" if update.category or order.category else "missing-category"


@guard
def _not_binding(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    turn = order.assignments[-1]
    if update.action == "return" and work.city.is_hub(turn.department):
        return ""  # it has ended there, so that nobody works on it: the duty officer hears of it, whatever binds
    return "binding" if turn.binding else ""


@guard
def _not_yet_accepted(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.task is None or order.task.stage == "given" else "task-accepted"


@guard
def _not_yet_there(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "unit-there" if order.task is not None and order.task.stage == "arrived" else ""


@guard
def _no_unit_yet(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.task is None else "has-unit"


@guard
def _unit_free(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if order.state == "handled" and not answered(order):
        return "not-confirmed"
    return "no-unit" if work.replayed or tasking.free(work, order) is None else ""


@guard
def _extensions_left(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not extendable(order):
        return "no-limit"
    return "" if order.extensions < work.city.settings.extensions_max else "too-many-extensions"


@guard
def _suspensions_left(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.suspensions < work.city.settings.suspensions_max else "already-suspended-once"


@guard
def _nothing_requested(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    asked = order.extension_asked if update.action == "request-extension" else order.suspension_asked_until is not None
    return "already-requested" if asked else ""


@guard
def _extension_requested(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.extension_asked else "nothing-requested"


@guard
def _suspension_requested(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.suspension_asked_until is not None else "nothing-requested"


@guard
def _somebody_to_call(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if unanswered(order) else "nobody-to-call"


@guard
def _not_appealed(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "already-appealed" if order.appeal else ""


@guard
def _appealed(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.appeal == "asked" else "not-appealed"

"""Who asks for a step: whether it is theirs to take."""

from collections.abc import Sequence

from dispatcher.order.chain import accountable, confirmer, dispatched_by, holders
from dispatcher.order.row import Order
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps.guards.guard_table import guard
from models.events.above import is_from_above
from models.inbox import InboxUpdate


@guard
def _lead(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.department and update.by.department == order.department else "wrong-department"


@guard
def _lead_if_department(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return _lead(work, order, update, at) if update.by.role == "department" else ""


@guard
def _lead_or_assist(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    having = (order.department, *order.assignments[-1].assists)
    return "" if update.by.department and update.by.department in having else "not-the-holder"


@guard
def _holder_if_department(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if update.by.role != "department":
        return ""
    return "" if update.by.department and update.by.department in holders(order) else "not-the-holder"


@guard
def _accountable(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if accountable(order, update.by.department) is not None else "not-accountable"


@guard
def _confirms(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not update.by.department or accountable(order, update.by.department) is None:
        return "not-accountable"
    return "" if confirmer(order) == update.by.department else "not-confirmed"


@guard
def _another_dispatcher(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if update.by.role != "dispatcher":
        return ""
    return "same-dispatcher" if update.by.id in dispatched_by(order) else ""


@guard
def _named(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if update.by.id else "missing-name"


@guard
def _named_where_asked(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    """Of whom nobody knows who it was, nobody can say later that it is the same person."""
    return _named(work, order, update, at) if work.city.settings.named_steps else ""


@guard
def _awaited_above(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    """A platform above takes back what it has reported itself, by the newest of its attempts."""
    if not is_from_above(update.source):
        return ""
    return "" if any(update.report in one.from_above for one in (order, *work.children(order))) else "not-awaited"


@guard
def _asked_camera(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    recheck = order.recheck
    if recheck is None or recheck.found or recheck.camera != update.by.id:
        return "not-asked"
    # What a device sends comes under the source of what it has seen; a system that is trusted has one of its own.
    # Rows of before may have it with the blanks around it that are cut off now.
    return "" if update.sender is None or update.source == recheck.source.strip() else "not-asked"


@guard
def _its_task(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.task is not None and order.task.unit == update.by.id else "not-its-task"


@guard
def _its_reporter(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if update.by.role != "reporter":
        return ""
    return "" if is_reporter(update.by.id, (order, *work.children(order))) else "not-its-reporter"


def is_reporter(who: str, family: Sequence[Order]) -> bool:
    """Whether somebody speaks as a reporter of an order, which is given with what was merged into it."""
    if any(who in one.reporters for one in family):
        return True
    # Nobody can be told from others where all reports came without a name; what cameras alone saw has no reporter.
    return any(one.report_keys for one in family) and not any(one.reporters for one in family)


@guard
def _asked_citizen(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    own = any(update.by.id in one.reporters for one in (order, *work.children(order)))  # also since they were asked
    if own or update.by.id not in order.jury:
        return "not-in-jury"
    return "judged-already" if any(each.by == update.by.id for each in order.judgements) else ""

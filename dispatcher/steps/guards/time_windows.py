"""When a step is taken, and how often: whether that is in time."""

from dispatcher.clocks.answer_windows import feedback_until, reopen_until
from dispatcher.order.row import Order, extendable
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps.guards.guard_table import guard
from models.inbox import Actor, InboxUpdate
from models.times import HOUR_MS, MINUTE_MS

# Of the steps that a row keeps so many are of one reporter: others' must be seen beside them.
_OFTEN = 20
_KEYS = 10_000  # names of keys, in all some 250 kB of a row


def untimely(work: UnitOfWork, update: InboxUpdate) -> str:
    """The name of the refusal where an update's own time cannot be believed, else ""."""
    settings = work.city.settings
    if update.at > work.clock + settings.future_tolerance_minutes * MINUTE_MS:
        return "from-the-future"
    arrived = update.received or work.clock
    if update.source not in settings.importers and update.at < arrived - settings.backdate_minutes * MINUTE_MS:
        return "backdated"
    return ""


@guard
def _not_reminded_today(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "reminded-today" if work.day_number(at) in order.reminded_on else ""


@guard
def _return_window(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    turn = order.assignments[-1]
    if work.city.is_hub(turn.department):
        return ""  # what is found out below takes as long as it takes
    ends = turn.accept_due
    if ends is None:
        ends = turn.at + int(work.city.settings.accept_window_hours * HOUR_MS)
    return "" if at <= ends or update.evidence_urls else "return-window-over"


@guard
def _not_breached(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    # Also where the breach stands already: a step that was taken before it and arrives after it was in time.
    return "after-breach" if any(at > limit.due for limit in extendable(order)) else ""


@guard
def _suspension_still_useful(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    until = order.suspension_asked_until
    return "" if until is not None and at < until else "missing-until"


def reopenable(work: UnitOfWork, order: Order, at: int) -> bool:
    """Whether a reporter may still reopen a closed order."""
    return at <= reopen_until(order.closings[-1].at, work.city.settings)


@guard
def _reopen_window(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if update.by.role != "reporter" or reopenable(work, order, at) else "reopen-window-over"


@guard
def _feedback_window(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    ends = feedback_until(order.closings[-1].at, work.city.settings)
    return "" if at <= ends else "feedback-window-over"


@guard
def _judging_window(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.judge_by is not None and at <= order.judge_by else "judging-over"


@guard
def _not_too_often(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "too-often" if too_often(order, update.by) else ""


def too_often(order: Order, by: Actor) -> bool:
    """Whether somebody has added to an order as often as one may. Each step is a line of the row, and where words are
    sealed the name of a key, which the row keeps for good."""
    own = sum(entry.actor == by for entry in order.timeline)
    return own >= _OFTEN or len(order.sealed_under) >= _KEYS

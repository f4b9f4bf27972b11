"""Updates: one step that somebody asks for. It is taken when the table allows it, else refused with a reason."""

from dispatcher import identity
from dispatcher.firing import fire
from dispatcher.guards import GUARDS, timely
from dispatcher.lifecycle import REFUSALS, Rule, permit
from dispatcher.order import Order
from dispatcher.sightings import standing
from dispatcher.steps import STEPS
from dispatcher.timers import timers
from dispatcher.work import Work
from models.inbox import Update


def on_update(work: Work, update: Update) -> None:
    """Take or refuse one update; a repeated one is dropped."""
    if not work.first_time("update", update.source, update.id):
        return
    order = _caught_up(work, _named(work, update))
    at = min(max(update.at, order.last_at if order else update.at), work.clock)
    refusal = _refusal(work, order, update, at)
    if refusal:
        work.refuse(update, order, at, refusal, REFUSALS[refusal])
    elif order is not None:
        STEPS[update.action](work, order, update, at)


def _named(work: Work, update: Update) -> Order | None:
    """The order that an update names, by its id or by one of its reports."""
    if update.order_id:
        return work.order(update.order_id)
    if update.report is None:
        return None
    found = work.overlay.index.get(f"report/{identity.report_key(*update.report)}") or ()
    return standing(work, found[-1][1]) if found else None


def _caught_up(work: Work, order: Order | None) -> Order | None:
    """The order after its own timers that are due: a backlog of others' timers must not let a step overtake them."""
    first = work.overlay.timers.first()
    if first is None or first[0] > work.clock:
        return order
    cause, work.cause = work.cause, None
    while order is not None and (due := [timer for timer in timers(order) if timer[0] <= work.clock]):
        at, kind = min(due)
        fire(work, at, order.id, kind)
        order = work.order(order.id)
    work.cause = cause
    return order


def _refusal(work: Work, order: Order | None, update: Update, at: int) -> str:
    """The name of the refusal, or "" when the step is allowed."""
    if order is None:
        gone = update.order_id and work.was_archived(update.order_id)
        return "archived" if gone else "unknown-order"
    rule = permit(update.action, order.state, update.by.role)
    if rule == "unknown-action":
        return rule
    if update.attempt is not None and update.attempt < order.attempt:
        return "stale-attempt"
    if not isinstance(rule, Rule):
        return rule
    return timely(work, update) or next(
        (refusal for guard in rule.guards if (refusal := GUARDS[guard](work, order, update, at))), ""
    )

"""Down and up the levels 分级办理: handing an order down and taking it back, handing it up, confirming what was done.

A department that hands an order down 转办 stays accountable for it: its clock and its limit run on until it has
confirmed what was done below 上级核实. Only then is the order checked by anybody else.
"""

from dispatcher.clocks import limits
from dispatcher.order import facts
from dispatcher.order.chain import accountable, confirmer
from dispatcher.order.row import Order, RunningLimit, own_limit
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps import concluding, dispatching
from dispatcher.steps.checks import rechecking
from dispatcher.steps.routing import Route
from models.events import Why
from models.inbox import InboxUpdate


def destination(work: UnitOfWork, order: Order, department: str) -> Route | None:
    """Where the department that has an order hands it down: to the one named, else to the one that the table of
    responsibility names below it. None where that is none of those below, or is accountable for the order, as it stood
    above by another pack."""
    above = {turn.department for turn in order.held_for}
    if department:
        known = department in work.city.hierarchy.below(order.department) - above
        return Route(category=order.category, department=department, why=Why(by="forward")) if known else None
    day = work.day(order.opened_at)
    row = work.city.responsible_below(order.department, order.category, order.area, day)
    if row is None or row.lead in above:
        return None
    why = Why(by="forward", table_row=row.row)
    return Route(category=order.category, department=row.lead, assists=row.assists, why=why)


def level_above(work: UnitOfWork, order: Order) -> str:
    """The department to which an order goes up: the one that handed it down, else the one above by the city pack;
    empty where there is none."""
    if order.held_for:
        return order.held_for[-1].department
    return next(iter(work.city.hierarchy.above(order.department)), "")


def forward(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    """Hand an order down 转办, within what is left of the limit. To a department that has handed it up once it binds,
    so that no order goes up and down for ever."""
    to = destination(work, order, update.department)
    assert to is not None  # the guard "below" has seen it
    at = work.bounded(order, at)
    return work.emit(
        facts.Forwarded(
            **work.head(order, at, update.by, "assigned"),
            attempt=order.attempt + 1,
            above=order.department,
            department=to.department,
            why=Why(by=to.why.by, table_row=to.why.table_row, note=update.reason),
            assists=update.assists or to.assists,
            binding=any(
                turn.department == to.department and turn.ended_by == "handed-up" for turn in order.assignments
            ),
            accept=dispatching.limit(work, order, "accept", at),
            handle=_handle_limit(work, order, at),
        )
    )


def _handle_limit(work: UnitOfWork, order: Order, at: int) -> RunningLimit | None:
    """The limit of the department below: the category's, but no later than its share of what is left above. Where
    nothing is left, that is late already: the department below is not."""
    own = dispatching.limit(work, order, "handle", at)
    above = own_limit(order, "handle")  # of the department that hands it down
    if above is None or above.due <= at:
        return own
    shared = limits.within(work.city, above, at, work.city.settings.forward_share)
    return own if own is not None and own.due <= shared.due else shared


def recall(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    """The action `take-back`: a department above takes the order back from all below it 收回."""
    return work.emit(
        facts.Recalled(
            **work.head(order, at, update.by, "accepted"),
            attempt=order.attempt + 1,
            department=update.by.department,
            reason=update.reason,
        )
    )


def hand_up(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    """The department that has an order hands it up 上报, or gives it back to the one that handed it down 退回上级 (then
    it says a code). Where nobody has handed it down, the level above gets it anew."""
    above = level_above(work, order)
    handed_down = bool(order.held_for)
    order = work.emit(
        facts.HandedUp(
            **work.head(order, at, update.by, "accepted" if handed_down else None),
            attempt=order.attempt + 1 if handed_down else order.attempt,
            reason=update.reason,
            above=above if handed_down else "",
            code=update.code,
            evidence_urls=update.evidence_urls,
        )
    )
    if handed_down:
        return order
    to = Route(
        category=order.category,
        condition=order.condition,
        department=above,
        priority=order.priority,
        why=Why(by="report-up", note=update.reason),
    )
    return dispatching.assign(work, order, to, at, update.by)


def confirm(work: UnitOfWork, order: Order, update: InboxUpdate, at: int, *, passed: bool) -> Order:
    """The lowest department above that has not confirmed what was done says whether it is 上级核实."""
    department = confirmer(order)
    turn = accountable(order, department)
    assert turn is not None  # the guard "confirms" has seen it
    at = work.bounded(order, at)
    if not passed:
        return work.emit(
            facts.Confirmed(
                **work.head(order, at, update.by, "accepted"),
                department=department,
                passed=False,
                attempt=order.attempt + 1,
                note=update.reason,
                evidence_urls=update.evidence_urls,
            )
        )
    last = turn is order.held_for[0]  # nobody above is left to confirm
    order = work.emit(
        facts.Confirmed(
            **work.head(order, at, update.by),
            department=department,
            passed=True,
            attempt=order.attempt,
            **concluding.time_taken(work, turn, at),
            note=update.reason,
            evidence_urls=update.evidence_urls,
            limit=dispatching.limit(work, order, "check", at) if last else None,
        )
    )
    return rechecking.begin(work, order, at) if last else order

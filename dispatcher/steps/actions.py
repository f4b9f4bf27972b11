"""The steps 步骤: what an allowed action does. Each leaves facts and returns the row they fold up to.

The step of the action `approve-return` is the function `_approve_return`, marked `@step`; and so are all others.
"""

from collections.abc import Callable

import msgspec

from dispatcher.clocks import limits
from dispatcher.order import facts, upward
from dispatcher.order.row import Order, extendable, kept_as
from dispatcher.partition.unit_of_work import DESK, UnitOfWork
from dispatcher.steps import concluding, dispatching, joint, levels, moving, splitting, two_orders
from dispatcher.steps.checks import rechecking
from dispatcher.steps.guards.time_windows import reopenable
from dispatcher.steps.guards.words_given import says_satisfied
from dispatcher.steps.routing import Route, responsible, spot_of
from dispatcher.units import tasking
from models.events import Why
from models.events.above import is_from_above
from models.inbox import InboxUpdate

Step = Callable[[UnitOfWork, Order, InboxUpdate, int], Order]

STEPS: dict[str, Step] = {}  # by action


def step(function: Step) -> Step:
    """Enter a step under its function's name."""
    STEPS[function.__name__.strip("_").replace("_", "-")] = function
    return function


@step
def _decide(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    by = update.by
    if update.code:
        order = work.emit(facts.Decided(**work.head(order, at, by), rejected=True, note=update.reason))
        return dispatching.reject(work, order, update.reason, at, by)
    category = update.category or order.category
    if by.role == "dispatcher":  # it says whose the order is; what it is about, a reviewer says
        return dispatching.assign(work, order, _target(work, order, update, "dispatcher", category), at, by)
    target = _target(work, order, update, "reviewer", category)
    order = work.emit(
        facts.Decided(
            **work.head(order, at, by),
            category=category,
            condition=update.condition,
            group=work.city.merge_group(category),
            department=target.department,
            note=update.reason,
        )
    )
    return dispatching.give(work, order, target, at, by)


def _target(work: UnitOfWork, order: Order, update: InboxUpdate, by: str, category: str) -> Route:
    """Where a person sends an order: the department named, else the one that the table names for the category, in the
    area that it is moved to, where it is."""
    why, area = Why(by=by, note=update.reason), update.to_area or order.area
    target = responsible(work.city, category, area, work.day(order.opened_at), why, spot_of(order))
    condition = update.condition or (order.condition if category == order.category else "")
    if update.department and update.department != target.department:
        target = Route(
            category=category,
            department=update.department,
            assists=update.assists,
            priority=target.priority,
            why=why,
        )
    elif update.assists:
        target = msgspec.structs.replace(target, assists=update.assists)
    return msgspec.structs.replace(target, condition=condition)


@step
def _accept(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return dispatching.accept(work, order, at, update.by)


@step
def _forward(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    if order.state == "assigned":  # whoever hands it down has taken it on
        order = dispatching.accept(work, order, at, update.by)
    return levels.forward(work, order, update, at)


@step
def _take_back(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return levels.recall(work, order, update, at)


@step
def _report_up(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return levels.hand_up(work, order, update, at)


@step
def _return(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    if order.held_for:
        return levels.hand_up(work, order, update, at)
    order = work.emit(
        facts.Returned(
            **work.head(order, at, update.by, "returned"),
            code=update.code,
            reason=update.reason,
            suggested_department=update.department,
            evidence_urls=update.evidence_urls,
            limit=dispatching.limit(work, order, "return", at),
        )
    )
    if work.city.is_hub(order.department):
        # It is told that it is another's as often as it is asked, and has no dispatcher's word above its own.
        return dispatching.to_arbitration(work, order, "hub", at, DESK)
    if order.returns >= work.city.settings.returns_to_arbitration:
        return dispatching.to_arbitration(work, order, "third-return", at, DESK)
    suggested = update.department
    if not suggested or suggested == order.department:
        return order
    if suggested in order.returned_by:
        return dispatching.to_arbitration(work, order, "circle", at, DESK)
    target = None if _late(order) else _safe(work, order, suggested)
    if target is None:
        return order
    order = dispatching.approve_return(work, order, "suggestion", at, DESK)
    return dispatching.assign(work, order, target, at, DESK)


def _late(order: Order) -> bool:
    """Whether a department returns what it has missed a limit of, or what has become overdue while it had it. An
    approved return takes that off the figures, so that somebody has to approve it; what was overdue already when it was
    assigned stays so."""
    turn = order.assignments[-1]
    given = turn.returned_at
    assert given is not None  # it has just been returned
    accepted = given if turn.accepted_at is None else turn.accepted_at
    whole = order.due if order.due is not None and order.due > turn.at else None
    ends = ((turn.accept_due, accepted), (turn.handle_due, given), (whole, given))
    return any(due is not None and due < at for due, at in ends)


def _safe(work: UnitOfWork, order: Order, suggested: str) -> Route | None:
    """The suggestion as a destination, where the department is responsible for a category that the order may be."""
    guess = order.guess
    categories = [order.category, *(name for name, _ in guess.alternatives)] if guess else [order.category]
    why = Why(by="suggestion", note=order.return_code)
    for category in dict.fromkeys(categories):
        target = responsible(work.city, category, order.area, work.day(order.opened_at), why, spot_of(order))
        if target.department == suggested:
            return msgspec.structs.replace(target, condition=order.condition if category == order.category else "")
    return None


@step
def _approve_return(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    by = update.by
    if update.department and update.department in order.returned_by:
        return dispatching.to_arbitration(work, order, "circle", at, by)
    outcome = update.code or ("re-assigned" if update.department else "nobody-suitable")
    order = dispatching.approve_return(work, order, outcome, at, by)
    if update.code == "not-a-problem":
        return dispatching.reject(work, order, update.reason or update.code, at, by)
    if update.code == "duplicate":
        return two_orders.merge(work, order, update, at)
    if not update.department:
        return dispatching.to_review(work, order, "nobody-suitable", at, by)
    target = _target(work, order, update, "dispatcher", update.category or order.category)
    return dispatching.assign(work, order, target, at, by)


@step
def _refuse_return(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return dispatching.refuse_return(work, order, update.reason, at, update.by)


@step
def _arbitrate(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    if update.department == order.department and update.category in ("", order.category):
        return dispatching.refuse_return(work, order, update.reason, at, update.by)
    # A turn that was handed up, or whose return was approved on the way here, has ended with that.
    if order.department and update.department != order.department and order.assignments[-1].ended_at is None:
        order = dispatching.approve_return(work, order, "arbitrated", at, update.by)
    target = _target(work, order, update, "duty-officer", update.category or order.category)
    return dispatching.assign(work, order, target, at, update.by, binding=True)


@step
def _re_assign(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    order = dispatching.take_back(work, order, update.reason, at, update.by)
    target = _target(work, order, update, "dispatcher", update.category or order.category)
    return dispatching.assign(work, order, target, at, update.by)


@step
def _re_categorise(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return dispatching.recategorise(work, order, update.category, update.condition, update.reason, at, update.by)


@step
def _move_area(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    asked = update
    if order.state in ("review", "arbitration"):  # there somebody else says whose it is, or the table
        asked = msgspec.structs.replace(update, department="", assists=())
    return moving.move(work, order, _target(work, order, asked, update.by.role, order.category), update, at)


@step
def _prioritise(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    assert update.priority is not None  # the guard "another-priority" has seen it
    return dispatching.prioritise(work, order, update.priority, update.reason, at, update.by)


@step
def _progress(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return work.emit(
        facts.Progressed(**work.head(order, at, update.by), note=update.reason, evidence_urls=update.evidence_urls)
    )


@step
def _request_extension(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return work.emit(facts.ExtensionRequested(**work.head(order, at, update.by), reason=update.reason))


@step
def _approve_extension(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    running = tuple(limits.extended(work.city, one) for one in extendable(order))
    return work.emit(facts.ExtensionApproved(**work.head(order, at, update.by), limits=running, reason=update.reason))


@step
def _refuse_extension(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return work.emit(facts.ExtensionRefused(**work.head(order, at, update.by), reason=update.reason))


@step
def _request_suspension(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    assert update.until is not None  # the guard "until" has seen it
    return work.emit(
        facts.SuspensionRequested(**work.head(order, at, update.by), reason=update.reason, until=update.until)
    )


@step
def _approve_suspension(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    until = order.suspension_asked_until
    assert until is not None  # the guard "suspension-still-useful" has seen it
    return work.emit(facts.Suspended(**work.head(order, at, update.by, "suspended"), until=until, reason=update.reason))


@step
def _refuse_suspension(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return work.emit(facts.SuspensionRefused(**work.head(order, at, update.by), reason=update.reason))


@step
def _resume(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return dispatching.resume(work, order, at, update.by)


@step
def _handle(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    order = concluding.handle(work, order, at, update.by, update.reason, update.evidence_urls)
    return order if order.held_for else rechecking.begin(work, order, at)


@step
def _divide(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return joint.divide(work, order, update, at)


@step
def _give_check(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return work.emit(
        facts.CheckGiven(**work.head(order, at, update.by), inspector=update.inspector, reason=update.reason)
    )


@step
def _send_unit(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return tasking.send(work, order, update.by, update.reason)


@step
def _accept_task(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return tasking.accept(work, order, at, update.by)


@step
def _arrive(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return tasking.arrive(work, order, at, update.by)


@step
def _decline_task(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return tasking.decline(work, order, at, update.by, update.reason)


@step
def _verify_pass(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    order = _verified(work, order, update, at, passed=True)
    if order.state != "review" or not order.category:  # a department has it already, or nobody knows what it is
        return order
    return dispatching.give(work, order, _target(work, order, update, "unit", order.category), at, update.by)


@step
def _verify_fail(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    order = _verified(work, order, update, at, passed=False)
    if order.state == "accepted":  # its department is there, and returns it where it agrees
        return order
    return dispatching.reject(work, order, update.reason, at, update.by)


def _verified(work: UnitOfWork, order: Order, update: InboxUpdate, at: int, *, passed: bool) -> Order:
    """What a mobile unit has found."""
    return work.emit(
        facts.Verified(
            **work.head(order, at, update.by), passed=passed, note=update.reason, evidence_urls=update.evidence_urls
        )
    )


@step
def _check_pass(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return _checked(work, order, update, at, passed=True)


@step
def _check_fail(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return _checked(work, order, update, at, passed=False)


def _checked(work: UnitOfWork, order: Order, update: InboxUpdate, at: int, *, passed: bool) -> Order:
    """Who has looked: a department above that has to confirm, the camera that was asked, or a person who checks."""
    by, note, urls = update.by, update.reason, update.evidence_urls
    if by.role == "department":
        return levels.confirm(work, order, update, at, passed=passed)
    if by.role == "camera":
        return rechecking.judge(work, order, at, by, passed=passed, note=note, evidence_urls=urls)
    rechecking.compare(work, order, by, passed=passed)
    return concluding.check(work, order, at, by, passed=passed, note=note, evidence_urls=urls)


@step
def _reopen(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return dispatching.reopen(work, order, update.reason, at, update.by)


@step
def _supervise(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    assert update.level is not None  # the guard "level" has seen it
    assert update.until is not None  # and "deadline" this
    return work.emit(
        facts.SupervisionOrdered(
            **work.head(order, at, update.by), level=update.level, until=update.until, reason=update.reason
        )
    )


@step
def _remind(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return work.emit(facts.Reminded(**work.head(order, at, update.by), day=work.day_number(at), reason=update.reason))


@step
def _comment(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return work.emit(
        facts.Commented(**work.head(order, at, update.by), reason=update.reason, evidence_urls=update.evidence_urls)
    )


@step
def _feedback(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    satisfied = says_satisfied(update)
    assert satisfied is not None  # the guard "satisfied" has seen it
    order = work.emit(
        facts.FeedbackReceived(
            **work.head(order, at, update.by),
            satisfied=satisfied,
            satisfaction=update.satisfaction,
            note=update.reason,
        )
    )
    return order if satisfied else _unsatisfied(work, order, update, at)


def _unsatisfied(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    """A reporter who is not satisfied reopens the order where the city's settings say so."""
    if not (work.city.settings.unsatisfied_reopens and reopenable(work, order, at)):
        return order
    return dispatching.reopen(work, order, update.reason or "unsatisfied", at, update.by)


@step
def _call_back(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    reached = not update.code
    satisfied = says_satisfied(update) if reached else None
    order = work.emit(
        facts.CalledBack(
            **work.head(order, at, update.by),
            satisfied=satisfied,
            satisfaction=update.satisfaction if reached else None,
            note=update.reason,
        )
    )
    return _unsatisfied(work, order, update, at) if satisfied is False else order


@step
def _judge(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    assert update.satisfied is not None  # the guard "judgement" has seen it
    return work.emit(
        facts.JudgementGiven(**work.head(order, at, update.by), settled=update.satisfied, note=update.reason)
    )


@step
def _appeal(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return work.emit(facts.Appealed(**work.head(order, at, update.by), reason=update.reason))


@step
def _approve_appeal(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    outcome = "granted" if order.appeal_reviewers else ""
    return work.emit(
        facts.AppealReviewed(**work.head(order, at, update.by), approved=True, outcome=outcome, reason=update.reason)
    )


@step
def _refuse_appeal(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return work.emit(
        facts.AppealReviewed(**work.head(order, at, update.by), approved=False, outcome="refused", reason=update.reason)
    )


@step
def _force_close(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return concluding.close(work, order, at, update.by, update.reason, forced=True)


@step
def _reject(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    if is_from_above(update.source):
        return _withdraw_above(work, order, update, at)
    if update.by.role == "reviewer":
        order = work.emit(facts.Decided(**work.head(order, at, update.by), rejected=True, note=update.reason))
    return dispatching.reject(work, order, update.reason, at, update.by)


def _withdraw_above(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    """A platform above takes back what it has reported: the order ends with the last who waits for it."""
    report, family = update.report, (order, *work.children(order))
    assert report is not None  # the guard "awaited-above" has seen it
    if not upward.others_wait(family, report):
        return dispatching.reject(work, order, update.reason, at, update.by)
    own = next(one for one in family if report in one.from_above)
    work.emit(facts.WithdrawnAbove(**work.head(own, at, update.by), report=report, reason=update.reason))
    return work.order(order.id) or order


@step
def _merge(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return two_orders.merge(work, order, update, at)


@step
def _keep_apart(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return two_orders.keep_apart(work, order, update, at)


@step
def _perhaps_same(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return two_orders.perhaps_same(work, order, update, at)


@step
def _relate(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return two_orders.relate(work, order, update, at)


@step
def _unmerge(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    return two_orders.unmerge(work, order, update, at)


@step
def _split(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    report = kept_as(order, update.report)
    assert report is not None  # the guard "joined-report" has seen it
    return splitting.split(work, order, report, update.reason, at, update.by)

"""Dispatching 派遣: what happens to an order between its departments: review, assignment, return, arbitration."""

from dispatcher.clocks import limits, worktime
from dispatcher.order import facts
from dispatcher.order.chain import top
from dispatcher.order.row import Order, RunningLimit, all_reporters, extendable, own_limit
from dispatcher.partition.identity import share
from dispatcher.partition.unit_of_work import DESK, UnitOfWork
from dispatcher.steps.routing import Route
from models.city import URGENT, LimitStage
from models.events import Why
from models.inbox import UNKNOWN_AREA, UNLOCATED, Actor, Sighting
from models.times import DAY_MS


def dispatch(work: UnitOfWork, order: Order, sighting: Sighting, target: Route) -> Order:
    """Act on where a new order goes: assign it, reject it, or send it to review, where a small share of what the
    classifier was sure of goes as well, so that people judge it unseen; nothing that is urgent."""
    city = work.city
    at = order.opened_at
    guessed = target.why.model != "" and not target.reject
    blind = (
        bool(target.department)
        and guessed
        and target.priority != URGENT
        and share(order.id) < city.settings.blind_review_share
    )
    order = work.emit(
        facts.Classified(
            **work.head(order, at, DESK),
            category="" if blind else target.category,
            group=city.merge_group(target.category),
            guess=sighting.guess,
            shadow=sighting.shadow,
            blind=blind,
            priority=target.priority,
            priority_by=DESK.role if target.priority_stays else "",
        )
    )
    if target.reject:
        return reject(work, order, target.reject, at, DESK)
    if blind:
        return to_review(work, order, "blind", at, DESK)
    if target.department and sighting.area == UNLOCATED:
        reason = "unknown-area" if sighting.place == UNKNOWN_AREA else "unlocated"
        return to_review(work, order, reason, at, DESK, target.why)
    if not target.department:
        return to_review(work, order, target.review or "nobody-responsible", at, DESK, target.why)
    return assign(work, order, target, at, DESK)


def to_review(work: UnitOfWork, order: Order, reason: str, at: int, actor: Actor, why: Why | None = None) -> Order:
    """A person must decide. An order that comes without a limit of its own (it was split off, or merged or closed
    before) gets one: what waits for a person can be overdue as well."""
    running = limit(work, order, "review", at)
    whole = None
    if not any(one.stage == "whole" for one in order.limits):
        whole = limits.whole(work.city, order, at, order.category, order.condition, order.priority)
    return work.emit(
        facts.SentToReview(**work.head(order, at, actor, "review"), reason=reason, limit=running, whole=whole, why=why)
    )


def give(work: UnitOfWork, order: Order, target: Route, at: int, actor: Actor) -> Order:
    """To the department of a route, or to review where it has none."""
    if not target.department:
        return to_review(work, order, target.review, at, DESK, target.why)
    return assign(work, order, target, at, actor)


def assign(
    work: UnitOfWork, order: Order, to: Route, at: int, actor: Actor, *, binding: bool = False, reopened: bool = False
) -> Order:
    """Give an order to a department, with fresh limits for its turn; in a circle, to the duty officer instead."""
    if to.department in order.returned_by and not binding and not reopened:
        return to_arbitration(work, order, "circle", at, actor)
    city = work.city
    at = work.bounded(order, at)
    priority = order.priority if order.priority_by else to.priority
    whole = limits.whole(city, order, at, to.category, to.condition, priority, reopened=reopened)
    return work.emit(
        facts.Assigned(
            **work.head(order, at, actor, "assigned"),
            attempt=order.attempt + 1,
            department=to.department,
            assists=to.assists,
            why=to.why,
            category=to.category,
            group=city.merge_group(to.category) or order.group,
            condition=to.condition,
            priority=priority,
            binding=binding,
            accept=limits.stamp(city, "accept", at, to.category, to.condition, priority),
            handle=limits.stamp(city, "handle", at, to.category, to.condition, priority),
            whole=whole,
            due_raw=whole.due if whole else None,
        )
    )


def accept(work: UnitOfWork, order: Order, at: int, actor: Actor) -> Order:
    """The department that an order was given to takes it on 签收."""
    running = own_limit(order, "accept")
    late = running is not None and at > running.due
    return work.emit(facts.Accepted(**work.head(order, at, actor, "accepted"), late=late))


def to_arbitration(work: UnitOfWork, order: Order, reason: str, at: int, actor: Actor) -> Order:
    """Send an order to the duty officer, who decides which department has it 争议裁定."""
    running = limit(work, order, "arbitration", at)
    return work.emit(
        facts.SentToArbitration(**work.head(order, at, actor, "arbitration"), reason=reason, limit=running)
    )


def approve_return(work: UnitOfWork, order: Order, outcome: str, at: int, actor: Actor) -> Order:
    """End the turn of a department that was not the right one, without blame 同意退单."""
    return work.emit(facts.ReturnApproved(**work.head(order, at, actor), outcome=outcome, **_held(work, order, at)))


def take_back(work: UnitOfWork, order: Order, reason: str, at: int, actor: Actor) -> Order:
    """End the turn of a department that was not the right one before it returned the order 改派."""
    return work.emit(facts.TakenBack(**work.head(order, at, actor), reason=reason, **_held(work, order, at)))


def _held(work: UnitOfWork, order: Order, at: int) -> facts.HeldFor:
    """How long the department whose turn ends had the order."""
    turn = top(order)
    assert turn is not None  # only an order that a department has is taken from it
    at, since = work.bounded(order, at), turn.at
    return {"held_ms": at - since, "held_work_ms": worktime.diff(work.city.calendar, since, at)}


def recategorise(
    work: UnitOfWork, order: Order, category: str, condition: str, reason: str, at: int, actor: Actor
) -> Order:
    """Another category for an order whose department stays 改类."""
    priority = priority_under(work, order, category)
    return work.emit(
        facts.Recategorised(
            **work.head(order, at, actor),
            category=category,
            condition=condition,
            group=work.city.merge_group(category),
            priority=priority,
            reason=reason,
            **_anew(work, order, at, category, condition, priority),
        )
    )


def priority_under(work: UnitOfWork, order: Order, category: str) -> int:
    """The priority of an order under a category: the category's, unless the order's was set by itself."""
    kind = work.city.categories.get(category)
    return order.priority if order.priority_by or kind is None else kind.priority


def prioritise(work: UnitOfWork, order: Order, priority: int, reason: str, at: int, actor: Actor) -> Order:
    """Another priority for an order 定级, which stays whatever category and department it comes to."""
    return work.emit(
        facts.Prioritised(
            **work.head(order, at, actor),
            priority=priority,
            reason=reason,
            **_anew(work, order, at, order.category, order.condition, priority),
        )
    )


def _anew(work: UnitOfWork, order: Order, at: int, category: str, condition: str, priority: int) -> facts.Anew:
    """The limits of the order and of its department's turn under another category or priority, from where they began;
    those that a person has moved (extension, suspension) stay."""
    if order.extensions or order.suspensions:
        return {"moved": True, "whole": None, "handle": None}
    turn = order.assignments[-1] if order.assignments else None
    handle = None
    if order.held_for:  # what a department below was given is part of the limit above it
        handle = own_limit(order, "handle")
    elif turn is not None and (turn.ended_at is None or (order.state == "arbitration" and order.department)):
        # Its turn goes on where the duty officer leaves the order where it was.
        handle = limits.stamp(work.city, "handle", turn.at, category, condition, priority)
    whole = limits.whole(work.city, order, at, category, condition, priority)
    return {"moved": False, "whole": whole, "handle": handle}


def refuse_return(work: UnitOfWork, order: Order, reason: str, at: int, actor: Actor) -> Order:
    """The department keeps the order and cannot return it again 驳回退单. A hub has ended what the order was there, and
    begins with it anew: it drops the attempt that it has had already."""
    accept = limit(work, order, "accept", at)
    attempt = order.attempt + 1 if work.city.is_hub(order.department) else None
    return work.emit(
        facts.ReturnRefused(**work.head(order, at, actor, "assigned"), reason=reason, accept=accept, attempt=attempt)
    )


def reject(work: UnitOfWork, order: Order, reason: str, at: int, actor: Actor) -> Order:
    """End an order that no department has to deal with 作废."""
    until = archive_at(work, order, at)
    return work.emit(facts.Rejected(**work.head(order, at, actor, "rejected"), reason=reason, archive_at=until))


def archive_at(work: UnitOfWork, order: Order, at: int) -> int:
    """When an order that ends now leaves the desk's memory: never before its reopening and feedback are over."""
    settings = work.city.settings
    days = max(settings.archive_days, settings.reopen_days, settings.feedback_days)
    return work.bounded(order, at) + int(days * DAY_MS)


def call_back_at(work: UnitOfWork, order: Order, at: int) -> int | None:
    """Until when the reporters of an order that is closed now are waited for; None where nobody would call back."""
    days = work.city.settings.call_back_days
    return work.bounded(order, at) + int(days * DAY_MS) if days and all_reporters(order) else None


def limit(work: UnitOfWork, order: Order, stage: LimitStage, at: int) -> RunningLimit | None:
    """The limit of a stage of the order that begins at `at`."""
    at = work.bounded(order, at)
    return limits.stamp(work.city, stage, at, order.category, order.condition, order.priority)


def resume(work: UnitOfWork, order: Order, at: int, actor: Actor) -> Order:
    """A suspended order goes on; its limits move by the time they stood still."""
    city, since = work.city, order.suspended_at
    assert since is not None  # every suspended order has it
    until = max(at, since)
    return work.emit(
        facts.Resumed(
            **work.head(order, until, actor, "accepted"),
            limits=tuple(limits.moved(city, one, since, until) for one in extendable(order)),
            suspended_ms=until - since,
            suspended_work_ms=worktime.diff(city.calendar, since, until),
        )
    )


def reopen(work: UnitOfWork, order: Order, reason: str, at: int, actor: Actor, *, unverified: bool = False) -> Order:
    """A closed order was not settled: back to the department that answered for it last, with fresh limits. A person
    decides where no department did, or where the city has it no more: nobody would read what was sent there; and what
    is `unverified`."""
    turn, there = top(order) if order.department else None, work.city.departments
    department, category = turn.department if turn and turn.department in there else "", order.category
    assists = tuple(one for one in turn.assists if one in there) if turn else ()
    condition, priority = order.condition, order.priority
    order = work.emit(facts.Reopened(**work.head(order, at, actor, "review"), reason=reason))
    if not department or unverified:
        return to_review(work, order, "unverified" if unverified else "reopened", at, actor)
    target = Route(
        category=category,
        condition=condition,
        department=department,
        assists=assists,
        priority=priority,
        why=Why(by="reopening", note=reason),
    )
    return assign(work, order, target, at, actor, reopened=True)

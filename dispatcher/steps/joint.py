"""Joint orders 联办/一件事: one order in parts, each an order of its own, in parallel or one after the other.

The joint order stays with its lead 牵头部门, its clock runs; the parts have departments, limits, clocks, checks and
figures of their own. When all have passed, it is closed by itself; what fails its check is done again by itself.
"""

from itertools import chain, count

from dispatcher.order import facts
from dispatcher.order.chain import answered
from dispatcher.order.row import ENDED, OPEN, Order, Part, handled_with
from dispatcher.partition import identity
from dispatcher.partition.unit_of_work import DESK, UnitOfWork
from dispatcher.steps import concluding, dispatching
from dispatcher.steps.routing import Route, responsible, spot_of
from models.events import Evidence, Why
from models.events.incoming import MAX_LINKS
from models.inbox import Actor, InboxUpdate

_SETTLED = ("passed", "dropped")


def parts_of(work: UnitOfWork, order: Order, update: InboxUpdate) -> tuple[Part, ...]:
    """The parts that a step adds to an order: those of the plan that it names, else one of the category that it names.
    Empty where the city has no such plan."""
    if update.plan:
        return tuple(
            Part(
                name=row.part,
                category=row.category,
                condition=row.condition,
                department=row.department,
                assists=row.assists,
                after=row.after,
            )
            for row in work.city.plan(update.plan)
        )
    taken = {part.name for part in order.parts}
    names = chain((update.category,), (f"{update.category}-{number}" for number in count(2)))
    return (
        Part(
            name=next(name for name in names if name not in taken),
            category=update.category,
            condition=update.condition,
            department=update.department,
            assists=update.assists,
        ),
    )


def settled(order: Order) -> bool:
    """Whether none of an order's parts waits or is under way."""
    return all(part.state in _SETTLED for part in order.parts)


def divide(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    """Add parts to an order 联办, and open those that wait for no other."""
    order = work.emit(
        facts.Divided(
            **work.head(order, at, update.by),
            parts=parts_of(work, order, update),
            plan=update.plan,
            reason=update.reason,
        )
    )
    return _open_next(work, order, at, update.by)


def follow(work: UnitOfWork, before: Order, at: int, actor: Actor) -> None:
    """After a step: a joint order hears of the end or the reopening of a part of it, and who has it; what is left of a
    joint order that has ended otherwise is called off."""
    after = work.order(before.id)
    if after is None:
        return
    if after.part_of and (_ended(before), before.department) != (_ended(after), after.department):
        _tell(work, after, at, actor)
    if _ended(after) and not _ended(before):
        _call_off(work, after, at, actor)


def _ended(order: Order) -> bool:
    return order.state in ENDED


def _call_off(work: UnitOfWork, joint: Order, at: int, actor: Actor) -> None:
    """Drop the parts that are under way or wait: should the joint order come back, they hold nothing up."""
    for part in joint.parts:
        if part.state in _SETTLED:
            continue
        own = work.order(part.order) if part.order else None
        if own is not None and own.state in OPEN:
            dispatching.reject(work, own, "joint-order-ended", at, actor)
        ended = facts.PartEnded(**work.head(joint, at, actor), part=part.name, order=part.order, passed=False)
        joint = work.emit(ended)


def _tell(work: UnitOfWork, part: Order, at: int, actor: Actor) -> None:
    joint = work.order(part.part_of)
    name = next((one.name for one in joint.parts if one.order == part.id), "") if joint is not None else ""
    if joint is None or not name:
        return
    if part.state in OPEN:
        opened = facts.PartOpened(**work.head(joint, at, actor), part=name, order=part.id, department=part.department)
        work.emit(opened)
        return
    passed = part.state == "closed"
    joint = work.emit(facts.PartEnded(**work.head(joint, at, actor), part=name, order=part.id, passed=passed))
    if joint.state in OPEN:
        joint = _open_next(work, joint, at, actor)
        if all(one.state == "passed" for one in joint.parts):
            _conclude(work, joint, at)


def _conclude(work: UnitOfWork, order: Order, at: int) -> None:
    """All parts have passed their checks: the joint order is done, and closed where no department above has to confirm.
    One that is not with its lead just then (returned, suspended) the lead handles itself."""
    if order.state == "assigned":
        order = dispatching.accept(work, order, at, DESK)
    if order.state == "accepted":
        at, pictures = work.bounded(order, at), _pictures(work, order)
        order = concluding.handle(work, order, at, DESK, "all parts have passed", pictures)
        if answered(order):
            concluding.close(work, order, at, DESK, "all parts have passed")


def _pictures(work: UnitOfWork, joint: Order) -> tuple[str, ...]:
    """What shows that the parts were done shows that the whole was: whoever waits above checks it by that."""
    parts = (own for part in joint.parts if (own := work.order(part.order)) is not None)
    return tuple(dict.fromkeys(link for own in parts for link in handled_with(own)))[:MAX_LINKS]


def _open_next(work: UnitOfWork, order: Order, at: int, actor: Actor) -> Order:
    """Open the parts that wait for none that is not settled."""
    done = {part.name for part in order.parts if part.state in _SETTLED}
    for part in order.parts:
        if part.state == "waiting" and done.issuperset(part.after):
            own = _open(work, order, part, at, actor)
            opened = facts.PartOpened(
                **work.head(order, at, actor), part=part.name, order=own.id, department=own.department
            )
            order = work.emit(opened)
    return order


def _open(work: UnitOfWork, order: Order, part: Part, at: int, actor: Actor) -> Order:
    """A part as an order of its own, in the same area, with what was first seen. Its id names the area where that was
    found: so it lies in the same partition."""
    at = work.bounded(order, at)
    day = work.day_number(at)
    part_id = identity.order_id(identity.area_of(order.id), day, f"{order.id} part", part.name)
    seen = order.evidence_first[0]
    own = work.emit(
        facts.Opened(
            **work.head(part_id, at, actor, "review"),
            area=order.area,
            day=day,
            pack=work.city.digest,
            # The joint order's reporters hear of that one alone.
            evidence=Evidence(
                kind=seen.kind,
                source=seen.source,
                id=seen.id,
                at=seen.at,
                seen_at=seen.seen_at,
                text=order.text,
                channel=seen.channel,
                lat=order.lat,
                lon=order.lon,
                address=order.address,
                media_urls=seen.media_urls,
            ),
            title=order.title,
            place=order.place,
            linked=order.id,
            part_of=order.id,
            asset=order.asset,
        )
    )
    own = work.emit(
        facts.Classified(
            **work.head(own, at, DESK),
            category=part.category,
            group=work.city.merge_group(part.category),
            priority=dispatching.priority_under(work, order, part.category),
        )
    )
    to = _route(work, order, part, own)
    if not to.department:
        return dispatching.to_review(work, own, to.review, at, actor, to.why)
    return dispatching.assign(work, own, to, at, actor)


def _route(work: UnitOfWork, order: Order, part: Part, own: Order) -> Route:
    why, departments = Why(by="plan", note=part.name), work.city.departments
    to = responsible(work.city, part.category, order.area, work.day(own.opened_at), why, spot_of(order))
    if part.department in departments:
        to = Route(category=part.category, department=part.department, why=why)
    elif part.department:  # it was there when the order was divided
        to = Route(category=part.category, why=why, review="unknown-department")
    return Route(
        category=part.category,
        condition=part.condition,
        department=to.department,
        assists=tuple(one for one in part.assists if one in departments) or to.assists,
        priority=own.priority,
        why=to.why,
        review=to.review,
    )

"""Updates: one step that somebody asks for. It is taken when the table allows it, else refused with a reason."""

from dispatcher.arrivals import borders, cameras, unsure
from dispatcher.arrivals.covered import covering
from dispatcher.arrivals.watched import false_alarms, watching
from dispatcher.order.lifecycle import ACTIONS, REFUSALS, Transition, allowed, permit
from dispatcher.order.row import OPEN, Order
from dispatcher.partition import index
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps import joint, opening
from dispatcher.steps.actions import STEPS
from dispatcher.steps.guards import GUARDS
from dispatcher.steps.guards.time_windows import untimely
from dispatcher.steps.two_people import same_person
from models.access import is_sender
from models.events.above import is_from_above
from models.events.vocabulary import CODES
from models.inbox import InboxUpdate


def on_update(work: UnitOfWork, update: InboxUpdate) -> None:
    """Take one update or refuse it. A repeated one is dropped; one that says something else than the first of its
    source and id is refused."""
    met = work.meet("update", _own_source(update), update.id, update.content)
    if met == "repeated":
        return
    order = named(work, update)
    if order is None and update.report is not None and is_from_above(update.source):
        return  # each desk is asked, and another has it, or nobody any more
    at = work.bounded(order, update.at)
    refusal = "other-content" if met == "other" else _refusal(work, order, update, at)
    if refusal:
        may = _allowed(order, update, refusal)
        work.refuse(update, order, at, refusal, REFUSALS[refusal], may, _choices(work, order, update, refusal))
    elif order is None:
        opening.succeed(work, update, at)
    else:
        after = STEPS[update.action](work, order, update, at)
        false_alarms.learn(work, update, after)
        joint.follow(work, order, at, update.by)
        compared = (after.group, after.area) == (order.group, order.area)
        if not compared and not after.part_of:  # what is seen is a matter of the joint order
            borders.relate(work, unsure.compare_again(work, watching.take_over(work, after)))
        for before, now in work.changed():
            covering.ended(work, before, now)
            if before.state == "closed" and now.state in OPEN:
                watching.reopened(work, now)
            elif before.state in OPEN and now.state == "closed":
                cameras.count_anew(work, now)


def named(work: UnitOfWork, update: InboxUpdate) -> Order | None:
    """The order that an update names, by its id or by one of its reports; None when there is none, or no longer."""
    if update.order_id:
        return work.order(update.order_id)
    if update.report is None:
        return None
    entry = next(work.overlay.index.newest(index.of_report(*update.report)), None)
    return work.standing(entry[1]) if entry is not None else None


def _own_source(update: InboxUpdate) -> str:
    """The source of an update among those of its sender: nobody takes the name of what another is yet to send."""
    # A source has no line breaks, so none that somebody else chose is the same.
    return update.source if update.sender is None else f"{update.sender.department}\n{update.source}"


def _refusal(work: UnitOfWork, order: Order | None, update: InboxUpdate, at: int) -> str:
    """The name of the refusal, or "" when the step is allowed."""
    if update.sender is not None and not is_sender(update.sender, update.by):
        return "not-the-sender"
    if order is None:
        if not update.order_id or not work.was_archived(update.order_id):
            return "unknown-order"
        if (update.action, update.by.role) != ("reopen", "operator"):
            return "archived"
        return untimely(work, update) or ("" if update.reason.strip() else "missing-reason")
    transition = permit(update.action, order.state, update.by.role)
    if transition == "unknown-action":
        return transition
    if update.attempt is not None and update.attempt != order.attempt:
        return "stale-attempt" if update.attempt < order.attempt else "future-attempt"
    if not isinstance(transition, Transition):
        return transition
    held = (refusal for guard in transition.guards if (refusal := GUARDS[guard](work, order, update, at)))
    return untimely(work, update) or next(held, "") or same_person(order, transition, update.by)


def _allowed(order: Order | None, update: InboxUpdate, refusal: str) -> tuple[str, ...]:
    """What whoever was refused may do with the order as it stands."""
    role = (update.sender or update.by).role
    if order is not None:
        return allowed(order.state, role)
    return ("reopen",) if refusal != "unknown-order" and role == "operator" else ()


def _choices(work: UnitOfWork, order: Order | None, update: InboxUpdate, refusal: str) -> tuple[str, ...]:
    """The words of which one would have been taken, where a word was refused or missing and they are few."""
    match refusal:
        case "unknown-action":
            return tuple(ACTIONS)
        case "wrong-role":
            return tuple(dict.fromkeys(role for row in ACTIONS[update.action] for role in row.roles))
        case "missing-code" | "bad-code":
            return tuple(CODES[update.action])
        case "unknown-condition" if order is not None:
            return tuple(work.city.conditions(update.category or order.category))
    return ()

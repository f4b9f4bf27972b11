"""Steps on two orders: one becomes part of the other, or not after all; they are apart, perhaps one, or related."""

import msgspec

from dispatcher.clocks import limits
from dispatcher.order import facts
from dispatcher.order.folds.apply import apply
from dispatcher.order.row import Order, all_merged, all_reporters, reported_at
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps import dispatching
from dispatcher.steps.opening import may_name
from models.inbox import InboxUpdate


def merge(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    """The order becomes part of the one that is named 并案, which has its reporters then, and the earlier limit."""
    parent = work.order(update.other_order_id)
    assert parent is not None  # the guard "mergeable" has seen it
    reported, runs_from = reported_at(order), limits.carried_over(order, at)
    order = work.emit(facts.Merged(**work.head(order, at, update.by, "merged"), into=parent.id, reason=update.reason))
    kept = len(parent.reporters) + sum(len(each.reporters) for each in parent.merged_in)
    room = max(work.city.settings.reports_per_order_max - kept, 0)
    # Also who has reported the other one: that report may be split off. Where there is no room for all, they come last.
    asked = sorted(all_reporters(order), key=all_reporters(parent).__contains__)[:room]
    absorbed = facts.Absorbed(
        **work.head(parent, at, update.by),
        child=order.id,
        reported_at=reported,
        runs_from=runs_from,
        reporters=tuple(asked),
        below=all_merged(order),
    )
    whole = limits.merged(work.city, parent, apply(parent, absorbed), absorbed.at)
    work.emit(msgspec.structs.replace(absorbed, whole=whole))
    return order


def keep_apart(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    """They are two matters, and no candidates of each other any more."""
    return _of_both(work, order, update, at, facts.KeptApart)  # also of one that has ended: it may come back


def perhaps_same(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    """They may be one matter after all."""
    return _of_both(work, order, update, at, facts.PerhapsSame)


def _of_both(
    work: UnitOfWork, order: Order, update: InboxUpdate, at: int, said: type[facts.KeptApart | facts.PerhapsSame]
) -> Order:
    """Record of each of two orders that the other is apart from it, or perhaps the same, unless that stands there."""
    other = work.order(update.other_order_id)
    for one, named in ((order, update.other_order_id), (other, order.id)):
        if one is not None and (named in one.apart) is (said is facts.PerhapsSame):
            work.emit(said(**work.head(one, at, update.by), other=named, reason=update.reason))
    return work.order(order.id) or order


def relate(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    """They have to do with each other 关联. Where another desk has the other one, intake tells that desk."""
    other = work.order(update.other_order_id)  # None where another desk has it
    for one, named in ((order, update.other_order_id), (other, order.id)):
        if one is not None and may_name(one, named):
            work.emit(facts.Related(**work.head(one, at, update.by), other=named, reason=update.reason))
    return work.order(order.id) or order


def unmerge(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> Order:
    """The order is no part of the other one any more, and goes to a person."""
    parent = work.order(order.parent)
    if parent is not None:
        _release(work, parent, facts.Released(**work.head(parent, at, update.by), child=order.id))
    order = work.emit(
        facts.Unmerged(**work.head(order, at, update.by, "review"), parent=order.parent, reason=update.reason)
    )
    return dispatching.to_review(work, order, "unmerged", at, update.by)


def _release(work: UnitOfWork, parent: Order, fact: facts.Released) -> None:
    """Record that an order is no part of another any more, whose own limit, and what was overdue by it, are what they
    would have been without it."""
    after = apply(parent, fact)
    whole = limits.released(work.city, parent, after, fact.at)
    overdue = limits.overdue_without(work.city, parent, after, fact.at, whole)
    work.emit(msgspec.structs.replace(fact, whole=whole, overdue=overdue))

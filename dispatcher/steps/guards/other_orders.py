"""Which other order, or report, a step is about: whether the two go together."""

from dispatcher.order.row import OPEN, Order, kept_evidence
from dispatcher.partition import identity, index
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps.guards.guard_table import guard
from dispatcher.steps.opening import may_name
from models.inbox import InboxUpdate


@guard
def _mergeable(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    other = work.order(update.other_order_id)
    if _has_another_desk(work, order, update.other_order_id):
        return "with-another-desk"
    if other is None or other.id == order.id or other.state not in OPEN or not _neighbours(order, other):
        return "not-mergeable"
    return "not-mergeable" if other.part_of == order.id else ""  # which is called off with it


@guard
def _mergeable_if_duplicate(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return _mergeable(work, order, update, at) if update.code == "duplicate" else ""


@guard
def _parent_stands(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    # What the other one goes on with has its clock and its reporters, too, and would keep them.
    parent = work.order(order.parent)
    return "parent-merged" if parent is not None and parent.state == "merged" else ""


@guard
def _another_order(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    other = update.other_order_id
    if other in order.candidates:  # it may have left the desk
        return ""
    known = work.order(other) if other not in (order.id, *order.apart) else None
    if _has_another_desk(work, order, other):  # the two cannot become one anyway
        return "with-another-desk"
    return "" if known is not None and _neighbours(order, known) else "not-another"


def _has_another_desk(work: UnitOfWork, order: Order, other_id: str) -> bool:
    """Whether an order is related to one that this desk does not have, and has not had."""
    return other_id in order.linked and work.order(other_id) is None and not work.was_archived(other_id)


def _neighbours(order: Order, other: Order) -> bool:
    """Whether two orders may be one incident: they are of one area, or related over its border."""
    shared = set(index.areas_of(order)) & set(index.areas_of(other))
    return bool(shared) or other.id in order.linked or order.id in other.linked


@guard
def _kept_apart(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if update.other_order_id in order.apart else "not-apart"


@guard
def _beyond_a_border(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    """Whether an order of another partition exists, its own desk says: it gets the same step, of that order."""
    other = identity.area_of(update.other_order_id)
    beyond = other in work.city.areas and other != identity.area_of(order.id) and update.order_id == order.id
    return "" if beyond and may_name(order, update.other_order_id) else "not-beyond"


@guard
def _joined_report(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    evidence = kept_evidence(order)
    return "" if update.report in identity.kept_reports(order.kind, order.report_keys, evidence) else "not-joined"

"""What a step says: whether it is there, known, and something new."""

from dispatcher.order.chain import handlers
from dispatcher.order.row import Order
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps import joint, levels
from dispatcher.steps.guards.guard_table import guard
from models.events.vocabulary import CODES
from models.inbox import InboxUpdate
from models.times import DAY_MS

# Of the five grades of satisfaction, the lowest with which a reporter counts as satisfied: 基本满意.
_SATISFIED_FROM = 3


@guard
def _known_category(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    category = update.category or order.category
    if update.category and update.category not in work.city.categories:
        return "unknown-category"
    if update.condition and update.condition not in work.city.conditions(category):
        return "unknown-condition"
    return ""


@guard
def _another_category(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not update.category:
        return "missing-category"
    if (update.category, update.condition) == (order.category, order.condition):
        return "same-category"
    return _known_category(work, order, update, at)


@guard
def _another_area(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not update.to_area:
        return "missing-area"
    area = work.city.areas.get(update.to_area)
    if area is None or area.level != work.city.merge_level:
        return "unknown-area"
    return "same-area" if area.id == order.area else ""


@guard
def _another_priority(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "bad-priority" if update.priority in (None, order.priority) else ""


@guard
def _another_holder(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if update.department == order.department:
        return "same-holder"
    return "has-returned-it" if update.department in order.returned_by else ""


@guard
def _another_inspector(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not update.inspector:
        return "missing-inspector"
    if update.inspector == order.inspector:
        return "same-inspector"
    if all(row.id != update.inspector for row in work.city.inspectors.find(order.area)):
        return "unknown-inspector"
    return "handler-is-checker" if update.inspector in handlers(order) else ""


@guard
def _another_department(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if update.code and update.code not in CODES["approve-return"]:
        return "bad-code"
    if update.department and update.department == order.department:
        return "same-department"
    return _known_department(work, order, update, at) or _known_category(work, order, update, at)


@guard
def _level(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    highest = work.city.settings.supervision_levels
    good = update.level is not None and max(order.supervision, 1) <= update.level <= highest
    return "" if good else "bad-level"


@guard
def _deadline(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if update.until is not None and at < update.until else "missing-deadline"


@guard
def _until(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    latest = at + work.city.settings.suspension_days_max * DAY_MS
    return "" if update.until is not None and at < update.until <= latest else "missing-until"


@guard
def _reason(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if update.reason.strip() else "missing-reason"


@guard
def _words_or_photo(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if update.evidence_urls else _reason(work, order, update, at)


@guard
def _reason_if_operator(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return _reason(work, order, update, at) if update.by.role == "operator" else ""


@guard
def _evidence(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if update.evidence_urls else "missing-evidence"


@guard
def _decision(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if update.code:
        if update.code not in CODES["decide"]:
            return "bad-code"
        return _reason(work, order, update, at)
    if not update.category and (order.blind or not order.category):
        return "missing-category"
    return _known_category(work, order, update, at)


@guard
def _department(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not update.department:
        return "missing-department"
    return _known_department(work, order, update, at)


@guard
def _known_department(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    named = (update.department, *update.assists)
    return "" if all(one in work.city.departments for one in named if one) else "unknown-department"


@guard
def _return_code(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not update.code:
        return "missing-code"
    return "" if update.code in CODES["return"] else "bad-code"


@guard
def _below(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not work.city.hierarchy.below(order.department):
        return "nobody-below"
    if levels.destination(work, order, update.department) is None:
        return "not-below" if update.department else "missing-department"
    return ""


@guard
def _parts(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if order.part_of:
        return "is-a-part"
    if not update.plan:
        kind = work.city.categories.get(update.category)
        if not update.category:
            return "missing-category"
        return _known_category(work, order, update, at) if kind is not None and kind.parent else "unknown-category"
    added = joint.parts_of(work, order, update)
    if not added:
        return "unknown-plan"
    return "already-divided" if {part.name for part in added} & {part.name for part in order.parts} else ""


@guard
def _judgement(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "missing-judgement" if update.satisfied is None else ""


def says_satisfied(update: InboxUpdate) -> bool | None:
    """Whether feedback says that its reporter is satisfied; where it only grades, the grade decides. None where it says
    neither."""
    if update.satisfied is not None or update.satisfaction is None:
        return update.satisfied
    return update.satisfaction >= _SATISFIED_FROM


@guard
def _satisfied(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "missing-satisfied" if says_satisfied(update) is None else ""


@guard
def _satisfied_if_reached(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not update.code:
        return _satisfied(work, order, update, at)
    return "" if update.code in CODES["call-back"] else "bad-code"

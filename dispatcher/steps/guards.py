"""The guards that `dispatcher.order.lifecycle.TABLE` names: each says "" or the name of the refusal.

`known-department` is the function `_known_department`, marked `@guard`; and so are all others.
"""

from collections.abc import Callable, Sequence

from dispatcher.clocks.answer_windows import feedback_until, reopen_until
from dispatcher.order.chain import accountable, answered, confirmer, dispatched_by, handlers, holders
from dispatcher.order.row import OPEN, Order, extendable, kept_evidence, unanswered, unroutable
from dispatcher.partition import identity, index
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps import joint, levels
from dispatcher.steps.opening import NAMED_BY
from dispatcher.units import tasking
from models.events.above import is_from_above
from models.events.vocabulary import CODES
from models.inbox import Actor, InboxUpdate
from models.times import DAY_MS, HOUR_MS, MINUTE_MS

Guard = Callable[[UnitOfWork, Order, InboxUpdate, int], str]

GUARDS: dict[str, Guard] = {}  # by the name in the table


def guard(check: Guard) -> Guard:
    """Enter a guard under its function's name."""
    GUARDS[check.__name__.strip("_").replace("_", "-")] = check
    return check


# Of the steps that a row keeps so many are of one reporter: others' must be seen beside them.
_OFTEN = 20
_KEYS = 10_000  # names of keys, in all some 250 kB of a row
# Of the five grades of satisfaction, the lowest with which a reporter counts as satisfied: 基本满意.
_SATISFIED_FROM = 3


def says_satisfied(update: InboxUpdate) -> bool | None:
    """Whether feedback says that its reporter is satisfied; where it only grades, the grade decides. None where it says
    neither."""
    if update.satisfied is not None or update.satisfaction is None:
        return update.satisfied
    return update.satisfaction >= _SATISFIED_FROM


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
def _lead(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.department and update.by.department == order.department else "wrong-department"


@guard
def _below(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not work.city.hierarchy.below(order.department):
        return "nobody-below"
    if levels.destination(work, order, update.department) is None:
        return "not-below" if update.department else "missing-department"
    return ""


@guard
def _level_above(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if levels.level_above(work, order) else "nobody-above"


@guard
def _accountable(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if accountable(order, update.by.department) is not None else "not-accountable"


@guard
def _confirms(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not update.by.department or accountable(order, update.by.department) is None:
        return "not-accountable"
    return "" if confirmer(order) == update.by.department else "not-confirmed"


@guard
def _confirmed_above(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if answered(order) else "not-confirmed"


@guard
def _asked_camera(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    recheck = order.recheck
    if recheck is None or recheck.found or recheck.camera != update.by.id:
        return "not-asked"
    # What a device sends comes under the source of what it has seen; a system that is trusted has one of its own.
    # Rows of before may have it with the blanks around it that are cut off now.
    return "" if update.sender is None or update.source == recheck.source.strip() else "not-asked"


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
def _parts_settled(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if joint.settled(order) else "parts-open"


@guard
def _lead_if_department(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return _lead(work, order, update, at) if update.by.role == "department" else ""


@guard
def _lead_or_assist(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    having = (order.department, *order.assignments[-1].assists)
    return "" if update.by.department and update.by.department in having else "not-the-holder"


@guard
def _holder_if_department(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if update.by.role != "department":
        return ""
    return "" if update.by.department and update.by.department in holders(order) else "not-the-holder"


@guard
def _unroutable(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not unroutable(order) or update.code:  # a code says that it is no matter at all
        return "for-a-reviewer"
    return "" if update.category or order.category else "missing-category"


@guard
def _another_dispatcher(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if update.by.role != "dispatcher":
        return ""
    return "same-dispatcher" if update.by.id in dispatched_by(order) else ""


@guard
def _another_holder(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if update.department == order.department:
        return "same-holder"
    return "has-returned-it" if update.department in order.returned_by else ""


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
def _level(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    highest = work.city.settings.supervision_levels
    good = update.level is not None and max(order.supervision, 1) <= update.level <= highest
    return "" if good else "bad-level"


@guard
def _deadline(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if update.until is not None and at < update.until else "missing-deadline"


@guard
def _not_reminded_today(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "reminded-today" if work.day_number(at) in order.reminded_on else ""


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
def _named(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if update.by.id else "missing-name"


@guard
def _named_where_asked(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    """Of whom nobody knows who it was, nobody can say later that it is the same person."""
    return _named(work, order, update, at) if work.city.settings.named_steps else ""


@guard
def _awaited_above(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    """A platform above takes back what it has reported itself, by the newest of its attempts."""
    if not is_from_above(update.source):
        return ""
    return "" if any(update.report in one.from_above for one in (order, *work.children(order))) else "not-awaited"


@guard
def _evidence(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if update.evidence_urls else "missing-evidence"


@guard
def _its_task(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.task is not None and order.task.unit == update.by.id else "not-its-task"


@guard
def _not_yet_accepted(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.task is None or order.task.stage == "given" else "task-accepted"


@guard
def _not_yet_there(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "unit-there" if order.task is not None and order.task.stage == "arrived" else ""


@guard
def _no_unit_yet(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.task is None else "has-unit"


@guard
def _unit_free(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if order.state == "handled" and not answered(order):
        return "not-confirmed"
    return "no-unit" if work.replayed or tasking.free(work, order) is None else ""


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
def _known_category(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    category = update.category or order.category
    if update.category and update.category not in work.city.categories:
        return "unknown-category"
    if update.condition and update.condition not in work.city.conditions(category):
        return "unknown-condition"
    return ""


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
def _not_binding(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    turn = order.assignments[-1]
    if update.action == "return" and work.city.is_hub(turn.department):
        return ""  # it has ended there, so that nobody works on it: the duty officer hears of it, whatever binds
    return "binding" if turn.binding else ""


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
def _another_department(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if update.code and update.code not in CODES["approve-return"]:
        return "bad-code"
    if update.department and update.department == order.department:
        return "same-department"
    return _known_department(work, order, update, at) or _known_category(work, order, update, at)


@guard
def _mergeable(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    other = work.order(update.other_order_id)
    if other is None and update.other_order_id in order.linked and not work.was_archived(update.other_order_id):
        return "with-another-desk"
    if other is None or other.id == order.id or other.state not in OPEN or not _neighbours(order, other):
        return "not-mergeable"
    return "not-mergeable" if other.part_of == order.id else ""  # which is called off with it


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
    return "" if known is not None and _neighbours(order, known) else "not-another"


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
    new = update.other_order_id not in order.linked and len(order.linked) < NAMED_BY
    return "" if beyond and new else "not-beyond"


@guard
def _mergeable_if_duplicate(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return _mergeable(work, order, update, at) if update.code == "duplicate" else ""


@guard
def _not_breached(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    # Also where the breach stands already: a step that was taken before it and arrives after it was in time.
    return "after-breach" if any(at > limit.due for limit in extendable(order)) else ""


@guard
def _extensions_left(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not extendable(order):
        return "no-limit"
    return "" if order.extensions < work.city.settings.extensions_max else "too-many-extensions"


@guard
def _suspensions_left(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.suspensions < work.city.settings.suspensions_max else "already-suspended-once"


@guard
def _nothing_requested(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    asked = order.extension_asked if update.action == "request-extension" else order.suspension_asked_until is not None
    return "already-requested" if asked else ""


@guard
def _extension_requested(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.extension_asked else "nothing-requested"


@guard
def _suspension_requested(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.suspension_asked_until is not None else "nothing-requested"


@guard
def _until(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    latest = at + work.city.settings.suspension_days_max * DAY_MS
    return "" if update.until is not None and at < update.until <= latest else "missing-until"


@guard
def _suspension_still_useful(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    until = order.suspension_asked_until
    return "" if until is not None and at < until else "missing-until"


@guard
def _its_reporter(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if update.by.role != "reporter":
        return ""
    return "" if is_reporter(update.by.id, (order, *work.children(order))) else "not-its-reporter"


def is_reporter(who: str, family: Sequence[Order]) -> bool:
    """Whether somebody speaks as a reporter of an order, which is given with what was merged into it."""
    if any(who in one.reporters for one in family):
        return True
    # Nobody can be told from others where all reports came without a name; what cameras alone saw has no reporter.
    return any(one.report_keys for one in family) and not any(one.reporters for one in family)


@guard
def _not_too_often(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "too-often" if too_often(order, update.by) else ""


def too_often(order: Order, by: Actor) -> bool:
    """Whether somebody has added to an order as often as one may. Each step is a line of the row, and where words are
    sealed the name of a key, which the row keeps for good."""
    own = sum(entry.actor == by for entry in order.timeline)
    return own >= _OFTEN or len(order.sealed_under) >= _KEYS


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
def _asked_citizen(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    own = any(update.by.id in one.reporters for one in (order, *work.children(order)))  # also since they were asked
    if own or update.by.id not in order.jury:
        return "not-in-jury"
    return "judged-already" if any(each.by == update.by.id for each in order.judgements) else ""


@guard
def _judging_window(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.judge_by is not None and at <= order.judge_by else "judging-over"


@guard
def _judgement(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "missing-judgement" if update.satisfied is None else ""


@guard
def _satisfied(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "missing-satisfied" if says_satisfied(update) is None else ""


@guard
def _somebody_to_call(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if unanswered(order) else "nobody-to-call"


@guard
def _satisfied_if_reached(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    if not update.code:
        return _satisfied(work, order, update, at)
    return "" if update.code in CODES["call-back"] else "bad-code"


@guard
def _not_appealed(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "already-appealed" if order.appeal else ""


@guard
def _appealed(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    return "" if order.appeal == "asked" else "not-appealed"


@guard
def _joined_report(work: UnitOfWork, order: Order, update: InboxUpdate, at: int) -> str:
    evidence = kept_evidence(order)
    return "" if update.report in identity.kept_reports(order.kind, order.report_keys, evidence) else "not-joined"

"""The fold: an order's row from its facts. `apply` is the only maker of rows, so a row always equals its log.

One function per fact, in a table. None of them decides anything: what is allowed and what follows is the desk's
affair, and all it decided stands in the fact.
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from dispatcher import facts
from dispatcher.facts import Fact
from dispatcher.order import (
    Assignment,
    Check,
    Closing,
    Dispatch,
    Entry,
    Evidence,
    Limit,
    Order,
    Stage,
)  # fmt: skip
from models.inbox import Actor

KEPT = 20  # sightings kept in full at each end
FINGERPRINTS = 50  # the newest ones by which repeats are recognised
TIMELINE = 200  # the newest entries; the log keeps all
TIMERS = (facts.Warned, facts.Breached, facts.Supervised, facts.Quarantined, facts.Archived)
_SILENT = (facts.EvidenceAdded, facts.Linked, facts.Classified)
_WAITING: dict[str, Stage] = {"review": "review", "returned": "return", "arbitration": "arbitration"}

Changes = dict[str, Any]


def apply(order: Order | None, fact: Fact) -> Order:
    """The row after one more fact. Raises ValueError when the fact is not the next one of this order."""
    if order is None:
        if not isinstance(fact, facts.Opened) or fact.seq != 1:
            raise ValueError(f"{fact.order_id} cannot begin with {facts.NAMES[type(fact)]} {fact.seq}")
        order = _opened(fact)
    elif fact.order_id != order.id or fact.seq != order.seq + 1:
        raise ValueError(f"{fact.order_id}/{fact.seq} cannot follow {order.id}/{order.seq}")
    changes = _FOLDS[type(fact)](order, fact)
    changes.update(seq=fact.seq, state=fact.state, recorded_at=fact.recorded_at)
    if not isinstance(fact, TIMERS):
        # Timers do not move `last_at`: a step that happened before a breach may still arrive after it.
        changes["last_at"] = max(order.last_at, fact.at)
        if order.quarantined and not isinstance(fact, _SILENT):
            changes["quarantined"] = ""
    if not isinstance(fact, _SILENT):
        entry = Entry(
            seq=fact.seq,
            fact=facts.NAMES[type(fact)],
            at=fact.at,
            state=fact.state,
            actor=fact.actor,
            department=changes.get("department", order.department),
            attempt=changes.get("attempt", order.attempt),
            note=_note(fact),
        )
        changes["timeline"] = (*order.timeline[-TIMELINE + 1 :], entry)
    return replace(order, **changes)


def fold(log: Iterable[Fact]) -> Order | None:
    """The row of a whole log of one order; None of an empty one."""
    order: Order | None = None
    for fact in log:
        order = apply(order, fact)
    return order


def _note(fact: Fact) -> str:
    for field in ("reason", "note", "outcome", "error", "stage"):
        if text := getattr(fact, field, ""):
            return str(text)
    return ""


# Parts of the row that several facts touch


def _limits(order: Order, *new: Limit | None, drop: Iterable[Stage] = ()) -> Changes:
    """The running limits with some set anew (their warnings and breaches forgotten) and some dropped."""
    fresh = {limit.stage: limit for limit in new if limit is not None}
    gone = fresh.keys() | set(drop)
    kept = tuple(limit for limit in order.limits if limit.stage not in gone)
    fired = tuple(name for name in order.fired if name.partition("/")[2] not in gone)
    return {"limits": kept + tuple(fresh.values()), "fired": fired}


def _turn(order: Order, **changes: Any) -> Changes:
    """The present assignment, changed."""
    if not order.assignments:
        return {}
    return {"assignments": (*order.assignments[:-1], replace(order.assignments[-1], **changes))}


def _turn_ends(order: Order, at: int, by: str, **more: Any) -> Changes:
    if not order.assignments or order.assignments[-1].ended_at is not None:
        return {}
    return _turn(order, ended_at=at, ended_by=by, **more)


def _not_overdue(order: Order, at: int) -> Changes:
    """The order stops being overdue; a breach that lies no earlier than `at` never stood."""
    if order.overdue_at is None:
        return {}
    past = order.overdue_past if at <= order.overdue_at else (*order.overdue_past, (order.overdue_at, at))
    return {"overdue_at": None, "overdue_past": past}


def _dispatched(order: Order, at: int, by: Actor) -> Changes:
    """Dispatching has decided: how long the order waited for that."""
    stage = _WAITING.get(order.state)
    if stage is None or order.waiting_since is None:
        return {}
    due = next((limit.due for limit in order.limits if limit.stage == stage), None)
    dispatch = Dispatch(stage=stage, since=order.waiting_since, at=at, due=due, by=by)
    return {"dispatches": (*order.dispatches, dispatch), "waiting_since": None}


def _responded(order: Order, at: int) -> Changes:
    return {} if order.first_response_at is not None else {"first_response_at": at}


def _ends(order: Order, at: int, by: str, archive_at: int | None) -> Changes:
    """The order leaves the open states: nothing runs any more."""
    return (
        _turn_ends(order, at, by)
        | _not_overdue(order, at)
        | _nothing_asked()
        | {"limits": (), "fired": (), "supervise_at": None, "waiting_since": None, "archive_at": archive_at}
    )


def _nothing_asked() -> Changes:
    return {"extension_asked": False, "suspension_asked_until": None, "suspended_at": None, "suspended_until": None}


def _seen(order: Order, evidence: Evidence, day: int, fingerprint: str, report_key: str) -> Changes:
    changes: Changes = {"evidence_count": order.evidence_count + 1}
    if len(order.evidence_first) < KEPT and not order.evidence_last:
        changes["evidence_first"] = (*order.evidence_first, evidence)
    else:
        changes["evidence_last"] = (*order.evidence_last[-KEPT + 1 :], evidence)
    if evidence.kind == "report":
        changes["reports_by_day"] = _count(order.reports_by_day, day, 1)
        if report_key:
            changes["report_keys"] = (*order.report_keys, report_key)
        if evidence.reporter and evidence.reporter not in order.reporters:
            changes["reporters"] = (*order.reporters, evidence.reporter)
    if fingerprint and fingerprint not in order.fingerprints:
        changes["fingerprints"] = (*order.fingerprints[-FINGERPRINTS + 1 :], fingerprint)
    return changes


def _count(days: tuple[tuple[int, int], ...], day: int, times: int) -> tuple[tuple[int, int], ...]:
    counts = dict(days)
    counts[day] = counts.get(day, 0) + times
    return tuple(sorted((day, count) for day, count in counts.items() if count))


# One function per fact


def _opened(fact: facts.Opened) -> Order:
    evidence, whole = fact.evidence, fact.whole
    return Order(
        id=fact.order_id,
        seq=0,
        state=fact.state,
        area=fact.area,
        opened_at=fact.at,
        recorded_at=fact.recorded_at,
        last_at=fact.at,
        pack=fact.pack,
        title=fact.title,
        text=evidence.text,
        lat=evidence.lat,
        lon=evidence.lon,
        address=evidence.address,
        place=fact.place,
        channel=evidence.channel,
        hint=fact.hint,
        source=evidence.source,
        kind=evidence.kind,
        due_given=fact.due_given,
        given_due=whole.due if whole and fact.due_given else None,
        due=whole.due if whole else None,
        due_raw=whole.due if whole else None,
        limits=(whole,) if whole else (),
        linked=(fact.linked,) if fact.linked else (),
    )


def _open(order: Order, fact: facts.Opened) -> Changes:
    return _seen(order, fact.evidence, fact.day, fact.fingerprint, fact.report_key)


def _evidence_added(order: Order, fact: facts.EvidenceAdded) -> Changes:
    return _seen(order, fact.evidence, fact.day, fact.fingerprint, fact.report_key)


def _linked(order: Order, fact: facts.Linked) -> Changes:
    field = "candidates" if fact.kind == "candidate" else "linked"
    known: tuple[str, ...] = getattr(order, field)
    return {} if fact.other in known else {field: (*known, fact.other)}


def _classified(order: Order, fact: facts.Classified) -> Changes:
    return {
        "category": fact.category,
        "group": fact.group,
        "guess": fact.guess,
        "shadow": fact.shadow,
        "blind": fact.blind,
    }


def _sent_to_review(order: Order, fact: facts.SentToReview) -> Changes:
    return (
        _dispatched(order, fact.at, fact.actor)
        | _turn_ends(order, fact.at, "sent-to-review")
        | _limits(order, fact.limit, drop=("review", "accept", "handle", "return", "arbitration", "check"))
        | {"waiting_since": fact.at, "department": "", "supervise_at": None}
        | _nothing_asked()
    )


def _decided(order: Order, fact: facts.Decided) -> Changes:
    label = {"label": fact.category, "label_department": fact.department, "label_by": "reviewer"}
    if fact.rejected:
        return label
    return label | {"category": fact.category, "condition": fact.condition, "group": fact.group}


def _assigned(order: Order, fact: facts.Assigned) -> Changes:
    turn = Assignment(
        attempt=fact.attempt,
        department=fact.department,
        at=fact.at,
        category=fact.category,
        assists=fact.assists,
        binding=fact.binding,
        why=fact.why,
        accept_due=fact.accept.due if fact.accept else None,
        handle_due=fact.handle.due if fact.handle else None,
        handle_due_raw=fact.handle.due if fact.handle else None,
        dispatched_by=fact.actor,
    )
    before = _turn_ends(order, fact.at, "assigned").get("assignments", order.assignments)
    whole = fact.whole
    return (
        _dispatched(order, fact.at, fact.actor)
        | (_not_overdue(order, fact.at) if whole is None or whole.due > fact.at else {})
        | _nothing_asked()
        | {
            "waiting_since": None,
            "department": fact.department,
            "attempt": fact.attempt,
            "assignments": (*before, turn),
            "category": fact.category,
            "group": fact.group,
            "condition": fact.condition,
            "priority": fact.priority,
            "limits": tuple(limit for limit in (whole, fact.accept, fact.handle) if limit),
            "fired": tuple(name for name in order.fired if name == "warn/whole" and whole in order.limits),
            "due": whole.due if whole else None,
            "due_raw": fact.due_raw,
            "supervision": 0,
            "supervise_at": None,
            "return_code": "",
            "suggested_department": "",
            "archive_at": None,
        }
    )


def _accepted(order: Order, fact: facts.Accepted) -> Changes:
    changes = _limits(order, drop=("accept",)) | _responded(order, fact.at)
    turn = order.assignments[-1]
    if turn.accepted_at is None:  # a refused return is accepted once more; the first time counts
        missed = turn.accept_missed_at if fact.late else None
        changes |= _turn(order, accepted_at=fact.at, accepted_by=fact.actor, accept_missed_at=missed)
    return changes


def _nothing(order: Order, fact: Fact) -> Changes:
    return {}


def _returned(order: Order, fact: facts.Returned) -> Changes:
    returned_by = order.returned_by if order.department in order.returned_by else (*order.returned_by, order.department)
    return (
        _limits(order, fact.limit, drop=("accept",))
        | _turn(order, returned_at=fact.at)
        | _nothing_asked()
        | {
            "returns": order.returns + 1,
            "returned_by": returned_by,
            "return_code": fact.code,
            "suggested_department": fact.suggested_department,
            "waiting_since": fact.at,
        }
    )


def _return_approved(order: Order, fact: facts.ReturnApproved) -> Changes:
    return _turn_ends(
        order, fact.at, "return-approved", return_approved=True, held_ms=fact.held_ms, held_work_ms=fact.held_work_ms
    )


def _return_refused(order: Order, fact: facts.ReturnRefused) -> Changes:
    accept = {"accept_due": fact.accept.due} if fact.accept and order.assignments[-1].accepted_at is None else {}
    return (
        _dispatched(order, fact.at, fact.actor)
        | _limits(order, fact.accept, drop=("return", "arbitration"))
        | _turn(order, binding=True, returned_at=None, **accept)
        | {"return_code": "", "suggested_department": ""}
    )


def _sent_to_arbitration(order: Order, fact: facts.SentToArbitration) -> Changes:
    # Where the desk itself sends it on, nobody has decided about the return.
    return (
        (_dispatched(order, fact.at, fact.actor) if fact.actor.role != "desk" else {})
        | _limits(order, fact.limit, drop=("return",))
        | {"waiting_since": fact.at}
    )


def _extension_requested(order: Order, fact: facts.ExtensionRequested) -> Changes:
    return {"extension_asked": True}


def _extension_approved(order: Order, fact: facts.ExtensionApproved) -> Changes:
    return _moved(order, fact.limits, fact.at) | {"extension_asked": False, "extensions": order.extensions + 1}


def _moved(order: Order, limits: tuple[Limit, ...], at: int) -> Changes:
    """Running limits with later due times."""
    due = {limit.stage: limit.due for limit in limits}
    changes = _limits(order, *limits) | {"due": due.get("whole", order.due)}
    if "handle" in due:
        missed = order.assignments[-1].handle_missed_at
        changes |= _turn(order, handle_due=due["handle"], handle_missed_at=missed if due["handle"] <= at else None)
    if "whole" in due and due["whole"] > at:
        changes |= _not_overdue(order, at)
    return changes


def _extension_refused(order: Order, fact: facts.ExtensionRefused) -> Changes:
    return {"extension_asked": False}


def _suspension_requested(order: Order, fact: facts.SuspensionRequested) -> Changes:
    return {"suspension_asked_until": fact.until}


def _suspension_refused(order: Order, fact: facts.SuspensionRefused) -> Changes:
    return {"suspension_asked_until": None}


def _suspended(order: Order, fact: facts.Suspended) -> Changes:
    return _not_overdue(order, fact.at) | {
        "suspension_asked_until": None,
        "suspensions": order.suspensions + 1,
        "suspended_at": fact.at,
        "suspended_until": fact.until,
    }


def _resumed(order: Order, fact: facts.Resumed) -> Changes:
    moved = _moved(order, fact.limits, fact.at)
    turn = (moved.get("assignments") or order.assignments)[-1]
    turn = replace(
        turn,
        suspended_ms=turn.suspended_ms + fact.suspended_ms,
        suspended_work_ms=turn.suspended_work_ms + fact.suspended_work_ms,
    )
    return moved | {
        "assignments": (*order.assignments[:-1], turn),
        "suspended_at": None,
        "suspended_until": None,
        # What was used before the suspension has been warned of; it is not used up a second time.
        "fired": order.fired,
    }


def _handled(order: Order, fact: facts.Handled) -> Changes:
    turn = order.assignments[-1]
    missed = None if turn.handle_due is None or fact.at <= turn.handle_due else turn.handle_missed_at
    return (
        _limits(order, fact.limit)
        | _not_overdue(order, fact.at)
        | _turn(
            order,
            handled_at=fact.at,
            handled_by=fact.actor,
            handled_ms=fact.handled_ms,
            handled_work_ms=fact.handled_work_ms,
            handle_missed_at=missed,
        )
        | {"extension_asked": False, "suspension_asked_until": None}
    )


def _checked(order: Order, fact: facts.Checked) -> Changes:
    turn = order.assignments[-1]
    due = next((limit.due for limit in order.limits if limit.stage == "check"), None)
    handled_at = turn.handled_at if turn.handled_at is not None else fact.at
    check = Check(at=fact.at, handled_at=handled_at, passed=fact.passed, by=fact.actor, due=due)
    changes = _limits(order, drop=("check",)) | {"checks": (*order.checks, check), "attempt": fact.attempt}
    if not fact.passed:
        changes |= _turn(order, handled_at=None, handled_ms=None, handled_work_ms=None, reworks=turn.reworks + 1)
    return changes


def _closed(order: Order, fact: facts.Closed) -> Changes:
    turn = order.assignments[-1] if order.assignments else None
    closing = Closing(
        at=fact.at,
        by=fact.actor,
        handled_at=turn.handled_at if turn and order.state == "handled" else None,
        due=order.due,
        due_raw=order.due_raw,
        department=order.department,
        category=order.category,
        forced=fact.forced,
    )
    label: Changes = {}
    if not fact.forced and (order.label, order.label_department) != (order.category, order.department):
        label = {"label": order.category, "label_department": order.department, "label_by": "handled"}
    return _ends(order, fact.at, "closed", fact.archive_at) | {"closings": (*order.closings, closing)} | label


def _reopened(order: Order, fact: facts.Reopened) -> Changes:
    closing = replace(order.closings[-1], reopened_at=fact.at)
    return {
        "closings": (*order.closings[:-1], closing),
        "archive_at": None,
        "appeal": "",
        "appeal_reviewers": (),
        "returns": 0,
        "returned_by": (),
        "extensions": 0,
        "suspensions": 0,
        "supervision": 0,
    }


def _appealed(order: Order, fact: facts.Appealed) -> Changes:
    return {"appeal": "asked"}


def _appeal_reviewed(order: Order, fact: facts.AppealReviewed) -> Changes:
    changes: Changes = {"appeal_reviewers": (*order.appeal_reviewers, fact.actor.id)}
    if fact.outcome:
        changes["appeal"] = fact.outcome
        closing = replace(order.closings[-1], exempt=fact.outcome == "granted")
        changes["closings"] = (*order.closings[:-1], closing)
    return changes


def _rejected(order: Order, fact: facts.Rejected) -> Changes:
    waited = _dispatched(order, fact.at, fact.actor)
    return waited | _ends(order, fact.at, "rejected", fact.archive_at) | {"rejected_at": fact.at}


def _merged(order: Order, fact: facts.Merged) -> Changes:
    waited = _dispatched(order, fact.at, fact.actor)
    return waited | _ends(order, fact.at, "merged", None) | {"merged_at": fact.at, "parent": fact.into}


def _absorbed(order: Order, fact: facts.Absorbed) -> Changes:
    return {"children": (*order.children, fact.child)}


def _unmerged(order: Order, fact: facts.Unmerged) -> Changes:
    return {"merged_at": None, "parent": "", "department": "", "archive_at": None}


def _released(order: Order, fact: facts.Released) -> Changes:
    if fact.evidence is None:
        return {"children": tuple(child for child in order.children if child != fact.child)}
    first = tuple(seen for seen in order.evidence_first if (seen.source, seen.id) != fact.evidence)
    last = tuple(seen for seen in order.evidence_last if (seen.source, seen.id) != fact.evidence)
    changes: Changes = {
        "evidence_first": first,
        "evidence_last": last,
        "evidence_count": order.evidence_count - 1,
        "report_keys": tuple(key for key in order.report_keys if key != fact.report_key),
        "linked": (*order.linked, fact.child),
    }
    if fact.report_key:
        changes["reports_by_day"] = _count(order.reports_by_day, fact.day, -1)
        gone = next(
            e.reporter for e in (*order.evidence_first, *order.evidence_last) if (e.source, e.id) == fact.evidence
        )
        if not any(seen.reporter == gone for seen in (*first, *last)):
            changes["reporters"] = tuple(who for who in order.reporters if who != gone)
    return changes


def _warned(order: Order, fact: facts.Warned) -> Changes:
    return {"fired": (*order.fired, f"warn/{fact.stage}")}


def _breached(order: Order, fact: facts.Breached) -> Changes:
    changes: Changes = {}
    if order.supervise_at is not None:  # it waited for a breach to stand again
        changes["supervise_at"] = max(order.supervise_at, fact.at)
    if fact.stage == "whole":
        return changes | {"overdue_at": fact.at}
    changes["fired"] = (*order.fired, f"breach/{fact.stage}")
    if fact.stage == "accept":
        changes |= _turn(order, accept_missed_at=fact.at)
    if fact.stage == "handle":
        changes |= _turn(order, handle_missed_at=fact.at)
    return changes


def _supervised(order: Order, fact: facts.Supervised) -> Changes:
    return {"supervision": fact.level, "supervise_at": fact.next_at}


def _feedback(order: Order, fact: facts.FeedbackReceived) -> Changes:
    return {"feedback": fact.satisfied, "feedback_at": fact.at}


def _archived(order: Order, fact: facts.Archived) -> Changes:
    return {"archived_at": fact.at, "archive_at": None}


def _quarantined(order: Order, fact: facts.Quarantined) -> Changes:
    return {"quarantined": fact.error}


_FOLDS: dict[type[Fact], Callable[[Order, Any], Changes]] = {
    facts.Opened: _open,
    facts.EvidenceAdded: _evidence_added,
    facts.Linked: _linked,
    facts.Classified: _classified,
    facts.SentToReview: _sent_to_review,
    facts.Decided: _decided,
    facts.Assigned: _assigned,
    facts.Accepted: _accepted,
    facts.Progressed: _nothing,
    facts.Returned: _returned,
    facts.ReturnApproved: _return_approved,
    facts.ReturnRefused: _return_refused,
    facts.SentToArbitration: _sent_to_arbitration,
    facts.ExtensionRequested: _extension_requested,
    facts.ExtensionApproved: _extension_approved,
    facts.ExtensionRefused: _extension_refused,
    facts.SuspensionRequested: _suspension_requested,
    facts.SuspensionRefused: _suspension_refused,
    facts.Suspended: _suspended,
    facts.Resumed: _resumed,
    facts.Handled: _handled,
    facts.Checked: _checked,
    facts.Closed: _closed,
    facts.Reopened: _reopened,
    facts.Appealed: _appealed,
    facts.AppealReviewed: _appeal_reviewed,
    facts.Rejected: _rejected,
    facts.Merged: _merged,
    facts.Absorbed: _absorbed,
    facts.Unmerged: _unmerged,
    facts.Released: _released,
    facts.Warned: _warned,
    facts.Breached: _breached,
    facts.Supervised: _supervised,
    facts.FeedbackReceived: _feedback,
    facts.Archived: _archived,
    facts.Quarantined: _quarantined,
}

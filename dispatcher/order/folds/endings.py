"""How an order ends and comes back."""

from msgspec.structs import replace

from dispatcher.order import facts
from dispatcher.order.chain import answered_at
from dispatcher.order.folds.changes import (
    Changes,
    Folds,
    dispatched,
    ends,
    granted_nothing,
    overdue_meanwhile,
    responded,
)
from dispatcher.order.row import Answer, CitizenVerdict, Closing, Order, unanswered


def _closed(order: Order, fact: facts.Closed) -> Changes:
    closing = Closing(
        at=fact.at,
        by=fact.actor,
        handled_at=answered_at(order) if order.state == "handled" else None,
        due=order.due,
        due_raw=order.due_raw,
        department=order.department,
        category=order.category,
        forced=fact.forced,
    )
    label: Changes = {}
    if not fact.forced and (order.label, order.label_department) != (order.category, order.department):
        label = {"label": order.category, "label_department": order.department, "label_by": "handled"}
    waited = dispatched(order, fact.at, fact.actor)
    ended = ends(order, fact.at, "closed", fact.archive_at) | responded(order, fact.at)
    return waited | ended | label | {"closings": (*order.closings, closing), "call_back_at": fact.call_back_at}


def _judgement_requested(order: Order, fact: facts.JudgementRequested) -> Changes:
    return {"jury": fact.citizens, "judge_by": fact.due}


def _judgement_given(order: Order, fact: facts.JudgementGiven) -> Changes:
    said = CitizenVerdict(by=fact.actor.id, at=fact.at, settled=fact.settled)
    return {"judgements": (*order.judgements, said)}


def _reopened(order: Order, fact: facts.Reopened) -> Changes:
    closing = replace(order.closings[-1], reopened_at=fact.at)
    return {
        "closings": (*order.closings[:-1], closing),
        "archive_at": None,
        "call_back_at": None,
        "call_back": False,
        "jury": (),
        "judge_by": None,
        "appeal": "",
        "appeal_reviewers": (),
        "returns": 0,
        "returned_by": (),
        "extensions": 0,
        "suspensions": 0,
        "supervision": 0,
        "supervision_ordered": False,
    }


def _appealed(order: Order, fact: facts.Appealed) -> Changes:
    return {"appeal": "asked", "appealed_by": fact.actor}


def _appeal_reviewed(order: Order, fact: facts.AppealReviewed) -> Changes:
    changes: Changes = {"appeal_reviewers": (*order.appeal_reviewers, fact.actor.id)}
    if fact.outcome:
        changes["appeal"] = fact.outcome
        closing = replace(order.closings[-1], exempt=fact.outcome == "granted")
        changes["closings"] = (*order.closings[:-1], closing)
    return changes


def _rejected(order: Order, fact: facts.Rejected) -> Changes:
    waited = dispatched(order, fact.at, fact.actor)
    ended = ends(order, fact.at, "rejected", fact.archive_at) | responded(order, fact.at)
    return waited | ended | {"rejected_at": fact.at}


def _merged(order: Order, fact: facts.Merged) -> Changes:
    waited = dispatched(order, fact.at, fact.actor)
    return waited | ends(order, fact.at, "merged", None) | {"merged_at": fact.at, "parent": fact.into}


def _unmerged(order: Order, fact: facts.Unmerged) -> Changes:
    changes: Changes = {"merged_at": None, "parent": "", "department": "", "archive_at": None}
    changes |= granted_nothing()
    return changes if order.merged_at is None else changes | overdue_meanwhile(order, order.merged_at, fact.at)


def _feedback(order: Order, fact: facts.FeedbackReceived) -> Changes:
    # Without a named reporter anybody may answer, and all of them count as one.
    by = fact.actor.id if order.reporters or order.children else ""
    return _answered(order, Answer(by=by, at=fact.at, satisfied=fact.satisfied, satisfaction=fact.satisfaction))


def _answered(order: Order, answer: Answer) -> Changes:
    """One reporter has answered, anew or for the first time; once all have, nobody is called back."""
    answers = (*(each for each in order.answers if each.by != answer.by), answer)
    changes: Changes = {"answers": answers}
    if not unanswered(replace(order, answers=answers)):
        changes |= {"call_back_at": None, "call_back": False}
    return changes


def _call_back_due(order: Order, fact: facts.CallBackDue) -> Changes:
    return {"call_back_at": None, "call_back": True}


def _called_back(order: Order, fact: facts.CalledBack) -> Changes:
    if fact.satisfied is None:
        return {}
    # Who calls knows telephone numbers and no hashes: what was said is the answer of the first who had not answered.
    by = unanswered(order)[0]
    return _answered(order, Answer(by=by, at=fact.at, satisfied=fact.satisfied, satisfaction=fact.satisfaction))


def _archived(order: Order, fact: facts.Archived) -> Changes:
    return {"archived_at": fact.at, "archive_at": None, "call_back_at": None, "call_back": False}


FOLDS: Folds = {
    facts.Closed: _closed,
    facts.JudgementRequested: _judgement_requested,
    facts.JudgementGiven: _judgement_given,
    facts.Reopened: _reopened,
    facts.Appealed: _appealed,
    facts.AppealReviewed: _appeal_reviewed,
    facts.Rejected: _rejected,
    facts.Merged: _merged,
    facts.Unmerged: _unmerged,
    facts.FeedbackReceived: _feedback,
    facts.CallBackDue: _call_back_due,
    facts.CalledBack: _called_back,
    facts.Archived: _archived,
}

"""False alarms 误报: what people's decisions say about the algorithms that have seen an order's incident."""

from collections.abc import Iterator
from typing import Literal

from dispatcher.arrivals.watched import weighing
from dispatcher.order.row import OPEN, Order, kept_evidence
from dispatcher.partition.state import AlarmRecord
from dispatcher.partition.unit_of_work import UnitOfWork
from models.events import COVERED, Evidence
from models.inbox import OWN_SIGHTINGS, InboxUpdate

AlarmState = Literal["open", "right", "false", "unsaid"]
_NOTHING = AlarmRecord()
_REJECTING = ("decide", "reject", "approve-return", "verify-fail")


def rate_of(work: UnitOfWork, algorithm: str) -> float:
    """The rate of false alarms of an algorithm, as this partition has learnt it so far."""
    record = work.overlay.algorithms.get(algorithm) or _NOTHING
    return weighing.false_rate(record.right, record.wrong)


def learn(work: UnitOfWork, update: InboxUpdate, order: Order) -> None:
    """Count a step on an order, which stands as it is after it, for or against the algorithms that have seen it.

    For them speaks a check that has passed, against them that a reviewer rejects the order, a mobile unit
    finds nothing there, or a return is approved as `not-a-problem`. A force-close or an operator's rejection says
    nothing of what was seen, and nor does what a camera finds when it looks again: it would speak for itself.
    """
    if update.by.role == "camera":  # what a camera says of itself
        return
    if update.action == "check-pass" and order.state == "closed":  # not yet where a department above has confirmed
        right = True
    elif update.action in _REJECTING and order.state == "rejected" and update.by.role != "operator":
        right = False
    else:
        return
    alarms = (each for one in (order, *work.children(order)) for each in _alarms(one))
    for algorithm in dict.fromkeys(each.algorithm for each in alarms if each.algorithm):
        record = work.overlay.algorithms.get(algorithm) or _NOTHING
        work.overlay.algorithms.put(algorithm, AlarmRecord(record.right + right, record.wrong + (not right)))


def alarm_state(order: Order) -> AlarmState:
    """What an order says, as its row stands, of those that have seen its incident: `open` while nobody has decided,
    `right` and `false` as `learn` has it, `unsaid` where it ended without a word on that. Of a reopened order the last
    word counts."""
    if order.state in OPEN:
        return "open"
    if order.state == "closed":
        checked = order.checks[-1] if order.checks else None
        sure = checked is not None and checked.passed and checked.by.role != "camera" and not order.closings[-1].forced
        return "right" if sure else "unsaid"
    if order.state == "rejected":
        by = next((each.actor.role for each in reversed(order.timeline) if each.fact == "rejected"), "")
        return "unsaid" if by in ("", "desk", "operator", "camera") else "false"
    return "unsaid"


def seen_by(order: Order) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The cameras and the algorithms whose alarms are an order's evidence, as far as its row names them, in their
    order. What the desk itself has noticed is no alarm of a camera's."""
    alarms = [each for each in _alarms(order) if each.source != OWN_SIGHTINGS]
    return tuple(dict.fromkeys(each.camera for each in alarms)), tuple(
        dict.fromkeys(each.algorithm for each in alarms if each.algorithm)
    )


def _alarms(order: Order) -> Iterator[Evidence]:
    """A camera's alarms alone; and what a parent incident covers shows something else than the parent."""
    for each in kept_evidence(order):
        if each.camera and not each.rule.startswith(COVERED):
            yield each

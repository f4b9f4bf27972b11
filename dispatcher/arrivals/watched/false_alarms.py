"""False alarms 误报: what people's decisions say about the algorithms that have seen an order's incident."""

from dispatcher.arrivals.watched import weighing
from dispatcher.order.row import Order
from dispatcher.partition.state import AlarmRecord
from dispatcher.partition.unit_of_work import UnitOfWork
from models.inbox import InboxUpdate

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
    for algorithm in dict.fromkeys(
        each.algorithm
        for one in (order, *work.children(order))
        for each in (*one.evidence_first, *one.evidence_last)
        # A camera's alarms alone; and what a parent incident covers shows something else than the parent.
        if each.camera and each.algorithm and not each.rule.startswith("covered:")
    ):
        record = work.overlay.algorithms.get(algorithm) or _NOTHING
        work.overlay.algorithms.put(algorithm, AlarmRecord(record.right + right, record.wrong + (not right)))

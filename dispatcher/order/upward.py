"""What a platform above hears of its order 上报进度: how far the order that it has become here has come.

The table is for all states: who builds a bridge need not know them. It stands with the order because only its row
tells whether somebody has been at work already, when another department gets it.
"""

from collections.abc import Sequence

from dispatcher.order.row import Order, State, kept_evidence
from models.events import UpwardStage
from models.events.above import is_from_above

STAGES: dict[State, UpwardStage] = {
    "review": "waiting",
    "assigned": "waiting",
    "accepted": "under-way",
    "suspended": "under-way",
    "returned": "waiting",
    "arbitration": "waiting",
    "handled": "under-way",
    "closed": "done",
    "rejected": "refused",
    "merged": "elsewhere",
}


def stage(order: Order) -> UpwardStage:
    """How far an order has come, for who waits above. Once a department has accepted it, it stays under way whoever
    gets it next."""
    own = STAGES[order.state]
    return _going_on(order) if own == "waiting" else own


def stage_joined(order: Order) -> UpwardStage:
    """How far the order is that a report has joined now. One that was done is reopened by it: what was done before does
    not answer the report."""
    return _going_on(order) if STAGES[order.state] == "done" else stage(order)


def others_wait(family: Sequence[Order], report: tuple[str, str]) -> bool:
    """Whether anybody but a report from above waits for an order, which comes first, or for those merged into it: who
    has reported it here, or another order above, unless that was told of its end and has not come down again."""
    return any(
        len(seen) < one.evidence_count
        or not all(is_from_above(each.source) for each in seen)
        or any(each != report and not _was_answered(family[0], one, each) for each in one.from_above)
        for one in family
        for seen in (kept_evidence(one),)
    )


def _was_answered(order: Order, one: Order, report: tuple[str, str]) -> bool:
    """Whether who sent a report, to an order or to one that was part of it by then, was told of its last closing."""
    closed_at = order.closings[-1].at if order.closings else None
    if closed_at is None or (one.merged_at is not None and one.merged_at > closed_at):
        return False
    kept = kept_evidence(one)
    return any((each.source, each.id) == report and each.at <= closed_at for each in kept)


def _going_on(order: Order) -> UpwardStage:
    return "under-way" if any(turn.accepted_at is not None for turn in order.assignments) else "waiting"

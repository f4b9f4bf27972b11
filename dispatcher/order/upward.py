"""What a platform above hears of its order 上报进度: how far the order that it has become here has come.

The table is for all states: who builds a bridge need not know them. It stands with the order because only its row
tells whether somebody has been at work already, when another department gets it.
"""

from dispatcher.order.row import Order, State
from models.events import UpwardStage

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


def _going_on(order: Order) -> UpwardStage:
    return "under-way" if any(turn.accepted_at is not None for turn in order.assignments) else "waiting"

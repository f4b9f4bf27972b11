"""Every action with what it needs, and the steps that lead an order to every state: for tests of who may do what."""

from collections.abc import Mapping
from typing import Any

from dispatcher.order.lifecycle import TABLE
from models.times import DAY_MS, to_text

# Who has to ask for what before it can be granted.
ASKED_BEFORE = {
    f"{answer}-{what}": f"{ask}{what}"
    for answer in ("approve", "refuse")
    for what, ask in (("extension", "request-"), ("suspension", "request-"), ("appeal", ""))
}
# The steps from a new order in review to each state: who, action. `department` is roads, `works` another one.
WAYS: dict[str, tuple[tuple[str, str], ...]] = {"review": (), "rejected": (("operator", "reject"),)}
WAYS["assigned"] = (("reviewer", "decide"),)
WAYS["accepted"] = (*WAYS["assigned"], ("department", "accept"))
WAYS["suspended"] = (*WAYS["accepted"], ("department", "request-suspension"), ("dispatcher", "approve-suspension"))
WAYS["returned"] = (*WAYS["assigned"], ("department", "return"))
WAYS["handled"] = (*WAYS["accepted"], ("department", "handle"))
WAYS["closed"] = (*WAYS["handled"], ("inspector", "check-pass"))
WAYS["merged"] = (("operator", "merge"),)
WAYS["arbitration"] = (
    *WAYS["returned"],
    ("dispatcher", "approve-return"),
    ("works", "return"),
    ("dispatcher", "back"),
)
# The desk gives each check to the first, a dispatcher can give it to the other.
INSPECTORS = "id,areas,checks_max\nann,*,\nina,*,0\n"
# Rows of the table for which more is needed than the order has: a report that was merged into it, a department's turn,
# departments below or above, mobile units, a camera that was asked to look again, citizens who were asked to judge.
_LEVELS = {("department", action) for action in ("forward", "take-back", "report-up", "check-pass", "check-fail")}
_UNITS = {("unit", row.action) for row in TABLE if "unit" in row.roles}
_UNITS |= {("dispatcher", "send-unit"), ("duty-officer", "send-unit")}
_CAMERAS = {("camera", row.action) for row in TABLE if "camera" in row.roles}
_CITIZENS = {("citizen", row.action) for row in TABLE if "citizen" in row.roles}
EXCUSED = {state: {("operator", "split")} | _LEVELS | _UNITS | _CAMERAS | _CITIZENS for state in WAYS}
EXCUSED["review"] |= {("department", "comment")}
EXCUSED["rejected"] |= {("department", "comment")}
EXCUSED["arbitration"] |= {("department", "comment"), ("dispatcher", "arbitrate")}  # the same has dispatched it
EXCUSED["review"] |= {("dispatcher", "decide")}  # only where no department follows from what is known


def step(action: str, other: str, at: int) -> dict[str, Any]:
    """What is said for an action at `at` (ms UTC) so that no guard has a word against it, but not by whom and of which
    order; `other` is an order to merge with. `back` is a return approved to the department that returned it first."""
    if action == "back":
        return {"action": "approve-return", "department": "roads", "reason": "because"}
    tomorrow = to_text(at + DAY_MS)
    needed: Mapping[str, dict[str, Any]] = {
        "decide": {"category": "pothole"},
        "return": {"code": "not-my-area", "reason": "elsewhere"},
        "arbitrate": {"department": "works"},
        "approve-return": {"department": "works"},
        "handle": {"evidence_urls": ["https://a.example/1.jpg"]},
        "request-suspension": {"until": tomorrow},
        "feedback": {"satisfied": True},
        "call-back": {"satisfied": True},
        "judge": {"satisfied": True},
        "divide": {"category": "street-light"},
        "give-check": {"inspector": "ina"},
        "re-assign": {"department": "works"},
        "re-categorise": {"category": "street-light"},
        "prioritise": {"priority": 1},
        "supervise": {"level": 2, "until": tomorrow},
        "merge": {"other_order_id": other},
        "keep-apart": {"other_order_id": other},
        "unmerge": {"other_order_id": other},
    }
    return {"action": action, "reason": "because"} | needed.get(action, {})

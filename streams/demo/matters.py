"""Matters under way 在办事项: what stands in the lists of the desk when somebody first opens it. Each is a report of
the last days with the steps that people take on it, one after the other; the step that is missing is left to whoever
sits down at the desk."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from dispatcher.order import facts
from dispatcher.order.facts import Fact

# What the desk makes of such a report by itself: it goes to a department at once, and is due within some days; to a
# reviewer, who has to say what it is; to a reviewer because no department follows from it; to a department with one
# below it as its assist.
Kind = Literal["plain", "soon-due", "doubtful", "nowhere", "shared"]
SOON_DAYS = 3.0


class Act(msgspec.Struct, frozen=True):
    """What somebody does `hours` after a fact, by day or night; `until_days` after that is the end that they name. The
    role `lead` is the department that has the order."""

    role: str
    action: str
    hours: float
    said: Mapping[str, Any] = {}
    until_days: float = 0.0


class Matter(msgspec.Struct, frozen=True):
    """One report, so many days before the month ends, and what follows upon which fact; all else is left undone."""

    days: float
    kind: Kind
    acts: Mapping[type[Fact], Act] = {}


_ACCEPTED: dict[type[Fact], Act] = {facts.Assigned: Act("lead", "accept", 0.5)}
_SETTLED: dict[type[Fact], Act] = {
    **_ACCEPTED,
    facts.Accepted: Act("lead", "handle", 20.0),
    facts.Handled: Act("inspector", "check-pass", 18.0),
}
_RETURN = {"code": "not-my-function", "reason": "不属于本部门职责 (not this department's function)"}

# By what is left to be done.
MATTERS: Mapping[str, Matter] = {
    "review": Matter(0.06, "doubtful"),
    "name a department": Matter(0.1, "nowhere"),
    "accept": Matter(0.04, "plain"),
    "decide on a return": Matter(0.2, "plain", {facts.Assigned: Act("lead", "return", 1.0, _RETURN)}),
    "arbitrate": Matter(
        0.9,
        "plain",
        {
            facts.Assigned: Act("lead", "return", 1.5, _RETURN | {"advises": True}),
            facts.Returned: Act("dispatcher", "approve-return", 1.0),
        },
    ),
    "decide on an extension": Matter(
        0.4,
        "plain",
        _ACCEPTED
        | {facts.Accepted: Act("lead", "request-extension", 2.0, {"reason": "等待配件 (waiting for a part)"})},
    ),
    "decide on a suspension": Matter(
        0.5,
        "plain",
        _ACCEPTED
        | {
            facts.Accepted: Act(
                "lead", "request-suspension", 2.0, {"reason": "等待供电部门断电 (until the power is cut)"}, 5.0
            )
        },
    ),
    "resume": Matter(
        1.2,
        "plain",
        _ACCEPTED
        | {
            facts.Accepted: Act(
                "lead", "request-suspension", 2.0, {"reason": "汛期停工 (no works while rivers are high)"}, 9.0
            ),
            facts.SuspensionRequested: Act("dispatcher", "approve-suspension", 1.0),
        },
    ),
    "check": Matter(0.5, "plain", _ACCEPTED | {facts.Accepted: Act("lead", "handle", 3.0)}),
    "confirm": Matter(
        0.6,
        "shared",
        {
            facts.Assigned: Act("lead", "forward", 0.5, {"hands_down": True}),
            facts.Forwarded: Act("lead", "accept", 0.5),
            facts.Accepted: Act("lead", "handle", 3.0),
        },
    ),
    "be late": Matter(5.3, "soon-due", _ACCEPTED),
    "decide on an appeal": Matter(
        5.4,
        "soon-due",
        _ACCEPTED
        | {
            facts.Accepted: Act("lead", "handle", 84.0),
            facts.Handled: Act("inspector", "check-pass", 8.0),
            facts.Closed: Act("lead", "appeal", 6.0, {"reason": "台风停工 (work stopped for the storm)"}),
        },
    ),
    "call back": Matter(4.9, "soon-due", _SETTLED),
}
TWICE = 2  # each is there: one may be merged into another order, or be looked at blind

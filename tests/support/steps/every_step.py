"""Every action with what it needs, and the steps that lead an order to every state: for tests of who may do what."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from dispatcher.order.lifecycle import TABLE
from models.times import DAY_MS, to_text
from tests.support.cities import LEVELS, appended

Way = tuple[tuple[str, str], ...]

# Who has to ask for what before it can be granted.
ASKED_BEFORE = {
    f"{answer}-{what}": f"{ask}{what}"
    for answer in ("approve", "refuse")
    for what, ask in (("extension", "request-"), ("suspension", "request-"), ("appeal", ""))
}


def sources(action: str, role: str) -> tuple[str, ...]:
    """The states in which the table has it."""
    return tuple(state for row in TABLE if row.action == action and role in row.roles for state in row.sources)


# The steps from a new order in review to each state: who, action. `department` is roads, `works` another one.
WAYS: dict[str, Way] = {"review": (), "rejected": (("operator", "reject"),)}
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


class OwnWay(NamedTuple):
    """How an order comes to a state so that a row of the table holds there for which the usual way lacks something, and
    who asks for it then. A step may also be `report`: another report of the same, and `here`: a mobile unit that says
    where it is. `asks` is how the step is called in `step`, where that is not the action itself."""

    lacks: str
    steps: Way
    who: str
    asks: str = ""


def _joined(way: Way) -> Way:
    """The same, but a report joins the order as soon as it has a category: in review without one nothing joins it."""
    return (*way[:1], ("app", "report"), *way[1:])


_UNROUTED = (*WAYS["returned"], ("dispatcher", "to-nobody"))
_FORWARDED = (*WAYS["assigned"], ("department", "forward"))
_BELOW: dict[str, Way] = {"assigned": _FORWARDED, "accepted": (*_FORWARDED, ("street", "accept"))}
_BELOW["handled"] = (*_BELOW["accepted"], ("street", "handle"))
_NEAR: dict[str, Way] = {state: (("unit", "here"), *WAYS[state]) for state in sources("send-unit", "dispatcher")}
_SENT: dict[str, Way] = {state: (*way, ("dispatcher", "send-unit")) for state, way in _NEAR.items()}
_APART: dict[str, Way] = {
    state: (*WAYS[state], ("operator", "keep-apart")) for state in sources("perhaps-same", "operator")
}
_SEEN: dict[str, Way] = {"handled": (("camera", "seen"), ("department", "accept"), ("department", "handle"))}

# By role and action: what the usual way lacks, the ways that have it by the state in which they end, who asks.
_LACKING: Mapping[tuple[str, str], tuple[str, Mapping[str, Way], str]] = {
    ("operator", "split"): (
        "a report that was merged into it",
        {state: _joined(_UNROUTED if state == "review" else WAYS[state]) for state in sources("split", "operator")},
        "operator",
    ),
    **{
        (role, "perhaps-same"): ("another order that was kept apart", _APART, role)
        for role in ("reviewer", "dispatcher", "operator")
    },
    ("department", "take-back"): ("a department below that has it", _BELOW, "department"),
    ("department", "report-up"): (
        "a department that has it from above", {state: _BELOW[state] for state in ("assigned", "accepted")}, "street",
    ),
    ("department", "check-pass"): ("a department below that handled it", {"handled": _BELOW["handled"]}, "department"),
    ("department", "check-fail"): ("a department below that handled it", {"handled": _BELOW["handled"]}, "department"),
    **{(role, "send-unit"): ("a mobile unit that is near", _NEAR, role) for role in ("dispatcher", "duty-officer")},
    **{
        ("unit", action): ("a task", {state: _SENT[state] for state in sources(action, "unit")}, "unit")
        for action in {row.action for row in TABLE if "unit" in row.roles}
    },
    **{
        ("camera", action): ("a camera that has seen it and was asked", _SEEN, "camera")
        for action in {row.action for row in TABLE if "camera" in row.roles}
    },
}  # fmt: skip
OWN_WAYS: dict[tuple[str, str, str], OwnWay] = {
    (role, action, state): OwnWay(lacks, way, who)
    for (role, action), (lacks, ways, who) in _LACKING.items()
    for state, way in ways.items()
} | {
    ("department", "comment", "review"): OwnWay("a turn of the department", _UNROUTED, "department"),
    ("department", "comment", "rejected"): OwnWay(
        "a turn of the department", (*WAYS["assigned"], ("operator", "reject")), "department"
    ),
    ("department", "comment", "arbitration"): OwnWay(
        "a department that had it last and is this one", WAYS["arbitration"], "works"
    ),
    ("dispatcher", "arbitrate", "arbitration"): OwnWay(
        "a dispatcher who has not dispatched it before", WAYS["arbitration"], "second"
    ),
    ("dispatcher", "decide", "review"): OwnWay(
        "that no department follows from what is known", _UNROUTED, "dispatcher", "decide-where"
    ),
}
# What is refused on the usual way though the table has it: each has a way of its own, on which it is taken.
EXCUSED = {state: {(role, action) for role, action, there in OWN_WAYS if there == state} for state in WAYS}
# Roles of the table that no token is for, and by what their steps come over HTTP.
WITHOUT_TOKEN = {
    "camera": "`POST /rechecks` of a sensor, by what a device finds (tests/web/events/test_recheck_answers.py)",
    "citizen": "the link of a notice, `POST /r/{token}/updates` (tests/web/pages/test_reporter_page.py)",
}
# The city of these steps: the desk gives each check to the first, a dispatcher can give it to the other; below the
# department lies another one, cameras and citizens are asked wherever that is possible, and a unit goes next door only.
FILES_OF_STEPS: dict[str, str] = {
    "inspectors.csv": "id,areas,checks_max\nann,*,\nina,*,0\n",
    **appended("departments.csv", *LEVELS),
}
SETTINGS_OF_STEPS = (
    "unit_tries = 1\nunit_reach_km = 0.3\nrecheck_minutes = 60.0\nrecheck_share = 0.0\njudged_share = 1.0\n"
)


def units_csv(*units: str) -> str:
    """A table of mobile units that go anywhere."""
    return "id,kind,areas,department,skills\n" + "".join(f"{unit},car,*,,\n" for unit in units)


def step(action: str, other: str, at: int) -> dict[str, Any]:
    """What is said for an action at `at` (ms UTC) so that no guard has a word against it, but not by whom and of which
    order; `other` is an order to merge with. `back` is a return approved to the department that returned it first,
    `to-nobody` one to no department, `decide-where` a decision that names one."""
    named: Mapping[str, tuple[str, dict[str, Any]]] = {
        "back": ("approve-return", {"department": "roads"}),
        "to-nobody": ("approve-return", {}),
        "decide-where": ("decide", {"department": "works"}),
    }
    if action in named:
        return {"action": named[action][0], "reason": "because"} | named[action][1]
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
        "forward": {"department": "roads-street"},
        "divide": {"category": "street-light"},
        "give-check": {"inspector": "ina"},
        "re-assign": {"department": "works"},
        "re-categorise": {"category": "street-light"},
        "move-area": {"area": "north-w"},
        "prioritise": {"priority": 1},
        "supervise": {"level": 2, "until": tomorrow},
        "merge": {"other_order_id": other},
        "keep-apart": {"other_order_id": other},
        "perhaps-same": {"other_order_id": other},
        "relate": {"other_order_id": "north-w-20260302-aaaaaaaaaa"},
        "unmerge": {"other_order_id": other},
    }
    return {"action": action, "reason": "because"} | needed.get(action, {})

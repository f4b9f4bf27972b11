"""Returns 退单, arbitration 争议裁定 and the clocks around them."""

from typing import Any

import pytest

from models.events import ASSIGNMENT, WITHDRAWAL
from models.inbox import Actor
from tests.support.desks import (
    DAY,
    DISPATCHER,
    HOUR,
    IMPORTER,
    MINUTE,
    OFFICER,
    REVIEWER,
    T0,
    Desk,
    assert_laws,
    guess,
    quiet_city,
    report,
)

ROADS = Actor("department", "roads", "ren")
POLICE = Actor("department", "police", "pan")
WORKS = Actor("department", "works", "wu")
# A return that suggests a department, as one has to give it that was late.
TO_WORKS: dict[str, Any] = {"code": "not-my-function", "reason": "r", "department": "works", "evidence_urls": ("e",)}


@pytest.fixture
def desk() -> Desk:
    """A desk with one pothole, assigned to the roads bureau; it might as well be a water leak."""
    desk = Desk()
    seen = guess("pothole", alternatives=(("pothole", 0.9), ("street-vendor", 0.05), ("water-leak", 0.03)))
    desk.feed(report("1", T0, guess=seen), at=T0)
    return desk


def sent(desk: Desk, topic: str, kind: str) -> list[str]:
    """The ids of the events of a kind on a topic."""
    found = []
    for out in desk.sent:
        headers = dict(out.headers)
        if out.topic == topic and headers["ce_type"].decode() == kind:
            found.append(headers["ce_id"].decode())
    return found


def test_a_safe_suggestion_is_followed_at_once(desk: Desk) -> None:
    """The suggested department is responsible for a likely category: re-assigned, an approved return, withdrawn."""
    refused = desk.update("return", ROADS, T0 + HOUR, code="not-my-function", reason="水管", department="works")

    order = desk.only()
    assert refused == ""
    assert (order.state, order.department, order.category, order.attempt) == ("assigned", "works", "water-leak", 2)
    assert order.assignments[0].misrouted
    assert order.assignments[0].held_ms == HOUR
    assert desk.names()[-3:] == ["returned", "return-approved", "assigned"]
    assert len(sent(desk, "assignments/roads", WITHDRAWAL)) == 1
    assert len(sent(desk, "assignments/works", ASSIGNMENT)) == 1


def test_an_unsafe_suggestion_waits_for_a_dispatcher(desk: Desk) -> None:
    """A department that is responsible for none of the likely categories gets nothing by itself."""
    desk.update("return", ROADS, T0 + HOUR, code="not-my-area", reason="r", department="north-office")

    assert desk.only().state == "returned"
    assert desk.only().suggested_department == "north-office"
    assert desk.update("approve-return", DISPATCHER, T0 + 2 * HOUR, department="north-office") == ""
    assert desk.only().department == "north-office"


def test_a_detour_is_charged_to_dispatching(desk: Desk) -> None:
    """A returns after two days, B handles within its own time: A is charged nothing, the order's limit stood still
    for the detour, and B is on time."""
    due = desk.only().due
    assert due is not None
    back = T0 + 2 * DAY
    desk.update("return", ROADS, back, code="not-my-function", reason="r", evidence_urls=("e",))
    desk.update("approve-return", DISPATCHER, back + HOUR, department="works", category="water-leak")
    order = desk.only()

    assert order.due == order.due_raw == due + 2 * DAY + HOUR
    assert order.assignments[0].misrouted
    assert order.assignments[1].at == back + HOUR

    done = due + 2 * DAY  # after the limit as it was before the detour
    desk.update("accept", WORKS, back + 2 * HOUR)
    desk.update("handle", WORKS, done, evidence_urls=("e",))
    desk.update("check-pass", Actor("inspector", "", "i"), done + HOUR)
    closing = desk.only().closings[0]

    assert closing.handled_at == done
    assert closing.due is not None
    assert done <= closing.due
    assert desk.count("closed_on_time") == 1
    assert desk.count("closed", "department/roads") == 0
    assert desk.count("closed_on_time", "department/works") == 1
    assert_laws(desk)


def test_the_third_return_goes_to_arbitration_before_anything_else() -> None:
    """Even a safe suggestion does not help any more; the officer's decision binds."""
    desk = Desk(quiet_city("returns_to_arbitration = 2"))
    desk.feed(report("1", T0), at=T0)
    desk.update("return", ROADS, T0 + HOUR, code="unclear", reason="r")
    desk.update("approve-return", DISPATCHER, T0 + 2 * HOUR, department="north-office")
    north = Actor("department", "north-office", "nan")
    desk.update("return", north, T0 + 3 * HOUR, code="unclear", reason="r", department="works")

    assert desk.only().state == "arbitration"
    assert desk.names()[-2:] == ["returned", "sent-to-arbitration"]

    assert desk.update("arbitrate", OFFICER, T0 + 4 * HOUR, department="works", category="water-leak") == ""
    assert desk.only().assignments[-1].binding
    assert desk.update("return", WORKS, T0 + 5 * HOUR, code="unclear", reason="r") == "binding"
    assert_laws(desk)


def test_a_circle_goes_to_arbitration(desk: Desk) -> None:
    """The next target has already returned this order."""
    desk.update("return", ROADS, T0 + HOUR, code="not-my-function", reason="r", department="works")
    desk.update("return", WORKS, T0 + 2 * HOUR, code="not-my-function", reason="r", department="roads")

    assert desk.only().state == "arbitration"

    desk.update("arbitrate", OFFICER, T0 + 3 * HOUR, department="works")
    order = desk.only()
    assert (order.state, order.department, order.attempt) == ("assigned", "works", 2)
    assert order.assignments[-1].binding
    assert not order.assignments[-1].misrouted
    assert_laws(desk)


def test_arbitration_for_who_had_it_as_another_category_begins_a_turn_of_that() -> None:
    """It is what the officer says, with the limits of that; only as what it was does it go on where it was."""
    desk = Desk(quiet_city("returns_to_arbitration = 2"))
    desk.feed(report("1", T0), at=T0)
    desk.update("return", ROADS, T0 + HOUR, code="unclear", reason="r")
    desk.update("approve-return", DISPATCHER, T0 + 2 * HOUR, department="works")
    desk.update("return", WORKS, T0 + 3 * HOUR, code="unclear", reason="r")
    assert (desk.only().state, desk.only().department) == ("arbitration", "works")

    said = {"department": "works", "category": "water-leak", "reason": "a pipe"}
    assert desk.update("arbitrate", OFFICER, T0 + 4 * HOUR, **said) == ""

    order = desk.only()
    assert (order.state, order.category, order.department) == ("assigned", "water-leak", "works")
    assert [turn.department for turn in order.assignments] == ["roads", "works", "works"]
    assert order.assignments[-1].binding
    assert_laws(desk)


def test_another_priority_in_review_leaves_the_turn_that_has_ended_as_it_was(desk: Desk) -> None:
    """Nobody handles it meanwhile; until when the one before had to is told of that turn all the same."""
    desk.update("return", ROADS, T0 + HOUR, code="not-my-function", reason="r")
    desk.update("approve-return", DISPATCHER, T0 + 2 * HOUR)
    before = desk.only().assignments
    assert (desk.only().state, before[-1].ended_by) == ("review", "return-approved")

    assert desk.update("prioritise", OFFICER, T0 + 3 * HOUR, priority=1, reason="a school") == ""

    assert desk.only().priority == 1
    assert desk.only().assignments == before


def test_a_review_that_was_late_is_over_when_arbitration_begins(desk: Desk) -> None:
    """Done late, it is not also one that nobody has made; what runs from then on is the arbitration."""
    desk.update("return", ROADS, T0 + HOUR, code="unclear", reason="r")
    desk.update("approve-return", DISPATCHER, T0 + 2 * HOUR)
    desk.tick(T0 + 2 * DAY)
    assert (desk.only().state, desk.count("dispatch_missed")) == ("review", 1)
    done = desk.count("dispatch_done")

    assert desk.update("decide", REVIEWER, T0 + 2 * DAY, category="pothole", department="roads") == ""

    assert desk.only().state == "arbitration"
    assert {limit.stage for limit in desk.only().limits} == {"whole", "arbitration"}
    assert (desk.count("dispatch_missed"), desk.count("dispatch_done")) == (0, done + 1)
    assert_laws(desk)


@pytest.mark.parametrize(("to", "misroutes"), [("police", 2), ("works", 1)])
def test_what_was_taken_away_on_the_way_to_arbitration_is_approved_once(desk: Desk, to: str, misroutes: int) -> None:
    """Moved back to where it was returned, it is the duty officer's; whoever keeps it then was not asked by mistake."""
    desk.update("return", ROADS, T0 + HOUR, code="unclear", reason="r", department="works")
    moved = {"to_area": "south-e", "department": "roads", "reason": "beyond the bridge"}
    assert desk.update("move-area", DISPATCHER, T0 + 3 * HOUR, **moved) == ""
    assert (desk.only().state, desk.only().department) == ("arbitration", "works")

    assert desk.update("arbitrate", OFFICER, T0 + 5 * HOUR, department=to, reason="it is theirs") == ""

    order = desk.only()
    assert (order.state, order.department) == ("assigned", to)
    assert desk.names().count("return-approved") == desk.names().count("taken-back") == 1
    assert desk.count("misroutes", "area/south-e") == misroutes
    assert not order.assignments[-1].misrouted
    assert_laws(desk)


def test_a_refused_return_binds_and_the_clock_has_run_on(desk: Desk) -> None:
    """Same turn, same limit for handling, a fresh one for accepting."""
    before = desk.only().assignments[0]
    desk.update("return", ROADS, T0 + HOUR, code="unclear", reason="r")
    assert desk.update("refuse-return", DISPATCHER, T0 + 5 * HOUR) == "missing-reason"
    desk.update("refuse-return", DISPATCHER, T0 + 5 * HOUR, reason="it is yours")

    order = desk.only()
    (turn,) = order.assignments
    assert order.state == "assigned"
    assert turn.binding
    assert turn.handle_due == before.handle_due
    assert turn.accept_due == T0 + 7 * HOUR
    assert order.dispatches[-1].stage == "return"
    assert desk.update("return", ROADS, T0 + 6 * HOUR, code="unclear", reason="r") == "binding"


def test_what_was_returned_in_time_is_late_for_its_fresh_limit_alone(desk: Desk) -> None:
    """Also where the desk hears of the return after the limit: nothing is missed while the fresh one runs."""
    desk.tick(T0 + 3 * HOUR)
    assert desk.count("accept_missed") == 1
    told_late = {"source": IMPORTER, "code": "unclear", "reason": "r"}
    assert desk.update("return", ROADS, T0 + HOUR, **told_late) == ""

    assert desk.update("refuse-return", DISPATCHER, T0 + 5 * HOUR, reason="it is yours") == ""

    assert desk.count("accept_missed") == 0
    desk.tick(T0 + 8 * HOUR)
    assert desk.count("accept_missed") == 1
    assert_laws(desk)


def test_a_limit_for_accepting_that_was_missed_stays_missed_where_the_return_is_refused(desk: Desk) -> None:
    """Or a department that is late would only have to return the order, with some picture, and be in time again."""
    desk.tick(T0 + 3 * HOUR)
    assert desk.update("return", ROADS, T0 + 4 * HOUR, code="unclear", reason="r", evidence_urls=("e",)) == ""
    assert desk.update("refuse-return", DISPATCHER, T0 + 5 * HOUR, reason="it is yours") == ""
    assert desk.count("accept_missed") == 1

    assert desk.update("accept", ROADS, T0 + 6 * HOUR) == ""  # within the fresh limit

    counted = {figure: desk.count(figure) for figure in ("accept_done", "accept_missed", "accept_on_time")}
    assert counted == {"accept_done": 1, "accept_missed": 0, "accept_on_time": 0}
    assert_laws(desk)


def test_the_first_limit_for_accepting_that_was_missed_is_the_one_that_counts(desk: Desk) -> None:
    """On its own day, also where the fresh one after a refused return is missed as well."""
    desk.update("return", ROADS, T0 + DAY, code="unclear", reason="r", evidence_urls=("e",))
    desk.update("refuse-return", DISPATCHER, T0 + 2 * DAY, reason="it is yours")

    desk.tick(T0 + 3 * DAY)

    assert desk.names().count("breached") >= 2
    assert desk.only().assignments[0].accept_missed_at == T0 + 2 * HOUR
    assert desk.count("accept_missed") == 1
    assert_laws(desk)


def test_a_safe_suggestion_of_who_has_missed_a_limit_waits_for_a_dispatcher(desk: Desk) -> None:
    """An approved return takes what was missed off a department's figures; nobody would have looked at that."""
    assert desk.update("return", ROADS, T0 + 3 * HOUR, **TO_WORKS) == ""

    assert (desk.only().state, desk.count("accept_missed")) == ("returned", 1)
    assert desk.update("approve-return", DISPATCHER, T0 + 4 * HOUR, department="works") == ""
    assert (desk.only().department, desk.count("accept_missed")) == ("works", 0)
    assert_laws(desk)


def test_whoever_accepted_in_time_and_missed_handling_waits_for_a_dispatcher_too(desk: Desk) -> None:
    """Each limit of the turn counts."""
    assert desk.update("accept", ROADS, T0 + HOUR) == ""

    assert desk.update("return", ROADS, T0 + 25 * HOUR, **TO_WORKS) == ""

    assert (desk.only().state, desk.count("handle_missed")) == ("returned", 1)
    assert_laws(desk)


@pytest.mark.parametrize(
    ("limits", "own", "returned"),
    [
        ("category,condition,stage,amount,unit\n*,,whole,7,day\n", {}, 60 * DAY),
        ("", {"due_given": True, "due": T0 + 6 * HOUR}, 20 * HOUR),
    ],
    ids=["of the city", "of the report"],
)
def test_a_safe_suggestion_waits_for_a_dispatcher_where_the_order_became_overdue(
    limits: str, own: dict[str, Any], returned: int
) -> None:
    """Its own limit may be the only one there is, or that was up; an approval moves it, and nothing was overdue."""
    desk = Desk(quiet_city(**({"limits.csv": limits} if limits else {})))
    seen = guess("pothole", alternatives=(("pothole", 0.9), ("street-vendor", 0.05), ("water-leak", 0.03)))
    desk.feed(report("1", T0, guess=seen, **own), at=T0)
    desk.update("accept", ROADS, T0 + HOUR)

    assert desk.update("return", ROADS, T0 + returned, **TO_WORKS) == ""

    assert (desk.only().state, desk.count("overdue_open")) == ("returned", 1)
    assert_laws(desk)


def test_a_safe_suggestion_is_followed_where_the_order_was_overdue_before_it_was_assigned() -> None:
    """Nobody at that department let it become so, and it stays overdue with the next one."""
    desk = Desk(quiet_city(**{"limits.csv": "category,condition,stage,amount,unit\n*,,whole,7,day\n"}))
    unsure = (("pothole", 0.4), ("street-vendor", 0.3), ("water-leak", 0.3))
    desk.feed(report("1", T0, guess=guess("pothole", 0.4, outcome="abstain", alternatives=unsure)), at=T0)
    desk.tick(T0 + 8 * DAY)
    assert desk.update("decide", REVIEWER, T0 + 8 * DAY, category="pothole") == ""
    assert desk.count("overdue_open") == 1

    assert desk.update("return", ROADS, T0 + 8 * DAY + HOUR, **TO_WORKS) == ""

    assert (desk.only().department, desk.count("overdue_open")) == ("works", 1)
    assert_laws(desk)


def test_another_priority_in_arbitration_leaves_the_limit_for_handling(desk: Desk) -> None:
    """Of an order that was taken from a department on the way there, which may have it back."""
    desk.update("return", ROADS, T0 + HOUR, code="unclear", reason="r", department="works")
    moved = {"to_area": "south-e", "department": "roads", "reason": "beyond the bridge"}
    assert desk.update("move-area", DISPATCHER, T0 + 3 * HOUR, **moved) == ""
    due = {limit.stage: limit.due for limit in desk.only().limits}["handle"]
    assert desk.update("prioritise", OFFICER, T0 + 4 * HOUR, priority=4, reason="it is small") == ""

    assert desk.update("arbitrate", OFFICER, T0 + 5 * HOUR, department="works", reason="it is theirs") == ""

    assert {limit.stage: limit.due for limit in desk.only().limits}["handle"] == due
    desk.tick(due)
    assert desk.count("handle_missed", "area/south-e") == 1
    assert_laws(desk)


@pytest.mark.parametrize(
    ("own", "refusal"),
    [
        ({"reason": "r"}, "missing-code"),
        ({"reason": "r", "code": "tired"}, "bad-code"),
        ({"code": "unclear"}, "missing-reason"),
        ({"code": "unclear", "reason": "r", "department": "nobody"}, "unknown-department"),
        ({"code": "unclear", "reason": "r", "by": POLICE}, "wrong-department"),
    ],
)
def test_a_return_must_say_why(desk: Desk, own: dict[str, Any], refusal: str) -> None:
    """Code and reason are asked for, and only the lead may return."""
    by = own.pop("by", ROADS)

    assert desk.update("return", by, T0 + HOUR, **own) == refusal
    assert desk.only().state == "assigned"
    assert desk.only().seq == 3


def test_returning_late_takes_evidence(desk: Desk) -> None:
    """After the accept window a return needs evidence."""
    desk.update("accept", ROADS, T0 + HOUR)
    late = T0 + 3 * HOUR

    assert desk.update("return", ROADS, late, code="unclear", reason="r") == "return-window-over"
    assert desk.update("return", ROADS, late + MINUTE, code="unclear", reason="r", evidence_urls=("e",)) == ""


@pytest.mark.parametrize(
    ("own", "state"),
    [({}, "review"), ({"code": "not-a-problem", "reason": "r"}, "rejected"), ({"department": "police"}, "assigned")],
)
def test_a_dispatcher_decides_what_becomes_of_a_return(desk: Desk, own: dict[str, str], state: str) -> None:
    """To another department, to nobody, or back to review."""
    desk.update("return", ROADS, T0 + HOUR, code="unclear", reason="r")
    assert desk.update("approve-return", DISPATCHER, T0 + 2 * HOUR, department="roads") == "same-department"

    assert desk.update("approve-return", DISPATCHER, T0 + 3 * HOUR, **own) == ""
    assert desk.only().state == state
    assert desk.only().assignments[0].misrouted
    assert_laws(desk)


@pytest.mark.parametrize("code", ["not-a-problem", "x"])
def test_a_dispatcher_who_says_whose_an_order_is_cannot_reject_it(desk: Desk, code: str) -> None:
    """That it is no matter at all, a reviewer says, whatever else the dispatcher names."""
    desk.update("return", ROADS, T0 + HOUR, code="unclear", reason="r")
    desk.update("approve-return", DISPATCHER, T0 + 2 * HOUR)
    assert desk.only().state == "review"

    said = {"code": code, "reason": "r", "department": "police", "category": desk.only().category}
    assert desk.update("decide", DISPATCHER, T0 + 3 * HOUR, **said) == "for-a-reviewer"

    assert desk.only().state == "review"
    assert desk.update("decide", DISPATCHER, T0 + 4 * HOUR, **(said | {"code": ""})) == ""
    assert desk.only().department == "police"


def test_a_returned_duplicate_is_merged(desk: Desk) -> None:
    """Code duplicate with the other order's id."""
    desk.feed(report("2", T0, "完全不同的一件事情啊", lat=30.02), at=T0)
    first, second = desk.state.orders.values()
    desk.update("return", ROADS, T0 + HOUR, second.id, code="duplicate", reason="r")
    assert desk.update("approve-return", DISPATCHER, T0 + HOUR, second.id, code="duplicate") == "not-mergeable"

    desk.update("approve-return", DISPATCHER, T0 + HOUR, second.id, code="duplicate", other_order_id=first.id)

    assert desk.order(second.id).state == "merged"
    assert desk.order(first.id).children == (second.id,)
    assert_laws(desk)


def test_a_decision_of_a_reviewer_is_a_label_and_sets_the_condition() -> None:
    """Category, condition and department; the order's limit is that of the condition, from the opening."""
    desk = Desk()
    desk.feed(report("1", T0, category=""), at=T0)
    assert desk.only().state == "review"
    assert desk.update("decide", REVIEWER, T0 + HOUR) == "missing-category"
    assert desk.update("decide", REVIEWER, T0 + HOUR, category="nonsense") == "unknown-category"
    assert desk.update("decide", REVIEWER, T0 + HOUR, category="pothole", condition="flat") == "unknown-condition"
    assert desk.update("decide", REVIEWER, T0 + HOUR, category="pothole", department="x") == "unknown-department"

    assert desk.update("decide", REVIEWER, T0 + HOUR, category="pothole", condition="rebuild") == ""

    order = desk.only()
    assert (order.state, order.department, order.label, order.condition) == ("assigned", "roads", "pothole", "rebuild")
    assert order.due == T0 + 40 * DAY
    assert order.dispatches[0].stage == "review"
    assert order.dispatches[0].due is not None

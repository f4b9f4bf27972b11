"""Priority 优先级: from category and rules, from how many have seen it, or by hand; and what it does to limits."""

import pytest

from dispatcher.order import facts
from dispatcher.order.folds.evidence import KEPT
from tests.support.desks import (
    DISPATCHER,
    HOUR,
    INSPECTOR,
    OFFICER,
    REVIEWER,
    T0,
    Desk,
    assert_laws,
    detection,
    facts_of,
    guess,
    quiet_city,
    report,
)
from tests.unit.steps.test_desk_returns import ROADS

LIMITS = (
    "category,condition,stage,amount,unit,priority\n"
    "pothole,,handle,24,hour24,\npothole,,whole,100,hour24,\n"
    "pothole,,handle,4,hour24,1\npothole,,whole,10,hour24,1\n"
    "*,,whole,50,hour24,\n"
)
RAISES = "category,seen_by,priority\npothole,3,2\npothole,4,1\n*,2,1\n"


def opened(raises: str = "") -> Desk:
    """A desk with one pothole of priority 3 that one reporter has seen, assigned to the roads bureau at T0."""
    more = {"priorities.csv": raises} if raises else {}
    desk = Desk(quiet_city("", **{"limits.csv": LIMITS}, **more))
    desk.feed(report("1", T0, "a pothole", guess=guess("pothole"), reporter="r1"), at=T0)
    return desk


def seen_again(desk: Desk, number: int, reporter: str) -> None:
    """Another report of the same pothole, some minutes later."""
    at = T0 + number * 60_000
    desk.feed(report(str(number), at, "a pothole", guess=guess("pothole"), reporter=reporter), at=at)


def test_a_priority_set_by_hand_brings_its_limits_and_outlasts_a_change_of_hands() -> None:
    """From where the old ones began; the department and the supervisors hear of it."""
    desk = opened()
    desk.update("accept", ROADS, T0 + HOUR)

    assert desk.update("prioritise", DISPATCHER, T0 + 2 * HOUR, priority=1, reason="a bus stop") == ""

    order = desk.only()
    assert (order.state, order.priority, order.priority_by) == ("accepted", 1, "dispatcher")
    assert (order.assignments[-1].handle_due, order.due) == (T0 + 4 * HOUR, T0 + 10 * HOUR)
    told = [out.key for out in desk.sent if out.topic == "notices" and b'"kind":"prioritised"' in out.value]
    assert told == ["roads", "supervisor"]
    desk.update("re-assign", DISPATCHER, T0 + 3 * HOUR, department="works", reason="r")
    assert desk.only().priority == 1
    assert_laws(desk)


@pytest.mark.parametrize("priority", [None, 3])
def test_a_priority_is_one_to_five_and_another(priority: int | None) -> None:
    """The order has 3 already."""
    assert opened().update("prioritise", OFFICER, T0, priority=priority, reason="r") == "bad-priority"


def test_an_order_in_review_has_a_priority_and_its_limit() -> None:
    """That of the category which the classifier thinks of, until somebody sets another."""
    desk = Desk(quiet_city("", **{"limits.csv": LIMITS}))
    desk.feed(report("1", T0, "something", "", reporter="r1"), at=T0)
    assert (desk.only().state, desk.only().priority) == ("review", 3)

    assert desk.update("prioritise", REVIEWER, T0 + HOUR, priority=2, reason="children play there") == ""
    desk.update("decide", REVIEWER, T0 + HOUR, category="pothole")

    assert (desk.only().state, desk.only().priority) == ("assigned", 2)
    assert_laws(desk)


def test_what_many_have_seen_is_more_urgent() -> None:
    """Each different reporter and camera counts once; the category's rows decide, not those of `*`."""
    desk = opened(RAISES)
    seen_again(desk, 2, "r2")
    seen_again(desk, 3, "r2")
    assert desk.only().priority == 3

    seen_again(desk, 4, "r3")
    assert desk.only().priority == 2
    desk.feed(detection("5", T0 + 5 * 60_000, "pothole", "cam-sw-1"), at=T0 + 5 * 60_000)

    order = desk.only()
    assert (order.priority, order.due) == (1, T0 + 10 * HOUR)
    raised = [fact for fact in facts_of(desk.sent) if isinstance(fact, facts.Prioritised)]
    assert [(fact.priority, fact.actor.role, fact.reason) for fact in raised] == [
        (2, "desk", "seen by 3"),
        (1, "desk", "seen by 4"),
    ]
    assert_laws(desk)


def test_what_an_incident_covers_has_not_seen_it() -> None:
    """A pothole in the flood shows the pothole; another camera that sees the water, and a citizen, count."""
    inhibited = {"inhibitions.csv": "parent,child,reason\nwater-leak,road,x\n"}
    desk = Desk(quiet_city("", **{"priorities.csv": "category,seen_by,priority\n*,3,1\n"}, **inhibited))
    desk.feed(report("1", T0, "水管漏水", "water-leak"), at=T0)

    for n, camera in enumerate(("cam-sw-1", "cam-sw-2", "cam-x")):
        desk.feed(detection(f"c{n}", T0 + HOUR, camera=camera), at=T0 + HOUR)
    desk.feed(report("2", T0 + HOUR, "路灯坏了", "street-light"), at=T0 + HOUR)
    covered = desk.only().priority
    for n, camera in enumerate(("cam-sw-1", "cam-x")):
        desk.feed(detection(f"w{n}", T0 + 2 * HOUR, "water-leak", camera), at=T0 + 2 * HOUR)

    assert (covered, desk.only().priority) == (2, 1)
    assert desk.only().evidence_count == 7
    assert_laws(desk)


@pytest.mark.parametrize("by_camera", [True, False])
def test_what_is_reopened_is_as_urgent_as_those_make_it_who_have_seen_it(by_camera: bool) -> None:
    """Who sees it again is one more."""
    desk = Desk(quiet_city("", **{"priorities.csv": "category,seen_by,priority\n*,2,1\n"}))
    desk.feed(detection("1", T0), at=T0)
    desk.update("accept", ROADS, T0)
    desk.update("handle", ROADS, T0, evidence_urls=("https://photos.example/1.jpg",))
    desk.update("check-pass", INSPECTOR, T0)

    again = detection("2", T0 + HOUR, camera="cam-sw-2") if by_camera else report("2", T0 + HOUR, "x", "street-light")
    desk.feed(again, at=T0 + HOUR)

    assert (desk.only().state, desk.only().priority) == ("assigned", 1)
    assert_laws(desk)


def test_what_an_incident_covers_has_not_seen_it_however_much_that_is() -> None:
    """Also those whose reports the row no longer keeps."""
    inhibited = {"inhibitions.csv": "parent,child,reason\nwater-leak,road,x\n"}
    desk = Desk(quiet_city("", **{"priorities.csv": "category,seen_by,priority\n*,3,1\n"}, **inhibited))
    desk.feed(report("1", T0, "水管漏水", "water-leak"), at=T0)

    desk.feed(*(report(f"c{n}", T0 + HOUR, "路灯坏了", "street-light") for n in range(3 * KEPT)), at=T0 + HOUR)

    assert (desk.only().priority, desk.only().evidence_count) == (2, 3 * KEPT + 1)
    assert_laws(desk)


def test_what_a_person_has_set_is_not_raised_by_numbers() -> None:
    """A dispatcher who knows better is not overruled by the next report."""
    desk = opened(RAISES)
    desk.update("prioritise", DISPATCHER, T0, priority=5, reason="to be resurfaced on Monday")

    for number, reporter in enumerate(("r2", "r3", "r4"), 2):
        seen_again(desk, number, reporter)

    assert desk.only().priority == 5


def test_supervisors_hear_of_what_is_a_matter_of_life_and_limb() -> None:
    """With its assignment; each notice says how urgent the order is."""
    desk = opened()
    desk.update("prioritise", DISPATCHER, T0, priority=1, reason="r")
    before = len(desk.sent)

    desk.update("re-assign", DISPATCHER, T0, department="works", reason="r")

    told = [(out.key, b'"priority":1' in out.value) for out in desk.sent[before:] if out.topic == "notices"
            and b'"kind":"assigned"' in out.value]  # fmt: skip
    assert told == [("r1", True), ("works", True), ("supervisor", True)]


def test_a_priority_that_a_rule_has_set_outlasts_review_and_another_department() -> None:
    """Only a person changes it: the category that a reviewer settles has another one."""
    rule = """
[[rules]]
id = "school"
reason = "near a school"
[rules.when]
text_any = ["school"]
[rules.then]
priority = 1
review = true
"""
    desk = Desk(quiet_city("", **{"rules.toml": rule}))
    desk.feed(report("1", T0, "a pothole at the school", guess=guess("pothole")), at=T0)
    assert (desk.only().state, desk.only().priority, desk.only().priority_by) == ("review", 1, "desk")

    desk.update("decide", REVIEWER, T0 + HOUR, category="pothole")
    assert (desk.only().state, desk.only().priority) == ("assigned", 1)
    desk.update("re-assign", DISPATCHER, T0 + 2 * HOUR, department="works", reason="r")
    assert desk.only().priority == 1

    desk.update("prioritise", OFFICER, T0 + 3 * HOUR, priority=4, reason="it is not that bad")
    assert (desk.only().priority, desk.only().priority_by) == (4, "duty-officer")
    assert_laws(desk)

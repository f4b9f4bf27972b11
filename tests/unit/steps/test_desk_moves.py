"""Moves 处理动作 beside the way from department to department: re-assigning, another category, supervision by hand,
reminders, remarks, and what a reporter's grade does."""

from typing import Any

import pytest

from dispatcher.order import facts
from dispatcher.order.folds.apply import TIMELINE
from dispatcher.steps.guards import time_windows
from models.events import ASSIGNMENT, WITHDRAWAL
from models.inbox import Actor
from models.sealed_words import ReportKey, seal
from tests.support.desks import (
    DAY,
    DISPATCHER,
    HOUR,
    INSPECTOR,
    OFFICER,
    T0,
    Desk,
    assert_laws,
    facts_of,
    guess,
    quiet_city,
    report,
)
from tests.unit.steps.test_desk_returns import ROADS, WORKS, sent

CITIZEN = Actor("reporter", "", "hash-1")
LIMITS = (
    "category,condition,stage,amount,unit\n"
    "pothole,,handle,24,hour24\npothole,,whole,100,hour24\n"
    "water-leak,,handle,6,hour24\nwater-leak,,whole,10,hour24\n"
)


def opened(settings: str = "", limits: str = LIMITS) -> Desk:
    """A desk with one pothole of one reporter, assigned to the roads bureau at T0."""
    desk = Desk(quiet_city(settings, **{"limits.csv": limits}))
    desk.feed(report("1", T0, guess=guess("pothole"), reporter="hash-1"), at=T0)
    return desk


def closed(settings: str = "") -> Desk:
    """The same, handled, checked and closed after two hours."""
    desk = opened(settings)
    desk.update("accept", ROADS, T0 + HOUR)
    desk.update("handle", ROADS, T0 + 2 * HOUR, evidence_urls=("https://pictures.example/1.jpg",))
    desk.update("check-pass", INSPECTOR, T0 + 2 * HOUR)
    return desk


@pytest.mark.parametrize("accepted", [False, True])
def test_a_dispatcher_takes_a_wrong_order_back_before_it_is_returned(accepted: bool) -> None:
    """Before or after acceptance: withdrawn here, assigned there, the limit moved by the detour, a misroute and no
    return."""
    desk = opened()
    if accepted:
        desk.update("accept", ROADS, T0 + HOUR)

    refusal = desk.update("re-assign", DISPATCHER, T0 + 3 * HOUR, department="works", reason="a water pipe")

    order = desk.only()
    assert refusal == ""
    assert (order.state, order.department, order.attempt) == ("assigned", "works", 2)
    assert order.due == T0 + 103 * HOUR
    assert desk.names()[-2:] == ["taken-back", "assigned"]
    assert len(sent(desk, "assignments/roads", WITHDRAWAL)) == 1
    assert len(sent(desk, "assignments/works", ASSIGNMENT)) == 1
    assert (desk.count("misroutes"), desk.count("returned"), desk.count("returns_approved")) == (1, 0, 0)
    assert desk.count("misroute_ms") == 3 * HOUR
    assert_laws(desk)


def test_re_assigning_respects_what_was_decided() -> None:
    """Not to the holder, not to one that has returned it, not away from where a duty officer has bound it."""
    desk = opened()
    assert desk.update("re-assign", DISPATCHER, T0, department="roads", reason="r") == "same-holder"
    assert desk.update("re-assign", DISPATCHER, T0, reason="r") == "missing-department"
    assert desk.update("re-assign", DISPATCHER, T0, department="nobody", reason="r") == "unknown-department"
    assert desk.update("re-assign", OFFICER, T0, department="works", reason="r") == "wrong-role"
    desk.update("return", ROADS, T0, code="unclear", reason="r")
    desk.update("approve-return", DISPATCHER, T0, department="works")

    assert desk.update("re-assign", DISPATCHER, T0, department="roads", reason="r") == "has-returned-it"
    desk.update("return", WORKS, T0, code="unclear", reason="r", department="roads")
    desk.update("arbitrate", OFFICER, T0, department="roads")
    assert desk.update("re-assign", DISPATCHER, T0, department="works", reason="r") == "binding"


def test_another_category_brings_its_limits_from_the_same_beginnings() -> None:
    """The department stays; a limit that is over by then is breached at once."""
    desk = opened()
    desk.update("accept", ROADS, T0 + HOUR)

    refusal = desk.update("re-categorise", DISPATCHER, T0 + 8 * HOUR, category="water-leak", reason="seen on site")

    order = desk.only()
    assert refusal == ""
    assert (order.state, order.department, order.category, order.attempt) == ("accepted", "roads", "water-leak", 1)
    assert order.assignments[-1].handle_due == T0 + 6 * HOUR
    assert (order.due, order.due_raw) == (T0 + 10 * HOUR, T0 + 10 * HOUR)
    desk.tick(T0 + 9 * HOUR)
    assert "breached" in desk.names()
    assert desk.only().assignments[-1].handle_missed_at is not None
    assert_laws(desk)


def test_limits_that_a_person_has_moved_outlast_another_category() -> None:
    """An extension that was granted stays granted."""
    desk = opened()
    desk.update("request-extension", ROADS, T0 + HOUR, reason="parts")
    desk.update("approve-extension", DISPATCHER, T0 + HOUR)
    due = desk.only().due

    desk.update("re-categorise", DISPATCHER, T0 + 8 * HOUR, category="water-leak", reason="seen on site")

    assert desk.only().category == "water-leak"
    assert desk.only().due == due == T0 + 200 * HOUR


def test_an_order_is_recategorised_to_a_known_other_category_alone() -> None:
    """The category that it has, none, and one that the city does not know are refused."""
    desk = opened()

    assert desk.update("re-categorise", DISPATCHER, T0, category="pothole", reason="r") == "same-category"
    assert desk.update("re-categorise", DISPATCHER, T0, reason="r") == "missing-category"
    assert desk.update("re-categorise", DISPATCHER, T0, category="no-such", reason="r") == "unknown-category"
    assert desk.update("re-categorise", DISPATCHER, T0, category="water-leak") == "missing-reason"


def test_a_duty_officer_orders_supervision_and_its_deadline_brings_the_next_level() -> None:
    """Without any breach; it outlasts a change of hands and ends with the order."""
    desk = opened()
    deadline = T0 + 5 * HOUR
    assert desk.update("supervise", OFFICER, T0 + HOUR, level=1, until=deadline, reason="on the mayor's list") == ""
    desk.update("re-assign", DISPATCHER, T0 + 2 * HOUR, department="works", reason="r")
    assert desk.only().supervision == 1

    desk.tick(T0 + 6 * HOUR)

    assert desk.only().supervision == 2
    raised = [fact for fact in facts_of(desk.sent) if isinstance(fact, facts.Supervised)]
    assert [(fact.level, fact.at) for fact in raised] == [(2, deadline)]
    desk.update("accept", WORKS, T0 + 6 * HOUR)
    desk.update("handle", WORKS, T0 + 7 * HOUR, evidence_urls=("https://pictures.example/1.jpg",))
    desk.tick(T0 + 3 * DAY)
    assert desk.only().supervision == 2
    assert_laws(desk)


@pytest.mark.parametrize(
    ("level", "until", "refusal"),
    [(None, DAY, "bad-level"), (4, DAY, "bad-level"), (1, DAY, "bad-level"), (2, -HOUR, "missing-deadline"),
     (3, None, "missing-deadline")],
)  # fmt: skip
def test_supervision_needs_a_level_no_lower_and_a_deadline(level: int | None, until: int | None, refusal: str) -> None:
    """An order at level 2 of 3."""
    desk = opened()
    desk.update("supervise", OFFICER, T0, level=2, until=T0 + DAY, reason="r")

    given = None if until is None else T0 + until
    assert desk.update("supervise", OFFICER, T0, level=level, until=given, reason="r") == refusal


def test_a_reporter_reminds_once_a_day() -> None:
    """Counted on the city's days, told to the department; nobody else's reporter may."""
    desk = opened()
    assert desk.update("remind", Actor("reporter", "", "hash-9"), T0) == "not-its-reporter"
    assert desk.update("remind", CITIZEN, T0) == ""
    assert desk.update("remind", CITIZEN, T0 + HOUR) == "reminded-today"
    assert desk.update("remind", CITIZEN, T0 + DAY) == ""

    assert len(desk.only().reminded_on) == 2
    assert desk.count("reminded") == 2
    told = [out.key for out in desk.sent if out.topic == "notices" and b'"kind":"reminded"' in out.value]
    assert told == ["roads", "supervisor"] * 2
    assert_laws(desk)


def test_a_reporter_adds_to_an_order_so_often_until_others_have_taken_steps() -> None:
    """A row keeps the last 200 steps, and of them 20 of one reporter at most; no other reporter is held up by that."""
    desk = opened()
    desk.feed(report("2", T0, reporter="hash-2"))
    other = Actor("reporter", "", "hash-2")

    said = [desk.update("comment", CITIZEN, T0 + n, reason=f"still {n}") for n in range(25)]
    assert said == [""] * 20 + ["too-often"] * 5
    assert desk.update("comment", other, T0 + 30, reason="here too") == ""
    for n in range(TIMELINE):
        assert desk.update("comment", DISPATCHER, T0 + 60 + n, reason="looked at") == ""
    assert desk.update("comment", CITIZEN, T0 + HOUR, reason="thanks") == ""

    assert_laws(desk)


def test_feedback_is_not_given_for_ever() -> None:
    """It stands in the row as a comment does; the department's own comments are not counted."""
    desk = closed()

    said = [desk.update("feedback", CITIZEN, T0 + 3 * HOUR + n, satisfied=True, reason=f"good {n}") for n in range(21)]

    assert said == [""] * 20 + ["too-often"]
    assert desk.update("comment", DISPATCHER, T0 + 4 * HOUR, reason="seen") == ""


def test_an_order_has_so_many_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row keeps the names of all of them, and a reporter's sealed words are one more each."""
    monkeypatch.setattr(time_windows, "_KEYS", 3)
    desk = opened()

    said = [desk.update("comment", CITIZEN, T0 + n, reason=sealed(f"still {n}")) for n in range(5)]

    assert said == ["", "", "", "too-often", "too-often"]
    assert len(desk.only().sealed_under) == 3


def sealed(words: str) -> str:
    """These words under a key of their own."""
    return seal(ReportKey.new(), {"text": words})["text"]


def test_remarks_stand_in_the_timeline_and_change_nothing() -> None:
    """Of those who hold the order, and of the seats; a department that does not is refused."""
    desk = opened()
    before = desk.only()

    assert desk.update("comment", WORKS, T0, reason="not ours") == "not-the-holder"
    assert desk.update("comment", ROADS, T0, reason="gate code is at the desk") == ""
    assert desk.update("comment", DISPATCHER, T0) == "missing-reason"

    after = desk.only()
    assert (after.state, after.limits, after.attempt) == (before.state, before.limits, before.attempt)
    assert after.timeline[-1].note == "gate code is at the desk"


@pytest.mark.parametrize(
    ("said", "counted"),
    [({"satisfaction": 3}, "satisfied"), ({"satisfaction": 2}, "unsatisfied"), ({"satisfied": True}, "satisfied"),
     ({"satisfied": False, "satisfaction": 5}, "unsatisfied")],
)  # fmt: skip
def test_a_grade_says_whether_it_was_settled_where_nothing_else_does(said: dict[str, Any], counted: str) -> None:
    """From 3 of 5 on; whoever says that it was not settled is not overruled by a friendly grade."""
    desk = closed()

    assert desk.update("feedback", CITIZEN, T0 + 3 * HOUR, **said) == ""

    assert {name: desk.count(name) for name in ("satisfied", "unsatisfied")} == {
        name: int(name == counted) for name in ("satisfied", "unsatisfied")
    }
    assert desk.only().state == "closed"


@pytest.mark.parametrize(("days", "state"), [(1, "assigned"), (8, "closed")])
def test_an_unsatisfied_answer_reopens_where_the_city_says_so(days: int, state: str) -> None:
    """To the last handler, while the time for reopening is not over."""
    desk = closed("unsatisfied_reopens = true\nreopen_days = 7.0\n")

    assert desk.update("feedback", CITIZEN, T0 + days * DAY, satisfaction=1, reason="the hole is back") == ""

    order = desk.only()
    assert (order.state, order.department) == (state, "roads")
    assert_laws(desk)

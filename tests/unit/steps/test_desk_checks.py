"""Checks that are given to somebody 派核查: to whom, what comes of one that nobody makes, and who is called back."""

from typing import Any

import pytest

from dispatcher.order import facts
from models.inbox import Actor
from tests.support.desks import (
    DAY,
    DISPATCHER,
    HOUR,
    INSPECTOR,
    MINUTE,
    OFFICER,
    T0,
    Desk,
    assert_laws,
    facts_of,
    guess,
    quiet_city,
    report,
)
from tests.unit.steps.test_desk_returns import ROADS

PHOTO = ("https://pictures.example/1.jpg",)
LIMITS = "category,condition,stage,amount,unit\n*,,check,4,work-hour\n"
NEAR, FAR = "30.051,114.05", "30.09,114.09"


def desk_with(*inspectors: str, settings: str = "") -> Desk:
    """A desk of a city with these rows of inspectors.csv; a check may take four working hours."""
    table = "\n".join(("id,areas,lat,lon,checks_max", *inspectors)) + "\n"
    return Desk(quiet_city(settings, **{"limits.csv": LIMITS, "inspectors.csv": table}))


def handled(desk: Desk, number: int = 1, by: Actor = ROADS) -> str:
    """One more pothole, handled by the hour after T0; its order's id. Each is of another reporter and far from the
    others."""
    at = max(T0 + number * MINUTE, desk.clock)
    known = set(desk.state.orders)
    told: dict[str, Any] = {"reporter": f"r{number}", "lat": 30.01 + number / 100, "text": "坑" * number}
    desk.feed(report(str(number), at, guess=guess("pothole"), **told), at=at)
    [order_id] = set(desk.state.orders) - known
    desk.update("accept", by, at, order=order_id)
    desk.update("handle", by, max(T0 + HOUR, at), order=order_id, evidence_urls=PHOTO)
    return order_id


def given(desk: Desk) -> list[str]:
    """To whom checks were given, in order."""
    return [fact.inspector for fact in facts_of(desk.sent) if isinstance(fact, facts.CheckGiven)]


def told(desk: Desk, kind: str) -> list[tuple[bytes, str]]:
    """Who was told of a kind of fact: the beginning of each notice, and its recipient."""
    found = [out for out in desk.sent if out.topic == "notices" and b'"kind":"%b"' % kind.encode() in out.value]
    return [(out.value.split(b",")[0].removeprefix(b'{"audience":'), out.key) for out in found]


def test_a_check_goes_to_the_nearest_of_the_inspectors_that_have_the_fewest() -> None:
    """The nearest first; then whoever has none yet; then the nearest again. Each hears of it."""
    desk = desk_with(f"far,south,{FAR},", f"near,south-w|north,{NEAR},", "elsewhere,north,,,")

    for number in (1, 2, 3):
        handled(desk, number)

    assert given(desk) == ["near", "far", "near"]
    assert told(desk, "check-given") == [(b'"inspector"', "near"), (b'"inspector"', "far"), (b'"inspector"', "near")]
    assert_laws(desk)


def test_a_check_that_was_made_makes_room_for_another() -> None:
    """Passed, failed, or ended with its order: the inspector has it no more."""
    desk = desk_with("only,*,,,1")
    first = handled(desk, 1)
    assert desk.state.orders[first].inspector == "only"

    handled(desk, 2)
    assert given(desk) == ["only"]
    desk.update("check-fail", INSPECTOR, T0 + 2 * HOUR, order=first)
    assert desk.state.orders[first].inspector == ""
    third = handled(desk, 3)
    desk.update("force-close", Actor("operator", "", "olga"), T0 + 2 * HOUR, order=third, reason="r")
    handled(desk, 4)

    assert given(desk) == ["only", "only", "only"]
    assert_laws(desk)


def test_nobody_is_given_the_check_of_what_they_handled() -> None:
    """Where there is nobody else, whoever may check does, as before."""
    desk = desk_with("ren,*,,,")

    handled(desk, by=Actor("department", "roads", "ren"))

    assert given(desk) == []
    assert desk.only().state == "handled"


@pytest.mark.parametrize(
    ("inspector", "refusal"),
    [
        ("other", ""),
        ("", "missing-inspector"),
        ("near", "same-inspector"),
        ("elsewhere", "unknown-inspector"),
        ("nobody", "unknown-inspector"),
        ("ren", "handler-is-checker"),
    ],
)
def test_a_dispatcher_chooses_another_inspector_of_the_area(inspector: str, refusal: str) -> None:
    """One that the city has there, and not who handled the order."""
    desk = desk_with(f"near,south,{NEAR},", "other,*,,,0", "elsewhere,north,,,", "ren,south,,,")
    handled(desk, by=Actor("department", "roads", "ren"))

    assert desk.update("give-check", DISPATCHER, T0 + HOUR, inspector=inspector) == refusal

    assert desk.only().inspector == (inspector if not refusal else "near")
    assert desk.only().state == "handled"
    assert_laws(desk)


def test_a_check_that_nobody_makes_in_time_escalates() -> None:
    """At its limit in working hours and each interval after it, up to the highest level; the inspector and the
    supervisors hear of it, the department does not, whose own supervision is as it was."""
    desk = desk_with("ina,south,,,")
    handled(desk)  # at 10:00; four working hours with a break from 12 to 14 end at 16:00

    desk.tick(T0 + 7 * HOUR - 1)
    assert desk.only().check_level == 0
    desk.tick(T0 + 7 * HOUR)
    assert desk.only().check_level == 1
    desk.tick(T0 + 5 * DAY)

    order = desk.only()
    assert (order.state, order.check_level, order.check_escalates_at, order.supervision) == ("handled", 3, None, 0)
    rises = [(f.level, f.at - T0) for f in facts_of(desk.sent) if isinstance(f, facts.Supervised)]
    assert rises == [(1, 7 * HOUR), (2, 31 * HOUR), (3, 55 * HOUR)]
    assert told(desk, "supervised") == [(b'"inspector"', "ina"), (b'"supervisor"', "supervisor")] * 3
    assert told(desk, "breached") == [(b'"inspector"', "ina"), (b'"supervisor"', "supervisor")]
    desk.update("check-pass", INSPECTOR, T0 + 5 * DAY)
    assert (desk.only().inspector, desk.only().check_level) == ("", 0)
    assert_laws(desk)


def closed(settings: str) -> Desk:
    """A pothole of one reporter that was closed an hour after it came."""
    desk = desk_with(settings=settings)
    handled(desk)
    desk.update("check-pass", INSPECTOR, T0 + HOUR)
    return desk


def test_a_reporter_who_does_not_answer_is_to_be_called_back() -> None:
    """After the days that the city waits; what they say on the telephone is their answer, and takes the order off the
    list."""
    desk = closed("call_back_days = 3.0")
    desk.tick(T0 + HOUR + 3 * DAY - 1)
    assert not desk.only().call_back
    desk.tick(T0 + HOUR + 3 * DAY)
    assert desk.only().call_back
    assert told(desk, "call-back-due") == [(b'"supervisor"', "supervisor")]

    at = T0 + 4 * DAY
    assert desk.update("call-back", DISPATCHER, at, code="not-reached") == ""
    assert (desk.only().call_back, desk.only().answers) == (True, ())
    assert desk.update("call-back", DISPATCHER, at) == "missing-satisfied"
    assert desk.update("call-back", DISPATCHER, at, code="unclear") == "bad-code"
    assert desk.update("call-back", INSPECTOR, at, satisfied=True) == "wrong-role"
    assert desk.update("call-back", OFFICER, at, satisfaction=4) == ""

    order = desk.only()
    assert (order.state, order.call_back) == ("closed", False)
    assert [(answer.by, answer.satisfied, answer.satisfaction) for answer in order.answers] == [("r1", True, 4)]
    assert desk.update("call-back", OFFICER, at, satisfied=True) == "nobody-to-call"
    assert (desk.count("satisfied"), desk.count("unsatisfied")) == (1, 0)
    assert_laws(desk)


@pytest.mark.parametrize("settings", ["call_back_days = 3.0", ""])
def test_nobody_is_called_back_who_has_answered_or_where_the_city_does_not_call(settings: str) -> None:
    """An answer in time takes the timer off; without the setting there is none."""
    desk = closed(settings)
    if settings:
        assert desk.update("feedback", Actor("reporter", "", "r1"), T0 + DAY, satisfied=True) == ""

    desk.tick(T0 + 5 * DAY)

    assert "call-back-due" not in desk.names()
    assert not desk.only().call_back


@pytest.mark.parametrize("reopens", [True, False])
def test_a_reporter_who_is_called_and_not_satisfied_reopens_where_the_city_says_so(reopens: bool) -> None:
    """As their own feedback does."""
    desk = closed(f"call_back_days = 1.0\nunsatisfied_reopens = {str(reopens).lower()}")
    desk.tick(T0 + 2 * DAY)

    assert desk.update("call-back", DISPATCHER, T0 + 2 * DAY, satisfied=False, reason="it is still there") == ""

    order = desk.only()
    assert (order.state, order.call_back) == ("assigned" if reopens else "closed", False)
    assert_laws(desk)


def test_a_reporter_is_called_back_again_after_the_next_closing() -> None:
    """An answer is about the closing that it came after: what was reopened is asked about anew."""
    desk = closed("call_back_days = 1.0\nunsatisfied_reopens = true")
    desk.update("feedback", Actor("reporter", "", "r1"), T0 + 2 * HOUR, satisfied=False)
    assert desk.only().state == "assigned"
    desk.update("accept", ROADS, T0 + 3 * HOUR)
    desk.update("handle", ROADS, T0 + 3 * HOUR, evidence_urls=PHOTO)
    desk.update("check-pass", INSPECTOR, T0 + 4 * HOUR)

    desk.tick(T0 + 2 * DAY)
    assert desk.only().call_back
    assert desk.update("call-back", DISPATCHER, T0 + 2 * DAY, satisfied=True) == ""

    order = desk.only()
    assert (order.call_back, [(answer.by, answer.satisfied) for answer in order.answers]) == (False, [("r1", True)])
    assert desk.update("call-back", DISPATCHER, T0 + 2 * DAY, satisfied=True) == "nobody-to-call"
    assert_laws(desk)


def test_the_three_rates_count_orders_with_reporters_alone() -> None:
    """What nobody by name has reported is in no rate of what citizens were told and got."""
    desk = desk_with()
    handled(desk)
    desk.update("check-pass", INSPECTOR, T0 + HOUR)
    desk.feed(report("2", T0, "路灯坏了", guess=guess("street-light"), reporter=""), at=T0 + HOUR)
    [nameless] = [order.id for order in desk.state.orders.values() if not order.reporters]
    desk.update("accept", ROADS, T0 + HOUR, order=nameless)
    desk.update("handle", ROADS, T0 + HOUR, order=nameless, evidence_urls=PHOTO)
    desk.update("check-pass", INSPECTOR, T0 + HOUR, order=nameless)

    booked = {name: desk.count(name) for name in ("opened", "citizen_opened", "responded", "closed", "closed_checked")}

    assert booked == {"opened": 2, "citizen_opened": 1, "responded": 1, "closed": 2, "closed_checked": 1}
    assert desk.count("citizen_closed") == 1


def test_what_came_of_it_is_an_answer_too() -> None:
    """A report that a person rejects has been answered, without any department."""
    desk = desk_with()
    desk.feed(report("1", T0, "随便说说", category="", reporter="r1"), at=T0)
    assert desk.count("responded") == 0

    desk.update("reject", Actor("reviewer", "", "rita"), T0 + HOUR, reason="no fault")

    assert (desk.count("citizen_opened"), desk.count("responded")) == (1, 1)

"""The three rates 三率, response, resolution and satisfaction, against an example that is counted by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from dispatcher.figures.indicators import Weights, Window, city, indicators, totals
from models.inbox import Actor
from streams.tables.marks import marks_of
from tests.support.desks import (
    DAY,
    HOUR,
    IMPORTER,
    INSPECTOR,
    MINUTE,
    OPERATOR,
    T0,
    Desk,
    assert_laws,
    detection,
    report,
)

FIRST: dict[str, Any] = {"lat": 30.02, "lon": 114.05}  # where the first order is


def opened(desk: Desk, number: int, **own: Any) -> str:
    """An order of its own, a kilometre from the one before."""
    place: dict[str, Any] = {"lat": 30.01 + number / 100, "lon": 114.05}
    before = set(desk.state.orders)
    if "reporter" in own:
        desk.feed(report(f"r{number}", T0, f"第{number}处路面有坑", **place, **own), at=T0)
    else:
        for turn in range(3):
            at = T0 + turn * MINUTE
            seen = detection(f"d{number}-{turn}", at, "pothole", **place, confidence=0.99, object_id=str(number))
            desk.feed(seen, at=at)
    [made] = set(desk.state.orders) - before
    return made


def step(desk: Desk, action: str, by: Actor, at: int, order: str, **own: Any) -> None:
    """What somebody does, told by whoever may tell of it late."""
    assert desk.update(action, by, at, order, source=IMPORTER, **own) == ""


def accepted(desk: Desk, order: str) -> str:
    """Its department has taken it on."""
    by = Actor("department", desk.order(order).department, "dan")
    step(desk, "accept", by, T0 + HOUR, order)
    return order


def handled(desk: Desk, order: str) -> str:
    """And says that it is done."""
    by = Actor("department", desk.order(order).department, "dan")
    assert (
        desk.update("handle", by, T0 + 2 * HOUR, order, evidence_urls=("https://p.example/1.jpg",), source=IMPORTER)
        == ""
    )
    return order


def closed(desk: Desk, order: str) -> str:
    """And somebody has looked."""
    handled(desk, accepted(desk, order))
    step(desk, "check-pass", INSPECTOR, T0 + 3 * HOUR, order)
    return order


def said(desk: Desk, order: str, reporter: str, satisfied: bool) -> None:
    """A reporter's answer."""
    assert (
        desk.update(
            "feedback", Actor("reporter", "", reporter), T0 + 4 * HOUR, order, satisfied=satisfied, source=IMPORTER
        )
        == ""
    )


def rates(desk: Desk) -> tuple[object, ...]:
    """Response, resolution, satisfaction, and what they come to together by a half, a quarter and a quarter."""
    whole = city(totals(desk.state.figures.items(), Window(last=20991231)))
    values = indicators(whole, Weights(0.5, 0.25, 0.25))
    return tuple(values[name] for name in ("response_rate", "resolution_rate", "satisfaction_rate", "citizen_score"))


@pytest.fixture
def desk() -> Desk:
    """Eight orders, three of them without reporters."""
    desk = Desk()
    said(desk, closed(desk, opened(desk, 1, reporter="ann")), "ann", True)  # answered, settled, satisfied
    said(desk, closed(desk, opened(desk, 2, reporter="ben")), "ben", False)  # answered, settled, not satisfied
    accepted(desk, opened(desk, 3, reporter="cem"))  # answered, and then late
    opened(desk, 4, reporter="dot")  # nobody takes it on: not answered, late
    rejected = opened(desk, 5, reporter="eve")  # answered: there was nothing
    step(desk, "reject", OPERATOR, T0 + HOUR, rejected, reason="nothing there")
    closed(desk, opened(desk, 6))  # of a camera
    accepted(desk, opened(desk, 7))  # of a camera, and then late
    said(desk, closed(desk, opened(desk, 8, reporter="")), "somebody", False)  # of nobody who is known
    desk.tick(T0 + 60 * DAY)
    return desk


def test_the_three_rates_count_orders_with_reporters_alone(desk: Desk) -> None:
    """Five have reporters. Answered: 1, 2, 3 and 5. Two were settled, two are late. One of two who answered is
    satisfied; what a nameless one says counts for nothing."""
    response, resolution, satisfaction = 4 / 5, 2 / 4, 1 / 2

    assert rates(desk) == (response, resolution, satisfaction, pytest.approx(0.4 + 0.125 + 0.125))
    assert_laws(desk)


def test_whoever_reports_what_a_department_has_taken_on_already_is_answered_when_it_is_done() -> None:
    """They were not told of the acceptance; the order of a camera becomes one with a reporter."""
    desk = Desk()
    order = accepted(desk, opened(desk, 1))
    assert rates(desk)[0] is None

    desk.feed(report("late", T0 + HOUR, "有个大坑", lat=30.02, lon=114.05, reporter="fay"), at=T0 + HOUR)
    assert desk.only().reporters == ("fay",)
    assert rates(desk)[0] == 0.0

    handled(desk, order)
    assert rates(desk)[0] == 1.0
    assert_laws(desk)


def test_what_puts_an_order_off_is_an_answer() -> None:
    """More time is a decision of which reporters are told, also before the department has taken it on."""
    desk = Desk()
    order = opened(desk, 1, reporter="gil")
    by = Actor("department", desk.order(order).department, "dan")
    step(desk, "request-extension", by, T0 + HOUR, order, reason="a part is missing")
    assert rates(desk)[0] == 0.0

    assert (
        desk.update("approve-extension", Actor("dispatcher", "", "dora"), T0 + 2 * HOUR, order, source=IMPORTER) == ""
    )

    assert rates(desk)[0] == 1.0


def merged_into(desk: Desk, order: str, into: str, at: int = T0 + HOUR) -> None:
    """A person says that both are one."""
    step(desk, "merge", OPERATOR, at, order, reason="the same", other_order_id=into)


def test_a_merge_answers_nobody() -> None:
    """Its reporter waits for the other order from then on, which is one order with reporters; taken out of it again,
    the first one is unanswered as it was."""
    desk = Desk()
    first, second = opened(desk, 1, reporter="hal"), opened(desk, 2, reporter="ida")
    merged_into(desk, first, second)
    assert (rates(desk)[0], desk.count("citizen_opened"), desk.order(first).first_response_at) == (0.0, 1, None)

    step(desk, "unmerge", OPERATOR, T0 + 2 * HOUR, first, reason="two holes")
    accepted(desk, second)

    assert (rates(desk)[0], desk.count("citizen_opened")) == (1 / 2, 2)
    assert_laws(desk)


def test_an_answer_before_the_merge_stays_one() -> None:
    """Its reporter has got it."""
    desk = Desk()
    first, second = accepted(desk, opened(desk, 1, reporter="hal")), opened(desk, 2, reporter="ida")

    merged_into(desk, first, second, T0 + 2 * HOUR)

    assert rates(desk)[0] == 1 / 2
    assert_laws(desk)


def test_what_only_cameras_have_seen_is_a_citizen_s_order_while_one_is_merged_into_it() -> None:
    """Who waits for it waits for its answer and its closing, and is late with it."""
    desk = Desk()
    seen, other, reported = opened(desk, 1), opened(desk, 2), opened(desk, 3, reporter="jon")
    merged_into(desk, reported, seen)
    assert (rates(desk)[0], marks_of(desk.order(seen))) == (0.0, ("unanswered",))
    closed(desk, seen)
    merged_into(desk, seen_again := opened(desk, 4, reporter="kim"), other, T0 + 4 * HOUR)
    desk.tick(T0 + 60 * DAY)

    assert rates(desk)[:2] == (1 / 2, 1 / 2)

    step(desk, "unmerge", OPERATOR, T0 + 60 * DAY, seen_again, reason="two holes")
    assert not desk.count("citizen_overdue_open")
    assert_laws(desk)


def joined(desk: Desk, seen: str, undone: str) -> Callable[[int], None]:
    """Lou's report becomes part of the first order, with an order of its own that is merged, or by itself; what takes
    it out again at a time."""
    if undone == "unmerge":
        merged_into(desk, reported := opened(desk, 2, reporter="lou"), seen)
        return lambda at: step(desk, "unmerge", OPERATOR, at, reported, reason="two holes")
    desk.feed(report("joined", T0 + HOUR, "有个大坑", **FIRST, reporter="lou"), at=T0 + HOUR)
    return lambda at: step(desk, "split", OPERATOR, at, seen, reason="two holes", report=("app", "joined"))


@pytest.mark.parametrize("undone", ["unmerge", "split"])
def test_who_was_answered_by_an_order_that_they_had_not_meant_answers_nobody_who_reports_it_later(undone: str) -> None:
    """It was theirs by mistake; the next one hears of it when it is done."""
    desk = Desk()
    seen = opened(desk, 1)
    take_out = joined(desk, seen, undone)
    accepted(desk, seen)
    take_out(T0 + 2 * HOUR)
    desk.feed(report("late", T0 + 2 * HOUR, "有个大坑", **FIRST, reporter="mia"), at=T0 + 2 * HOUR)
    assert (desk.order(seen).reporters, desk.order(seen).first_response_at) == (("mia",), None)

    handled(desk, seen)

    assert desk.order(seen).first_response_at is not None
    assert_laws(desk)


@pytest.mark.parametrize("undone", ["unmerge", "split"])
@pytest.mark.parametrize("told", [False, True])
def test_who_has_reported_an_order_after_its_answer_is_not_answered_by_it(undone: str, told: bool) -> None:
    """Also where they were there before whom it has answered was taken out again; whoever is left of those whom it has
    told is answered."""
    desk = Desk()
    seen = opened(desk, 1)
    take_out = joined(desk, seen, undone)
    if told:
        desk.feed(report("early", T0 + HOUR, "有个大坑", **FIRST, reporter="nia"), at=T0 + HOUR)
    accepted(desk, seen)
    desk.feed(report("late", T0 + 2 * HOUR, "有个大坑", **FIRST, reporter="mia"), at=T0 + 2 * HOUR)

    take_out(T0 + 3 * HOUR)

    assert (desk.order(seen).first_response_at is not None) is told
    assert ("unanswered" in marks_of(desk.order(seen))) is not told
    handled(desk, seen)
    assert desk.order(seen).first_response_at is not None
    assert_laws(desk)

"""Limits, timers, supervision 督办, extension 延期 and suspension 挂账."""

from typing import Any

import pytest

from dispatcher.desk import FIRED_PER_RECORD, DeskState
from dispatcher.order import facts
from models.inbox import Actor
from models.times import from_text
from tests.support.cities import LEVELS, appended
from tests.support.desks import (
    DAY,
    DISPATCHER,
    HOUR,
    IMPORTER,
    INSPECTOR,
    MINUTE,
    REVIEWER,
    T0,
    Desk,
    assert_laws,
    facts_of,
    quiet_city,
    report,
)

ROADS = Actor("department", "roads", "ren")


def pothole(**own: Any) -> Desk:
    """A desk with a pothole: accept within 2 h, handle within 24 h, 7 days for the whole."""
    desk = Desk()
    desk.feed(report("1", T0, **own), at=T0)
    return desk


def at_of(desk: Desk, name: type[facts.Fact]) -> list[int]:
    """When the facts of a kind happened."""
    return [fact.at for fact in facts_of(desk.sent) if isinstance(fact, name)]


def test_limits_are_stamped_with_the_calendar() -> None:
    """Accept, handle and whole run from the assignment and the opening, by the calendar in force."""
    desk = pothole()
    order = desk.only()
    by_stage = {limit.stage: limit for limit in order.limits}

    assert {stage: limit.due - T0 for stage, limit in by_stage.items()} == {
        "accept": 2 * HOUR,
        "handle": 24 * HOUR,
        "whole": 7 * DAY,
    }
    assert by_stage["accept"].warn_at == T0 + 96 * MINUTE
    assert {limit.calendar for limit in order.limits} == {desk.city.calendar.version}


def test_a_missed_acceptance_is_warned_breached_and_supervised_at_its_own_instants() -> None:
    """One tick after a day of silence: everything fires once, in order, each with its own `at`."""
    desk = pothole()
    desk.tick(T0 + 20 * HOUR)

    assert at_of(desk, facts.Warned)[0] == T0 + 96 * MINUTE
    assert at_of(desk, facts.Breached) == [T0 + 2 * HOUR]
    assert at_of(desk, facts.Supervised) == [T0 + 2 * HOUR]
    assert desk.only().assignments[0].accept_missed_at == T0 + 2 * HOUR
    before = len(desk.sent)
    desk.tick(T0 + 20 * HOUR)
    assert len(desk.sent) == before


def test_supervision_rises_to_level_three_and_no_further() -> None:
    """Level 1 at the breach, 2 and 3 a day apart."""
    desk = pothole()
    desk.tick(T0 + 6 * DAY)

    assert at_of(desk, facts.Supervised) == [T0 + 2 * HOUR, T0 + 26 * HOUR, T0 + 50 * HOUR]
    assert desk.only().supervision == 3


def test_a_late_acceptance_that_happened_in_time_takes_the_miss_back() -> None:
    """The update of an importer arrives after the breach, but happened before it."""
    desk = pothole()
    desk.tick(T0 + 3 * HOUR)
    assert desk.only().assignments[0].accept_missed_at is not None

    desk.feed(at=T0 + 4 * HOUR)
    refused = desk.update("accept", ROADS, T0 + HOUR, source=IMPORTER)

    turn = desk.only().assignments[0]
    assert refused == ""
    assert (turn.accepted_at, turn.accept_missed_at) == (T0 + HOUR, None)
    assert_laws(desk)


def test_the_whole_limit_makes_overdue_until_closing() -> None:
    """Breached on the due day, taken off on the day of closing; both days keep their figures."""
    desk = pothole()
    desk.update("accept", ROADS, T0 + HOUR)
    due = T0 + 7 * DAY
    desk.tick(due + DAY)
    assert desk.only().overdue_at == due

    desk.update("handle", ROADS, due + 2 * DAY, evidence_urls=("e",))
    assert desk.only().overdue_at is None
    assert desk.only().overdue_past == ((due, due + 2 * DAY),)
    desk.update("check-pass", INSPECTOR, due + 2 * DAY)
    assert desk.count("overdue_open") == 0
    assert desk.count("closed_on_time") == 0
    assert_laws(desk)


def test_handled_in_time_but_reported_late_was_never_overdue() -> None:
    """A late fact with an earlier `at` clears the breach altogether."""
    desk = pothole()
    desk.update("accept", ROADS, T0 + HOUR)
    desk.tick(T0 + 8 * DAY)
    assert desk.only().overdue_at is not None

    desk.update("handle", ROADS, T0 + 6 * DAY, evidence_urls=("e",), source=IMPORTER)

    order = desk.only()
    assert (order.overdue_at, order.overdue_past) == (None, ())
    assert order.assignments[0].handled_at == T0 + 6 * DAY
    assert_laws(desk)


def test_waiting_for_a_check_is_not_overdue_and_a_failed_check_books_the_breach_then() -> None:
    """The due time passes while the order is handled; the check fails afterwards."""
    desk = pothole()
    desk.update("accept", ROADS, T0 + HOUR)
    desk.update("handle", ROADS, T0 + 2 * HOUR, evidence_urls=("e",))
    failed = T0 + 9 * DAY
    desk.tick(failed - HOUR)
    assert desk.only().overdue_at is None

    desk.update("check-fail", INSPECTOR, failed)
    desk.tick(failed)

    order = desk.only()
    assert (order.state, order.attempt, order.assignments[0].reworks) == ("accepted", 2, 1)
    assert order.overdue_at == failed
    assert order.assignments[0].handle_missed_at == failed
    assert {limit.stage for limit in order.limits} == {"handle", "whole"}
    assert_laws(desk)


@pytest.mark.parametrize("handled", [T0 + 2 * HOUR, T0 + 8 * DAY])
def test_what_a_check_refuses_was_overdue_all_along(handled: int) -> None:
    """Said to be done before the end of a month, it is overdue at that end all the same; and so in one span where it
    had been overdue before."""
    desk, due, failed = pothole(), T0 + 7 * DAY, T0 + 9 * DAY
    desk.update("accept", ROADS, T0 + HOUR)
    desk.tick(handled)
    desk.update("handle", ROADS, handled, evidence_urls=("e",))
    assert desk.count("overdue_open") == 0

    desk.update("check-fail", INSPECTOR, failed)

    assert desk.only().overdue_past == ((due, failed),)
    desk.update("handle", ROADS, failed + DAY, evidence_urls=("e",))
    desk.update("check-pass", INSPECTOR, failed + 2 * DAY)
    assert desk.only().overdue_past == ((due, failed), (failed, failed + DAY))
    by_day = {
        day: desk.state.figures[f"area/south-w/{day}/3"].counters.get("overdue_open") for day in (20260309, 20260312)
    }
    assert by_day == {20260309: 1, 20260312: -1}
    assert_laws(desk)


def test_a_check_that_fails_in_time_leaves_nothing_overdue() -> None:
    """Nor does one of an order without a limit of its own."""
    desk = pothole()
    desk.update("accept", ROADS, T0 + HOUR)
    desk.update("handle", ROADS, T0 + 2 * HOUR, evidence_urls=("e",))

    desk.update("check-fail", INSPECTOR, T0 + DAY)

    assert (desk.only().overdue_at, desk.only().overdue_past) == (None, ())


def test_a_stale_attempt_is_refused() -> None:
    """After a failed check, what was meant for the first attempt comes too late."""
    desk = pothole()
    desk.update("accept", ROADS, T0 + HOUR)
    desk.update("handle", ROADS, T0 + 2 * HOUR, evidence_urls=("e",), attempt=1)
    desk.update("check-fail", INSPECTOR, T0 + 3 * HOUR)

    assert desk.update("handle", ROADS, T0 + 4 * HOUR, evidence_urls=("e",), attempt=1) == "stale-attempt"
    assert desk.update("handle", ROADS, T0 + 4 * HOUR, evidence_urls=("e",), attempt=2) == ""


def test_an_extension_adds_one_original_limit_and_takes_the_breach_off() -> None:
    """Asked before the breach, approved after it; at most twice; never after the breach."""
    desk = pothole()
    desk.update("accept", ROADS, T0 + HOUR)
    assert desk.update("approve-extension", DISPATCHER, T0 + HOUR) == "nothing-requested"
    assert desk.update("request-extension", ROADS, T0 + 2 * HOUR) == "missing-reason"
    assert desk.update("request-extension", ROADS, T0 + 2 * HOUR, reason="rain") == ""
    assert desk.update("request-extension", ROADS, T0 + 2 * HOUR, reason="rain") == "already-requested"
    desk.tick(T0 + 30 * HOUR)
    assert desk.only().assignments[0].handle_missed_at == T0 + 24 * HOUR

    desk.update("approve-extension", DISPATCHER, T0 + 31 * HOUR)

    order = desk.only()
    assert order.assignments[0].handle_due == T0 + 48 * HOUR
    assert order.assignments[0].handle_due_raw == T0 + 24 * HOUR
    assert order.assignments[0].handle_missed_at is None
    assert (order.due, order.due_raw) == (T0 + 14 * DAY, T0 + 7 * DAY)
    desk.update("request-extension", ROADS, T0 + 32 * HOUR, reason="more rain")
    desk.update("refuse-extension", DISPATCHER, T0 + 32 * HOUR)
    desk.update("request-extension", ROADS, T0 + 33 * HOUR, reason="more rain")
    desk.update("approve-extension", DISPATCHER, T0 + 33 * HOUR)
    assert desk.update("request-extension", ROADS, T0 + 34 * HOUR, reason="snow") == "too-many-extensions"
    desk.tick(T0 + 80 * HOUR)
    assert desk.update("request-extension", ROADS, T0 + 81 * HOUR, reason="snow") == "after-breach"
    assert_laws(desk)


def test_an_extension_that_comes_after_the_orders_own_due_time_takes_that_breach_off() -> None:
    """Asked in time and granted a week too late: the order is due a week later, and was overdue until then."""
    desk = pothole()
    desk.update("accept", ROADS, T0 + HOUR)
    desk.update("request-extension", ROADS, T0 + 2 * HOUR, reason="rain")
    desk.tick(T0 + 8 * DAY)
    assert (desk.only().overdue_at, desk.count("overdue_open")) == (T0 + 7 * DAY, 1)

    assert desk.update("approve-extension", DISPATCHER, T0 + 8 * DAY) == ""

    order = desk.only()
    assert (order.due, order.overdue_at, desk.count("overdue_open")) == (T0 + 14 * DAY, None, 0)
    desk.tick(T0 + 15 * DAY)
    assert desk.only().overdue_at == T0 + 14 * DAY
    assert_laws(desk)


def test_clock_and_limits_stand_still_during_a_suspension() -> None:
    """Suspended for three days of which the department uses nothing; it resumes by itself, once."""
    desk = pothole()
    until = T0 + 4 * DAY
    desk.update("accept", ROADS, T0 + HOUR)
    assert desk.update("request-suspension", ROADS, T0 + 2 * HOUR, reason="parts", until=T0) == "missing-until"
    too_long = T0 + 400 * DAY
    assert desk.update("request-suspension", ROADS, T0 + 2 * HOUR, reason="parts", until=too_long) == "missing-until"
    assert desk.update("request-suspension", ROADS, T0 + 2 * HOUR, reason="parts", until=until) == ""
    desk.update("approve-suspension", DISPATCHER, T0 + DAY - HOUR)
    assert desk.only().state == "suspended"
    assert desk.update("handle", ROADS, T0 + 2 * DAY, evidence_urls=("e",)) == "wrong-state"

    desk.tick(T0 + 5 * DAY)

    order = desk.only()
    (turn,) = order.assignments
    stood = until - (T0 + DAY - HOUR)
    assert at_of(desk, facts.Resumed) == [until]
    assert (order.state, turn.suspended_ms) == ("accepted", stood)
    assert turn.handle_due == T0 + DAY + stood
    assert turn.handle_due_raw == T0 + DAY
    assert order.due == T0 + 7 * DAY + stood
    desk.update("handle", ROADS, until + 2 * HOUR, evidence_urls=("e",), source=IMPORTER)
    assert desk.only().assignments[0].handled_ms == DAY - HOUR + 2 * HOUR
    assert_laws(desk)


def test_what_was_suspended_in_time_has_missed_nothing_whenever_that_arrives() -> None:
    """Also asked for in time: a breach that came up in between never stood, in marks and figures, and comes after the
    time that was left. What was suspended after its limit had missed it."""
    desk, late = pothole(), pothole()
    for each, at in ((desk, T0 + DAY - HOUR), (late, T0 + DAY + HOUR)):
        each.update("accept", ROADS, T0 + HOUR)
        asked: dict[str, Any] = {"reason": "parts", "until": T0 + 9 * DAY, "source": IMPORTER}
        each.tick(T0 + 8 * DAY)
        assert each.only().overdue_at == T0 + 7 * DAY
        assert each.count("handle_missed") == 1
        assert each.update_at("request-suspension", ROADS, T0 + DAY - HOUR, each.only().id, **asked) == ""
        assert each.update_at("approve-suspension", DISPATCHER, at, each.only().id, source=IMPORTER) == ""

    assert (desk.only().state, desk.only().overdue_at, desk.count("overdue_open")) == ("suspended", None, 0)
    assert (desk.only().assignments[0].handle_missed_at, desk.count("handle_missed")) == (None, 0)
    assert (late.only().assignments[0].handle_missed_at, late.count("handle_missed")) == (T0 + DAY, 1)
    desk.tick(T0 + 9 * DAY + HOUR - MINUTE)
    assert (desk.only().state, desk.count("handle_missed")) == ("accepted", 0)
    desk.tick(T0 + 9 * DAY + 2 * HOUR)
    assert desk.count("handle_missed") == 1
    assert_laws(desk)
    assert_laws(late)


def test_what_a_department_below_suspends_in_time_nobody_above_has_missed() -> None:
    """The clocks of all levels stand still with it."""
    desk = Desk(quiet_city(**appended("departments.csv", *LEVELS)))
    desk.feed(report("1", T0), at=T0)
    street = Actor("department", "roads-street", "sun")
    desk.update("forward", ROADS, T0 + HOUR, department="roads-street")
    desk.update("accept", street, T0 + 2 * HOUR)
    desk.tick(T0 + 2 * DAY)
    assert desk.only().held_for[0].handle_missed_at is not None
    due = desk.only().assignments[-1].handle_due
    assert due is not None
    assert desk.count("handle_missed") == 2

    asked: dict[str, Any] = {"reason": "parts", "until": T0 + 9 * DAY, "source": IMPORTER}
    assert desk.update_at("request-suspension", street, due, desk.only().id, **asked) == ""
    assert desk.update_at("approve-suspension", DISPATCHER, due, desk.only().id, source=IMPORTER) == ""

    assert (desk.only().state, desk.count("handle_missed")) == ("suspended", 0)
    assert_laws(desk)


def test_an_order_is_suspended_once() -> None:
    """A second request is refused; a resumption by hand counts as well."""
    desk = pothole()
    desk.update("accept", ROADS, T0 + HOUR)
    desk.update("request-suspension", ROADS, T0 + 2 * HOUR, reason="parts", until=T0 + DAY)
    desk.update("approve-suspension", DISPATCHER, T0 + 3 * HOUR)
    desk.update("resume", ROADS, T0 + 4 * HOUR)

    assert desk.only().state == "accepted"
    again = desk.update("request-suspension", ROADS, T0 + 5 * HOUR, reason="parts", until=T0 + DAY)
    assert again == "already-suspended-once"
    assert desk.only().assignments[0].suspended_ms == HOUR


def test_a_reports_own_due_time_is_the_order_s() -> None:
    """Given, or given as none at all; deciding about the category does not change it."""
    given = T0 + 3 * HOUR
    desk = pothole(due_given=True, due=given)
    assert desk.only().due == given
    desk.tick(T0 + 4 * HOUR)
    assert desk.only().overdue_at == given

    free = pothole(due_given=True, due=None)
    assert free.only().due is None
    free.update("accept", ROADS, T0 + HOUR)
    free.tick(T0 + 30 * DAY)
    assert free.only().overdue_at is None


def test_the_review_limit_counts_in_working_time_and_is_breached() -> None:
    """Four working hours from 09:00: 12:00 plus one after lunch."""
    desk = Desk()
    desk.feed(report("1", T0, category=""), at=T0)
    desk.tick(T0 + DAY)

    breaches = [fact for fact in facts_of(desk.sent) if isinstance(fact, facts.Breached)]
    assert [(fact.stage, fact.at) for fact in breaches] == [("review", from_text("2026-03-02T07:00:00Z"))]
    assert desk.only().supervision == 0
    desk.update("decide", REVIEWER, T0 + DAY, category="pothole")
    assert desk.only().dispatches[0].due == from_text("2026-03-02T07:00:00Z")


def test_timers_survive_a_restart() -> None:
    """What fell due while nobody was there fires once, in order, from the restored rows."""
    desk = pothole()
    steady = pothole()
    steady.tick(T0 + 3 * DAY)
    desk.state = DeskState.restore(3, list(desk.rows.items()), list(desk.figure_rows.items()))
    desk.tick(T0 + 3 * DAY)

    assert desk.sent == steady.sent


def test_idle_timers_cost_nothing() -> None:
    """A batch looks only at the timers that are due: the pending ones stay where they are."""
    desk = Desk(quiet_city())
    for n in range(50):
        desk.feed(report(str(n), T0, str(n) * 9, category="property-fees"), at=T0)
    pending = list(desk.state.pending)
    desk.tick(T0 + MINUTE)

    assert list(desk.state.pending) == pending
    assert desk.state.next_due == pending[0][0]


@pytest.mark.slow
def test_a_long_downtime_comes_up_in_steps_that_depend_on_no_restart() -> None:
    """A live record fires only so many timers; each fires once, in order, also when the desk was restored meanwhile."""
    fired = []
    for restarted in (False, True):
        desk = Desk(quiet_city())
        for n in range(FIRED_PER_RECORD):
            desk.feed(report(str(n), T0, f"{n} 物业费", category="property-fees"), at=T0)
        before = len(desk.sent)
        desk.tick(T0 + 30 * DAY)
        first = [fact for fact in facts_of(desk.sent[before:]) if not isinstance(fact, facts.Opened)]
        assert len(first) <= 2 * FIRED_PER_RECORD  # a breach may bring a supervision with it
        assert (desk.state.next_due or desk.clock + 1) <= desk.clock
        if restarted:
            desk.state = DeskState.restore(3, list(desk.rows.items()), list(desk.figure_rows.items()))
        while desk.state.next_due is not None and desk.state.next_due <= desk.clock:
            desk.tick(desk.clock)
        fired.append(desk.sent)
        assert_laws(desk)
    assert fired[0] == fired[1]


@pytest.mark.slow
def test_an_update_does_not_overtake_its_own_orders_timers() -> None:
    """While others' timers still wait, the order that an update names has caught up before the step is taken."""
    desk = Desk(quiet_city())
    for n in range(FIRED_PER_RECORD + 1):
        desk.feed(report(str(n), T0, f"{n} 物业费", category="property-fees"), at=T0)
    newest = max(desk.state.pending, key=lambda entry: (entry[0], entry[1]))[1]
    late = T0 + 30 * DAY
    desk.update("reject", REVIEWER, late, newest, reason="nothing for anybody")

    chain = [fact for fact in facts_of(desk.sent) if fact.order_id == newest]
    assert isinstance(chain[-1], facts.Rejected)
    assert any(isinstance(fact, facts.Breached) for fact in chain)


def test_an_update_that_waited_for_intake_is_not_backdated() -> None:
    """How far back an update is dated counts from its arrival in Kafka, not from when intake came to it."""
    desk = pothole()
    desk.tick(T0 + HOUR)
    assert desk.update_at("accept", ROADS, T0 + MINUTE, desk.only().id) == "backdated"
    assert desk.update_at("accept", ROADS, T0 + MINUTE, desk.only().id, received=T0 + 2 * MINUTE) == ""

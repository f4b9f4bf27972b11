"""Where two rules meet: endings and limits, returns and grants, merges and reporters, backlogs and evidence."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dispatcher.desk import FIRED_PER_RECORD
from dispatcher.figures import booking
from dispatcher.order import facts
from dispatcher.order.row import Order, unanswered
from models.envelope import event_type
from models.events import WITHDRAWAL
from models.inbox import Actor, Sighting
from tests.support.desks import (
    DAY,
    DISPATCHER,
    HOUR,
    INSPECTOR,
    OPERATOR,
    REVIEWER,
    T0,
    Desk,
    assert_laws,
    detection,
    facts_of,
    quiet_city,
    report,
)

ROADS = Actor("department", "roads", "ren")
WORKS = Actor("department", "works", "wu")
OTHER_WORDS = "井边砖头松动危险请修理"


def pothole(**own: Any) -> Desk:
    """A desk with a pothole of the roads bureau: accept within 2 h, handle within 24 h, 7 days for the whole."""
    desk = Desk()
    desk.feed(report("1", T0, **own), at=T0)
    return desk


def merged() -> tuple[Desk, str, str]:
    """Two potholes, the second one merged into the first after an hour."""
    desk = pothole()
    desk.feed(report("2", T0, OTHER_WORDS), at=T0)
    first, second = list(desk.state.orders)
    assert desk.update("merge", OPERATOR, T0 + HOUR, second, reason="same", other_order_id=first) == ""
    return desk, first, second


def whole(order: Order) -> list[int]:
    """When the order's own limits are up."""
    return [limit.due for limit in order.limits if limit.stage == "whole"]


def test_an_unmerged_order_runs_against_its_own_limit_from_its_own_opening() -> None:
    """Waiting for a reviewer it can be overdue like any other."""
    desk, _, second = merged()
    desk.update("unmerge", OPERATOR, T0 + 2 * HOUR, second, reason="another hole")

    assert whole(desk.order(second)) == [T0 + 7 * DAY]
    desk.tick(T0 + 8 * DAY)
    assert desk.order(second).overdue_at == T0 + 7 * DAY
    assert_laws(desk)


def merged_into_a_later_one(later: int = 3 * DAY, **own: Any) -> tuple[Desk, str, str]:
    """A pothole that was reported days before the one into which it is merged."""
    desk = pothole(**own)
    desk.feed(report("2", T0 + later, OTHER_WORDS), at=T0 + later)
    first, second = list(desk.state.orders)
    assert desk.update("merge", OPERATOR, T0 + later + HOUR, first, reason="same", other_order_id=second) == ""
    return desk, first, second


def test_who_reported_first_waits_no_longer_because_theirs_is_merged_into_a_later_order() -> None:
    """The limit runs from the first report on, also for the next department, and so does the time it took."""
    desk, _, second = merged_into_a_later_one()

    assert (whole(desk.order(second)), desk.order(second).due_raw) == ([T0 + 7 * DAY], T0 + 7 * DAY)
    desk.update("re-assign", DISPATCHER, T0 + 4 * DAY, second, department="works", reason="a root")
    assert whole(desk.order(second)) == [T0 + 7 * DAY + HOUR * 24]  # what dispatching lost
    desk.tick(T0 + 8 * DAY + HOUR)
    assert desk.order(second).overdue_at == T0 + 8 * DAY
    desk.update("force-close", OPERATOR, T0 + 9 * DAY, second, reason="done")
    assert resolved(desk, second) == [9 * DAY]
    assert_laws(desk)


def test_an_order_whose_limit_was_up_is_overdue_in_the_one_that_it_is_merged_into() -> None:
    """Whoever merges it into a fresh one gains no time."""
    desk, first, second = merged_into_a_later_one(later=8 * DAY)
    desk.tick(T0 + 8 * DAY + HOUR)

    assert desk.order(first).overdue_past == ((T0 + 7 * DAY, T0 + 8 * DAY + HOUR),)
    assert desk.order(second).overdue_at == T0 + 8 * DAY + HOUR
    assert desk.count("overdue_open") == 1
    assert_laws(desk)


def test_a_clock_that_a_merge_has_brought_goes_with_the_order() -> None:
    """Merged no longer, each runs from its own report again, and was overdue by its own limit alone."""
    desk, first, second = merged_into_a_later_one(later=8 * DAY)
    desk.tick(T0 + 8 * DAY + HOUR)

    assert desk.update("unmerge", OPERATOR, T0 + 9 * DAY, first, reason="two holes") == ""

    assert (whole(desk.order(first)), whole(desk.order(second))) == ([T0 + 7 * DAY], [T0 + 15 * DAY])
    assert (desk.order(second).overdue_at, desk.order(second).merged_in) == (None, ())
    assert desk.order(second).overdue_past == ()
    assert_laws(desk)


def test_a_wrong_merge_takes_nothing_overdue_off_the_books() -> None:
    """Both limits are up when it is undone: each order has been overdue from its own on, and not the one for the
    other."""
    desk, first, second = merged_into_a_later_one(later=8 * DAY)
    desk.tick(T0 + 16 * DAY)

    assert desk.update("unmerge", OPERATOR, T0 + 16 * DAY, first, reason="two holes") == ""
    desk.tick(T0 + 17 * DAY)

    assert desk.order(first).overdue_past == ((T0 + 7 * DAY, T0 + 16 * DAY),)
    assert (desk.order(first).overdue_at, desk.order(second).overdue_at) == (T0 + 16 * DAY, T0 + 15 * DAY)
    assert desk.count("overdue_open") == 2
    assert_laws(desk)


def test_an_order_that_falls_due_while_it_is_merged_was_overdue_from_then_on_once_it_is_not() -> None:
    """It had only been out of sight."""
    desk, first, second = merged()
    desk.tick(T0 + 8 * DAY)

    assert desk.update("unmerge", OPERATOR, T0 + 9 * DAY, second, reason="two holes") == ""

    assert desk.order(second).overdue_past == ((T0 + 7 * DAY, T0 + 9 * DAY),)
    assert desk.order(first).overdue_at == T0 + 7 * DAY
    assert_laws(desk)


def merged_into_one(*came: int) -> tuple[Desk, list[str], str]:
    """A pothole of day 8, due on day 15, with two older ones, due on days 7 and 8, that were merged into it then."""
    desk = pothole()
    for name, at, words in (("2", DAY, OTHER_WORDS), ("3", 8 * DAY, "完全不同的说法在这里写着")):
        desk.feed(report(name, T0 + at, words), at=T0 + at)
    *older, last = sorted(desk.state.orders, key=lambda each: desk.order(each).opened_at)
    for order, at in sorted(zip(older, came, strict=True), key=lambda each: each[1]):
        desk.tick(T0 + at)
        assert desk.update("merge", OPERATOR, T0 + at, order, reason="same", other_order_id=last) == ""
    return desk, older, last


@pytest.mark.parametrize(
    ("came", "out", "since"),
    [
        ((9 * DAY, 10 * DAY), 0, 10 * DAY),  # the later one alone, from when it came
        ((9 * DAY, 10 * DAY), 1, 9 * DAY),
        ((10 * DAY, 9 * DAY), 0, 9 * DAY),
        ((10 * DAY, 9 * DAY), 1, 10 * DAY),  # also where the limit stays, as the earlier one is part of it still
    ],
)
def test_of_two_orders_that_were_merged_into_one_each_makes_it_overdue_from_when_it_came(
    came: tuple[int, int], out: int, since: int
) -> None:
    """Once the other one is no part of it."""
    desk, older, last = merged_into_one(*came)
    desk.tick(T0 + 11 * DAY)
    assert desk.order(last).overdue_at == T0 + min(came)

    assert desk.update("unmerge", OPERATOR, T0 + 11 * DAY, older[out], reason="two holes") == ""

    assert (desk.order(last).overdue_at, desk.order(last).overdue_past) == (T0 + since, ())
    assert whole(desk.order(last)) == [T0 + 8 * DAY - out * DAY]
    assert_laws(desk)


@pytest.mark.parametrize("undone", ["handled", "accepted", "closed", "rejected"])
def test_what_was_overdue_by_a_wrong_merge_alone_never_was_whenever_that_is_undone(undone: str) -> None:
    """While the department is done and waits for the check, after that has failed, or after the end: it was done in
    time by its own limit."""
    desk, first, last = merged_into_a_later_one(later=8 * DAY)
    desk.tick(T0 + 9 * DAY)
    assert desk.update("accept", ROADS, T0 + 9 * DAY, last) == ""
    if undone == "rejected":
        assert desk.update("reject", OPERATOR, T0 + 10 * DAY, last, reason="nothing there") == ""
    else:
        urls = ("https://pictures.example/1.jpg",)
        assert desk.update("handle", ROADS, T0 + 10 * DAY, last, evidence_urls=urls) == ""
    if undone in ("accepted", "closed"):
        action = {"accepted": "check-fail", "closed": "check-pass"}[undone]
        assert desk.update(action, INSPECTOR, T0 + 11 * DAY, last) == ""
    desk.tick(T0 + 11 * DAY + HOUR)
    assert desk.order(last).overdue_past

    assert desk.update("unmerge", OPERATOR, T0 + 12 * DAY, first, reason="two holes") == ""

    order = desk.order(last)
    assert (order.state, order.overdue_at, order.overdue_past) == (undone, None, ())
    assert [(each.due, each.due_raw) for each in order.closings] == [(T0 + 15 * DAY,) * 2] * (undone == "closed")
    assert desk.count("closed_on_time") == desk.count("closed_on_time_raw") == (undone == "closed")
    if undone == "handled":
        assert desk.update("check-fail", INSPECTOR, T0 + 13 * DAY, last) == ""
        desk.tick(T0 + 16 * DAY)
        assert (desk.order(last).overdue_at, desk.order(last).overdue_past) == (T0 + 15 * DAY, ())
    assert_laws(desk)


def test_what_a_department_was_granted_before_a_merge_is_not_the_next_one_s() -> None:
    """Taken out again the order has its own limit, and whoever gets it may ask for as much as anybody."""
    desk = pothole()
    desk.feed(report("2", T0, OTHER_WORDS), at=T0)
    first, second = list(desk.state.orders)
    assert desk.update("accept", ROADS, T0, second) == ""
    for at in (T0 + HOUR, T0 + 2 * HOUR):
        assert desk.update("request-extension", ROADS, at, second, reason="rain") == ""
        assert desk.update("approve-extension", DISPATCHER, at, second) == ""
    assert desk.update("merge", OPERATOR, T0 + 3 * HOUR, second, reason="same", other_order_id=first) == ""
    assert desk.update("unmerge", OPERATOR, T0 + 4 * HOUR, second, reason="two holes") == ""
    assert desk.update("decide", REVIEWER, T0 + 5 * HOUR, second, category="pothole") == ""
    assert whole(desk.order(second)) == [T0 + 7 * DAY]

    assert desk.update("request-extension", ROADS, T0 + 6 * HOUR, second, reason="rain") == ""

    assert desk.order(second).extensions == 0
    assert_laws(desk)


def test_what_was_merged_on_is_taken_out_of_the_last_order_first() -> None:
    """Or that would keep the clock and the reporters of one that is no part of it any more."""
    desk, first, second = merged_into_a_later_one()
    desk.feed(report("3", T0 + 4 * DAY, "完全不同的说法在这里写着"), at=T0 + 4 * DAY)
    third = next(order.id for order in desk.state.orders.values() if order.opened_at == T0 + 4 * DAY)
    assert desk.update("merge", OPERATOR, T0 + 4 * DAY, second, reason="same", other_order_id=third) == ""

    assert desk.update("unmerge", OPERATOR, T0 + 5 * DAY, first, reason="two holes") == "parent-merged"
    assert desk.update("unmerge", OPERATOR, T0 + 5 * DAY, second, reason="two holes") == ""
    assert desk.update("unmerge", OPERATOR, T0 + 5 * DAY, first, reason="two holes") == ""

    opened = [T0, T0 + 3 * DAY, T0 + 4 * DAY]
    assert [whole(desk.order(one)) for one in (first, second, third)] == [[at + 7 * DAY] for at in opened]
    assert [desk.order(one).merged_in for one in (first, second, third)] == [(), (), ()]
    assert_laws(desk)


@pytest.mark.parametrize("moved", ["first", "second"])
def test_a_limit_that_a_person_has_moved_is_not_moved_by_a_merge(moved: str) -> None:
    """Neither that of the order which goes on, nor with one that was granted more time itself."""
    desk = pothole()
    desk.feed(report("2", T0 + DAY, OTHER_WORDS), at=T0 + DAY)
    first, second = list(desk.state.orders)
    extended = {"first": first, "second": second}[moved]
    assert desk.update("request-extension", ROADS, T0 + DAY, extended, reason="rain") == ""
    assert desk.update("approve-extension", DISPATCHER, T0 + DAY, extended) == ""
    before = whole(desk.order(second))

    desk.update("merge", OPERATOR, T0 + 2 * DAY, first, reason="same", other_order_id=second)

    assert whole(desk.order(second)) == before
    assert_laws(desk)


def test_what_was_merged_before_a_closing_was_answered_by_it() -> None:
    """Reopened, the order has fresh limits; what is merged into it then brings its own."""
    desk, _, second = merged_into_a_later_one()
    desk.update("force-close", OPERATOR, T0 + 4 * DAY, second, reason="done")
    desk.update("reopen", OPERATOR, T0 + 5 * DAY, second, reason="not done")
    assert whole(desk.order(second)) == [T0 + 12 * DAY]
    desk.feed(report("3", T0 + 5 * DAY, "完全不同的说法在这里写着"), at=T0 + 5 * DAY)
    (third,) = (order.id for order in desk.state.orders.values() if order.opened_at == T0 + 5 * DAY)
    desk.update("re-assign", DISPATCHER, T0 + 5 * DAY, second, department="works", reason="a root")
    assert whole(desk.order(second)) == [T0 + 12 * DAY]

    desk.update("merge", OPERATOR, T0 + 6 * DAY, second, reason="same", other_order_id=third)

    assert whole(desk.order(third)) == [T0 + 12 * DAY]
    assert_laws(desk)


def seen_and_reported() -> tuple[Desk, str, str]:
    """What a camera has seen, into which a citizen's order is merged; it is closed after an hour more."""
    desk = Desk(quiet_city("call_back_days = 3.0"))
    for camera in ("cam-sw-1", "cam-sw-2"):
        desk.feed(detection(camera, T0, "pothole", camera), at=T0)
    desk.feed(report("1", T0, OTHER_WORDS, lat=30.02, lon=114.02, reporter="citizen"), at=T0)
    seen, reported = sorted(desk.state.orders, key=lambda each: desk.order(each).kind)
    desk.update("merge", OPERATOR, T0 + HOUR, reported, reason="same", other_order_id=seen)
    desk.update("force-close", OPERATOR, T0 + 2 * HOUR, seen, reason="done")
    return desk, seen, reported


def test_who_reported_what_was_merged_into_an_order_is_called_back_as_its_own_reporters_are() -> None:
    """Until they have answered; nobody was called where only cameras had seen the other one."""
    desk, seen, _ = seen_and_reported()
    desk.tick(T0 + 4 * DAY)
    assert desk.order(seen).call_back
    assert unanswered(desk.order(seen)) == ("citizen",)

    assert desk.update("call-back", DISPATCHER, T0 + 4 * DAY, seen, satisfied=True) == ""

    assert (desk.order(seen).call_back, unanswered(desk.order(seen))) == (False, ())
    assert [answer.by for answer in desk.order(seen).answers] == ["citizen"]
    assert_laws(desk)


@pytest.mark.parametrize("then", ["feedback", "unmerge"])
def test_whose_order_was_merged_is_not_called_once_they_have_answered_or_theirs_stands_alone_again(then: str) -> None:
    """The order that they had been part of waits for nobody then."""
    desk, seen, reported = seen_and_reported()

    if then == "feedback":
        who = Actor("reporter", "", "citizen")
        assert desk.update("feedback", who, T0 + DAY, seen, satisfied=True) == ""
    else:
        assert desk.update("unmerge", OPERATOR, T0 + DAY, reported, reason="two holes") == ""
    desk.tick(T0 + 4 * DAY)

    assert not desk.order(seen).call_back
    assert "call-back-due" not in desk.names(seen)
    assert_laws(desk)


def test_who_has_reported_both_orders_waits_for_the_one_that_goes_on_also_without_their_report_in_it() -> None:
    """It was split off: their other order is part of it still, and once that is not either, nobody is left."""
    desk = Desk(quiet_city("call_back_days = 3.0"))
    for camera in ("cam-sw-1", "cam-sw-2"):
        desk.feed(detection(camera, T0, "pothole", camera), at=T0)
    desk.feed(report("1", T0, lat=30.05, reporter="ann"), at=T0)
    desk.feed(report("2", T0, OTHER_WORDS, lat=30.02, lon=114.02, reporter="ann"), at=T0)
    seen, reported = sorted(desk.state.orders, key=lambda each: desk.order(each).kind)
    assert desk.order(seen).reporters == ("ann",)
    desk.update("merge", OPERATOR, T0 + HOUR, reported, reason="same", other_order_id=seen)

    assert desk.update("split", OPERATOR, T0 + HOUR, seen, reason="another", report=("app", "1")) == ""
    desk.update("force-close", OPERATOR, T0 + 2 * HOUR, seen, reason="done")

    assert unanswered(desk.order(seen)) == ("ann",)
    assert desk.order(seen).call_back_at == T0 + 2 * HOUR + 3 * DAY
    assert desk.update("unmerge", OPERATOR, T0 + 3 * HOUR, reported, reason="two holes") == ""
    assert (unanswered(desk.order(seen)), desk.order(seen).call_back_at) == ((), None)
    assert_laws(desk)


def resolved(desk: Desk, order_id: str) -> list[int]:
    """The times that it took from the first report of an order to its closings, in its area."""
    booked = booking.bookings(desk.order(order_id), desk.city.zone)
    amounts = (each for row, figures in booked.items() if row.startswith("area/") for each in figures)
    return [each[1] for each in amounts if isinstance(each, tuple) and each[0] == "resolution_ms"]


def test_a_split_report_runs_against_a_limit_of_its_own() -> None:
    """From its own instant, not from that of the order it was taken for a part of."""
    desk = pothole()
    desk.feed(report("2", T0 + HOUR), at=T0 + HOUR)
    first = desk.only().id
    assert desk.update("split", OPERATOR, T0 + 2 * HOUR, first, reason="another", report=("app", "2")) == ""

    (own,) = [order for order in desk.state.orders.values() if order.id != first]
    assert whole(own) == [own.due] == [T0 + HOUR + 7 * DAY]
    assert_laws(desk)


def test_an_order_that_was_closed_by_force_in_review_gets_a_fresh_limit_when_reopened() -> None:
    """It never had a department, so it goes to a reviewer, with the time from its reopening on."""
    desk = pothole(category="")
    assert desk.only().state == "review"
    desk.update("force-close", OPERATOR, T0 + HOUR, reason="gone")
    desk.update("reopen", OPERATOR, T0 + 2 * DAY, reason="there again")

    order = desk.only()
    assert order.state == "review"
    assert whole(order) == [order.due] == [T0 + 9 * DAY]
    assert_laws(desk)


def test_each_extension_of_a_reporters_own_due_time_adds_the_first_length() -> None:
    """Ten days, then ten more, then ten more."""
    desk = pothole(due_given=True, due=T0 + 10 * DAY)
    desk.update("accept", ROADS, T0 + HOUR)
    for number in range(2):
        desk.update("request-extension", ROADS, T0 + (2 + number) * HOUR, reason="parts")
        assert desk.update("approve-extension", DISPATCHER, T0 + (2 + number) * HOUR) == ""

    assert desk.only().due == T0 + 30 * DAY


def test_what_was_missed_before_a_forced_closing_stays_missed() -> None:
    """A review that nobody made in time, and a check that nobody made at all."""
    waiting = pothole(category="")
    waiting.tick(T0 + 2 * DAY)
    assert waiting.count("dispatch_missed") == 1
    waiting.update("force-close", OPERATOR, T0 + 2 * DAY, reason="gone")
    assert (waiting.count("dispatch_done"), waiting.count("dispatch_on_time")) == (1, 0)

    for ending in ("force-close", "reject"):
        unchecked = pothole()
        unchecked.update("accept", ROADS, T0 + HOUR)
        unchecked.update("handle", ROADS, T0 + HOUR, evidence_urls=("e",))
        unchecked.tick(T0 + 20 * DAY)
        assert unchecked.count("check_missed") == 1
        unchecked.update(ending, OPERATOR, T0 + 20 * DAY, reason="gone")
        assert unchecked.count("check_missed") == 1
        assert_laws(unchecked)


@pytest.mark.slow
def test_a_late_report_does_not_overtake_the_timers_of_its_order() -> None:
    """While hundreds of others' timers wait, those of the order that it joins fire first, each at its own instant."""
    desk = Desk()
    for number in range(FIRED_PER_RECORD + 5):
        desk.feed(report(str(number), T0, f"{number} 物业费", category="property-fees"), at=T0)
    desk.feed(report("p", T0 + HOUR, due_given=True, due=T0 + 20 * HOUR), at=T0 + HOUR)
    hole = next(order.id for order in desk.state.orders.values() if order.category == "pothole")
    desk.feed(report("p2", T0 + 40 * HOUR), at=T0 + 40 * HOUR)

    chain = [fact for fact in facts_of(desk.sent) if fact.order_id == hole]
    assert isinstance(chain[-1], facts.EvidenceAdded)
    assert {fact.stage: fact.at for fact in chain if isinstance(fact, facts.Breached)} == {
        "accept": T0 + 3 * HOUR,
        "whole": T0 + 20 * HOUR,
        "handle": T0 + 25 * HOUR,
    }
    while desk.state.next_due is not None and desk.state.next_due <= desk.clock:
        desk.tick(desk.clock)
    assert_laws(desk)


def test_each_reporter_s_answer_counts_once() -> None:
    """The one who is not satisfied does not take away the other's word; who answers twice has said the second."""
    desk = pothole()
    desk.feed(report("2", T0), at=T0)
    desk.update("accept", ROADS, T0 + HOUR)
    desk.update("handle", ROADS, T0 + HOUR, evidence_urls=("e",))
    desk.update("check-pass", INSPECTOR, T0 + HOUR)
    for who, satisfied in (("hash-1", True), ("hash-2", False), ("hash-2", False)):
        assert desk.update("feedback", Actor("reporter", "", who), T0 + 2 * HOUR, satisfied=satisfied) == ""
    assert (desk.count("satisfied"), desk.count("unsatisfied")) == (1, 1)

    desk.update("feedback", Actor("reporter", "", "hash-2"), T0 + 3 * HOUR, satisfied=True)
    assert (desk.count("satisfied"), desk.count("unsatisfied")) == (2, 0)
    assert_laws(desk)


def test_a_late_acceptance_is_not_charged_where_the_return_was_right() -> None:
    """Not in the accept stage; that it was assigned, accepted and returned stays on its days."""
    desk = pothole()
    desk.update("accept", ROADS, T0 + 5 * HOUR)
    desk.update("return", ROADS, T0 + 6 * HOUR, code="unclear", reason="r", evidence_urls=("e",))
    desk.update("approve-return", DISPATCHER, T0 + 7 * HOUR, department="works", category="water-leak")

    booked = [
        counted for row, counted in booking.bookings(desk.only(), desk.city.zone).items() if "department/roads" in row
    ]
    named = {figure for counted in booked for figure in counted}
    assert {"assigned", "accepted", "returned"} <= named
    assert not named & {"accept_done", "accept_on_time", "accept_missed"}


def withdrawn(desk: Desk, department: str) -> int:
    """How often a department was told that an order is no longer its own."""
    told = [event_type(out.headers) for out in desk.sent if out.topic == f"assignments/{department}"]
    return told.count(WITHDRAWAL)


@pytest.mark.parametrize("ending", ["reject", "force-close"])
def test_a_department_is_told_once_that_an_order_was_taken_from_it(ending: str) -> None:
    """At the end that somebody set to its work, and not again when the order is archived."""
    desk = pothole()
    desk.update("accept", ROADS, T0 + HOUR)
    desk.update(ending, OPERATOR, T0 + 2 * HOUR, reason="nothing there")
    assert (withdrawn(desk, "roads"), withdrawn(desk, "police")) == (1, 1)
    desk.tick(T0 + 60 * DAY)
    assert desk.state.orders == {}
    assert withdrawn(desk, "roads") == 1


def test_a_department_whose_work_was_done_keeps_it() -> None:
    """Closed after it was handled, by force or not: there is nothing to take away."""
    desk = pothole()
    desk.update("accept", ROADS, T0 + HOUR)
    desk.update("handle", ROADS, T0 + HOUR, evidence_urls=("e",))
    desk.update("force-close", OPERATOR, T0 + 2 * HOUR, reason="nobody checks")
    assert withdrawn(desk, "roads") == 0


def test_merging_and_unmerging_withdraws_once() -> None:
    """The department loses the order with the merge; the unmerge takes nothing more."""
    desk, _, second = merged()
    desk.update("unmerge", OPERATOR, T0 + 2 * HOUR, second, reason="another hole")
    assert withdrawn(desk, "roads") == 1


def test_an_overdue_order_is_supervised_on_after_it_changed_hands() -> None:
    """The breach of the whole stands, so its supervision goes on from where it was."""
    desk = pothole(category="", due_given=True, due=T0 + DAY)
    desk.tick(T0 + DAY + HOUR)
    assert (desk.only().overdue_at, desk.only().supervision) == (T0 + DAY, 1)
    desk.update("decide", REVIEWER, T0 + DAY + 2 * HOUR, category="pothole")
    assert (desk.only().department, desk.only().supervision) == ("roads", 1)

    desk.tick(T0 + 10 * DAY)
    levels = [(fact.level, fact.at) for fact in facts_of(desk.sent) if isinstance(fact, facts.Supervised)]
    assert levels == [(1, T0 + DAY), (2, T0 + 2 * DAY), (3, T0 + 3 * DAY)]
    assert_laws(desk)


def test_reporters_of_an_order_merged_twice_over_still_belong_to_it() -> None:
    """They are told of its steps and may answer."""
    desk = pothole()
    desk.feed(report("2", T0, OTHER_WORDS), at=T0)
    desk.feed(report("3", T0, "完全不同的说法在这里写着"), at=T0)
    first, second, third = list(desk.state.orders)
    desk.update("merge", OPERATOR, T0 + HOUR, third, reason="same", other_order_id=second)
    desk.update("merge", OPERATOR, T0 + HOUR, second, reason="same", other_order_id=first)
    desk.update("accept", ROADS, T0 + HOUR, first)
    sent = len(desk.sent)
    desk.update("handle", ROADS, T0 + HOUR, first, evidence_urls=("e",))

    assert {out.key for out in desk.sent[sent:] if out.topic == "notices"} >= {"hash-1", "hash-2", "hash-3"}
    assert desk.update("check-pass", Actor("reporter", "", "hash-3"), T0 + 2 * HOUR, first) == ""
    assert_laws(desk)


def test_what_the_wrong_department_was_granted_is_not_the_next_one_s() -> None:
    """Two extensions of the roads bureau end with its turn; the waterworks may ask for its own."""
    desk = pothole()
    desk.update("accept", ROADS, T0 + HOUR)
    for _ in range(2):
        desk.update("request-extension", ROADS, T0 + HOUR, reason="parts")
        assert desk.update("approve-extension", DISPATCHER, T0 + HOUR) == ""
    desk.update("return", ROADS, T0 + HOUR, code="unclear", reason="r")
    desk.update("approve-return", DISPATCHER, T0 + 2 * HOUR, department="works", category="water-leak")
    desk.update("accept", WORKS, T0 + 2 * HOUR)
    assert desk.update("request-extension", WORKS, T0 + 2 * HOUR, reason="parts") == ""


def test_what_only_cameras_saw_has_no_reporter() -> None:
    """Nobody can check or reopen it as one; where all reports came without a name anybody may."""

    def handled(*seen: Sighting) -> Desk:
        desk = Desk(quiet_city())
        desk.feed(*seen, at=T0)
        lead = Actor("department", desk.only().department, "x")
        desk.update("accept", lead, T0 + HOUR)
        desk.update("handle", lead, T0 + HOUR, evidence_urls=("e",))
        return desk

    seen_by_cameras = handled(detection("1", T0), detection("2", T0, camera="cam-sw-2"))
    nameless = handled(report("1", T0, reporter=""))
    somebody = Actor("reporter", "", "hash-9")
    assert seen_by_cameras.update("check-pass", somebody, T0 + 2 * HOUR) == "not-its-reporter"
    assert nameless.update("check-pass", somebody, T0 + 2 * HOUR) == ""


def test_an_assist_does_not_check_its_own_work() -> None:
    """Neither the lead nor an assist may say that the order was handled well."""
    desk = pothole()
    desk.update("accept", ROADS, T0 + HOUR)
    desk.update("handle", ROADS, T0 + HOUR, evidence_urls=("e",))
    assert desk.only().assignments[-1].assists == ("police",)
    inspector = Actor("inspector", "police", "pia")
    assert desk.update("check-pass", inspector, T0 + 2 * HOUR) == "handler-is-checker"


def test_an_order_that_cannot_even_be_quarantined_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its figures cannot be made: its timers come to nothing, a step on it is a failure, the district goes on."""
    desk = pothole()
    desk.feed(report("2", T0, category="street-vendor", lat=30.09), at=T0)
    broken, other = list(desk.state.orders)
    real = booking.counts

    def raises(order: Order, zone: ZoneInfo) -> booking.Counts:
        if order.id == broken and order.last_at + order.recorded_at > 2 * T0:
            raise KeyError("a bug")
        return real(order, zone)

    with monkeypatch.context() as patched:
        patched.setattr(booking, "counts", raises)
        patched.setattr("dispatcher.desk.FIRED_PER_RECORD", 0)
        desk.update("accept", ROADS, T0 + 3 * HOUR, broken)
        assert [failure.partition(":")[0] for failure in desk.failures] == ["KeyError"]
        patched.setattr("dispatcher.desk.FIRED_PER_RECORD", 100)
        desk.tick(T0 + 4 * HOUR)

    assert "breached" in desk.names(other)
    assert desk.order(broken).seq == 3


@pytest.mark.parametrize("by", [ROADS, OPERATOR, Actor("department"), Actor("inspector", "works", "wu")])
def test_a_sender_cannot_act_in_the_name_of_another(by: Actor) -> None:
    """Also where the other might do it, and of an order that is not there: the refusal names what it tried."""
    desk = pothole()
    before = desk.only()

    refused = [
        desk.update(action, by, T0 + HOUR, order, sender=Actor("department", "works"), reason="r")
        for action, order in (("accept", None), ("force-close", None), ("accept", "south-w-20260301-abcdefgh23"))
    ]

    assert refused == ["not-the-sender"] * 3
    assert before == desk.only()
    assert_laws(desk)


def test_a_sender_acts_in_its_own_name_as_ever() -> None:
    """Any clerk of the department; what it may not do is refused as it would be anywhere."""
    desk = pothole()

    assert desk.update("accept", WORKS, T0 + HOUR, sender=Actor("department", "works")) == "wrong-department"
    assert desk.update("accept", ROADS, T0 + HOUR, sender=Actor("department", "roads")) == ""
    assert desk.only().state == "accepted"


def test_no_sender_takes_the_name_of_what_another_is_yet_to_send() -> None:
    """The same source and id from two senders, and from one who may speak for others, are three updates; from one they
    are one."""
    desk = pothole()
    same: dict[str, Any] = {"source": "crm", "id": "7"}

    desk.update("accept", WORKS, T0 + HOUR, sender=Actor("department", "works"), **same)
    desk.update("accept", ROADS, T0 + HOUR, sender=Actor("department", "roads"), **same)
    assert desk.only().state == "accepted"

    desk.update("progress", ROADS, T0 + 2 * HOUR, sender=Actor("department", "roads"), **same)
    assert "progressed" not in desk.names()
    desk.update("progress", ROADS, T0 + 2 * HOUR, **same)
    assert "progressed" in desk.names()


def test_a_department_reads_on_its_own_topic_what_was_refused_it() -> None:
    """The same event as in the log, which it need not see; who speaks for others, and is none, is told there alone."""
    desk = pothole()
    before = len(desk.sent)

    desk.update("accept", WORKS, T0 + HOUR, sender=Actor("department", "works"))
    desk.update("accept", ROADS, T0 + HOUR, sender=Actor("department", "works"))
    desk.update("accept", WORKS, T0 + HOUR)
    desk.update("accept", WORKS, T0 + HOUR, sender=Actor("department", "no-such"))

    refused = [out for out in desk.sent[before:] if event_type(out.headers) == facts.CE_TYPES[facts.UpdateRefused]]
    assert [out.topic for out in refused] == ["orders", "assignments/works"] * 2 + ["orders"] * 2
    for told, copied in (refused[:2], refused[2:4]):
        assert (told.key, told.value, told.headers) == (copied.key, copied.value, copied.headers)

"""What orders count for: every rule of the bookkeeping at one life each."""

from zoneinfo import ZoneInfo

import pytest

from dispatcher.figures.booking import Bookings, bookings, collect, difference, direct
from dispatcher.figures.figure_row import FigureRow, decode, encode, parse_key, row_key
from dispatcher.order import facts
from dispatcher.order.row import Order
from models.city import LimitStage
from tests.support.steps.lives import Life, limit

ZONE = ZoneInfo("Asia/Shanghai")
DAY = 24 * 3_600_000
NOON = 1_767_585_600_000  # 2026-01-05T12:00 in Shanghai
HOUR = 3_600_000


def booked(order: Order) -> Bookings:
    """The bookings on the days of Shanghai."""
    return bookings(order, ZONE)


def life(due: int | None = None, reporter: str = "") -> Life:
    """An order opened on 5 January 2026 at noon."""
    return Life(1, NOON, 20260105, due=due, reporter=reporter)


def test_an_order_without_a_lead_counts_under_none() -> None:
    """In review it belongs to no department and no category, but to its area."""
    figures = {"received": 1, "opened": 1, "open": 1}
    assert booked(life().review(NOON).row) == {
        "department/-/20260105": figures,
        "category/-/20260105": figures,
        "area/south-w/20260105": figures,
    }


def test_an_assignment_moves_the_order_to_its_lead_on_the_original_day() -> None:
    """What was booked under nobody moves; the assignment itself counts on its own day."""
    rows = booked(life().review(NOON).assign(NOON + DAY).row)
    assert "department/-/20260105" not in rows
    assert rows["department/roads/20260105"] == {"received": 1, "opened": 1, "open": 1}
    assert rows["department/roads/20260106"] == {"assigned": 1, ("dispatching_ms", DAY): 1}
    assert rows["category/pothole/20260105"]["opened"] == 1


def test_a_closing_counts_with_its_durations_on_its_day() -> None:
    """Closed, on time, first dispatch, checked; the stock falls; both clocks are there."""
    order = (
        life(reporter="r").assign(NOON, due=NOON + 3 * DAY).accept(NOON + HOUR).handle(NOON + DAY, 23 * HOUR, 7 * HOUR)
    )
    rows = booked(order.check(NOON + 2 * DAY).close(NOON + 2 * DAY).row)
    assert rows["department/roads/20260107"] == {
        "open": -1,
        "closed": 1,
        "citizen_closed": 1,
        "closed_checked": 1,
        "closed_first_dispatch": 1,
        "closed_limited": 1,
        "closed_limited_raw": 1,
        "closed_on_time": 1,
        "closed_on_time_raw": 1,
        ("resolution_ms", 2 * DAY): 1,
        ("checking_ms", DAY): 1,
    }
    assert rows["department/roads/20260106"] == {
        "handled": 1,
        ("handling_ms", 23 * HOUR): 1,
        ("handling_work_ms", 7 * HOUR): 1,
    }
    assert rows["department/roads/20260105"][("response_ms", HOUR)] == 1


def test_the_passing_handling_decides_whether_a_closing_is_on_time() -> None:
    """Checked and closed after the due time, but handled before it: on time. The instant itself is in time."""
    due = NOON + DAY
    for handled, on_time in ((due, 1), (due + 1, 0)):
        order = life().assign(NOON, due=due).accept(NOON).handle(handled).check(due + DAY).close(due + DAY).row
        assert on_time == booked(order)["area/south-w/20260107"].get("closed_on_time", 0)


def test_an_extension_moves_the_adjusted_due_time_only() -> None:
    """Handled after the first due time and before the extended one: on time, but not before extensions."""
    order = life().assign(NOON, due=NOON + 2 * DAY, due_raw=NOON + HOUR).accept(NOON).handle(NOON + DAY)
    figures = booked(order.check(NOON + DAY).close(NOON + DAY).row)["area/south-w/20260106"]
    assert figures["closed_on_time"] == 1
    assert "closed_on_time_raw" not in figures


def test_a_breach_stands_from_its_day_until_the_closing() -> None:
    """Overdue on the due day, no longer from the closing's day on; the closing is late."""
    due = NOON + DAY
    open_order = life().assign(NOON, due=due).accept(NOON).breach(due)
    assert booked(open_order.row)["area/south-w/20260106"] == {"overdue_open": 1}
    rows = booked(open_order.handle(due + 2 * DAY).check(due + 2 * DAY).close(due + 2 * DAY).row)
    assert rows["area/south-w/20260106"] == {"overdue_open": 1}
    assert rows["area/south-w/20260108"]["overdue_open"] == -1
    assert "closed_on_time" not in rows["area/south-w/20260108"]


def test_a_late_fact_from_before_the_breach_clears_it() -> None:
    """Handled in time, but told after the timer: nothing of the breach is left."""
    due = NOON + DAY
    rows = booked(life().assign(NOON, due=due).accept(NOON).breach(due).handle(due - HOUR).row)
    assert not any("overdue_open" in figures for figures in rows.values())


@pytest.mark.parametrize("stage", ["accept", "handle", "check"])
def test_a_limit_that_was_up_after_the_end_was_not_missed(stage: LimitStage) -> None:
    """What ended the order before may be told after the timer; nobody has missed anything then."""
    for ended, missed in ((NOON + HOUR, 0), (NOON + 3 * HOUR, 1)):
        order = life().assign(NOON)
        if stage == "check":
            asked = limit("check", NOON, NOON + 2 * HOUR)
            order.add(facts.Handled, NOON, "handled", handled_ms=0, handled_work_ms=0, limit=asked)
        rows = booked(order.breach(NOON + 2 * HOUR, stage).close(ended, forced=True).row)
        assert rows["area/south-w/20260105"].get(f"{stage}_missed", 0) == missed


def test_a_limit_that_was_up_after_the_return_was_not_missed() -> None:
    """It was returned in time; where the return is refused, the clock has run on and the limit was missed after all."""
    order = life().assign(NOON).accept(NOON).breach(NOON + 2 * HOUR, "handle")
    order.add(facts.Returned, NOON + HOUR, "returned", code="not-my-area", reason="elsewhere")
    assert "handle_missed" not in booked(order.row)["department/roads/20260105"]

    order.add(facts.ReturnRefused, NOON + 3 * HOUR, "assigned", reason="it is yours")
    assert booked(order.row)["department/roads/20260105"]["handle_missed"] == 1
    assert order.row.assignments[-1].handle_missed_at == NOON + 3 * HOUR  # as when it had come in at once


def test_a_reopening_takes_the_closing_off_its_day() -> None:
    """Between closing and reopening the order counts as open; the closing counts as one that did not last."""
    closed = life().assign(NOON).accept(NOON).handle(NOON + DAY).check(NOON + DAY).close(NOON + DAY)
    before = booked(closed.row)
    rows = booked(closed.reopen(NOON + 3 * DAY).assign(NOON + 3 * DAY).row)
    assert before["area/south-w/20260106"]["open"] == -1
    assert rows["area/south-w/20260106"]["closings_reopened"] == 1
    assert "closed" not in rows["area/south-w/20260106"]
    assert "open" not in rows["area/south-w/20260106"]
    assert rows["area/south-w/20260108"]["reopened"] == 1


def test_an_approved_return_charges_dispatching_alone() -> None:
    """A's time is booked under nobody; A is charged no missed acceptance, and the lead is B."""
    order = life().assign(NOON, "roads", accept_due=NOON + HOUR).breach(NOON + HOUR, "accept")
    order.give_back(NOON + 2 * HOUR, NOON + 3 * HOUR, 2 * HOUR).assign(NOON + 3 * HOUR, "works", "flooding")
    rows = booked(order.accept(NOON + 4 * HOUR).row)
    assert rows["department/roads/20260105"] == {"assigned": 1, "returned": 1, "returns_approved": 1}
    assert rows["department/-/20260105"] == {"misroutes": 1, "misroute_ms": 2 * HOUR}
    assert rows["department/works/20260105"]["opened"] == 1
    assert rows["department/works/20260105"][("response_ms", HOUR)] == 1


def test_a_second_department_spoils_dispatch_accuracy_and_a_failed_check_counts_as_rework() -> None:
    """The closing carries both; a reopening to the same department would not spoil it."""
    order = life().assign(NOON).give_back(NOON, NOON, 0).assign(NOON, "works").accept(NOON).handle(NOON)
    order.check(NOON, passed=False).handle(NOON).check(NOON).close(NOON)
    figures = booked(order.row)["area/south-w/20260105"]
    assert figures["closed_reworked"] == 1
    assert "closed_first_dispatch" not in figures


def test_a_forced_closing_is_neither_checked_nor_on_time() -> None:
    """Nothing that passed was handled in time."""
    figures = booked(life(reporter="r").assign(NOON, due=NOON + DAY).close(NOON, forced=True).row)[
        "area/south-w/20260105"
    ]
    assert figures["citizen_closed"] == 1
    assert figures["closed_limited"] == 1
    assert not {"closed_checked", "closed_on_time"} & figures.keys()


def test_stages_count_for_their_stage_and_actor() -> None:
    """An acceptance in time counts for the clerk, a missed review for nobody."""
    rows = booked(life().review(NOON, NOON + HOUR).breach(NOON + HOUR, "review").row)
    assert rows["stage/review/20260105"] == {"dispatch_missed": 1}
    rows = booked(life().assign(NOON, accept_due=NOON + HOUR).accept(NOON + HOUR).row)
    assert rows["actor/clerk-1/20260105"] == rows["stage/accept/20260105"] == {"accept_done": 1, "accept_on_time": 1}


def test_a_review_done_late_is_done_and_not_missed() -> None:
    """The missed one becomes a late one, and counts for the dispatcher who decided."""
    order = life().review(NOON, NOON + HOUR).breach(NOON + HOUR, "review").assign(NOON + 2 * HOUR).row
    assert booked(order)["stage/review/20260105"] == {"dispatch_done": 1}
    assert booked(order)["actor/dispatcher-1/20260105"] == {"dispatch_done": 1}


def test_days_are_the_citys() -> None:
    """Midnight in the city divides the days, not midnight UTC."""
    midnight = NOON - 12 * HOUR
    assert "area/south-w/20260104" in booked(Life(1, midnight - 1, 20260104).row)
    assert "area/south-w/20260105" in booked(Life(1, midnight, 20260105).row)


def test_the_difference_is_what_must_be_booked() -> None:
    """Rows that went, came and changed, without zeros."""
    before: Bookings = {"area/a/1": {"open": 1, "opened": 1}, "area/a/2": {"closed": 1}}
    after: Bookings = {"area/a/1": {"open": 2, "opened": 1}, "area/a/3": {"closed": 1}}
    assert difference(before, after) == {
        "area/a/1": {"open": 1},
        "area/a/2": {"closed": -1},
        "area/a/3": {"closed": 1},
    }
    assert difference(after, after) == {}


def test_what_belongs_to_no_order_counts_under_no_department() -> None:
    """A suppressed detection is booked for its area, its category and the department `-`."""
    assert direct("suppressed", NOON, "south-w", "", ZONE) == {
        "department/-/20260105": {"suppressed": 1},
        "category/-/20260105": {"suppressed": 1},
        "area/south-w/20260105": {"suppressed": 1},
    }


def test_a_row_is_absolute_and_its_version_rises() -> None:
    """Booking and taking back leaves nothing but the version."""
    amounts = booked(life().assign(NOON).accept(NOON + HOUR).row)["area/south-w/20260105"]
    row = FigureRow().add(amounts)
    assert row.version == 1
    assert row == decode(encode(row))
    assert FigureRow(2) == row.add({figure: -times for figure, times in amounts.items()})


def test_a_rows_bytes_do_not_depend_on_the_order_of_booking() -> None:
    """Equal rows are equal bytes."""
    one = FigureRow(0, {"a": 1, "b": 2})
    other = FigureRow(0, {"b": 2, "a": 1})
    assert encode(one) == encode(other)


def test_a_row_key_may_hold_slashes() -> None:
    """Keys are read from both ends."""
    assert parse_key(row_key("actor/police/clerk 7/20260105", 3)) == ("actor", "police/clerk 7", 20260105, 3)
    with pytest.raises(ValueError, match="invalid literal"):
        parse_key("area/south-w/today/0")


def test_collected_bookings_drop_what_comes_to_nothing() -> None:
    """A running total holds no zeros and no empty rows."""
    total: Bookings = {}
    collect(total, {"area/a/1": {"open": 1}})
    collect(total, {"area/a/1": {"open": -1}})
    assert total == {}

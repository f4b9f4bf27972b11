"""Working time at its edges: breaks, nights, weekends, holidays, make-up days, clocks that change."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from dispatcher.clocks import worktime
from models.city.calendar import Calendar
from models.times import to_ms

SHANGHAI = ZoneInfo("Asia/Shanghai")
BOSTON = ZoneInfo("America/New_York")
HOUR = 3_600_000
# 春节 2026: 15 to 23 February off, Saturdays 14 and 28 February worked instead.
SPRING = Calendar.of(
    SHANGHAI,
    ((8 * 60, 12 * 60), (14 * 60, 18 * 60)),
    holidays=frozenset(date(2026, 2, day) for day in range(15, 24)) | {date(2026, 1, 1), date(2026, 1, 2)},
    make_up=frozenset({date(2026, 2, 14), date(2026, 2, 28), date(2026, 1, 4)}),
)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    """Local wall time to an instant."""
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=zone))


def local(instant: int, zone: ZoneInfo = SHANGHAI) -> str:
    """An instant as local wall time."""
    return datetime.fromtimestamp(instant / 1000, zone).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("start", "amount", "unit", "due"),
    [
        # within a slot, over lunch, over a night, over a weekend
        ("2026-03-02T09:00", 2, "work-hour", "2026-03-02T11:00"),
        ("2026-03-02T11:00", 2, "work-hour", "2026-03-02T15:00"),
        ("2026-03-02T17:00", 2, "work-hour", "2026-03-03T09:00"),
        ("2026-03-06T17:00", 2, "work-hour", "2026-03-09T09:00"),
        # used up exactly at a slot's end: there, not at the next one's start
        ("2026-03-02T10:00", 2, "work-hour", "2026-03-02T12:00"),
        ("2026-03-02T14:00", 4, "work-hour", "2026-03-02T18:00"),
        # started outside of working time
        ("2026-03-02T12:30", 1, "work-hour", "2026-03-02T15:00"),
        ("2026-03-07T10:00", 8, "work-hour", "2026-03-09T18:00"),
        # into and over the holiday, with both make-up Saturdays
        ("2026-02-13T17:00", 9, "work-hour", "2026-02-14T18:00"),
        ("2026-02-14T17:00", 2, "work-hour", "2026-02-24T09:00"),
        ("2026-02-27T17:00", 2, "work-hour", "2026-02-28T09:00"),
        # over the year's end: 1 and 2 January off, Sunday the 4th worked
        ("2025-12-31T17:00", 2, "work-hour", "2026-01-04T09:00"),
        # whole working days: the same time of day, moved into the slots
        ("2026-03-02T10:30", 1, "work-day", "2026-03-03T10:30"),
        ("2026-03-06T10:30", 3, "work-day", "2026-03-11T10:30"),
        ("2026-03-02T13:00", 1, "work-day", "2026-03-03T12:00"),
        ("2026-03-02T20:00", 1, "work-day", "2026-03-03T18:00"),
        ("2026-03-02T06:00", 1, "work-day", "2026-03-03T08:00"),
        ("2026-03-07T10:00", 1, "work-day", "2026-03-09T10:00"),
        ("2026-02-13T10:00", 2, "work-day", "2026-02-24T10:00"),
        # round the clock, and calendar days
        ("2026-02-14T17:00", 24, "hour24", "2026-02-15T17:00"),
        ("2026-02-14T17:00", 7, "day", "2026-02-21T17:00"),
    ],
)
def test_a_limit_ends_where_the_calendar_says(start: str, amount: int, unit: str, due: str) -> None:
    """Each unit counts in its own way."""
    assert due == local(worktime.add(SPRING, at(start), amount, unit))


def test_a_limit_in_work_days_can_run_to_the_end_of_its_last_day() -> None:
    """Where the city says so, the last working slot ends it."""
    due = worktime.add(SPRING, at("2026-03-02T09:00"), 1, "work-day", work_day_due="end-of-day")
    assert local(due) == "2026-03-03T18:00"


def test_no_amount_ends_at_once() -> None:
    """A limit of zero is up when it starts, inside and outside of working time."""
    for unit in ("hour24", "work-hour", "work-day", "day"):
        assert worktime.add(SPRING, at("2026-03-07T10:00"), 0, unit) == at("2026-03-07T10:00")


def test_milliseconds_survive() -> None:
    """Nothing is rounded to seconds or minutes."""
    start = at("2026-03-02T09:00") + 123
    for unit in ("hour24", "work-hour", "work-day", "day"):
        assert worktime.add(SPRING, start, 1, unit) % 1000 == 123


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2015-03-07T12:00", 1, "2015-03-08T12:00"),  # the clocks go forward in the night: 23 hours
        ("2015-10-31T12:00", 1, "2015-11-01T12:00"),  # and back: 25 hours
        ("2015-03-07T02:30", 1, "2015-03-08T03:30"),  # an hour that does not exist that day
    ],
)
def test_calendar_days_keep_the_time_of_day_when_the_clocks_change(start: str, days: int, due: str) -> None:
    """A calendar day is 23, 24 or 25 hours long."""
    boston = Calendar.of(BOSTON, ((480, 1020),))
    assert local(worktime.add(boston, at(start, BOSTON), days, "day"), BOSTON) == due


def test_working_time_counts_real_hours_when_the_clocks_change() -> None:
    """A night shift over the change works seven hours, not eight."""
    night = Calendar.of(BOSTON, ((0, 480),), weekend=frozenset())
    worked = worktime.diff(night, at("2015-03-08T00:00", BOSTON), at("2015-03-09T00:00", BOSTON))
    assert worked == 7 * HOUR


def test_working_time_backwards_is_negative() -> None:
    """`diff` turns its sign with its arguments."""
    early, late = at("2026-03-02T09:00"), at("2026-03-02T15:00")
    assert worktime.diff(SPRING, late, early) == -worktime.diff(SPRING, early, late) == -4 * HOUR


@pytest.mark.parametrize(
    ("unit", "start", "due", "warned"),
    [
        ("hour24", "2026-03-02T00:00", "2026-03-02T10:00", "2026-03-02T08:00"),
        ("day", "2026-03-01T00:00", "2026-03-11T00:00", "2026-03-09T00:00"),
        ("work-hour", "2026-03-02T08:00", "2026-03-03T10:00", "2026-03-02T18:00"),
        ("work-day", "2026-03-06T08:00", "2026-03-10T08:00", "2026-03-09T14:48"),
    ],
)
def test_four_fifths_of_a_limit_are_measured_in_its_own_unit(unit: str, start: str, due: str, warned: str) -> None:
    """A limit in working time warns by working time."""
    assert local(worktime.point(SPRING, at(start), at(due), unit, 0.8)) == warned


@pytest.mark.parametrize(
    ("unit", "due", "since", "until", "moved"),
    [
        # Friday 16:00 to Monday 10:00: two hours were left
        ("work-hour", "2026-03-06T18:00", "2026-03-06T16:00", "2026-03-09T10:00", "2026-03-09T12:00"),
        ("work-hour", "2026-03-06T18:00", "2026-03-06T16:00", "2026-03-08T10:00", "2026-03-09T10:00"),
        ("hour24", "2026-03-06T18:00", "2026-03-06T16:00", "2026-03-09T10:00", "2026-03-09T12:00"),
        ("day", "2026-03-06T18:00", "2026-03-05T18:00", "2026-03-08T18:00", "2026-03-09T18:00"),
        ("work-day", "2026-03-10T10:00", "2026-03-06T10:00", "2026-03-09T10:00", "2026-03-11T10:00"),
        # a limit that was up already, and a suspension of no length
        ("work-hour", "2026-03-06T15:00", "2026-03-06T16:00", "2026-03-09T10:00", "2026-03-06T15:00"),
        ("work-hour", "2026-03-06T18:00", "2026-03-06T16:00", "2026-03-06T16:00", "2026-03-06T18:00"),
    ],
)
def test_a_suspended_limit_goes_on_with_what_was_left(unit: str, due: str, since: str, until: str, moved: str) -> None:
    """What was left is measured in the unit of the limit."""
    assert local(worktime.shift(SPRING, at(due), unit, at(since), at(until))) == moved


def test_a_suspended_day_limit_keeps_its_time_of_day_when_the_clocks_change() -> None:
    """A week's suspension moves a limit in days by a week of wall time."""
    boston = Calendar.of(BOSTON, ((480, 1020),))
    due = worktime.shift(
        boston, at("2015-03-06T18:00", BOSTON), "day", at("2015-03-04T09:00", BOSTON), at("2015-03-11T09:00", BOSTON)
    )
    assert local(due, BOSTON) == "2015-03-13T18:00"


@pytest.mark.parametrize(
    ("due", "since", "minutes"),
    [
        ("2015-11-06T12:00-05:00", "2015-11-01T01:50-04:00", 20),  # from 1:50 to the second 1:10
        ("2015-11-06T12:00-05:00", "2015-11-01T01:30-04:00", 60),  # from 1:30 to the second 1:30
        ("2015-11-01T01:30-05:00", "2015-10-30T10:00-04:00", 20),  # a limit that is up within the second of the hours
    ],
)
def test_a_suspension_in_the_hour_that_the_clocks_repeat_takes_nothing_off_a_limit(
    due: str, since: str, minutes: int
) -> None:
    """The wall clock goes back in it, the department's time does not."""
    boston = Calendar.of(BOSTON, ((480, 1020),))
    first, begun = (to_ms(datetime.fromisoformat(text)) for text in (due, since))

    moved = worktime.shift(boston, first, "day", begun, begun + minutes * 60_000)

    assert moved == first + minutes * 60_000


@pytest.mark.parametrize(("amount", "unit"), [(-1, "work-hour"), (1, "fortnight")])
def test_what_is_no_limit_is_refused(amount: int, unit: str) -> None:
    """A negative amount and an unknown unit raise ValueError."""
    with pytest.raises(ValueError, match=unit):
        worktime.add(SPRING, at("2026-03-02T09:00"), amount, unit)


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["work-hour", "work-day"])
def test_a_calendar_without_working_days_is_refused(unit: str) -> None:
    """Counting does not run for ever."""
    idle = Calendar.of(SHANGHAI, ((480, 720),), weekend=frozenset(range(7)))
    with pytest.raises(ValueError, match="no working"):
        worktime.add(idle, at("2026-03-02T09:00"), 1, unit)


def test_two_calendars_in_force_are_kept_apart() -> None:
    """What is remembered of one calendar never answers for another."""
    plain = Calendar.of(SHANGHAI, SPRING.slots)
    start = at("2026-02-13T17:00")
    assert local(worktime.add(SPRING, start, 2, "work-hour")) == "2026-02-14T09:00"
    assert local(worktime.add(plain, start, 2, "work-hour")) == "2026-02-16T09:00"

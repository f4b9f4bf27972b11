"""Laws of working time over any calendar, across 春节, lunch breaks, year ends and changing clocks."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.clocks import worktime
from models.city.calendar import Calendar, Hours, Slots
from models.times import to_ms

HOUR = 3_600_000
_ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")]
_START = date(2024, 12, 15)
days = st.integers(0, 120).map(lambda n: _START + timedelta(days=n))
# From before Christmas 2024 to after 春节 2025, far enough beyond to count over both.
instants = st.integers(1_734_220_800_000, 1_744_588_800_000)


# On a grid of 15 minutes.
any_slots = st.sets(st.integers(0, 96), min_size=2, max_size=6).map(
    lambda edges: tuple((a * 15, b * 15) for a, b in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)
any_hours = st.builds(Hours, days | st.just(date.min), st.integers(-1, 6), any_slots)


@st.composite
def calendars(draw: st.DrawFn, zones: Sequence[ZoneInfo] = _ZONES) -> Calendar:
    """Any slots, some holidays, some make-up days, short days, hours that change with season and weekday."""
    return Calendar.of(
        draw(st.sampled_from(zones)),
        draw(any_slots),
        draw(st.sampled_from([frozenset({5, 6}), frozenset({4, 5}), frozenset[int]()])),
        frozenset(draw(st.sets(days, max_size=20))),
        frozenset(draw(st.sets(days, max_size=6))),
        draw(st.lists(any_hours, max_size=4, unique_by=lambda each: each[:2])),
        draw(st.dictionaries(days, any_slots, max_size=6)),
    )


def slots_on(calendar: Calendar, day: date) -> Slots:
    """The slots of a day, looked for one after the other in what goes before what."""
    if not calendar.is_working_day(day):
        return ()
    if day in calendar.short_days:
        return calendar.short_days[day]
    for weekday in (day.weekday(), -1):
        if begun := [each for each in calendar.hours if each.weekday == weekday and each.since <= day]:
            return max(begun).slots
    return calendar.slots


def naive(calendar: Calendar, a: int, b: int) -> int:
    """Working time from a to b by looking at each day's slots: slow and plain."""
    zone = calendar.zone
    day = datetime.fromtimestamp(a / 1000, zone).date() - timedelta(days=1)
    total = 0
    while day <= datetime.fromtimestamp(b / 1000, zone).date():
        for begin, end in slots_on(calendar, day):
            midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
            opens, closes = (to_ms(midnight + timedelta(minutes=minutes)) for minutes in (begin, end))
            total += max(min(b, closes) - max(a, opens), 0)
        day += timedelta(days=1)
    return total


@pytest.mark.slow
@given(calendars(), instants, st.integers(1, 400))
def test_what_was_added_is_what_lies_between(calendar: Calendar, start: int, hours: int) -> None:
    """diff(t, add(t, d)) = d for working hours."""
    assert worktime.diff(calendar, start, worktime.add(calendar, start, hours, "work-hour")) == hours * HOUR


@given(calendars(), instants, st.integers(1, 100_000_000))
def test_a_limit_ends_at_the_first_possible_instant(calendar: Calendar, start: int, work_ms: int) -> None:
    """A millisecond before its end some working time is left: it never waits for the next slot."""
    due = worktime.add_work(calendar, start, work_ms)
    assert worktime.diff(calendar, start, due - 1) == work_ms - 1


@given(calendars(), instants, instants)
def test_working_time_is_that_of_the_slots(calendar: Calendar, a: int, b: int) -> None:
    """The prefix sums agree with adding up slot by slot."""
    low, high = min(a, b), max(a, b)
    assert worktime.diff(calendar, low, high) == naive(calendar, low, high)


@pytest.mark.slow
@given(calendars(), instants, instants, instants)
def test_working_time_adds_up(calendar: Calendar, a: int, b: int, c: int) -> None:
    """From a to c is from a to b and from b to c."""
    assert worktime.diff(calendar, a, c) == worktime.diff(calendar, a, b) + worktime.diff(calendar, b, c)


@given(calendars(), instants, st.integers(0, 50), st.sampled_from(["hour24", "work-hour", "work-day", "day"]))
def test_a_longer_limit_never_ends_earlier(calendar: Calendar, start: int, amount: int, unit: str) -> None:
    """Limits are ordered as their amounts are."""
    shorter, longer = (worktime.add(calendar, start, n, unit) for n in (amount, amount + 1))
    assert start <= shorter <= longer


@given(calendars(), instants, st.integers(1, 30), st.sampled_from(["hour24", "work-hour", "work-day", "day"]))
def test_the_warning_lies_inside_the_limit(calendar: Calendar, start: int, amount: int, unit: str) -> None:
    """Four fifths of a limit are used neither before its start nor after its end."""
    due = worktime.add(calendar, start, amount, unit)
    assert start <= worktime.point(calendar, start, due, unit, 0.8) <= due


@given(calendars(), instants, st.integers(1, 80), st.integers(0, 10**9), st.integers(0, 10**10))
def test_a_suspension_takes_no_working_time(calendar: Calendar, start: int, hours: int, after: int, held: int) -> None:
    """Before and after a suspension together the department has exactly its hours, weekends or not."""
    due = worktime.add(calendar, start, hours, "work-hour")
    since = min(start + after, due - 1)
    until = since + held
    moved = worktime.shift(calendar, due, "work-hour", since, until)
    used = worktime.diff(calendar, start, since) + worktime.diff(calendar, until, moved)
    assert used == hours * HOUR or (moved == due and worktime.diff(calendar, since, until) == 0)


@given(calendars(zones=_ZONES[:1]), instants, st.integers(1, 30), st.booleans())
def test_a_limit_in_work_days_ends_inside_working_time(
    calendar: Calendar, start: int, amount: int, to_the_end: bool
) -> None:
    """Its last instant is one at which somebody works, or has just stopped."""
    due = worktime.add(calendar, start, amount, "work-day", "end-of-day" if to_the_end else "same-time")
    assert worktime.diff(calendar, due - 1, due + 1) > 0

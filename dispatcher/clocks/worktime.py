"""Working time 工作时: where a limit ends, and how much of it was used. Instants and durations in milliseconds.

A limit runs in one of four units:

    hour24     紧急工作时  round the clock
    work-hour  工作时      inside the working slots of working days
    work-day   工作日      the same time of day so many working days on, moved into that day's slots, or the end of
                           its last slot where the city says so (民法典 §201: the first day does not count;
                           §203: where there are business hours, the last day ends with them)
    day        自然日      the same time of day so many calendar days on, in the city's zone

One law holds for working hours: `diff(calendar, t, add(calendar, t, n, "work-hour"))` is n hours. Of the two instants
that satisfy it at a slot's edge, `add` gives the end of the slot, not the start of the next one.
"""

from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from models.city.calendar import Calendar, Slots
from models.times import DAY_MS, HOUR_MS, MINUTE_MS, from_ms, from_wall, to_wall, wall_day, wall_midnight

WorkDayDue = Literal["same-time", "end-of-day"]

_DAY_MINUTES = 1440
_DAY = timedelta(days=1)
_FURTHEST_YEARS = 40  # a calendar that offers too little work in so many years offers none
_KEPT = 32  # calendars in force at a time: one per city, two while a pack changes


def add(calendar: Calendar, start: int, amount: int, unit: str, work_day_due: WorkDayDue = "same-time") -> int:
    """The instant at which `amount` units after `start` are used up; `work_day_due` is the city's setting.

    Raises ValueError for a negative amount, an unknown unit, or a calendar without working time.
    """
    if amount < 0:
        raise ValueError(f"a limit of {amount} {unit} cannot be")
    if unit == "hour24":
        return start + amount * HOUR_MS
    if unit == "work-hour":
        return add_work(calendar, start, amount * HOUR_MS)
    if unit == "day":
        return from_wall(to_wall(start, calendar.zone) + amount * DAY_MS, calendar.zone)
    if unit == "work-day":
        return _add_work_days(calendar, start, amount, work_day_due)
    raise ValueError(f"{unit!r} is no unit of time; known are hour24, work-hour, work-day, day")


def add_work(calendar: Calendar, start: int, work_ms: int) -> int:
    """The first instant by which `work_ms` of working time after `start` have passed. Raises ValueError as `add`."""
    if work_ms == 0:
        return start
    spans = _spans(calendar)
    return spans.instant(spans.position(start) + work_ms, start)


def diff(calendar: Calendar, a: int, b: int) -> int:
    """Working milliseconds from `a` to `b`; negative when `b` lies before `a`."""
    spans = _spans(calendar)
    spans.cover(min(a, b), max(a, b))
    return spans.position(b) - spans.position(a)


def point(calendar: Calendar, start: int, due: int, unit: str, share: float) -> int:
    """The instant at which `share` (0 to 1) of the limit from `start` to `due` is used, in the unit's own measure."""
    if unit in ("work-hour", "work-day"):
        spans = _spans(calendar)
        spans.cover(min(start, due), max(start, due))
        begun = spans.position(start)
        work = spans.position(due) - begun
        if work > 0:
            used = int(work * share)
            return min(spans.instant(begun + used, start), due) if used else start
    return start + int((due - start) * share)


def shift(calendar: Calendar, due: int, unit: str, since: int, until: int) -> int:
    """A due time whose limit stood still from `since` to `until` 挂账: what was left of it starts again at `until`.

    What is left is measured in working time for work-hour and work-day, in local time for day (so that a week's
    suspension keeps the time of day), else round the clock. A limit that was up before `since` does not move, and none
    is up earlier than it was.
    """
    if due <= since or until <= since:
        return due
    if unit in ("work-hour", "work-day"):
        return max(due, add_work(calendar, until, diff(calendar, since, due)))
    if unit == "day":
        zone = calendar.zone
        stood = to_wall(until, zone) - to_wall(since, zone)
        later = from_wall(to_wall(due, zone) + stood, zone)
        if later > due:
            return later
        # Around the hour that the clocks have twice the wall clock may go back while time goes on.
    return due + until - since


def _add_work_days(calendar: Calendar, start: int, amount: int, work_day_due: WorkDayDue) -> int:
    if amount == 0:
        return start
    local = to_wall(start, calendar.zone)
    day = _spans(calendar).working_day_after(wall_day(local), amount)
    ends = _work_day_ends(calendar.slots_on(day), local % DAY_MS, work_day_due)
    return from_wall(wall_midnight(day) + ends, calendar.zone)


def _work_day_ends(slots: Slots, time_of_day: int, work_day_due: WorkDayDue) -> int:
    """The time of day at which a limit's last working day, with these slots, is up; it started at that time of its."""
    minutes = time_of_day // MINUTE_MS
    if work_day_due == "end-of-day" or minutes >= slots[-1][1]:
        return slots[-1][1] * MINUTE_MS
    for begin, end in reversed(slots):
        if minutes >= end:
            return end * MINUTE_MS  # a break: the slot before it ends there
        if minutes >= begin:
            return time_of_day
    return slots[0][0] * MINUTE_MS


def _at(day: date, minutes: int, zone: ZoneInfo) -> int:
    return from_wall(wall_midnight(day) + minutes * MINUTE_MS, zone)


class _Spans:
    """The working spans of some whole years in order, with the working time before each: one call is two bisections.

    Grows by whole years when asked for an instant outside of them; what it answers does not depend on how far it grew.
    """

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.first = self.last = 0
        self.begins: list[int] = []
        self.ends: list[int] = []
        self.before: list[int] = []  # working time before the span
        self.after: list[int] = []  # and up to its end
        self.days: list[date] = []  # the working days
        self.low, self.high = 0, -1

    def cover(self, low: int, high: int) -> None:
        """Make the instants from `low` to `high` and a day on each side known."""
        if self.low <= low and high <= self.high:
            return
        years = [from_ms(instant).year for instant in (low, high)]
        first, last = min(years) - 1, max(years) + 1
        if self.days:
            first, last = min(first, self.first), max(last, self.last)
        self._build(first, last)

    def _build(self, first: int, last: int) -> None:
        zone = self.calendar.zone
        day, stop = date(first, 1, 1), date(last, 12, 31)
        begins: list[int] = []
        ends: list[int] = []
        days: list[date] = []
        midnight = _at(day, 0, zone)
        while day <= stop:
            start, midnight = midnight, _at(day, _DAY_MINUTES, zone)
            plain = midnight - start == _DAY_MINUTES * MINUTE_MS  # else the clocks change on this day
            if self.calendar.is_working_day(day):
                days.append(day)
                for opens, closes in self.calendar.slots_on(day):
                    begin = start + opens * MINUTE_MS if plain else _at(day, opens, zone)
                    end = start + closes * MINUTE_MS if plain else _at(day, closes, zone)
                    if begin < end:  # a slot can fall into the hour that the clocks skip
                        begins.append(begin)
                        ends.append(end)
            day += _DAY
        total = 0
        before, after = [], []
        for begin, end in zip(begins, ends, strict=True):
            before.append(total)
            total += end - begin
            after.append(total)
        self.begins, self.ends, self.before, self.after, self.days = begins, ends, before, after, days
        self.first, self.last = first, last
        self.low = _at(date(first, 1, 2), 0, zone)
        self.high = _at(stop, 0, zone)

    def position(self, instant: int) -> int:
        """Working time before an instant, counted from where the known years begin."""
        if not self.low <= instant <= self.high:
            self.cover(instant, instant)
        index = bisect_right(self.begins, instant) - 1
        if index < 0:
            return 0
        return self.before[index] + min(instant, self.ends[index]) - self.begins[index]

    def instant(self, position: int, start: int) -> int:
        """The first instant with so much working time before it; `start` is the instant the count set out from."""
        while not self.after or self.after[-1] < position:
            if self.last - from_ms(start).year > _FURTHEST_YEARS:
                raise ValueError("the calendar holds no working time to count in")
            self._build(self.first, self.last + 2)  # the years before stay, so positions stay
        index = bisect_left(self.after, position)
        return self.ends[index] - (self.after[index] - position)

    def working_day_after(self, day: date, amount: int) -> date:
        """The `amount`-th working day after a day."""
        if not self.first < day.year < self.last:
            start = _at(day, 0, self.calendar.zone)
            self.cover(start, start)
        while (index := bisect_right(self.days, day) + amount - 1) >= len(self.days):
            if self.last - day.year > _FURTHEST_YEARS:
                raise ValueError("the calendar holds no working days to count in")
            self._build(self.first, self.last + 2)
        return self.days[index]


_known: dict[str, _Spans] = {}


def _spans(calendar: Calendar) -> _Spans:
    spans = _known.get(calendar.version)
    if spans is None:
        while len(_known) >= _KEPT:
            del _known[next(iter(_known))]
        spans = _known[calendar.version] = _Spans(calendar)
    return spans

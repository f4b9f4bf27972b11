"""The working calendar 工作日历: weekends, holidays, make-up working days 调休, and the hours of a working day."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from models.city.files.cells import WEEK, Day, Row, slot
from models.city.files.errors import Problems

FILE = "calendar.csv"


_ANY = -1  # for the number of a weekday: of every one

Slots = tuple[tuple[int, int], ...]


class CalendarRow(Row):
    """One line of calendar.csv: a holiday or make-up working day with its name; the slots of a short day, of all
    working days or of one weekday's, from its date on if it has one; or the weekend days."""

    date: Day | None = None
    kind: Literal[
        "holiday", "make-up", "short-day", "slots", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "weekend"
    ]
    value: str = ""


class Hours(NamedTuple):
    """From a day on 作息时间: the slots of one weekday, Monday is 0, or of every one (-1)."""

    since: date
    weekday: int
    slots: Slots


class Calendar(msgspec.Struct, frozen=True):
    """Which days and which minutes of a day are worked, in `zone`.

    `slots` are half-open [start, end) minutes of the local day, ordered, without overlap; `hours`, those that begin
    first first, go before them, and `short_days` before both. `version` names the calendar's content: equal versions
    count working time alike.
    """

    zone: ZoneInfo
    slots: Slots
    weekend: frozenset[int]
    holidays: frozenset[date]
    make_up: frozenset[date]
    version: str
    hours: tuple[Hours, ...] = ()
    short_days: Mapping[date, Slots] = MappingProxyType({})

    @classmethod
    def of(
        cls,
        zone: ZoneInfo,
        slots: Slots = ((0, 1440),),
        weekend: frozenset[int] = frozenset({5, 6}),
        holidays: frozenset[date] = frozenset(),
        make_up: frozenset[date] = frozenset(),
        hours: Iterable[Hours] = (),
        short_days: Mapping[date, Slots] = MappingProxyType({}),
    ) -> "Calendar":
        """A calendar with its version; `weekend` holds weekday numbers, Monday is 0."""
        told: tuple[object, ...] = (zone.key, slots, sorted(weekend), sorted(holidays), sorted(make_up))
        ordered = tuple(sorted(hours))
        if ordered or short_days:  # without them a version is what it was before there were any
            told += (*map(tuple, ordered), sorted(short_days.items()))
        version = hashlib.sha256(repr(told).encode()).hexdigest()[:8]
        return cls(zone, slots, weekend, holidays, make_up, version, ordered, short_days)

    def without_holidays(self, first: int, last: int) -> list[int]:
        """The years from one to another of which it names no holiday: their days count as those of any week."""
        named = {day.year for day in self.holidays}
        return [year for year in range(first, last + 1) if year not in named]

    @property
    def last_year(self) -> int | None:
        """The last year of which it names a holiday: the days of later ones count as those of any week. None: it names
        none at all."""
        return max((day.year for day in self.holidays), default=None)

    def is_working_day(self, day: date) -> bool:
        """True for a make-up working day and for any other day that is neither weekend nor holiday."""
        return day in self.make_up or (day not in self.holidays and day.weekday() not in self.weekend)

    def slots_on(self, day: date) -> Slots:
        """The slots of a day, if it is a working day: its own as a short day, else those of its weekday, else those of
        every day; of each the newest that have begun."""
        if (short := self.short_days.get(day)) is not None:
            return short
        begun = {each.weekday: each.slots for each in self.hours if each.since <= day}
        return begun.get(day.weekday(), begun.get(_ANY, self.slots))


def read_calendar(rows: list[CalendarRow], zone: ZoneInfo, problems: Problems) -> Calendar:
    """The calendar of the rows; mistakes go to `problems`."""
    days: dict[str, set[date]] = {"holiday": set(), "make-up": set()}
    short_days: dict[date, Slots] = {}
    hours: list[Hours] = []
    slots: Slots = ()
    weekend = {5, 6}
    lines: dict[str, int] = {}
    for row in rows:
        if row.date is None and row.kind in (*days, "short-day"):
            problems.add(FILE, row.row, "date", f"a {row.kind} needs a date")
            continue
        if row.date is not None and row.kind == "weekend":
            problems.add(FILE, row.row, "date", "weekend holds for every day and takes no date")
        key = row.kind if row.date is None else str(row.date) if row.kind in days else f"{row.kind} {row.date}"
        if key in lines:
            problems.add(FILE, row.row, "date", f"{key} stands already in line {lines[key]}")
        lines[key] = row.row
        if row.kind == "weekend":
            weekend = _weekend(row, problems)
        elif row.date is not None and row.kind in days:
            days[row.kind].add(row.date)
        elif row.date is not None and row.kind == "short-day":
            short_days[row.date] = _slots(row, problems)
        elif row.kind == "slots" and row.date is None:
            slots = _slots(row, problems)
        else:
            weekday = _ANY if row.kind == "slots" else WEEK.index(row.kind)
            hours.append(Hours(row.date or date.min, weekday, _slots(row, problems)))
    if "slots" not in lines and FILE not in problems.unread:
        problems.add(FILE, 1, "kind", "a row of kind slots is missing (for example ,slots,08:30-12:00|14:00-17:30)")
    for day in sorted(days["holiday"] & short_days.keys()):
        problems.add(FILE, lines[f"short-day {day}"], "date", f"{day} is a holiday, on which nobody works")
    off, worked = frozenset(days["holiday"]), frozenset(days["make-up"])
    return Calendar.of(zone, slots, frozenset(weekend), off, worked, hours, MappingProxyType(short_days))


def _slots(row: CalendarRow, problems: Problems) -> Slots:
    slots: list[tuple[int, int]] = []
    for part in filter(None, re.split(r"\s*[|｜]\s*", row.value)):
        try:
            start, end = slot(part.strip())
        except ValueError as error:
            problems.add(FILE, row.row, "value", str(error))
            continue
        if start >= end:
            problems.add(FILE, row.row, "value", f"{part!r} does not end after it starts, within one day")
        elif slots and start < slots[-1][1]:
            problems.add(FILE, row.row, "value", f"{part!r} does not follow the slot before it")
        else:
            slots.append((start, end))
    if not slots:
        problems.add(FILE, row.row, "value", "a working day needs at least one slot")
    return tuple(slots)


def _weekend(row: CalendarRow, problems: Problems) -> set[int]:
    names = [name for name in re.split(r"\s*[|｜]\s*", row.value.strip().lower()) if name]
    for name in names:
        if name not in WEEK:
            problems.add(FILE, row.row, "value", f"{name!r} is not a day of the week ({', '.join(WEEK)})")
    days = {WEEK.index(name) for name in names if name in WEEK}
    if len(days) == 7:
        problems.add(FILE, row.row, "value", "a week without working days has no working time")
    return days

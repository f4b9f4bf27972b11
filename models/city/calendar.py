"""The working calendar 工作日历: weekends, holidays, make-up working days 调休, and the hours of a working day."""

import hashlib
import re
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from models.city.files.cells import WEEK, Day, Row, slot
from models.city.files.errors import Problems

FILE = "calendar.csv"


class CalendarRow(Row):
    """One line of calendar.csv: a holiday or make-up working day with its name, or the slots or weekend days."""

    date: Day | None = None
    kind: Literal["holiday", "make-up", "slots", "weekend"]
    value: str = ""


class Calendar(msgspec.Struct, frozen=True):
    """Which days and which minutes of a day are worked, in `zone`.

    `slots` are half-open [start, end) minutes of the local day, ordered, without overlap. `version` names the
    calendar's content: equal versions count working time alike.
    """

    zone: ZoneInfo
    slots: tuple[tuple[int, int], ...]
    weekend: frozenset[int]
    holidays: frozenset[date]
    make_up: frozenset[date]
    version: str

    @classmethod
    def of(
        cls,
        zone: ZoneInfo,
        slots: tuple[tuple[int, int], ...] = ((0, 1440),),
        weekend: frozenset[int] = frozenset({5, 6}),
        holidays: frozenset[date] = frozenset(),
        make_up: frozenset[date] = frozenset(),
    ) -> "Calendar":
        """A calendar with its version; `weekend` holds weekday numbers, Monday is 0."""
        text = repr((zone.key, slots, sorted(weekend), sorted(holidays), sorted(make_up)))
        return cls(zone, slots, weekend, holidays, make_up, hashlib.sha256(text.encode()).hexdigest()[:8])

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


def read_calendar(rows: list[CalendarRow], zone: ZoneInfo, problems: Problems) -> Calendar:
    """The calendar of the rows; mistakes go to `problems`."""
    days: dict[str, set[date]] = {"holiday": set(), "make-up": set()}
    slots: list[tuple[int, int]] = []
    weekend = {5, 6}
    lines: dict[date | str, int] = {}
    for row in rows:
        dated = row.kind in days
        if dated and row.date is None:
            problems.add(FILE, row.row, "date", f"a {row.kind} needs a date")
            continue
        if not dated and row.date is not None:
            problems.add(FILE, row.row, "date", f"{row.kind} holds for every day and takes no date")
        key = row.date if row.date is not None else row.kind
        if key in lines:
            problems.add(FILE, row.row, "date", f"{key} stands already in line {lines[key]}")
        lines[key] = row.row
        if row.date is not None and dated:
            days[row.kind].add(row.date)
        elif row.kind == "slots":
            slots = _slots(row, problems)
        else:
            weekend = _weekend(row, problems)
    if "slots" not in lines and FILE not in problems.unread:
        problems.add(FILE, 1, "kind", "a row of kind slots is missing (for example ,slots,08:30-12:00|14:00-17:30)")
    return Calendar.of(zone, tuple(slots), frozenset(weekend), frozenset(days["holiday"]), frozenset(days["make-up"]))


def _slots(row: CalendarRow, problems: Problems) -> list[tuple[int, int]]:
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
    return slots


def _weekend(row: CalendarRow, problems: Problems) -> set[int]:
    names = [name for name in re.split(r"\s*[|｜]\s*", row.value.strip().lower()) if name]
    for name in names:
        if name not in WEEK:
            problems.add(FILE, row.row, "value", f"{name!r} is not a day of the week ({', '.join(WEEK)})")
    days = {WEEK.index(name) for name in names if name in WEEK}
    if len(days) == 7:
        problems.add(FILE, row.row, "value", "a week without working days has no working time")
    return days

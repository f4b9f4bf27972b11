"""Control zones 管控区域: where and when sightings are counted but open no order."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache

from models.city.areas import Areas
from models.city.calendar import Calendar
from models.city.files.cells import DAY_MINUTES, DAY_OFF, WEEK, WORKDAY
from models.city.values import Category, Silence
from models.times import DAY_MS, MINUTE_MS, local_day, to_ms, to_wall


class SilenceTable:
    """All control zones of a city."""

    def __init__(
        self, rows: Iterable[Silence], areas: Areas, categories: Mapping[str, Category], calendar: Calendar
    ) -> None:
        self.rows = tuple(rows)
        self._areas = areas
        self._categories = categories
        self._calendar, zone = calendar, calendar.zone
        # A local time that the zone skips or repeats counts as the earlier offset (fold=0).
        self._spans = tuple(
            (to_ms(row.from_local.replace(tzinfo=zone)), to_ms(row.to_local.replace(tzinfo=zone)), row)
            for row in self.rows
        )
        self._covering = lru_cache(maxsize=4096)(self._select)  # the rows never change

    def __iter__(self) -> Iterator[Silence]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def find(self, category: str, area: str, at: int, lifted: Collection[str] = ()) -> Silence | None:
        """The first zone that covers a sighting at this instant (ms UTC), or None; those that are lifted cover none."""
        for start, end, row in self._covering(category, area):
            if start <= at < end and row.zone not in lifted and self.is_time(row, at):
                return row
        return None

    def is_time(self, row: Silence, at: int) -> bool:
        """Whether an instant (ms UTC) lies within the days and slots of a zone, by the wall clock."""
        if not row.days and not row.times:
            return True
        day = local_day(at, self._calendar.zone)
        minute = to_wall(at, self._calendar.zone) % DAY_MS // MINUTE_MS
        for start, end in row.times or ((0, DAY_MINUTES),):
            if start <= minute < end and self._is_day(row, day):
                return True
            if minute + DAY_MINUTES < end and self._is_day(row, day - timedelta(1)):
                return True
        return False

    def _is_day(self, row: Silence, day: date) -> bool:
        kind = WORKDAY if self._calendar.is_working_day(day) else DAY_OFF
        return not row.days or not {WEEK[day.weekday()], kind}.isdisjoint(row.days)

    def _select(self, category: str, area: str) -> tuple[tuple[int, int, Silence], ...]:
        return tuple(span for span in self._spans if self.covers(span[2].category, span[2].area, category, area))

    def to_come(self, at: int) -> Iterator[tuple[int, int, Silence]]:
        """The zones that are not over at an instant: from when up to when, ms UTC, and the row."""
        return (span for span in self._spans if span[1] > at)

    def covers(self, silent_category: str, silent_area: str, category: str, area: str) -> bool:
        """Whether what is silenced, a category or group in an area (`*`: all), holds a sighting's category and area."""
        if silent_area != "*" and silent_area not in self._areas.ancestors(area):
            return False
        if silent_category in ("*", category):
            return True
        known = self._categories.get(category)
        return known is not None and silent_category == known.parent

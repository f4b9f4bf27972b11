"""The open figures of a month: counts by area and by category, small ones withheld, and a few rates of the city."""

import asyncio
import hashlib
import io
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec

from dispatcher.figures.figure_row import FigureRow, merge_rows
from dispatcher.figures.indicators import INDICATORS, Window
from models.city import City
from models.times import day_number, local_day, now_ms
from streams.gateway.events.turns import for_all
from streams.gateway.http.problems import Problem
from streams.gateway.http.responses import named, names
from streams.gateway.open_figures.suppression import LEAST, withheld
from streams.gateway.shards import Shards, incomplete
from streams.gateway.status import ask_figures, merged
from streams.terminal.safe_csv import write_safe_csv

COUNTS = ("received", "opened", "closed")
RATES = ("on_time_closure_rate", "dispatch_accuracy", "satisfaction_rate", "citizen_agreement")
TABLES = {"area": "areas", "category": "categories"}
KEPT_SECONDS = 600  # an answer is given again for so long, and others may keep it for as long
_MOST_MONTHS = 36  # back, and kept


class Edition(NamedTuple):
    """What is told of a month: the answers as JSON and as CSV, and the tag by which a copy is known as the same."""

    json: bytes
    csv: bytes
    etag: str


class OpenFigures:
    """The open figures of one city, made at most once in `KEPT_SECONDS` for each month. `clock` gives seconds."""

    def __init__(self, city: City, shards: Shards, clock: Callable[[], float] = time.monotonic) -> None:
        self._city, self._shards, self._clock = city, shards, clock
        self._kept: OrderedDict[str, tuple[float, Edition]] = OrderedDict()
        self._making = asyncio.Lock()

    async def of_month(self, month: str) -> Edition:
        """The figures of a month (`YYYY-MM`; empty: the last one). Only months that are over are told: from two windows
        that overlap one could reckon what lies between. Raises Problem for another month, and 503 while not all
        partitions answer: what is missing would be told by the difference."""
        first, last = _days_of(month, local_day(now_ms(), self._city.zone))
        name = f"{first:%Y-%m}"
        async with self._making:
            until, edition = self._kept.get(name, (0.0, None))
            if edition is None or until <= self._clock():
                edition = await self._made(name, Window(last=day_number(last), first=day_number(first)))
                self._kept[name] = (self._clock() + KEPT_SECONDS, edition)
                self._kept.move_to_end(name)
                while len(self._kept) > _MOST_MONTHS:
                    self._kept.popitem(last=False)
        return edition

    async def _made(self, month: str, window: Window) -> Edition:
        with for_all():
            answers = await ask_figures(self._shards, window, TABLES)
        if not answers.complete:
            raise incomplete("not all figures are there at the moment: ask again")
        sums = {dimension: merged(answers, dimension) for dimension in TABLES}
        document = open_document(self._city, sums) | {"month": month}
        told = msgspec.json.encode(document)
        return Edition(told, _as_csv(document), f'"{hashlib.sha256(told).hexdigest()[:32]}"')


def _days_of(month: str, today: date) -> tuple[date, date]:
    this = today.replace(day=1)
    try:
        first = date.fromisoformat(f"{month}-01") if month else (this - timedelta(days=1)).replace(day=1)
    except ValueError:
        raise Problem(
            422, "invalid", "month must be one such as 2026-03", field="month", rule="must be a month"
        ) from None
    months = (this.year - first.year) * 12 + this.month - first.month
    if not 0 < months <= _MOST_MONTHS:
        sentence = f"month must be one of the last {_MOST_MONTHS} that are over"
        raise Problem(422, "invalid", sentence, field="month", rule="must be a month that is over")
    return first, (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def open_document(city: City, sums: Mapping[str, Mapping[str, FigureRow]]) -> dict[str, Any]:
    """What is told of the sums by area and by category; None stands for what is withheld. Both tables have the same
    sum, so a count whose sum one of them cannot tell is told by neither."""
    hidden = {
        (dimension, count): withheld({key: row.counters.get(count, 0) for key, row in rows.items()})
        for dimension, rows in sums.items()
        for count in COUNTS
    }
    nothing = {count for (_, count), found in hidden.items() if found.total}

    def told(dimension: str, key: str, row: FigureRow) -> dict[str, Any]:
        counts = {count: row.counters.get(count, 0) for count in COUNTS}
        kept_back = {
            count
            for count, times in counts.items()
            if key in hidden[dimension, count].cells or (count in nothing and times)
        }
        return _named(city, dimension, key) | {c: None if c in kept_back else counts[c] for c in COUNTS}

    whole = merge_rows(sums["area"].values())
    tables = {
        TABLES[dimension]: [told(dimension, key, rows[key]) for key in sorted(rows)] for dimension, rows in sums.items()
    }
    return {
        "city": named(city, city.id),
        "least": LEAST,
        "counts": {count: None if count in nothing else whole.counters.get(count, 0) for count in COUNTS},
        "rates": {name: _rate(whole, name) for name in RATES},
    } | tables


def _named(city: City, dimension: str, key: str) -> dict[str, Any]:
    known = city.areas.get(key) if dimension == "area" else city.categories.get(key)
    return {"id": key} | names(known)


def _rate(row: FigureRow, name: str) -> float | None:
    """A rate of the city to the hundredth, a half upwards as on the pages; None where few stand above the line, or few
    are missing from it."""
    indicator = INDICATORS[name]
    top, bottom = (sum(row.counters.get(each, 0) for each in names) for names in (indicator.top, indicator.bottom))
    tells_of_few = any(0 < part < LEAST for part in (top, bottom - top))
    return (200 * top + bottom) // (2 * bottom) / 100 if bottom and not tells_of_few else None


def _as_csv(document: Mapping[str, Any]) -> bytes:
    """One row for each count of an area, of a category and of the city, an empty cell where it is withheld."""
    file = io.StringIO()
    tables = {"city": [document["city"] | document["counts"]], **{name: document[name] for name in TABLES.values()}}
    rows = [
        (document["month"], table, each["id"], each.get("name_zh", ""), each.get("name_en", ""), count, each[count])
        for table, found in tables.items()
        for each in found
        for count in COUNTS
    ]
    write_safe_csv(("month", "table", "id", "name_zh", "name_en", "indicator", "value"), rows, file)
    return file.getvalue().encode()

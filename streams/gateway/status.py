"""`GET /status`: the indicators of the city and its departments over a window, summed from the tables' partitions."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Any

from dispatcher.figures.booking import NONE
from dispatcher.figures.figure_row import FigureRow, merge_rows
from dispatcher.figures.indicators import INDICATORS, Weights, Window, coming, indicators, with_below
from models.city import City
from models.times import now_ms, numbered_day, to_text
from streams.gateway.events.shares import Shares
from streams.gateway.events.turns import ASKER, for_all, too_many
from streams.gateway.http.problems import Problem
from streams.gateway.http.responses import names
from streams.gateway.shards import ShardAnswers, Shards
from streams.tables.protocol import PartitionDays, PartitionFigures, ShardDays, ShardFigures, window_asked

# What `by=` takes: the dimension and the name of its part of the answer.
GROUPS = {
    "department": "departments",
    "category": "categories",
    "area": "areas",
    "stage": "limited_stages",
    "actor": "actors",
}
MOST_DAYS = 92  # of a trend
# Whoever asks for the whole city again gets what was summed less than a second ago; after a fifth of one it is summed
# anew meanwhile, once for all who ask. So a hundred open pages cost as much as one, and none waits for a busy worker.
_FRESH_SECONDS = 0.2
_KEPT_SECONDS = 1.0
_KEPT_WINDOWS = 32
_MOST_OF_ONE = 8  # sums under way that one has begun: each is of a window that nobody else may have asked for
_NOBODY = {"name_zh": "未派遣", "name_en": "not assigned"}


StatusDocument = Mapping[str, Any]


class StatusCache:
    """The latest answers by what was asked; `now` counts seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._kept: dict[object, tuple[float, StatusDocument]] = {}
        self._under_way: dict[object, asyncio.Task[StatusDocument]] = {}
        self._begun = Shares()

    async def get(self, asked: object, work: Callable[[], Awaitable[StatusDocument]]) -> StatusDocument:
        """The answer, at most `_KEPT_SECONDS` old; one that is not there yet is waited for, and its work raises what it
        raises. Whoever asks for the same at the same time shares the work. Raises Problem (503) for whoever has begun
        too many others."""
        at, document = self._kept.get(asked, (float("-inf"), {}))
        age = self._now() - at
        if age < _FRESH_SECONDS:
            return document
        task = self._under_way.get(asked)
        whose = ASKER.get()
        if task is None and self._begun.of(whose) < _MOST_OF_ONE:
            self._begun.take(whose)
            task = self._under_way[asked] = asyncio.ensure_future(self._renew(asked, work, whose))
            task.add_done_callback(_seen)
        if age < _KEPT_SECONDS:
            return document
        if task is None:
            raise too_many(_MOST_OF_ONE)
        return await asyncio.shield(task)

    async def _renew(
        self, asked: object, work: Callable[[], Awaitable[StatusDocument]], whose: Hashable
    ) -> StatusDocument:
        try:
            with for_all():
                began, document = self._now(), await work()
        finally:
            del self._under_way[asked]
            self._begun.give_back(whose)
        self._kept.pop(asked, None)
        self._kept[asked] = (began, document)
        while len(self._kept) > _KEPT_WINDOWS:
            del self._kept[next(iter(self._kept))]
        return document


def _seen(task: "asyncio.Task[StatusDocument]") -> None:
    """A renewal that failed while nobody waited is tried again, and told, once the answer at hand is too old."""
    if not task.cancelled():
        task.exception()


class Status:
    """Answers for the indicators of one city."""

    def __init__(self, city: City, shards: Shards) -> None:
        self.city = city
        self._shards = shards
        self._cache = StatusCache()
        self._weights = Weights.of(city.settings)

    async def of_all(self, window: Window, by: str = "department", *, below: bool = False) -> StatusDocument:
        """The whole city and each of its departments (or categories, areas, stages, actors), as it was no more than a
        second ago: `as_of` says when. `below`: each department with all that stand below it.

        Raises Problem for another `by`, for `below` with one that is not of departments, and 503 when no partition
        answers: nothing is 0 because nobody was asked.
        """
        if by not in GROUPS:
            raise Problem(422, "invalid", f"by must be one of {', '.join(GROUPS)}", field="by", rule="unknown")
        if below and by != "department":
            raise Problem(422, "invalid", "below counts departments: leave by out", field="below", rule="unknown")
        asked = (window.first, window.last, by, below)
        return await self._cache.get(asked, lambda: self._of_all(window, by, below=below))

    async def _of_all(self, window: Window, by: str, *, below: bool) -> StatusDocument:
        answers = await ask_figures(self._shards, window, {"area", by})
        sums = merged(answers, by)
        for key in self.city.departments if by == "department" else ():  # listed even when nothing happened
            sums.setdefault(key, FigureRow())
        if below:
            sums = with_below(sums, self.city.hierarchy)
        rows = {key: self._named(by, key) | self._indicators(sums[key]) for key in sorted(sums)}
        city = merge_rows(merged(answers, "area").values())
        named = {"id": self.city.id} | names(self.city)
        return self._head(answers, window) | {"city": named | self._indicators(city), GROUPS[by]: rows}

    async def of_one(self, window: Window, department: str, *, below: bool = False) -> dict[str, Any]:
        """One department; `below`: with all that stand below it. Raises Problem when there is none of that id."""
        answers = await ask_figures(self._shards, window, {"department"}, "" if below else department)
        sums = merged(answers, "department")
        row = (with_below(sums, self.city.hierarchy) if below else sums).get(department)
        if row is None and department not in self.city.departments and department != NONE:
            raise Problem(404, "not-found", "there is no department of that id")
        named = self._named("department", department) | self._indicators(row or FigureRow())
        return self._head(answers, window) | {"departments": {department: named}}

    async def by_day(self, window: Window, wanted: Collection[str]) -> dict[str, Any]:
        """The `wanted` indicators of the city for each day of a window, oldest first: the flows of the day, the stocks
        at its end. Raises Problem for a window of more than `MOST_DAYS` days or without a first one, and as `of_all`
        does."""
        if unknown := sorted(set(wanted) - INDICATORS.keys()):
            sentence = f"of must be indicators that /status shows, and {unknown[0]} is none"
            raise Problem(422, "invalid", sentence, field="of", rule="unknown")
        if window.first is None or (numbered_day(window.last) - numbered_day(window.first)).days >= MOST_DAYS:
            raise Problem(422, "invalid", f"a trend has at most {MOST_DAYS} days", field="from", rule="too many days")
        answers: ShardAnswers[PartitionDays]
        answers = (await self._shards.ask("/days", window_asked(window), ShardDays)).some()
        rows: dict[int, list[FigureRow]] = {}
        for part in answers.partitions.values():
            for day, row in part.days.items():
                rows.setdefault(day, []).append(row)
        days = [
            {"day": numbered_day(day).isoformat()}
            | {name: value for name, value in indicators(merge_rows(rows[day])).items() if name in wanted}
            for day in sorted(rows)
        ]
        return self._head(answers, window) | {"days": days}

    def _head(self, answers: ShardAnswers[Any], window: Window) -> dict[str, Any]:
        return {
            "as_of": to_text(now_ms()),
            "complete": answers.complete,
            "partitions": {"answered": len(answers.partitions), "total": answers.total},
            "window": {
                "from": None if window.first is None else numbered_day(window.first).isoformat(),
                "to": numbered_day(window.last).isoformat(),
                "zone": self.city.zone.key,
            },
        }

    def _indicators(self, row: FigureRow) -> dict[str, Any]:
        """What counts, and beside it what definitions that are to come would make of it."""
        beside = coming(row)
        return dict(indicators(row, self._weights)) | ({"coming": beside} if beside else {})

    def _named(self, by: str, key: str) -> dict[str, str]:
        if key == NONE:
            return dict(_NOBODY)
        known = {
            "department": self.city.departments.get(key),
            "category": self.city.categories.get(key),
            "area": self.city.areas.get(key),
        }.get(by)
        above = self.city.hierarchy.above(key)[:1] if by == "department" else ()
        return names(known) | ({"parent": above[0]} if above else {})


async def ask_figures(
    shards: Shards, window: Window, dimensions: Collection[str], key: str = ""
) -> ShardAnswers[PartitionFigures]:
    """The figures of a window by these dimensions, of all keys or of one, partition by partition. Raises Problem (503)
    when no partition answers."""
    params = {"dimension": ",".join(sorted(dimensions))} | window_asked(window)
    if key:
        params["key"] = key
    return (await shards.ask("/figures", params, ShardFigures)).some()


def merged(answers: ShardAnswers[PartitionFigures], dimension: str) -> dict[str, FigureRow]:
    """The sums over all partitions that have answered, by key."""
    parts: dict[str, list[FigureRow]] = {}
    for answer in answers.partitions.values():
        for key, row in answer.sums.get(dimension, {}).items():
            parts.setdefault(key, []).append(row)
    return {key: merge_rows(rows) for key, rows in parts.items()}

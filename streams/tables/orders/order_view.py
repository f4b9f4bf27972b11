"""The orders of one partition as lists want them sorted. The rows themselves stay in the table."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import get_args
from zoneinfo import ZoneInfo

from sortedcontainers import SortedList

from dispatcher.figures.indicators import STOCKS, contributes, figures_of
from dispatcher.order.row import Order
from models.times import day_number, local_day
from streams.tables.orders.shelves import Shelves, is_told_by_shelves, size
from streams.tables.orders.wanted import Summary, Wanted, is_in, is_of_kind, summary_of
from streams.tables.outside.alarm_view import AlarmView
from streams.tables.protocol import Place, Sort

# So many orders of each reporter are known by their hash, the newest.
OF_A_REPORTER = 5
# The loop must turn while a long list is searched.
_SEARCHED_AT_ONCE = 500
# Of so many orders the places are looked up and sorted; of more, enough are met soon in a sorted list of all.
_FEW = 2_000


class OrderView:
    """The orders of one partition; `offset` is one more than the highest offset that any row came from."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.offset = 0
        self._zone = zone
        self._orders: dict[str, Summary] = {}
        self._shelves = Shelves()
        self._sorted: dict[Sort, SortedList[Place]] = {sort: SortedList() for sort in get_args(Sort)}
        self._reports: dict[str, str] = {}
        self._reporters: dict[int, tuple[str, ...]] = {}  # orders by what Python hashes of the reporter's hash
        self.alarms = AlarmView()

    def __len__(self) -> int:
        return len(self._orders)

    def __contains__(self, order_id: object) -> bool:
        return order_id in self._orders

    def seq(self, order_id: str) -> int | None:
        """The version in which an order is shown; None when it is not."""
        held = self._orders.get(order_id)
        return None if held is None else held.seq

    def put(self, order: Order, offset: int) -> None:
        """Take the row that the table now holds."""
        self.offset = max(self.offset, offset + 1)
        held = self._orders.get(order.id)
        if held is not None:
            self._drop(held)
        summary = summary_of(order)
        self.alarms.put(order.id, summary.alarmed)
        self._orders[order.id] = summary
        self._shelves.put(summary)
        for sort, places in self._sorted.items():
            if is_in(summary.state, sort):
                places.add(summary.place(sort))
        for report in summary.reports:
            self._reports[report] = order.id
        for reporter in order.reporters:
            self._learn(hash(reporter), order.id)

    def _learn(self, reporter: int, order_id: str) -> None:
        """That an order is one of a reporter's; of the newest alone it stays known."""
        known = self._reporters.get(reporter, ())
        if order_id not in known:
            newest = sorted((*known, order_id), key=lambda each: self._orders[each].opened_at, reverse=True)
            self._reporters[reporter] = tuple(newest[:OF_A_REPORTER])

    def _drop(self, summary: Summary) -> None:
        self.alarms.drop(summary.id, summary.alarmed)
        self._shelves.drop(summary)
        for sort, places in self._sorted.items():
            if is_in(summary.state, sort):
                places.remove(summary.place(sort))
        for report in summary.reports:
            if self._reports.get(report) == summary.id:
                del self._reports[report]

    async def page(
        self, wanted: Wanted, after: Place | None, limit: int, load: Callable[[str], Order | None]
    ) -> list[Order]:
        """The first `limit` wanted orders behind a place of the list; `load` gives an order's row.

        Rows may change while it searches: each order is judged as it stands when it is met.
        """
        found: list[Order] = []
        for batch in self._batches(wanted, after):
            for place in batch:
                summary = self._orders.get(place[2])
                if summary is None or not self._may_be(summary, wanted):
                    continue
                order = load(summary.id)
                if order is not None and self._is(order, wanted):
                    found.append(order)
                    if len(found) == limit:
                        return found
            await asyncio.sleep(0)
        return found

    async def count(self, wanted: Wanted) -> int:
        """How many orders a list would show in all. Not for those behind a figure: the figure says it."""
        shelves = self._shelves.fewest(wanted)
        if is_told_by_shelves(wanted):
            return size(shelves)
        named = self._named(wanted)
        candidates = [*chain(*shelves)] if named is None else [*named]
        found = 0
        for start in range(0, len(candidates), _SEARCHED_AT_ONCE):
            summaries = map(self._orders.get, candidates[start : start + _SEARCHED_AT_ONCE])
            found += sum(summary is not None and self._may_be(summary, wanted) for summary in summaries)
            await asyncio.sleep(0)
        return found

    def _named(self, wanted: Wanted) -> Iterable[str] | None:
        """The orders that have a name which is asked for, and perhaps others; None when none is."""
        if wanted.report:
            return tuple(filter(None, [self._reports.get(wanted.report)]))
        if wanted.reporter:
            return self._reporters.get(hash(wanted.reporter), ())
        if wanted.camera:
            return self.alarms.of_camera(wanted.camera)
        if wanted.algorithm and wanted.alarm == "false":
            return self.alarms.false_of(wanted.algorithm)
        return None

    def _batches(self, wanted: Wanted, after: Place | None) -> Iterator[Sequence[Place]]:
        """Among the places of the list behind this one all wanted ones, in their order, some at a time."""
        few = self._named(wanted)
        if few is None:
            shelves = self._shelves.fewest(wanted)
            few = chain(*shelves) if size(shelves) <= _FEW else None
        if few is not None:
            places = sorted(self._orders[each].place(wanted.sort) for each in few)
            start = 0 if after is None else bisect_right(places, after)
            yield from (places[n : n + _SEARCHED_AT_ONCE] for n in range(start, len(places), _SEARCHED_AT_ONCE))
            return
        standing = self._sorted[wanted.sort]
        while True:  # rows come and go between the batches
            start = 0 if after is None else standing.bisect_right(after)
            batch = list(standing.islice(start, start + _SEARCHED_AT_ONCE))
            if not batch:
                return
            yield batch
            after = batch[-1]

    def _may_be(self, summary: Summary, wanted: Wanted) -> bool:
        if not is_in(summary.state, wanted.sort) or not is_of_kind(summary, wanted):
            return False
        if wanted.counted is not None:
            window, stock = wanted.counted.window, _is_stock(wanted.counted.indicator)
            # Nothing is booked for a time after it was recorded.
            if not stock and window.first is not None and self._day(summary.recorded_at) < window.first:
                return False
        return (
            (wanted.overdue is None or wanted.overdue == summary.overdue)
            and (wanted.quarantined is None or wanted.quarantined == summary.quarantined)
            and (not wanted.mark or wanted.mark in summary.marks)
            and wanted.inspector in ("", summary.inspector)
            and wanted.confirmer in ("", summary.confirmer)
            and wanted.unit in ("", summary.unit)
            and summary.alarmed.is_by(wanted.camera, wanted.algorithm, wanted.alarm)
            and summary.said.has(wanted.words)
        )

    def _is(self, order: Order, wanted: Wanted) -> bool:
        counted = wanted.counted
        if wanted.reporter and wanted.reporter not in order.reporters:
            return False  # of two hashes that Python hashes alike, or one whose report has been moved
        if counted is None:
            return True
        return contributes(order, counted.indicator, counted.dimension, counted.key, counted.window, self._zone)

    def _day(self, instant: int) -> int:
        return day_number(local_day(instant, self._zone))


def _is_stock(indicator: str) -> bool:
    return any(figure in STOCKS for figure in figures_of(indicator))

"""The figures of one partition by dimension, key and day, so that the sum of any window costs few additions.

Days are added up in blocks of 8, 64 and 512, which are made when first asked for and dropped when one of their days
changes: a window of n days costs some 14 additions for each of the three sizes instead of n. The sums that were asked
for last are kept until a row changes that they count, so that asking again costs nothing.

A row that came encoded stays so until its day is asked for: after years nearly all are of days that are over. What was
open by the end of one counts in every window after it, so stocks are taken out of each row at once, and have blocks of
their own.
"""

from collections.abc import Callable, Iterator
from datetime import date

from dispatcher.figures import figure_row
from dispatcher.figures.figure_row import FigureRow, merge_rows, parse_key
from dispatcher.figures.indicators import STOCKS, Window
from models.times import day_number, numbered_day

_BITS = 3
_LEVELS = 3
_KEPT = 8  # sums kept for each dimension and key


class _Blocks:
    """What `row_of` gives for a day (as an ordinal), and the sums of blocks of days."""

    __slots__ = ("_row_of", "_sums")

    def __init__(self, row_of: Callable[[int], FigureRow | None]) -> None:
        self._row_of = row_of
        self._sums: list[dict[int, FigureRow | None]] = [{} for _ in range(_LEVELS)]

    def changed(self, day: int) -> None:
        """The row of a day is another one."""
        for level, sums in enumerate(self._sums, 1):
            sums.pop(day >> _BITS * level, None)

    def cover(self, first: int, last: int) -> Iterator[FigureRow]:
        """The fewest blocks that hold just these days."""
        day = first
        while day <= last:
            level = 0
            while level < _LEVELS and not day & ((1 << _BITS * (level + 1)) - 1):
                if day + (1 << _BITS * (level + 1)) - 1 > last:
                    break
                level += 1
            row = self._block(level, day >> _BITS * level)
            if row is not None:
                yield row
            day += 1 << _BITS * level

    def _block(self, level: int, index: int) -> FigureRow | None:
        if level == 0:
            return self._row_of(index)
        sums = self._sums[level - 1]
        if index not in sums:
            days = (self._block(level - 1, (index << _BITS) + part) for part in range(1 << _BITS))
            present = [row for row in days if row is not None]
            sums[index] = merge_rows(present) if present else None
        return sums[index]


class _Series:
    """The rows of one dimension and key by day (as an ordinal)."""

    __slots__ = ("_asked", "_days", "_first", "_flows", "_last", "_standing", "_stocks")

    def __init__(self) -> None:
        self._days: dict[int, FigureRow | bytes] = {}
        self._standing: dict[int, FigureRow] = {}  # the stocks of each day that has any
        self._flows, self._stocks = _Blocks(self.row), _Blocks(self._standing.get)
        self._asked: dict[tuple[int | None, int], FigureRow] = {}
        self._first, self._last = date.max.toordinal(), 0

    def put(self, day: int, row: FigureRow | bytes) -> None:
        """Take the row of a day, which may be encoded. Raises msgspec errors when it is none."""
        counted = figure_row.counters_of(row) if isinstance(row, bytes) else row
        stocks = _stocks_of(counted)
        if stocks.counters:
            self._standing[day] = stocks
        else:
            self._standing.pop(day, None)
        self._days[day] = row
        self._first, self._last = min(self._first, day), max(self._last, day)
        self._flows.changed(day)
        self._stocks.changed(day)
        self._asked = {window: row for window, row in self._asked.items() if day > window[1]}

    def row(self, day: int) -> FigureRow | None:
        """The row of a day; None where there is none."""
        row = self._days.get(day)
        return figure_row.decode(row) if isinstance(row, bytes) else row

    def total(self, first: int | None, last: int) -> FigureRow:
        """As `indicators.total`: the flows of the days from first to last, the stocks at the end of last."""
        known = self._asked.get((first, last))
        if known is None:
            while len(self._asked) >= _KEPT:
                del self._asked[next(iter(self._asked))]
            known = self._asked[first, last] = self._total(first, last)
        return known

    def _total(self, first: int | None, last: int) -> FigureRow:
        start = self._first if first is None else max(first, self._first)
        parts = list(self._flows.cover(start, min(last, self._last)))
        if first is not None:
            parts += self._stocks.cover(self._first, min(first - 1, last, self._last))
        return merge_rows(parts)


class FigureView:
    """All figure rows of one partition; `offset` is one more than the highest offset that any of them came from."""

    def __init__(self) -> None:
        self.offset = 0
        self._series: dict[str, dict[str, _Series]] = {}

    def put(self, key: str, row: FigureRow | bytes, offset: int) -> None:
        """Take the row that the table now holds, which may be encoded. Raises ValueError for a bad key, msgspec errors
        for what is no row."""
        dimension, name, day, _ = parse_key(key)
        series = self._series.setdefault(dimension, {}).setdefault(name, _Series())
        series.put(_ordinal(day), row)
        self.offset = max(self.offset, offset + 1)

    def totals(self, dimension: str, window: Window) -> dict[str, FigureRow]:
        """The sum over a window for each key of a dimension that has anything in it."""
        first = None if window.first is None else _ordinal(window.first)
        last = _ordinal(window.last)
        sums = {key: series.total(first, last) for key, series in self._series.get(dimension, {}).items()}
        return {key: row for key, row in sums.items() if row.counters or row.sketches}

    def days(self, dimension: str, window: Window) -> dict[int, FigureRow]:
        """The sum over all keys of a dimension for each day (yyyymmdd) of a window that has a first one: the flows of
        the day, the stocks at its end."""
        series = self._series.get(dimension, {}).values()
        first, last = _ordinal(window.first or window.last), _ordinal(window.last)
        before = merge_rows(each.total(first, first - 1) for each in series)
        found: dict[int, FigureRow] = {}
        for day in range(first, last + 1):
            row = merge_rows([before, *(row for each in series if (row := each.row(day)) is not None)])
            found[day_number(date.fromordinal(day))] = row
            before = _stocks_of(row)
        return found


def _stocks_of(row: FigureRow) -> FigureRow:
    return FigureRow(row.version, {name: row.counters[name] for name in STOCKS if name in row.counters})


def _ordinal(day: int) -> int:
    return numbered_day(day).toordinal()

"""The figures of one partition by dimension, key and day, so that the sum of any window costs few additions.

Days are added up in blocks of 8, 64 and 512, which are made when first asked for and dropped when one of their days
changes: a window of n days costs some 14 additions for each of the three sizes instead of n. The sums that were asked
for last are kept until a row changes that they count, so that asking again costs nothing.
"""

from collections.abc import Iterator
from datetime import date

from dispatcher.figures.figure_row import FigureRow, merge_rows, parse_key
from dispatcher.figures.indicators import STOCKS, Window
from models.times import day_number, numbered_day

_BITS = 3
_LEVELS = 3
_KEPT = 8  # sums kept for each dimension and key


class _Series:
    """The rows of one dimension and key by day (as an ordinal), and their blocks."""

    __slots__ = ("asked", "blocks", "first", "last")

    def __init__(self) -> None:
        self.blocks: list[dict[int, FigureRow | None]] = [{} for _ in range(_LEVELS + 1)]
        self.asked: dict[tuple[int | None, int], FigureRow] = {}
        self.first, self.last = date.max.toordinal(), 0

    def put(self, day: int, row: FigureRow) -> None:
        self.blocks[0][day] = row
        self.first, self.last = min(self.first, day), max(self.last, day)
        for level in range(1, _LEVELS + 1):
            self.blocks[level].pop(day >> _BITS * level, None)
        self.asked = {window: row for window, row in self.asked.items() if day > window[1]}

    def total(self, first: int | None, last: int) -> FigureRow:
        """As `indicators.total`: the flows of the days from first to last, the stocks at the end of last."""
        known = self.asked.get((first, last))
        if known is None:
            while len(self.asked) >= _KEPT:
                del self.asked[next(iter(self.asked))]
            known = self.asked[first, last] = self._total(first, last)
        return known

    def _total(self, first: int | None, last: int) -> FigureRow:
        start = self.first if first is None else max(first, self.first)
        parts = list(self._cover(start, min(last, self.last)))
        if first is not None:
            for row in self._cover(self.first, min(first - 1, last, self.last)):
                if stocks := {name: row.counters[name] for name in STOCKS if name in row.counters}:
                    parts.append(FigureRow(row.version, stocks))
        return merge_rows(parts)

    def _cover(self, first: int, last: int) -> Iterator[FigureRow]:
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
        blocks = self.blocks[level]
        if level == 0 or index in blocks:
            return blocks.get(index)
        days = (self._block(level - 1, (index << _BITS) + part) for part in range(1 << _BITS))
        present = [row for row in days if row is not None]
        blocks[index] = merge_rows(present) if present else None
        return blocks[index]


class FigureView:
    """All figure rows of one partition; `offset` is one more than the highest offset that any of them came from."""

    def __init__(self) -> None:
        self.offset = 0
        self._series: dict[str, dict[str, _Series]] = {}

    def put(self, key: str, row: FigureRow, offset: int) -> None:
        """Take the row that the table now holds. Raises ValueError for a bad key."""
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
            row = merge_rows([before, *(row for each in series if (row := each.blocks[0].get(day)) is not None)])
            found[day_number(date.fromordinal(day))] = row
            before = FigureRow(row.version, {name: row.counters[name] for name in STOCKS if name in row.counters})
        return found


def _ordinal(day: int) -> int:
    return numbered_day(day).toordinal()

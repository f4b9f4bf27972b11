"""The figures of a partition: all of them as rows; the ones that were booked last as values, too.

Each day brings rows of its own, and none is ever taken away: after years nearly all are of days that are over, of which
hardly anything is booked any more. As values they would take several times the memory, and a restore would decode them.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Self

from dispatcher.figures.figure_row import FigureRow, decode, encode, version_of

WARM = 4_000  # rows that are at hand as values


class Figures(Mapping[str, FigureRow]):
    """By the key that they have in the changelog."""

    def __init__(self) -> None:
        self._cold: dict[str, bytes] = {}
        self._warm: OrderedDict[str, FigureRow] = OrderedDict()

    @classmethod
    def load(cls, rows: Iterable[tuple[str, bytes]]) -> Self:
        """Those of a changelog's rows."""
        figures = cls()
        figures._cold.update(rows)
        return figures

    def __getitem__(self, key: str) -> FigureRow:
        row = self._warm.get(key)
        return decode(self._cold[key]) if row is None else row

    def __contains__(self, key: object) -> bool:
        return key in self._warm or key in self._cold

    def __iter__(self) -> Iterator[str]:
        yield from self._cold
        yield from self._warm

    def __len__(self) -> int:
        return len(self._cold) + len(self._warm)

    def times_booked(self) -> int:
        """As `figure_row.times_booked`."""
        return sum(map(version_of, self._cold.values())) + sum(row.version for row in self._warm.values())

    def update(self, rows: Mapping[str, FigureRow]) -> None:
        """Take the newest rows of these keys."""
        for key, row in rows.items():
            self._cold.pop(key, None)
            self._warm[key] = row
            self._warm.move_to_end(key)
        while len(self._warm) > WARM:
            cold, row = self._warm.popitem(last=False)
            self._cold[cold] = encode(row)

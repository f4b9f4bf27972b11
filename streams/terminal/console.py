"""The console that tables and pictures are printed on."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import rich.console
from rich.cells import cell_len
from rich.console import ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from streams.terminal.harmless import harmless


class Console(rich.console.Console):
    """A console to which every text is only text: neither commands of a terminal nor markup are obeyed."""

    def __init__(self, **own: Any) -> None:
        super().__init__(markup=False, emoji=False, **own)

    def render_str(self, text: str, **how: Any) -> Text:
        """A text as it is printed, in a cell as well."""
        return super().render_str(harmless(text), **how | {"markup": False, "emoji": False})


# What is not broken where a line ends: Chinese may be between any two signs.
_WORD = re.compile(r"[^\s\u2e80-\U0003ffff]+")


class WholeTable(Table):
    """A table in which nothing is cut, and no word broken that has room. Where the words of a line, and what is copied
    from it, have none beside each other, each line of the table is a block: a line for each cell that is not empty,
    behind its heading, or below it where the headings would take more than half of the width."""

    def __rich_console__(self, console: rich.console.Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """What is printed."""
        padding = sum(map(self._get_padding_width, range(len(self.columns))))
        room = options.max_width - self._extra_width - padding
        least = [_widest(column, words=not column.no_wrap) for column in self.columns]
        if self.rows and sum(least) > room:
            yield from self._blocks(console, options.max_width)
            return
        for column, width in zip(self.columns, _shared(least, list(map(_widest, self.columns)), room), strict=True):
            column.width = width
        yield from super().__rich_console__(console, options)  # type: ignore[misc] # segments are printed, too

    def _blocks(self, console: rich.console.Console, width: int) -> Iterator[RenderableType]:
        if self.title:
            yield console.render_str(str(self.title), style="table.title")
        heads = [console.render_str(str(column.header), style="table.header") for column in self.columns]
        between = 2
        beside = 2 * (max(head.cell_len for head in heads) + between) <= width
        for cells in zip(*(column.cells for column in self.columns), strict=True):
            columns = (Column(no_wrap=True), Column(overflow="fold")) if beside else (Column(overflow="fold"),)
            block = Table.grid(*columns, padding=(0, between, 0, 0))
            for head, cell in zip(heads, cells, strict=True):
                for line in ((head, cell),) if beside else ((head,), (Padding(cell, (0, 0, 0, between)),)):
                    if str(cell):
                        block.add_row(*line)
            yield block
            yield ""


def _widest(column: Column, words: bool = False) -> int:
    """How many signs wide the widest of what stands in a column is, or the widest of its words."""
    texts = [str(cell) for cell in (column.header, *column.cells)]
    pieces = [word for text in texts for word in _WORD.findall(text)] if words else texts
    return max(map(cell_len, pieces), default=1)


def _shared(least: Sequence[int], most: Sequence[int], room: int) -> list[int]:
    """A width for each, from its least to its most, that together have room where the least ones have: what is left is
    shared out, and who wants least comes first."""
    widths, left = list(least), max(0, room - sum(least))
    order = sorted(range(len(widths)), key=lambda at: most[at] - least[at])
    for done, at in enumerate(order):
        more = min(most[at] - least[at], left // (len(order) - done))
        widths[at] += more
        left -= more
    return widths


def whole_table(*heads: str, unbroken: Collection[str] = (), **own: Any) -> WholeTable:
    """A table with these columns, in which nothing is cut: what is too long for its column goes on in the next line,
    but for the columns that are `unbroken`, in which stands what is copied."""
    return WholeTable(*(Column(head, overflow="fold", no_wrap=head in unbroken) for head in heads), **own)

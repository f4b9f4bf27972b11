"""The console that tables and pictures are printed on."""

from collections.abc import Collection
from typing import Any

import rich.console
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


def whole_table(*heads: str, unbroken: Collection[str] = (), **own: Any) -> Table:
    """A table in which nothing is cut: what is too long for its column goes on in the next line, but for the columns
    that are `unbroken`, in which stands what is copied."""
    return Table(*(Column(head, overflow="fold", no_wrap=head in unbroken) for head in heads), **own)

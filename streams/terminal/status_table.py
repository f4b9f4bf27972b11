"""The answer of `GET /status` as a table for people."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from rich.box import SIMPLE
from rich.measure import Measurement
from rich.table import Table

from dispatcher.figures.booking import NONE
from streams.terminal.console import Console

Status = Mapping[str, Any]
_ANY = 10_000  # wider than any table is
_NOBODYS = "(not assigned)"
_COUNTS = ("opened", "assigned", "open", "overdue_open", "closed")
_OF_HUB = ("open", "overdue_open", "opened", "closed")
_RATES = ("closure_rate", "on_time_closure_rate", "dispatch_accuracy")
_TIMES = ("response_seconds", "resolution_seconds")
_HEADS = ("opened", "assigned", "open", "overdue", "closed", "closure", "on time", "accurate", "response", "resolution")


# What goes first where a terminal is too narrow for all: figures are left out whole, never cut.
_LEAVING = ("assigned", "response", "accurate", "resolution", "opened", "on time", "overdue", "closure", "closed")


def status_table(status: Status, console: Console, *, below: bool = False) -> Table:
    """The city in the last row, above it every department that had an order in the window; as wide as the console.
    `below` says that each department is counted with all that stand below it."""
    heads: tuple[str, ...] = _HEADS
    for left_out in ("", *_LEAVING):
        heads = tuple(head for head in heads if head != left_out)
        table = _table(status, heads, below)
        if Measurement.get(console, console.options.update(width=_ANY), table).maximum <= console.width:
            break
    return table


def _table(status: Status, heads: tuple[str, ...], below: bool) -> Table:
    window = status["window"]
    missing = (
        "" if status["complete"] else "  (incomplete: {answered} of {total} partitions)".format(**status["partitions"])
    )
    alarms = ((status.get("drift") or {}).get("alarms") or {}).values()
    missing_heads = [head for head in _HEADS if head not in heads]
    caption = "\n".join(
        (
            *(["each department with all that stand below it"] if below else ()),
            "response: assigned to accepted, resolution: first report to closing; medians",
            *([f"left out for want of width: {', '.join(missing_heads)}"] if missing_heads else ()),
            *(f"drift: {a}" for a in alarms),
            *(f"hub {name}: {_of_hub(hub)}" for name, hub in (status.get("hubs") or {}).items()),
        )
    )
    table = Table(
        title=f"{window['from']} to {window['to']}{missing}", caption=caption, box=SIMPLE, padding=(0, 1, 0, 0)
    )
    table.add_column("department", overflow="fold")
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for department, indicators in status["departments"].items():
        if any(indicators[name] for name in _COUNTS):
            table.add_row(_NOBODYS if department == NONE else department, *_row(indicators, heads))
    table.add_section()
    table.add_row(status["city"]["name_en"], *_row(status["city"], heads), style="bold")
    return table


def _of_hub(hub: Mapping[str, Any]) -> str:
    """A hub's own figures in a line, or that it is away."""
    if hub["state"] == "never":
        return "never heard of"
    told = ", ".join(f"{name.replace('_', ' ')} {hub['indicators'].get(name, '–')}" for name in _OF_HUB)
    heard = f"away since {hub['heard_at']}" if hub["state"] == "away" else f"{_seconds(hub['age_seconds'])} ago"
    return f"{told}, from {hub['window']['from'] or 'the beginning'} to {hub['window']['to']} ({heard})"


def _row(indicators: Mapping[str, Any], heads: tuple[str, ...]) -> list[str]:
    every = [
        *(str(indicators[name]) for name in _COUNTS),
        *(_percent(indicators[name]) for name in _RATES),
        *(_seconds(indicators[name]["p50"]) for name in _TIMES),
    ]
    return [value for head, value in zip(_HEADS, every, strict=True) if head in heads]


def _percent(rate: float | None) -> str:
    """As the pages show it: 1 of 16 is 6.3 % there, where half of a tenth would be rounded to the even one here."""
    return "–" if rate is None else f"{Decimal(rate * 100).quantize(Decimal('0.1'), ROUND_HALF_UP)}%"


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if value >= 2 * size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.1f} s"

"""The answer of `GET /status` as a table for people."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

Status = Mapping[str, Any]
_COUNTS = ("opened", "assigned", "open", "overdue_open", "closed")
_RATES = ("closure_rate", "on_time_closure_rate", "dispatch_accuracy")
_TIMES = ("response_seconds", "resolution_seconds")
_HEADS = ("opened", "assigned", "open", "overdue", "closed", "closure", "on time", "accurate", "response", "resolution")


def status_table(status: Status) -> Table:
    """The city in the last row, above it every department that had an order in the window."""
    window = status["window"]
    missing = (
        "" if status["complete"] else "  (incomplete: {answered} of {total} partitions)".format(**status["partitions"])
    )
    alarms = ((status.get("drift") or {}).get("alarms") or {}).values()
    caption = "\n".join(
        (
            "response: assigned to accepted, resolution: first report to closing; medians",
            *(f"drift: {a}" for a in alarms),
        )
    )
    table = Table(
        title=f"{window['from']} to {window['to']}{missing}", caption=caption, box=SIMPLE, padding=(0, 1, 0, 0)
    )
    table.add_column("department", no_wrap=True)
    for head in _HEADS:
        table.add_column(head, justify="right", no_wrap=True)
    for department, indicators in status["departments"].items():
        if any(indicators[name] for name in _COUNTS):
            table.add_row(department, *_row(indicators))
    table.add_section()
    table.add_row(status["city"]["name_en"], *_row(status["city"]), style="bold")
    return table


def _row(indicators: Mapping[str, Any]) -> list[str]:
    return [
        *(str(indicators[name]) for name in _COUNTS),
        *("–" if indicators[name] is None else f"{indicators[name]:.1%}" for name in _RATES),
        *(_seconds(indicators[name]["p50"]) for name in _TIMES),
    ]


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if value >= 2 * size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.1f} s"

"""What another pack or model would have come to, for people."""

from collections import Counter
from collections.abc import Iterable, Sequence

from dispatcher.figures.indicators import Value
from dispatcher.whatif.comparing import CITY, IndicatorChange, MissedLimit, WhatIf
from streams.terminal.console import Console, whole_table
from streams.whatif.side_by_side import Tried

_SHOWN = 20
_NAMED = 3  # orders that a row names


def show_tried(tried: Tried) -> None:
    """Print it: what is most, or first, of each; `--json` has all."""
    console, what = Console(soft_wrap=True, highlight=False), tried.what
    if tried.off_log:
        console.print(
            f"of {len(tried.off_log)} orders the log has other facts than this version decides from the same inbox: "
            f"{_some(tried.off_log)}",
            style="yellow",
        )
    if tried.judged or tried.erased:
        console.print(f"{tried.judged} texts were judged again; the words of {tried.erased} reports are gone")
    console.print(f"{len(what.unlike)} of {what.orders} orders would differ ({what.facts} facts)")
    _show_elsewhere(console, what)
    _show_missed(console, what.missed)
    _show_changes(console, what.changes)
    if what.refused or what.failed:
        console.print(f"{what.refused:+} refused steps, {what.failed:+} items that end in an error")


def _show_elsewhere(console: Console, what: WhatIf) -> None:
    console.print(f"{len(what.elsewhere)} orders would have gone elsewhere")
    ways = Counter((_way(each.real), _way(each.whatif)) for each in what.elsewhere)
    if ways:
        table = whole_table("orders", "real", "what if")
        for (real, other), count in ways.most_common(_SHOWN):
            table.add_row(str(count), real, other)
        console.print(table)


def _show_missed(console: Console, missed: Sequence[MissedLimit]) -> None:
    more = [each for each in missed if each.whatif > each.real]
    console.print(f"{len(more)} limits would have been missed, {len(missed) - len(more)} kept")
    stages = Counter(each.stage for each in missed)
    if stages:
        table = whole_table("stage", "missed", "orders", "kept", "orders")
        for stage in stages:
            late = [each.order_id for each in more if each.stage == stage]
            kept = [each.order_id for each in missed if each.stage == stage and each.whatif < each.real]
            table.add_row(stage, str(len(late)), _some(late), str(len(kept)), _some(kept))
        console.print(table)


def _show_changes(console: Console, changes: Sequence[IndicatorChange]) -> None:
    shown = [each for each in changes if each.dimension in (CITY, "department")]
    console.print(f"{len(changes)} indicators differ")
    if shown:
        table = whole_table("of", "indicator", "real", "what if", "orders")
        for each in shown:
            behind = f"{len(each.orders)}: {_some(each.orders)}" if each.orders else "0"
            table.add_row(each.key or CITY, each.indicator, _value(each.real), _value(each.whatif), behind)
        console.print(table)


def _way(stops: Iterable[str]) -> str:
    return " > ".join(stops) or "–"


def _some(orders: Sequence[str]) -> str:
    return ", ".join(orders[:_NAMED]) + (f", … {len(orders) - _NAMED} more" if len(orders) > _NAMED else "")


def _value(value: Value) -> str:
    if isinstance(value, dict):
        return f"p50 {_value(value['p50'])}, mean {_value(value['mean'])}, n {value['count']}"
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.4g}"

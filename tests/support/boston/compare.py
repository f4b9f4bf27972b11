"""The comparison: figures of the project against the batch computation."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from dispatcher.figures.figure_row import FigureRow, parse_key
from dispatcher.figures.indicators import Value, Window, city, indicators, totals
from dispatcher.figures.indicators import with_below as sums_with_below
from models.city import Hierarchy
from tests.support.boston import convert, oracle

EXACT = ("received", "closed", "open", "overdue_open", "closed_on_time", "closure_rate", "on_time_closure_rate")


def unlike(found: Mapping[str, Value], wanted: Mapping[str, Any], where: str) -> list[str]:
    """Where two sets of indicators differ: counts and rates exactly, the mean to the millisecond, quantiles by 1 %."""
    wrong = [f"{where} {name}: {found[name]} is not {wanted[name]}" for name in EXACT if found[name] != wanted[name]]
    mine, theirs = found["resolution_seconds"], wanted["resolution_seconds"]
    assert isinstance(mine, dict)
    for name, tolerance in (("count", 0.0), ("mean", 1e-9), ("p50", 0.01), ("p90", 0.01), ("p95", 0.01), ("max", 0.01)):
        one, other = mine[name], theirs[name]
        alike = one is other is None or (
            one is not None and other is not None and math.isclose(one, other, rel_tol=tolerance, abs_tol=0.001)
        )
        if not alike:
            wrong.append(f"{where} resolution {name}: {one} is not {other}")
    return wrong


def differences(rows: Iterable[tuple[str, FigureRow]], frame: pd.DataFrame) -> list[str]:
    """The city and every department in every month: where figure rows (by Kafka key) and cases disagree."""
    kept = list(rows)
    wrong: list[str] = []
    for first, last in oracle.months():
        sums = totals(kept, Window(first=_day(first), last=_day(last)))
        wrong += unlike(indicators(city(sums)), oracle.expected(frame, first, last), f"city {first:%Y-%m}")
        for department, part in frame.groupby("department"):
            row = sums.get(("department", convert.slug(str(department))), FigureRow())
            where = f"{department} {first:%Y-%m}"
            wrong += unlike(indicators(row), oracle.expected(part, first, last), where)
    return wrong


def with_below(rows: Iterable[tuple[str, FigureRow]], hierarchy: Hierarchy) -> list[tuple[str, FigureRow]]:
    """The same figure rows, but those of each department with all below it, day by day."""
    kept = list(rows)
    days: dict[tuple[int, int], dict[str, FigureRow]] = {}
    for key, row in kept:
        dimension, name, day, partition = parse_key(key)
        if dimension == "department":
            days.setdefault((day, partition), {})[name] = row
    return [(key, row) for key, row in kept if not key.startswith("department/")] + [
        (f"department/{name}/{day}/{partition}", row)
        for (day, partition), own in days.items()
        for name, row in sums_with_below(own, hierarchy).items()
    ]


def _day(moment: pd.Timestamp) -> int:
    return int(moment.strftime("%Y%m%d"))

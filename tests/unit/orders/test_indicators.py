"""Indicators from the figures: the golden month of 天门, windows, and the lists behind the values."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from dispatcher.figures.booking import Bookings, bookings, collect
from dispatcher.figures.figure_row import FigureRow, row_key
from dispatcher.figures.indicators import (
    COMING,
    FIGURES,
    INDICATORS,
    Weights,
    Window,
    city,
    coming,
    contributes,
    indicators,
    totals,
)
from dispatcher.order.row import Order
from tests.support.steps.lives import Life

ZONE = ZoneInfo("Asia/Shanghai")
HOUR = 3_600_000
DAY = 24 * HOUR
DECEMBER = Window(first=20161201, last=20161231)
START = 1_480_521_600_000  # 2016-12-01T00:00 in Shanghai
AREAS = ("north", "south", "east")
LEADS = (("roads", "pothole"), ("police", "street-vendor"))


def book(orders: Iterable[Order]) -> list[tuple[str, FigureRow]]:
    """The figure rows of all orders, as they stand in `paidan.figures`."""
    total: Bookings = {}
    for order in orders:
        collect(total, bookings(order, ZONE))
    return [(row_key(row, 0), FigureRow().add(amounts)) for row, amounts in total.items()]


@pytest.fixture(scope="module")
def tianmen() -> list[Order]:
    """天门, December 2016: 996 orders filed, 737 closed on time, 174 closed late, 61 overdue, 24 not due yet."""
    orders = []
    for n in range(996):
        opened = START + n * (20 * DAY // 996)
        department, category = LEADS[n % 2]
        due = opened + (3 * DAY if n < 972 else 40 * DAY)
        life = Life(n, opened, int(20161201 + (opened - START) // DAY), AREAS[n % 3], due=due)
        life.assign(opened + HOUR, department, category, due=due).accept(opened + 2 * HOUR)
        if n < 737:
            life.handle(due - n * 1000, 2 * DAY, 16 * HOUR).check(due + DAY).close(due + DAY)
        elif n < 911:
            life.breach(due).handle(due + HOUR, 2 * DAY, 16 * HOUR).check(due + DAY).close(due + DAY)
        elif n < 972:
            life.breach(due)
        orders.append(life.row)
    return orders


def test_the_golden_month_of_tianmen(tianmen: list[Order]) -> None:
    """Filed 996, due 972, closed 911, on time 737: closure 93.72 %, on time 75.82 %."""
    values = indicators(city(totals(book(tianmen), DECEMBER)))
    assert tuple(values[name] for name in ("received", "opened", "due", "closed", "closed_on_time")) == (
        996,
        996,
        972,
        911,
        737,
    )
    assert (values["open"], values["overdue_open"]) == (85, 61)
    assert pytest.approx(values["closure_rate"], abs=0.00005) == 0.9372
    assert pytest.approx(values["on_time_closure_rate"], abs=0.00005) == 0.7582
    assert values["dispatch_accuracy"] == 1.0
    assert values["rework_rate"] == 0.0


def test_every_dimension_sums_to_the_city(tianmen: list[Order]) -> None:
    """Departments, categories and areas each hold every order once."""
    sums = totals(book(tianmen), DECEMBER)
    for dimension in ("department", "category", "area"):
        for name, value in (("closed", 911), ("overdue_open", 61), ("received", 996)):
            assert value == sum(row.counters.get(name, 0) for (kind, _), row in sums.items() if kind == dimension)


@pytest.mark.slow
@pytest.mark.parametrize("indicator", ["opened", "closed", "closed_on_time", "overdue_open", "open"])
def test_a_figure_opens_into_its_orders(tianmen: list[Order], indicator: str) -> None:
    """The list behind a count is as long as the count, for the city and for each department."""
    sums = totals(book(tianmen), DECEMBER)
    for dimension, key, row in [
        ("city", "", city(sums)),
        *(("department", lead, sums["department", lead]) for lead, _ in LEADS),
    ]:
        listed = [order for order in tianmen if contributes(order, indicator, dimension, key, DECEMBER, ZONE)]
        assert len(listed) == indicators(row)[indicator]


def test_a_rate_opens_into_both_sides_of_its_line(tianmen: list[Order]) -> None:
    """The closure rate is about the orders closed and those overdue."""
    listed = [order for order in tianmen if contributes(order, "closure_rate", "city", "", DECEMBER, ZONE)]
    assert len(listed) == 972


def test_an_unknown_indicator_is_named(tianmen: list[Order]) -> None:
    """A misspelt indicator raises KeyError with its name."""
    with pytest.raises(KeyError, match="closing_rate"):
        contributes(tianmen[0], "closing_rate", "city", "", DECEMBER, ZONE)


def test_stocks_are_taken_at_the_windows_end_and_flows_inside_it(tianmen: list[Order]) -> None:
    """On 2 December only that day's openings count, but all that are open by then."""
    sums = totals(book(tianmen), Window(first=20161202, last=20161202))
    values = indicators(city(sums))
    by_then = [order for order in tianmen if order.opened_at < START + 2 * DAY]
    assert len(by_then) == values["open"]
    assert len([order for order in by_then if order.opened_at >= START + DAY]) == values["opened"]


def test_a_rate_without_a_denominator_is_none() -> None:
    """Nothing due: no closure rate, rather than 0; durations say None; counts say 0."""
    values = indicators(FigureRow(), Weights())
    rates = [name for name, indicator in INDICATORS.items() if indicator.kind == "rate"]
    assert all(values[name] is None for name in [*rates, "citizen_score"])
    assert values["resolution_seconds"] == {
        "p50": None,
        "p90": None,
        "p95": None,
        "mean": None,
        "max": None,
        "count": 0,
    }
    assert values["closed"] == values["open"] == 0


# What the first version of each is made of, where that is more than its own name.
FIRST = {
    "due": "closed overdue_open",
    "dedup_ratio": "received detections / opened",
    "closure_rate": "closed / closed overdue_open",
    "on_time_closure_rate": "closed_on_time / closed_limited overdue_open",
    "on_time_raw": "closed_on_time_raw / closed_limited_raw overdue_open",
    "accept_on_time_rate": "accept_on_time / accept_done accept_missed",
    "dispatch_on_time_rate": "dispatch_on_time / dispatch_done dispatch_missed",
    "handle_on_time_rate": "handle_on_time / handle_done handle_missed",
    "check_on_time_rate": "check_on_time / check_done check_missed",
    "rework_rate": "closed_reworked / closed overdue_open",
    "dispatch_accuracy": "closed_first_dispatch / closed",
    "return_rate": "returns_approved / assigned",
    "reopen_rate": "closings_reopened / closed closings_reopened",
    "response_rate": "responded / opened",
    "resolution_rate": "closed_checked / closed closings_reopened overdue_open",
    "satisfaction_rate": "satisfied / satisfied unsatisfied",
    "resolution_seconds": "resolution_ms",
    "handling_seconds": "handling_ms",
    "handling_work_seconds": "handling_work_ms",
    "response_seconds": "response_ms",
    "misroute_seconds": "misroute_ms",
}


def test_a_changed_definition_has_another_version() -> None:
    """An indicator of the first version is made of what it was made of then."""
    made_of = {
        name: " / ".join(" ".join(part) for part in (each.top, each.bottom) if part)
        for name, each in INDICATORS.items()
        if each.version == 1
    }
    assert {name: FIRST[name] for name in FIRST if name in made_of} == {
        name: made_of[name] for name in FIRST if name in made_of
    }


def test_a_changed_definition_is_computed_beside_the_one_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under its name and its own version; as long as it is to come, nothing else changes."""
    row, before = FigureRow(0, {"closed": 3, "overdue_open": 1, "opened": 6}), COMING
    changed = replace(INDICATORS["closure_rate"], bottom=("opened",), version=2)
    old = indicators(row)
    monkeypatch.setattr("dispatcher.figures.indicators.COMING", (changed,))

    assert coming(row) == {"closure_rate": {"version": 2, "value": 0.5}}
    assert (indicators(row), old["closure_rate"]) == (old, 0.75)
    for each in before:  # those that are shipped
        assert each.version == INDICATORS[each.name].version + 1
        assert {*each.top, *each.bottom} <= FIGURES


def test_durations_are_in_seconds() -> None:
    """Boston's case 101001240736 took 10,135,454 s: exact in the mean, within 1 % in the quantiles."""
    row = FigureRow().add({("resolution_ms", 10_135_454_000): 1})
    values = indicators(row)["resolution_seconds"]
    assert isinstance(values, dict)
    assert values["mean"] == 10_135_454
    assert values["p50"] == values["max"] == pytest.approx(10_135_454, rel=0.01)


def test_the_three_rates_weigh_as_the_city_says() -> None:
    """Only the rates that are there count, each by its weight."""
    row = FigureRow(0, {"citizen_opened": 4, "responded": 2, "satisfied": 3, "unsatisfied": 1})
    values = indicators(row, Weights(response=1, resolution=5, satisfaction=3))
    assert tuple(values[f"{name}_rate"] for name in ("response", "resolution", "satisfaction")) == (0.5, None, 0.75)
    assert values["citizen_score"] == (0.5 * 1 + 0.75 * 3) / 4

"""The indicators 指标: what is asked of the figures, over any window of city-local days.

`INDICATORS` is the one table of definitions; the values, the list of orders behind each value and the documentation
all come from it. Two steps lead to a value: `total` sums the rows of a window (and merges over partitions and keys by
`merge_rows`), `indicators` does the divisions. A rate whose denominator is 0 is None, never 0.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, Self
from zoneinfo import ZoneInfo

import msgspec

from dispatcher.figures.booking import bookings
from dispatcher.figures.figure_row import FigureRow, merge_rows, parse_key
from dispatcher.figures.sketch import Sketch
from dispatcher.order.row import Order
from models.city import CitySettings, Hierarchy

STOCKS = ("open", "overdue_open", "citizen_overdue_open")
_CHINA = "数字城管 (GB/T 30428)"
_HOTLINE = "12345 hotline practice"

Value = int | float | dict[str, float | int | None] | None


class Window(msgspec.Struct, frozen=True):
    """City-local days as yyyymmdd, both included; without `first` from the beginning on."""

    last: int
    first: int | None = None


class Indicator(msgspec.Struct, frozen=True):
    """One indicator: a count or stock (the sum of `top`), a rate (`top` / `bottom`), a duration (its sketch).

    `version` goes up by one whenever the same log comes to another value: by another formula here, or because orders
    count otherwise (`dispatcher.figures.booking`)."""

    name: str
    kind: Literal["count", "stock", "rate", "duration", "seconds"]
    top: tuple[str, ...]
    definition: str
    bottom: tuple[str, ...] = ()
    title: str = ""
    source: str = ""
    version: int = 1


class Weights(msgspec.Struct, frozen=True):
    """How much each of the three rates 三率 weighs in `citizen_score`."""

    response: float = 0.2
    resolution: float = 0.4
    satisfaction: float = 0.4

    @classmethod
    def of(cls, settings: CitySettings) -> Self:
        """Those that a city has set."""
        return cls(settings.response_weight, settings.resolution_weight, settings.satisfaction_weight)


def _count(name: str, title: str, definition: str, *top: str, version: int = 1) -> Indicator:
    return Indicator(name, "count", top or (name,), definition, title=title, version=version)


def _rate(
    name: str,
    title: str,
    top: tuple[str, ...],
    bottom: tuple[str, ...],
    definition: str,
    source: str = "",
    version: int = 1,
) -> Indicator:
    return Indicator(name, "rate", top, definition, bottom, title, source, version)


_TABLE = (
    _count("received", "受理数", "reports, without repeats of the same source and id"),
    _count("detections", "感知数", "detections of cameras, without repeats of the same source and id"),
    _count("duplicates", "重复数", "sightings dropped as repeats of the same source and id within its window"),
    _count(
        "suppressed",
        "抑制数",
        "sightings inside a control zone 管控区域 or a silence 静默, or in doubt just after the same was found to be "
        "nothing",
    ),
    _count("expired", "观察失效数", "detections that were watched and came to no order in time"),
    _count("merged", "并案数", "sightings that joined an order that was there"),
    _count("opened", "立案数", "orders opened"),
    _count("assigned", "派遣数", "assignments to a department"),
    _count("accepted", "签收数", "assignments that were accepted"),
    _count("returned", "退单数", "assignments that were returned; a refused return is none"),
    _count("returns_approved", "准退数", "returns that were right"),
    _count("forwarded", "转办数", "assignments that the department has handed down to one below it"),
    _count("reported_up", "上报数", "assignments that went to the level above, which was asked to take over"),
    _count("handled", "处置数", "assignments that were dealt with; of several handlings the last one counts"),
    _count("rechecked", "复核数", "checks that the camera which had seen the incident has made, passed or not"),
    _count("closed", "结案数", "closings that stand: a reopening takes its closing off the day it was booked on"),
    _count("closed_on_time", "按期结案数", "closings with a limit, handled no later than the adjusted due time"),
    _count("rejected", "作废数", "orders that were nothing for anybody"),
    _count("merged_orders", "并案工单数", "orders that go on as part of another"),
    _count("reopened", "重开数", "reopenings, on their own day"),
    Indicator(
        "misroutes",
        "count",
        ("misroutes",),
        "assignments whose return was approved, or that were taken back to be re-assigned (department `-`)",
        title="错派数",
        version=2,
    ),
    _count("reminded", "催办数", "days on which a reporter reminded of an order"),
    Indicator("open", "stock", ("open",), "orders that are open at the window's end", title="在办数"),
    Indicator(
        "overdue_open",
        "stock",
        ("overdue_open",),
        "open orders past their due time at the window's end, but for those suspended, or handled unless their check "
        "fails",
        title="超期未结数",
        version=4,
    ),
    _count("due", "应结案数", "closed in the window + overdue_open at its end", "closed", "overdue_open", version=4),
    _rate("dedup_ratio", "去重比", ("received", "detections"), ("opened",), "sightings / orders opened"),
    _rate("closure_rate", "结案率", ("closed",), ("closed", "overdue_open"), "closed / due", _CHINA, version=4),
    _rate(
        "on_time_closure_rate",
        "按期结案率",
        ("closed_on_time",),
        ("closed_limited", "overdue_open"),
        "closed_on_time / (closed with a limit + overdue_open); closings exempt by an appeal count on neither side",
        _CHINA,
        version=4,
    ),
    _rate(
        "on_time_raw",
        "原始按期结案率",
        ("closed_on_time_raw",),
        ("closed_limited_raw", "overdue_open"),
        "on_time_closure_rate with the due times before extensions, suspensions and appeals; its overdue_open is by "
        "the due times in force",
        version=4,
    ),
    *(
        _rate(
            f"{stage}_on_time_rate",
            title,
            (f"{stage}_on_time",),
            (f"{stage}_done", f"{stage}_missed"),
            f"{what} in time / (done + missed), where there is a limit",
            _CHINA,
            version=version,
        )
        for stage, title, what, version in (
            ("accept", "按时签收率", "accepted", 3),
            ("dispatch", "按时派遣率", "decided in review, return and arbitration", 2),
            ("handle", "按时处置率", "handled", 4),
            ("check", "按时核查率", "checked", 2),
        )
    ),
    _rate(
        "rework_rate",
        "返工率",
        ("closed_reworked",),
        ("closed", "overdue_open"),
        "closed with at least one failed check / due",
        _CHINA,
        version=4,
    ),
    _rate(
        "recheck_agreement",
        "复核一致率",
        ("recheck_agreed",),
        ("recheck_compared",),
        "checks of inspectors and units that came to what the camera had found / those where a camera had looked",
    ),
    _rate(
        "citizen_agreement",
        "市民监督一致率",
        ("citizen_agreed",),
        ("citizen_judged",),
        "judgements of citizens of the pool that agree with the check which has passed / all of them, on the day of "
        "the judgement",
    ),
    _rate(
        "dispatch_accuracy",
        "准确派遣率",
        ("closed_first_dispatch",),
        ("closed",),
        "closed without ever being re-assigned to another department / closed",
        _CHINA,
    ),
    _rate("return_rate", "退单率", ("returns_approved",), ("assigned",), "approved returns / assignments", _HOTLINE),
    _rate(
        "reopen_rate",
        "重开率",
        ("closings_reopened",),
        ("closed", "closings_reopened"),
        "closings that were reopened / (those that stand + those), on the day of the closing",
        _HOTLINE,
    ),
    _rate(
        "response_rate",
        "响应率",
        ("responded",),
        ("citizen_opened",),
        "orders with reporters who were told that a department has taken it on, puts it off or has dealt with it, or "
        "what came of it (the first answer that reached them) / orders with reporters, their own or of what was merged "
        "into them, on the day of opening; one that was merged before it was answered counts on neither side",
        _HOTLINE,
        version=6,
    ),
    _rate(
        "resolution_rate",
        "解决率",
        ("closed_checked",),
        ("citizen_closed", "citizen_closings_reopened", "citizen_overdue_open"),
        "closings that passed a check and stand / (all closings + overdue_open), of orders with reporters, their own "
        "or of what was merged into them",
        _HOTLINE,
        version=5,
    ),
    _rate(
        "satisfaction_rate",
        "满意率",
        ("satisfied",),
        ("satisfied", "unsatisfied"),
        "satisfied / all answers of reporters, the last of each about an order, those that were called back included, "
        "on the day of the answer; what nameless people say, of orders without reporters, counts for nothing",
        _HOTLINE,
        version=2,
    ),
    Indicator(
        "resolution_seconds",
        "duration",
        ("resolution_ms",),
        "from the first report, also of an order that was merged into it, to the closing, which nothing stops (citizen "
        "clock), over closings that stand",
        title="办结时长",
        version=2,
    ),
    Indicator(
        "dispatching_seconds",
        "duration",
        ("dispatching_ms",),
        "from when an order waits for a person (review, return, arbitration) to the decision",
        title="派遣时长",
    ),
    Indicator(
        "handling_seconds",
        "duration",
        ("handling_ms",),
        "from the assignment to `handled`, suspended time taken out (department clock)",
        title="处置时长",
    ),
    Indicator(
        "handling_work_seconds",
        "duration",
        ("handling_work_ms",),
        "the department clock in working time",
        title="处置工作时长",
    ),
    Indicator(
        "checking_seconds",
        "duration",
        ("checking_ms",),
        "from `handled` to the check, passed or not; of what was handed down from when the topmost has confirmed it",
        title="核查时长",
        version=2,
    ),
    Indicator(
        "response_seconds", "duration", ("response_ms",), "from the assignment to its acceptance", title="响应时长"
    ),
    Indicator(
        "misroute_seconds",
        "seconds",
        ("misroute_ms",),
        "time spent at departments that an order was misrouted to, charged to dispatching (department `-`)",
        title="错派耗时",
        version=2,
    ),
)
INDICATORS: Mapping[str, Indicator] = {indicator.name: indicator for indicator in _TABLE}
# Changed definitions, each with the name of the one that it is to replace and the next version. As long as one stands
# here both are computed, and the old one counts; when the city has compared them it takes the old one's place above.
COMING: tuple[Indicator, ...] = ()
SCORE = "citizen_score"
QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95}


def total(rows: Iterable[tuple[int, FigureRow]], window: Window) -> FigureRow:
    """The sum over a window's days of (day, row): flows of its days, stocks as they stand at its end."""
    parts = []
    for day, row in rows:
        if day > window.last:
            continue
        if window.first is None or day >= window.first:
            parts.append(row)
        elif stocks := {name: row.counters[name] for name in STOCKS if name in row.counters}:
            parts.append(FigureRow(row.version, stocks))
    return merge_rows(parts)


def totals(rows: Iterable[tuple[str, FigureRow]], window: Window) -> dict[tuple[str, str], FigureRow]:
    """The same for rows of any dimension and key, given with their Kafka keys: (dimension, key) → sum."""
    grouped: dict[tuple[str, str], list[tuple[int, FigureRow]]] = {}
    for row_key, row in rows:
        dimension, key, day, _ = parse_key(row_key)
        grouped.setdefault((dimension, key), []).append((day, row))
    return {where: total(parts, window) for where, parts in grouped.items()}


def with_below(sums: Mapping[str, FigureRow], hierarchy: Hierarchy) -> dict[str, FigureRow]:
    """Of each department the sum of its own figures and of those of all departments below it; `sums` are its own, and
    what is no department of the city's stays as it is."""
    own: dict[str, list[FigureRow]] = {key: [row] for key, row in sums.items()}
    for key, row in sums.items():
        for above in hierarchy.above(key):
            own.setdefault(above, []).append(row)
    return {key: merge_rows(rows) for key, rows in own.items()}


def city(sums: Mapping[tuple[str, str], FigureRow]) -> FigureRow:
    """The city's sum: that of its areas."""
    return merge_rows(row for (dimension, _), row in sums.items() if dimension == "area")


def indicators(row: FigureRow, weights: Weights | None = None) -> dict[str, Value]:
    """Every indicator of a window's sum, by name.

    Counts and stocks are whole numbers, rates 0 to 1 or None, durations {p50, p90, p95, mean, max, count} in seconds.
    With `weights`, `citizen_score` is the weighted mean of those of the three rates 三率 that are there.
    """
    values = {name: _value(indicator, row) for name, indicator in INDICATORS.items()}
    if weights is not None:
        values[SCORE] = _score(values, weights)
    return values


def coming(row: FigureRow) -> dict[str, dict[str, object]]:
    """What a window's sum comes to by each definition that is to come: its `version` and its `value`, by name."""
    return {each.name: {"version": each.version, "value": _value(each, row)} for each in COMING}


def contributes(order: Order, indicator: str, dimension: str, key: str, window: Window, zone: ZoneInfo) -> bool:
    """Whether an order counts in an indicator (for a rate: above or below the line) of a key (`city`: of the city); of
    several departments where `key` names them with commas.

    The same bookings that make the figure answer this, so that a list of orders and its figure agree. A counter's or
    sketch's own name is taken as well. Raises KeyError for a name that is neither.
    """
    if dimension == "city":
        dimension, key = "area", order.area
    prefixes = [f"{dimension}/{one}/" for one in (key.split(",") if dimension == "department" else (key,))]
    rows = (
        (int(row[len(prefix) :]), FigureRow().add(amounts))
        for row, amounts in bookings(order, zone).items()
        for prefix in prefixes
        if row.startswith(prefix) and row.rindex("/") == len(prefix) - 1
    )
    row = total(rows, window)
    return any(name in row.counters or name in row.sketches for name in figures_of(indicator))


def figures_of(indicator: str) -> tuple[str, ...]:
    """The counters and sketches that an indicator is made of. Raises KeyError when there is no such indicator."""
    definition = INDICATORS.get(indicator)
    if definition is not None:
        return (*definition.top, *definition.bottom)
    if indicator in FIGURES:
        return (indicator,)
    raise KeyError(indicator)


FIGURES = frozenset(name for indicator in _TABLE for name in (*indicator.top, *indicator.bottom))


def _value(indicator: Indicator, row: FigureRow) -> Value:
    if indicator.kind == "duration":
        return _duration(row.sketches.get(indicator.top[0], Sketch()))
    top = sum(row.counters.get(name, 0) for name in indicator.top)
    if indicator.kind == "seconds":
        return top / 1000
    if indicator.kind != "rate":
        return top
    bottom = sum(row.counters.get(name, 0) for name in indicator.bottom)
    return top / bottom if bottom else None


def _duration(sketch: Sketch) -> dict[str, float | int | None]:
    values: dict[str, float | None] = {name: sketch.quantile(q) for name, q in QUANTILES.items()}
    values |= {"mean": sketch.mean(), "max": sketch.max()}
    seconds = {name: None if value is None else round(value / 1000, 3) for name, value in values.items()}
    return {**seconds, "count": sketch.count}


def _score(values: Mapping[str, Value], weights: Weights) -> float | None:
    parts = [
        (weight, rate)
        for name, weight in (
            ("response_rate", weights.response),
            ("resolution_rate", weights.resolution),
            ("satisfaction_rate", weights.satisfaction),
        )
        if isinstance(rate := values[name], int | float) and weight > 0
    ]
    if not parts:
        return None
    return sum(weight * rate for weight, rate in parts) / sum(weight for weight, _ in parts)

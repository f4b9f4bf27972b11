"""The orders of one partition as lists want them sorted, with what lists are filtered by. The rows themselves stay in
the table."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple, get_args
from zoneinfo import ZoneInfo

import msgspec
from sortedcontainers import SortedList

from dispatcher.arrivals.watched import false_alarms
from dispatcher.figures.indicators import STOCKS, Window, contributes, figures_of
from dispatcher.order.chain import confirmer
from dispatcher.order.row import OPEN, Order, State
from models.times import day_number, local_day
from streams.tables.marks import marks_of
from streams.tables.outside.alarm_view import Alarmed, AlarmView
from streams.tables.protocol import Place, Sort, place_of, sureness

# So many orders of each reporter are known by their hash, the newest.
OF_A_REPORTER = 5
# The loop must turn while a long list is searched.
_SEARCHED_AT_ONCE = 500
# Of so many orders the places are looked up and sorted; of more, enough are met soon in a sorted list of all.
_FEW = 2_000


class Summary(msgspec.Struct, frozen=True, gc=False):
    """What the view remembers of an order."""

    id: str
    seq: int
    state: State
    area: str
    department: str
    category: str
    priority: int
    due: int | None
    opened_at: int
    recorded_at: int
    overdue: bool
    quarantined: bool
    sureness: int
    marks: tuple[str, ...]
    reports: tuple[str, ...]
    inspector: str
    confirmer: str
    unit: str
    alarmed: Alarmed

    def place(self, sort: Sort) -> Place:
        """Where it stands in a list."""
        return place_of(
            sort,
            priority=self.priority,
            sureness=self.sureness,
            due=self.due,
            opened_at=self.opened_at,
            order_id=self.id,
        )


class Counted(msgspec.Struct, frozen=True):
    """Only orders that an indicator counts, for one key of a dimension (`city`: the whole) in a window; of departments
    for several of them, with commas."""

    indicator: str
    dimension: str
    key: str
    window: Window


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders, and in which order; empty fields ask for nothing. `states` may hold `open` for all open ones."""

    departments: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    overdue: bool | None = None
    quarantined: bool | None = None
    mark: str = ""
    report: str = ""
    reporter: str = ""
    inspector: str = ""
    confirmer: str = ""
    unit: str = ""
    camera: str = ""
    algorithm: str = ""
    alarm: str = ""
    counted: Counted | None = None
    sort: Sort = "newest"


class _Kind(NamedTuple):
    """What most lists ask for. Orders are many, their kinds some thousands at most."""

    state: State
    department: str
    category: str
    area: str


# What some orders have and most have not: which, and of whom or what it is.
_Trait = tuple[str, str]
_ANY: _Trait = ("", "")


class _Shelves:
    """Orders by trait and kind: how many there are, and which where they are few, without a look at the others.

    Each order stands on the shelf of its kind under `_ANY` and under each of its traits.
    """

    def __init__(self) -> None:
        self._by_trait: dict[_Trait, dict[_Kind, set[str]]] = {}

    def put(self, summary: Summary) -> None:
        """Let an order stand where it belongs now."""
        kind = _kind(summary)
        for trait in (_ANY, *_traits_of(summary)):
            self._by_trait.setdefault(trait, {}).setdefault(kind, set()).add(summary.id)

    def drop(self, summary: Summary) -> None:
        """Take away an order that was put as this."""
        kind = _kind(summary)
        for trait in (_ANY, *_traits_of(summary)):
            kinds = self._by_trait[trait]
            kinds[kind].discard(summary.id)
            if not kinds[kind]:
                del kinds[kind]
            if not kinds:
                del self._by_trait[trait]

    def fewest(self, wanted: Wanted) -> list[set[str]]:
        """Shelves that hold all wanted orders, by kind and the rarest of the wanted traits."""
        chosen = ([*self._wanted(trait, wanted)] for trait in _traits_asked(wanted) or (_ANY,))
        return min(chosen, key=_size)

    def _wanted(self, trait: _Trait, wanted: Wanted) -> Iterator[set[str]]:
        for kind, orders in self._by_trait.get(trait, {}).items():
            if _is_in(kind.state, wanted.sort) and _of_kind(kind, wanted):
                yield orders


class OrderView:
    """The orders of one partition; `offset` is one more than the highest offset that any row came from."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.offset = 0
        self._zone = zone
        self._orders: dict[str, Summary] = {}
        self._shelves = _Shelves()
        self._sorted: dict[Sort, SortedList[Place]] = {sort: SortedList() for sort in get_args(Sort)}
        self._reports: dict[str, str] = {}
        self._reporters: dict[int, tuple[str, ...]] = {}  # orders by what Python hashes of the reporter's hash
        self.alarms = AlarmView()

    def __len__(self) -> int:
        return len(self._orders)

    def __contains__(self, order_id: object) -> bool:
        return order_id in self._orders

    def seq(self, order_id: str) -> int | None:
        """The version in which an order is shown; None when it is not."""
        held = self._orders.get(order_id)
        return None if held is None else held.seq

    def put(self, order: Order, offset: int) -> None:
        """Take the row that the table now holds."""
        self.offset = max(self.offset, offset + 1)
        held = self._orders.get(order.id)
        if held is not None:
            self._drop(held)
        summary = Summary(
            id=order.id,
            seq=order.seq,
            state=order.state,
            area=order.area,
            department=order.department,
            category=order.category,
            priority=order.priority,
            due=order.due,
            opened_at=order.opened_at,
            recorded_at=order.recorded_at,
            overdue=order.overdue_at is not None,
            quarantined=bool(order.quarantined),
            sureness=sureness(order),
            marks=marks_of(order),
            reports=order.report_keys,
            inspector=order.inspector,
            confirmer=confirmer(order) if order.state == "handled" else "",
            unit="" if order.task is None else order.task.unit,
            alarmed=Alarmed.of(*false_alarms.seen_by(order), false_alarms.alarm_state(order)),
        )
        self.alarms.put(order.id, summary.alarmed)
        self._orders[order.id] = summary
        self._shelves.put(summary)
        for sort, places in self._sorted.items():
            if _is_in(summary.state, sort):
                places.add(summary.place(sort))
        for report in summary.reports:
            self._reports[report] = order.id
        for reporter in order.reporters:
            self._learn(hash(reporter), order.id)

    def _learn(self, reporter: int, order_id: str) -> None:
        """That an order is one of a reporter's; of the newest alone it stays known."""
        known = self._reporters.get(reporter, ())
        if order_id not in known:
            newest = sorted((*known, order_id), key=lambda each: self._orders[each].opened_at, reverse=True)
            self._reporters[reporter] = tuple(newest[:OF_A_REPORTER])

    def _drop(self, summary: Summary) -> None:
        self.alarms.drop(summary.id, summary.alarmed)
        self._shelves.drop(summary)
        for sort, places in self._sorted.items():
            if _is_in(summary.state, sort):
                places.remove(summary.place(sort))
        for report in summary.reports:
            if self._reports.get(report) == summary.id:
                del self._reports[report]

    async def page(
        self, wanted: Wanted, after: Place | None, limit: int, load: Callable[[str], Order | None]
    ) -> list[Order]:
        """The first `limit` wanted orders behind a place of the list; `load` gives an order's row.

        Rows may change while it searches: each order is judged as it stands when it is met.
        """
        found: list[Order] = []
        for batch in self._batches(wanted, after):
            for place in batch:
                summary = self._orders.get(place[2])
                if summary is None or not self._may_be(summary, wanted):
                    continue
                order = load(summary.id)
                if order is not None and self._is(order, wanted):
                    found.append(order)
                    if len(found) == limit:
                        return found
            await asyncio.sleep(0)
        return found

    async def count(self, wanted: Wanted) -> int:
        """How many orders a list would show in all. Not for those behind a figure: the figure says it."""
        shelves = self._shelves.fewest(wanted)
        if _is_told_by_shelves(wanted):
            return _size(shelves)
        named = self._named(wanted)
        candidates = [*chain(*shelves)] if named is None else [*named]
        found = 0
        for start in range(0, len(candidates), _SEARCHED_AT_ONCE):
            summaries = map(self._orders.get, candidates[start : start + _SEARCHED_AT_ONCE])
            found += sum(summary is not None and self._may_be(summary, wanted) for summary in summaries)
            await asyncio.sleep(0)
        return found

    def _named(self, wanted: Wanted) -> Iterable[str] | None:
        """The orders that have a name which is asked for, and perhaps others; None when none is."""
        if wanted.report:
            return tuple(filter(None, [self._reports.get(wanted.report)]))
        if wanted.reporter:
            return self._reporters.get(hash(wanted.reporter), ())
        if wanted.camera:
            return self.alarms.of_camera(wanted.camera)
        if wanted.algorithm and wanted.alarm == "false":
            return self.alarms.false_of(wanted.algorithm)
        return None

    def _batches(self, wanted: Wanted, after: Place | None) -> Iterator[Sequence[Place]]:
        """Among the places of the list behind this one all wanted ones, in their order, some at a time."""
        few = self._named(wanted)
        if few is None:
            shelves = self._shelves.fewest(wanted)
            few = chain(*shelves) if _size(shelves) <= _FEW else None
        if few is not None:
            places = sorted(self._orders[each].place(wanted.sort) for each in few)
            start = 0 if after is None else bisect_right(places, after)
            yield from (places[n : n + _SEARCHED_AT_ONCE] for n in range(start, len(places), _SEARCHED_AT_ONCE))
            return
        standing = self._sorted[wanted.sort]
        while True:  # rows come and go between the batches
            start = 0 if after is None else standing.bisect_right(after)
            batch = list(standing.islice(start, start + _SEARCHED_AT_ONCE))
            if not batch:
                return
            yield batch
            after = batch[-1]

    def _may_be(self, summary: Summary, wanted: Wanted) -> bool:
        if not _is_in(summary.state, wanted.sort) or not _of_kind(summary, wanted):
            return False
        if wanted.counted is not None:
            window, stock = wanted.counted.window, _is_stock(wanted.counted.indicator)
            # Nothing is booked for a time after it was recorded.
            if not stock and window.first is not None and self._day(summary.recorded_at) < window.first:
                return False
        return (
            (wanted.overdue is None or wanted.overdue == summary.overdue)
            and (wanted.quarantined is None or wanted.quarantined == summary.quarantined)
            and (not wanted.mark or wanted.mark in summary.marks)
            and wanted.inspector in ("", summary.inspector)
            and wanted.confirmer in ("", summary.confirmer)
            and wanted.unit in ("", summary.unit)
            and summary.alarmed.is_by(wanted.camera, wanted.algorithm, wanted.alarm)
        )

    def _is(self, order: Order, wanted: Wanted) -> bool:
        counted = wanted.counted
        if wanted.reporter and wanted.reporter not in order.reporters:
            return False  # of two hashes that Python hashes alike, or one whose report has been moved
        if counted is None:
            return True
        return contributes(order, counted.indicator, counted.dimension, counted.key, counted.window, self._zone)

    def _day(self, instant: int) -> int:
        return day_number(local_day(instant, self._zone))


def _kind(summary: Summary) -> _Kind:
    return _Kind(summary.state, summary.department, summary.category, summary.area)


def _of_kind(one: _Kind | Summary, wanted: Wanted) -> bool:
    """Whether a list may show it, by what is asked of its kind."""
    return (
        (not wanted.states or one.state in wanted.states or ("open" in wanted.states and one.state in OPEN))
        and (not wanted.departments or one.department in wanted.departments)
        and (not wanted.categories or one.category in wanted.categories)
        and (not wanted.areas or one.area in wanted.areas)
    )


def _is_in(state: State, sort: Sort) -> bool:
    """Whether a list that is sorted like that has orders of a state at all."""
    return sort == "newest" or state == "review" or (sort == "urgent" and state in OPEN)


def _traits_of(summary: Summary) -> Iterator[_Trait]:
    for mark in summary.marks:
        yield "mark", mark
    if summary.overdue:
        yield "overdue", ""
    if summary.quarantined:
        yield "quarantined", ""
    if summary.inspector:
        yield "inspector", summary.inspector
    if summary.confirmer:
        yield "confirmer", summary.confirmer
    if summary.unit:
        yield "unit", summary.unit


def _traits_asked(wanted: Wanted) -> tuple[_Trait, ...]:
    asked = (
        ("mark", wanted.mark, bool(wanted.mark)),
        ("overdue", "", wanted.overdue is True),
        ("quarantined", "", wanted.quarantined is True),
        ("inspector", wanted.inspector, bool(wanted.inspector)),
        ("confirmer", wanted.confirmer, bool(wanted.confirmer)),
        ("unit", wanted.unit, bool(wanted.unit)),
    )
    return tuple((which, whose) for which, whose, is_asked in asked if is_asked)


def _is_told_by_shelves(wanted: Wanted) -> bool:
    """Whether a list is asked for by kinds and one trait at most."""
    others = (wanted.report, wanted.reporter, wanted.camera, wanted.algorithm, wanted.alarm, wanted.counted)
    without = wanted.overdue is False or wanted.quarantined is False
    return len(_traits_asked(wanted)) <= 1 and not without and not any(others)


def _size(shelves: list[set[str]]) -> int:
    return sum(map(len, shelves))


def _is_stock(indicator: str) -> bool:
    return any(figure in STOCKS for figure in figures_of(indicator))

"""What lists of orders ask for, and what they look at in an order."""

from typing import NamedTuple

import msgspec

from dispatcher.arrivals.watched import false_alarms
from dispatcher.figures.indicators import Window
from dispatcher.order.chain import confirmer
from dispatcher.order.row import OPEN, Order, State
from streams.tables.marks import marks_of
from streams.tables.orders.order_words import Said, Word, said
from streams.tables.outside.alarm_view import Alarmed
from streams.tables.protocol import Listed, Sort, sureness


class OrderKind(NamedTuple):
    """What most lists ask for. Orders are many, their kinds some thousands at most."""

    state: State
    department: str
    category: str
    area: str


class Summary(Listed, frozen=True, gc=False, kw_only=True):
    """What the view remembers of an order."""

    seq: int
    state: State
    area: str
    department: str
    category: str
    recorded_at: int
    overdue: bool
    quarantined: bool
    marks: tuple[str, ...]
    reports: tuple[str, ...]
    inspector: str
    confirmer: str
    unit: str
    alarmed: Alarmed
    said: Said

    @property
    def kind(self) -> OrderKind:
        """Which of the kinds it is of."""
        return OrderKind(self.state, self.department, self.category, self.area)


def summary_of(order: Order) -> Summary:
    """What lists look at in an order, by its row."""
    return Summary(
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
        said=said(order),
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
    words: tuple[Word, ...] = ()
    counted: Counted | None = None
    sort: Sort = "newest"


def is_of_kind(one: OrderKind | Summary, wanted: Wanted) -> bool:
    """Whether a list may show it, by what is asked of its kind."""
    return (
        (not wanted.states or one.state in wanted.states or ("open" in wanted.states and one.state in OPEN))
        and (not wanted.departments or one.department in wanted.departments)
        and (not wanted.categories or one.category in wanted.categories)
        and (not wanted.areas or one.area in wanted.areas)
    )


def is_in(state: State, sort: Sort) -> bool:
    """Whether a list that is sorted like that has orders of a state at all."""
    return sort == "newest" or state == "review" or (sort == "urgent" and state in OPEN)

"""The law of a tables worker's lists: whatever rows came and were replaced, a list shows what a look at each of the
orders finds, in its order, and counts it."""

import asyncio
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dispatcher.order.chain import confirmer
from dispatcher.order.row import OPEN, Assignment, Order, State, Task
from streams.tables.marks import MARKS, marks_of
from streams.tables.orders import order_view
from streams.tables.orders.order_view import OrderView
from streams.tables.orders.wanted import Wanted
from streams.tables.protocol import brief
from tests.support.desk_rows import AREAS, DEPARTMENTS, START, ZONE, opened

_STATES: tuple[State, ...] = ("review", "assigned", "returned", "handled", "closed")
_PEOPLE = ("", "i-1", "i-2")
_FLAG = st.sampled_from((None, True, False))


@st.composite
def _rows(draw: st.DrawFn) -> Order:
    """A row of one of twelve orders, as it stands at some time: what is fixed at its opening stays."""
    number = draw(st.integers(0, 11))
    unit, held = draw(st.sampled_from(_PEOPLE)), draw(st.sampled_from(("", *DEPARTMENTS)))
    return replace(
        opened(number, AREAS[number % 2], START + number % 5),
        state=draw(st.sampled_from(_STATES)),
        priority=draw(st.integers(1, 5)),
        due=draw(st.sampled_from((None, START, START + 1))),
        department=draw(st.sampled_from(DEPARTMENTS)),
        overdue_at=draw(st.sampled_from((None, START))),
        quarantined="watched" if draw(st.booleans()) else "",
        inspector=draw(st.sampled_from(_PEOPLE)),
        task=Task(unit=unit, what="check", given_in="handled", given_at=START, due=START) if unit else None,
        held_for=(Assignment(attempt=1, department=held, at=START, category="pothole"),) if held else (),
        call_back=draw(st.booleans()),
        reminded_on=(20260301,) if draw(st.booleans()) else (),
    )


_WANTED = st.builds(
    Wanted,
    departments=st.sampled_from(((), ("roads",), ("roads", "parks"))),
    states=st.sampled_from(((), ("open",), ("handled",), ("closed", "review"))),
    areas=st.sampled_from(((), AREAS[:1])),
    overdue=_FLAG,
    quarantined=_FLAG,
    mark=st.sampled_from(("", *MARKS)),
    inspector=st.sampled_from(_PEOPLE),
    confirmer=st.sampled_from(("", *DEPARTMENTS)),
    unit=st.sampled_from(_PEOPLE),
    sort=st.sampled_from(("newest", "urgent", "surest")),
)


def _is_wanted(order: Order, wanted: Wanted) -> bool:
    """What the list asks for, said once more and without an index."""
    sorted_so = {"newest": True, "urgent": order.state in OPEN, "surest": order.state == "review"}
    awaited = confirmer(order) if order.state == "handled" else ""
    return (
        sorted_so[wanted.sort]
        and (not wanted.departments or order.department in wanted.departments)
        and (not wanted.states or order.state in wanted.states or ("open" in wanted.states and order.state in OPEN))
        and (not wanted.areas or order.area in wanted.areas)
        and wanted.overdue in (None, order.overdue_at is not None)
        and wanted.quarantined in (None, bool(order.quarantined))
        and (not wanted.mark or wanted.mark in marks_of(order))
        and wanted.inspector in ("", order.inspector)
        and wanted.confirmer in ("", awaited)
        and wanted.unit in ("", "" if order.task is None else order.task.unit)
    )


def _listed(orders: dict[str, Order], wanted: Wanted) -> list[str]:
    found = [order for order in orders.values() if _is_wanted(order, wanted)]
    return [order.id for order in sorted(found, key=lambda order: brief(order).place(wanted.sort))]


@pytest.mark.parametrize("few", [0, 3, 2_000])
@given(st.lists(_rows(), max_size=40), st.lists(_WANTED, min_size=1, max_size=8))
def test_a_list_shows_and_counts_what_a_look_at_each_order_finds(
    few: int, rows: list[Order], asked: list[Wanted]
) -> None:
    """Whether the orders that may be in it are few, whose places are looked up, or many, among which it is searched."""
    view, orders = OrderView(ZONE), dict[str, Order]()
    for offset, row in enumerate(rows):
        orders[row.id] = row
        view.put(row, offset)

    with mock.patch.object(order_view, "_FEW", few):
        for wanted in asked:
            expected = _listed(orders, wanted)
            page = asyncio.run(view.page(wanted, None, 50, orders.get))
            assert [order.id for order in page] == expected
            assert asyncio.run(view.count(wanted)) == len(expected)
            assert [each.id for each in asyncio.run(view.page(wanted, None, 2, orders.get))] == expected[:2]

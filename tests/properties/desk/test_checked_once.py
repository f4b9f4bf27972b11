"""Cameras, mobile units and inspectors look at the same orders, in any order of what they do: each is checked once."""

from collections.abc import Mapping
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.order import facts
from dispatcher.order.row import OPEN, Order
from models.inbox import Actor, InboxUpdate, Item, Tick, UnitHeard, UnitMode
from tests.support.desks import DAY, MINUTE, Desk, assert_laws, detection, facts_of
from tests.support.examples import examples
from tests.unit.outside.test_units import unit_city

CITY = unit_city(
    "recheck_minutes = 600.0\nrecheck_share = 0.3\nrecheck_pairs_min = 2\nunit_silent_minutes = 1440.0\n"
    "unit_accept_minutes = 60.0\nunit_arrive_minutes = 60.0\nunit_result_minutes = 60.0\n",
    # The first has room for one check: the next goes to a unit.
    **{"inspectors.csv": "id,areas,lat,lon,checks_max\np1,south-w,30.05,114.05,1\n"},
)
CARS = ("car-1", "car-2", "drone-1")
CAMERAS = ("seen", "end", "camera-pass", "camera-fail")
UNITS = (
    "free", "busy", "accept-task", "arrive", "decline-task", "check-pass", "check-fail", "verify-pass", "verify-fail",
)  # fmt: skip
MODES: Mapping[str, UnitMode] = {"free": "free", "busy": "busy"}
# What people do, and as which role; a department accepts and handles at once.
PEOPLE = {
    "handled": "department",
    "inspector-pass": "inspector",
    "inspector-fail": "inspector",
    "give-check": "dispatcher",
    "send-unit": "dispatcher",
    "force-close": "operator",
    "reopen": "operator",
}
PICTURE = ("https://pictures.example/1.jpg",)
Move = tuple[str, int, int, int]
MOVES = st.tuples(
    st.sampled_from(("wait", "seen", "handled", "handled", "handled", "send-unit", *CAMERAS, *UNITS, *PEOPLE)),
    st.integers(0, 2),
    st.sampled_from((0, 0, 0, 1, 2)),  # mostly by the unit that has the task
    st.sampled_from((0, 0, 0, 1, 5, 30, 700)),
)


def items(desk: Desk, n: int, move: Move) -> list[Item]:
    """What one move puts into the inbox: of an order where it is a step, else of a camera or a unit."""
    what, which, whose, minutes = move
    now = desk.clock + minutes * MINUTE
    if what == "wait":
        return [Tick()]
    spot: dict[str, Any] = {"lat": 30.05 + which / 100}
    if (state := MODES.get(what)) is not None:
        return [UnitHeard(unit=CARS[which], area="south-w", at=now, state=state, lon=114.05, **spot)]
    wanted = [each for each in desk.state.orders.values() if (each.state in OPEN) is not (what == "reopen")]
    if what in ("seen", "end") or not wanted:
        phase = "end" if what == "end" else ""
        spot |= {"object_id": f"lamp-{which}", "phase": phase}
        return [detection(f"d{n}", now, "street-light", f"cam-sw-{1 + which % 2}", **spot)]
    if what in UNITS and not whose:
        wanted = [each for each in wanted if each.task is not None] or wanted
    order = wanted[which % len(wanted)]
    actions = ("accept", "handle") if what == "handled" else (what,)
    return [_step(order, f"u{n}-{action}", action, _who(order, what, whose), now) for action in actions]


def _step(order: Order, name: str, what: str, by: Actor, at: int) -> InboxUpdate:
    action = what.replace("camera", "check").replace("inspector", "check")
    return InboxUpdate(
        source="cams", id=name, at=at, action=action, by=by, area="south-w", order_id=order.id, reason="r",
        inspector="p1", evidence_urls=PICTURE, sender=by if by.role == "camera" else None,
    )  # fmt: skip


def _who(order: Order, what: str, whose: int) -> Actor:
    """Who would take such a step; of units and cameras mostly the one that has been asked."""
    if what in UNITS:
        return Actor("unit", "", CARS[whose] if whose or order.task is None else order.task.unit)
    if what in CAMERAS:
        return Actor("camera", "", order.recheck.camera if order.recheck is not None else "cam-sw-1")
    role = PEOPLE[what]
    return Actor(role, order.department if role == "department" else "", role)


def played(moves: list[Move]) -> Desk:
    """A desk after these moves, whose units have told where they are; after each a look decides only where nobody else
    has the check, and no unit has two tasks."""
    desk = Desk(CITY)
    for n, name in enumerate(CARS):
        desk.feed(UnitHeard(unit=name, area="south-w", at=desk.clock, state="free", lat=30.05 + n / 100, lon=114.05))
    for n, move in enumerate(moves):
        desk.feed(*items(desk, n, move), at=desk.clock + move[3] * MINUTE)
        orders = list(desk.state.orders.values())
        for order in orders:
            if order.recheck is not None and order.recheck.decides and not order.recheck.found:
                assert (order.state, order.inspector, order.task) == ("handled", "", None)
        sent = [order.task.unit for order in orders if order.task is not None]
        assert len(sent) == len(set(sent))
    return desk


@settings(max_examples=examples(100))
@given(st.lists(MOVES, min_size=5, max_size=60))
def test_whoever_looks_each_handling_is_checked_once_and_comes_to_one_end(moves: list[Move]) -> None:
    """Between two handlings there is one check at most, by a camera, a unit or an inspector, and it decides: passed is
    closed, failed is done again. Nobody's task or request is left when all times are over."""
    desk = played(moves)
    desk.tick(desk.clock + 2 * DAY)

    last: dict[str, facts.Fact] = {}
    checked: dict[str, facts.Checked | None] = {}
    for fact in facts_of(desk.sent):
        if not isinstance(fact, facts.Fact):
            continue
        before = last.get(fact.order_id)
        if isinstance(fact, facts.Handled | facts.Reopened):
            checked[fact.order_id] = None
        elif isinstance(fact, facts.Checked):
            assert before is not None
            assert before.state == "handled"
            assert checked[fact.order_id] is None
            checked[fact.order_id] = fact
            assert fact.state == ("handled" if fact.passed else "accepted")
        elif isinstance(fact, facts.Closed) and not fact.forced:
            check = checked[fact.order_id]
            assert check is not None
            assert check.passed
        last[fact.order_id] = fact
    for order in desk.state.orders.values():
        assert order.task is None
        assert order.recheck is None or order.recheck.found
    assert_laws(desk)


@settings(max_examples=examples(30))
@given(st.lists(MOVES, min_size=5, max_size=40), st.integers(0, 2**32))
def test_replaying_sends_the_same_cameras_units_and_inspectors(moves: list[Move], seed: int) -> None:
    """Byte for byte, wherever batches end and desks are restored."""
    desk = played(moves)
    sent = desk.sent

    desk.replay(list(desk.inbox), Random(seed), restarts=True)

    assert desk.sent == sent

"""Who has seen the orders, and how often their alarms were false: a function of the rows, which says what the desk
learns."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.arrivals.watched.false_alarms import AlarmState, alarm_state, seen_by
from dispatcher.partition.state import AlarmRecord, UnitState
from models.city import Camera
from models.inbox import OWN_SIGHTINGS, Actor
from streams.gateway.outside.raster import raster_of
from streams.tables.orders.wanted import Wanted
from streams.tables.outside.alarm_view import Alarmed, AlarmView, worst_first
from streams.tables.outside.standing import StandingView, is_wanted, stands
from streams.tables.protocol import Seer
from tests.support.desks import DISPATCHER, HOUR, INSPECTOR, OPERATOR, T0, Desk, detection
from tests.unit.answers.test_tables import _pages, _view

ALARM_STATES: tuple[AlarmState, ...] = ("open", "right", "false", "unsaid")
some = st.lists(st.sampled_from(["c1", "c2", "c3"]), max_size=2, unique=True).map(tuple)
alarmed = st.builds(Alarmed.of, some, some, st.sampled_from(ALARM_STATES))


def judged(desk: Desk, right: int, wrong: int) -> None:
    """One camera sees things that lie far apart; of so many people find it right, and of so many false."""
    for n in range(right + wrong):
        at = desk.clock + HOUR
        desk.feed(detection(f"v{n}", at, "guardrail", object_id=str(n), lat=30.01 + n * 0.01), at=at)
        order = list(desk.state.orders.values())[-1]
        own = Actor("department", order.department, "d")
        no_problem = {"code": "not-a-problem", "reason": "r"}
        steps: tuple[tuple[str, Actor, dict[str, Any]], ...] = (
            (("accept", own, {}), ("handle", own, {"evidence_urls": ("e",)}), ("check-pass", INSPECTOR, {}))
            if n < right
            else (("return", own, no_problem), ("approve-return", DISPATCHER, no_problem))
        )
        for action, by, said in steps:
            assert desk.update(action, by, at, order.id, **said) == ""


def _said(view: AlarmView) -> tuple[object, ...]:
    of_each = [(view.of_camera(name), view.false_of(name)) for name in ("c1", "c2", "c3")]
    return view.worst_cameras(9), view.worst_algorithms(9), view.busy(), of_each


@given(st.lists(st.tuples(st.sampled_from("abcd"), alarmed), max_size=25))
def test_what_a_view_says_is_a_function_of_the_rows_that_stand(steps: list[tuple[str, Alarmed]]) -> None:
    """However often orders have changed: it is what a view says that has only met them as they are now."""
    view, standing = AlarmView(), dict[str, Alarmed]()
    for order, seen in steps:
        if order in standing:
            view.drop(order, standing[order])
        standing[order] = seen
        view.put(order, seen)

    fresh = AlarmView()
    for order, seen in standing.items():
        fresh.put(order, seen)
    assert _said(view) == _said(fresh)


def test_the_worst_come_first_but_one_alarm_alone_makes_nobody_the_worst() -> None:
    """Ninety false of a hundred say more than one of one."""
    seers = [Seer("new", 0, 0, 1), Seer("good", 0, 50, 1), Seer("bad", 0, 10, 90)]

    assert [seer.name for seer in sorted(seers, key=worst_first)] == ["bad", "new", "good"]


@pytest.mark.parametrize(("right", "wrong"), [(2, 1), (0, 3), (3, 0)])
def test_rows_say_of_an_algorithm_what_the_desk_has_learnt(right: int, wrong: int) -> None:
    """The figure that is shown and the one that alarms are weighed with are of the same decisions."""
    desk = Desk()
    judged(desk, right, wrong)

    found = [alarm_state(order) for order in desk.state.orders.values() if seen_by(order)[1] == ("a1",)]

    learnt = desk.state.algorithms["a1"]
    assert learnt == AlarmRecord(found.count("right"), found.count("false")) == AlarmRecord(right, wrong)


def test_an_operators_rejection_says_nothing() -> None:
    """It is no word on what was seen, for the desk and for the row."""
    desk = Desk()
    desk.feed(detection("1", T0, "flooding"), at=T0)
    assert desk.update("reject", OPERATOR, T0, reason="dry again") == ""

    assert (alarm_state(desk.only()), desk.state.algorithms) == ("unsaid", {})


def test_a_reopened_order_is_open_again_and_its_last_word_counts() -> None:
    """Right at first, in the end no problem."""
    desk = Desk()
    judged(desk, right=1, wrong=0)
    order = desk.only()
    assert alarm_state(order) == "right"
    assert desk.update("reopen", OPERATOR, desk.clock + HOUR, order.id, reason="again") == ""
    assert alarm_state(desk.only()) == "open"
    own = Actor("department", order.department, "d")
    why = {"code": "not-a-problem", "reason": "r"}
    assert desk.update("return", own, desk.clock, order.id, **why) == ""
    assert desk.update("approve-return", DISPATCHER, desk.clock, order.id, **why) == ""

    assert alarm_state(desk.only()) == "false"


def test_what_the_desk_notices_itself_and_what_a_parent_covers_is_no_alarm() -> None:
    """A silent camera has not seen anything, and litter in a flood is another matter."""
    desk = Desk()
    desk.feed(detection("1", T0, "flooding"), at=T0)
    order = desk.only()
    (alarm,) = order.evidence_first
    others = (
        msgspec.structs.replace(alarm, camera="cam-2", rule="covered:flooding"),
        msgspec.structs.replace(alarm, camera="cam-3", source=OWN_SIGHTINGS),
    )

    assert seen_by(msgspec.structs.replace(order, evidence_last=others)) == ((alarm.camera,), (alarm.algorithm,))


async def test_a_figure_opens_into_its_orders(seed: int) -> None:
    """By camera, by algorithm, by what people said: all of them, newest first, whatever the size of a page."""
    desk = Desk()
    judged(desk, right=2, wrong=3)
    desk.feed(detection("f", desk.clock, "flooding", "cam-sw-2", lat=30.2), at=desk.clock)
    view, table = _view(random.Random(seed).sample(list(desk.state.orders.values()), 6))

    for wanted, count in (
        (Wanted(algorithm="a1", alarm="false"), 3),
        (Wanted(algorithm="a1", alarm="right"), 2),
        (Wanted(camera="cam-sw-1"), 5),
        (Wanted(camera="cam-sw-1", alarm="false"), 3),
        (Wanted(camera="cam-sw-2", states=("open",)), 1),
        (Wanted(camera="cam-9"), 0),
        (Wanted(algorithm="a9"), 0),
    ):
        expected = [
            order.id
            for order in sorted(table.values(), key=lambda each: (-each.opened_at, each.id))
            if Alarmed.of(*seen_by(order), alarm_state(order)).is_by(wanted.camera, wanted.algorithm, wanted.alarm)
        ]
        assert len(expected) == count
        for size in (1, 4):
            assert await _pages(view, table, wanted, size) == expected
        assert await view.count(wanted) == count
    assert view.alarms.worst_algorithms(9) == [Seer("a1", 1, 2, 3)]
    assert view.alarms.busy() == {"cam-sw-2": 1}


def test_of_cameras_only_the_silent_ones_are_kept_and_of_units_each() -> None:
    """The others write whenever they are heard of."""
    assert [key for key in ("camera/c", "unit/u", "meta", "order-1", "roll/a") if is_wanted(key)] == [
        "camera/c",
        "unit/u",
    ]
    unit = UnitState(30.0, 114.0, T0, "free")
    assert [stands("camera/c", b"0"), stands("camera/c", b"1700000000000"), stands("unit/u", b"{}")] == [1, 0, 1]
    view = StandingView()
    view.put("camera/a/b", b"0")
    view.put("unit/u", msgspec.json.encode(unit))
    assert (view.silent, view.units) == ({"a/b"}, {"u": unit})
    view.drop("camera/a/b")
    view.drop("unit/u")
    assert (view.silent, view.units) == (set(), {})


@given(st.lists(st.tuples(st.floats(30, 31), st.floats(114, 115), st.sampled_from(["quiet", "busy", "silent"]))))
def test_a_raster_has_each_camera_once_and_never_more_cells_than_a_screen_shows(
    places: list[tuple[float, float, str]],
) -> None:
    """Its sums are those of the cameras; a state of a camera that the registry does not have counts nowhere."""
    cameras = [
        Camera(row=n, id=str(n), lat=lat, lon=lon, area="a", name="", owner="")
        for n, (lat, lon, _) in enumerate(places)
    ]
    busy, silent = ({str(n) for n, place in enumerate(places) if place[2] == each} for each in ("busy", "silent"))

    cells = raster_of(cameras).counted({*busy, "elsewhere"}, silent)

    assert len(cells) <= 49 * 49
    sums = {state: sum(cell[state] for cell in cells) for state in ("quiet", "busy", "silent")}
    assert sums == {
        "quiet": len(places) - len(busy) - len(silent),
        "busy": len(busy),
        "silent": len(silent),
    }


def test_inspectors_word_counts_and_a_cameras_does_not() -> None:
    """What a camera finds when it looks again would speak for itself."""
    desk = Desk()
    judged(desk, right=1, wrong=0)
    order = desk.only()
    assert order.checks[-1].by == INSPECTOR
    looked = msgspec.structs.replace(order.checks[-1], by=Actor("camera", "", "cam-sw-1"))

    assert alarm_state(msgspec.structs.replace(order, checks=(looked,))) == "unsaid"

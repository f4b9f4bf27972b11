"""Mobile units 移动单元: the nearest that suits is sent to look, and what it finds files, rejects or checks."""

from typing import Any

import pytest

from dispatcher.order.row import Order
from models.city import City
from models.envelope import event_type
from models.events import TASK, TASK_WITHDRAWAL, Why
from models.inbox import Actor, UnitHeard
from tests.support.cities import FILES
from tests.support.desks import (
    DISPATCHER,
    HOUR,
    INSPECTOR,
    MINUTE,
    REVIEWER,
    T0,
    Desk,
    assert_laws,
    detection,
    quiet_city,
    report,
)
from tests.unit.steps.test_desk_returns import ROADS

UNITS = (
    "id,kind,areas,department,skills\n"
    "car-1,car,south,,\ncar-2,car,*,,\ndrone-1,drone,south-w,,water\ncar-9,car,north,,\nroads-1,officer,*,roads,\n"
)
PARKING = "illegal-parking"


def unit_city(settings: str = "", **more: str) -> City:
    """The tiny city with five units, whose cameras must be fairly sure of a parked car."""
    head, *rows = FILES["categories.csv"].splitlines()
    lines = [f"{head},verify_at,file_at"]
    lines += [row + (",0.4,0.8" if row.startswith(PARKING) else ",,") for row in rows]
    return quiet_city(settings, **{"categories.csv": "\n".join(lines) + "\n", "units.csv": UNITS} | more)


def unit(name: str) -> Actor:
    """A unit, as its token or topic names it."""
    return Actor("unit", "", name)


def at(desk: Desk, name: str, lat: float = 30.05, lon: float = 114.05, state: Any = "free", **own: Any) -> None:
    """A unit says where it is."""
    heard = UnitHeard(unit=name, area="south-w", at=desk.clock, state=state, lat=lat, lon=lon, **own)
    desk.feed(heard, at=desk.clock)


def doubtful(desk: Desk, **own: Any) -> Order:
    """A parked car that one camera has seen, which is half sure."""
    desk.feed(detection("d", desk.clock, PARKING, confidence=0.6, **own), at=desk.clock)
    return desk.only()


def tasked(desk: Desk) -> list[tuple[str, str]]:
    """What has gone to units: to whom, and whether it was given or withdrawn."""
    kinds = {TASK: "given", TASK_WITHDRAWAL: "withdrawn"}
    return [
        (out.topic.removeprefix("tasks/"), kinds[event_type(out.headers)])
        for out in desk.sent
        if out.topic.startswith("tasks/")
    ]


def sent_to(desk: Desk) -> str:
    """The unit that has the only order to look at."""
    task = desk.only().task
    return "" if task is None else task.unit


def life_of_a_task() -> Desk:
    """A desk whose units decline, let their time pass, come and find it, each of which it says in its own way."""
    desk = Desk(unit_city())
    for name, lat in (("car-1", 30.05), ("car-2", 30.06), ("roads-1", 30.07)):
        at(desk, name, lat=lat)
    doubtful(desk)
    desk.update("decline-task", unit("car-1"), T0, reason="a flat tyre")
    desk.tick(T0 + 5 * MINUTE)
    desk.update("arrive", unit("car-2"), T0 + 5 * MINUTE, sender=Actor("unit"))  # too late
    for step in ("accept-task", "arrive", "verify-pass"):
        desk.update(step, unit("roads-1"), T0 + 6 * MINUTE, evidence_urls=("https://a.example/1",))
    return desk


def test_a_unit_reads_on_its_own_topic_what_was_refused_of_what_came_in_its_name() -> None:
    """As a department does: it need not see the log of all facts."""
    desk = life_of_a_task()

    refused = [out.topic for out in desk.sent if event_type(out.headers) == "city.order.update-refused.v1"]
    assert refused == ["orders", "tasks/car-2"]
    assert desk.only().state == "assigned"
    assert_laws(desk)


def test_the_nearest_unit_is_sent_to_what_is_doubtful() -> None:
    """The order waits for a person as well; the unit that found it files it, and the table names the department."""
    desk = Desk(unit_city())
    at(desk, "car-1", lat=30.07)
    at(desk, "car-2", lat=30.06)

    assert doubtful(desk).state == "review"
    assert sent_to(desk) == "car-2"
    assert desk.update("accept-task", unit("car-2"), T0 + MINUTE) == ""
    assert desk.update("arrive", unit("car-2"), T0 + 9 * MINUTE) == ""
    assert desk.update("verify-pass", unit("car-2"), T0 + 10 * MINUTE, evidence_urls=("https://a.example/1",)) == ""

    order = desk.only()
    assert (order.state, order.department, order.category, order.task) == ("assigned", "police", PARKING, None)
    assert order.assignments[-1].why == Why(by="unit", table_row=5)
    assert tasked(desk) == [("car-2", "given")]
    assert_laws(desk)


def test_what_a_unit_does_not_find_is_rejected_and_counts_against_the_algorithm() -> None:
    """核实不实: it was no problem."""
    desk = Desk(unit_city())
    at(desk, "car-1")
    doubtful(desk)

    assert desk.update("verify-fail", unit("car-1"), T0 + MINUTE) == "missing-reason"
    assert desk.update("verify-fail", unit("car-1"), T0 + MINUTE, reason="nothing there") == ""

    assert (desk.only().state, desk.state.algorithms["a1"].wrong) == ("rejected", 1)
    assert_laws(desk)


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("car-1", {"state": "busy"}),
        ("car-1", {"state": "off"}),
        ("car-1", {"lat": 30.5}),  # 50 km away
        ("drone-1", {}),  # is sent for water
        ("car-9", {}),  # another district's
        ("stranger", {}),  # none of the city's
    ],
)
def test_who_is_not_free_far_away_or_unsuited_is_not_sent(name: str, own: dict[str, Any]) -> None:
    """Then a person decides, as in a city without units."""
    desk = Desk(unit_city())
    at(desk, name, **own)

    assert (doubtful(desk).state, sent_to(desk)) == ("review", "")


def test_a_unit_that_has_been_silent_is_not_sent() -> None:
    """Nobody knows where it is by now."""
    desk = Desk(unit_city())
    at(desk, "car-1")
    desk.tick(T0 + 16 * MINUTE)

    doubtful(desk)

    assert sent_to(desk) == ""


def test_load_counts_as_distance() -> None:
    """Whoever has three things to do is 6 km further away than it is."""
    desk = Desk(unit_city())
    at(desk, "car-1", load=3)
    at(desk, "car-2", lat=30.08)

    doubtful(desk)

    assert sent_to(desk) == "car-2"


def test_a_unit_with_a_task_is_given_no_other() -> None:
    """Though it has not said yet that it is busy."""
    desk = Desk(unit_city())
    at(desk, "car-1")
    doubtful(desk)

    desk.feed(detection("e", T0, PARKING, confidence=0.6, lat=30.01, camera="cam-sw-2"), at=T0)

    assert [order.task is not None for order in desk.state.orders.values()] == [True, False]


@pytest.mark.parametrize(
    ("steps", "minutes", "stage"),
    [((), 5, "given"), (("accept-task",), 31, "accepted"), (("accept-task", "arrive"), 31, "arrived")],
)
def test_a_unit_that_does_not_go_on_loses_its_task_to_the_next(
    steps: tuple[str, ...], minutes: int, stage: str
) -> None:
    """Each step has a time of its own; the unit is told, and may do nothing with the order any more."""
    desk = Desk(unit_city())
    at(desk, "car-1")
    at(desk, "car-2", lat=30.06)
    doubtful(desk)
    for step in steps:
        desk.update(step, unit("car-1"), T0 + MINUTE)
    later = T0 + minutes * MINUTE
    desk.tick(later - 1)
    assert sent_to(desk) == "car-1"
    at(desk, "car-2", lat=30.06)

    desk.tick(later)

    assert sent_to(desk) == "car-2"
    assert tasked(desk) == [("car-1", "given"), ("car-1", "withdrawn"), ("car-2", "given")]
    assert [entry.note for entry in desk.only().timeline if entry.fact == "task-lapsed"] == [stage]
    assert desk.update("verify-pass", unit("car-1"), later) == "not-its-task"
    assert_laws(desk)


def test_a_unit_that_declines_gives_its_task_to_the_next_and_at_last_to_a_person() -> None:
    """Nobody is asked twice, and no more than the city says."""
    desk = Desk(unit_city("unit_tries = 2"))
    for name, lat in (("car-1", 30.05), ("car-2", 30.06), ("roads-1", 30.07)):
        at(desk, name, lat=lat)
    doubtful(desk)

    for name in ("car-1", "car-2"):
        assert sent_to(desk) == name
        assert desk.update("decline-task", unit(name), T0, reason="a flat tyre") == ""

    assert (desk.only().state, sent_to(desk)) == ("review", "")
    assert desk.update("send-unit", DISPATCHER, T0) == "no-unit"
    assert tasked(desk) == [("car-1", "given"), ("car-2", "given")]
    assert desk.update("decide", REVIEWER, T0, category=PARKING) == ""
    assert_laws(desk)


def test_a_person_who_decides_first_calls_the_unit_off() -> None:
    """There is nothing to look at any more."""
    desk = Desk(unit_city())
    at(desk, "car-1")
    doubtful(desk)

    desk.update("decide", REVIEWER, T0 + MINUTE, category=PARKING)

    assert (desk.only().state, sent_to(desk)) == ("assigned", "")
    assert tasked(desk) == [("car-1", "given"), ("car-1", "withdrawn")]
    assert desk.update("arrive", unit("car-1"), T0 + 2 * MINUTE) == "not-its-task"


def test_an_urgent_order_goes_to_its_department_and_to_a_unit_at_once() -> None:
    """Where the unit finds nothing, the department is called off before it has set out."""
    desk = Desk(unit_city())
    at(desk, "drone-1")
    desk.feed(report("r", T0, "积水", "flooding"), at=T0)
    assert (desk.only().state, desk.only().department, sent_to(desk)) == ("assigned", "works", "drone-1")

    desk.update("verify-fail", unit("drone-1"), T0 + MINUTE, reason="a wet road")

    assert desk.only().state == "rejected"
    withdrawn = [out.topic for out in desk.sent if event_type(out.headers) == "city.order.withdrawn.v1"]
    assert withdrawn == ["assignments/works"]
    assert_laws(desk)


def test_what_its_department_has_accepted_is_not_rejected_by_a_unit() -> None:
    """The department is told what was found, and returns the order where it agrees."""
    desk = Desk(unit_city())
    at(desk, "drone-1")
    desk.feed(report("r", T0, "积水", "flooding"), at=T0)
    desk.update("accept", Actor("department", "works", "w"), T0)

    desk.update("verify-fail", unit("drone-1"), T0 + MINUTE, reason="a wet road")

    assert (desk.only().state, sent_to(desk)) == ("accepted", "")
    told = [out.key for out in desk.sent if out.topic == "notices" and b'"kind":"verified"' in out.value]
    assert told == ["works", "supervisor"]
    assert_laws(desk)


def handled(desk: Desk) -> None:
    """A pothole that the roads bureau says it has dealt with."""
    desk.feed(report("p", desk.clock, reporter="r1"))
    desk.update("accept", ROADS, desk.clock)
    desk.update("handle", ROADS, desk.clock, evidence_urls=("https://a.example/1",))


@pytest.mark.parametrize(("result", "state"), [("check-pass", "closed"), ("check-fail", "accepted")])
def test_a_check_that_no_inspector_has_is_a_units(result: str, state: str) -> None:
    """None of the department that has handled it, however near."""
    desk = Desk(unit_city())
    at(desk, "roads-1")
    at(desk, "car-1", lat=30.09)
    handled(desk)
    assert sent_to(desk) == "car-1"
    assert desk.update(result, unit("roads-1"), T0) == "not-its-task"

    assert desk.update(result, unit("car-1"), T0, reason="seen") == ""

    assert (desk.only().state, sent_to(desk)) == (state, "")
    assert_laws(desk)


def test_an_inspectors_check_can_be_given_to_a_unit_and_back() -> None:
    """A dispatcher sends the nearest; an inspector who is named instead has it from there on."""
    desk = Desk(unit_city(**{"inspectors.csv": "id,areas\nivan,*\nina,*\n"}))
    at(desk, "car-1")
    handled(desk)
    assert sent_to(desk) == ""

    assert desk.update("send-unit", DISPATCHER, T0, reason="it is on the way") == ""
    assert sent_to(desk) == "car-1"
    assert desk.update("send-unit", DISPATCHER, T0) == "has-unit"
    assert desk.update("accept-task", unit("car-1"), T0) == ""
    assert desk.update("accept-task", unit("car-1"), T0) == "task-accepted"
    assert desk.update("arrive", unit("car-1"), T0) == ""
    assert desk.update("arrive", unit("car-1"), T0) == "unit-there"
    free = next(name for name in ("ivan", "ina") if name != desk.only().inspector)
    assert desk.update("give-check", DISPATCHER, T0, inspector=free) == ""

    assert sent_to(desk) == ""
    assert desk.update("check-pass", INSPECTOR, T0) == ""
    assert_laws(desk)


@pytest.mark.parametrize("ends", [False, True])
def test_a_unit_that_is_sent_takes_the_check_from_the_camera_that_was_asked(ends: bool) -> None:
    """Neither its silence nor its look sends another unit beside the first, or makes the check in its stead."""
    desk = Desk(unit_city("recheck_minutes = 30.0\nrecheck_share = 0.0\nunit_accept_minutes = 90.0\n"))
    at(desk, "car-1")
    at(desk, "car-2", lat=30.06)
    desk.feed(*(detection(f"d{n}", T0, "pothole", object_id="1") for n in (1, 2)))
    desk.update("accept", ROADS, T0)
    desk.update("handle", ROADS, T0, evidence_urls=("https://a.example/1",))
    assert sent_to(desk) == ""
    assert desk.only().recheck is not None

    assert desk.update("send-unit", DISPATCHER, T0) == ""
    if ends:
        desk.feed(detection("e", T0 + MINUTE, "pothole", object_id="1", phase="end"), at=T0 + MINUTE)
    desk.tick(T0 + 29 * MINUTE)
    at(desk, "car-2", lat=30.06)  # it is free, and could be sent, too
    desk.tick(T0 + 31 * MINUTE)

    assert (desk.only().state, sent_to(desk)) == ("handled", "car-1")
    assert desk.update("check-pass", unit("car-1"), T0 + HOUR) == ""
    assert (desk.only().state, desk.only().recheck) == ("closed", None)
    assert desk.only().checks[-1].camera_found == ("passed" if ends else "")
    assert_laws(desk)


def test_an_older_report_changes_nothing_and_one_without_a_place_keeps_it() -> None:
    """What comes late over a bad line; and a unit that only says that it is busy."""
    desk = Desk(unit_city())
    desk.tick(T0 + HOUR)
    at(desk, "car-1", lat=30.06)
    desk.feed(UnitHeard(unit="car-1", area="south-w", at=T0, state="off", lat=30.0, lon=114.0))
    desk.feed(UnitHeard(unit="car-2", area="south-w", at=T0, state="free"))
    kept = desk.state.units["car-1"]
    assert (kept.lat, kept.state, list(desk.state.units)) == (30.06, "free", ["car-1"])

    desk.feed(UnitHeard(unit="car-1", area="south-w", at=T0 + HOUR, state="busy"))

    kept = desk.state.units["car-1"]
    assert (kept.lat, kept.state) == (30.06, "busy")
    assert_laws(desk)

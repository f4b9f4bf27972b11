"""The month behind the demo city: the same from the same seed, and true to life."""

from collections import Counter
from functools import cache
from itertools import islice
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from dispatcher.order.chain import confirmer
from models.city import load_city
from models.classifier import Classifier
from models.events import DETECTION, UPDATE
from models.times import DAY_MS, from_text, to_text
from streams.demo.demo import read_day
from streams.demo.month import LEAST_DAYS as DAYS
from streams.demo.month import Month
from streams.gateway.seats import LISTS
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from streams.intake.history import Line
from streams.tables.orders.order_view import OrderView
from streams.tables.orders.wanted import Wanted
from streams.tables.protocol import Sort
from tests.conftest import REPOSITORY
from tests.support.desks import Desk

DEMO = REPOSITORY / "cities" / "demo"
END = "2026-03-25T08:00:00Z"  # in the middle of a working day
UNTIL = from_text(END)
SEED = 3


def begun(end: str) -> Month:
    """Six days until `end`, none of them told yet."""
    city, day = load_city(DEMO), read_day(DEMO / "day.jsonl")
    return Month(city, day, Classifier.shipped(), Keys(b"for tests only"), from_text(end), SEED, DAYS)


@cache
def made(end: str) -> tuple[Month, list[bytes]]:
    """The same with its lines, told to their end."""
    of_six_days = begun(end)
    return of_six_days, list(of_six_days.lines())


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    """Six days of it."""
    return [msgspec.json.decode(line) for line in made(END)[1]]


def steps(events: list[dict[str, Any]]) -> Counter[str]:
    """How often people have taken each step."""
    return Counter(event["data"]["action"] for event in events if event["type"] == UPDATE)


def test_the_same_seed_gives_the_same_month() -> None:
    """To the byte, so that what a page shows can be shown again: looked at as far as its first three hundred events."""
    assert list(islice(begun(END).lines(), 300)) == made(END)[1][:300]


def test_a_month_is_told_in_the_order_of_its_times(events: list[dict[str, Any]]) -> None:
    """From its first day on, and nothing of the time to come; no two events have one name."""
    times = [from_text(event["time"]) for event in events]

    assert times == sorted(times)
    assert times[0] >= UNTIL - DAYS * DAY_MS
    assert times[-1] < UNTIL
    assert len({(event["source"], event["id"]) for event in events}) == len(events)


def test_people_are_late_and_wrong_at_times(events: list[dict[str, Any]]) -> None:
    """Orders come back, are reworked and extended; some are never handled; reporters answer."""
    taken = steps(events)

    assert {"return", "check-fail", "request-extension", "feedback"} <= taken.keys()
    assert taken["handle"] > 50
    assert taken["accept"] > taken["check-pass"] > taken["check-fail"]


def test_the_month_ends_with_a_leak_of_gas(events: list[dict[str, Any]]) -> None:
    """Less than an hour ago: something urgent is open whenever somebody looks."""
    leaks = [event for event in events if "燃气" in event["data"].get("text", "")]

    assert UNTIL - from_text(leaks[-1]["time"]) < DAY_MS / 24


def test_in_a_month_a_camera_and_all_behind_a_switch_fall_silent_and_stay_so(events: list[dict[str, Any]]) -> None:
    """Their owners have one order for the one and one for the others, with the list; the sample day hears of none of
    them, so that whoever looks at the map finds them."""
    city, desk = load_city(DEMO), Desk(load_city(DEMO))
    told = [event for event in events if event["type"] == DETECTION]
    day = [stored.event for stored in read_day(DEMO / "day.jsonl") if stored.event.get("type") == DETECTION]
    for event in told + [each | {"specversion": "1.0", "time": to_text(UNTIL)} for each in day]:
        line = Line("t", 1, from_text(event["time"]), msgspec.json.encode(event))
        for items in take_in([line], city, None, line.timestamp, Keys(b"k")).items.values():
            desk.feed(*items, at=line.timestamp)

    silent = {camera for camera, last_heard in desk.state.cameras.items() if last_heard == 0}
    never = {camera.id for camera in city.cameras.values() if camera.heartbeat_minutes}  # missed though never heard of
    assert never & silent
    silent -= never
    firsts = ((order.evidence_first[0], order) for order in desk.state.orders.values())
    founded = [(first.label, order) for first, order in firsts if first.camera not in never]
    missed = {label: order for label, order in founded if label in ("silent", "outage")}
    one, many = missed["silent"], missed["outage"]
    camera = one.evidence_first[0].camera
    assert sum(label in missed for label, _ in founded) == len(missed)
    assert silent - {camera} == {line.split()[0] for line in many.text.splitlines()[1:]}
    assert len(silent) - 1 >= city.settings.outage_cameras
    assert {city.cameras[each].owner for each in silent} == {one.department, many.department}
    assert len({city.cameras[each].link for each in silent}) == len(missed)


@pytest.mark.parametrize("end", [END, "2026-03-28T20:00:00Z", "2026-10-06T02:00:00Z"])
async def test_every_list_of_every_seat_has_an_order_in_it(end: str) -> None:
    """In the middle of a working day, in the night to a Sunday, within a week of holidays. Only what the desk has
    failed at is in none: there is no true one as long as it fails at nothing. Nor is a unit's task there: it is a
    matter of minutes."""
    orders = {order.id: order for order in made(end)[0].orders()}
    view = OrderView(load_city(DEMO).zone)
    for offset, order in enumerate(orders.values()):
        view.put(order, offset)
    inspector = next(order.inspector for order in orders.values() if order.inspector)
    bureau = next(confirmer(order) for order in orders.values() if order.state == "handled" and confirmer(order))

    empty = {
        (role, each.names[1])
        for role, lists in LISTS.items()
        for each in lists
        if not await view.count(wanted(each.query.format(person=inspector, department=bureau)))
    }

    assert empty == {("operator", "set aside"), ("unit", "my tasks")}


def wanted(query: str) -> Wanted:
    """What a list asks the tables for."""
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    return Wanted(
        states=tuple(filter(None, asked.get("state", "").split(","))),
        overdue=True if "overdue" in asked else None,
        quarantined=True if "quarantined" in asked else None,
        mark=asked.get("mark", ""),
        inspector=asked.get("inspector", ""),
        confirmer=asked.get("confirmer", ""),
        unit=asked.get("unit", ""),
        sort=msgspec.convert(asked.get("sort", "newest"), Sort),
    )


def test_people_do_all_that_is_done_to_orders(events: list[dict[str, Any]]) -> None:
    """In six days each of the steps that the seats have to answer is taken, and answered at times."""
    assert {
        "approve-return", "arbitrate", "approve-extension", "request-suspension", "approve-suspension", "progress",
        "supervise", "merge", "call-back", "appeal", "re-categorise",
    } <= steps(events).keys()  # fmt: skip

"""The desk between platforms 一网同联: an order whose department is a hub, and an order that came from above."""

from typing import Any, get_args

import msgspec
import pytest

from dispatcher.order.row import Order, State
from dispatcher.order.upward import STAGES, stage
from models.envelope import event_type
from models.events import ASSIGNMENT, REWORK, UPWARD_STEP, WITHDRAWAL, UpwardStage
from models.events.above import channel_of, cities_of, is_from_above, order_named, order_of, report_of, source_of
from models.inbox import Actor
from tests.support.cities import FILES, LEVELS, appended
from tests.support.desks import (
    DAY,
    DISPATCHER,
    HOUR,
    INSPECTOR,
    OFFICER,
    OPERATOR,
    T0,
    Desk,
    assert_laws,
    detection,
    quiet_city,
    report,
)
from tests.unit.steps.test_desk_returns import POLICE, ROADS

PARENT = "gulou-20260302-abcdefghij"
ABOVE = ("hub:city", report_of(PARENT, 1))
PICTURE = ("https://pictures.example/1.jpg",)
SYSTEM = Actor("operator", "", "hub:city")


def messages(desk: Desk, topic: str, ce_type: str) -> list[dict[str, Any]]:
    """The data of the events of a type on a topic."""
    found = [out for out in desk.sent if out.topic == topic and event_type(out.headers) == ce_type]
    return [msgspec.json.decode(out.value) for out in found]


def take_back(desk: Desk, at: int, of: tuple[str, str] = ABOVE, name: str = "withdrawn") -> str:
    """The platform above takes back what it has reported; the refusal's name, or ""."""
    said: dict[str, Any] = {"source": of[0], "id": f"{of[1]}/{name}", "report": of, "reason": "taken-back"}
    return desk.update("reject", SYSTEM, at, **said)


def life_of_what_is_taken_back() -> Desk:
    """Two orders of a platform above have become one, which goes on for one of them."""
    desk = Desk()
    for name in (ABOVE[1], report_of("gulou-20260302-klmnopqrst", 1)):
        desk.feed(report(name, T0, source=ABOVE[0], reporter=""), at=T0)
    assert take_back(desk, T0 + HOUR) == ""
    return desk


def told(desk: Desk) -> list[tuple[str, str | None, str]]:
    """What the platform above has heard: the fact, how far it was before, how far it is now."""
    return [(each["kind"], each["before"], each["stage"]) for each in messages(desk, "upward", UPWARD_STEP)]


@pytest.fixture
def above() -> Desk:
    """A desk whose roads bureau is a hub, with one pothole assigned to it."""
    first, *rows = FILES["departments.csv"].splitlines()
    marked = [f"{row},{'on' if row.startswith('roads,') else ''}" for row in rows]
    desk = Desk(quiet_city(**{"departments.csv": "\n".join([f"{first},hub", *marked])}))
    desk.feed(report("1", T0), at=T0)
    return desk


@pytest.fixture
def below() -> Desk:
    """A desk with one pothole that a platform above has reported."""
    desk = Desk()
    desk.feed(report(ABOVE[1], T0, source=ABOVE[0], reporter=""), at=T0)
    return desk


def test_every_state_says_how_far_the_order_has_come() -> None:
    """And every stage is said by one."""
    assert set(STAGES) == set(get_args(State))
    assert set(STAGES.values()) == set(get_args(UpwardStage))


def test_a_report_from_above_says_so_by_its_source_and_id() -> None:
    """And by its channel the cities that it has come through; what says it otherwise is no such report."""
    assert cities_of(source_of("city"), channel_of(("province", "city"))) == ("province", "city")
    assert (is_from_above("app"), cities_of("app", "phone")) == (False, ())
    assert order_of(report_of(PARENT, 12)) == (PARENT, 12)
    assert (order_named(report_of(PARENT, 12)), order_named("else")) == (PARENT, "else")
    for wrong in ("", PARENT, f"{PARENT}/x", "/1"):
        with pytest.raises(ValueError, match="names no order"):
            order_of(wrong)


def test_every_step_of_an_order_from_above_is_told_upward(below: Desk) -> None:
    """From its opening to its closing, which tells the pictures of what was handled."""
    below.update("accept", ROADS, T0 + HOUR)
    below.update("handle", ROADS, T0 + 2 * HOUR, evidence_urls=PICTURE)
    below.update("check-pass", INSPECTOR, T0 + 3 * HOUR)

    assert told(below) == [
        ("opened", None, "waiting"),
        ("assigned", "waiting", "waiting"),
        ("accepted", "waiting", "under-way"),
        ("handled", "under-way", "under-way"),
        ("checked", "under-way", "under-way"),
        ("closed", "under-way", "done"),
    ]
    last = messages(below, "upward", UPWARD_STEP)[-1]
    assert (last["source"], last["id"], last["order_id"]) == (*ABOVE, below.only().id)
    assert last["evidence_urls"] == list(PICTURE)
    assert {out.key for out in below.sent if out.topic == "upward"} == {PARENT}
    assert_laws(below)


def test_an_order_that_was_begun_stays_under_way_whoever_gets_it_next(below: Desk) -> None:
    """Else the platform above would hear that it is accepted, and accepted again."""
    below.update("accept", ROADS, T0 + HOUR)
    below.update("re-assign", DISPATCHER, T0 + 2 * HOUR, department="police", reason="theirs")
    below.update("accept", POLICE, T0 + 3 * HOUR)

    assert below.only().state == "accepted"
    assert [after for _, _, after in told(below)[2:]] == ["under-way"] * (len(told(below)) - 2)


def test_what_joins_an_order_hears_how_far_that_is(below: Desk) -> None:
    """Also a report of a later attempt, which takes the place of the earlier one's."""
    below.update("accept", ROADS, T0 + HOUR)
    again = ("hub:city", report_of(PARENT, 2))
    below.feed(report(again[1], T0 + 2 * HOUR, source=again[0], reporter=""), at=T0 + 2 * HOUR)

    assert told(below)[-1] == ("evidence-added", None, "under-way")
    assert below.only().from_above == (again,)


def test_what_reopens_an_order_does_not_hear_that_it_was_done(below: Desk) -> None:
    """Also the rework of the very same order: the picture that the check above has refused answers nothing."""
    below.update("accept", ROADS, T0 + HOUR)
    below.update("handle", ROADS, T0 + 2 * HOUR, evidence_urls=PICTURE)
    below.update("check-pass", INSPECTOR, T0 + 3 * HOUR)
    again, at = ("hub:city", report_of(PARENT, 2)), T0 + 4 * HOUR
    below.feed(report(again[1], at, source=again[0], reporter=""), at=at)
    below.update("accept", ROADS, T0 + 5 * HOUR)
    below.update("handle", ROADS, T0 + 6 * HOUR, evidence_urls=PICTURE)
    below.update("check-pass", INSPECTOR, T0 + 7 * HOUR)

    heard = [each for each in messages(below, "upward", UPWARD_STEP) if each["id"] == again[1]]
    assert [(each["kind"], each["stage"]) for each in heard] == [
        ("evidence-added", "under-way"),
        ("reopened", "under-way"),
        ("assigned", "under-way"),
        ("accepted", "under-way"),
        ("handled", "under-way"),
        ("checked", "under-way"),
        ("closed", "done"),
    ]
    assert heard[0]["evidence_urls"] == []
    assert_laws(below)


def test_the_steps_of_what_was_suspended_say_so(below: Desk) -> None:
    """From then on, also that of its end: the city may have suspended it at another time."""
    below.update("accept", ROADS, T0 + HOUR)
    below.update("request-suspension", ROADS, T0 + HOUR, reason="frost", until=T0 + DAY)
    below.update("approve-suspension", DISPATCHER, T0 + 2 * HOUR)
    below.update("reject", OPERATOR, T0 + 3 * HOUR, reason="it was nothing")

    heard = [(each["kind"], each["was_suspended"]) for each in messages(below, "upward", UPWARD_STEP)]
    assert heard[-4:] == [
        ("accepted", False),
        ("suspension-requested", False),
        ("suspended", True),
        ("rejected", True),
    ]


def test_what_goes_on_as_part_of_another_order_hears_of_that(below: Desk) -> None:
    """First that it is elsewhere, then how far the other one is, then each of its steps."""
    below.feed(report("2", T0, lat=30.02, lon=114.02), at=T0)
    child = next(order for order in below.state.orders.values() if order.from_above)
    other = next(order for order in below.state.orders.values() if not order.from_above)
    below.update("accept", ROADS, T0 + HOUR, other.id)

    below.update("merge", OPERATOR, T0 + 2 * HOUR, child.id, other_order_id=other.id, reason="the same")
    below.update("handle", ROADS, T0 + 3 * HOUR, other.id, evidence_urls=PICTURE)

    assert told(below)[-3:] == [
        ("merged", "waiting", "elsewhere"),
        ("absorbed", None, "under-way"),
        ("handled", "under-way", "under-way"),
    ]


def test_what_ends_with_an_order_that_was_merged_is_no_news_of_where_it_goes_on(below: Desk) -> None:
    """A part of it is called off after the merge: above, the last word is that of the order with which it goes on."""
    below.feed(report("2", T0, lat=30.02, lon=114.02), at=T0)
    child = next(order for order in below.state.orders.values() if order.from_above)
    other = next(order for order in below.state.orders.values() if not order.from_above)
    below.update("divide", DISPATCHER, T0 + HOUR, child.id, category="street-light")

    below.update("merge", OPERATOR, T0 + 2 * HOUR, child.id, other_order_id=other.id, reason="the same")

    assert "part-ended" in below.names(child.id)
    assert told(below)[-1] == ("absorbed", None, "waiting")


def test_what_a_hub_returns_goes_to_the_department_that_has_handed_it_down() -> None:
    """However late: that one is accountable. Handed down to the hub once more, it binds, and comes back as often as it
    ends there."""
    levels = appended("departments.csv", *LEVELS)
    first, *rows = levels["departments.csv"].splitlines()
    marked = [f"{row},{'on' if row.startswith('roads-street,') else ''}" for row in rows]
    desk = Desk(quiet_city(**levels | {"departments.csv": "\n".join([f"{first},hub", *marked])}))
    desk.feed(report("1", T0), at=T0)
    hub = Actor("department", "roads-street", "bridge")
    assert desk.update("forward", ROADS, T0 + HOUR, department="roads-street") == ""
    desk.update("accept", hub, T0 + 2 * HOUR)

    late = desk.update("return", hub, T0 + 9 * DAY, code="unclear", reason="not ours")

    assert (late, desk.only().state, desk.only().department, desk.only().held_for) == ("", "accepted", "roads", ())
    assert desk.update("forward", ROADS, T0 + 9 * DAY, department="roads-street") == ""
    assert desk.only().assignments[-1].binding
    assert desk.update("return", hub, T0 + 9 * DAY, code="unclear", reason="r") == ""
    assert (desk.only().state, desk.only().department) == ("accepted", "roads")
    assert_laws(desk)


def test_a_platform_above_takes_back_what_it_has_reported_alone(below: Desk) -> None:
    """And is not told what it has asked for; what others have reported as well goes on for them."""
    shared = Desk()
    shared.feed(report(ABOVE[1], T0, source=ABOVE[0], reporter=""), report("2", T0), at=T0)
    heard, heard_shared = told(below), told(shared)

    assert take_back(below, T0 + HOUR) == ""
    assert take_back(shared, T0 + HOUR) == ""
    shared.update("accept", ROADS, T0 + 2 * HOUR)
    assert (below.only().state, told(below)) == ("rejected", heard)
    assert (shared.only().state, shared.only().from_above) == ("accepted", ())
    assert told(shared) == heard_shared
    assert take_back(shared, T0 + 3 * HOUR, name="again") == "not-awaited"
    assert_laws(shared)


def test_what_several_orders_above_have_become_ends_with_the_last_that_is_taken_back(below: Desk) -> None:
    """The others go on to hear of it, and nothing of whose was taken back; an attempt that is over takes nothing."""
    former, other = (("hub:city", report_of("gulou-20260302-klmnopqrst", attempt)) for attempt in (1, 2))
    for each in (former, other):
        below.feed(report(each[1], T0, source=each[0], reporter=""), at=T0)
    assert below.only().from_above == (ABOVE, other)

    stale = take_back(below, T0 + HOUR, former)
    first = take_back(below, T0 + HOUR)
    below.update("accept", ROADS, T0 + 2 * HOUR)
    heard = [(each["id"], each["kind"]) for each in messages(below, "upward", UPWARD_STEP)]
    last = take_back(below, T0 + 3 * HOUR, other)

    assert (stale, first, last, below.only().state) == ("not-awaited", "", "", "rejected")
    assert heard[-1] == (other[1], "accepted")
    assert (ABOVE[1], "accepted") not in heard
    assert all(kind != "withdrawn-above" for _, kind in heard)
    assert_laws(below)


def test_orders_above_whose_orders_were_merged_here_are_taken_back_one_by_one() -> None:
    """Whichever comes first: the one that they have become goes on for the other, and ends with it."""
    other = ("hub:city", report_of("gulou-20260302-klmnopqrst", 1))
    for first, second in ((ABOVE, other), (other, ABOVE)):
        desk = Desk()
        for report_id, place in ((ABOVE[1], 30.05), (other[1], 30.02)):
            desk.feed(report(report_id, T0, source=ABOVE[0], reporter="", lat=place), at=T0)
        child = next(order.id for order in desk.state.orders.values() if order.from_above == (other,))
        parent = next(order.id for order in desk.state.orders.values() if order.from_above == (ABOVE,))
        desk.update("merge", OPERATOR, T0 + HOUR, child, other_order_id=parent, reason="the same")

        assert take_back(desk, T0 + 2 * HOUR, first) == ""
        assert desk.order(parent).state == "assigned"
        assert take_back(desk, T0 + 3 * HOUR, second) == ""
        assert (desk.order(parent).state, desk.order(child).state) == ("rejected", "merged")
        assert_laws(desk)


def test_an_order_above_that_was_told_of_the_end_waits_no_longer() -> None:
    """When another one's rework is taken back, what it has reopened ends; not where its own rework came as well."""
    other = ("hub:city", report_of("gulou-20260302-klmnopqrst", 1))
    for both in (False, True):
        desk = Desk()
        for each in (ABOVE, other):
            desk.feed(report(each[1], T0, source=each[0], reporter=""), at=T0)
        desk.update("accept", ROADS, T0 + HOUR)
        desk.update("handle", ROADS, T0 + 2 * HOUR, evidence_urls=PICTURE)
        desk.update("check-pass", INSPECTOR, T0 + 3 * HOUR)
        again = ("hub:city", report_of(PARENT, 2))
        rework = [again, (other[0], report_of(order_named(other[1]), 2))][: 1 + both]
        for each in rework:
            desk.feed(report(each[1], T0 + 4 * HOUR, source=each[0], reporter=""), at=T0 + 4 * HOUR)
        assert desk.only().state == "assigned"

        take_back(desk, T0 + 5 * HOUR, again)

        assert desk.only().state == ("assigned" if both else "rejected")
        assert_laws(desk)


@pytest.mark.parametrize(("merged_after", "state"), [(False, "rejected"), (True, "assigned")])
def test_an_order_above_that_was_told_of_the_end_of_what_its_own_was_merged_into_waits_no_longer(
    merged_after: bool, state: str
) -> None:
    """What was merged into it after that end was told of none."""
    other, again = (("hub:city", report_of(*each)) for each in (("gulou-20260302-klmnopqrst", 1), (PARENT, 2)))
    desk = Desk()
    for report_id, place in ((ABOVE[1], 30.05), (other[1], 30.02)):
        desk.feed(report(report_id, T0, source=ABOVE[0], reporter="", lat=place), at=T0)
    parent, child = sorted(desk.state.orders, key=lambda each: desk.order(each).from_above == (other,))
    merge: dict[str, Any] = {"other_order_id": parent, "reason": "the same"}

    if not merged_after:
        assert desk.update("merge", OPERATOR, T0 + HOUR, child, **merge) == ""
    for action, by in (("accept", ROADS), ("handle", ROADS), ("check-pass", INSPECTOR)):
        assert desk.update(action, by, T0 + 2 * HOUR, parent, evidence_urls=PICTURE) == ""
    desk.feed(report(again[1], T0 + 3 * HOUR, source=again[0], reporter=""), at=T0 + 3 * HOUR)
    if merged_after:
        assert desk.update("merge", OPERATOR, T0 + 4 * HOUR, child, **merge) == ""
    assert desk.order(parent).state == "assigned"
    assert take_back(desk, T0 + 5 * HOUR, again) == ""

    assert desk.order(parent).state == state
    assert_laws(desk)


def test_what_has_come_down_in_several_attempts_is_taken_back_as_one(below: Desk) -> None:
    """Nobody else waits for it; where a camera has seen it as well, it goes on."""
    again, at = ("hub:city", report_of(PARENT, 2)), T0 + HOUR
    below.feed(report(again[1], at, source=again[0], reporter=""), at=at)
    seen = Desk()
    seen.feed(report(ABOVE[1], T0, source=ABOVE[0], reporter=""), at=T0)
    seen.feed(detection("7", at), report(again[1], at, source=again[0], reporter=""), at=at)

    assert below.only().evidence_count == 2
    assert take_back(below, T0 + 2 * HOUR, again) == ""
    assert below.only().state == "rejected"
    assert seen.only().evidence_count == 3
    assert take_back(seen, T0 + 2 * HOUR, again) == ""
    assert (seen.only().state, seen.only().from_above) == ("assigned", ())


def test_a_desk_that_never_had_what_is_taken_back_says_nothing(below: Desk) -> None:
    """Each is asked; the one that has it answers. A report of somebody else's that nobody has is refused as ever."""
    taken: dict[str, Any] = {"source": ABOVE[0], "id": "1", "report": (ABOVE[0], report_of(PARENT, 7)), "reason": "r"}
    before = len(below.sent)

    assert below.update("reject", SYSTEM, T0 + HOUR, **taken) == ""
    assert (len(below.sent), below.only().state) == (before, "assigned")
    assert below.update("reject", OPERATOR, T0 + HOUR, report=("app", "7"), reason="r") == "unknown-order"


def test_a_control_zone_does_not_swallow_what_a_platform_above_waits_for() -> None:
    """Its own citizens' reports it does: their orders have ended."""
    zone = "area,category,from,to,owner,reason\nsouth-w,*,2026-03-01 00:00,2026-04-01 00:00,roads,closed\n"
    desk = Desk(quiet_city(**{"silences.csv": zone}))
    desk.feed(report("1", T0), report(ABOVE[1], T0, source=ABOVE[0]), at=T0)

    silenced, asked = sorted(desk.state.orders.values(), key=lambda order: len(order.from_above))
    assert (silenced.state, silenced.from_above) == ("rejected", ())
    assert (asked.state, asked.from_above) == ("assigned", (ABOVE,))


def test_what_a_hub_returns_goes_to_the_duty_officer(above: Desk) -> None:
    """However late, whatever it suggests, and also when it was bound to it: it has ended there, and nobody works on it.
    Each time a person decides, so nothing goes in a circle by itself."""
    returned = above.update("return", ROADS, T0 + 9 * DAY, code="not-my-area", reason="elsewhere", department="police")

    assert (returned, above.only().state) == ("", "arbitration")
    above.update("arbitrate", OFFICER, T0 + 9 * DAY + HOUR, department="roads", reason="theirs")
    again = above.update("return", ROADS, T0 + 9 * DAY + 2 * HOUR, code="not-my-area", reason="no")
    assert (again, above.only().state) == ("", "arbitration")
    assert above.update("arbitrate", OFFICER, T0 + 10 * DAY, department="roads", reason="with a picture") == ""
    assert [each["attempt"] for each in messages(above, "assignments/roads", ASSIGNMENT)] == [1, 2, 3]
    assert above.update("re-assign", DISPATCHER, T0 + 10 * DAY, department="police", reason="r") == "binding"
    assert_laws(above)


def test_what_nobody_has_handled_is_done_without_a_picture(below: Desk) -> None:
    """Also where one was there before, which a check has refused: closed by force, it shows nothing of how it is."""
    below.update("accept", ROADS, T0 + HOUR)
    below.update("handle", ROADS, T0 + 2 * HOUR, evidence_urls=PICTURE)
    below.update("check-fail", INSPECTOR, T0 + 3 * HOUR, reason="still there")
    below.update("force-close", OPERATOR, T0 + 4 * HOUR, reason="enough")

    last = messages(below, "upward", UPWARD_STEP)[-1]

    assert (last["kind"], last["stage"], last["evidence_urls"]) == ("closed", "done", [])


def test_a_hub_whose_return_is_refused_gets_the_order_in_its_next_attempt(above: Desk) -> None:
    """It drops what it has had already, and what it has to say of that comes too late. A department's attempt stays."""
    plain = Desk()
    plain.feed(report("1", T0), at=T0)
    for desk in (above, plain):
        desk.update("return", ROADS, T0 + HOUR, code="not-my-function", reason="theirs")
    above.update("arbitrate", OFFICER, T0 + 2 * HOUR, department="roads", reason="yours")
    plain.update("refuse-return", DISPATCHER, T0 + 2 * HOUR, reason="yours")

    assert [each["attempt"] for each in messages(above, "assignments/roads", ASSIGNMENT)] == [1, 2]
    assert [each["attempt"] for each in messages(plain, "assignments/roads", ASSIGNMENT)] == [1, 1]
    assert above.update("comment", ROADS, T0 + 3 * HOUR, attempt=1, reason="late") == "stale-attempt"
    assert above.update("accept", ROADS, T0 + 3 * HOUR, attempt=2) == ""
    assert_laws(above)


def test_a_hub_gets_the_whole_order_again_for_a_rework(above: Desk) -> None:
    """It keeps nothing by which it would know the order; what the check has found is the reason."""
    above.update("accept", ROADS, T0 + HOUR)
    above.update("handle", ROADS, T0 + 2 * HOUR, evidence_urls=PICTURE)
    above.update("check-fail", INSPECTOR, T0 + 3 * HOUR, reason="still there")

    first, again = messages(above, "assignments/roads", ASSIGNMENT)
    assert messages(above, "assignments/roads", REWORK) == []
    assert (again["attempt"], again["why"]) == (2, {"by": "rework", "note": "still there"})
    assert again["text"] == first["text"] != ""


def test_a_withdrawal_tells_a_hub_where_the_order_is(above: Desk) -> None:
    """By its report and the place the order below is found; other departments are told as ever."""
    above.update("re-assign", DISPATCHER, T0 + HOUR, department="police", reason="theirs")
    above.update("re-assign", DISPATCHER, T0 + 2 * HOUR, department="works", reason="theirs")

    (hub,), (other,) = (messages(above, f"assignments/{name}", WITHDRAWAL) for name in ("roads", "police"))
    assert hub["location"] == {"lat": 30.05, "lon": 114.05, "area": "south-w"}
    assert "location" not in other


def test_an_order_of_this_city_alone_is_told_to_nobody_above() -> None:
    """Its citizens' own reports are its own affair."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)

    order: Order = desk.only()
    assert (told(desk), stage(order)) == ([], "waiting")

"""What a parent incident covers comes up again when it ends."""

from typing import Any

import pytest

from dispatcher.arrivals.watched.watching import OF_ONE_ROW
from models.inbox import Actor
from tests.support.desks import DAY, HOUR, INSPECTOR, OPERATOR, T0, Desk, assert_laws, detection, quiet_city, report

WORKS = Actor("department", "works", "w")
END: dict[str, Any] = {"reason": "the water is gone"}


def flooded(settings: str = "camera_heartbeat_hours = 0.0\n") -> tuple[Desk, str]:
    """A desk with a flood, and the flood's order."""
    desk = Desk(quiet_city(settings))
    desk.feed(report("flood", T0, "路面积水", "flooding"), at=T0)
    return desk, desk.only().id


def test_what_a_flood_has_covered_is_an_order_of_its_own_when_that_is_over() -> None:
    """The pothole's clock begins when it comes up; its reporter, and the report, have moved to the new order."""
    desk, flood = flooded()
    desk.feed(report("hole", T0 + HOUR, lat=30.058), at=T0 + HOUR)
    assert (desk.only().evidence_count, desk.count("received")) == (2, 2)

    assert desk.update("force-close", OPERATOR, T0 + 2 * HOUR, flood, **END) == ""
    desk.tick(T0 + 2 * HOUR)

    (hole,) = (order for order in desk.state.orders.values() if order.id != flood)
    assert (hole.category, hole.state, hole.opened_at, hole.reporters) == (
        "pothole",
        "assigned",
        T0 + 2 * HOUR,
        ("hash-hole",),
    )
    assert (desk.order(flood).reporters, desk.order(flood).linked) == (("hash-flood",), (hole.id,))
    assert desk.count("received") == 2
    assert desk.state.watches == {}
    assert desk.update("accept", Actor("department", "roads", "r"), T0 + 3 * HOUR, report=("app", "hole")) == ""
    assert_laws(desk)


@pytest.mark.parametrize("action", ["reject", "force-close", "check-pass"])
def test_however_a_parent_ends_its_children_come_up(action: str) -> None:
    """A camera's sighting comes up like a citizen's."""
    desk, flood = flooded()
    desk.feed(detection("lamp", T0 + HOUR, lat=30.0503), at=T0 + HOUR)
    if action == "check-pass":
        desk.update("accept", WORKS, T0 + HOUR, flood)
        desk.update("handle", WORKS, T0 + HOUR, flood, evidence_urls=("e",))

    by = INSPECTOR if action == "check-pass" else OPERATOR
    assert desk.update(action, by, T0 + 2 * HOUR, flood, **END) == ""
    desk.tick(T0 + 2 * HOUR)

    assert [order.category for order in desk.state.orders.values()] == ["flooding", "street-light"]
    assert_laws(desk)


def test_children_of_the_same_incident_come_up_as_one_order() -> None:
    """They go through the rules of merging, as if they came in now; a detection among too few is watched."""
    desk, flood = flooded()
    for n in range(3):
        desk.feed(report(f"h{n}", T0 + n, lat=30.058), detection(f"d{n}", T0 + n, lat=30.052), at=T0 + n)

    desk.update("force-close", OPERATOR, T0 + HOUR, flood, **END)
    desk.tick(T0 + HOUR)

    assert sorted((one.category, one.evidence_count) for one in desk.state.orders.values() if one.id != flood) == [
        ("pothole", 3),
        ("street-light", 1),
    ]
    assert_laws(desk)


def test_a_parent_that_goes_on_keeps_what_it_covers() -> None:
    """A step that does not end it lets nothing come up; merged into another flood it hands its children on."""
    desk, first = flooded()
    desk.feed(report("hole", T0, lat=30.0508), at=T0)
    desk.update("accept", WORKS, T0, first)
    desk.feed(report("flood-2", T0, "地下车库进水一米深", "flooding", lat=30.0515), at=T0)
    second = next(one for one in desk.state.orders if one != first)

    assert desk.update("merge", OPERATOR, T0, first, other_order_id=second, reason="one flood") == ""
    assert len(desk.state.orders) == 2
    assert desk.update("force-close", OPERATOR, T0, second, **END) == ""
    desk.tick(T0)

    assert [one.category for one in desk.state.orders.values()] == ["flooding", "flooding", "pothole"]


def test_an_ended_flood_is_not_reopened_by_what_it_covered() -> None:
    """The camera that sees the lamp again speaks of the lamp."""
    desk, flood = flooded()
    desk.feed(detection("1", T0 + HOUR, lat=30.0503), at=T0 + HOUR)
    desk.update("force-close", OPERATOR, T0 + 2 * HOUR, flood, **END)

    desk.feed(detection("2", T0 + DAY, lat=30.0503), at=T0 + DAY)

    assert desk.order(flood).state == "closed"
    assert [one.category for one in desk.state.orders.values()] == ["flooding", "street-light"]


def test_what_is_remembered_of_children_has_a_bound_and_no_contact() -> None:
    """The first ones of a storm come up; of a reporter the desk keeps what an order keeps."""
    desk, flood = flooded()
    for n in range(OF_ONE_ROW + 3):
        own: dict[str, Any] = {"lat": 30.0501 + n * 1e-6, "contact": "sealed"}
        desk.feed(report(f"h{n}", T0, f"坑{n}", **own), at=T0)

    (watch,) = desk.state.watches.values()
    assert len(watch.seen) == OF_ONE_ROW
    assert {one.contact for one in watch.seen} == {""}
    desk.update("force-close", OPERATOR, T0 + HOUR, flood, **END)
    desk.tick(T0 + HOUR)
    assert desk.state.watches == {}
    assert desk.count("received") == OF_ONE_ROW + 4
    assert_laws(desk)

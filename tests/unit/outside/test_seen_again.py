"""What a camera sees again of an order that has gone on elsewhere, or has ended: in odd orders of events."""

from typing import Any

import pytest

from dispatcher.order.row import kept_evidence
from models.inbox import Actor
from tests.support.desks import (
    HOUR,
    INSPECTOR,
    MINUTE,
    OPERATOR,
    T0,
    Desk,
    assert_laws,
    detection,
    guess,
    quiet_city,
    report,
)

UNSURE = guess("litter", 0.4, outcome="abstain", reason="uncertain")


def quiet_desk() -> Desk:
    """A desk that misses no camera."""
    return Desk(quiet_city("camera_heartbeat_hours = 0.0\n"))


def closed(desk: Desk, department: str, at: int) -> str:
    """The only order, which its department has dealt with."""
    order_id = desk.only().id
    for action in ("accept", "handle"):
        desk.update(action, Actor("department", department, "d"), at, order_id, evidence_urls=("e",))
    assert desk.update("check-pass", INSPECTOR, at, order_id) == ""
    return order_id


def test_what_is_seen_of_an_order_that_was_merged_over_a_border_is_seen_in_the_other() -> None:
    """Its camera stands in the area of the one that is no more: its next look was an order of its own again."""
    desk = quiet_desk()
    beyond: dict[str, Any] = {"camera": "cam-e", "area": "south-e", "lon": 114.1001}
    desk.feed(detection("w1", T0, lon=114.0999), at=T0)
    desk.feed(detection("e1", T0, **beyond), at=T0)
    west, east = desk.state.orders
    assert desk.update("merge", OPERATOR, T0 + MINUTE, east, other_order_id=west, reason="one", area="south-e") == ""

    desk.feed(detection("e2", T0 + HOUR, **beyond), at=T0 + HOUR)

    assert (len(desk.state.orders), desk.state.tallies[west].sightings) == (2, 1)
    assert_laws(desk)


def test_words_that_nobody_is_sure_of_reopen_nothing() -> None:
    """A person decides what the camera describes there now; the flood that was pumped out had been urgent again."""
    desk = quiet_desk()
    desk.feed(detection("1", T0, "", label="person", text="knee-deep", guess=guess("flooding")), at=T0)
    flood = closed(desk, "works", T0 + MINUTE)

    desk.feed(detection("2", T0 + HOUR, "", label="person", text="two men sweep", guess=UNSURE), at=T0 + HOUR)

    assert [order.state for order in desk.state.orders.values()] == ["closed", "review"]
    desk.feed(detection("3", T0 + HOUR, "", label="person", text="knee-deep", guess=guess("flooding")), at=T0 + HOUR)
    assert desk.order(flood).state == "assigned"
    assert_laws(desk)


@pytest.mark.parametrize("by", ["a report near by", "its reporter"])
def test_an_order_that_is_reopened_takes_over_what_a_camera_has_seen_meanwhile(by: str) -> None:
    """It was too little to reopen it by itself, and expired beside the open order."""
    desk = quiet_desk()
    desk.feed(report("r", T0), *(detection(str(n), T0, "pothole") for n in (1, 2)), at=T0)
    order_id = closed(desk, "roads", T0 + MINUTE)
    desk.feed(detection("3", T0 + HOUR, "pothole"), at=T0 + HOUR)
    assert (desk.order(order_id).state, len(desk.state.watches)) == ("closed", 1)

    if by == "its reporter":
        reporter = Actor("reporter", "", "hash-r")
        assert desk.update("reopen", reporter, T0 + HOUR, order_id, reason="still there") == ""
    else:
        desk.feed(report("r2", T0 + HOUR), at=T0 + HOUR)
    desk.tick(T0 + 4 * HOUR)

    kept = [each.id for each in kept_evidence(desk.order(order_id))]
    assert (desk.order(order_id).state, "3" in kept) == ("assigned", True)
    assert (desk.state.watches, desk.count("expired")) == ({}, 0)
    assert_laws(desk)

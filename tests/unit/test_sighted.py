"""The inbox alone suffices to list every sighting of an order."""

from dispatcher.partition.sighted import Sighted
from models.inbox import Actor, Sighting, encode_items
from streams.gateway.routes.order_sightings import PageOf
from tests.support.desks import DAY, HOUR, INSPECTOR, MINUTE, T0, Desk, detection, quiet_city, report
from tests.support.messages import raw


def ids(desk: Desk, order_id: str) -> list[str]:
    """The ids of an order's sightings, as its inbox tells them."""
    sighted = Sighted(desk.order(order_id))
    items = ((item, each) for each in desk.inbox for item in each.items)
    return [item.id for item, each in items if isinstance(item, Sighting) and sighted.takes(item, each.clock)]


def test_evidence_and_repeats_are_found_and_nothing_else() -> None:
    """As many as the row and its tally count, for each of two orders."""
    desk = Desk()
    for n in range(30):
        at = T0 + n * MINUTE
        desk.feed(
            detection(f"a{n}", at),
            detection(f"b{n}", at, lat=30.06, camera="cam-sw-2"),
            report(f"r{n}", at, "路灯不亮", "street-light"),
            report(f"r{n}", at, "路灯不亮", "street-light"),
            report(f"x{n}", at, category="property-fees"),
            at=at,
        )
    first, second = (one for one in desk.state.orders.values() if one.category == "street-light")

    for order, wanted in ((first, "ar"), (second, "b")):
        assert sorted(ids(desk, order.id)) == sorted(f"{kind}{n}" for kind in wanted for n in range(30))
        assert len(ids(desk, order.id)) == order.evidence_count + desk.state.tallies[order.id].sightings


def test_what_was_watched_before_the_order_is_among_them() -> None:
    """It came in earlier, and is its evidence."""
    desk = Desk()
    for n in range(4):
        desk.feed(detection(str(n), T0 + n * MINUTE, "illegal-parking"), at=T0 + n * MINUTE)

    assert ids(desk, desk.only().id) == ["0", "1", "2", "3"]


def test_the_next_incident_of_a_camera_is_another_orders() -> None:
    """The same camera, algorithm, label and object: what came after the first one had ended belongs to the second."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n"))
    desk.feed(detection("1", T0), at=T0)
    first = desk.only().id
    for action in ("accept", "handle"):
        desk.update(action, Actor("department", "roads", "x"), T0 + HOUR, first, evidence_urls=("e",))
    desk.update("check-pass", INSPECTOR, T0 + HOUR, first)
    desk.feed(detection("2", T0 + 20 * DAY), at=T0 + 20 * DAY)
    second = next(order_id for order_id in desk.state.orders if order_id != first)

    assert (ids(desk, first), ids(desk, second)) == (["1"], ["2"])


def test_a_page_is_as_long_as_asked_and_says_where_the_next_begins() -> None:
    """Its last record is whole, so that none is cut in two."""
    desk = Desk()
    desk.feed(detection("1", T0), at=T0)
    order = desk.only()
    records = [
        raw(encode_items(tuple(detection(f"{n}{part}", T0) for part in "ab")), (), offset=n, timestamp=T0)
        for n in range(5)
    ]

    page = PageOf(order, 3, None)
    assert page.is_full_with(records[:1]) is False
    assert page.is_full_with(records[1:]) is True
    assert ([one["id"] for one in page.made().sightings], page.made().next) == (["0a", "0b", "1a", "1b"], 2)

    last = PageOf(order, 100, None)
    assert last.is_full_with(records[2:]) is False
    assert last.made().next is None


def test_what_lies_behind_the_end_of_a_page_is_for_the_next_one() -> None:
    """The last batch that Kafka hands out may go on beyond it; nothing is shown on two pages."""
    desk = Desk()
    desk.feed(detection("1", T0), at=T0)
    records = [raw(encode_items((detection(str(n), T0),)), (), offset=n, timestamp=T0) for n in range(5)]

    page = PageOf(desk.only(), 100, 3)

    assert page.is_full_with(records) is False
    assert ([one["id"] for one in page.made().sightings], page.made().next) == (["0", "1", "2"], 3)

"""The inbox alone suffices to list every sighting of an order."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

import pytest

from dispatcher.partition.sighted import Sighted, seen_since
from models.inbox import OWN_SIGHTINGS, Actor, Heard, LiveSilence, Sighting, encode_items
from models.times import to_text
from streams.gateway.http.problems import Problem
from streams.gateway.orders.order_finder import Finder, Held, merged_into
from streams.gateway.routes.order_sightings import NOTICED, PageOf, SightingPage, silences_of
from tests.support.desks import (
    DAY,
    DISPATCHER,
    HOUR,
    INSPECTOR,
    MINUTE,
    OPERATOR,
    T0,
    Desk,
    detection,
    guess,
    quiet_city,
    report,
)
from tests.support.messages import raw
from tests.unit.outside.test_cameras import behind, registry
from tests.unit.steps.test_joint_orders import joint

KINDS = ("street-light", "pothole")


def ids(desk: Desk, order_id: str) -> list[str]:
    """The ids of the sightings of an order and of those merged into it, as its inbox tells them."""
    order = desk.order(order_id)
    sighted = Sighted(order, desk.city.settings, [desk.order(child) for child in order.children])
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


def test_described_scenes_under_one_label_are_told_apart_by_what_they_show() -> None:
    """Of two orders that one camera has described, each has its own; what nobody can tell apart may be either's."""
    desk = Desk()
    for n, shows in enumerate(("street-light", "flooding", "street-light", "flooding")):
        seen = detection(str(n), T0 + n * MINUTE, "", label="person", text=shows, guess=guess(shows))
        desk.feed(seen, at=T0 + n * MINUTE)
    lamp, flood = desk.state.orders

    assert (ids(desk, lamp), ids(desk, flood)) == (["0", "2"], ["1", "3"])


def test_what_was_watched_before_the_order_is_among_them() -> None:
    """It came in earlier, and is its evidence."""
    desk = Desk()
    for n in range(4):
        desk.feed(detection(str(n), T0 + n * MINUTE, "illegal-parking"), at=T0 + n * MINUTE)

    assert ids(desk, desk.only().id) == ["0", "1", "2", "3"]


def test_what_a_parent_incident_covered_is_listed_from_when_it_was_covered() -> None:
    """Its order came up hours later: what founded it, and the repeats meanwhile, came in long before."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n"))
    desk.feed(report("flood", T0, "路面积水", "flooding"), at=T0)
    flood = desk.only().id
    for n in range(3):
        desk.feed(detection(f"lamp{n}", T0 + n * HOUR, lat=30.0503), at=T0 + n * HOUR)
    desk.feed(report("hole", T0 + HOUR, lat=30.058), at=T0 + 3 * HOUR)
    desk.update("force-close", OPERATOR, T0 + 9 * HOUR, flood, reason="the water is gone")
    desk.tick(T0 + 9 * HOUR)
    lamp, hole = (next(one for one in desk.state.orders.values() if one.category == kind) for kind in KINDS)

    assert (lamp.opened_at, seen_since(lamp), ids(desk, lamp.id)) == (T0 + 9 * HOUR, T0, ["lamp0", "lamp1", "lamp2"])
    assert (hole.opened_at, seen_since(hole), ids(desk, hole.id)) == (T0 + 9 * HOUR, T0 + HOUR, ["hole"])
    assert (lamp.evidence_first[0].at, lamp.evidence_first[0].seen_at) == (T0 + 9 * HOUR, T0)


def test_what_two_parents_covered_one_after_the_other_still_says_when_it_happened() -> None:
    """The second flood takes in what comes up at the end of the first."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n"))
    desk.feed(report("flood", T0, "路面积水", "flooding"), at=T0)
    first = desk.only().id
    desk.feed(detection("lamp", T0 + HOUR, lat=30.0503), at=T0 + HOUR)
    desk.feed(report("flood-2", T0 + HOUR, "地下车库进水一米深", "flooding", lat=30.0515), at=T0 + HOUR)
    second = next(one for one in desk.state.orders if one != first)
    for n, flood in enumerate((first, second), 2):
        desk.update("force-close", OPERATOR, T0 + n * HOUR, flood, reason="the water is gone")
        desk.tick(T0 + n * HOUR)
    lamp = next(one for one in desk.state.orders.values() if one.category == "street-light")

    assert (lamp.opened_at, seen_since(lamp), ids(desk, lamp.id)) == (T0 + 3 * HOUR, T0 + HOUR, ["lamp"])


def test_what_was_watched_before_a_citizen_reported_it_is_among_them() -> None:
    """The order is opened when the citizen reports it, and takes over what a camera saw hours earlier."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\nwatching_minutes = 180.0\n"))
    desk.feed(detection("seen", T0, "illegal-parking"), at=T0)
    desk.feed(report("r", T0 + 2 * HOUR, "违法停车", "illegal-parking"), at=T0 + 2 * HOUR)
    order = desk.only()

    assert (order.opened_at, seen_since(order), ids(desk, order.id)) == (T0 + 2 * HOUR, T0, ["seen", "r"])


def test_a_part_of_a_joint_order_is_listed_from_when_that_was_seen() -> None:
    """It is opened days later, and has what was first seen as its evidence."""
    desk = joint()
    whole = next(one for one in desk.state.orders.values() if one.parts)
    (fire, *_) = (one for one in desk.state.orders.values() if one.part_of)

    assert fire.opened_at > whole.opened_at
    assert (seen_since(fire), ids(desk, fire.id)) == (whole.opened_at, ids(desk, whole.id))


def test_what_is_seen_again_of_a_merged_order_is_listed_with_the_one_it_was_merged_into() -> None:
    """That one counts it; before and after the merging, the older of both is the first."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n"))
    desk.feed(detection("a1", T0), at=T0)
    older = desk.only().id
    desk.feed(detection("b1", T0 + 3 * HOUR, lat=30.06, camera="cam-sw-2"), at=T0 + 3 * HOUR)
    newer = next(one for one in desk.state.orders if one != older)
    desk.update("merge", OPERATOR, T0 + 3 * HOUR, older, other_order_id=newer, reason="one incident")
    desk.feed(detection("a2", T0 + 4 * HOUR), at=T0 + 4 * HOUR)

    assert desk.state.tallies[newer].sightings == 1
    assert ids(desk, newer) == ["a1", "b1", "a2"]


async def test_orders_that_were_merged_into_merged_ones_belong_to_the_listing() -> None:
    """However deep: whoever sees the one sees what was seen of it."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n"))
    for n in range(3):
        desk.feed(report(f"r{n}", T0, category="street-light", lat=30.05 + n * 0.02), at=T0)
    deep, middle, top = list(desk.state.orders)
    desk.update("merge", OPERATOR, T0, deep, other_order_id=middle, reason="one incident")
    desk.update("merge", OPERATOR, T0, middle, other_order_id=top, reason="one incident")

    merged, gone = await merged_into(desk.order(top), tables(desk))

    assert ([one.id for one in merged], gone) == ([middle, deep], ())


async def test_a_merged_order_that_the_tables_have_no_more_is_named_and_the_rest_is_listed() -> None:
    """Nobody can tell any more what was seen of it; a partition that is silent is another matter."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n"))
    for n in range(3):
        desk.feed(report(f"r{n}", T0, category="street-light", lat=30.05 + n * 0.02), at=T0)
    gone, there, top = list(desk.state.orders)
    for order_id in (gone, there):
        desk.update("merge", OPERATOR, T0, order_id, other_order_id=top, reason="one incident")

    merged, without = await merged_into(desk.order(top), tables(desk, {gone: 404}))

    assert ([one.id for one in merged], without) == ([there], (gone,))
    with pytest.raises(Problem, match="silent"):
        await merged_into(desk.order(top), tables(desk, {gone: 503}))


def tables(desk: Desk, refused: Mapping[str, int] = MappingProxyType({})) -> Finder:
    """What finds the orders of a desk, but for those that it refuses with a status."""

    class Tables:
        async def order(self, order_id: str, holder: None) -> Held:
            if order_id in refused:
                raise Problem(refused[order_id], "missing", "gone or silent")
            return Held(desk.order(order_id), None)

    return cast(Finder, Tables())


def test_an_order_that_was_moved_to_another_area_is_listed_with_what_was_seen_where_it_was() -> None:
    """It counts elsewhere now; it was seen where it was, and is seen there again."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n"))
    desk.feed(detection("a1", T0), at=T0)
    desk.feed(report("r1", T0, category="street-light"), at=T0)
    moved = desk.only()
    desk.update("move-area", DISPATCHER, T0 + HOUR, moved.id, to_area="south-e", reason="beyond the bridge")
    desk.feed(detection("a2", T0 + 2 * HOUR), at=T0 + 2 * HOUR)

    assert desk.order(moved.id).area == "south-e"
    assert ids(desk, moved.id)[:2] == ["a1", "r1"]
    assert len(ids(desk, moved.id)) == desk.order(moved.id).evidence_count + desk.state.tallies[moved.id].sightings


def test_what_was_seen_before_a_closing_and_comes_in_after_it_is_listed() -> None:
    """The closed order counts it. What its camera sees long after is another order's."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n"))
    desk.feed(detection("1", T0), at=T0)
    order = desk.only().id
    for action in ("accept", "handle"):
        desk.update(action, Actor("department", "roads", "x"), T0 + HOUR, order, evidence_urls=("e",))
    desk.update("check-pass", INSPECTOR, T0 + HOUR, order)
    desk.feed(detection("late", T0 + HOUR - MINUTE), at=T0 + 2 * HOUR)
    desk.feed(detection("next", T0 + 20 * DAY), at=T0 + 20 * DAY)

    assert (desk.order(order).state, desk.state.tallies[order].sightings) == ("closed", 1)
    assert ids(desk, order) == ["1", "late"]


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


def test_the_silences_of_an_outage_are_listed_page_by_page_before_what_came_in() -> None:
    """The desk has noticed them by itself, so no inbox has them; those of merged orders are among them."""
    desk = Desk(registry(*behind("sw", 5), *behind("link", 6)))
    desk.feed(*(Heard(f"sw-{n}", "south-w") for n in range(5)), at=T0)
    desk.feed(*(Heard(f"link-{n}", "south-w") for n in range(6)), at=T0)
    desk.tick(T0 + DAY)
    orders = list(desk.state.orders.values())

    first = silences_of(orders, 0, 4)
    assert [one["camera"] for one in first.sightings] == ["sw-0", "sw-1", "sw-2", "sw-3"]
    assert first.sightings[0] == {
        "kind": "silence",
        "source": OWN_SIGHTINGS,
        "at": to_text(T0 + 65 * MINUTE),
        "camera": "sw-0",
        "since": to_text(T0 + 5 * MINUTE),
    }
    assert first.next is not None
    rest = silences_of(orders, first.next - NOTICED, 100)
    assert (rest.sightings[0]["camera"], len(rest.sightings), rest.next) == ("sw-4", 7, None)
    assert silences_of(orders, -1, 100) == silences_of(orders, 11, 100) == SightingPage((), None)


def test_where_a_page_goes_on_is_a_number_that_a_browser_reads_as_it_is() -> None:
    """JSON.parse makes doubles of numbers: beyond 2**53 it rounded where the next page begins, and sightings were left
    out, or the first page came again and again."""
    desk = Desk(registry(*behind("sw", 5)))
    desk.feed(*(Heard(f"sw-{n}", "south-w") for n in range(5)), at=T0)
    desk.tick(T0 + DAY)

    places = [silences_of(list(desk.state.orders.values()), 0, limit).next for limit in range(1, 5)]

    assert None not in places
    assert [int(float(place or 0)) for place in places] == places


def test_what_a_silence_suppresses_is_listed_where_it_shows_the_same() -> None:
    """Without the silence it had been a repeat. What is seen near by was compared with no order: it is in none."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n"))
    desk.feed(detection("1", T0), at=T0)
    number = LiveSilence(
        number=1, starts_at=T0 + HOUR, ends_at=T0 + 2 * HOUR, owner="o", comment="c", created_by="o", created_at=T0
    )
    desk.feed(number, at=T0 + HOUR)
    desk.feed(detection("2", T0 + HOUR), detection("near", T0 + HOUR, camera="cam-sw-2"), at=T0 + HOUR)

    assert ids(desk, desk.only().id) == ["1", "2"]
    assert desk.count("suppressed") == 2


def test_a_page_is_as_long_as_asked_and_says_where_the_next_begins() -> None:
    """Its last record is whole, so that none is cut in two."""
    desk = Desk()
    desk.feed(detection("1", T0), at=T0)
    order = desk.only()
    records = [
        raw(encode_items(tuple(detection(f"{n}{part}", T0) for part in "ab")), (), offset=n, timestamp=T0)
        for n in range(5)
    ]

    page = PageOf(Sighted(order, desk.city.settings), 3, None)
    assert page.is_full_with(records[:1]) is False
    assert page.is_full_with(records[1:]) is True
    assert ([one["id"] for one in page.made().sightings], page.made().next) == (["0a", "0b", "1a", "1b"], 2)

    last = PageOf(Sighted(order, desk.city.settings), 100, None)
    assert last.is_full_with(records[2:]) is False
    assert last.made().next is None


def test_what_lies_behind_the_end_of_a_page_is_for_the_next_one() -> None:
    """The last batch that Kafka hands out may go on beyond it; nothing is shown on two pages."""
    desk = Desk()
    desk.feed(detection("1", T0), at=T0)
    records = [raw(encode_items((detection(str(n), T0),)), (), offset=n, timestamp=T0) for n in range(5)]

    page = PageOf(Sighted(desk.only(), desk.city.settings), 100, 3)

    assert page.is_full_with(records) is False
    assert ([one["id"] for one in page.made().sightings], page.made().next) == (["0", "1", "2"], 3)


def test_what_was_on_the_page_before_is_a_repeat_on_the_next_one() -> None:
    """It is read once more, and not shown."""
    desk = Desk()
    desk.feed(detection("0", T0), at=T0)
    records = [
        raw(encode_items((detection(each, T0),)), (), offset=n, timestamp=T0) for n, each in enumerate("01201")
    ]  # fmt: skip

    page = PageOf(Sighted(desk.only(), desk.city.settings), 100, None, start=2)

    assert page.is_full_with(records) is False
    assert [one["id"] for one in page.made().sightings] == ["2"]


def test_an_id_in_the_urgent_lane_hides_none_of_that_morning_in_the_inbox() -> None:
    """The lane is read first, from its beginning to its end; then clocks begin anew."""
    desk = Desk()
    desk.feed(detection("0", T0), at=T0)
    sighted = Sighted(desk.only(), desk.city.settings)
    at = (9 * HOUR, 0, 5 * MINUTE, 9 * HOUR + MINUTE)  # the first one in the lane, a repeat in the inbox after each

    taken = [sighted.takes(detection("1", T0 + after), T0 + after) for after in at]

    assert taken == [True, True, False, False]


def test_what_a_device_says_later_under_an_id_of_the_evidence_is_another_orders() -> None:
    """It counts anew after a start: the flood stood in the list of the lamp, whose id it came under."""
    desk = Desk()
    desk.feed(detection("1", T0), at=T0)
    desk.feed(detection("1", T0 + HOUR, "flooding"), at=T0 + HOUR)
    lamp, flood = desk.state.orders.values()

    said = [(each.clock, item) for each in desk.inbox for item in each.items if isinstance(item, Sighting)]
    taken = {
        one.category: [item.category for clock, item in said if sighted.takes(item, clock)]
        for one in (lamp, flood)
        for sighted in (Sighted(one, desk.city.settings),)
    }

    assert taken == {"street-light": ["street-light"], "flooding": ["flooding"]}


def test_a_report_under_an_id_that_was_used_before_is_listed_with_its_own_order() -> None:
    """A hotline that counts anew each year: the pothole stood in the list of last year's lamp, and the lamp in its."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\nidentity_reports_days = 2.0\n"))
    for n, category in enumerate(KINDS, 1):
        at = T0 + n * 20 * DAY
        desk.feed(report("1", at, category, category, content=n), at=at)
        desk.feed(report("1", at + HOUR, category, category, content=n), at=at + HOUR)
    said = [(each.clock, item) for each in desk.inbox for item in each.items if isinstance(item, Sighting)]

    taken = [
        [item.text for clock, item in said if sighted.takes(item, clock)]
        for one in desk.state.orders.values()
        for sighted in (Sighted(one, desk.city.settings),)
    ]

    assert sorted(taken) == sorted([category] for category in KINDS)


def test_an_id_that_the_desk_has_forgotten_is_another_sighting() -> None:
    """As of a device that counts from the beginning again, or whose messages are the same to the byte."""
    desk = Desk()
    for minutes in (0, 5, 12, 30, 31):
        desk.feed(detection("1", T0 + minutes * MINUTE), at=T0 + minutes * MINUTE)
    order = desk.only()

    assert ids(desk, order.id) == ["1"] * 3
    assert len(ids(desk, order.id)) == order.evidence_count + desk.state.tallies[order.id].sightings

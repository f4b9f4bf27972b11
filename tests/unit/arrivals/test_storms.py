"""A rainstorm: many orders of one category in one area are followed by one that takes in the rest."""

from typing import Any

from msgspec.structs import replace

from models.inbox import Sighting
from tests.support.desks import (
    DAY,
    DISPATCHER,
    HOUR,
    MINUTE,
    OPERATOR,
    T0,
    Desk,
    assert_laws,
    detection,
    quiet_city,
    report,
)

STORM = "storm_orders = 3\nstorm_wait_minutes = 30.0\nstorm_interval_minutes = 60.0\ncamera_heartbeat_hours = 0.0\n"


def flood(n: int, at: int, **own: Any) -> Sighting:
    """Water on another street, 330 m further north each time."""
    return report(f"f{n}", at, f"第{n}条街积水", "flooding", **{"lat": 30.0 + n * 0.003} | own)


def rain(count: int, settings: str = STORM, every: int = MINUTE) -> Desk:
    """A desk in so many floods, one after the other."""
    desk = Desk(quiet_city(settings))
    for n in range(count):
        desk.feed(flood(n, T0 + n * every), at=T0 + n * every)
    return desk


def sizes(desk: Desk) -> list[int]:
    """How many sightings each order has."""
    return [order.evidence_count for order in desk.state.orders.values()]


def test_what_comes_after_the_limit_is_one_order() -> None:
    """Three floods are three orders; the next twenty are in a fourth, which names the first three."""
    desk = rain(23)

    *first, storm = desk.state.orders.values()
    assert sizes(desk) == [1, 1, 1, 21]  # the storm's own sign, and twenty
    assert (storm.category, storm.department, storm.state) == ("flooding", "works", "assigned")
    assert {order.id for order in first} == set(storm.candidates)
    assert {each.rule for each in storm.evidence_first[1:]} == {"covered:storm"}
    assert desk.count("received") == 23
    assert_laws(desk)


def test_a_storm_is_one_order_however_many_cameras_see_it() -> None:
    """It is known by its first sign, which the many that come after it do not push out."""
    desk = Desk(quiet_city(STORM))
    for n in range(120):
        at = T0 + n * 1000
        desk.feed(detection(f"d{n}", at, "flooding", f"cam-{n}", lat=30.0 + n * 0.003), at=at)

    assert sizes(desk) == [1, 1, 1, 118]
    assert_laws(desk)


def test_without_a_limit_each_flood_is_an_order() -> None:
    """A city that does not ask for it has what it had."""
    assert sizes(rain(8, "camera_heartbeat_hours = 0.0\n")) == [1] * 8


def test_slow_rain_is_no_storm() -> None:
    """Three within the wait make one; one every quarter of an hour do not."""
    assert sizes(rain(8, every=16 * MINUTE)) == [1] * 8


def test_a_report_that_comes_late_makes_no_storm_of_slow_rain() -> None:
    """The wait is around when it was seen: what was opened since then over hours is no storm."""
    desk = rain(3, every=HOUR)

    desk.feed(flood(9, T0 + 1), at=T0 + 4 * HOUR)

    assert sizes(desk) == [1] * 4


def test_what_was_seen_long_before_a_storm_is_no_part_of_it() -> None:
    """It has an order of its own, however late it comes."""
    desk = rain(5)

    desk.feed(flood(9, T0 - 2 * HOUR), at=T0 + 10 * MINUTE)

    assert sizes(desk) == [1, 1, 1, 3, 1]


def test_another_category_and_another_area_are_no_part_of_it() -> None:
    """Groups are of one category in one area."""
    desk = rain(5)
    later = T0 + 10 * MINUTE

    desk.feed(
        flood(9, later, area="south-e", lon=114.15),
        detection("pipe", later, "water-leak", lat=30.09),
        at=later,
    )

    assert sizes(desk) == [1, 1, 1, 3, 1, 1]


def test_what_is_near_an_open_order_joins_that() -> None:
    """A second report of the same street is evidence of its own order, storm or not."""
    desk = rain(5)

    desk.feed(report("again", T0 + 6 * MINUTE, "第0条街积水", "flooding", lat=30.0001), at=T0 + 6 * MINUTE)

    assert sizes(desk) == [2, 1, 1, 3]


def test_a_storm_that_is_over_takes_in_no_more() -> None:
    """After an hour without anything the next flood is an order of its own."""
    desk = rain(5)

    desk.feed(flood(9, T0 + 2 * HOUR), at=T0 + 2 * HOUR)

    assert sizes(desk) == [1, 1, 1, 3, 1]


def test_what_a_storm_has_taken_in_comes_up_one_by_one_when_it_ends() -> None:
    """They are not gathered again: somebody has to go to each street."""
    desk = rain(7)
    storm = list(desk.state.orders)[-1]

    assert desk.update("force-close", OPERATOR, T0 + HOUR, storm, reason="the rain is over") == ""
    desk.tick(T0 + HOUR)

    assert [order.state for order in desk.state.orders.values()].count("assigned") == 7
    assert desk.order(storm).evidence_count == 1
    assert desk.count("received") == 7
    assert_laws(desk)


def spotted(n: int, at: int) -> Sighting:
    """Water on another street, as a camera of its own sees it."""
    return detection(f"d{n}", at, "flooding", f"cam-{n}", lat=30.0 + n * 0.003)


def camera_rain(count: int) -> tuple[Desk, str]:
    """A desk in so many floods that cameras see, and the storm."""
    desk = Desk(quiet_city(STORM))
    for n in range(count):
        desk.feed(spotted(n, T0 + n * MINUTE), at=T0 + n * MINUTE)
    return desk, list(desk.state.orders)[-1]


def test_what_cameras_have_seen_in_a_storm_comes_up_when_that_is_closed() -> None:
    """Also where it was closed before the desk hears of it: then the streets do not reopen the storm."""
    desk, storm = camera_rain(7)

    desk.tick(T0 + HOUR)
    assert desk.update_at("force-close", OPERATOR, T0 + HOUR - MINUTE, storm, reason="the rain is over") == ""
    desk.tick(T0 + HOUR)

    assert desk.order(storm).state == "closed"
    assert sizes(desk) == [1, 1, 1, 5, 1, 1, 1, 1]
    assert_laws(desk)


def test_what_cameras_have_seen_in_a_storm_comes_up_when_that_was_something_else() -> None:
    """A storm that a person calls leaking pipes covers no floods any more, though it stays open."""
    desk, storm = camera_rain(5)

    assert desk.update("re-categorise", DISPATCHER, T0 + HOUR, storm, category="water-leak", reason="pipes") == ""
    desk.tick(T0 + HOUR)

    assert [order.category for order in desk.state.orders.values()] == [
        *["flooding"] * 3,
        "water-leak",
        *["flooding"] * 2,
    ]
    assert_laws(desk)


def test_a_storm_that_is_over_is_reopened_by_none_of_its_cameras() -> None:
    """What one sees on the next day is its own street, whose order a person has rejected meanwhile."""
    desk, storm = camera_rain(5)
    desk.update("force-close", OPERATOR, T0 + HOUR, storm, reason="the rain is over")
    desk.tick(T0 + HOUR)
    own = list(desk.state.orders)[-1]
    assert desk.update("reject", OPERATOR, T0 + HOUR, own, reason="dry") == ""

    desk.feed(replace(spotted(4, T0 + DAY), id="again"), at=T0 + DAY)

    assert desk.order(storm).state == "closed"
    assert [order.category for order in desk.state.orders.values()] == ["flooding"] * 7


def test_what_is_seen_on_after_a_storm_was_something_else_is_its_own_incident() -> None:
    """It had gone into the leaking pipes for good: the camera's next look as its repeat, another street as covered."""
    desk, storm = camera_rain(5)
    desk.update("re-categorise", DISPATCHER, T0 + 10 * MINUTE, storm, category="water-leak", reason="pipes")

    for n, at in ((4, T0 + 40 * MINUTE), (5, T0 + 41 * MINUTE)):
        desk.feed(replace(spotted(n, at), id=f"again{n}"), at=at)

    assert desk.order(storm).evidence_count == 3
    assert storm not in desk.state.tallies
    assert [order.category for order in desk.state.orders.values()][4:] == ["flooding"] * 3
    assert_laws(desk)


def test_a_storm_that_is_one_again_takes_in_what_comes() -> None:
    """The dispatcher was wrong the first time; whose orders have come up stays with these."""
    desk, storm = camera_rain(5)
    for minute, category in ((10, "water-leak"), (20, "flooding")):
        desk.update("re-categorise", DISPATCHER, T0 + minute * MINUTE, storm, category=category, reason="?")

    for n in (4, 5):
        desk.feed(replace(spotted(n, T0 + 40 * MINUTE), id=f"again{n}"), at=T0 + 40 * MINUTE)

    assert sizes(desk) == [1, 1, 1, 4, 1, 1]
    assert_laws(desk)


def test_where_the_citys_rules_make_something_else_of_a_storm_there_is_none() -> None:
    """It would take in nothing, and each sighting would open one more."""
    rule = '[[rules]]\nid = "big"\nreason = "r"\n'
    rule += '[rules.when]\ntext_any = ["短时间内已立案"]\n[rules.then]\nreject = true\n'
    desk = Desk(quiet_city(STORM, **{"rules.toml": rule}))
    for n in range(6):
        desk.feed(flood(n, T0 + n * MINUTE), at=T0 + n * MINUTE)

    assert sizes(desk) == [1] * 6

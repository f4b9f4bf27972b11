"""What belongs together and is not one order: over a border, after a person's decision, by words without a place."""

from typing import Any

import pytest

from models.inbox import UNLOCATED, Sighting
from tests.support.desks import (
    HOUR,
    OPERATOR,
    REVIEWER,
    T0,
    Desk,
    assert_laws,
    detection,
    guess,
    report,
)

PARKING = "illegal-parking"
WEST: dict[str, Any] = {"area": "south-w", "lon": 114.0999}
EAST: dict[str, Any] = {"area": "south-e", "lon": 114.1001}  # 19 m from there


def test_an_incident_on_a_border_is_related_to_its_other_half() -> None:
    """Each area has an order of its own, and whoever looks at one sees the other."""
    desk = Desk()

    desk.feed(report("1", T0, **WEST), report("2", T0, **EAST), at=T0)

    west, east = desk.state.orders.values()
    assert (west.linked, east.linked) == ((east.id,), (west.id,))
    assert (west.candidates, east.candidates) == ((), ())
    assert_laws(desk)


@pytest.mark.parametrize(
    "other",
    [{"lon": 114.102}, {"category": "flooding"}, {"lat": 30.06}],
    ids=["200 m away", "another group", "1 km north"],
)
def test_what_is_no_half_of_it_is_not_related(other: dict[str, Any]) -> None:
    """Radius and merge group hold beyond the border as they do within."""
    desk = Desk()

    desk.feed(report("1", T0, **WEST), report("2", T0, **EAST | other), at=T0)

    assert [order.linked for order in desk.state.orders.values()] == [(), ()]


def test_what_has_ended_is_not_related_to_anything() -> None:
    """Only what is open is half of an incident."""
    desk = Desk()
    desk.feed(report("1", T0, **WEST), at=T0)
    desk.update("reject", OPERATOR, T0, reason="r")

    desk.feed(report("2", T0 + HOUR, **EAST), at=T0 + HOUR)

    assert [order.linked for order in desk.state.orders.values()] == [(), ()]


def test_cameras_on_both_sides_of_a_border_relate_too() -> None:
    """It is the order that counts, however it was opened."""
    desk = Desk()

    for n in range(3):
        desk.feed(detection(f"w{n}", T0 + n, PARKING, **WEST), at=T0 + n)
        desk.feed(detection(f"e{n}", T0 + n, PARKING, "cam-se-1", **EAST), at=T0 + n)

    west, east = desk.state.orders.values()
    assert (west.linked, east.linked) == ((east.id,), (west.id,))


def _undecided(id: str, at: int, **own: Any) -> Sighting:
    """A report of which the classifier has no idea; its guesses are far from what it is."""
    return report(id, at, "这里很不好", guess=guess("property-fees", 0.2, outcome="abstain", alternatives=()), **own)


def test_what_a_reviewer_has_decided_is_compared_again() -> None:
    """Nobody knew that both are potholes; now each names the other, for a person to merge."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    desk.feed(_undecided("2", T0 + HOUR), at=T0 + HOUR)
    known, doubtful = desk.state.orders.values()
    assert (known.candidates, doubtful.candidates) == ((), ())

    assert desk.update("decide", REVIEWER, T0 + HOUR, doubtful.id, category="pothole") == ""

    assert desk.order(doubtful.id).candidates == (known.id,)
    assert desk.order(known.id).candidates == (doubtful.id,)
    assert desk.order(doubtful.id).state == "assigned"
    assert_laws(desk)


def test_what_a_reviewer_has_decided_takes_over_what_was_watched() -> None:
    """Cameras had seen the car before a citizen wrote of it in words that nobody understood."""
    desk = Desk()
    desk.feed(detection("1", T0, PARKING), _undecided("2", T0), at=T0)

    assert desk.update("decide", REVIEWER, T0, category=PARKING) == ""

    assert (desk.only().evidence_count, desk.state.watches) == (2, {})
    assert_laws(desk)


NOWHERE: dict[str, Any] = {"lat": None, "lon": None}


@pytest.mark.parametrize(
    ("first", "second", "orders", "candidates"),
    [
        ("梧桐路上有个很大的坑要修", "梧桐路上有个很大的坑，要修", 1, 0),
        ("梧桐路上有个很大的坑要修", "中山路上有个很大的坑要修", 2, 1),
        ("路上有个很大的坑要修", "路上有个很大的坑，要修", 2, 1),
        ("梧桐路上有个很大的坑要修", "梧桐路井盖松动半夜响个不停", 2, 0),
        ("梧桐路3号楼前有个很大的坑要修", "梧桐路5号楼前有个很大的坑要修", 2, 0),
    ],
    ids=["one place", "two places", "no place", "another thing", "another house"],
)
def test_reports_without_coordinates_meet_by_place_names_and_words(
    first: str, second: str, orders: int, candidates: int
) -> None:
    """The same said of the same place is one incident; without a place it may be, and a person decides."""
    desk = Desk()

    desk.feed(report("1", T0, first, **NOWHERE), report("2", T0 + HOUR, second, **NOWHERE), at=T0 + HOUR)

    rows = list(desk.state.orders.values())
    assert len(rows) == orders
    assert [len(order.candidates) for order in rows] == [candidates] * orders
    assert_laws(desk)


def test_the_same_address_is_the_same_place() -> None:
    """Also where no area is known, and whatever the city's tables call it."""
    desk = Desk()
    own = {"address": "幸福巷18号", "area": UNLOCATED} | NOWHERE

    desk.feed(report("1", T0, "坑太大了没法走路", **own), report("2", T0, "坑太大了没法走路啊", **own), at=T0)

    assert desk.only().evidence_count == 2
    assert desk.only().evidence_first[1].rule == "words"

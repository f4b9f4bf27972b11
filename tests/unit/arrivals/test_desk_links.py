"""What belongs together and is not one order: over a border, after a person's decision, by words without a place."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from shapely import Polygon

from dispatcher.steps.opening import NAMED_BY
from models.city import City
from models.city.areas import Areas
from models.inbox import UNLOCATED, AtBorder, BeyondBorder, InboxRecord, Item, Sighting, decode_items
from tests.support.desks import (
    DISPATCHER,
    HOUR,
    OPERATOR,
    REVIEWER,
    T0,
    Desk,
    assert_laws,
    detection,
    guess,
    quiet_city,
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


def _aslant() -> City:
    """A city whose two southern areas meet in a line from north-west to south-east, through 30.05, 114.1."""
    city = quiet_city()
    west = Polygon([(114.05, 30.1), (114.15, 30.0), (114.05, 30.0)])
    east = Polygon([(114.05, 30.1), (114.15, 30.1), (114.15, 30.0)])
    shapes = {area.id: city.areas.shape(area.id) for area in city.areas} | {"south-w": west, "south-e": east}
    return replace(city, areas=Areas(list(city.areas), shapes, city.merge_level))


@pytest.mark.parametrize("first", ["south-w", "south-e"])
def test_halves_at_a_border_aslant_are_related_whichever_comes_second(first: str) -> None:
    """Seen from the one in the west, 40 m from the border, that is farther than the radius in each of the four
    directions; seen from the one in the east, it is near."""
    desk = Desk(_aslant())
    places = {"south-w": (-0.000268, -0.000268), "south-e": (0.000032, 0.000032)}
    for area, (north, east) in sorted(places.items(), key=lambda place: place[0] != first):
        lat, lon = 30.05 + north, 114.1 + east
        found = desk.city.areas.locate(lat, lon)
        assert found is not None
        assert found.id == area
        desk.feed(report(area, T0, area=area, lat=lat, lon=lon), at=T0)

    one, other = desk.state.orders.values()
    assert (one.linked, other.linked) == ((other.id,), (one.id,))
    assert_laws(desk)


class Sides:
    """A desk for the west of a border and one for the east, each with an inbox, where the other's records come, too."""

    def __init__(self, west: Sequence[Item], east: Sequence[Item]) -> None:
        self.desks = {"south-w": Desk(), "south-e": Desk()}
        self.inboxes = {"south-w": [*west], "south-e": [*east]}

    def waiting(self) -> list[str]:
        """The sides whose desk has something to decide."""
        return [side for side, items in self.inboxes.items() if items]

    def step(self, side: str) -> None:
        """The desk of a side decides what waits longest. What it says to its own side it knows already."""
        item = self.inboxes[side].pop(0)
        for out in self.desks[side].feed(item, at=T0 + HOUR):
            kind, _, area = out.topic.partition("/")
            if kind == "inbox" and area != side:
                self.inboxes[area].extend(decode_items(out.value))

    @property
    def linked(self) -> list[tuple[str, tuple[str, ...]]]:
        """Every order and those that it is related to."""
        return [(order.id, order.linked) for desk in self.desks.values() for order in desk.state.orders.values()]


def ways(west: Sequence[Item], east: Sequence[Item]) -> Iterator[tuple[tuple[str, ...], Sides]]:
    """All ways in which two desks may take turns until both are done, with what they come to."""
    begun: list[tuple[str, ...]] = [()]
    while begun:
        way = begun.pop()
        sides = Sides(west, east)
        for side in way:
            sides.step(side)
        if not sides.waiting():
            yield way, sides
        begun += [(*way, side) for side in sides.waiting()]


def test_halves_of_two_partitions_are_related_once_whichever_desk_is_behind() -> None:
    """Each asks the other as it opens its order, so the second finds the first: in every order of their steps."""
    first = set[str]()
    for way, sides in ways([report("1", T0, **WEST)], [report("2", T0, **EAST)]):
        (west, to_east), (east, to_west) = sides.linked
        assert (to_east, to_west) == ((east,), (west,)), way
        for desk in sides.desks.values():
            assert desk.names().count("linked") == 1
            assert_laws(desk)
        first.add(way[0])
    assert first == {"south-w", "south-e"}


def test_the_nearest_halves_are_named_by_both_and_so_many() -> None:
    """Four potholes on one side, a step apart in time, and one on the other: it names three, each of which names it."""
    kinds = [report(str(n), T0, f"{n}号坑", lon=114.1001 + n * 0.0001, area="south-e") for n in range(4)]
    sides = Sides([], kinds)
    while waiting := sides.waiting():
        sides.step(waiting[0])
    sides.inboxes["south-w"].append(report("w", T0, **WEST))
    while waiting := sides.waiting():
        sides.step(waiting[0])

    (west, to_east), *east = sides.linked
    assert len(east) == 4
    assert len(to_east) == 3
    assert [to_west for order, to_west in east if order in to_east] == [(west,)] * 3
    assert [to_west for order, to_west in east if order not in to_east] == [()]


@pytest.mark.parametrize("own", [{"category": "flooding"}, {"lat": 30.06}, {"category": ""}], ids=str)
def test_a_desk_relates_nothing_of_its_own_to_what_is_no_half_of_it(own: dict[str, Any]) -> None:
    """Radius and merge group hold, as they do where one desk has both; of what nobody knows yet nobody asks."""
    for _, sides in ways([report("1", T0, **WEST)], [report("2", T0, **EAST | own)]):
        assert [linked for _, linked in sides.linked] == [(), ()]


def test_nobody_is_asked_of_what_lies_far_from_any_border_or_is_replayed() -> None:
    """The middle of an area is most of it; and what was over long ago is no news for anybody."""
    desk = Desk()

    inside = desk.feed(report("1", T0), at=T0)
    replayed = desk.batch([InboxRecord(3, desk.offset, T0, (report("2", T0, **WEST),), replayed=True)])

    assert [out.topic for out in (*inside, *replayed) if out.topic.startswith("inbox/")] == []
    assert len(desk.state.orders) == 2


def test_what_has_ended_by_the_time_of_the_answer_still_names_its_other_half() -> None:
    """That one names it already. One that is forgotten needs it no more."""
    desk = Desk()
    desk.feed(report("1", T0, **WEST), at=T0)
    west = desk.only().id
    desk.update("reject", OPERATOR, T0, reason="r")

    desk.feed(BeyondBorder(order_id=west, area="south-w", other="south-e-1-1"), at=T0)
    desk.feed(BeyondBorder(order_id="south-w-1-1", area="south-w", other="south-e-1-1"), at=T0)

    assert desk.order(west).linked == ("south-e-1-1",)
    assert desk.failures == []
    assert_laws(desk)


def test_one_that_names_as_many_as_it_may_is_named_all_the_same() -> None:
    """As it is where one partition has both: whoever looks at the new half sees the old one."""
    desk = Desk()
    desk.feed(report("1", T0, **WEST), at=T0)
    west = desk.only().id
    for n in range(NAMED_BY):
        desk.feed(BeyondBorder(order_id=west, area="south-w", other=f"south-e-1-{n}"), at=T0)

    sent = desk.feed(
        AtBorder(order_id="south-e-2-1", area="south-w", category="pothole", lat=30.05, lon=114.1001, at=T0), at=T0
    )

    assert [decode_items(out.value) for out in sent] == [
        (BeyondBorder(order_id="south-e-2-1", area="south-e", other=west),)
    ]
    assert len(desk.only().linked) == NAMED_BY
    assert_laws(desk)


def test_an_order_of_another_desk_is_not_merged_and_the_refusal_says_what_can_be_done() -> None:
    """It is related, as those are that may be merged; one of the own desk that is forgotten is no other desk's."""
    desk = Desk()
    desk.feed(report("1", T0, **WEST), at=T0)
    west = desk.only().id
    desk.feed(BeyondBorder(order_id=west, area="south-w", other="south-e-1-1"), at=T0)

    assert desk.update("merge", DISPATCHER, T0, other_order_id="south-e-1-1", reason="r") == "with-another-desk"
    assert desk.update("merge", DISPATCHER, T0, other_order_id="south-e-1-2", reason="r") == "not-mergeable"


def test_an_order_of_another_desk_cannot_be_kept_apart_as_the_two_are_never_merged() -> None:
    """The refusal does not say that they are not related: the order itself says that they are."""
    desk = Desk()
    desk.feed(report("1", T0, **WEST), at=T0)
    desk.feed(BeyondBorder(order_id=desk.only().id, area="south-w", other="south-e-1-1"), at=T0)

    assert desk.update("keep-apart", DISPATCHER, T0, other_order_id="south-e-1-1") == "with-another-desk"
    assert desk.update("keep-apart", DISPATCHER, T0, other_order_id="south-e-1-2") == "not-another"


def test_what_a_person_has_decided_is_related_over_the_border_too() -> None:
    """Nobody knew what it was when it came."""
    desk = Desk()
    desk.feed(report("1", T0, **WEST), _undecided("2", T0, **EAST), at=T0)
    known, doubtful = desk.state.orders.values()
    assert (known.linked, doubtful.linked) == ((), ())

    assert desk.update("decide", REVIEWER, T0, doubtful.id, category="pothole") == ""

    assert desk.order(known.id).linked == (doubtful.id,)
    assert desk.order(doubtful.id).linked == (known.id,)
    assert_laws(desk)


def test_the_desk_of_the_area_to_which_an_order_was_moved_is_asked() -> None:
    """It lies where it was found, and that desk is told of it alone."""
    desk = Desk()
    desk.feed(report("1", T0, **WEST), at=T0)

    assert desk.update("move-area", DISPATCHER, T0, to_area="south-e", reason="beyond the bridge") == ""

    asked = [decode_items(out.value) for out in desk.sent if out.topic == "inbox/south-e"]
    moved = desk.only()
    question = AtBorder(
        order_id=moved.id, area="south-e", category="pothole", lat=30.05, lon=114.0999, at=moved.opened_at
    )
    assert asked == [(question,), (question,)]  # as it was opened, and as it was moved


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

"""Moving 改区: an order of one area turns out to be the neighbour's, or two on either side of a border are one."""

from typing import Any

import pytest

from dispatcher.figures import booking
from dispatcher.order.row import Order
from dispatcher.partition import identity
from dispatcher.steps.opening import NAMED_BY
from models.events import ASSIGNMENT, WITHDRAWAL
from models.inbox import UNLOCATED, Actor
from tests.support.desks import (
    DISPATCHER,
    HOUR,
    OFFICER,
    OPERATOR,
    REVIEWER,
    T0,
    Desk,
    assert_laws,
    detection,
    quiet_city,
    report,
)
from tests.unit.steps.test_desk_returns import ROADS, sent

RAIL = "guardrail"  # the police's in the southeast, the roads bureau's elsewhere
BEYOND: dict[str, Any] = {"to_area": "south-e", "reason": "beyond the bridge"}
SIDES = (("area/south-w", "area/south-e"), ("department/roads", "department/police"))


def rail() -> Desk:
    """A desk with one broken guardrail of the southwest, assigned to the roads bureau at T0."""
    desk = Desk()
    desk.feed(report("1", T0, "护栏坏了", RAIL), at=T0)
    return desk


def areas_that_count(desk: Desk, order: Order) -> set[str]:
    """The areas in whose figures an order is."""
    return {row.split("/")[1] for row in booking.bookings(order, desk.city.zone) if row.startswith("area/")}


@pytest.mark.parametrize("accepted", [False, True])
def test_an_order_of_the_neighbouring_area_goes_to_its_department(accepted: bool) -> None:
    """Withdrawn here, assigned there; it counts there and no longer here, under the id that its reporter knows."""
    desk = rail()
    before = desk.only()
    if accepted:
        desk.update("accept", ROADS, T0 + HOUR)

    assert desk.update("move-area", DISPATCHER, T0 + 2 * HOUR, **BEYOND) == ""

    order = desk.only()
    assert (order.id, order.area, order.state, order.department) == (before.id, "south-e", "assigned", "police")
    assert desk.names()[-3:] == ["taken-back", "area-moved", "assigned"]
    assert (order.reporters, order.timeline[-2].note) == (before.reporters, BEYOND["reason"])
    assert len(sent(desk, "assignments/roads", WITHDRAWAL)) == 1
    assert sent(desk, "assignments/police", ASSIGNMENT)[-1] == f"{order.id}/{order.seq}/lead"
    assert areas_that_count(desk, order) == {"south-e"}
    for here, there in SIDES:
        assert (desk.count("open", here), desk.count("open", there)) == (0, 1)
    assert (desk.count("misroutes"), desk.count("misroutes", "area/south-e")) == (0, 1)
    assert_laws(desk)


def test_a_department_that_has_both_areas_keeps_the_order() -> None:
    """Nothing is withdrawn and no clock begins anew: the roads bureau has all roads of the city."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    desk.update("accept", ROADS, T0 + HOUR)
    before = desk.only()

    assert desk.update("move-area", DISPATCHER, T0 + 2 * HOUR, **BEYOND) == ""

    order = desk.only()
    assert (order.area, order.state, order.department, order.attempt) == ("south-e", "accepted", "roads", 1)
    assert order.limits == before.limits
    assert (sent(desk, "assignments/roads", WITHDRAWAL), desk.names()[-1]) == ([], "area-moved")
    assert (desk.count("open"), desk.count("open", "area/south-e")) == (0, 1)
    assert_laws(desk)


def test_a_dispatcher_may_name_the_department_of_the_other_area() -> None:
    """The table need not have it right there."""
    desk = rail()

    assert desk.update("move-area", DISPATCHER, T0, **BEYOND, department="nobody") == "unknown-department"
    assert desk.update("move-area", DISPATCHER, T0, **BEYOND, department="works") == ""

    assert (desk.only().area, desk.only().department) == ("south-e", "works")
    assert desk.only().assignments[-1].why is not None


def test_an_order_moved_and_moved_back_counts_once_where_it_was() -> None:
    """As many figures as before in its first area, none in the other; its first department has it again."""
    desk = rail()
    assert desk.update("move-area", DISPATCHER, T0 + HOUR, **BEYOND) == ""

    assert desk.update("move-area", DISPATCHER, T0 + HOUR, to_area="south-w", reason="no, on this side") == ""

    order = desk.only()
    assert (order.area, order.state, order.department) == ("south-w", "assigned", "roads")
    assert [(desk.count(name), desk.count(name, "area/south-e")) for name in ("opened", "open", "received")] == [
        (1, 0)
    ] * 3
    assert areas_that_count(desk, order) == {"south-w"}
    assert_laws(desk)


def test_a_return_for_another_area_is_granted_with_the_move() -> None:
    """What a department says with the code not-my-area, a dispatcher answers in one step."""
    desk = rail()
    desk.update("return", ROADS, T0 + HOUR, code="not-my-area", reason="beyond the bridge")

    assert desk.update("move-area", DISPATCHER, T0 + 2 * HOUR, **BEYOND) == ""

    order = desk.only()
    assert (order.area, order.state, order.department) == ("south-e", "assigned", "police")
    assert desk.names()[-3:] == ["return-approved", "area-moved", "assigned"]
    assert desk.count("returns_approved", "department/roads") == 1
    assert_laws(desk)


def test_the_dispatcher_of_a_department_that_returned_it_does_not_grant_that_by_moving() -> None:
    """Who asked never decides, here as elsewhere."""
    desk = rail()
    desk.update("return", Actor("department", "roads", "dora"), T0 + HOUR, code="not-my-area", reason="r")

    assert desk.update("move-area", DISPATCHER, T0 + 2 * HOUR, **BEYOND) == "asker-is-approver"


def test_an_order_that_lay_nowhere_is_dispatched_when_somebody_says_where() -> None:
    """What it is was known; now it has an area, figures there, and a department."""
    desk = Desk()
    desk.feed(report("1", T0, category=RAIL, area=UNLOCATED, lat=None, lon=None), at=T0)
    waiting = desk.only()
    assert (waiting.state, waiting.category) == ("review", RAIL)

    assert desk.update("move-area", REVIEWER, T0 + HOUR, **BEYOND) == ""

    order = desk.only()
    assert (order.area, order.state, order.department) == ("south-e", "assigned", "police")
    assert identity.area_of(order.id) == UNLOCATED
    assert (desk.count("open", f"area/{UNLOCATED}"), desk.count("open", "area/south-e")) == (0, 1)
    assert_laws(desk)


def test_what_nobody_has_decided_yet_stays_in_review_and_counts_there() -> None:
    """Only its area is settled; what it is, a reviewer says, and the table of that area then names the department."""
    desk = Desk()
    desk.feed(report("1", T0, category=""), at=T0)

    assert desk.update("move-area", DISPATCHER, T0, **BEYOND) == ""

    assert (desk.only().state, desk.only().area) == ("review", "south-e")
    assert desk.update("decide", REVIEWER, T0, category=RAIL) == ""
    assert desk.only().department == "police"
    assert_laws(desk)


def test_in_arbitration_only_the_area_moves() -> None:
    """Whose it is, the duty officer decides."""
    desk = rail()
    desk.update("return", ROADS, T0, code="unclear", reason="r")
    desk.update("approve-return", DISPATCHER, T0, department="works")
    desk.update("return", Actor("department", "works", "w"), T0, code="unclear", reason="r", department="roads")
    assert desk.only().state == "arbitration"

    assert desk.update("move-area", OFFICER, T0 + HOUR, **BEYOND, department="police") == ""

    assert (desk.only().state, desk.only().area, desk.names()[-1]) == ("arbitration", "south-e", "area-moved")


@pytest.mark.parametrize(
    ("own", "refusal"),
    [
        ({"to_area": ""}, "missing-area"),
        ({"to_area": "nowhere"}, "unknown-area"),
        ({"to_area": "north"}, "unknown-area"),
        ({"to_area": UNLOCATED}, "unknown-area"),
        ({"to_area": "south-w"}, "same-area"),
        ({"reason": " "}, "missing-reason"),
    ],
)
def test_only_to_another_area_of_the_level_that_counts(own: dict[str, str], refusal: str) -> None:
    """And for a reason."""
    assert rail().update("move-area", DISPATCHER, T0, **BEYOND | own) == refusal


def test_what_binds_is_not_moved_away_and_only_dispatching_moves() -> None:
    """A duty officer has said whose it is; a department returns what is not its area's."""
    desk = rail()
    assert desk.update("move-area", ROADS, T0, **BEYOND) == "wrong-role"
    desk.update("return", ROADS, T0, code="not-my-area", reason="r")
    desk.update("refuse-return", DISPATCHER, T0, reason="it is")

    assert desk.update("move-area", DISPATCHER, T0, **BEYOND) == "binding"


def test_what_is_seen_where_it_was_found_still_joins_an_order_that_was_moved() -> None:
    """The same camera, and a report of the same spot: the thing has not moved."""
    desk = Desk()
    desk.feed(detection("c1", T0), at=T0)
    assert desk.update("move-area", DISPATCHER, T0, to_area="south-e", reason="r") == ""

    desk.feed(detection("c2", T0 + HOUR), report("1", T0 + HOUR, "路灯不亮", "street-light"), at=T0 + HOUR)
    desk.feed(report("2", T0 + HOUR, "路灯不亮", "street-light", area="south-e"), at=T0 + HOUR)

    assert desk.only().evidence_count == 3
    assert desk.only().area == "south-e"
    assert_laws(desk)


def test_a_move_names_what_is_open_there_as_candidates() -> None:
    """Both halves of an incident then are of one area: a person merges them, or says that they are two."""
    desk = Desk()
    desk.feed(report("1", T0, lon=114.0999), report("2", T0, area="south-e", lon=114.1001), at=T0)
    west, east = desk.state.orders

    assert desk.update("move-area", DISPATCHER, T0, west, to_area="south-e", reason="r") == ""

    assert (desk.order(west).candidates, desk.order(east).candidates) == ((east,), (west,))
    assert desk.update("merge", OPERATOR, T0, west, other_order_id=east, reason="one hole") == ""
    assert_laws(desk)


def test_orders_related_over_a_border_merge_without_being_moved() -> None:
    """The child keeps its area, which counts it as merged; undone, it is back there."""
    desk = Desk()
    desk.feed(report("1", T0, lon=114.0999), report("2", T0, area="south-e", lon=114.1001), at=T0)
    desk.feed(report("3", T0, "路上有个坑", area="north-w", lat=30.15), at=T0)
    west, east, far = desk.state.orders

    assert desk.update("merge", OPERATOR, T0, far, other_order_id=east, reason="r") == "not-mergeable"
    assert desk.update("merge", DISPATCHER, T0, east, other_order_id=west, reason="one hole") == ""

    assert (desk.order(east).state, desk.order(west).children) == ("merged", (east,))
    assert (desk.count("merged_orders", "area/south-e"), desk.count("open")) == (1, 1)
    assert desk.update("unmerge", OPERATOR, T0, east, reason="two holes") == ""
    assert (desk.order(east).area, desk.order(east).state) == ("south-e", "review")
    assert_laws(desk)


def test_related_orders_can_be_said_not_to_be_the_same() -> None:
    """As candidates can."""
    desk = Desk()
    desk.feed(report("1", T0, lon=114.0999), report("2", T0, area="south-e", lon=114.1001), at=T0)
    west, east = desk.state.orders

    assert desk.update("keep-apart", DISPATCHER, T0, west, other_order_id=east, reason="two holes") == ""

    assert (desk.order(west).apart, desk.order(east).apart) == ((east,), (west,))


def test_what_is_split_off_a_moved_order_lies_in_its_partition_and_counts_in_its_area() -> None:
    """Its id names where it was found: by that it is found again."""
    desk = Desk()
    desk.feed(report("1", T0), report("2", T0), at=T0)
    desk.update("move-area", DISPATCHER, T0, **BEYOND)

    assert desk.update("split", OPERATOR, T0 + HOUR, reason="two holes", report=("app", "2")) == ""

    first, second = desk.state.orders.values()
    assert {identity.area_of(first.id), identity.area_of(second.id)} == {"south-w"}
    assert (first.area, second.area) == ("south-e", "south-e")
    assert_laws(desk)


def test_parts_of_a_moved_order_lie_in_its_partition_and_count_in_its_area() -> None:
    """Likewise."""
    desk = Desk(quiet_city())
    desk.feed(report("1", T0), at=T0)
    desk.update("move-area", DISPATCHER, T0, **BEYOND)

    assert desk.update("divide", DISPATCHER, T0, category="street-light", reason="the lamp, too") == ""

    whole, part = desk.state.orders.values()
    assert identity.area_of(part.id) == "south-w"
    assert (part.area, part.part_of) == ("south-e", whole.id)
    assert_laws(desk)


ELSEWHERE = "north-w-20260302-aaaaaaaaaa"  # an order of another desk


@pytest.mark.parametrize(
    ("other", "refusal"),
    [
        (ELSEWHERE, ""),
        ("", "not-beyond"),
        ("nowhere-20260302-aaaaaaaaaa", "not-beyond"),
        ("south-w-20260302-aaaaaaaaaa", "not-beyond"),
    ],
)
def test_a_person_relates_orders_that_no_desk_has_both_of(other: str, refusal: str) -> None:
    """Of another area of the city, once, with a line in the timeline; whether there is such an order its desk says."""
    desk = rail()

    assert desk.update("relate", DISPATCHER, T0, other_order_id=other, reason="one rail") == refusal

    linked = (other,) if not refusal else ()
    assert desk.only().linked == linked
    assert not linked or desk.only().timeline[-1].note == "one rail"
    assert desk.update("relate", DISPATCHER, T0, other_order_id=other) == "not-beyond"
    assert_laws(desk)


def test_both_orders_are_related_where_one_desk_has_them() -> None:
    """Too far off to be related by themselves; then they can be merged."""
    desk = Desk()
    desk.feed(report("1", T0), report("2", T0, area="south-e", lon=114.1001), at=T0)
    west, east = desk.state.orders

    assert desk.update("relate", REVIEWER, T0, west, other_order_id=east) == ""

    assert (desk.order(west).linked, desk.order(east).linked) == ((east,), (west,))
    assert desk.update("merge", OPERATOR, T0, west, other_order_id=east, reason="r") == ""
    assert_laws(desk)


def test_an_order_is_related_to_so_many_and_no_more() -> None:
    """Each stands in its row."""
    desk = rail()
    for n in range(NAMED_BY):
        letters = "abcdefghijklmnopqrst"[n]
        assert desk.update("relate", DISPATCHER, T0, other_order_id=f"north-w-20260302-aaaaaaaaa{letters}") == ""

    assert desk.update("relate", DISPATCHER, T0, other_order_id="north-w-20260302-aaaaaaaaaz") == "not-beyond"

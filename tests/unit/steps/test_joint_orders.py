"""Joint orders 联办/一件事: one order in parts, in parallel and in sequence, that is closed when all have passed."""

from typing import Any

import pytest

from dispatcher.order import facts
from dispatcher.order.final_label import final_label
from dispatcher.order.row import Order
from dispatcher.partition import index
from models.city import CityError
from models.inbox import Actor, PackChange
from streams.gateway.seats import moves
from tests.support.cities import appended, tiny_city
from tests.support.desks import (
    DISPATCHER,
    HOUR,
    INSPECTOR,
    OPERATOR,
    REVIEWER,
    T0,
    Desk,
    assert_laws,
    detection,
    facts_of,
    guess,
    quiet_city,
    report,
)
from tests.unit.steps.test_desk_returns import POLICE, ROADS, WORKS, sent

PLANS = (
    "plan,part,category,department,after,name_zh,name_en\n"
    "restaurant,fire,flooding,works,,消防,Fire safety\n"
    "restaurant,kitchen,water-leak,,,厨房,Kitchen\n"
    "restaurant,sign,street-vendor,,fire|kitchen,招牌,Shop sign\n"
)
PICTURE = ("https://pictures.example/1.jpg",)
LEADS = {"roads": ROADS, "works": WORKS, "police": POLICE}


def joint(settings: str = "", **said: Any) -> Desk:
    """A desk with one pothole that the roads bureau has accepted and divided by a plan."""
    desk = Desk(quiet_city(settings, **{"plans.csv": PLANS}))
    desk.feed(report("1", T0, reporter="hash-1"), at=T0)
    desk.update("accept", ROADS, T0 + HOUR)
    assert desk.update("divide", ROADS, T0 + HOUR, **(said or {"plan": "restaurant"})) == ""
    return desk


def whole(desk: Desk) -> Order:
    """The joint order."""
    return next(order for order in desk.state.orders.values() if not order.part_of)


def part(desk: Desk, name: str) -> Order:
    """The order of a part."""
    return desk.order(next(each.order for each in whole(desk).parts if each.name == name))


def states(desk: Desk) -> dict[str, str]:
    """How the parts stand."""
    return {each.name: each.state for each in whole(desk).parts}


def settle(desk: Desk, name: str, at: int) -> None:
    """A part is accepted, handled and checked."""
    order = part(desk, name)
    lead = LEADS[order.department]
    for action, who, said in (
        ("accept", lead, {}),
        ("handle", lead, {"evidence_urls": PICTURE}),
        ("check-pass", INSPECTOR, {}),
    ):
        assert desk.update(action, who, at, order.id, **said) == ""


def test_parts_are_orders_of_their_own_in_the_same_partition() -> None:
    """Each with its department, category and limits; those that come after others wait; the reporter is told of the
    joint order alone, and what is seen again joins that one."""
    desk = joint()

    fire, kitchen = part(desk, "fire"), part(desk, "kitchen")
    assert states(desk) == {"fire": "open", "kitchen": "open", "sign": "waiting"}
    assert [(one.department, one.category, one.state) for one in (fire, kitchen)] == [
        ("works", "flooding", "assigned"),
        ("works", "water-leak", "assigned"),
    ]
    assert fire.assignments[-1].accept_due == T0 + 2 * HOUR
    assert (fire.part_of, fire.area, fire.reporters, fire.reports_by_day) == (whole(desk).id, "south-w", (), ())
    assert index.keys_of(fire) == set()
    assert desk.count("opened") == 3
    assert len(sent(desk, "assignments/works", "city.order.assigned.v1")) == 2
    assert desk.update("handle", ROADS, T0 + HOUR, whole(desk).id, evidence_urls=PICTURE) == "parts-open"
    assert desk.update("divide", WORKS, T0 + HOUR, fire.id, plan="restaurant") == "is-a-part"
    assert_laws(desk)


def test_a_joint_order_is_closed_when_all_its_parts_have_passed() -> None:
    """The part that waits begins when both before it are settled; each is checked, the whole is not once more. Nothing
    is learnt from the parts: their words speak of the whole. Their pictures show that the whole is done."""
    desk = joint()
    settle(desk, "fire", T0 + 2 * HOUR)
    assert states(desk)["sign"] == "waiting"
    settle(desk, "kitchen", T0 + 3 * HOUR)
    assert states(desk) == {"fire": "passed", "kitchen": "passed", "sign": "open"}
    assert part(desk, "sign").department == "police"
    assert whole(desk).state == "accepted"

    settle(desk, "sign", T0 + 4 * HOUR)

    order = whole(desk)
    assert (order.state, order.closings[-1].handled_at, order.assignments[-1].handled_ms) == (
        "closed",
        T0 + 4 * HOUR,
        4 * HOUR,
    )
    assert next(each.evidence_urls for each in order.timeline if each.fact == "handled") == PICTURE
    assert [f.part for f in facts_of(desk.sent) if isinstance(f, facts.PartEnded)] == ["fire", "kitchen", "sign"]
    assert desk.count("closed") == 4
    assert desk.count("received") == 1
    assert all((final_label(each) is None) == bool(each.part_of) for each in desk.state.orders.values())
    assert_laws(desk)


def test_a_joint_order_says_who_holds_it_up() -> None:
    """The department that has an open part, also when another one gets it; nobody while a person must decide."""
    desk = joint()
    assert {each.name: each.department for each in whole(desk).parts} == {
        "fire": "works", "kitchen": "works", "sign": ""
    }  # fmt: skip

    desk.update("re-assign", DISPATCHER, T0 + HOUR, part(desk, "kitchen").id, department="police", reason="r")
    desk.update("return", WORKS, T0 + HOUR, part(desk, "fire").id, code="unclear", reason="r")
    desk.update("approve-return", DISPATCHER, T0 + HOUR, part(desk, "fire").id)

    assert part(desk, "fire").state == "review"
    assert {each.name: each.department for each in whole(desk).parts if each.state == "open"} == {
        "fire": "", "kitchen": "police"
    }  # fmt: skip
    assert_laws(desk)


def test_one_failed_part_is_done_again_alone() -> None:
    """The others and the joint order stay as they are."""
    desk = joint()
    fire = part(desk, "fire")
    desk.update("accept", WORKS, T0 + 2 * HOUR, fire.id)
    desk.update("handle", WORKS, T0 + 2 * HOUR, fire.id, evidence_urls=PICTURE)

    assert desk.update("check-fail", INSPECTOR, T0 + 3 * HOUR, fire.id, reason="no extinguisher") == ""

    assert (part(desk, "fire").state, part(desk, "fire").attempt) == ("accepted", 2)
    assert (part(desk, "kitchen").attempt, whole(desk).attempt, whole(desk).state) == (1, 1, "accepted")
    assert_laws(desk)


def test_a_part_that_nobody_has_to_do_holds_nothing_up() -> None:
    """It is dropped; what came after it begins; the lead itself says in the end that the whole is done."""
    desk = joint()
    desk.update("reject", OPERATOR, T0 + 2 * HOUR, part(desk, "fire").id, reason="no kitchen fire")
    settle(desk, "kitchen", T0 + 2 * HOUR)
    settle(desk, "sign", T0 + 3 * HOUR)

    assert states(desk) == {"fire": "dropped", "kitchen": "passed", "sign": "passed"}
    assert whole(desk).state == "accepted"
    assert desk.update("handle", ROADS, T0 + 4 * HOUR, whole(desk).id, evidence_urls=PICTURE) == ""
    assert whole(desk).state == "handled"
    assert_laws(desk)


def test_what_the_lead_says_is_done_is_checked_by_somebody() -> None:
    """An inspector is given the check, as of any order: a part that was dropped has had none."""
    desk = Desk(quiet_city("", **{"plans.csv": PLANS, "inspectors.csv": "id,areas,lat,lon,checks_max\nina,*,,,\n"}))
    desk.feed(report("1", T0, reporter="hash-1"), at=T0)
    desk.update("divide", DISPATCHER, T0 + HOUR, category="water-leak")
    desk.update("reject", OPERATOR, T0 + HOUR, part(desk, "water-leak").id, reason="dry")
    desk.update("accept", ROADS, T0 + HOUR, whole(desk).id)

    assert desk.update("handle", ROADS, T0 + 2 * HOUR, whole(desk).id, evidence_urls=PICTURE) == ""

    assert (whole(desk).state, whole(desk).inspector) == ("handled", "ina")
    assert_laws(desk)


@pytest.mark.parametrize("action", ["force-close", "reject"])
def test_what_is_left_of_a_joint_order_that_ends_otherwise_is_called_off(action: str) -> None:
    """Its departments are withdrawn; what had passed stays."""
    desk = joint()
    settle(desk, "fire", T0 + 2 * HOUR)

    assert desk.update(action, OPERATOR, T0 + 3 * HOUR, whole(desk).id, reason="the owner has given up") == ""

    assert (part(desk, "fire").state, part(desk, "kitchen").state) == ("closed", "rejected")
    assert len(sent(desk, "assignments/works", "city.order.withdrawn.v1")) == 1
    assert_laws(desk)


def test_a_part_that_is_reopened_is_under_way_again() -> None:
    """The joint order waits for it once more."""
    desk = joint()
    settle(desk, "fire", T0 + 2 * HOUR)

    assert desk.update("reopen", OPERATOR, T0 + 3 * HOUR, part(desk, "fire").id, reason="it burns") == ""

    assert states(desk)["fire"] == "open"
    settle(desk, "kitchen", T0 + 4 * HOUR)
    assert states(desk)["sign"] == "waiting"
    assert_laws(desk)


def test_a_joint_order_passes_no_check_while_a_part_is_under_way_again() -> None:
    """The part that came back would be called off with it."""
    desk = joint()
    settle(desk, "fire", T0 + 2 * HOUR)
    settle(desk, "kitchen", T0 + 2 * HOUR)
    desk.update("reject", OPERATOR, T0 + 2 * HOUR, part(desk, "sign").id, reason="no sign")
    desk.update("handle", ROADS, T0 + 3 * HOUR, whole(desk).id, evidence_urls=PICTURE)
    desk.update("reopen", OPERATOR, T0 + 3 * HOUR, part(desk, "fire").id, reason="it burns")

    assert desk.update("check-pass", INSPECTOR, T0 + 4 * HOUR, whole(desk).id) == "parts-open"
    settle(desk, "fire", T0 + 5 * HOUR)
    assert desk.update("check-pass", INSPECTOR, T0 + 6 * HOUR, whole(desk).id) == ""

    assert (whole(desk).state, states(desk)["fire"]) == ("closed", "passed")
    assert_laws(desk)


def test_a_person_adds_one_part_of_a_category() -> None:
    """To whoever is responsible or is named; the second matter that the classifier has told is the suggestion."""
    desk = Desk(quiet_city("", **{"plans.csv": PLANS}))
    desk.feed(report("1", T0, guess=guess("pothole", second="water-leak")), at=T0)
    (divide,) = [move for move in moves(None, desk.only(), desk.city) if move["action"] == "divide"]
    (field,) = [field for field in divide["fields"] if field["kind"] == "category"]
    assert field["suggested"] == "water-leak"

    assert desk.update("divide", DISPATCHER, T0 + HOUR, category="water-leak", reason="a leak as well") == ""
    assert (
        desk.update("divide", DISPATCHER, T0 + HOUR, whole(desk).id, category="water-leak", department="police") == ""
    )

    assert states(desk) == {"water-leak": "open", "water-leak-2": "open"}
    assert [part(desk, name).department for name in states(desk)] == ["works", "police"]
    settle(desk, "water-leak", T0 + HOUR)
    settle(desk, "water-leak-2", T0 + HOUR)
    assert whole(desk).state == "closed"
    assert "accepted" in desk.names(whole(desk).id)
    assert_laws(desk)


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"plan": "wedding"}, "unknown-plan"),
        ({"plan": "restaurant"}, "already-divided"),
        ({}, "missing-category"),
        ({"category": "road"}, "unknown-category"),
        ({"category": "no-such"}, "unknown-category"),
        ({"category": "water-leak", "condition": "x"}, "unknown-condition"),
        ({"category": "water-leak", "department": "nobody"}, "unknown-department"),
    ],
)
def test_an_order_is_divided_by_what_the_city_has(said: dict[str, str], refusal: str) -> None:
    """Into parts of categories, by plans and for departments that there are; by its lead or a dispatcher."""
    desk = joint()

    assert desk.update("divide", DISPATCHER, T0 + HOUR, whole(desk).id, **said) == refusal
    assert desk.update("divide", WORKS, T0 + HOUR, whole(desk).id, category="water-leak") == "wrong-department"
    assert desk.update("divide", Actor("inspector", "", "i"), T0 + HOUR, whole(desk).id, **said) == "wrong-role"


def test_a_plan_names_what_stands_in_the_pack() -> None:
    """Each mistake with its line; no part comes after one that stands below it, so none waits for ever."""
    rows = (
        "plan,part,category,department,after,name_zh,name_en\n"
        "p,a,pothole,nobody,b,甲,A\n"
        "p,b,road,,,乙,B\n"
        "p,b,pothole,,,乙,B\n"
    )

    with pytest.raises(CityError) as error:
        tiny_city({"plans.csv": rows})

    told = str(error.value)
    assert "plans.csv:2: department: 'nobody' is not a department" in told
    assert "plans.csv:2: after: b is no part of p that stands above" in told
    assert "plans.csv:3: category: road is a group; name one of its categories" in told
    assert "plans.csv:4: part: p b stands already in line 3" in told


@pytest.mark.parametrize("action", ["force-close", "merge"])
def test_what_was_called_off_holds_up_nothing_when_the_joint_order_comes_back(action: str) -> None:
    """Parts under way and parts that wait are both dropped with it, so its lead can say in the end that it is done."""
    desk = joint()
    other = ""
    if action == "merge":
        desk.feed(report("2", T0, "别处另一件事", lat=30.01, lon=114.01), at=T0 + HOUR)
        other = next(each.id for each in desk.state.orders.values() if each.lat == 30.01)
    order = next(each.id for each in desk.state.orders.values() if each.parts)
    assert desk.update(action, OPERATOR, T0 + 2 * HOUR, order, reason="r", other_order_id=other) == ""
    assert {each.state for each in desk.order(order).parts} == {"dropped"}

    back = {"force-close": "reopen", "merge": "unmerge"}[action]
    assert desk.update(back, OPERATOR, T0 + 3 * HOUR, order, reason="not done") == ""
    if action == "merge":
        assert desk.update("decide", REVIEWER, T0 + 3 * HOUR, order, department="roads") == ""
    assert desk.update("accept", ROADS, T0 + 3 * HOUR, order) == ""

    assert desk.update("handle", ROADS, T0 + 4 * HOUR, order, evidence_urls=PICTURE) == ""
    assert_laws(desk)


def test_a_part_of_a_department_that_is_gone_by_then_goes_to_a_person() -> None:
    """A part may wait for weeks; the pack that is in force when it begins knows who there is."""
    plans = PLANS.replace("restaurant,fire,flooding,works,,", "restaurant,fire,flooding,,,").replace(
        "restaurant,sign,street-vendor,,", "restaurant,sign,street-vendor,fairs,"
    )
    fairs = appended("departments.csv", "fairs,集市,Fairs,1,,")
    desk = Desk(quiet_city(**fairs, **{"plans.csv": plans}))
    desk.feed(report("1", T0, reporter="hash-1"), at=T0)
    assert desk.update("divide", DISPATCHER, T0 + HOUR, plan="restaurant") == ""
    without = quiet_city()
    desk.cities[without.digest] = without
    desk.feed(PackChange(without.digest, 1), at=T0 + HOUR)

    settle(desk, "fire", T0 + HOUR)
    settle(desk, "kitchen", T0 + HOUR)

    assert (part(desk, "sign").state, part(desk, "sign").department) == ("review", "")
    assert "unknown-department" in [entry.note for entry in part(desk, "sign").timeline]
    assert desk.failures == []
    assert_laws(desk)


def test_a_joint_order_goes_on_in_none_of_its_own_parts() -> None:
    """They are called off with it: both would be gone."""
    desk = joint()

    said = {"reason": "r", "other_order_id": part(desk, "fire").id}

    assert desk.update("merge", OPERATOR, T0 + 2 * HOUR, whole(desk).id, **said) == "not-mergeable"


def test_a_single_part_takes_no_name_that_is_taken() -> None:
    """Plans name their parts as they like, also by the code of some category."""
    plans = "plan,part,category,department,after,name_zh,name_en\nleaks,water-leak,flooding,,,水,Water\n"
    desk = Desk(quiet_city(**{"plans.csv": plans}))
    desk.feed(report("1", T0), at=T0)
    assert desk.update("divide", DISPATCHER, T0 + HOUR, plan="leaks") == ""

    for _ in range(2):
        assert desk.update("divide", DISPATCHER, T0 + HOUR, whole(desk).id, category="water-leak") == ""

    assert list(states(desk)) == ["water-leak", "water-leak-2", "water-leak-3"]
    assert desk.failures == []
    assert_laws(desk)


def test_what_a_storm_has_covered_comes_up_when_its_parts_are_done() -> None:
    """A parent incident that is closed by its parts has ended as well as any."""
    storm = "storm_orders = 1\nstorm_wait_minutes = 30.0\nstorm_interval_minutes = 60.0\ncamera_heartbeat_hours = 0.0\n"
    desk = Desk(quiet_city(storm))
    for n in range(2):
        street = report(f"f{n}", T0 + n, f"第{n}条街积水", "flooding", lat=30.0 + n * 0.003)
        desk.feed(street, at=T0 + n)
    _, parent = desk.state.orders.values()
    assert desk.update("divide", DISPATCHER, T0 + HOUR, parent.id, category="water-leak") == ""
    [leak] = desk.order(parent.id).parts
    for action, who, said in (
        ("accept", WORKS, {}),
        ("handle", WORKS, {"evidence_urls": PICTURE}),
        ("check-pass", INSPECTOR, {}),
    ):
        assert desk.update(action, who, T0 + 2 * HOUR, leak.order, **said) == ""
    assert desk.order(parent.id).state == "closed"

    desk.tick(T0 + 2 * HOUR)

    assert desk.state.watches == {}
    assert desk.names().count("released") == 1
    assert_laws(desk)


def test_a_part_takes_over_nothing_that_is_watched() -> None:
    """What is seen is a matter of the joint order, also when the part is said to be of another group."""
    desk = joint()
    parked = detection("1", T0 + 2 * HOUR, "illegal-parking")
    desk.feed(parked, at=T0 + 2 * HOUR)

    said = {"category": "illegal-parking", "reason": "cars"}
    assert desk.update("re-categorise", DISPATCHER, T0 + 2 * HOUR, part(desk, "fire").id, **said) == ""

    assert part(desk, "fire").evidence_count == 1
    assert len(desk.state.watches) == 1
    assert_laws(desk)

"""What a parent incident covers comes up again when it ends."""

from typing import Any

import pytest

from dispatcher.arrivals.covered import held_back
from dispatcher.arrivals.watched.watch_rows import OF_ONE_ROW
from models.inbox import Actor, InboxUpdate
from tests.support.cities import appended
from tests.support.desks import (
    DAY,
    DISPATCHER,
    HOUR,
    INSPECTOR,
    OPERATOR,
    T0,
    Desk,
    assert_laws,
    detection,
    quiet_city,
    report,
)

WORKS = Actor("department", "works", "w")
END: dict[str, Any] = {"reason": "the water is gone"}


def flooded(settings: str = "camera_heartbeat_hours = 0.0\n") -> tuple[Desk, str]:
    """A desk with a flood, and the flood's order."""
    desk = Desk(quiet_city(settings))
    desk.feed(report("flood", T0, "路面积水", "flooding"), at=T0)
    return desk, desk.only().id


def test_the_words_of_what_a_flood_covers_are_not_the_floods() -> None:
    """Lamp 13 stands in the water of gate 12: whoever reports that means the flood all the same."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n"))
    desk.feed(report("1", T0, "府前路12号积水很深", "flooding"), at=T0)
    desk.feed(report("lamp", T0 + HOUR, "府前路13号灯杆的路灯不亮", "street-light"), at=T0 + HOUR)

    desk.feed(report("2", T0 + 2 * HOUR, "府前路12号积水很深", "flooding"), at=T0 + 2 * HOUR)

    assert [one.rule for one in desk.only().evidence_first] == ["", "covered:flooding", "near"]
    assert_laws(desk)


def test_what_is_like_something_that_is_covered_is_covered_as_well() -> None:
    """Also where both are of one merge group: it had joined the parent for good, and did not come up with the other."""
    more = {"inhibitions.csv": "parent,child,reason\nguardrail,pothole,both are repaired at once\n"}
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n", **more))
    desk.feed(report("rail", T0, "护栏被撞倒了", "guardrail"), at=T0)
    rail = desk.only().id
    for number in (1, 2):
        desk.feed(report(str(number), T0 + number * HOUR, "路上有个大坑"), at=T0 + number * HOUR)
    covered = [one.rule for one in desk.only().evidence_first]

    desk.update("force-close", OPERATOR, T0 + 3 * HOUR, rail, **END)
    desk.tick(T0 + 3 * HOUR)

    assert covered == ["", "covered:guardrail", "covered:guardrail"]
    (hole,) = (order for order in desk.state.orders.values() if order.id != rail)
    assert hole.reporters == ("hash-1", "hash-2")
    assert desk.order(rail).reporters == ("hash-rail",)
    assert_laws(desk)


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


@pytest.mark.parametrize("split", [False, True])
def test_a_report_counts_on_the_day_on_which_it_came_in_whenever_it_comes_up(split: bool) -> None:
    """What was received on a day that is over does not become less; only the opening is of the day on which it comes
    up. So it is where it joins what has come up before it, and is split off that again."""
    desk, flood = flooded()
    desk.feed(report("hole", T0 + HOUR, lat=30.058), at=T0 + HOUR)
    later = T0 + 3 * DAY
    if split:
        desk.feed(report("hole-2", T0 + 2 * HOUR, lat=30.0581), at=T0 + 2 * HOUR)

    assert desk.update("force-close", OPERATOR, later, flood, **END) == ""
    desk.tick(later)

    if split:
        hole = next(order for order in desk.state.orders.values() if order.evidence_count == 2)
        named = {"reason": "another hole", "report": ("app", "hole-2")}
        assert desk.update("split", OPERATOR, later + HOUR, hole.id, **named) == ""
        assert_laws(desk)
    assert desk.count("received", "area/south-w/20260302") == (3 if split else 2)
    assert desk.count("opened", "area/south-w/20260305") == (2 if split else 1)
    assert desk.count("received") == desk.count("received", "area/south-w/20260302")


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


def test_what_is_seen_on_after_a_parent_was_something_else_is_its_own_incident() -> None:
    """Also what the desk has had no time to let come up: the flood is a leaking pipe, which covers no lamps."""
    desk, flood = flooded()
    desk.feed(detection("1", T0 + HOUR, lat=30.0503), at=T0 + HOUR)
    before = desk.order(flood).evidence_count
    assert desk.update("re-categorise", DISPATCHER, T0 + 2 * HOUR, flood, category="water-leak", reason="a pipe") == ""

    desk.feed(detection("2", T0 + 3 * HOUR, lat=30.0503), at=T0 + 3 * HOUR)
    lamp = next(one for one in desk.state.orders.values() if one.id != flood)
    desk.update("reject", OPERATOR, T0 + 4 * HOUR, lamp.id, reason="burns")
    desk.feed(detection("3", T0 + 5 * HOUR, lat=30.0503), at=T0 + 5 * HOUR)

    assert [order.category for order in desk.state.orders.values()] == ["water-leak", "street-light", "street-light"]
    assert (desk.order(flood).evidence_count, flood in desk.state.tallies) == (before, False)
    assert_laws(desk)


def test_what_is_over_while_a_parent_covers_it_does_not_come_up() -> None:
    """Its camera has said so; nobody has to go there. What is there again, later than the hold time, comes up."""
    desk, flood = flooded()
    for n in (1, 2, 3):
        desk.feed(detection(f"lamp-{n}", T0, lat=30.0503, object_id=f"o{n}"), at=T0)
    for n in (1, 2):
        desk.feed(detection(f"end-{n}", T0 + HOUR, lat=30.0503, object_id=f"o{n}", phase="end"), at=T0 + HOUR)
    desk.feed(detection("again-2", T0 + 3 * HOUR, lat=30.0503, object_id="o2", phase="start"), at=T0 + 3 * HOUR)

    assert desk.update("force-close", OPERATOR, T0 + 4 * HOUR, flood, **END) == ""
    desk.tick(T0 + 4 * HOUR)

    (lamps,) = (one for one in desk.state.orders.values() if one.id != flood)
    assert [each.id for each in lamps.evidence_first] == ["lamp-3", "again-2"]
    assert desk.state.watches == {}
    assert_laws(desk)


def test_a_parent_of_which_all_children_are_over_forgets_them() -> None:
    """However many rows they had filled."""
    desk, flood = flooded()
    many = OF_ONE_ROW + 3
    for word in ("start", "end"):
        for n in range(many):
            desk.feed(detection(f"{word}-{n}", T0, lat=30.0503, object_id=f"o{n}", phase=word), at=T0)

    assert sum(len(row.seen) for row in desk.state.watches.values()) == 0
    desk.update("force-close", OPERATOR, T0 + HOUR, flood, **END)
    desk.tick(T0 + HOUR)

    assert (len(desk.state.orders), desk.state.watches) == (1, {})
    assert_laws(desk)


def test_what_a_parent_covers_is_covered_again_after_a_while_and_no_part_of_it() -> None:
    """It had become the flood's own by being news: once the flood was a pipe its looks went there."""
    desk, flood = flooded("camera_heartbeat_hours = 0.0\ndetection_hold_minutes = 10.0\n")
    for name, hour, phase in (("1", 0, "start"), ("2", 1, "end"), ("3", 2, "start")):
        desk.feed(detection(name, T0 + hour * HOUR, lat=30.0503, phase=phase), at=T0 + hour * HOUR)
    assert [each.rule for each in desk.order(flood).evidence_first] == ["", "covered:flooding", "covered:flooding"]

    desk.update("re-categorise", DISPATCHER, T0 + 3 * HOUR, flood, category="water-leak", reason="a pipe")
    desk.tick(T0 + 3 * HOUR)
    desk.feed(detection("4", T0 + 4 * HOUR, lat=30.0503), at=T0 + 4 * HOUR)

    assert [one.category for one in desk.state.orders.values()] == ["water-leak", "street-light"]
    assert_laws(desk)


def test_a_parent_that_is_merged_into_something_else_covers_nothing_any_more() -> None:
    """What it had covered comes up at once, and what is seen of it later is no repeat of the other order."""
    desk, flood = flooded()
    desk.feed(detection("1", T0, lat=30.0508), report("leak", T0, "水管爆了", "water-leak", lat=30.06), at=T0)
    leak = next(one for one in desk.state.orders.values() if one.category == "water-leak")

    assert desk.update("merge", OPERATOR, T0 + HOUR, flood, other_order_id=leak.id, reason="one pipe") == ""
    desk.feed(detection("2", T0 + 2 * HOUR, lat=30.0508), at=T0 + 2 * HOUR)

    assert [order.category for order in desk.state.orders.values()][2:] == ["street-light"]
    assert (desk.order(leak.id).evidence_count, leak.id in desk.state.tallies) == (1, False)
    assert_laws(desk)


def test_what_a_merged_flood_covers_stays_with_the_flood_it_goes_on_in() -> None:
    """The camera that sees the lamp again tells nobody; once that flood was a pipe, its look is a lamp of its own."""
    desk, first = flooded()
    desk.feed(detection("1", T0, lat=30.0508), report("flood-2", T0, "车库进水", "flooding", lat=30.0515), at=T0)
    second = next(one for one in desk.state.orders if one != first)
    desk.update("merge", OPERATOR, T0, first, other_order_id=second, reason="one flood")

    desk.feed(detection("2", T0 + HOUR, lat=30.0508), at=T0 + HOUR)
    assert desk.state.tallies[second].sightings == 1
    desk.update("re-categorise", DISPATCHER, T0 + 2 * HOUR, second, category="water-leak", reason="a pipe")
    desk.tick(T0 + 2 * HOUR)
    lamp = list(desk.state.orders.values())[-1]
    desk.update("reject", OPERATOR, T0 + 3 * HOUR, lamp.id, reason="burns")
    desk.feed(detection("3", T0 + 4 * HOUR, lat=30.0508), at=T0 + 4 * HOUR)

    assert [order.category for order in desk.state.orders.values()][2:] == ["street-light", "street-light"]
    assert desk.state.tallies[second].sightings == 1
    assert_laws(desk)


def test_an_ended_flood_is_not_reopened_by_what_it_covered() -> None:
    """The camera that sees the lamp again speaks of the lamp."""
    desk, flood = flooded()
    desk.feed(detection("1", T0 + HOUR, lat=30.0503), at=T0 + HOUR)
    desk.update("force-close", OPERATOR, T0 + 2 * HOUR, flood, **END)

    desk.feed(detection("2", T0 + DAY, lat=30.0503), at=T0 + DAY)

    assert desk.order(flood).state == "closed"
    assert [one.category for one in desk.state.orders.values()] == ["flooding", "street-light"]


def test_all_children_of_a_storm_come_up_however_many_rows_they_fill() -> None:
    """A row holds what fits into a record; of a reporter the desk keeps what an order keeps."""
    desk, flood = flooded()
    children = 2 * OF_ONE_ROW + 50
    for n in range(children):
        desk.feed(detection(f"d{n}", T0, "street-light", lat=30.0503, object_id=f"o{n}", contact="sealed"), at=T0)

    rows = [desk.state.watches[name] for name in sorted(desk.state.watches)]
    assert [len(row.seen) for row in rows] == [OF_ONE_ROW, OF_ONE_ROW, 50]
    assert [one.id for row in rows for one in row.seen] == [f"d{n}" for n in range(children)]
    assert {one.contact for row in rows for one in row.seen} == {""}
    desk.update("force-close", OPERATOR, T0 + HOUR, flood, **END)
    desk.tick(T0 + HOUR)

    assert desk.state.watches == {}
    (lamp,) = (order for order in desk.state.orders.values() if order.id != flood)
    assert lamp.evidence_count == children
    assert_laws(desk)


def test_a_flood_that_goes_on_in_another_hands_on_all_its_children() -> None:
    """Row by row as they were."""
    desk, first = flooded()
    for n in range(OF_ONE_ROW + 7):
        desk.feed(detection(f"d{n}", T0, "street-light", lat=30.0508, object_id=f"o{n}"), at=T0)
    desk.feed(report("flood-2", T0, "地下车库进水一米深", "flooding", lat=30.0515), at=T0)
    second = next(one for one in desk.state.orders if one != first)

    assert desk.update("merge", OPERATOR, T0, first, other_order_id=second, reason="one flood") == ""

    rows = [desk.state.watches[name] for name in sorted(desk.state.watches)]
    assert [(row.order_id, len(row.seen)) for row in rows] == [(second, OF_ONE_ROW), (second, 7)]
    assert_laws(desk)


def test_what_is_remembered_of_children_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ones of an endless storm come up."""
    monkeypatch.setattr(held_back, "COVERED_ROWS", 1)
    desk, flood = flooded()
    for n in range(2 * OF_ONE_ROW + 3):
        desk.feed(report(f"h{n}", T0, f"坑{n}", lat=30.0501 + n * 1e-6), at=T0)

    assert sum(len(row.seen) for row in desk.state.watches.values()) == 2 * OF_ONE_ROW
    desk.update("force-close", OPERATOR, T0 + HOUR, flood, **END)
    desk.tick(T0 + HOUR)
    assert desk.state.watches == {}
    assert desk.count("received") == 2 * OF_ONE_ROW + 4
    assert_laws(desk)


def test_what_a_parent_covers_as_something_else_too_stays_part_of_it() -> None:
    """Each that came up was covered anew by the same order, behind the others that were to come up: without an end."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n", **appended("inhibitions.csv", "water-leak,road,together")))
    desk.feed(report("flood", T0, "路面积水", "flooding"), at=T0)
    flood = desk.only().id
    desk.feed(report("hole", T0, lat=30.058), *(detection(f"d{n}", T0, object_id=f"o{n}") for n in range(2)), at=T0)
    desk.update("re-categorise", DISPATCHER, T0 + HOUR, flood, category="water-leak", reason="a pipe")

    assert desk.tick(T0 + HOUR) == []
    assert (desk.only().evidence_count, len(desk.only().report_keys)) == (4, 2)

    desk.update("force-close", OPERATOR, T0 + 2 * HOUR, flood, **END)
    desk.tick(T0 + 2 * HOUR)

    assert [one.category for one in desk.state.orders.values()] == ["water-leak", "pothole", "street-light"]
    assert desk.state.watches == {}
    assert_laws(desk)


def test_what_has_not_come_up_when_a_parent_is_reopened_stays_part_of_it() -> None:
    """All that is covered then comes up when it ends again: also what was covered since, and more rows of it."""
    desk, flood = flooded()
    many = OF_ONE_ROW + 5
    for n in range(many):
        desk.feed(detection(f"d{n}", T0, lat=30.0503, object_id=f"o{n}"), at=T0)
    step: dict[str, Any] = {"area": "south-w", "order_id": flood, "at": T0 + HOUR, "by": OPERATOR, "reason": "mistaken"}
    desk.feed(
        *(InboxUpdate(source="test", id=each, action=each, **step) for each in ("force-close", "reopen")),
        detection("late", T0 + HOUR, lat=30.0503, object_id="late"),
        at=T0 + HOUR,
    )

    assert desk.tick(T0 + HOUR) == []
    assert (desk.only().state, desk.only().evidence_count) == ("assigned", many + 2)
    assert sum(len(row.seen) for row in desk.state.watches.values()) == many + 1
    desk.update("force-close", OPERATOR, T0 + 2 * HOUR, flood, **END)
    desk.tick(T0 + 2 * HOUR)

    (lamp,) = (order for order in desk.state.orders.values() if order.id != flood)
    assert (lamp.evidence_count, desk.state.watches) == (many + 1, {})
    assert_laws(desk)


@pytest.mark.parametrize(
    "own", [{"lat": 30.0502}, {"lat": None, "lon": None, "address": "大坑路"}], ids=["by place", "by words"]
)
def test_what_turns_out_to_be_the_parent_itself_stays_part_of_it(own: dict[str, Any]) -> None:
    """A flood that is a hole: the hole's report was taken out of the very order that it had joined, and was in none."""
    desk = Desk(quiet_city())
    text = "大坑路上有个大坑，积水了"
    desk.feed(report("flood", T0, text, "flooding", **own), at=T0)
    flood = desk.only().id
    desk.feed(report("hole", T0 + HOUR, text, **own), at=T0 + HOUR)
    desk.update("re-categorise", DISPATCHER, T0 + 2 * HOUR, flood, category="pothole", reason="a hole")

    assert desk.tick(T0 + 2 * HOUR) == []
    hole = desk.only()
    assert (hole.evidence_count, hole.reporters, hole.linked) == (2, ("hash-flood", "hash-hole"), ())
    assert desk.update("comment", OPERATOR, T0 + 3 * HOUR, report=("app", "hole"), reason="seen") == ""
    assert_laws(desk)


def test_a_row_of_children_that_are_over_is_filled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lamp that flickers took a row each time, until no more could be remembered."""
    monkeypatch.setattr(held_back, "COVERED_ROWS", 2)
    desk, flood = flooded()
    for n in range(OF_ONE_ROW):
        desk.feed(detection(f"d{n}", T0, lat=30.0503, object_id=f"o{n}"), at=T0)
    for n in range(4):
        for word in ("start", "end"):
            at = T0 + n * DAY
            desk.feed(detection(f"{word}-{n}", at, lat=30.0503, object_id=f"f{n}", phase=word), at=at)
    desk.feed(detection("last", T0 + 4 * DAY, lat=30.0503, object_id="last"), at=T0 + 4 * DAY)

    assert [one.id for row in desk.state.watches.values() for one in row.seen][-1] == "last"
    desk.update("force-close", OPERATOR, T0 + 5 * DAY, flood, **END)
    desk.tick(T0 + 5 * DAY)
    assert desk.state.watches == {}
    assert_laws(desk)

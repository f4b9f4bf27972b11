"""Camera re-checks 复核: the camera that has seen an order looks again, before a person has to go there."""

from typing import Any

import msgspec
import pytest

from dispatcher.desk import DeskState
from dispatcher.order import facts
from dispatcher.order.row import Order
from dispatcher.partition.identity import share
from models.events import RECHECK, REWORK
from models.inbox import Actor, InboxUpdate, PackChange
from tests.support.cities import LEVELS, appended
from tests.support.desks import (
    DAY,
    DISPATCHER,
    HOUR,
    INSPECTOR,
    MINUTE,
    T0,
    Desk,
    assert_laws,
    detection,
    facts_of,
    guess,
    quiet_city,
    report,
)
from tests.unit.steps.test_desk_returns import ROADS

PHOTO = ("https://pictures.example/done.jpg",)
SEEN = ("https://pictures.example/still-there.jpg",)
LIMITS = "category,condition,stage,amount,unit\n*,,check,4,hour24\n"
INSPECTORS = "id,areas,lat,lon,checks_max\nina,south,30.05,114.05,\n"
ASKED = T0 + HOUR
CAMERA = Actor("camera", "", "cam-sw-1")


def desk_with(settings: str = "recheck_share = 0.0", **files: str) -> Desk:
    """A desk whose cameras are waited for an hour; a check may take four."""
    tables = {"limits.csv": LIMITS, "inspectors.csv": INSPECTORS} | files
    return Desk(quiet_city(f"recheck_minutes = 60.0\n{settings}\n", **tables))


def handled(desk: Desk, number: int = 1, at: int = ASKED, by: Actor = ROADS, **own: Any) -> str:
    """One more pothole that a camera has seen twice, handled at an instant; its order's id. Each lies far from the
    others."""
    known = set(desk.state.orders)
    place: dict[str, Any] = {"lat": 30.05 + number / 100, "object_id": f"hole-{number}"} | own
    desk.feed(*(detection(f"{number}-{n}", at - HOUR, "pothole", **place) for n in (1, 2)), at=at - HOUR)
    [order_id] = set(desk.state.orders) - known
    desk.update("accept", by, at, order=order_id)
    desk.update("handle", by, at, order=order_id, evidence_urls=PHOTO)
    return order_id


def seen(desk: Desk, at: int, number: int = 1, **own: Any) -> None:
    """The same camera sees the same pothole, or (`phase="end"`) that it is gone."""
    place: dict[str, Any] = {"lat": 30.05 + number / 100, "object_id": f"hole-{number}"} | own
    desk.feed(detection(f"again-{at}-{number}", at, "pothole", **place), at=at)


def asked(desk: Desk) -> list[dict[str, Any]]:
    """What cameras were asked."""
    found = [out for out in desk.sent if out.topic == "rechecks"]
    assert all(dict(out.headers)["ce_type"] == RECHECK.encode() for out in found)
    return [msgspec.json.decode(out.value) | {"key": out.key} for out in found]


def answered(desk: Desk) -> list[str]:
    """What came of asking cameras where a person makes the check."""
    return [fact.outcome for fact in facts_of(desk.sent) if isinstance(fact, facts.RecheckAnswered)]


def checks(order: Order) -> list[tuple[bool, str, str]]:
    """The checks of an order: passed or not, by whom."""
    return [(check.passed, check.by.role, check.by.id) for check in order.checks]


def test_the_camera_that_has_seen_an_order_is_asked_when_it_is_handled() -> None:
    """Under its own name as key, with what it had seen and until when it is waited for; nobody is sent there yet."""
    desk = desk_with()

    order_id = handled(desk, bbox=(1.0, 2.0, 3.0, 4.0), media_urls=SEEN)

    [request] = asked(desk)
    assert request == {
        "key": "cam-sw-1",
        "order_id": order_id,
        "seq": desk.only().seq,
        "attempt": 1,
        "at": "2026-03-02T02:00:00.000Z",
        "due": "2026-03-02T03:00:00.000Z",
        "camera": "cam-sw-1",
        "source": "cams",
        "label": "pothole",
        "algorithm": "a1",
        "object_id": "hole-1",
        "bbox": [1.0, 2.0, 3.0, 4.0],
        "category": "pothole",
        "media_urls": list(SEEN),
    }
    assert (desk.only().state, desk.only().inspector) == ("handled", "")
    assert_laws(desk)


def test_the_end_of_what_it_had_seen_passes_the_check() -> None:
    """The camera is recorded as the checker, and the order is closed."""
    desk = desk_with()
    handled(desk)

    seen(desk, ASKED + MINUTE, phase="end")

    order = desk.only()
    assert (order.state, order.recheck) == ("closed", None)
    assert checks(order) == [(True, "camera", "cam-sw-1")]
    assert (desk.count("closed"), desk.count("rechecked")) == (1, 1)
    assert_laws(desk)


@pytest.mark.parametrize("own", [{}, {"phase": "ongoing"}, {"object_id": "another-hole"}])
def test_the_same_incident_seen_again_fails_the_check_with_the_picture(own: dict[str, Any]) -> None:
    """It is done again, as after an inspector's check, in the same limit; the picture is the evidence."""
    desk = desk_with()
    handled(desk)

    seen(desk, ASKED + MINUTE, media_urls=SEEN, **own)

    order = desk.only()
    assert (order.state, order.attempt, order.assignments[-1].reworks) == ("accepted", 2, 1)
    assert checks(order) == [(False, "camera", "cam-sw-1")]
    [check] = [fact for fact in facts_of(desk.sent) if isinstance(fact, facts.Checked)]
    assert check.evidence_urls == SEEN
    reworks = [out.value for out in desk.sent if dict(out.headers).get("ce_type") == REWORK.encode()]
    assert [msgspec.json.decode(each)["evidence_urls"] for each in reworks] == [list(SEEN)] * 2  # lead and assist
    assert_laws(desk)


def test_words_that_nobody_is_sure_of_are_no_look() -> None:
    """A camera that describes the street where the hole was: it had failed the check. Sure words of the hole do."""
    desk = desk_with()
    handled(desk, label="scene", object_id="")
    unsure = guess("pothole", 0.4, outcome="abstain", reason="uncertain")

    for at, said in ((ASKED + MINUTE, unsure), (ASKED + HOUR - MINUTE, guess("pothole"))):
        desk.feed(detection(str(at), at, "", lat=30.06, label="scene", text="a man at a fence", guess=said), at=at)
        assert len(checks(desk.only())) == (said is not unsure)
    assert checks(desk.only()) == [(False, "camera", "cam-sw-1")]


def test_after_a_rework_the_camera_is_asked_again() -> None:
    """About the next attempt."""
    desk = desk_with()
    handled(desk)
    seen(desk, ASKED + MINUTE)

    desk.update("handle", ROADS, ASKED + HOUR, evidence_urls=PHOTO)
    seen(desk, ASKED + HOUR + MINUTE, phase="end")

    assert [request["attempt"] for request in asked(desk)] == [1, 2]
    assert [passed for passed, _, _ in checks(desk.only())] == [False, True]
    assert desk.only().state == "closed"


@pytest.mark.parametrize(
    "own",
    [
        {"camera": "cam-sw-2"},  # another one
        {"camera": "cam-sw-2", "phase": "end"},
        {"phase": "end", "object_id": "another-hole"},  # of something else
        {"at": ASKED},  # before it was asked
        {"at": ASKED - MINUTE, "phase": "end"},
        {"category": "street-vendor", "label": "vendor"},  # another order
    ],
)
def test_nothing_else_that_is_seen_is_a_look(own: dict[str, Any]) -> None:
    """By another camera, of another thing, or of the time before."""
    desk = desk_with()
    order_id = handled(desk)
    place: dict[str, Any] = {"lat": 30.06, "object_id": "hole-1", "category": "pothole", "at": ASKED + MINUTE} | own

    desk.feed(detection("late", place.pop("at"), **place), at=ASKED + MINUTE)

    assert desk.order(order_id).state == "handled"
    assert desk.order(order_id).recheck is not None
    assert_laws(desk)


@pytest.mark.parametrize(
    ("own", "came_to", "checked"),
    [
        (None, "handled", []),  # it says no more: a person looks
        ({"phase": "end"}, "closed", [(True, "camera", "cam-sw-1")]),  # it tells of the end once more
        ({}, "accepted", [(False, "camera", "cam-sw-1")]),  # it sees it again, a moment after that end
    ],
)
def test_an_end_that_was_seen_before_it_was_handled_passes_nothing(
    own: dict[str, Any] | None, came_to: str, checked: list[tuple[bool, str, str]]
) -> None:
    """The camera is asked all the same, and only what it sees after that is its look."""
    desk = desk_with()
    seen(desk, ASKED - HOUR, media_urls=SEEN)
    seen(desk, ASKED - HOUR + 1)
    seen(desk, ASKED - 1, phase="end")
    desk.update("accept", ROADS, ASKED)
    desk.update("handle", ROADS, ASKED, evidence_urls=PHOTO)
    assert (len(asked(desk)), desk.only().state) == (1, "handled")

    if own is not None:
        seen(desk, ASKED + MINUTE, **own)
    desk.tick(ASKED + HOUR)

    assert (desk.only().state, checks(desk.only())) == (came_to, checked)
    assert answered(desk) == (["silent"] if own is None else [])
    assert_laws(desk)


def test_a_camera_that_is_silent_leaves_the_check_to_a_person() -> None:
    """At its deadline, and no later; what it says then comes too late."""
    desk = desk_with()
    handled(desk)

    desk.tick(ASKED + HOUR - 1)
    assert answered(desk) == []
    desk.tick(ASKED + HOUR)

    assert answered(desk) == ["silent"]
    assert (desk.only().recheck, desk.only().inspector) == (None, "ina")
    assert desk.update("check-pass", CAMERA, ASKED + HOUR) == "not-asked"
    assert desk.update("check-pass", INSPECTOR, ASKED + 2 * HOUR) == ""
    assert desk.only().checks[0].camera_found == ""
    assert_laws(desk)


def test_a_person_keeps_time_for_the_check() -> None:
    """The camera is waited for no longer than until the check's limit is warned of."""
    desk = Desk(quiet_city("recheck_minutes = 6000.0\n", **{"limits.csv": LIMITS}))
    handled(desk)

    recheck = desk.only().recheck
    assert recheck is not None
    assert recheck.due == ASKED + 4 * HOUR * 8 // 10


@pytest.mark.parametrize(
    ("settings", "camera"),
    [("recheck_minutes = 0.0", "cam-sw-1"), ("recheck_minutes = 60.0", "nobody-knows-it")],
)
def test_without_a_camera_to_ask_an_inspector_has_the_check_at_once(settings: str, camera: str) -> None:
    """Where the city asks none, or has no such camera in its registry."""
    desk = Desk(quiet_city(settings, **{"inspectors.csv": INSPECTORS}))

    handled(desk, camera=camera)

    assert (asked(desk), desk.only().inspector) == ([], "ina")


def test_what_citizens_alone_have_seen_no_camera_is_asked_about() -> None:
    """Nor about its own silence."""
    desk = desk_with()
    desk.feed(report("1", T0, guess=guess("pothole")), at=T0)
    desk.update("accept", ROADS, T0)
    desk.update("handle", ROADS, ASKED, evidence_urls=PHOTO)
    assert (asked(desk), desk.only().inspector) == ([], "ina")

    silent = Desk(quiet_city("recheck_minutes = 60.0\ncamera_heartbeat_hours = 1.0\noutage_minutes = 0.0\n"))
    silent.feed(detection("1", T0, phase="end"), at=T0)
    silent.tick(T0 + 3 * HOUR)
    police = Actor("department", "police", "pei")
    silent.update("accept", police, T0 + 3 * HOUR)
    silent.update("handle", police, T0 + 3 * HOUR, evidence_urls=PHOTO)
    assert (silent.only().state, asked(silent)) == ("handled", [])


def answer(desk: Desk, order_id: str, action: str, at: int, **own: Any) -> str:
    """What a device says to being asked; the refusal's name, or empty."""
    given: dict[str, Any] = {"source": "cams", "by": CAMERA, "sender": CAMERA} | own
    desk.clock = max(desk.clock, at)
    desk._updates += 1
    update = InboxUpdate(id=f"look-{desk._updates}", at=at, action=action, area="south-w", order_id=order_id, **given)
    refused = [fact for fact in facts_of(desk.feed(update)) if isinstance(fact, facts.UpdateRefused)]
    return refused[0].reason if refused else ""


@pytest.mark.parametrize(("action", "state"), [("check-pass", "closed"), ("check-fail", "accepted")])
def test_an_answer_is_the_check(action: str, state: str) -> None:
    """An empty look passes it, the other one fails it with its picture."""
    desk = desk_with()
    order_id = handled(desk)

    assert answer(desk, order_id, action, ASKED + MINUTE, evidence_urls=SEEN) == ""

    assert (desk.only().state, checks(desk.only())) == (state, [(action == "check-pass", "camera", "cam-sw-1")])
    assert answer(desk, order_id, action, ASKED + MINUTE) in ("not-asked", "wrong-state")
    assert_laws(desk)


@pytest.mark.parametrize(
    "own",
    [
        {"by": Actor("camera", "", "cam-sw-2"), "sender": Actor("camera", "", "cam-sw-2")},
        {"by": Actor("camera"), "sender": Actor("camera")},
        {"source": "another-platform"},
    ],
)
def test_only_the_camera_that_was_asked_may_answer(own: dict[str, Any]) -> None:
    """And only under the source of what it had seen."""
    desk = desk_with()
    order_id = handled(desk)

    assert answer(desk, order_id, "check-pass", ASKED + MINUTE, **own) == "not-asked"
    assert desk.only().state == "handled"


def test_a_camera_that_was_asked_under_a_source_with_blanks_may_answer() -> None:
    """Rows of before have them; of what comes in they are cut off."""
    desk = desk_with()
    order_id = handled(desk, source="cams ")

    assert answer(desk, order_id, "check-pass", ASKED + MINUTE) == ""


def test_nobody_checks_by_a_camera_that_was_not_asked() -> None:
    """An order of citizens has none; nor has one whose check was given to a person by hand the camera's word."""
    desk = desk_with(**{"inspectors.csv": INSPECTORS + "ben,south,30.05,114.05,\n"})
    order_id = handled(desk)

    assert desk.update("give-check", DISPATCHER, ASKED, inspector="ben") == ""
    assert answer(desk, order_id, "check-pass", ASKED + MINUTE) == ""

    assert (answered(desk), desk.only().state, desk.only().inspector) == (["passed"], "handled", "ben")
    assert answer(desk, order_id, "check-fail", ASKED + MINUTE) == "not-asked"
    assert_laws(desk)


def test_a_share_of_passes_is_checked_by_people_all_the_same() -> None:
    """The share of the city, drawn from the orders' ids and nothing else; what fails is no matter of it."""
    desk = desk_with("recheck_share = 0.5", **{"limits.csv": "category,condition,stage,amount,unit\n"})
    orders = [handled(desk, number) for number in range(1, 21)]

    for number in range(1, 21):
        seen(desk, ASKED + MINUTE, number, phase="end")

    sampled = {order for order in orders if desk.order(order).state == "handled"}
    assert sampled == {order for order in orders if share(f"recheck {order}") < 0.5}
    assert 0 < len(sampled) < 20
    assert all(desk.order(order).inspector == "ina" for order in sampled)
    assert_laws(desk)


@pytest.mark.parametrize("passed", [True, False])
def test_how_cameras_and_inspectors_agree_is_an_indicator(passed: bool) -> None:
    """Of the orders at which both have looked; the inspector's check is the one that counts."""
    desk = desk_with("recheck_share = 1.0")
    handled(desk)
    seen(desk, ASKED + MINUTE, phase="end")
    assert (answered(desk), desk.only().state) == (["passed"], "handled")

    desk.update("check-pass" if passed else "check-fail", INSPECTOR, ASKED + HOUR)

    assert desk.only().state == ("closed" if passed else "accepted")
    assert (desk.count("recheck_compared"), desk.count("recheck_agreed")) == (1, int(passed))
    assert desk.count("recheck_compared", "category/pothole") == 1
    assert desk.count("rechecked") == 0
    assert_laws(desk)


def test_what_a_reporter_says_is_no_pair() -> None:
    """Whether it is settled for them is another question."""
    desk = desk_with("recheck_share = 1.0")
    handled(desk)
    desk.feed(report("1", ASKED, lat=30.06, guess=guess("pothole"), reporter="r1"), at=ASKED)
    seen(desk, ASKED + MINUTE, phase="end")

    assert desk.update("check-pass", Actor("reporter", "", "r1"), ASKED + HOUR) == ""

    assert (desk.only().state, desk.count("recheck_compared")) == ("closed", 0)


def disagreeing(desk: Desk, count: int) -> int:
    """So many potholes that the camera finds gone and an inspector there; the number of the last."""
    for number in range(1, count + 1):
        order_id = handled(desk, number)
        seen(desk, ASKED + MINUTE, number, phase="end")
        desk.update("check-fail", INSPECTOR, ASKED + 2 * MINUTE, order=order_id)
        desk.update("force-close", Actor("operator", "", "olga"), ASKED + 2 * MINUTE, order=order_id, reason="r")
    return count


def test_a_category_in_which_cameras_err_loses_the_right() -> None:
    """With enough pairs: a person has the check at once, whatever the camera finds, until they agree again."""
    desk = desk_with("recheck_share = 1.0\nrecheck_pairs_min = 3\nrecheck_agreement_min = 0.5\n")
    disagreeing(desk, 3)
    later = ASKED + DAY

    fourth = handled(desk, 4, later)
    assert (desk.order(fourth).inspector, asked(desk)[-1]["order_id"]) == ("ina", fourth)
    seen(desk, later + MINUTE, 4, media_urls=SEEN)
    assert (answered(desk)[-1], desk.order(fourth).state) == ("failed", "handled")
    desk.update("check-fail", INSPECTOR, later + 2 * MINUTE, order=fourth)
    assert desk.order(fourth).checks[0].camera_found == "failed"

    for number in (5, 6):  # then three of six agree
        order_id = handled(desk, number, later)
        seen(desk, later + MINUTE, number, phase="end")
        desk.update("check-pass", INSPECTOR, later + 2 * MINUTE, order=order_id)
    seventh = handled(desk, 7, later)
    assert desk.order(seventh).inspector == ""
    assert_laws(desk)


def test_a_pack_that_asks_for_less_gives_the_right_back() -> None:
    """Its limit is asked each time; another category has never lost it."""
    desk = desk_with("recheck_share = 1.0\nrecheck_pairs_min = 3\nrecheck_agreement_min = 0.5\n")
    disagreeing(desk, 3)
    desk.feed(detection("lamp", ASKED, lat=30.2), at=ASKED)
    [lamp] = [order.id for order in desk.state.orders.values() if order.category == "street-light"]
    works = Actor("department", desk.order(lamp).department, "wu")
    desk.update("accept", works, ASKED, order=lamp)
    desk.update("handle", works, ASKED, order=lamp, evidence_urls=PHOTO)
    assert desk.order(lamp).inspector == ""

    lenient = quiet_city("recheck_minutes = 60.0\nrecheck_agreement_min = 0.0\n", **{"inspectors.csv": INSPECTORS})
    desk.cities[lenient.digest] = desk.city = lenient
    desk.feed(PackChange(lenient.digest, 1), at=ASKED + HOUR)
    assert desk.order(handled(desk, 9, ASKED + DAY)).inspector == ""


def test_what_was_handed_down_is_asked_about_once_it_is_confirmed() -> None:
    """A department above answers for it first."""
    desk = desk_with(**appended("departments.csv", *(f"{row}," for row in LEVELS)))
    desk.feed(*(detection(f"d{n}", T0, "pothole", object_id="hole-1", lat=30.06) for n in (1, 2)), at=T0)
    below = sorted(desk.city.hierarchy.below("roads"))[0]
    desk.update("accept", ROADS, T0)
    desk.update("forward", ROADS, T0, department=below)
    under = Actor("department", below, "xiao")
    desk.update("accept", under, T0)
    desk.update("handle", under, ASKED, evidence_urls=PHOTO)
    assert asked(desk) == []

    assert desk.update("check-pass", ROADS, ASKED) == ""
    seen(desk, ASKED + MINUTE, phase="end")

    assert (len(asked(desk)), desk.only().state) == (1, "closed")
    assert_laws(desk)


def test_a_restored_desk_waits_for_the_same_camera() -> None:
    """The deadline stands in the order's row."""
    desk = desk_with()
    handled(desk)
    desk.state = DeskState.restore(3, list(desk.rows.items()), list(desk.figure_rows.items()))

    desk.tick(ASKED + HOUR)

    assert (answered(desk), desk.only().inspector) == (["silent"], "ina")

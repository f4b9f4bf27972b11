"""Sightings into orders: identity, fingerprints, places, candidates, watching, silences, inhibition, cameras."""

from typing import Any

import pytest

from dispatcher.arrivals import nearby
from dispatcher.arrivals.worded.gists import gist_of, similarity
from dispatcher.order.folds.evidence import KEPT
from dispatcher.order.row import kept_evidence
from dispatcher.partition.identity import area_of, order_id, share
from dispatcher.partition.overlay import FORGOTTEN_AT_ONCE, Overlay
from dispatcher.partition.state import DeskState
from models.city import read_city
from models.city.ground.distances import distance_m
from models.inbox import UNLOCATED, Actor, Heard, Sighting
from models.times import day_number, from_text, local_day
from streams.gateway.orders.order_document import document
from streams.tables.marks import marks_of, perhaps_same
from tests.support.desks import (
    DAY,
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

POLICE = Actor("department", "police", "pan")
ROADS = Actor("department", "roads", "ren")


def close(desk: Desk, department: Actor, at: int) -> None:
    """Take the only order through its life."""
    desk.update("accept", department, at)
    desk.update("handle", department, at, evidence_urls=("e",))
    desk.update("check-pass", INSPECTOR, at)
    assert desk.only().state == "closed"


def settle(desk: Desk, order_id: str, at: int) -> None:
    """Take one of several orders of the roads bureau through its life."""
    desk.update("accept", ROADS, at, order_id)
    desk.update("handle", ROADS, at, order_id, evidence_urls=("e",))
    assert desk.update("check-pass", INSPECTOR, at, order_id) == ""


def test_an_orders_id_comes_from_its_founding_evidence() -> None:
    """Area, local day and ten characters of a digest; it never changes."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)

    expected = order_id("south-w", day_number(local_day(T0, desk.city.zone)), "app", "1")
    assert desk.only().id == expected
    assert expected.startswith("south-w-20260302-")
    assert area_of(expected) == "south-w"


def test_the_same_event_is_taken_once_within_its_window() -> None:
    """Source and id name an event, whatever else it says; other kinds have other windows."""
    desk = Desk()
    desk.feed(report("1", T0), report("1", T0, "别的话"), at=T0)
    desk.feed(report("1", T0, "又一次"), at=T0 + 6 * DAY)

    assert len(desk.state.orders) == 1
    assert desk.only().evidence_count == 1
    assert desk.count("duplicates") == 2
    assert desk.count("received") == 1


def test_identities_are_forgotten_after_their_window() -> None:
    """Memory is bounded: buckets that are over leave state and changelog."""
    desk = Desk()
    for n in range(5):
        desk.feed(detection(str(n), T0 + n * MINUTE, "street-light"), at=T0 + n * MINUTE)
    for n in range(10):
        desk.tick(T0 + DAY + n)

    assert [bucket for bucket in desk.state.seen if bucket.startswith("detection/")] == []
    assert [key for key in desk.rows if key.startswith("seen/detection/")] == []


def test_a_repeated_detection_is_tallied_without_a_fact() -> None:
    """Same camera, algorithm, label and object: counted beside the order."""
    desk = Desk()
    desk.feed(detection("1", T0), at=T0)
    facts = len(desk.names())
    for n in range(2, 30):
        desk.feed(detection(str(n), T0 + n * MINUTE), at=T0 + n * MINUTE)

    order = desk.only()
    assert len(desk.names()) == facts
    assert desk.state.tallies[order.id].sightings == 28
    assert desk.state.tallies[order.id].last_seen == T0 + 29 * MINUTE
    assert desk.count("detections") == 29
    assert desk.count("merged") == 28
    assert_laws(desk)


def scene(id: str, at: int, shows: str, **own: Any) -> Sighting:
    """What a camera describes under one label, of which a classifier is sure unless `shows` is empty."""
    said = guess(shows) if shows else guess("pothole", outcome="abstain")
    return detection(id, at, "", label="person", text=f"one, {shows}", guess=said, **own)


def test_another_thing_described_under_the_same_label_is_an_order_of_its_own() -> None:
    """A person stands beside a broken lamp and later in a flood: the flood is no repeat of the lamp."""
    desk = Desk()
    for n, shows in enumerate(("street-light", "flooding", "street-light", "flooding", "flooding")):
        desk.feed(scene(str(n), T0 + n * MINUTE, shows), at=T0 + n * MINUTE)

    lamp, flood = desk.state.orders.values()
    assert (lamp.category, flood.category) == ("street-light", "flooding")
    assert (desk.state.tallies[lamp.id].sightings, desk.state.tallies[flood.id].sightings) == (1, 2)
    assert_laws(desk)


def test_what_nobody_can_tell_from_a_description_repeats_what_the_camera_has_seen() -> None:
    """Be it in words of which the classifier is not sure, or the end of it."""
    desk = Desk()
    desk.feed(scene("1", T0, "street-light"), at=T0)
    desk.feed(scene("2", T0 + MINUTE, ""), at=T0 + MINUTE)
    desk.feed(scene("3", T0 + HOUR, "flooding", phase="end"), at=T0 + HOUR)

    tally = desk.state.tallies[desk.only().id]
    assert (tally.sightings, tally.ended_at) == (2, T0 + HOUR)
    assert_laws(desk)


def test_what_a_person_has_to_name_does_not_cover_what_is_surely_described() -> None:
    """An order without a category does not take in a flood, because the same camera has seen it."""
    desk = Desk()
    desk.feed(scene("1", T0, ""), at=T0)
    desk.feed(scene("2", T0 + MINUTE, "flooding"), at=T0 + MINUTE)

    assert sorted(order.category for order in desk.state.orders.values()) == ["", "flooding"]
    assert_laws(desk)


def survey(id: str, at: int, lat: float, **own: Any) -> Sighting:
    """What a drone that the registry does not have sees at a place."""
    place: dict[str, Any] = {"place": "unregistered", "lat": lat} | own
    return detection(id, at, "street-light", "drone-1", **place)


@pytest.mark.parametrize("place", ["unregistered", "polygon"])
def test_what_a_drone_sees_in_two_places_is_two_incidents(place: str) -> None:
    """Whether it is registered or not: its label is the same, the lamps are a kilometre apart."""
    desk = Desk()
    for n in range(6):
        desk.feed(survey(str(n), T0 + n * MINUTE, (30.05, 30.06)[n % 2], place=place), at=T0 + n * MINUTE)

    orders = list(desk.state.orders.values())
    assert [order.lat for order in orders] == [30.05, 30.06]
    assert [desk.state.tallies[order.id].sightings for order in orders] == [2, 2]
    assert_laws(desk)


def test_what_moves_a_little_is_evidence_once_for_each_place() -> None:
    """Within the category's radius it is one incident, and each spot of some fifty metres is known from then on."""
    desk = Desk()
    for n in range(6):
        desk.feed(survey(str(n), T0 + n * MINUTE, 30.05 + n % 2 * 0.0005), at=T0 + n * MINUTE)

    order = desk.only()
    assert (order.evidence_count, desk.state.tallies[order.id].sightings) == (2, 4)


@pytest.mark.parametrize("about", [{"object_id": "truck-7"}, {"phase": "start"}], ids=str)
def test_one_thing_that_moves_is_one_incident(about: dict[str, str]) -> None:
    """Its source knows it by an object, or says when it begins and ends."""
    desk = Desk()
    for n in range(4):
        desk.feed(survey(str(n), T0 + n * MINUTE, 30.05 + n * 0.01, **about), at=T0 + n * MINUTE)

    assert desk.state.tallies[desk.only().id].sightings == 3


def test_another_object_nearby_joins_as_evidence() -> None:
    """A detection needs no words to agree; the distance is kept."""
    desk = Desk()
    desk.feed(detection("1", T0), at=T0)
    desk.feed(detection("2", T0 + HOUR, object_id="7", lat=30.0503), at=T0 + HOUR)

    order = desk.only()
    assert order.evidence_count == 2
    assert order.evidence_first[1].rule == "near"
    assert order.evidence_first[1].distance_m == pytest.approx(33.4, abs=0.2)


def test_a_citizen_and_a_camera_meet_in_one_order() -> None:
    """An incident has all its sightings, whoever saw it; all reporters are subscribed."""
    desk = Desk()
    desk.feed(detection("1", T0, "street-light"), at=T0)
    desk.feed(report("2", T0 + HOUR, "路灯不亮", "street-light"), at=T0 + HOUR)
    desk.feed(report("3", T0 + HOUR, "路灯不亮了", "street-light"), at=T0 + HOUR)

    order = desk.only()
    assert order.evidence_count == 3
    assert order.reporters == ("hash-2", "hash-3")
    told = [out.key for out in desk.sent if out.topic == "notices" and b'"evidence-added"' in out.value]
    assert told == ["hash-2", "hash-3"]


def two_candidates() -> tuple[Desk, str, str]:
    """A desk with two orders near each other in place and time whose words differ."""
    desk = Desk()
    desk.feed(report("1", T0, "路上有个大坑"), at=T0)
    desk.feed(report("2", T0 + HOUR, "井边砖头松动危险请修理"), at=T0 + HOUR)
    first, second = desk.state.orders
    return desk, first, second


def test_what_is_farther_off_does_not_hide_the_same_incident() -> None:
    """However many newer orders lie 170 m off in its cell of the grid: only what is within the radius is compared."""
    desk = Desk()
    founding = report("first", T0)
    desk.feed(founding, at=T0)
    others = [
        report(str(n), T0 + n, "".join(chr(0x4E00 + 40 * n + k) for k in range(20)), lat=30.0484 + n * 1e-6)
        for n in range(1, nearby.SCANNED + 10)
    ]
    for other in others:
        desk.feed(other, at=other.at)
    assert len(desk.state.orders) == len(others) + 1

    desk.feed(report("again", T0 + HOUR), at=T0 + HOUR)

    assert len(desk.state.orders) == len(others) + 1
    [joined] = [order for order in map(desk.state.orders.get, desk.state.orders) if order and order.evidence_count == 2]
    assert joined.evidence_first[0].id == founding.id


def test_unlike_texts_are_linked_as_candidates_and_may_be_merged_by_a_person() -> None:
    """Near in place and time, but the words differ: two orders, each pointing at the other."""
    desk, *_ = two_candidates()
    first, second = desk.state.orders.values()
    assert (first.candidates, second.candidates) == ((second.id,), (first.id,))

    assert desk.update("merge", OPERATOR, T0 + HOUR, second.id, other_order_id=first.id) == "missing-reason"
    merge = {"reason": "same hole", "other_order_id": first.id}
    assert desk.update("merge", OPERATOR, T0 + HOUR, second.id, **merge) == ""
    assert desk.update("accept", ROADS, T0 + HOUR, second.id) == "merged-child"
    assert desk.update("accept", ROADS, T0 + HOUR, report=("app", "2")) == ""
    assert desk.order(first.id).state == "accepted"

    assert desk.update("unmerge", OPERATOR, T0 + 2 * HOUR, second.id, reason="two holes") == ""
    apart = desk.order(second.id)
    assert (apart.state, apart.parent, apart.opened_at) == ("review", "", T0 + HOUR)
    assert desk.order(first.id).children == ()
    assert_laws(desk)


def test_what_is_merged_into_an_order_does_not_wait_to_be_compared_with_it() -> None:
    """It is the same: the order stood on the list of candidates for as long as it was open, with a button that was to
    say that they are not. Merged no longer, it may be the same once more."""
    desk, first, second = two_candidates()

    def compared() -> tuple[bool, tuple[str, ...]]:
        order = desk.order(first)
        return "candidates" in marks_of(order), document(order, None, desk.city, T0).get("candidates", ())

    assert desk.update("merge", OPERATOR, T0 + HOUR, second, reason="same hole", other_order_id=first) == ""
    merged = compared()
    assert desk.update("unmerge", OPERATOR, T0 + 2 * HOUR, second, reason="two holes") == ""

    assert (merged, compared()) == ((False, ()), (True, (second,)))


def test_what_is_merged_into_an_order_with_another_one_does_not_wait_to_be_compared_with_it() -> None:
    """Of three that may be the same as an order, one was merged into the next, both into the last, and all into the
    order, where two stayed on the list of candidates. Taken out again together, they may be the same once more."""
    desk = Desk()
    for number, words in enumerate(
        ("路上有个大坑", "井边砖头松动危险请修理", "栏杆被车撞歪了很久", "树根顶起人行道地砖")
    ):
        desk.feed(report(str(number), T0 + number * HOUR, words), at=T0 + number * HOUR)
    first, second, third, fourth = desk.state.orders
    assert desk.order(first).candidates == (second, third, fourth)

    for order, into in ((second, third), (third, fourth), (fourth, first)):
        assert desk.update("merge", OPERATOR, T0 + 5 * HOUR, order, reason="same hole", other_order_id=into) == ""
    merged = perhaps_same(desk.order(first))
    assert desk.update("unmerge", OPERATOR, T0 + 6 * HOUR, fourth, reason="two holes") == ""

    assert (merged, perhaps_same(desk.order(first))) == ((), (second, third, fourth))
    assert_laws(desk)


def test_candidates_of_which_a_person_says_that_they_are_not_the_same_are_none_any_more() -> None:
    """Of both orders, whichever of them it is said of; once, and with nobody told."""
    desk, first, second = two_candidates()
    sent = len(desk.sent)

    assert desk.update("keep-apart", OPERATOR, T0 + 2 * HOUR, second, other_order_id=first) == ""
    assert (desk.order(first).candidates, desk.order(first).apart) == ((), (second,))
    assert (desk.order(second).candidates, desk.order(second).apart) == ((), (first,))
    assert not [out for out in desk.sent[sent:] if out.topic == "notices" and b"kept-apart" in out.value]
    assert desk.update("keep-apart", OPERATOR, T0 + 3 * HOUR, first, other_order_id=second) == "not-another"
    assert desk.update("keep-apart", OPERATOR, T0 + 3 * HOUR, first, other_order_id=first) == "not-another"
    assert desk.update("merge", OPERATOR, T0 + 3 * HOUR, second, reason="it is", other_order_id=first) == ""
    assert_laws(desk)


def test_a_candidate_that_has_ended_can_be_taken_off_as_well() -> None:
    """Else the order would stand on the list of candidates for as long as it is open."""
    desk, first, second = two_candidates()
    desk.update("reject", OPERATOR, T0 + HOUR, first, reason="nothing there")

    assert desk.update("keep-apart", OPERATOR, T0 + 2 * HOUR, second, other_order_id=first) == ""
    assert desk.order(second).candidates == ()
    assert (desk.order(first).candidates, desk.order(first).apart) == ((), (second,))
    assert_laws(desk)


def test_one_that_is_closed_is_no_candidate_any_more_when_it_is_reopened() -> None:
    """What a person has said of it stands with it, too."""
    desk, first, second = two_candidates()
    desk.update("force-close", OPERATOR, T0 + HOUR, first, reason="filled")
    assert desk.update("keep-apart", OPERATOR, T0 + 2 * HOUR, second, other_order_id=first) == ""

    assert desk.update("reopen", OPERATOR, T0 + 3 * HOUR, first, reason="it is there again") == ""

    assert (desk.order(first).candidates, desk.order(first).apart) == ((), (second,))
    assert_laws(desk)


def test_that_two_are_not_the_same_is_taken_back_for_both() -> None:
    """By whoever may say it, of what was said alone; then they are candidates as before."""
    desk, first, second = two_candidates()
    back = {"other_order_id": first, "reason": "one hole after all"}
    assert desk.update("perhaps-same", OPERATOR, T0 + 2 * HOUR, second, **back) == "not-apart"
    assert desk.update("keep-apart", OPERATOR, T0 + 2 * HOUR, second, other_order_id=first) == ""

    assert desk.update("perhaps-same", OPERATOR, T0 + 3 * HOUR, second, **back) == ""

    assert (desk.order(first).candidates, desk.order(first).apart) == ((second,), ())
    assert (desk.order(second).candidates, desk.order(second).apart) == ((first,), ())
    assert desk.order(second).timeline[-1].note == "one hole after all"
    assert desk.update("perhaps-same", OPERATOR, T0 + 4 * HOUR, second, **back) == "not-apart"
    assert desk.update("keep-apart", OPERATOR, T0 + 4 * HOUR, first, other_order_id=second) == ""
    assert_laws(desk)


def test_a_joined_report_can_be_split_off_with_its_own_citizen_clock() -> None:
    """The figures move with it: nothing is counted twice."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    desk.feed(report("2", T0 + HOUR), at=T0 + HOUR)
    first = desk.only()
    split = {"report": ("app", "2"), "reason": "another hole"}
    assert desk.update("split", OPERATOR, T0 + DAY, first.id, report=("app", "1"), reason="r") == "not-joined"
    assert desk.update("split", OPERATOR, T0 + DAY, first.id, **split) == ""

    _, second = desk.state.orders.values()
    assert (second.state, second.opened_at, second.linked) == ("review", T0 + HOUR, (first.id,))
    assert desk.order(first.id).reporters == ("hash-1",)
    assert desk.count("received") == 2
    assert desk.update("split", OPERATOR, T0 + DAY, first.id, **split) == "not-joined"
    assert_laws(desk)


@pytest.mark.parametrize("middle", [0, 1, 2])
def test_who_has_reported_an_order_again_stays_its_reporter_when_one_report_is_split_off(middle: int) -> None:
    """Also where the row keeps none of the others any more; who has reported it once is told of the new one alone."""
    desk = Desk()
    names = [*(f"first-{n}" for n in range(22)), *(f"middle-{n}" for n in range(middle))]
    for n, name in enumerate((*names, *(f"last-{n}" for n in range(22)), "late")):
        own = {"reporter": "hash-again"} if name.startswith(("middle", "late")) else {}
        desk.feed(report(name, T0 + n * MINUTE, **own), at=T0 + n * MINUTE)
    first = desk.only()
    assert all(not each.id.startswith("middle") for each in kept_evidence(first))

    assert desk.update("split", OPERATOR, T0 + DAY, first.id, report=("app", "late"), reason="another hole") == ""

    assert desk.order(first.id).reporters.count("hash-again") == min(middle, 1)
    before = len(desk.sent)
    assert desk.update("accept", ROADS, T0 + DAY, first.id) == ""
    told = {out.key for out in desk.sent[before:] if out.topic == "notices"}
    assert ("hash-again" in told) is (middle > 0)
    assert next(each for each in desk.state.orders.values() if each.id != first.id).reporters == ("hash-again",)
    assert_laws(desk)


def test_who_has_no_report_left_in_an_order_is_neither_told_of_it_nor_called_back() -> None:
    """Its other reporter has answered: nobody is left to call."""
    desk = Desk(quiet_city("call_back_days = 3.0"))
    for n, reporter in enumerate(("hash-1", "hash-2", "hash-2")):
        desk.feed(report(str(n), T0 + n * MINUTE, reporter=reporter), at=T0 + n * MINUTE)
    close(desk, ROADS, T0 + HOUR)
    first = desk.only().id
    desk.update("feedback", Actor("reporter", "", "hash-1"), T0 + 2 * HOUR, first, satisfied=True)
    desk.tick(T0 + 5 * DAY)
    assert desk.order(first).call_back

    for name in ("1", "2"):
        assert desk.order(first).reporters == ("hash-1", "hash-2")
        assert desk.update("split", OPERATOR, T0 + 5 * DAY, first, report=("app", name), reason="another hole") == ""

    assert (desk.order(first).reporters, desk.order(first).call_back) == (("hash-1",), False)
    assert_laws(desk)


def test_a_report_that_names_an_order_can_be_split_off_it() -> None:
    """Its reporter said that it is the same, and a person sees that it is not."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    first = desk.only()
    desk.feed(report("2", T0 + HOUR, "井边砖头松动危险请修理", joins=first.id), at=T0 + HOUR)
    assert desk.only().evidence_first[1].rule == "named"

    assert desk.update("split", OPERATOR, T0 + DAY, first.id, report=("app", "2"), reason="another hole") == ""
    _, second = desk.state.orders.values()
    assert (second.state, second.opened_at, second.linked) == ("review", T0 + HOUR, (first.id,))
    assert_laws(desk)


@pytest.mark.parametrize(
    ("own", "orders"),
    [
        ({"lat": 30.0509}, 2),  # 100 m away, the category reaches 50 m
        ({"category": "property-fees"}, 2),  # another group
        ({}, 1),
    ],
)
def test_merging_keeps_to_its_radius_and_group(own: dict[str, Any], orders: int) -> None:
    """What is too far or of another group is another incident."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    desk.feed(report("2", T0 + HOUR, **own), at=T0 + HOUR)

    assert len(desk.state.orders) == orders


def test_merging_keeps_to_its_hours_and_area() -> None:
    """Potholes merge within 48 hours of the last sighting, and never across areas."""
    desk = Desk()
    desk.feed(report("1", T0, lon=114.0999), at=T0)
    desk.feed(report("2", T0, lon=114.1001, area="south-e"), at=T0)
    desk.feed(report("3", T0 + 2 * DAY, lon=114.0999), at=T0 + 2 * DAY)
    desk.feed(report("4", T0 + 5 * DAY, lon=114.0999), at=T0 + 5 * DAY)

    assert [order.evidence_count for order in desk.state.orders.values()] == [2, 1, 1]


def test_a_late_message_of_long_before_is_another_incident() -> None:
    """A sighting that lies further before the founding one than the hours of its category does not join."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    desk.feed(report("2", T0 - DAY), report("3", T0 - 3 * DAY), at=T0 + HOUR)

    assert [order.evidence_count for order in desk.state.orders.values()] == [2, 1]


def test_an_order_takes_in_only_so_many_reports() -> None:
    """The next one opens another order, which names the full one; a camera still adds to it."""
    desk = Desk(quiet_city("reports_per_order_max = 3\n"))
    for n in range(4):
        desk.feed(report(str(n), T0), at=T0)
    desk.feed(detection("d", T0, "pothole"), at=T0)

    full, other = desk.state.orders.values()
    assert (len(full.report_keys), len(other.report_keys)) == (3, 1)
    assert other.candidates == (full.id,)
    assert full.evidence_count + other.evidence_count == 5
    assert_laws(desk)


def test_a_full_parent_incident_covers_no_more_reports() -> None:
    """A flood with as many reports as an order takes leaves the next pothole to an order of its own."""
    desk = Desk(quiet_city("reports_per_order_max = 2\n"))
    desk.feed(report("1", T0, "路面积水", "flooding"), at=T0)
    desk.feed(report("2", T0, lat=30.01), at=T0)
    desk.feed(report("3", T0, lat=30.01), at=T0)

    assert [order.category for order in desk.state.orders.values()] == ["flooding", "pothole"]
    assert_laws(desk)


def test_merging_can_be_switched_off_for_a_category() -> None:
    """Two complaints about fees are two orders."""
    desk = Desk()
    desk.feed(report("1", T0, category="property-fees"), report("2", T0, category="property-fees"), at=T0)

    assert len(desk.state.orders) == 2


def test_too_few_detections_are_watched_and_expire_silently() -> None:
    """Illegal parking takes three detections within an hour."""
    desk = Desk()
    desk.feed(detection("1", T0, "illegal-parking"), at=T0)
    desk.feed(detection("2", T0 + 10 * MINUTE, "illegal-parking", object_id="x"), at=T0 + 10 * MINUTE)
    assert desk.state.orders == {}
    desk.tick(T0 + 2 * HOUR)
    assert desk.state.watches == {}
    assert desk.names() == []
    assert desk.count("expired") == 2

    for n in range(3, 6):
        desk.feed(detection(str(n), T0 + 3 * HOUR + n, "illegal-parking"), at=T0 + 3 * HOUR + n)
    order = desk.only()
    assert (order.evidence_count, order.opened_at) == (3, T0 + 3 * HOUR + 3)
    assert order.department == "police"
    assert desk.state.watches == {}
    assert_laws(desk)


def test_flapping_within_the_hold_time_is_one_incident_and_after_it_news() -> None:
    """Ended and started again: counted; after the hold time a fact tells of it."""
    desk = Desk()
    desk.feed(detection("1", T0, phase="start"), at=T0)
    desk.feed(detection("2", T0 + HOUR, phase="end"), at=T0 + HOUR)
    desk.feed(detection("3", T0 + HOUR + 10 * MINUTE, phase="start"), at=T0 + HOUR + 10 * MINUTE)
    assert desk.only().evidence_count == 1

    desk.feed(detection("4", T0 + 2 * HOUR, phase="end"), at=T0 + 2 * HOUR)
    desk.feed(detection("5", T0 + 4 * HOUR, phase="start"), at=T0 + 4 * HOUR)
    assert desk.only().evidence_count == 2
    assert desk.only().evidence_first[1].rule == "again"


@pytest.mark.parametrize(
    ("first", "second", "title"),
    [
        ("府前路12号灯杆的路灯不亮了", "府前路13号灯杆的路灯不亮了", ""),
        ("府前路十二号灯杆的路灯不亮了", "府前路13号灯杆的路灯不亮了", ""),
        ("Street light 12 on Fuqian Road is dark", "Street light 13 on Fuqian Road is dark", ""),
        ("路灯不亮了，12号灯杆", "路灯不亮了，灯杆", "13号灯杆"),
    ],
)
def test_numbers_that_name_different_things_forbid_a_merge(first: str, second: str, title: str) -> None:
    """Lamp 13 has an order of its own, linked to that of its neighbour; the next report of lamp 12 joins the first."""
    desk = Desk()
    desk.feed(report("1", T0, first, "street-light"), at=T0)
    (of_twelve,) = desk.state.orders.values()

    desk.feed(report("2", T0 + HOUR, second, "street-light", title=title, lat=30.05015), at=T0 + HOUR)
    desk.feed(report("3", T0 + 2 * HOUR, first, "street-light", lat=30.05001), at=T0 + 2 * HOUR)

    (of_thirteen,) = (order for order in desk.state.orders.values() if order.id != of_twelve.id)
    assert of_thirteen.candidates == (of_twelve.id,)
    assert desk.state.orders[of_twelve.id].evidence_count == 2
    assert_laws(desk)


def test_a_parent_incident_covers_its_children() -> None:
    """While the flood is open, a pothole there is its evidence."""
    desk = Desk()
    desk.feed(report("1", T0, "路面积水", "flooding"), at=T0)
    desk.feed(report("2", T0 + HOUR, lat=30.058), at=T0 + HOUR)

    assert desk.only().evidence_first[1].rule == "covered:flooding"
    desk.update("reject", OPERATOR, T0 + HOUR, reason="dry again")
    desk.feed(report("3", T0 + 2 * HOUR, lat=30.058), at=T0 + 2 * HOUR)
    assert len(desk.state.orders) == 2


@pytest.mark.parametrize(
    ("flood", "pothole", "orders"),
    [
        ({}, {"lat": 30.01}, 2),
        ({}, {"lon": 114.09}, 2),
        ({}, {"lat": None, "lon": None}, 1),
        ({"lat": None, "lon": None}, {"lat": 30.01}, 1),
    ],
    ids=["4.4 km south", "3.9 km east", "place of the child not known", "place of the parent not known"],
)
def test_a_parent_incident_covers_only_what_is_near(
    flood: dict[str, Any], pothole: dict[str, Any], orders: int
) -> None:
    """Beyond its radius an incident in the same area has an order of its own, or it would end with another's."""
    desk = Desk()
    desk.feed(report("1", T0, "路面积水", "flooding", **flood), at=T0)

    desk.feed(report("2", T0 + HOUR, **pothole), at=T0 + HOUR)

    assert len(desk.state.orders) == orders


def test_the_end_of_what_is_not_open_opens_nothing() -> None:
    """It is counted as a detection; a start that it has overtaken opens the order, whose end is then known."""
    desk = Desk()

    desk.feed(detection("2", T0 + 50_000, phase="end"), at=T0 + 50_000)
    assert desk.state.orders == {}
    assert (desk.count("detections"), desk.names()) == (1, [])

    desk.feed(detection("3", T0 + 50_000, "illegal-parking", phase="end", lat=30.051), at=T0 + 50_000)
    assert desk.state.watches == {}

    desk.feed(detection("1", T0, phase="start"), at=T0 + 51_000)
    assert desk.only().evidence_count == 1
    assert_laws(desk)


def test_the_end_of_what_is_closed_reopens_nothing() -> None:
    """Cameras often tell that a thing is gone after the crew has said so, and the check has passed."""
    desk = Desk()
    desk.feed(detection("1", T0, phase="start"), at=T0)
    crew = Actor("department", desk.only().department, "zed")
    desk.update("accept", crew, T0 + MINUTE)
    desk.update("handle", crew, T0 + 2 * MINUTE, evidence_urls=("https://photos.example/1.jpg",))
    desk.update("check-pass", INSPECTOR, T0 + 3 * MINUTE)

    for number, camera in enumerate(("cam-sw-1", "cam-sw-2")):
        desk.feed(detection(f"e{number}", T0 + HOUR, camera=camera, phase="end"), at=T0 + HOUR)

    assert (desk.only().state, desk.only().evidence_count) == ("closed", 1)
    assert_laws(desk)


@pytest.mark.parametrize("camera", ["cam-sw-1", "cam-sw-2"])
def test_what_was_seen_before_its_closing_and_comes_in_after_it_opens_nothing(camera: str) -> None:
    """Detections wait where intake is behind; steps do not. Seen after the closing, it is there again."""
    desk = Desk()
    desk.feed(detection("1", T0), at=T0)
    close(desk, POLICE if desk.only().department == "police" else ROADS, T0 + HOUR)

    desk.feed(detection("2", T0 + HOUR - MINUTE, camera=camera), at=T0 + HOUR + MINUTE)
    late = desk.only().state
    desk.feed(detection("3", T0 + HOUR + MINUTE, camera=camera), at=T0 + HOUR + MINUTE)

    assert (late, desk.only().state) == ("closed", "assigned")
    assert_laws(desk)


@pytest.mark.parametrize("late", [0, 2 * MINUTE], ids=["in time", "after the closing"])
def test_what_is_seen_long_after_the_last_look_is_something_new_however_late_it_comes(late: int) -> None:
    """Guardrails join for a day: what another camera sees days later is no evidence of an order about to end."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0\n"))
    desk.feed(detection("1", T0, "guardrail"), at=T0)
    first, end = desk.only().id, T0 + 4 * DAY
    new = detection("2", end - MINUTE, "guardrail", camera="cam-sw-2")
    if not late:
        desk.feed(new, at=new.at)
    settle(desk, first, end)
    if late:
        desk.feed(new, at=new.at + late)

    assert (desk.order(first).evidence_count, len(desk.state.orders)) == (1, 2)
    assert_laws(desk)


def test_what_was_seen_while_an_order_was_open_speaks_for_no_older_one() -> None:
    """Of two holes at a place neither is reopened by what was seen while the second was dealt with."""
    desk = Desk()
    desk.feed(report("a", T0, "路上有个大坑"), at=T0)
    first = desk.only().id
    settle(desk, first, T0 + HOUR)
    desk.feed(report("b", T0 + HOUR + 30 * MINUTE, "井盖旁边的路面塌了一块"), at=T0 + HOUR + 30 * MINUTE)
    second = next(order_id for order_id in desk.state.orders if order_id != first)
    settle(desk, second, T0 + 3 * HOUR)

    late = [detection(str(n), T0 + 2 * HOUR + n, "pothole", object_id=str(n)) for n in range(3)]
    desk.feed(*late, at=T0 + 3 * HOUR + MINUTE)

    assert [order.state for order in desk.state.orders.values()] == ["closed", "closed"]
    assert desk.order(second).evidence_count == 4
    assert desk.state.watches == {}
    assert_laws(desk)


def test_the_end_of_what_a_camera_has_not_shown_is_no_evidence() -> None:
    """A sensor that reads what is usual, near what a citizen has reported, has not seen it."""
    desk = Desk()
    desk.feed(report("1", T0, "路灯不亮", "street-light"), at=T0)

    desk.feed(detection("2", T0 + MINUTE, phase="end"), at=T0 + MINUTE)

    assert (desk.only().evidence_count, desk.only().fingerprints) == (1, ())
    assert_laws(desk)


@pytest.mark.parametrize("ended", [True, False], ids=["rejected before", "open"])
def test_an_id_that_is_used_again_that_day_opens_an_order_of_its_own(ended: bool) -> None:
    """A device counts anew after each start: what it says then is no part of what it had said under that number."""
    desk = Desk()
    desk.feed(detection("1", T0), at=T0)
    (lamp,) = desk.state.orders
    if ended:
        desk.update("reject", OPERATOR, T0 + MINUTE, reason="it is day")

    desk.feed(detection("1", T0 + HOUR, "flooding"), at=T0 + HOUR)
    desk.feed(detection("1", T0 + 2 * HOUR, "street-vendor", "cam-sw-2"), at=T0 + 2 * HOUR)

    assert [order.category for order in desk.state.orders.values()] == ["street-light", "flooding", "street-vendor"]
    assert desk.order(lamp).evidence_count == 1
    assert_laws(desk)


def test_what_is_sent_again_after_its_identity_was_forgotten_founds_no_second_order() -> None:
    """The same instant under the same name: it is known by the order that it has opened, though that has ended."""
    desk = Desk()
    desk.feed(detection("1", T0), at=T0)
    desk.update("reject", OPERATOR, T0 + MINUTE, reason="it is day")

    desk.feed(detection("1", T0), at=T0 + HOUR)

    assert desk.only().evidence_first[-1].rule == "same-identity"


def test_what_joins_late_moves_nothing_back() -> None:
    """When an incident was last seen is the latest of what was seen, whatever has joined last."""
    desk = Desk(quiet_city("detection_resolve_minutes = 20.0\n"))
    desk.feed(detection("1", T0 + HOUR), at=T0 + HOUR)
    desk.feed(detection("2", T0, camera="cam-sw-2"), at=T0 + HOUR)

    assert nearby.last_seen(Overlay(desk.state), desk.only()) == T0 + HOUR


def test_what_joins_late_moves_nothing_back_where_many_have_joined_before() -> None:
    """Whichever end of the row keeps the latest of them."""
    desk = Desk(quiet_city("detection_resolve_minutes = 20.0\n"))
    cameras = [f"cam-{n}" for n in range(1, KEPT)]
    desk.feed(detection("first", T0), at=T0)
    desk.feed(*(detection(each, T0 + HOUR, camera=each) for each in cameras), at=T0 + HOUR)
    desk.feed(detection("late", T0, camera="cam-sw-2"), at=T0 + HOUR)

    assert [one.id for one in desk.only().evidence_last] == ["late"]
    assert nearby.last_seen(Overlay(desk.state), desk.only()) == T0 + HOUR


def test_a_control_zone_suppresses() -> None:
    """The fair allows street vendors for three days: counted, no order; a report leaves one that has ended, which tells
    its reporter so."""
    desk = Desk()
    fair = from_text("2026-05-02T02:00:00Z")
    own = {"area": "south-e", "lat": 30.06, "lon": 114.12}
    desk.feed(detection("1", fair, "street-vendor", "cam-se-1", **own), at=fair)
    desk.feed(report("2", fair, "占道", "street-vendor", **own), at=fair)

    only = desk.only()
    assert (only.state, only.department, only.evidence_count) == ("rejected", "", 1)
    assert [entry.note for entry in only.timeline if entry.fact == "rejected"] == ["control-zone silences.csv:2"]
    assert desk.count("suppressed", "area/south-e") == 2
    assert desk.count("received", "area/south-e") == 1


def test_a_citizen_reopens_a_closed_order_within_the_window() -> None:
    """Last handler, fresh limits; the closing counts no longer."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    close(desk, ROADS, T0 + HOUR)
    again = T0 + 10 * DAY
    desk.feed(report("2", again), at=again)

    order = desk.only()
    assert (order.state, order.department, order.attempt) == ("assigned", "roads", 2)
    assert order.closings[0].reopened_at == again
    assert order.due == again + 7 * DAY
    assert order.reporters == ("hash-1", "hash-2")
    assert desk.count("closed") == 0
    assert desk.count("reopened") == 1
    assert_laws(desk)


def test_after_the_window_a_new_order_is_opened() -> None:
    """Fifteen days after the closing it is another pothole."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    close(desk, ROADS, T0 + HOUR)
    desk.feed(report("2", T0 + 15 * DAY), at=T0 + 15 * DAY)

    assert len(desk.state.orders) == 2


def test_a_camera_reopens_only_after_as_many_detections_as_open_one() -> None:
    """Three for parking; an end phase and what was seen before the closing do not count."""
    desk = Desk()
    for n in range(3):
        desk.feed(detection(str(n), T0 + n, "illegal-parking"), at=T0 + n)
    close(desk, POLICE, T0 + HOUR)
    desk.feed(detection("3", T0 + 2 * HOUR, "illegal-parking"), at=T0 + 2 * HOUR)
    desk.feed(detection("4", T0 + 2 * HOUR + 1, "illegal-parking"), at=T0 + 2 * HOUR + 1)
    assert desk.only().state == "closed"

    desk.feed(detection("5", T0 + 2 * HOUR + 2, "illegal-parking"), at=T0 + 2 * HOUR + 2)

    assert desk.only().state == "assigned"
    assert desk.only().evidence_count == 6
    assert desk.state.watches == {}
    assert_laws(desk)


def test_a_silent_camera_becomes_an_order_of_its_owner_once() -> None:
    """Silence counts from the last detection, in twelfths of the time; the others, never seen, are not missed."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 24.0"))
    for n in range(3):
        at = T0 + n * HOUR
        desk.feed(detection(str(n), at, "property-fees", "cam-se-1", lat=None, lon=None), at=at)
    known = set(desk.state.orders)
    desk.tick(T0 + 26 * HOUR)
    assert set(desk.state.orders) == known
    desk.tick(T0 + 5 * DAY)

    (fault,) = [order for order in desk.state.orders.values() if order.id not in known]
    assert (fault.category, fault.department, fault.opened_at) == ("camera-fault", "police", T0 + 27 * HOUR)
    assert desk.state.cameras == {"cam-se-1": 0}
    assert desk.count("detections") == 3
    assert_laws(desk)


def test_what_opens_nothing_is_a_sign_of_life_all_the_same() -> None:
    """A camera that tells of passing cars only is missed when that ends, and not before."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 24.0"))
    for n in range(4):
        desk.feed(Heard("cam-se-1", "south-e"), at=T0 + n * 20 * HOUR)
    assert desk.state.orders == {}

    desk.tick(T0 + 5 * DAY)

    assert desk.only().category == "camera-fault"
    assert desk.count("detections") == 0
    assert_laws(desk)


def test_heartbeats_can_be_switched_off() -> None:
    """Zero hours: nobody minds a silent camera."""
    desk = Desk(quiet_city("camera_heartbeat_hours = 0.0"))
    desk.feed(detection("1", T0), at=T0)
    desk.tick(T0 + 5 * DAY)

    assert len(desk.state.orders) == 1
    assert desk.state.cameras == {}


def test_what_has_no_place_goes_to_people() -> None:
    """No area: review, however sure the classifier is."""
    desk = Desk()
    desk.feed(report("1", T0, area=UNLOCATED, lat=None, lon=None), at=T0)

    assert desk.only().state == "review"
    assert desk.only().id.startswith("unlocated-2026")


def test_a_report_of_an_area_that_the_city_has_not_says_so() -> None:
    """Whoever reviews it, or runs the sender's system, learns that the id is wrong."""
    desk = Desk()
    desk.feed(report("1", T0, area=UNLOCATED, place="unknown-area", lat=None, lon=None), at=T0)

    assert [entry.note for entry in desk.only().timeline if entry.fact == "sent-to-review"] == ["unknown-area"]


def test_a_share_of_automatic_dispatches_is_reviewed_blind() -> None:
    """Drawn from the order's id alone; the reviewer's decision is asked for without the guess."""
    desk = Desk(read_city(_with_share()))
    for n in range(60):
        desk.feed(
            report(str(n), T0, category="property-fees"),
            report(f"v{n}", T0, category="street-vendor", lat=30.01 + n * 0.001),
            at=T0,
        )
    vendors = [order for order in desk.state.orders.values() if order.guess and order.guess.category == "street-vendor"]
    blind = {order.id for order in vendors if order.blind}

    assert blind == {order.id for order in vendors if share(order.id) < 0.5}
    assert blind
    assert all(desk.order(one).state == "review" and desk.order(one).category == "" for one in blind)


def _with_share() -> dict[str, bytes]:
    files = dict(quiet_city().files)
    files["city.toml"] = files["city.toml"].replace(b"blind_review_share = 0.0", b"blind_review_share = 0.5")
    return files


def test_an_unsure_classifier_sends_to_review() -> None:
    """An abstention is no order for a department."""
    desk = Desk()
    unsure = guess("pothole", 0.4, outcome="abstain", reason="below the threshold")
    desk.feed(report("1", T0, guess=unsure), at=T0)

    assert desk.only().state == "review"
    assert desk.only().category == ""


@pytest.mark.parametrize(
    ("text", "other", "alike"),
    [
        ("路上有个大坑", "路上有个 大坑!", True),
        ("路上有个大坑", "小区物业乱收费", False),
        ("", "x", False),
        ("A b", "ab", True),
    ],
)
def test_similarity_compares_pairs_of_characters(text: str, other: str, alike: bool) -> None:
    """Blanks and case do not matter; it is the same both ways and 1 for equal texts."""
    first, second = gist_of("", text).pairs, gist_of("", other).pairs

    assert (similarity(first, second) > 0.5) is alike
    assert similarity(first, second) == similarity(second, first)


def test_distance_is_that_of_the_earth() -> None:
    """A thousandth of a degree of latitude is 111.2 m; of longitude at 60° half of that."""
    assert distance_m(30.0, 114.0, 30.001, 114.0) == pytest.approx(111.2, abs=0.1)
    assert distance_m(60.0, 10.0, 60.0, 10.001) == pytest.approx(55.6, abs=0.1)


@pytest.mark.slow
def test_old_identities_are_let_go_in_steps() -> None:
    """A day's identities are many rows; no batch takes more than so many of them away, and in the end none is left."""
    desk = Desk(quiet_city())
    for n in range(FORGOTTEN_AT_ONCE + 20):
        desk.feed(report(f"r{n}", T0, f"{n} 物业费", category="property-fees"), at=T0)
    kept = [key for key in desk.rows if key.startswith("seen/report")]
    assert len(kept) == FORGOTTEN_AT_ONCE + 20
    desk.tick(T0 + 9 * DAY)
    left = [key for key in desk.rows if key.startswith("seen/report")]
    assert len(left) == 20
    desk.state = DeskState.restore(3, list(desk.rows.items()), list(desk.figure_rows.items()))
    desk.tick(T0 + 9 * DAY)
    assert not [key for key in desk.rows if key.startswith("seen/report")]


def test_another_report_under_the_name_of_one_is_set_aside() -> None:
    """It is no repeat, though it counts as one, and changes nothing; where nothing is known of what was said, the name
    alone decides."""
    desk = Desk()
    said = report("1", T0, content=5)
    for again in (said, report("1", T0 + HOUR, text="煤气泄漏", content=6), report("1", T0 + HOUR, content=0)):
        desk.feed(again)
    desk.feed(said)

    assert [(each.item, each.error.partition(":")[0]) for each in desk.usurpers] == [
        (
            report("1", T0 + HOUR, text="煤气泄漏", content=6),
            "one of this source and id said something else before",
        )
    ]
    assert (desk.count("received"), desk.count("duplicates"), len(desk.state.orders)) == (1, 3, 1)
    assert_laws(desk)


@pytest.mark.parametrize(("first", "other", "set_aside"), [(5, 6, 1), (5, 5, 0), (0, 6, 0), (5, 0, 0), (0, 0, 0)])
def test_what_cameras_see_is_compared_where_both_have_a_digest(first: int, other: int, set_aside: int) -> None:
    """As detections have that come over HTTP; of the others the same source and id is dropped, whatever it says."""
    desk = Desk()
    desk.feed(detection("1", T0, content=first), detection("1", T0, category="pothole", content=other))

    assert len(desk.usurpers) == set_aside
    assert desk.count("duplicates") == 1
    assert_laws(desk)

"""What is seen before it is an order: it counts over cameras and algorithms, it is weighed, a report takes it over."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.arrivals.watched.watch_rows import OF_ONE_ROW, OF_ONE_SOURCE
from dispatcher.arrivals.watched.weighing import combined, consequence, false_rate
from dispatcher.order.row import Watch
from dispatcher.partition.kept_orders import encode_row
from dispatcher.partition.state import AlarmRecord, DeskState
from models.city import Category, City, CityError
from models.inbox import Actor, Sighting
from tests.support.cities import FILES
from tests.support.desks import (
    DISPATCHER,
    HOUR,
    INSPECTOR,
    MINUTE,
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

PARKING = "illegal-parking"  # takes three detections within 40 m


def parked(n: int, camera: str = "cam-sw-1", **own: Any) -> Sighting:
    """The nth detection of a car that stands where it may not, ten minutes after the one before."""
    return detection(str(n), T0 + n * 10 * MINUTE, PARKING, camera, object_id=str(n), **own)


def weighing_city(verify_at: str = "", file_at: str = "", urgent_at: str = "", rules: str = "") -> City:
    """The tiny city, with limits for how sure cameras must be of a parked car; other rules, where some are given."""
    head, *rows = FILES["categories.csv"].splitlines()
    lines = [f"{head},verify_at,file_at,urgent_at"]
    for row in rows:
        lines.append(row + (f",{verify_at},{file_at},{urgent_at}" if row.startswith(PARKING) else ",,,"))
    return quiet_city(**{"categories.csv": "\n".join(lines) + "\n", **({"rules.toml": rules} if rules else {})})


def feed(desk: Desk, *sightings: Sighting) -> None:
    """One after the other, each when it was seen."""
    for one in sightings:
        desk.feed(one, at=max(one.at, desk.clock))


def test_detections_count_over_cameras_and_algorithms() -> None:
    """Three cameras that have seen it once each are three: the first of them founds the order."""
    desk = Desk()

    feed(desk, parked(1), parked(2, "cam-sw-2"), parked(3, "cam-x", lat=30.0502))

    order = desk.only()
    assert (order.evidence_count, order.opened_at) == (3, T0 + 10 * MINUTE)
    assert [each.rule for each in order.evidence_first] == ["", "watched", "watched"]
    assert desk.state.watches == {}
    assert_laws(desk)


@pytest.mark.parametrize(
    "other",
    [{"lat": 30.0509}, {"area": "south-e", "lon": 114.1}, {"category": "flooding"}],
    ids=["100 m away", "another area", "another category"],
)
def test_what_is_elsewhere_or_something_else_does_not_count(other: dict[str, Any]) -> None:
    """Two cars here and one there are not three here."""
    desk = Desk()

    feed(desk, parked(1), parked(2, "cam-sw-2"))
    feed(desk, detection("3", T0 + HOUR // 2, camera="cam-x", **{"category": PARKING, **other}))

    assert [order for order in desk.state.orders.values() if order.category == PARKING] == []


def test_detections_meet_over_the_edge_of_a_cell() -> None:
    """The grid is for looking up: 30 m are 30 m on both sides of its lines."""
    desk = Desk()

    feed(desk, parked(1, lat=30.0028), parked(2, lat=30.0031), parked(3, lat=30.0029, lon=114.0499))

    assert desk.only().evidence_count == 3


def test_each_detection_expires_at_its_own_time() -> None:
    """Of three within the hour before the last one, none is older: what was seen before that is forgotten alone."""
    desk = Desk()

    feed(desk, parked(0), parked(4, "cam-sw-2"))
    desk.tick(T0 + HOUR)
    assert desk.count("expired") == 1
    feed(desk, parked(7), parked(8))

    assert desk.only().evidence_count == 3
    assert desk.count("expired") == 1
    assert_laws(desk)


@pytest.mark.parametrize(
    ("watched", "reported", "metres", "evidence"),
    [
        (PARKING, "street-vendor", 45, 1),
        (PARKING, "street-vendor", 35, 2),
        ("pothole", "guardrail", 40, 2),
        ("pothole", "guardrail", 55, 1),
    ],
)
def test_what_is_taken_over_is_what_would_have_joined(watched: str, reported: str, metres: int, evidence: int) -> None:
    """By the radius of what was watched, be that of the order wider or narrower: a detection that comes after the
    report is told by it as well."""
    seen = detection("1", T0, watched, lat=30.05 + metres / 111_195)
    said = report("r", T0 + MINUTE, "有人报告", reported)
    before, after = Desk(), Desk()

    feed(before, seen, said)
    feed(after, said, detection("2", T0 + 2 * MINUTE, watched, lat=seen.lat))

    (order,) = before.state.orders.values()
    assert (order.category, order.evidence_count) == (reported, evidence)
    assert after.only().evidence_count == evidence
    assert_laws(before)


def test_what_opens_after_having_been_watched_names_its_candidates() -> None:
    """As what opens at once does: a report in review that may be of the same hole, and the order names it, too."""
    desk = Desk()
    feed(desk, report("r", T0, "路上有个洞", guess=guess("pothole", 0.3, outcome="abstain", reason="uncertain")))
    (unsure,) = desk.state.orders

    feed(desk, detection("1", T0 + MINUTE, "pothole"), detection("2", T0 + 2 * MINUTE, "pothole", "cam-sw-2"))

    (opened,) = (order for order in desk.state.orders.values() if order.id != unsure)
    assert (opened.evidence_count, opened.candidates) == (2, (unsure,))
    assert desk.order(unsure).candidates == (opened.id,)
    assert_laws(desk)


def test_a_report_takes_over_what_was_watched() -> None:
    """The citizen founds the order at once, and the cameras' detections are its evidence."""
    desk = Desk()
    feed(desk, parked(1), parked(2, "cam-sw-2"))

    feed(desk, report("r", T0 + HOUR // 2, "有车违停", PARKING))

    order = desk.only()
    assert (order.kind, order.evidence_count, order.reporters) == ("report", 3, ("hash-r",))
    assert [each.rule for each in order.evidence_first] == ["", "watched", "watched"]
    assert (desk.state.watches, desk.count("merged")) == ({}, 2)
    assert_laws(desk)


def test_a_report_of_something_else_leaves_alone_what_is_watched() -> None:
    """Another merge group, and what is beyond the radius, go on being watched."""
    desk = Desk()
    feed(desk, parked(1), parked(2, lat=30.06))

    feed(desk, report("r", T0 + HOUR // 2), report("s", T0 + HOUR // 2, "有车违停", PARKING))

    assert sorted(order.evidence_count for order in desk.state.orders.values()) == [1, 2]
    assert len(desk.state.watches) == 1


@pytest.mark.parametrize(
    ("limits", "confidence", "cameras", "state", "priority"),
    [
        ({"file_at": "0.8"}, 0.95, 1, "assigned", 4),  # one that is sure is enough
        ({"file_at": "0.8"}, 0.5, 2, None, 4),
        ({"file_at": "0.8"}, 0.5, 3, "assigned", 4),
        ({"verify_at": "0.4", "file_at": "0.8"}, 0.5, 1, "review", 4),
        ({"file_at": "0.8", "urgent_at": "0.99"}, 0.95, 2, "assigned", 4),
        ({"urgent_at": "0.97"}, 0.95, 2, "assigned", 1),
        ({"verify_at": "0.4"}, 0.3, 1, None, 4),
        ({"verify_at": "0.9"}, 0.3, 3, "assigned", 4),  # without file_at it is min_sightings that files
    ],
)
def test_how_sure_they_are_together_decides(
    limits: dict[str, str], confidence: float, cameras: int, state: str | None, priority: int
) -> None:
    """Watched, given to a person, filed, or filed as urgent: by what all cameras have seen together."""
    desk = Desk(weighing_city(**limits))

    feed(desk, *(parked(n, f"cam-{n}", confidence=confidence) for n in range(cameras)))

    orders = list(desk.state.orders.values())
    assert [(order.state, order.priority) for order in orders] == ([(state, priority)] if state else [])
    assert [order.timeline[-1].note for order in orders if order.state == "review"] == ["unverified"] * (
        state == "review"
    )
    assert_laws(desk)


def test_another_camera_weighs_more_than_a_repeat() -> None:
    """Two cameras file what one camera does not file with eight looks."""
    alone, together = (Desk(weighing_city(file_at="0.8")) for _ in range(2))

    feed(alone, *(detection(str(n), T0 + n * MINUTE, PARKING, confidence=0.6) for n in range(8)))
    feed(together, *(parked(n, f"cam-{n}", confidence=0.7) for n in range(2)))

    assert (len(alone.state.orders), len(together.state.orders)) == (0, 1)


def test_no_camera_fills_what_is_watched() -> None:
    """One that says the same all day, and a crossing with hundreds of cameras: what is kept has a bound."""
    desk = Desk(weighing_city(file_at="0.999999"))
    feed(desk, *(detection(str(n), T0 + n * 1000, PARKING, confidence=0.2) for n in range(20)))
    (watch,) = desk.state.watches.values()
    assert len(watch.seen) == OF_ONE_SOURCE
    assert desk.count("expired") == 20 - OF_ONE_SOURCE

    feed(desk, *(detection(f"m{n}", T0 + n, PARKING, f"c{n}", confidence=0.001) for n in range(OF_ONE_ROW + 5)))
    (watch,) = desk.state.watches.values()
    assert len(watch.seen) == OF_ONE_ROW
    assert desk.count("detections") == desk.count("expired") + OF_ONE_ROW
    assert_laws(desk)


def verified(desk: Desk, right: int, wrong: int) -> AlarmRecord | None:
    """Let people find alarms of an algorithm right, and others false; what is known of it then."""
    for n in range(right + wrong):
        at = desk.clock + HOUR
        desk.feed(detection(f"v{n}", at, "guardrail", lat=30.0 + n * 0.001), at=at)
        order_id = list(desk.state.orders)[-1]
        own = Actor("department", desk.order(order_id).department, "d")
        if n < right:
            desk.update("accept", own, at, order_id)
            desk.update("handle", own, at, order_id, evidence_urls=("e",))
            assert desk.update("check-pass", INSPECTOR, at, order_id) == ""
        else:
            assert desk.update("return", own, at, order_id, code="not-a-problem", reason="r") == ""
            assert desk.update("approve-return", DISPATCHER, at, order_id, code="not-a-problem", reason="r") == ""
    return desk.state.algorithms.get("a1")


def test_false_alarms_are_learnt_from_what_people_find() -> None:
    """A check that passes speaks for an algorithm, a return as not-a-problem against it."""
    desk = Desk()

    assert verified(desk, right=2, wrong=1) == AlarmRecord(2, 1)
    assert_laws(desk)


def test_a_failed_verification_is_a_false_alarm_and_makes_the_next_one_harder() -> None:
    """What filed at once before is watched once people have found its algorithm wrong often enough."""
    desk = Desk(weighing_city(verify_at="0.3", file_at="0.85"))
    for n in range(6):
        feed(desk, parked(n, confidence=0.5, lat=30.01 + n * 0.005))
        (order,) = (one for one in desk.state.orders.values() if one.state == "review")
        code = {"code": "not-a-problem", "reason": "nothing there"}
        assert desk.update("decide", REVIEWER, desk.clock, order.id, **code) == ""
    known = len(desk.state.orders)

    feed(desk, parked(20, "cam-9", confidence=0.99, lat=30.09))

    assert desk.state.algorithms["a1"] == AlarmRecord(0, 6)
    assert [order.state for order in list(desk.state.orders.values())[known:]] == ["review"]
    assert_laws(desk)


def test_what_is_weighed_is_reopened_by_what_would_open_it() -> None:
    """An alarm that is too unsure to open an order is watched; one that a person would verify goes to a person."""
    desk = Desk(weighing_city(verify_at="0.4", file_at="0.8"))
    feed(desk, parked(1, confidence=0.99))
    order = desk.only()
    crew = Actor("department", order.department, "zed")
    desk.update("accept", crew, T0 + 11 * MINUTE)
    desk.update("handle", crew, T0 + 12 * MINUTE, evidence_urls=("https://photos.example/1.jpg",))
    desk.update("check-pass", INSPECTOR, T0 + 13 * MINUTE)

    feed(desk, parked(2, confidence=0.3))
    watched = desk.only().state
    feed(desk, parked(3, "cam-sw-2", confidence=0.3))

    assert watched == "closed"
    assert (desk.only().state, desk.only().department, desk.only().evidence_count) == ("review", "", 3)
    assert desk.names()[-3:] == ["evidence-added", "reopened", "sent-to-review"]
    assert desk.state.watches == {}
    assert desk.update("decide", REVIEWER, desk.clock, category=PARKING) == ""
    assert desk.only().department == order.department
    assert_laws(desk)


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_would_open_an_urgent_order_makes_a_reopened_one_urgent(by_hand: bool) -> None:
    """Unless a person has set how urgent it is."""
    desk = Desk(weighing_city(urgent_at="0.97"))
    feed(desk, *(parked(n, f"cam-{n}", confidence=0.5) for n in range(3)))
    if by_hand:
        assert desk.update("prioritise", DISPATCHER, T0 + 21 * MINUTE, priority=5, reason="a yard") == ""
    crew = Actor("department", desk.only().department, "zed")
    for action, by in (("accept", crew), ("handle", crew), ("check-pass", INSPECTOR)):
        assert desk.update(action, by, T0 + 22 * MINUTE, evidence_urls=("e",)) == ""

    before = desk.only().priority
    feed(desk, *(parked(n, f"cam-{n}", confidence=0.95) for n in (4, 5)))

    assert (before, desk.only().priority) == ((5, 5) if by_hand else (4, 1))
    assert (desk.only().state, desk.only().evidence_count) == ("assigned", 5)
    assert_laws(desk)


def test_a_remark_on_a_rejected_order_is_no_second_false_alarm() -> None:
    """A reviewer may write on it as often as they like."""
    desk = Desk()
    verified(desk, right=0, wrong=1)

    assert desk.update("comment", REVIEWER, desk.clock, reason="a shadow") == ""

    assert desk.state.algorithms == {"a1": AlarmRecord(0, 1)}


@pytest.mark.parametrize("code", ["", "not-a-problem"])
def test_an_operators_rejection_says_nothing_of_what_was_seen(code: str) -> None:
    """It was dry again: the alarm was right. The action asks for no code, and one that comes along is none."""
    desk = Desk()
    desk.feed(detection("1", T0, "flooding"), at=T0)

    assert desk.update("reject", OPERATOR, T0, reason="dry again", code=code) == ""

    assert desk.state.algorithms == {}


def test_a_row_of_before_expires_as_a_whole() -> None:
    """What was watched camera by camera has no times of its own: all of it goes when the row's time is over."""
    desk = Desk()
    old = Watch(key=f"south-w/{PARKING}/cam-sw-1", area="south-w", seen=(parked(1), parked(2)), expires=T0 + HOUR)
    desk.rows[f"watch/{old.key}"] = encode_row(old)
    desk.state = DeskState.restore(3, list(desk.rows.items()), list(desk.figure_rows.items()))

    desk.tick(T0 + HOUR)

    assert (desk.state.watches, desk.count("expired")) == ({}, 2)


CHANCES = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), max_size=8)


def _alarms(chances: list[tuple[str, float]]) -> list[Sighting]:
    return [detection(str(n), T0, PARKING, camera, confidence=sure) for n, (camera, sure) in enumerate(chances)]


@given(CHANCES, st.sampled_from("abc"), st.floats(0, 1))
def test_more_evidence_never_makes_less_sure(chances: list[tuple[str, float]], camera: str, sure: float) -> None:
    """The combined value is a probability, and no further detection lowers it."""
    before = combined(_alarms(chances), lambda _: 0.1)
    after = combined(_alarms([*chances, (camera, sure)]), lambda _: 0.1)

    assert 0 <= before <= after + 1e-12 <= 1 + 1e-12


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_independent_sources_are_surer_than_repeats(chances: list[float]) -> None:
    """The same confidences of as many cameras weigh at least as much as of one, and are noisy-or of each."""
    repeats = combined(_alarms([("a", sure) for sure in chances]), lambda _: 0.2)
    sources = combined(_alarms([(str(n), sure) for n, sure in enumerate(chances)]), lambda _: 0.2)

    doubt = 1.0
    for sure in chances:
        doubt *= 1 - 0.8 * sure
    assert repeats <= sources + 1e-12
    assert sources == pytest.approx(1 - doubt)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_rate_lies_between_the_prior_and_what_was_found(right: int, wrong: int) -> None:
    """It begins at one in ten and comes to what people find, never to none or all."""
    rate = false_rate(right, wrong)

    assert 0 < rate < 1
    if right + wrong:
        low, high = sorted((0.1, wrong / (right + wrong)))
        assert low <= rate <= high
    else:
        assert rate == 0.1


def test_the_default_is_that_the_count_decides() -> None:
    """A city that sets no limit has what it had: so many detections, however unsure."""
    kind = Category(code="x", name_zh="x", name_en="x", min_sightings="3")

    assert [consequence(kind, count, 0.999) for count in (1, 2, 3)] == ["watch", "watch", "file"]


def test_limits_that_fall_are_a_mistake_of_the_pack() -> None:
    """What is filed is at least as sure as what is verified."""
    with pytest.raises(CityError, match="verify_at, file_at and urgent_at must not fall"):
        weighing_city(verify_at="0.9", file_at="0.8")

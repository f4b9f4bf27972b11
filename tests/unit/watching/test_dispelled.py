"""What a person has found to be nothing is not asked about again at the camera's next look in doubt."""

from typing import Any

import pytest

from models.inbox import Actor, Sighting
from tests.support.desks import (
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
from tests.unit.arrivals.test_watched import PARKING, feed, parked, weighing_city

LIMITS = {"verify_at": "0.3", "file_at": "0.85"}


def described(id: str, at: int, text: str = "有人在那边", camera: str = "cam-sw-1", **own: Any) -> Sighting:
    """A scene of which the classifier does not know what it is."""
    said = {"alternatives": (("street-vendor", 0.3), ("pothole", 0.2))} | own
    unsure = guess("street-vendor", 0.3, outcome="abstain", **said)
    return detection(id, at, "", camera, label="person", text=text, guess=unsure)


def reject(desk: Desk, at: int) -> None:
    """A reviewer finds that the order in review is nothing."""
    (order,) = (one for one in desk.state.orders.values() if one.state == "review")
    assert desk.update("decide", REVIEWER, at, order.id, code="not-a-problem", reason="a shadow") == ""


def states(desk: Desk) -> list[str]:
    """Those of all orders, oldest first."""
    return [order.state for order in desk.state.orders.values()]


def test_an_unsure_look_after_a_rejection_is_watched_for_a_while() -> None:
    """By any camera there, and once the quiet time is over it is asked about; what is sure by then files at once."""
    desk, sure = (Desk(weighing_city(**LIMITS)) for _ in range(2))
    for each in (desk, sure):
        feed(each, parked(0, confidence=0.5))
        reject(each, T0 + MINUTE)
        feed(each, parked(1, "cam-2", confidence=0.5), parked(2, "cam-2", confidence=0.3))
        assert states(each) == ["rejected"]
        assert len(each.state.watches) == 1

    feed(desk, parked(7, confidence=0.5))
    feed(sure, parked(3, "cam-3", confidence=0.9))

    assert states(desk) == ["rejected", "review"]
    assert states(sure) == ["rejected", "assigned"]
    assert_laws(desk)
    assert_laws(sure)


def test_an_unsure_look_after_a_rejection_reopens_nothing_for_a_while() -> None:
    """Where something else was filed and settled there in between; later it does."""
    desk = Desk(weighing_city(**LIMITS))
    feed(desk, parked(0, confidence=0.5))
    reject(desk, T0 + MINUTE)
    feed(desk, parked(1, "cam-3", confidence=0.99), parked(2, "cam-4", confidence=0.99))
    order = list(desk.state.orders.values())[1]
    police = Actor("department", order.department, "pan")
    for action, by in (("accept", police), ("handle", police), ("check-pass", INSPECTOR)):
        assert desk.update(action, by, T0 + 21 * MINUTE, order.id, evidence_urls=("e",)) == ""

    feed(desk, parked(3, "cam-2", confidence=0.5))
    assert states(desk) == ["rejected", "closed"]
    feed(desk, parked(7, "cam-2", confidence=0.5))
    assert states(desk) == ["rejected", "review"]
    assert_laws(desk)


@pytest.mark.parametrize(
    "own", [{"lat": 30.055}, {"area": "south-e", "lon": 114.1}, {"camera": "cam-2", "lat": None, "lon": None}]
)
def test_elsewhere_a_look_is_asked_about_as_ever(own: dict[str, Any]) -> None:
    """Farther off than two sightings of one thing may be, in another area, or of another camera whose place nobody
    knows."""
    desk = Desk(weighing_city(**LIMITS))
    feed(desk, parked(0, confidence=0.5))
    reject(desk, T0 + MINUTE)

    feed(desk, parked(1, confidence=0.5, **own))

    assert states(desk) == ["rejected", "review"]


def test_what_a_camera_describes_in_doubt_again_is_suppressed_for_a_while() -> None:
    """The same camera and label, of which a person has just said that it is nothing; not another camera's, and not
    what is sure. Once the quiet time is over a person is asked again."""
    desk = Desk()
    desk.feed(described("1", T0), at=T0)
    reject(desk, T0 + MINUTE)

    desk.feed(described("2", T0 + 2 * MINUTE, "还有人"), at=T0 + 2 * MINUTE)
    assert (states(desk), desk.count("suppressed"), desk.count("detections")) == (["rejected"], 1, 2)
    desk.feed(described("3", T0 + 3 * MINUTE, camera="cam-2"), at=T0 + 3 * MINUTE)
    assert states(desk) == ["rejected", "review"]
    desk.feed(described("4", T0 + 61 * MINUTE), at=T0 + 61 * MINUTE)
    assert states(desk) == ["rejected", "review", "review"]
    assert_laws(desk)

    desk = Desk()
    desk.feed(described("1", T0), at=T0)
    reject(desk, T0 + MINUTE)
    sure = detection("2", T0 + 2 * MINUTE, "", label="person", text="护栏坏了", guess=guess("guardrail"))
    desk.feed(sure, at=T0 + 2 * MINUTE)
    assert states(desk) == ["rejected", "assigned"]


def test_what_a_rule_makes_urgent_is_asked_about_at_every_look() -> None:
    """The category's own priority says nothing of it."""
    rule = (
        '[[rules]]\nid = "bay"\nreason = "Ambulance bay 急救通道"\n'
        f'when = {{ category = "{PARKING}", area = "south-w" }}\nthen = {{ priority = 1 }}\n'
    )
    desk = Desk(weighing_city(rules=rule, **LIMITS))
    feed(desk, parked(0, confidence=0.5))
    reject(desk, T0 + MINUTE)

    feed(desk, parked(1, "cam-2", confidence=0.5))

    assert states(desk) == ["rejected", "review"]


def test_what_may_be_urgent_is_asked_about_at_every_look() -> None:
    """Also where it is only one of what it may be."""
    desk = Desk()
    desk.feed(described("1", T0), at=T0)
    reject(desk, T0 + MINUTE)

    feared = described("2", T0 + 2 * MINUTE, alternatives=(("street-vendor", 0.3), ("flooding", 0.15)))
    desk.feed(feared, at=T0 + 2 * MINUTE)

    assert states(desk) == ["rejected", "review"]


def test_only_what_was_found_to_be_nothing_keeps_quiet() -> None:
    """An operator's rejection says nothing of what was seen; a citizen's report is taken as ever; a city may set 0."""
    by_operator, off, reported = Desk(), Desk(quiet_city("doubt_quiet_minutes = 0.0")), Desk()
    for desk in (by_operator, off, reported):
        desk.feed(described("1", T0), at=T0)
    by_operator.update("reject", OPERATOR, T0 + MINUTE, reason="r")
    reject(off, T0 + MINUTE)
    reject(reported, T0 + MINUTE)

    for desk in (by_operator, off):
        desk.feed(described("2", T0 + 2 * MINUTE), at=T0 + 2 * MINUTE)
        assert states(desk) == ["rejected", "review"]
    reported.feed(report("r", T0 + 2 * MINUTE, "有人", category=""), at=T0 + 2 * MINUTE)
    assert states(reported) == ["rejected", "review"]


def test_a_restored_desk_keeps_as_quiet() -> None:
    """What was rejected is found again by its row alone."""
    desk = Desk()
    desk.feed(described("1", T0), at=T0)
    reject(desk, T0 + MINUTE)
    desk.state = type(desk.state).restore(3, list(desk.rows.items()), list(desk.figure_rows.items()))

    desk.feed(described("2", T0 + 2 * MINUTE), at=T0 + 2 * MINUTE)

    assert (states(desk), desk.count("suppressed")) == (["rejected"], 1)

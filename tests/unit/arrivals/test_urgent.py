"""The urgent path 紧急通道: what is a matter of life and limb is neither watched nor reviewed, and told of at once."""

from dataclasses import replace

import pytest

from models.city import City
from models.guess import Guess
from tests.support.cities import FILES
from tests.support.desks import HOUR, OPERATOR, REVIEWER, T0, Desk, assert_laws, detection, guess, quiet_city, report

FLOODING = "flooding"  # of priority 1; its whole group is the works department's


def flood_city(responsibility: str = "", blind: bool = False) -> City:
    """The tiny city, in which it would take three detections to open an order for a flood."""
    categories = FILES["categories.csv"].replace("积水|flood,200,12,1,1", "积水|flood,200,12,3,1")
    files = {"categories.csv": categories, "responsibility.csv": FILES["responsibility.csv"] + responsibility}
    city = quiet_city(**files)
    return replace(city, settings=city.settings.model_copy(update={"blind_review_share": 1.0})) if blind else city


def unsure(probability: float, of_group: float) -> Guess:
    """What a classifier that abstains says of a text that may be of a flood."""
    return guess(FLOODING, probability, outcome="abstain", reason="r", group="water", group_probability=of_group)


def test_the_first_detection_of_something_urgent_opens_its_order() -> None:
    """It is the department's at once, and both the department and the supervisors are told."""
    desk = Desk(flood_city())

    sent = desk.feed(detection("1", T0, FLOODING), at=T0)

    assert (desk.only().state, desk.only().department, desk.only().priority) == ("assigned", "works", 1)
    assert [out.topic for out in sent if out.topic.startswith("assignments/")] == ["assignments/works"]
    told = [out.key for out in sent if out.topic == "notices" and b'"kind":"assigned"' in out.value]
    assert told == ["works", "supervisor"]
    assert_laws(desk)


def test_the_first_detection_reopens_what_is_urgent() -> None:
    """A flood that is seen again after its order was closed waits for no second look."""
    desk = Desk(flood_city())
    desk.feed(detection("1", T0, FLOODING, object_id="o"), at=T0)
    desk.update("force-close", OPERATOR, T0, reason="r")

    desk.feed(detection("2", T0 + HOUR, FLOODING, object_id="o"), at=T0 + HOUR)

    assert desk.only().state == "assigned"


@pytest.mark.parametrize(
    ("of_group", "more", "state"),
    [
        (0.6, "", "assigned"),
        (0.4, "", "review"),  # it is more likely something else
        (0.6, "water-leak,south-w,roads,,,\n", "review"),  # whose it is depends on which of the group it is
    ],
)
def test_what_is_likely_urgent_goes_to_the_one_department_of_its_group(of_group: float, more: str, state: str) -> None:
    """Without a review, with the group as its category; where the group has two departments, a person decides."""
    desk = Desk(flood_city(more))

    desk.feed(report("1", T0, "水淹到膝盖了", guess=unsure(0.4, of_group)), at=T0)

    order = desk.only()
    assert order.state == state
    assert (order.department, order.category) == (("works", "water") if state == "assigned" else ("", ""))
    assert order.priority == 1  # whoever looks is told at once
    assert_laws(desk)


@pytest.mark.parametrize(("share", "priority"), [(0.28, 1), (0.1, 1), (0.09, 3)])
def test_what_may_be_urgent_is_so_for_whoever_reviews_it(share: float, priority: int) -> None:
    """A cry for help was taken for a thanks, and waited among potholes. What a person then says that it is decides."""
    desk = Desk(flood_city())
    said = guess("none", 0.7, alternatives=(("none", 0.7), ("flooding", share)), kind="thanks", outcome="abstain")

    desk.feed(report("1", T0, "求求你们快来，水进屋了", guess=said), at=T0)
    waiting = desk.only()
    desk.update("decide", REVIEWER, T0 + HOUR, category="street-light")

    assert (waiting.state, waiting.priority) == ("review", priority)
    assert desk.only().priority == 3
    assert_laws(desk)


def test_what_is_not_urgent_is_still_reviewed() -> None:
    """A likely leak is nobody's life: where the classifier is not sure, a person decides."""
    desk = Desk(flood_city())

    leak = guess("water-leak", 0.6, outcome="abstain", reason="r", group="water", group_probability=0.9)
    desk.feed(report("1", T0, "漏水", guess=leak), at=T0)

    assert desk.only().state == "review"


def test_nothing_urgent_is_reviewed_blind() -> None:
    """The share of dispatches that people judge unseen is taken of what can wait."""
    desk = Desk(flood_city(blind=True))

    desk.feed(report("1", T0, "积水", FLOODING), report("2", T0, "有摊贩", "street-vendor", lat=30.01), at=T0)

    found = {order.guess.category: order.state for order in desk.state.orders.values() if order.guess}
    assert found == {FLOODING: "assigned", "street-vendor": "review"}


def test_what_has_no_word_of_a_matter_goes_nowhere_by_itself() -> None:
    """A street that is called after trees was likely a fallen one, and went to whoever fells them, urgently."""
    desk = Desk(flood_city())
    said = guess("flooding", 0.0, alternatives=(), outcome="abstain", group="water", group_probability=0.0)

    desk.feed(report("1", T0, "河湾路12号", guess=said), at=T0)

    assert (desk.only().state, desk.only().priority) == ("review", 3)
    assert_laws(desk)

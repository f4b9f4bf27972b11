"""Urgent is what would be routed as urgent, however quickly that is told."""

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.steps.routing import Urgency, routed
from models.city import URGENT, load_city
from models.guess import NO_FAULT
from models.inbox import Sighting
from streams.settings import load_settings
from tests.support.desks import T0, detection, guess, report

CITY = load_city(load_settings().city)
URGENCY = Urgency(CITY)
WORDS = ("路灯不亮", "有煤气味", "电梯困人", "下穿通道积水", "谢谢你们", "加微信领")
AREAS = st.sampled_from(sorted({camera.area for camera in CITY.cameras.values()}))
CODES = st.sampled_from(sorted(CITY.categories))


@st.composite
def sightings(draw: st.DrawFn) -> Sighting:
    """A report that was classified in whatever way, or what a camera sees."""
    category, area = draw(CODES), draw(AREAS)
    if draw(st.booleans()):
        return detection("1", T0, category, area=area, label=draw(st.sampled_from(("", "fire", "pothole"))))
    found = guess(
        draw(st.sampled_from((category, NO_FAULT))),
        draw(st.floats(0.1, 0.99)),
        outcome=draw(st.sampled_from(("confident", "group", "abstain"))),
        group=CITY.categories[category].parent,
        group_probability=draw(st.floats(0.1, 0.99)),
        second=draw(st.one_of(st.just(""), CODES)),
    )
    return report("1", T0, "，".join(draw(st.lists(st.sampled_from(WORDS)))), area=area, guess=found)


@given(sighting=sightings())
def test_urgent_is_what_is_routed_as_urgent(sighting: Sighting) -> None:
    """By every rule and table, not by those alone that are asked."""
    assert URGENCY.of(sighting) == (routed(CITY, sighting, T0).priority == URGENT)

"""The desk asks for the gists of words alone: with them beside, it decides the same whatever the words are."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dispatcher.arrivals.worded.gists import gist_of, similarity
from dispatcher.order.row import kept_evidence
from models.city import City
from models.inbox import Sighting
from models.words import whole_text
from tests.support.desks import MINUTE, T0, Desk, quiet_city, report

CITY = quiet_city()
TITLES = ("", "路灯", "12号灯杆", "三号楼")
TEXTS = (
    "12号灯杆的路灯不亮了，晚上很黑",
    "13号灯杆的路灯不亮了，晚上很黑",
    "十二号灯杆的路灯不亮了，夜里很黑",
    "水已齐腰，快来人",
    "路上有个大坑",
    "Lamp 12 is dark",
    "x",
)
WORDS = st.tuples(st.sampled_from(TITLES), st.sampled_from(TEXTS), st.sampled_from(("pothole", "flooding", "")))


def _withheld(city: City, sighting: Sighting) -> Sighting:
    """The sighting as one whose words nobody can read: its gist is beside it."""
    phrases = city.rules.phrases_in(whole_text(sighting.title, sighting.text))
    gist = gist_of(sighting.title, sighting.text, phrases)
    return replace(sighting, title=sighting.title and "withheld", text="withheld", address="withheld", gist=gist)


def _decided(city: City, sightings: list[Sighting]) -> list[tuple[object, ...]]:
    """What a desk makes of them: of each order its state and department, its reports, with why they joined it, and the
    orders that may be the same."""
    desk = Desk(city)
    for n, sighting in enumerate(sightings):
        desk.feed(sighting, at=T0 + n * MINUTE)
    return [
        (
            *(order.id, order.state, order.category, order.department, order.priority, order.candidates),
            [(seen.id, seen.rule) for seen in kept_evidence(order)],
        )
        for order in desk.state.orders.values()
    ]


@given(st.lists(WORDS, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_the_desk_decides_the_same_without_the_words(said: list[tuple[str, str, str]]) -> None:
    """Which reports join, which are candidates, what rules send where: of the words only their gists count."""
    sightings = [
        report(str(n), T0 + n * MINUTE, text, category, title=title) for n, (title, text, category) in enumerate(said)
    ]

    withheld = [_withheld(CITY, sighting) for sighting in sightings]

    assert _decided(CITY, withheld) == _decided(CITY, sightings)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_sketch_says_how_alike_texts_are(text: str, other: str) -> None:
    """Between 0 and 1, the same both ways, 1 for a text and itself."""
    first, second = gist_of("", text).pairs, gist_of("", other).pairs

    assert 0.0 <= similarity(first, second) == similarity(second, first) <= 1.0
    assert similarity(first, first) == (1.0 if first else 0.0)


def test_a_rule_finds_its_words_in_the_gist_alone() -> None:
    """What no rule looks for is not among the phrases, and what none of them holds leads to none."""
    assert CITY.rules.phrases_in("水已齐腰，快来人，我叫张三") == ("齐腰",)
    assert CITY.rules.phrases_in("路上有个大坑") == ()

"""What a described scene is worth by its words: an order, a person's look, or nothing, which is counted."""

from collections.abc import Sequence
from typing import Any

import pytest

from models.city import City
from models.classifier.serving.features import Context
from models.guess import Guess
from models.inbox import Sighting
from streams.intake.batch import Taken, finish, prepare, take_in, urgent_of
from streams.intake.drafts import Keys
from streams.intake.reading.statements import ASKING
from tests.support.cities import appended, tiny_city
from tests.support.desks import Desk, quiet_city
from tests.support.messages import NOW, detection, raw

KEYS = Keys(b"for tests only")
DROPS = appended("labels.csv", "*,*,person,-,")
HARMLESS = "two men are repainting the fence"


@pytest.fixture(scope="module")
def city() -> City:
    """The tiny city, which drops the label `person`."""
    return tiny_city(DROPS)


class Says:
    """A model that says one thing of all texts."""

    def __init__(self, category: str, **own: Any) -> None:
        self.guess = Guess(category, own.pop("probability", 0.99), "model-1", 0.5, **own)
        self.asked: list[str] = []

    def classify(self, texts: Sequence[str], contexts: Sequence[Context] | None = None) -> list[Guess]:
        self.asked += texts
        return [self.guess] * len(texts)


UNSURE = {"outcome": "abstain", "reason": "uncertain"}


def taken(city: City, text: str, model: Says | None, **own: Any) -> Taken:
    """What comes of one description."""
    return take_in([detection(**{"label": "person", "text": text} | own)], city, model, NOW, KEYS)


def kept(found: Taken) -> list[Sighting]:
    """The sightings that go to the desk."""
    return [item for items in found.items.values() for item in items if isinstance(item, Sighting)]


@pytest.mark.parametrize(
    ("text", "category"),
    [("water reaches up to the knees", "flooding"), ("a person steps over a hole in the road: a pothole", "pothole")],
)
def test_words_that_surely_name_something_count_although_their_label_is_dropped(
    city: City, text: str, category: str
) -> None:
    """What is urgent by the classifier's word; anything else where a keyword of its row stands in the text."""
    found = taken(city, text, Says(category))

    [item] = kept(found)
    assert (item.category, item.label, item.guess is not None and item.guess.sure) == ("", "person", category)
    assert found.ignored == {}


@pytest.mark.parametrize(
    "model",
    [None, Says("pothole"), Says("flooding", **UNSURE), Says("none")],
    ids=["no model", "not named", "unsure", "no fault"],
)
def test_all_else_under_a_dropped_label_stays_dropped_and_counted(city: City, model: Says | None) -> None:
    """Its camera is alive all the same."""
    found = taken(city, HARMLESS, model)

    assert (found.items, found.dead, found.ignored) == ({}, [], {"-": 1})
    assert found.heard == {"cam-sw-1": "south-w"}


@pytest.mark.parametrize(("text", "phase"), [("a person", ""), (HARMLESS, "end"), ("people walking", "")])
def test_a_dropped_label_without_a_scene_asks_no_model(city: City, text: str, phase: str) -> None:
    """Nor does an end, or a street as streets are."""
    model = Says("flooding")

    found = taken(city, text, model, phase=phase)

    assert (found.items, found.ignored, model.asked) == ({}, {"-": 1}, [])


def test_what_its_own_algorithm_is_not_sure_of_is_dropped_whatever_the_words(city: City) -> None:
    """The row's confidence is asked first."""
    strict = tiny_city(appended("labels.csv", "*,*,person,-,0.5"))

    assert taken(strict, "water reaches up to the knees", Says("flooding"), confidence=0.4).ignored == {"-": 1}


@pytest.mark.parametrize("text", ["street, cars, people walking", "画面正常，未发现异常", "no fire or smoke visible"])
def test_a_street_as_streets_are_is_counted_as_no_fault(city: City, text: str) -> None:
    """A thousand cameras that describe one each minute come to no order, no review and no work for the model."""
    model = Says("pothole")
    found = taken(city, text, model, label="scene")

    assert (found.items, found.unlisted, found.ignored, model.asked) == ({}, {}, {"none": 1}, [])
    assert found.heard == {"cam-sw-1": "south-w"}
    assert taken(city, text, model, label="scene", phase="end").ignored == {}


def test_a_scene_that_surely_is_no_fault_is_counted_and_an_unsure_one_is_for_a_person(city: City) -> None:
    """As with a citizen's; the end of something goes on, whatever is said."""
    assert taken(city, HARMLESS, Says("none"), label="scene").ignored == {"none": 1}
    for model, own in ((Says("none", **UNSURE), {}), (None, {}), (Says("none"), {"phase": "end"})):
        found = taken(city, HARMLESS, model, label="scene", **own)
        assert (len(kept(found)), found.ignored) == (1, {})


def test_where_a_rule_makes_something_of_what_is_no_fault_it_does() -> None:
    """One that rejects it makes nothing of it."""
    rule = '[[rules]]\nid = "r"\nreason = "r"\n[rules.when]\nno_fault = ["praise"]\n[rules.then]\n'
    for then, orders in (('department = "works"\n', 1), ("reject = true\n", 0)):
        found = taken(tiny_city({"rules.toml": rule + then}), HARMLESS, Says("none", kind="praise"), label="scene")
        assert len(kept(found)) == orders


def test_the_classifier_reads_what_is_there_and_the_order_keeps_what_was_said(city: City) -> None:
    """`No smoke` is not a word for smoke."""
    model = Says("pothole")
    said = "A hole in the road. No fire or smoke is visible."

    [item] = kept(taken(city, said, model, label="scene"))

    assert (model.asked, item.text) == (["a hole in the road"], said)


def test_whoever_asks_hears_that_nothing_comes_of_it() -> None:
    """The desk opens nothing, and answers."""
    city = quiet_city(**DROPS)
    plain = detection(label="person", text=HARMLESS)
    record = raw(plain.value, [*plain.headers, ASKING], plain.topic)
    desk = Desk(city)

    found = take_in([record], city, Says("none"), NOW, KEYS)
    [item] = kept(found)
    sent = desk.feed(item, at=NOW)

    assert (item.ignored, found.ignored, len(desk.state.orders)) == (True, {"-": 1}, 0)
    assert [b'"outcome":"ignored"' in out.value for out in sent] == [True]


def test_nothing_is_sent_ahead_of_what_comes_to_nothing() -> None:
    """A label that is dropped, and words that may mean something urgent without naming it."""
    city = tiny_city(DROPS)
    model = Says("flooding", outcome="abstain", group="water", group_probability=0.9)
    prepared = prepare([detection(label="person", text=HARMLESS)], city, NOW, KEYS)
    guesses = model.classify(prepared.texts)

    assert urgent_of(prepared, guesses, [None]) == []
    assert finish(prepared, guesses, [None]).items == {}

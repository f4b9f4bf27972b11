"""The classifier is watched over a window of bounded size, and each kind of drift raises its own alarm."""

import random
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.order import facts
from dispatcher.order.facts import Fact
from dispatcher.order.final_label import final_label
from models.city import CitySettings
from models.classifier.learning.drift import psi, psi_limit
from models.classifier.serving.artefact import Manifest
from models.guess import NO_FAULT, Guess
from models.inbox import Actor
from streams.learning.drift_window import MOST_TEXTS, Drift, RecentOrders
from tests.support.desks import DISPATCHER, INSPECTOR, OPERATOR, REVIEWER, T0, Desk, facts_of, guess, report
from tests.support.steps.lives import Life

MODEL, OTHER = "m" * 16, "o" * 16
CLASSES = ("pothole", "street-light", "flooding", "litter")
SETTINGS = CitySettings(drift_orders_min=100)


def manifest(**own: Any) -> Manifest:
    """Of a manifest the part that is asked for: equal shares of four categories, a tenth of unknown pieces."""
    return cast(Manifest, SimpleNamespace(**{"mix": dict.fromkeys(CLASSES, 500), "unseen": 0.1} | own))


def life(n: int, probability: float = 0.9, model: str = MODEL, right: bool = True, **own: Any) -> Iterator[Fact]:
    """An order that was classified and then dispatched or reviewed, and returned when that was wrong; at last its label
    is known."""
    category = own.get("category", CLASSES[n % len(CLASSES)])
    true = category if right else CLASSES[(CLASSES.index(category) + 1) % len(CLASSES)]
    made = Life(n, n, 20260302)
    made.add(
        facts.Classified, n, "review", guess=Guess(category, probability, model, 0.5), blind=own.get("blind", False)
    )
    if own.get("reviewed") or own.get("blind"):
        made.add(facts.SentToReview, n, "review", reason="blind" if own.get("blind") else "uncertain")
        made.add(facts.Decided, n, "review", category=true)
    made.assign(n, category=category)
    if not right and not own.get("reviewed"):
        made.give_back(n, n, 0)
        made.assign(n, "parks", true)
    made.accept(n).handle(n).check(n).close(n)
    return iter(made.log)


def window(lives: Iterator[Iterator[Fact]], most: int = 1000) -> RecentOrders:
    """A window that has seen these orders."""
    made = RecentOrders(most)
    for number, facts_ in enumerate(lives):
        for fact in facts_:
            made.add(fact, number)
    return made


def drift(made: RecentOrders, **own: Any) -> Drift:
    """Its figures for the model in force."""
    return made.drift(MODEL, manifest(**own), SETTINGS)


def chance(seed: int = 1) -> random.Random:
    """Fixed chance: these tests are about limits, not about luck."""
    return random.Random(seed)


def test_a_calm_city_raises_no_alarm() -> None:
    """The mix and the probabilities are as learnt, few are reviewed or returned."""
    luck = chance()
    found = drift(window(life(n, 0.95, right=luck.random() < 0.95, reviewed=n % 10 == 0) for n in range(400)))
    assert found.alarms == ()
    assert (found.orders, found.labelled) == (400, 400)
    assert found.figures["review_share"].value == 0.1
    assert 0 < found.figures["return_share"].value < 0.1


def test_many_reviews_raise_an_alarm_and_blind_ones_do_not_count() -> None:
    """Half reviewed is too many; half judged blind is the city's own wish."""
    assert "review_share" in drift(window(life(n, reviewed=n % 2 == 0) for n in range(200))).alarms
    assert drift(window(life(n, blind=n % 2 == 0) for n in range(200))).figures["review_share"].value == 0.0


def test_many_returns_raise_an_alarm() -> None:
    """A fifth came back, and rightly so."""
    found = drift(window(life(n, right=n % 5 != 0) for n in range(200)))
    assert found.figures["return_share"].value == 0.2
    assert "return_share" in found.alarms


def test_another_mix_of_categories_raises_an_alarm() -> None:
    """Floods everywhere, as never in training; without a known mix nothing is said."""
    made = window(life(n, category="flooding" if n % 4 else "pothole") for n in range(200))
    assert "class_mix" in drift(made).alarms
    assert "class_mix" not in drift(made, mix={}).figures


def test_unknown_words_raise_an_alarm() -> None:
    """Each text is handed out once for measuring; half of its pieces unknown is far more than in training."""
    made = window(life(n) for n in range(200))
    texts = made.unmeasured(MODEL)
    assert len(texts) == 200
    assert made.unmeasured(MODEL) == {}
    made.measure(list(texts), [0.5] * len(texts))
    assert "unseen_share" in drift(made).alarms


def test_false_confidence_raises_an_alarm() -> None:
    """Nine in ten promised, seven in ten right."""
    luck = chance()
    found = drift(window(life(n, 0.9, right=luck.random() < 0.7) for n in range(400)))
    assert "calibration_error" in found.alarms


def judged(n: int, guess: str, other: str, decision: str, probability: float = 0.9) -> Iterator[Fact]:
    """An order that was taken for `guess`, next for `other`, and then looked at by a person, who decided on a category,
    or with an empty one that it is nothing."""
    likely = ((guess, probability), (other, 1 - probability))
    made = Life(n, n, 20260302)
    made.add(facts.Classified, n, "review", guess=Guess(guess, probability, MODEL, 0.5, alternatives=likely))
    made.add(facts.SentToReview, n, "review", reason="no-fault" if guess == NO_FAULT else "uncertain")
    made.add(facts.Decided, n, "review", category=decision, rejected=not decision)
    if decision:
        return iter(made.assign(n, category=decision).log)
    return iter(made.add(facts.Rejected, n, "rejected", reason="nothing").log)


def test_what_people_reject_as_no_fault_is_a_label_as_good_as_any() -> None:
    """Right nine times in ten, as promised, in a city with as much of it as in training: nothing is odd."""
    shares = {NO_FAULT: 500, "litter": 500}
    thanks = (judged(n, NO_FAULT, "litter", "litter" if n % 10 == 9 else "") for n in range(200))
    made = window(chain(thanks, (life(n, category="litter", right=n % 10 != 0) for n in range(200, 400))))

    found = drift(made, mix=shares)

    assert (found.orders, found.labelled) == (400, 400)
    assert not {"class_mix", "calibration_error"} & set(found.alarms)


def test_false_confidence_that_it_is_no_fault_raises_an_alarm() -> None:
    """Nine in ten promised, and people see a fault in three of ten."""
    found = drift(window(judged(n, NO_FAULT, "litter", "litter" if n % 10 < 3 else "") for n in range(400)))

    assert found.labelled == 400
    assert "calibration_error" in found.alarms


def test_far_more_that_is_no_fault_than_in_training_is_another_mix() -> None:
    """Thanks and questions that are rejected count in the mix under `none`."""
    mostly = window(judged(n, NO_FAULT, "litter", "") if n % 4 else life(n) for n in range(200))

    assert "class_mix" in drift(mostly, mix=dict.fromkeys((*CLASSES, NO_FAULT), 500)).alarms


def test_a_thanks_that_was_taken_for_a_fault_counts_as_a_mistake() -> None:
    """A person rejects it, and the model had thought of no fault too: it was wrong, as the labels say. What was no
    fault to nobody's mind but the reviewer's has no label."""
    taken = drift(window(judged(n, "litter", NO_FAULT, "" if n % 10 < 3 else "litter") for n in range(400)))
    other = drift(window(judged(n, "litter", "pothole", "" if n % 10 < 3 else "litter") for n in range(400)))

    assert (taken.labelled, other.labelled) == (400, 280)
    assert "calibration_error" in taken.alarms


def test_a_label_ends_with_the_state_that_it_stood_in() -> None:
    """Closed and reopened, joined to another, given back by its department: what they are is open again. A rejection is
    no label of what a reviewer had called a fault before."""
    closed = [Life(n, n, 20260302) for n in range(3)]
    for n, made in enumerate(closed):
        made.add(facts.Classified, n, "review", guess=Guess("litter", 0.9, MODEL, 0.5))
        made.assign(n, category="litter").accept(n).handle(n).check(n).close(n)
    closed[1].reopen(9)
    decided = [Life(n, n, 20260302) for n in range(10, 13)]
    for made in decided:
        likely = (("litter", 0.9), (NO_FAULT, 0.1))
        made.add(facts.Classified, 1, "review", guess=Guess("litter", 0.9, MODEL, 0.5, alternatives=likely))
        made.add(facts.Decided, 2, "review", category="litter").assign(3, category="litter")
    decided[0].add(facts.Merged, 4, "merged", into=closed[0].id, reason="the same")
    decided[1].add(facts.Returned, 4, "returned", code="not-my-area", reason="elsewhere")
    decided[2].add(facts.Rejected, 4, "rejected", reason="a mistake", archive_at=9)

    found = drift(window(iter([iter(made.log) for made in (*closed, *decided)])))

    assert (found.orders, found.labelled) == (6, 2)


def test_a_group_is_no_wrong_category() -> None:
    """An order that was dispatched on its group and handled as that says nothing of which category is right."""
    made = Life(1, 1, 20260302)
    made.add(facts.Classified, 1, "review", guess=Guess("litter", 0.6, MODEL, 0.9, "group", group="sanitation"))
    made.assign(1, category="sanitation").accept(2).handle(3).check(4).close(5)

    assert drift(window(iter([iter(made.log)]))).labelled == 0


STEPS: tuple[tuple[str, Actor, dict[str, Any]], ...] = (
    ("decide", REVIEWER, {"category": "water-leak"}),
    ("decide", REVIEWER, {"code": "not-a-problem"}),
    ("re-categorise", REVIEWER, {"category": "street-light"}),
    ("accept", Actor("department", "roads", "clerk"), {}),
    ("accept", Actor("department", "works", "clerk"), {}),
    ("return", Actor("department", "roads", "clerk"), {"code": "not-my-function"}),
    ("return", Actor("department", "works", "clerk"), {"code": "not-my-function"}),
    ("approve-return", DISPATCHER, {"department": "works"}),
    ("approve-return", DISPATCHER, {}),
    ("refuse-return", DISPATCHER, {}),
    ("handle", Actor("department", "roads", "clerk"), {"evidence_urls": ("https://a.example/1",)}),
    ("handle", Actor("department", "works", "clerk"), {"evidence_urls": ("https://a.example/1",)}),
    ("check-pass", INSPECTOR, {}),
    ("check-fail", INSPECTOR, {}),
    ("reopen", OPERATOR, {}),
    ("force-close", OPERATOR, {}),
    ("reject", OPERATOR, {}),
    ("reject", REVIEWER, {}),
)


@given(steps=st.lists(st.sampled_from(STEPS), max_size=12), sure=st.booleans())
def test_drift_has_a_label_where_the_labels_have_one(
    steps: list[tuple[str, Actor, dict[str, Any]]], sure: bool
) -> None:
    """Whatever is done to an order: it counts as labelled exactly while `final_label` has a sure one. Where a
    reviewer's own decision was given back and goes on elsewhere, drift waits for its end."""
    desk = Desk()
    likely = (("pothole", 0.9), (NO_FAULT, 0.1))
    said = guess("pothole", 0.9, outcome="confident" if sure else "abstain", alternatives=likely)
    desk.feed(report("r1", T0, guess=said), at=T0)
    for number, (action, by, own) in enumerate(steps, 1):
        desk.update(action, by, T0 + number, reason="because", **own)
        order = desk.only()
        label = final_label(order)
        seen = RecentOrders()
        for fact in facts_of(desk.sent):
            if isinstance(fact, Fact):
                seen.add(fact, T0)
        labelled = seen.drift(said.model, manifest(), SETTINGS).labelled
        if order.label_by != "reviewer" or not any(turn.misrouted for turn in order.assignments):
            assert labelled == (label is not None and label.sure)


def test_few_orders_raise_no_alarm() -> None:
    """Whatever they are like."""
    found = drift(window(life(n, reviewed=True) for n in range(99)))
    assert found.figures["review_share"].value == 1.0
    assert found.alarms == ()


def test_only_orders_of_the_model_in_force_count() -> None:
    """After a promotion the window starts anew."""
    found = drift(window(life(n, model=OTHER) for n in range(200)))
    assert (found.orders, found.figures) == (0, {})


def test_the_window_is_bounded_in_number_and_in_time() -> None:
    """The oldest orders and texts go first; facts of orders that are gone change nothing."""
    made = window((life(n) for n in range(1500)), most=1000)
    assert len(made) == 1000
    assert len(made.unmeasured(MODEL)) == MOST_TEXTS
    made.forget(1400)
    assert len(made) == 100
    for fact in list(life(0))[1:]:
        made.add(fact, 0)
    assert len(made) == 100


def test_chance_alone_rarely_passes_the_limit_of_the_class_mix() -> None:
    """With 60 classes and 200 orders of the very same mix the usual limit of 0.25 would often be passed."""
    luck, names = chance(), [f"c{n}" for n in range(60)]
    passed = usual = 0
    for _ in range(200):
        before, now = (Counter(luck.choices(names, k=size)) for size in (2000, 200))
        passed += psi(before, now) > psi_limit(before, now)
        usual += psi(before, now) > 0.25
    assert passed <= 20
    assert usual > passed

"""The classifier is watched over a window of bounded size, and each kind of drift raises its own alarm."""

import random
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

from dispatcher.order import facts
from dispatcher.order.facts import Fact
from models.city import CitySettings
from models.classifier.learning.drift import psi, psi_limit
from models.classifier.serving.artefact import Manifest
from models.guess import Guess
from streams.learning.drift_window import MOST_TEXTS, Drift, RecentOrders
from tests.support.lives import Life

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
    true = category if right else CLASSES[(n + 1) % len(CLASSES)]
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

"""Guesses: consistent, explained exactly, doubtful where they must be."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.classifier import Classifier, Context
from models.classifier.serving.calibration import NEVER
from models.classifier.serving.doubt import apart
from tests.support.learning.classifiers import GROUPS, small_bytes, small_model, small_rows


@given(st.lists(st.text(max_size=80), max_size=5))
def test_any_text_gets_a_sound_guess(texts: list[str]) -> None:
    """Whatever the text: one guess each, probabilities in range, the category inside its group."""
    guesses = small_model().classify(texts)
    assert len(guesses) == len(texts)
    for guess in guesses:
        assert GROUPS[guess.category] == guess.group
        assert 0 <= guess.probability <= guess.group_probability + 1e-9 <= 1 + 2e-9
        assert (guess.reason == "") == (guess.outcome == "confident")


def test_the_category_is_never_of_another_group_than_the_group_guessed() -> None:
    """Category and group agree on every text of the corpus, and the group's probability is its categories' sum."""
    model, rows = small_model(), small_rows()
    probability = model.probabilities(rows.texts)
    assert np.allclose(probability.sum(axis=1), 1)
    for guess, row in zip(model.classify(rows.texts), probability, strict=True):
        members = [n for n, name in enumerate(model.classes) if GROUPS[name] == guess.group]
        assert guess.category in {model.classes[n] for n in members}
        assert guess.group_probability == pytest.approx(row[members].sum())


def test_alternatives_are_the_three_best_in_order() -> None:
    """Best first, and the first is the category when no group overrules it."""
    for guess in small_model().classify(small_rows().texts[:100]):
        shares = [share for _, share in guess.alternatives]
        assert len(shares) == 3
        assert shares == sorted(shares, reverse=True)


def test_contributions_sum_to_the_score() -> None:
    """With few enough features every one is shown, and terms plus bias are the class's score."""
    model = small_model()
    text = "路灯"
    (guess,) = model.classify([text])
    encoded = model.vectoriser.encode([text], None, model.vectoriser.table())
    column = model.classes.index(guess.category)
    score = float((encoded.rows.times(model.weights) + model.bias)[0, column])
    assert sum(value for _, value in guess.terms) + float(model.bias[column]) == pytest.approx(score, abs=1e-3)


def test_terms_stand_in_the_text_as_the_reporter_wrote_it() -> None:
    """So that a page can mark them."""
    text = "The POTHOLE near the School is huge，路面有一个大坑"
    (guess,) = small_model().classify([text])
    assert guess.terms
    assert len(guess.terms) <= 8
    assert all(term in text for term, _ in guess.terms)


@pytest.mark.parametrize(
    "text",
    ["", "   ", "!!!", "鑫淼犇羴骉麤毳晶磊品众焱垚猋", "qwrtz plmkn xcvbq hjklw zzxcv", "Добрый день, как дела"],
)
def test_text_unlike_anything_seen_abstains(text: str) -> None:
    """Empty, gibberish, another script: a person decides, and is told why."""
    (guess,) = small_model().classify([text])
    assert guess.outcome == "abstain"
    assert guess.reason


def test_a_missing_context_changes_no_answer() -> None:
    """A model without context features ignores a context; none at all is the same."""
    texts = small_rows().texts[:50]
    around = [Context(area="a", hour=3, channel="app", label="x", hint="pothole")] * 50
    assert small_model().classify(texts) == small_model().classify(texts, around)


def test_contexts_of_another_length_are_refused() -> None:
    """One context for each text, or none at all."""
    with pytest.raises(ValueError, match="2 contexts for 1 texts"):
        small_model().classify(["路"], [None, None])


def test_a_higher_target_never_lowers_the_threshold() -> None:
    """Thresholds rise with the target that a city sets, up to never."""
    limits = [Classifier.from_bytes(small_bytes(), target=t).classify(["路"])[0].threshold for t in (0.8, 0.9, 0.99, 1)]
    assert limits == sorted(limits)
    assert limits[-1] == NEVER


def test_a_stricter_target_dispatches_nothing_that_a_laxer_one_would_not() -> None:
    """What goes out by itself at a target, on its category or its group, goes out at every lower one."""
    texts = small_rows().texts
    sent = [
        {n for n, guess in enumerate(model.classify(texts)) if guess.outcome != "abstain"}
        for model in (
            Classifier.from_bytes(small_bytes(), target=target) for target in (0.8, 0.85, 0.9, 0.95, 0.97, 0.99)
        )
    ]

    assert all(less <= more for more, less in pairwise(sent))
    assert 0 < len(sent[-1]) < len(sent[0])


def test_the_batch_does_not_matter() -> None:
    """A message gets the same guess alone and among others."""
    texts = small_rows().texts[:40]
    model = small_model()
    assert model.classify(texts) == [model.classify([text])[0] for text in texts]


@given(st.lists(st.tuples(st.text(max_size=60), st.sampled_from(("", "app", "phone"))), min_size=1, max_size=6))
def test_whatever_the_texts_each_is_guessed_as_if_alone(messages: list[tuple[str, str]]) -> None:
    """To the last bit: what a message is taken for hangs on nothing that happens to come with it."""
    texts = [text for text, _ in messages]
    around = [Context(channel=channel) for _, channel in messages]
    model = small_model()
    alone = [model.classify([text], [one])[0] for text, one in zip(texts, around, strict=True)]
    assert model.classify(texts, around) == alone


def test_rows_are_multiplied_as_scipy_does() -> None:
    """The product without SciPy's wrapping is the same to the last bit, of many rows and of none."""
    model = small_model()
    table = model.vectoriser.table()
    for texts in (small_rows().texts[:100], ["路灯坏了"], ["?"], []):
        rows = model.vectoriser.encode(texts, None, table).rows
        assert np.array_equal(rows.times(model.weights), rows.matrix() @ model.weights)


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(0.85, 0.92, ("0.85", "0.92")), (0.918, 0.922, ("0.918", "0.922")), (0.91999, 0.92, ("0.91999", "0.92000"))],
)
def test_a_probability_below_the_threshold_reads_as_below_it(low: float, high: float, shown: tuple[str, str]) -> None:
    """Two figures that differ are written with as many digits as show it."""
    assert apart(low, high) == shown

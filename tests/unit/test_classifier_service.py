"""Guesses: consistent, explained exactly, doubtful where they must be."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.classifier import Classifier, Context
from models.classifier.learning.bootstrap import bootstrap
from models.classifier.learning.taxonomy import Leaf, Taxonomy
from models.classifier.learning.training import train
from models.classifier.serving.artefact import pack, unpack
from models.classifier.serving.calibration import NEVER
from tests.support.classifiers import GROUPS, RECIPES, small_bytes, small_model, small_rows

KEYWORDS = {
    "pothole": ("大坑", "路面", "坑洼", "hole", "pit"),
    "road-works": ("施工", "围挡", "修路", "digging"),
    "street-light-out": ("路灯", "不亮", "street light", "lamp"),
    "gas-leak": ("燃气", "煤气", "smell of gas"),
    "litter": ("垃圾", "烟头", "纸屑", "rubbish"),
    "public-toilet": ("公厕", "厕所", "toilet"),
    "unpaid-wages": ("工资", "拖欠", "wages"),
    "pension": ("养老", "养老金", "退休", "retirement"),
}


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
    score = float((encoded.rows @ model.weights + model.bias)[0, column])
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


def test_a_context_that_was_learnt_helps_and_may_be_missing() -> None:
    """The reporter's own category moves the guess its way; a text without it is still judged."""
    rows = small_rows()
    hinted = type(rows)(rows.texts, rows.labels, [Context(hint=label) for label in rows.labels])
    model = Classifier.from_bytes(train(hinted, RECIPES, day="2026-01-01"))
    column = model.classes.index("pothole")
    with_hint = model.probabilities(["请处理一下"], [Context(hint="pothole")])[0, column]
    without = model.probabilities(["请处理一下"], [None])[0, column]
    assert with_hint > without


def test_contexts_of_another_length_are_refused() -> None:
    """One context for each text, or none at all."""
    with pytest.raises(ValueError, match="2 contexts for 1 texts"):
        small_model().classify(["路"], [None, None])


def test_a_costly_category_that_is_likely_enough_abstains() -> None:
    """With a cost of a million for a missed gas leak every sure answer for something else becomes doubtful."""
    rows = small_rows()
    careful = Classifier.from_bytes(train(rows, RECIPES, day="2026-01-01", target=0.9, costs={"gas-leak": 1e6}))
    guesses = careful.classify(rows.texts)
    others = [guess for guess in guesses if guess.category != "gas-leak"]
    assert others
    assert {guess.outcome for guess in others} == {"abstain"}
    assert any("gas-leak" in guess.reason for guess in others)
    assert any(guess.outcome == "confident" for guess in guesses if guess.category == "gas-leak")


def test_a_costly_category_of_the_same_group_leaves_the_group_sure() -> None:
    """The right department gets the message all the same; only the category's name is in doubt."""
    rows = small_rows()
    costs = {"road-works": 1e6}
    _, manifest, arrays = unpack(train(rows, RECIPES, day="2026-01-01", groups=GROUPS, target=0.9, costs=costs))
    # So few texts support no threshold for groups of their own.
    limits = tuple(msgspec.structs.replace(limit, group=0.5) for limit in manifest.thresholds)
    careful = Classifier.from_bytes(pack(msgspec.structs.replace(manifest, thresholds=limits), arrays))
    outcomes: dict[bool, set[str]] = {True: set(), False: set()}
    for guess in careful.classify(rows.texts):
        if guess.category != "road-works":
            outcomes[guess.group == "road"].add(guess.outcome)
    assert outcomes == {True: {"group"}, False: {"abstain"}}


def test_doubt_below_the_threshold_is_not_blamed_on_costs() -> None:
    """The reason is what decided: a cost is named only where the probability alone would have sufficed."""
    rows = small_rows()
    costs = {"gas-leak": 5000.0}
    careful = Classifier.from_bytes(train(rows, RECIPES, day="2026-01-01", target=0.9, costs=costs))
    plain = Classifier.from_bytes(train(rows, RECIPES, day="2026-01-01", target=0.9))
    pairs = list(zip(careful.classify(rows.texts), plain.classify(rows.texts), strict=True))
    assert any("costly" in one.reason for one, _ in pairs)
    assert all(other.outcome == "confident" for one, other in pairs if "costly" in one.reason)
    assert all(one.reason == other.reason for one, other in pairs if other.outcome == "abstain")


def test_a_higher_target_never_lowers_the_threshold() -> None:
    """Thresholds rise with the target that a city sets, up to never."""
    limits = [Classifier.from_bytes(small_bytes(), target=t).classify(["路"])[0].threshold for t in (0.8, 0.9, 0.99, 1)]
    assert limits == sorted(limits)
    assert limits[-1] == NEVER


def test_the_batch_does_not_matter() -> None:
    """A message gets the same guess alone and among others."""
    texts = small_rows().texts[:40]
    model = small_model()
    assert model.classify(texts) == [model.classify([text])[0] for text in texts]


def test_a_first_model_is_sure_only_where_names_and_keywords_are() -> None:
    """The witness of a model for strange reports changes no category; it turns some sure answers into doubt."""
    rows = small_rows()
    words = {code: Leaf(code, code, (code.replace("-", " "),), KEYWORDS[code], 1.0) for code in GROUPS}
    alone, seconded = (
        Classifier.from_bytes(bootstrap(Taxonomy(words), rows, day="2026-01-01", target=0.9, strange=strange))
        for strange in (False, True)
    )
    pairs = list(zip(alone.classify(rows.texts), seconded.classify(rows.texts), strict=True))
    assert all(one.category == other.category for one, other in pairs)
    assert all(other.outcome in (one.outcome, "abstain") for one, other in pairs)
    doubted = [other for one, other in pairs if one.outcome == "confident" and other.outcome == "abstain"]
    assert 0 < len(doubted) < len(rows)
    assert {guess.reason for guess in doubted} == {"names and keywords alone do not say so surely"}
    assert any(other.outcome == "confident" for _, other in pairs)

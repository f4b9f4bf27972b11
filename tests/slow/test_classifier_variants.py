"""Guesses of models that were trained otherwise: with contexts, with costs, from names and keywords alone."""

import msgspec

from models.classifier import Classifier, Context
from models.classifier.learning.bootstrap import bootstrap
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.taxonomy import Leaf, Taxonomy
from models.classifier.learning.training import train
from models.classifier.serving.artefact import WITNESS, pack, unpack
from models.classifier.serving.calibration import Thresholds
from tests.support.learning.classifiers import GROUPS, RECIPES, small_bytes, small_model, small_rows

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


def at_costs(costs: dict[str, float], limits: tuple[Thresholds, ...]) -> Classifier:
    """The small model with these costs and limits: what is learnt from the texts hangs on neither."""
    _, manifest, arrays = unpack(small_bytes())
    return Classifier.from_bytes(pack(msgspec.structs.replace(manifest, costs=costs, thresholds=limits), arrays))


def test_a_context_that_was_learnt_helps_and_may_be_missing() -> None:
    """The reporter's own category moves the guess its way; a text without it is still judged."""
    rows = small_rows()
    hinted = type(rows)(rows.texts, rows.labels, [Context(hint=label) for label in rows.labels])
    model = Classifier.from_bytes(train(hinted, RECIPES, day="2026-01-01"))
    column = model.classes.index("pothole")
    with_hint = model.probabilities(["请处理一下"], [Context(hint="pothole")])[0, column]
    without = model.probabilities(["请处理一下"], [None])[0, column]
    assert with_hint > without


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
    # So few texts support no threshold for groups of their own.
    limits = tuple(msgspec.structs.replace(limit, group=0.5) for limit in small_model().manifest.thresholds)
    careful = at_costs({"road-works": 1e6}, limits)
    outcomes: dict[bool, set[str]] = {True: set(), False: set()}
    for guess in careful.classify(rows.texts):
        if guess.category != "road-works":
            outcomes[guess.group == "road"].add(guess.outcome)
    assert outcomes == {True: {"group"}, False: {"abstain"}}


def test_doubt_below_the_threshold_is_not_blamed_on_costs() -> None:
    """The reason is what decided: a cost is named only where the probability alone would have sufficed."""
    rows = small_rows()
    careful = at_costs({"gas-leak": 5000.0}, small_model().manifest.thresholds)
    pairs = list(zip(careful.classify(rows.texts), small_model().classify(rows.texts), strict=True))
    assert any("costly" in one.reason for one, _ in pairs)
    assert all(other.outcome == "confident" for one, other in pairs if "costly" in one.reason)
    assert all(one.reason == other.reason for one, other in pairs if other.outcome == "abstain")


def test_a_first_model_is_sure_only_where_names_and_keywords_are() -> None:
    """The witness of a model for strange reports changes no category; it turns some sure answers into doubt."""
    rows = small_rows()
    nothing = Labelled([], [])
    words = {code: Leaf(code, code, (code.replace("-", " "),), KEYWORDS[code], 1.0) for code in GROUPS}
    data = bootstrap(Taxonomy(words), rows, nothing, day="2026-01-01", target=0.9)
    _, manifest, arrays = unpack(data)
    seconded = Classifier.from_bytes(data)
    alone = Classifier.from_bytes(pack(manifest, {name: each for name, each in arrays.items() if name != WITNESS}))
    pairs = list(zip(alone.classify(rows.texts), seconded.classify(rows.texts), strict=True))
    assert all(one.category == other.category for one, other in pairs)
    assert all(other.outcome in (one.outcome, "abstain") for one, other in pairs)
    doubted = [other for one, other in pairs if one.outcome == "confident" and other.outcome == "abstain"]
    assert 0 < len(doubted) < len(rows)
    assert {guess.reason for guess in doubted} == {"names and keywords alone do not say so surely"}
    assert any(other.outcome == "confident" for _, other in pairs)

"""Evidence beside the text: the reporter's own category and the city's words count, with a weight, never blindly."""

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.city.values import Category
from models.classifier import Classifier, Context
from models.classifier.serving.matter.beside import WEIGHT, CityWords, weighed
from models.guess import Corroboration
from tests.support.learning.classifiers import GROUPS, small_model, small_rows

KEYWORDS = {
    "pothole": ("月球表面", "lunar landscape"),
    "street-light-out": ("路灯", "黑咕隆咚"),
    "gas-leak": ("煤气味",),
}
CITY = {
    **{group: Category(code=group, name_zh=f"{group}类", name_en=group.title()) for group in set(GROUPS.values())},
    **{
        code: Category(
            code=code, parent=group, name_zh=f"{code}事件", name_en=code.title(), keywords=KEYWORDS.get(code, ())
        )
        for code, group in GROUPS.items()
    },
    "unheard-of": Category(code="unheard-of", parent="road", name_zh="没学过的", name_en="New", keywords=("没学过",)),
}


@cache
def model() -> Classifier:
    """The small model, with the words of that city."""
    return small_model().in_city(CITY)


@pytest.mark.parametrize("hint", ["pothole", " POTHOLE ", "pothole事件", "月球表面", "road", "road類"])
def test_the_reporters_category_decides_what_the_words_leave_open(hint: str) -> None:
    """By code, name, keyword or group, however it is spelt: likelier than by the words alone, with its weight told."""
    text = "路面有问题，车子过不去"
    alone, with_hint = model().classify([text, text], [None, Context(hint=hint)])

    assert dict(with_hint.alternatives)["pothole"] > dict(alone.alternatives).get("pothole", 0.0)
    (told,) = with_hint.beside
    assert (told.by, told.words, told.weight) == ("reporter", hint, WEIGHT)
    assert "pothole" in told.categories
    assert alone.beside == ()


def test_plain_words_outweigh_a_category_that_was_chosen_wrongly() -> None:
    """A report of gas stays one of gas, but less surely: the contradiction is a doubt."""
    text = "楼道里有很浓的煤气味，快来人"
    alone, against = model().classify([text, text], [None, Context(hint="litter")])

    assert against.category == alone.category == "gas-leak"
    assert against.probability < alone.probability


@pytest.mark.parametrize("text", ["", "！！！", "qwrtz plmkn xcvbq hjklw"])
def test_a_category_alone_dispatches_nothing(text: str) -> None:
    """Where the words say nothing a person decides, whatever was chosen."""
    (found,) = model().classify([text], [Context(hint="pothole")])

    assert found.outcome == "abstain"


@pytest.mark.parametrize("hint", ["", "其他", "unheard-of", "没学过"])
def test_a_category_that_the_model_does_not_know_says_nothing(hint: str) -> None:
    """Nor does one that means none of the city's: the guess is that of the words."""
    text = "路面有问题，车子过不去"
    alone, with_hint = model().classify([text, text], [None, Context(hint=hint)])

    assert with_hint == alone


@pytest.mark.parametrize(
    "text", ["这条路像月球表面一样", "這條路像月球表面一樣", "this road is a LUNAR LANDSCAPE full of holes"]
)
def test_a_word_of_the_citys_own_counts_without_a_rule(text: str) -> None:
    """A keyword that the model never saw makes its category likelier, in either script and any capitals."""
    (alone,), (found,) = small_model().classify([text]), model().classify([text])

    assert found.category == "pothole"
    assert found.probability >= dict(alone.alternatives).get("pothole", 0.0)
    assert [(told.by, told.categories) for told in found.beside] == [("keyword", ("pothole",))]


def test_a_word_that_the_model_knows_is_not_counted_twice() -> None:
    """What the model, asked about it alone, takes for its category it has among its weights."""
    (found,) = model().classify(["路灯坏了，这里黑咕隆咚"])

    assert "路灯" not in [told.words for told in found.beside]


def test_a_word_within_another_word_is_none() -> None:
    """Words of letters count as whole words."""
    (found,) = model().classify(["the lunar landscapes are nice"])

    assert found.beside == ()


def test_a_message_gets_the_same_guess_alone_and_among_others() -> None:
    """Evidence is that of its own message."""
    texts = ["月球表面", "路面有问题", "黑咕隆咚", "没有什么"] * 3
    around = [Context(hint=hint) for hint in ("litter", "", "pothole", "pension")] * 3

    assert model().classify(texts, around) == [
        model().classify([text], [one])[0] for text, one in zip(texts, around, strict=True)
    ]


@given(
    st.lists(st.floats(0.001, 1), min_size=3, max_size=3),
    st.lists(st.tuples(st.sampled_from(["reporter", "keyword"]), st.sampled_from(["a", "b"])), max_size=4),
)
def test_evidence_says_which_fault_it_is_and_never_whether_it_is_one(
    parts: list[float], signs: list[tuple[str, str]]
) -> None:
    """The share of no fault stays, all add up to one, and odds among faults change by what the evidence weighs."""
    before = np.array([parts]) / sum(parts)
    told = tuple(Corroboration(by, "w", (code,), WEIGHT) for by, code in signs)

    (after,) = weighed(before, {0: told}, ("a", "b", "none"))

    assert after[2] == before[0, 2]
    assert after.sum() == pytest.approx(1)
    gain = {code: WEIGHT * len({by for by, mine in signs if mine == code}) for code in "ab"}
    assert math.log(after[0] / after[1]) == pytest.approx(math.log(before[0, 0] / before[0, 1]) + gain["a"] - gain["b"])


def test_a_model_that_learnt_what_categories_of_reporters_are_worth_weighs_them_itself() -> None:
    """Its own weight for this choice stands in place of the general one."""
    words = CityWords(CITY, tuple(GROUPS))
    cut = small_model().vectoriser.encode(["路面"], None, small_model().vectoriser.table()).pieces

    assert words.told(cut, [Context(hint="pothole")], [True]) == {}
    assert set(words.told(cut, [Context(hint="pothole")], [False])) == {0}


def test_classifiers_of_no_city_have_no_evidence() -> None:
    """The words of one city are not another's."""
    context = [Context(hint="pothole")] * 20

    assert isinstance(model(), Classifier)
    assert small_model().classify(small_rows().texts[:20], context) == small_model().classify(small_rows().texts[:20])

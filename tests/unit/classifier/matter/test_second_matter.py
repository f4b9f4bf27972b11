"""Two matters in one message: the second is told beside the first."""

from collections.abc import Sequence

import numpy as np
import pytest
from msgspec.structs import replace

from models.city import load_city
from models.classifier import Classifier
from models.classifier.serving.features import HEADS, Context
from models.classifier.serving.matter.clauses import Parted, clauses
from models.classifier.serving.matter.clauses import parted as scored
from models.classifier.serving.matter.second_matter import (
    SecondMatter,
    others,
    second_of,
    signs,
    with_spoken_second,
)
from models.guess import Guess
from tests.conftest import REPOSITORY
from tests.support.learning.classifiers import GROUPS, small_model, small_rows


def guess(category: str, **alternatives: float) -> Guess:
    """A guess with these alternatives."""
    return Guess(category, alternatives.get(category, 0.5), "m", 0.9, alternatives=tuple(alternatives.items()))


NO_WORD = "路上有个大坑，垃圾堆在那儿"


def parted(text: str, scores: Sequence[Sequence[float]]) -> Parted:
    """A text of two clauses with these scores."""
    return Parted(text, clauses(text), list(map(list, scores)))


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("路上有个大坑，另外厨房有很浓的煤气味", {"pothole", "gas-leak"}),
        ("马路上到处是垃圾没人打扫；老板拖欠工资三个月不发", {"litter", "unpaid-wages"}),
        ("There is a huge pothole in the road, also the street lights are all out", {"pothole", "street-light-out"}),
    ],
)
def test_a_message_of_two_matters_names_both(text: str, second: set[str]) -> None:
    """The category is one of them, `second` the other."""
    (found,) = Classifier.shipped().classify([text])

    assert {found.category, found.second} == second


def test_a_message_of_one_matter_has_no_second() -> None:
    """Of the corpus's own texts few are taken for two: a side matter is named in some of them."""
    texts = small_rows().texts[::5]

    told = [found for found in small_model().classify(texts) if found.second]

    assert len(told) <= 0.07 * len(texts)


@pytest.mark.parametrize(("share", "told"), [(0.5, "litter"), (0.49, "")])
def test_a_second_matter_that_no_clause_by_itself_speaks_for_is_not_told(share: float, told: str) -> None:
    """What a clause is beside others is a hint; alone it must rather be of it than not, to be split off."""
    whole = replace(guess("pothole", pothole=0.9, litter=0.03), second="litter")
    alone = [guess("pothole", pothole=0.9), guess("bin-full", **{"bin-full": 0.5, "litter": share})]

    assert with_spoken_second(whole, alone).second == told


def test_a_second_matter_of_a_text_of_many_clauses_stays_told() -> None:
    """There no clause is asked by itself."""
    whole = replace(guess("pothole", pothole=0.9, litter=0.03), second="litter")

    assert with_spoken_second(whole, []) == whole


def test_both_matters_must_be_spoken_for() -> None:
    """A clause that speaks for nothing names nothing, and without a clause for the first there is no second."""
    whole = guess("pothole", pothole=0.9, litter=0.03)

    assert second_of(whole, parted(NO_WORD, [(0.5, -1.0), (-1.0, 0.5)])) == SecondMatter("litter", meant=False)
    assert second_of(whole, parted(NO_WORD, [(0.5, -1.0), (-1.0, -1.0)])) is None
    assert second_of(whole, parted(NO_WORD, [(-1.0, -1.0), (-1.0, 0.5)])) is None


def test_what_is_surely_told_and_named_first_is_what_the_message_is_of() -> None:
    """Behind a word that joins the other matter is an addition; named second, or denied, it stays the second."""
    whole = guess("pothole", pothole=0.7, litter=0.2)
    first, last = [(-1.0, 0.5), (0.5, -1.0)], [(0.5, -1.0), (-1.0, 0.5)]

    assert second_of(whole, parted("垃圾没人扫，路上也有个大坑", first)) == SecondMatter("litter", meant=True)
    assert second_of(whole, parted("路上有个大坑，垃圾也没人扫", last)) == SecondMatter("litter", meant=False)
    assert second_of(whole, parted("不是垃圾没人扫，路上也有个大坑", first)) == SecondMatter("litter", meant=False)
    assert second_of(whole, parted(NO_WORD, [(-1.0, 0.0), (0.0, -1.0)])) != SecondMatter("litter", meant=True)


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("路灯整条街不亮，路面上坑坑洼洼也没人补", "street-light-out", "pothole"),
        ("广场上满地垃圾没人扫，广场舞的音响也吵到十一点", "litter", "noise-social"),
    ],
)
def test_a_message_is_of_the_matter_that_it_names_first(text: str, first: str, second: str) -> None:
    """With the probability that the likelier had, its own terms, and a judgement whose parts agree; alone or in a
    batch, and where the probabilities alone are asked for."""
    model = Classifier.shipped()
    (found,) = model.classify([text])
    ranked = dict(found.alternatives)

    assert (found.category, found.second) == (first, second)
    assert found.alternatives[0] == (first, found.probability)
    assert ranked[second] < found.probability <= found.group_probability
    assert found.terms != ()
    assert model.classify(["路上有个大坑", text])[1] == found
    assert model.classes[int(model.probabilities([text])[0].argmax())] == first


def test_what_the_reporter_has_chosen_stands() -> None:
    """A reporter who says what it is about is not overruled by what comes first in the words."""
    text = "路灯整条街不亮，路面上坑坑洼洼也没人补"
    categories = load_city(REPOSITORY / "cities" / "demo").categories

    (found,) = Classifier.shipped().in_city(categories).classify([text], [Context(hint="pothole")])

    assert (found.category, found.second) == ("pothole", "street-light-out")


def test_a_word_that_joins_makes_two_matters_likelier_and_a_denial_less() -> None:
    """The signs are read where they stand: between the two clauses, and in the second one's own."""
    unsure = guess("pothole", pothole=0.6, litter=0.3)
    scores = [(0.1, -1.0), (-1.0, 0.1)]

    (joined,) = signs(unsure, parted("路上有个大坑，垃圾也没人扫", scores)).values()
    (bare,) = signs(unsure, parted(NO_WORD, scores)).values()
    (denied,) = signs(unsure, parted("路上有个大坑，不是垃圾很多", scores)).values()

    assert (joined.joined, bare.joined, denied.joined) == (1.0, 0.0, 0.0)
    assert (joined.denied, bare.denied, denied.denied) == (0.0, 0.0, 1.0)


def test_only_what_is_in_question_is_asked_again() -> None:
    """A text that is all of one category, or no fault, costs nothing more."""
    assert others(guess("pothole", pothole=0.9, litter=0.05, none=0.02)) == ("litter",)
    assert others(guess("pothole", pothole=0.999, litter=0.0003)) == ()
    assert others(guess("none", none=0.5, litter=0.4)) == ()


def test_two_categories_are_asked_about_even_where_three_are_likelier_than_the_one_chosen() -> None:
    """The category is chosen inside the likeliest group, so three of other groups may each be likelier."""
    assert others(guess("pothole", litter=0.2, pension=0.18, fire=0.15)) == ("litter", "pension")


def test_clauses_are_told_in_order() -> None:
    """A single clause is none, and a long story is asked about its first dozen."""
    text = "路上有个大坑，路灯也不亮。好的"

    assert [text[start:end] for start, end in clauses(text)] == ["路上有个大坑", "路灯也不亮"]
    assert clauses("路上有个大坑") == ()
    assert len(clauses("，".join(f"这里有第{n}个坑" for n in range(40)))) == 12


@pytest.mark.parametrize("text", ["路上有个大坑，路灯一盏不亮", "There is a huge pothole in Oak Street, lamps are out"])
def test_a_clause_scores_as_a_text_of_its_own_without_a_head(text: str) -> None:
    """What is cut for the whole message serves its clauses: the same pieces, the same scores."""
    model = small_model()
    parts = clauses(text)
    table = model.vectoriser.table()
    columns = tuple(range(len(GROUPS)))

    found = scored(
        model.vectoriser.encode([text], None, table),
        {0: (parts, columns)},
        model.vectoriser.worth,
        model.weights,
        model.bias,
    )

    rows = model.vectoriser.encode([text[start:end] for start, end in parts], None, table).rows.matrix().toarray()
    rows[:, model.vectoriser.block == HEADS] = 0.0
    assert np.allclose(found[0].scores, rows @ model.weights + model.bias, atol=1e-5)

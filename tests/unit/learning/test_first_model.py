"""A first model learns what the corpus says of a city's categories, whatever their codes, and tells what it has not."""

from functools import cache

import pytest

from models.classifier import Classifier
from models.classifier.learning.bootstrap import adopt, bootstrap, counterparts, lessons
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.taxonomy import Leaf, Taxonomy
from tests.support.learning.classifiers import GROUPS, RECIPES, small_rows

WORDS = {
    "pothole": ("路面破损", "坑洼", "大坑", "pothole", "hole in the road"),
    "road-works": ("道路施工", "围挡", "修路", "开挖", "road works"),
    "street-light-out": ("路灯不亮", "路灯", "灯杆", "street light", "lamp post"),
    "gas-leak": ("燃气泄漏", "煤气味", "漏气", "gas leak", "smell of gas"),
    "litter": ("垃圾没人扫", "烟头", "纸屑", "litter", "dirty street"),
    "public-toilet": ("公厕", "公共厕所", "厕所", "public toilet", "flush"),
    "unpaid-wages": ("拖欠工资", "欠薪", "工钱", "unpaid wages", "salary"),
    "pension": ("养老金", "社保", "退休", "pension", "retirement"),
}
NEW = Leaf("beehive", "nature", ("马蜂窝", "Wasps"), ("马蜂", "蜂窝", "蜇人", "wasp nest", "hornets"), 1.0)


@cache
def city() -> Taxonomy:
    """The corpus's eight categories under codes of its own, and one that the corpus has not."""
    leaves = {
        f"x{n}": Leaf(f"x{n}", GROUPS[code], words[:1], words[1:], 1.0) for n, (code, words) in enumerate(WORDS.items())
    }
    return Taxonomy(leaves | {NEW.code: NEW})


@cache
def first_model() -> Classifier:
    """Learnt from four fifths of the texts; the rest say how sure it may be."""
    rows = small_rows()
    tried = rows.take(range(0, len(rows), 5))
    taught = rows.take(n for n in range(len(rows)) if n % 5)
    return Classifier.from_bytes(
        bootstrap(city(), taught, tried, day="2026-01-01", target=0.9, recipes=RECIPES, strange=False)
    )


def test_a_category_with_a_code_of_its_own_learns_from_the_texts_that_its_words_mean() -> None:
    """Names and keywords tell which of the corpus's categories it is; what the corpus has not is none of them."""
    assert counterparts(small_rows(), city()) == {code: f"x{n}" for n, code in enumerate(WORDS)}


def test_one_category_may_learn_from_several() -> None:
    """A city that has one category for what the corpus has in two."""
    both = (*WORDS["unpaid-wages"], *WORDS["pension"])
    coarse = Taxonomy({"work": Leaf("work", "work", both[:1], both[1:], 1.0), NEW.code: NEW})

    found = counterparts(small_rows(), coarse)

    assert found == {"unpaid-wages": "work", "pension": "work"}
    assert set(adopt(small_rows(), Labelled([], []), found).rows.labels) == {"work"}


def test_the_same_code_is_the_same_category() -> None:
    """Nothing has to be asked of its words."""
    named = Taxonomy({code: Leaf(code, GROUPS[code], (code,), (), 1.0) for code in GROUPS})

    assert counterparts(small_rows(), named) == {code: code for code in GROUPS}


def test_a_city_is_told_what_its_model_knows_and_what_not() -> None:
    """Which categories learn from texts of their own code, from others', and from their words alone: each once. What
    learns from both is told as well."""
    leaves = {"pothole": Leaf("pothole", "road", ("a",), (), 1.0), "mine": Leaf("mine", "road", ("b",), (), 1.0)}

    taught = {"pothole": "pothole", "road-works": "pothole", "litter": "mine"}

    told = lessons(Taxonomy(leaves | {"new": NEW}), taught, ["new", "mine"])

    ends = ["pothole", "pothole (from road-works)", "mine (from litter)", "new", "mine"]
    assert [line.rpartition(": ")[2] for line in told] == ends
    starts = ["1 of 3", "1 of these", "1 of 3", "1 of 3", "1 of 3"]
    assert [line.startswith(start) for line, start in zip(told, starts, strict=True)] == [True] * 5


def test_a_first_model_dispatches_what_it_has_been_taught() -> None:
    """Nearly half of what is of a category whose texts it has learnt goes out by itself, and rightly."""
    rows = small_rows()
    tried = rows.take(range(0, len(rows), 5))
    mine = {code: f"x{n}" for n, code in enumerate(WORDS)}

    guesses = first_model().classify(tried.texts)

    right = [
        guess.category == mine[label]
        for guess, label in zip(guesses, tried.labels, strict=True)
        if guess.outcome == "confident"
    ]
    assert len(right) >= 0.45 * len(tried)
    assert sum(right) >= 0.88 * len(right)


@pytest.mark.parametrize("text", ["屋檐下有马蜂窝，会蜇人", "a wasp nest under the roof", "马蜂"])
def test_what_a_model_has_seen_no_text_of_goes_to_a_person(text: str) -> None:
    """It may rank such a category first and is never sure of it; nor does another category take its reports."""
    (found,) = first_model().classify([text])

    assert first_model().never_sure == (NEW.code,)
    assert found.outcome == "abstain"
    assert NEW.code in [code for code, _ in found.alternatives] or NEW.code in found.reason


def test_a_model_without_any_text_of_its_categories_is_never_sure() -> None:
    """Names and keywords alone say nothing of how often it would be right."""
    rows = small_rows()
    apart = Taxonomy({NEW.code: NEW, "moss": Leaf("moss", "nature", ("苔藓", "Moss"), ("青苔", "lichen"), 1.0)})

    model = Classifier.from_bytes(bootstrap(apart, rows, rows, day="2026-01-01", strange=False))

    assert set(model.never_sure) == {NEW.code, "moss"}
    assert {guess.outcome for guess in model.classify(["马蜂窝", "青苔", "wasp nest"])} == {"abstain"}

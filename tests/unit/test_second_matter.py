"""Two matters in one message: the second is told beside the first."""

import pytest

from models.classifier import Classifier
from models.classifier.serving.matter.second_matter import clauses, in_question, second_of
from models.guess import Guess
from tests.support.classifiers import small_model, small_rows


def guess(category: str, **alternatives: float) -> Guess:
    """A guess with these alternatives."""
    return Guess(category, alternatives.get(category, 0.5), "m", 0.9, alternatives=tuple(alternatives.items()))


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
    """Of the corpus's own texts next to none is taken for two."""
    texts = small_rows().texts[::5]

    told = [found for found in small_model().classify(texts) if found.second]

    assert len(told) <= 0.02 * len(texts)


def test_both_matters_must_be_said_surely() -> None:
    """A clause that is as sure of nothing names nothing, and without a clause for the first there is no second."""
    doubt = guess("pothole", pothole=0.6, litter=0.3)

    assert second_of(doubt, [("pothole", 0.9), ("litter", 0.9)]) == "litter"
    assert second_of(doubt, [("pothole", 0.9), ("litter", 0.7)]) == ""
    assert second_of(doubt, [("litter", 0.9)]) == ""
    assert second_of(doubt, [("pothole", 0.9), ("gas-leak", 0.9)]) == ""
    assert second_of(guess("pothole", pothole=0.6, none=0.3), [("pothole", 0.9), ("none", 0.9)]) == ""


def test_only_what_is_in_question_is_asked_again() -> None:
    """A text that is all of one category, or no fault, costs nothing more."""
    assert in_question(guess("pothole", pothole=0.9, litter=0.05))
    assert not in_question(guess("pothole", pothole=0.99, litter=0.002))
    assert not in_question(guess("none", none=0.5, litter=0.4))


def test_clauses_are_told_once_and_in_order() -> None:
    """A single clause is none, and a long story is asked about its first dozen."""
    assert clauses("路上有个大坑，路灯也不亮。路上有个大坑") == ("路上有个大坑", "路灯也不亮")
    assert clauses("路上有个大坑") == ()
    assert len(clauses("，".join(f"这里有第{n}个坑" for n in range(40)))) == 12

"""A city's own model stands behind a gate: what reads like no fault goes to a person, though no label says so."""

from functools import cache

import pytest

from bench.quality import second_set
from models.classifier import Classifier, ClassifierError
from models.classifier.learning.gate import Shipped, behind_gate
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.shipped import corpus, gate_parts
from models.classifier.serving.artefact import GATE, pack, unpack
from models.classifier.serving.columns import kind_of
from models.classifier.serving.features import pieces
from models.guess import NO_FAULT, NO_FAULT_KINDS, Guess
from tests.support.learning.classifiers import small_bytes, small_rows

DAY = "2026-01-01"


@cache
def city_rows() -> Labelled:
    """What the city has labelled: every fourth text of its categories."""
    return small_rows().take(range(0, len(small_rows()), 4))


@cache
def others() -> Shipped:
    """Half of what is shipped, without the texts that the city has."""
    mine, parts = set(city_rows().texts), gate_parts()
    rest = parts.corpus.take(n for n, text in enumerate(parts.corpus.texts) if n % 2 and text not in mine)
    return parts._replace(corpus=rest, words=parts.words.take(range(0, len(parts.words), 2)))


@cache
def gated() -> bytes:
    """The small model behind a gate."""
    return behind_gate(small_bytes(), city_rows(), others(), DAY)


def pairs(texts: list[str]) -> list[tuple[Guess, Guess]]:
    """What the model says without and behind the gate."""
    alone, behind = Classifier.from_bytes(small_bytes()), Classifier.from_bytes(gated())
    return list(zip(alone.classify(texts), behind.classify(texts), strict=True))


def test_what_is_no_fault_is_withheld_though_no_label_says_so() -> None:
    """Of unseen thanks, questions and the like many went out before, few behind a gate of half the texts."""
    unseen = [row.text for row in second_set.read() if row.category == NO_FAULT]

    found = pairs(unseen)

    assert sum(alone.outcome != "abstain" for alone, _ in found) >= 0.5 * len(unseen)
    assert sum(behind.outcome != "abstain" for _, behind in found) <= 0.1 * len(unseen)


def test_the_few_matters_that_read_most_like_no_fault_set_no_limit_near_one() -> None:
    """More than three in a hundred of this city's matters read so, and surely: which of these is the last one withheld
    is chance."""
    gate = Classifier.from_bytes(unpack(gated())[2][GATE].tobytes())
    likely = sorted(share for text in city_rows().texts for share, _ in gate.no_fault_of(pieces([text])))

    assert likely[-len(likely) * 3 // 100] > 0.85
    assert unpack(gated())[1].withheld_from == 0.8


def test_the_gate_turns_sure_answers_into_doubt_and_changes_nothing_else() -> None:
    """Category and probability stay; few of the city's own matters are withheld, and for those no fault is offered."""
    found = pairs(city_rows().texts)

    assert all((one.category, one.probability) == (other.category, other.probability) for one, other in found)
    withheld = [other for one, other in found if one.alternatives != other.alternatives]
    assert 0 < len(withheld) <= 0.05 * len(found)
    assert all(one.outcome == other.outcome for one, other in found if one.alternatives == other.alternatives)
    assert all(guess.outcome == "abstain" for guess in withheld)
    assert all(NO_FAULT in dict(guess.alternatives) and len(guess.alternatives) == 3 for guess in withheld)
    assert all(sum(dict(guess.alternatives).values()) <= 1 + 1e-9 for guess in withheld)
    doubts = {other.reason for one, other in found if one.outcome != other.outcome}
    assert doubts
    assert doubts <= {f"it may be no fault: {english}" for _, english in NO_FAULT_KINDS.values()}


def test_a_city_that_handles_questions_like_reports_has_no_gate() -> None:
    """Its labels say that they are matters, so its model stays as it is."""
    every = corpus()
    asked = every.take([n for n, label in enumerate(every.labels) if kind_of(label) == "question"][:100])
    matters = city_rows().plus(Labelled(asked.texts, ["litter"] * len(asked)))

    assert behind_gate(small_bytes(), matters, others(), DAY) == small_bytes()


def test_an_artefact_may_hold_a_gate_and_only_of_bytes() -> None:
    """It is a model like any other, and one that is damaged is refused."""
    _, manifest, arrays = unpack(gated())

    assert arrays[GATE].dtype.name == "uint8"
    with pytest.raises(ClassifierError, match="not a model of Paidan"):
        Classifier.from_bytes(pack(manifest, arrays | {GATE: arrays[GATE][:100]}))

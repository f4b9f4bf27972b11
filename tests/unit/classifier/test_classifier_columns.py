"""What is no fault is one category of several kinds, each learnt by itself."""

import numpy as np
import pytest
from msgspec.structs import replace

from models.classifier import Classifier, ClassifierError
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.training import RECIPES, Recipe, fit, train
from models.classifier.serving.artefact import pack, unpack
from models.classifier.serving.columns import Columns, category_of, kind_of
from models.classifier.serving.vectoriser import count
from models.guess import NO_FAULT, NO_FAULT_KINDS, Guess
from tests.support.learning.classifiers import GROUPS, small_rows

PRAISE = [f"{who}真{how}，点赞" for who in ("司机", "护士", "老师", "师傅") for how in ("好", "热心", "耐心", "负责")]
TESTS = [f"测试{what}请忽略{end}" for what in ("系统", "提交", "短信", "语音") for end in ("一", "二", "三", "四")]


def rows() -> Labelled:
    """The small set with two kinds of no fault."""
    labels = [f"{NO_FAULT}/praise"] * len(PRAISE) + [f"{NO_FAULT}/test"] * len(TESTS)
    return small_rows().plus(Labelled(PRAISE + TESTS, labels))


@pytest.fixture(scope="module")
def data() -> bytes:
    """The artefact of the small set and of no fault."""
    return train(rows(), RECIPES[1:], day="2026-01-01", groups=GROUPS, target=0.8)


@pytest.fixture(scope="module")
def model(data: bytes) -> Classifier:
    """Its model."""
    return Classifier.from_bytes(data)


def test_kinds_are_columns_of_one_category() -> None:
    """A category scores what its best column does, and that column is found again."""
    columns = Columns.among(["pothole", "none/test", "litter", "none/praise"])
    scores = np.array([[0.0, 1.0, 5.0, 2.0], [0.0, 7.0, 6.0, 2.0]])

    assert columns.labels == ("litter", "none/praise", "none/test", "pothole")
    assert columns.categories == ("litter", "none", "pothole")
    assert columns.by_category(scores).tolist() == [[0.0, 5.0, 2.0], [0.0, 7.0, 2.0]]
    assert columns.chosen(scores, np.array([1, 2])).tolist() == [2, 3]
    assert columns.chosen(scores, np.array([0, 1])).tolist() == [0, 1]
    assert columns.numbers(["none/test"]).tolist() == [2]
    assert columns.category_numbers(["none/test", "pothole"]).tolist() == [1, 2]
    assert columns.no_fault.tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("label", "category", "kind"), [("none/test", "none", "test"), ("none", "none", ""), ("a", "a", "")]
)
def test_a_label_names_a_category_and_maybe_a_kind(label: str, category: str, kind: str) -> None:
    """Only what is no fault has kinds."""
    assert (category_of(label), kind_of(label)) == (category, kind)


def test_no_fault_is_recognised_with_its_kind(model: Classifier) -> None:
    """It is one class beside the categories, and its probability is that of the whole of it."""
    praise, test, hole = model.classify(["这位大夫真热心，点赞", "测试网络请忽略", "路上有个大坑"])

    assert (praise.category, praise.kind) == (NO_FAULT, "praise")
    assert (test.category, test.kind) == (NO_FAULT, "test")
    assert (hole.category == NO_FAULT, hole.kind) == (False, "")
    assert model.classes.count(NO_FAULT) == 1
    assert model.manifest.mix[NO_FAULT] == len(PRAISE + TESTS)
    assert {kind_of(label) for label in model.manifest.columns} - {""} <= set(NO_FAULT_KINDS)


def test_no_fault_is_never_dispatched_on_its_group(model: Classifier) -> None:
    """No department is responsible for it."""
    none = [guess for guess in model.classify(rows().texts) if guess.category == NO_FAULT]

    assert none
    assert not [guess for guess in none if guess.outcome == "group"]


def test_contributions_are_those_of_the_kind(model: Classifier) -> None:
    """What speaks for a praise is in the praise, not in the other kinds."""
    (praise,) = model.classify(["这位大夫真热心，点赞"])

    assert any("赞" in term for term, weight in praise.terms if weight > 0)


def test_extra_rows_teach_what_is_no_fault_though_no_row_is() -> None:
    """A city's own labels need not have any; other categories that the rows lack are not taken."""
    extra = rows().plus(Labelled(["some other thing", "another other thing"], ["other", "other"]))
    model = Classifier.from_bytes(train(small_rows(), RECIPES[1:], day="2026-01-01", extra=extra, target=0.8))

    assert set(model.classes) == {*small_rows().labels, NO_FAULT}
    assert model.classify(["这位大夫真热心，点赞"])[0].category == NO_FAULT


def test_columns_of_other_classes_are_refused(data: bytes) -> None:
    """An artefact whose columns are not its classes' is damaged."""
    _, manifest, arrays = unpack(data)
    strange = replace(manifest, columns=("zebra", *manifest.columns[1:]))

    with pytest.raises(ClassifierError, match="columns are not those of its classes"):
        Classifier.from_bytes(pack(strange, arrays))


def test_one_machine_of_all_kinds_counts_beside_each_of_them() -> None:
    """It adds the same score to every kind of no fault, more where a message is none, and nothing to any category."""
    columns = Columns.among(rows().labels)
    counts, y = count(rows().texts), columns.numbers(rows().labels)

    vectoriser, alone = fit(counts, y, len(columns.labels), Recipe(min_count=1), 0, no_fault=columns.no_fault)
    _, beside = fit(counts, y, len(columns.labels), Recipe(min_count=1, whether=1.0), 0, no_fault=columns.no_fault)
    matrix, _ = vectoriser.weigh(counts)
    added = matrix @ (beside.weights - alone.weights) + beside.bias - alone.bias
    none = columns.no_fault[y]

    assert not added[:, ~columns.no_fault].any()
    assert np.ptp(added[:, columns.no_fault], axis=1).max() < 1e-5
    assert added[none][:, columns.no_fault].min() > added[~none][:, columns.no_fault].max()


def test_a_fault_that_may_be_none_goes_to_a_person(model: Classifier) -> None:
    """Of what goes out by itself, clauses of its own aside, nothing is none more likely than the target lets an answer
    be wrong; some that was likely enough is held back for it."""
    texts = [f"{text[:6]}{more}" for text in small_rows().texts[::9] for more in ("真好点赞", "测试提交", "师傅", "")]
    whole = [text for text in texts if not any(mark in text for mark in "，,。.;；:：!！?？、 ")]
    none = model.probabilities(whole)[:, model.classes.index(NO_FAULT)]
    guesses = model.classify(whole)
    faults = [share for share, guess in zip(none, guesses, strict=True) if _goes_out(guess)]

    assert max(faults) < 1 - model.target
    assert any(guess.reason == "it may be no fault" and guess.outcome == "abstain" for guess in guesses)


def _goes_out(guess: Guess) -> bool:
    return guess.outcome != "abstain" and guess.category != NO_FAULT


def test_no_threshold_falls_as_the_target_rises(data: bytes) -> None:
    """Also where a stricter target leaves out more that may be no fault, and so is fitted to other messages."""
    limits = unpack(data)[1].thresholds

    assert [limit.target for limit in limits] == sorted(limit.target for limit in limits)
    assert [limit.category for limit in limits] == sorted(limit.category for limit in limits)
    assert [limit.group for limit in limits] == sorted(limit.group for limit in limits)

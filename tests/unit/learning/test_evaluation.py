"""Figures with known answers, labelled rows, the page, and the commands."""

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import StratifiedGroupKFold
from typer.testing import CliRunner

from models.classifier import ClassifierError, Context
from models.classifier.judging.evaluation import evaluate
from models.classifier.learning.cross_validation import EvenFolds, clusters, folds
from models.classifier.learning.labelled import Labelled, check_classes, read
from models.classifier.learning.measures import confusion, coverage_at, ece, ece_band, macro_f1, per_class, top_k
from models.classifier.learning.taxonomy import read_taxonomy
from models.classifier.serving.calibration import NEVER, threshold, thresholds, wilson
from models.classifier.serving.confidence import Confidence, Groups, learn_confidence
from models.classifier.serving.vectoriser import count
from streams.cli.main import app
from tests.support.learning.classifiers import small_model

DEMO = Path(__file__).parents[3] / "cities" / "demo"


def test_wilson_gives_the_textbook_interval() -> None:
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_macro_f1_is_the_mean_over_classes() -> None:
    """Two classes, one right of two and two of two."""
    matrix = confusion(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2)
    assert macro_f1(matrix) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert [row.recall for row in per_class(matrix, ["a", "b"])] == [0.5, 1.0]


def test_the_calibration_error_of_a_known_case() -> None:
    """Stated 0.8, right half of the time: 0.3, whatever the bins."""
    assert ece(np.full(300, 0.8), np.arange(300) % 2 == 0, bins=1) == pytest.approx(0.3)


def test_a_perfect_model_lies_in_its_band(seed: int) -> None:
    """Nineteen of twenty simulated perfect models lie within; ten of ten outside would be a broken band."""
    chance = np.random.default_rng(seed)
    stated = chance.uniform(0.3, 1.0, 1500)
    low, high = ece_band(stated, draws=500)
    inside = [low <= ece(stated, chance.random(1500) < stated) <= high for _ in range(20)]
    assert sum(inside) >= 14


def test_coverage_and_top_k_count_by_hand() -> None:
    """Three of the four surest are right at 0.75; the second guess helps once."""
    assert coverage_at(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, False, True]), 0.75) == 1.0
    assert coverage_at(np.array([0.9, 0.8]), np.array([False, False]), 0.9) == 0.0
    probability = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]])
    assert top_k(probability, np.array([1, 0]), 2) == 0.5


def test_the_threshold_is_the_lowest_that_keeps_the_target() -> None:
    """A hundred sure and right, a hundred unsure and half right."""
    probability = np.concatenate([np.linspace(0.9, 1.0, 100), np.linspace(0.4, 0.5, 100)])
    right = np.concatenate([np.ones(100, dtype=bool), np.arange(100) % 2 == 0])
    limit = threshold(probability, right, 0.97)
    sure = probability >= limit
    assert right[sure].mean() >= 0.97
    assert 100 <= sure.sum() < 110
    assert threshold(probability, np.zeros(200, dtype=bool), 0.97) == NEVER


def test_only_a_class_with_support_gets_its_own_threshold() -> None:
    """300 predictions of a bad class raise its threshold; 299 do not."""

    def own(size: int) -> dict[str, float]:
        names = ["good"] * 5000 + ["bad"] * size
        probability = np.linspace(0.9, 1.0, 5000 + size)
        right = np.array([name == "good" or n % 5 > 0 for n, name in enumerate(names)])
        return dict(thresholds(0.97, (names, probability, right), probability).classes)

    assert own(299) == {}
    assert own(300).keys() == {"bad"}


def test_a_groups_threshold_is_what_its_claims_bear_out() -> None:
    """Of what the category leaves undecided goes on its group what claims the target together, or by itself."""
    names, right = ["a"] * 4, np.array([True, False, False, False])
    own = np.array([0.9, 0.3, 0.2, 0.1])

    assert thresholds(0.9, (names, own, right), np.array([0.99, 0.95, 0.85, 0.1])).group == 0.85
    assert thresholds(0.9, (names, own, right), np.array([0.99, 0.5, 0.5, 0.1])).group == 0.9


def test_confidence_learns_that_sure_answers_are_wrong(seed: int) -> None:
    """Scores that overstate come out humbler, and still rank the same class first."""
    chance = np.random.default_rng(seed)
    y = chance.integers(0, 3, 1500)
    scores = np.eye(3)[np.where(chance.random(1500) < 0.7, y, chance.integers(0, 3, 1500))] * 2 - 1
    groups = Groups.among(("a", "b", "c"), {})
    lengths = np.full(1500, 50.0)
    judged = learn_confidence(scores, y, lengths, groups).judge(scores, lengths, groups)
    assert np.array_equal(judged.best, scores.argmax(axis=1))
    assert np.allclose(judged.probability.sum(axis=1), 1)
    own = judged.probability[np.arange(1500), judged.best]
    assert own.mean() == pytest.approx((judged.best == y).mean(), abs=0.01)
    assert Confidence(1.0).judge(scores, lengths, groups).best.tolist() == judged.best.tolist()


def test_near_duplicates_share_a_cluster_and_a_fold() -> None:
    """A text with one character changed is the same message; folds never part them."""
    texts = [f"{where}路的路灯坏了三天了，晚上一片漆黑，请尽快派人来修" for where in "东西南北中"] * 2
    texts += [f"{n}号公交车总是不来，等了四十分钟" for n in ("一", "二二", "三三三")] + [
        "垃圾没人收",
        "pothole on Mill Lane",
    ]
    numbers = clusters(count(texts))
    assert len(set(numbers[:10].tolist())) == 1
    assert len(set(numbers.tolist())) >= 4
    labels = ["lamp"] * 10 + ["bus"] * 3 + ["bin", "road"]
    for test in folds(labels, numbers, 2, seed=0):
        assert sum(n < 10 for n in test.tolist()) in (0, 10)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.filterwarnings("ignore:The least populated class")
def test_folds_are_those_of_scikit_learn(seed: int) -> None:
    """The quicker search puts every group into the same fold, whatever the classes and the sizes of the groups."""
    some = np.random.default_rng(seed)
    size = int(some.integers(30, 300))
    y, groups = some.integers(0, 2 + 4 * seed, size), some.integers(0, size // (1 + seed % 4), size)
    for count_ in (2, 3, 5):
        ours, theirs = (
            [test.tolist() for _, test in split(count_, shuffle=True, random_state=seed).split(y, y, groups)]
            for split in (EvenFolds, StratifiedGroupKFold)
        )
        assert ours == theirs


def test_columns_labels_and_contexts_are_read(tmp_path: Path) -> None:
    """Texts without words are left out, dropped labels too; empty context cells are missing values."""
    path = tmp_path / "a.csv"
    path.write_text("t,l,h,c\n路灯坏,lamp,23,pothole\n,lamp,,\nx,Other,,\n坑,road,,\n", encoding="utf-8")
    rows = read([path], "t", "l", {"hour": "h", "hint": "c"}, drop=["Other"])
    assert rows == Labelled(["路灯坏", "坑"], ["lamp", "road"], [Context(hour=23, hint="pothole"), Context()])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a,b\n1,2\n", "no column 'text'; the columns are a, b"),
        ("", "no column 'text'; the columns are none"),
        ("text,label\n,x\n ,y\n", "no row has a text"),
        ("text,label\n路,\n", ":2: the column 'label' is empty"),
    ],
)
def test_rows_that_do_not_do_are_refused_in_one_sentence(tmp_path: Path, content: str, says: str) -> None:
    """Missing columns, empty texts, missing labels."""
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ClassifierError, match=re.escape(says)):
        read([path], "text", "label")


def test_files_that_are_no_csv_are_refused(tmp_path: Path) -> None:
    """Missing, and not UTF-8."""
    with pytest.raises(ClassifierError, match="cannot be read"):
        read([tmp_path / "none.csv"], "text", "label")
    (tmp_path / "gbk.csv").write_bytes("text,label\n路灯,照明\n".encode("gbk"))
    with pytest.raises(ClassifierError, match="UTF-8"):
        read([tmp_path / "gbk.csv"], "text", "label")


def test_one_class_and_lonely_classes_are_refused() -> None:
    """There must be something to tell apart, and two texts to learn each from."""
    with pytest.raises(ClassifierError, match="the one category 'a'"):
        check_classes(Labelled(["x", "y"], ["a", "a"]))
    with pytest.raises(ClassifierError, match="no labelled texts yet: nothing to learn from"):
        check_classes(Labelled([], []))
    with pytest.raises(ClassifierError, match="'b' has fewer than 2 texts"):
        check_classes(Labelled(["x", "y", "z"], ["a", "a", "b"]))


def test_a_label_the_model_does_not_know_counts_as_wrong() -> None:
    """It stands in the table of categories with no right answer."""
    found = evaluate(small_model(), Labelled(["路灯坏了", "路灯不亮"], ["street-light-out", "alien"]))
    assert found.accuracy.mean <= 0.5
    assert {row.name: row.support for row in found.classes}["alien"] == 1


def test_the_taxonomy_leaves_out_categories_that_are_only_parents() -> None:
    """Orders have leaves; groups and costs come with them."""
    taxonomy = read_taxonomy(DEMO / "categories.csv")
    assert "road" not in taxonomy.leaves
    assert taxonomy.groups["pothole"] == "road"
    assert taxonomy.costs["gas-leak"] > 1


def test_bad_input_on_the_command_line_changes_nothing(tmp_path: Path) -> None:
    """One sentence, and no model is written."""
    table = tmp_path / "one.csv"
    table.write_text("text,label\n路灯坏了,lamp\n路灯不亮,lamp\n", encoding="utf-8")
    made = CliRunner().invoke(app, ["train", str(table), "--out", str(tmp_path / "m")])
    assert made.exit_code != 0
    assert isinstance(made.exception, ClassifierError)
    assert not (tmp_path / "m").exists()

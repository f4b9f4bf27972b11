"""What is known before a city's own labels helps where those are few, and stays one linear model."""

from functools import cache

import numpy as np
import pytest

from models.classifier import Classifier
from models.classifier.errors import ClassifierError
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.prior import Beside, Linear, Prior
from models.classifier.learning.training import PRIOR, fit, learn_prior, train
from models.classifier.serving.vectoriser import count
from tests.support.learning.classifiers import RECIPES, small_rows

FEW = 4
# The city's own categories: two of the prior's in each, under names that say nothing.
OWN = {name: f"c{n // 2}" for n, name in enumerate(sorted(set(small_rows().labels)))}


@cache
def prior() -> Prior:
    """A prior from the texts that are neither learnt from nor asked."""
    return learn_prior(small_rows().take(range(0, len(small_rows()), 2)))


def few_and_rest() -> tuple[Labelled, Labelled]:
    """A few texts of each of the city's categories, and all that are asked."""
    rows = small_rows().take(range(1, len(small_rows()), 2))
    rows = Labelled(rows.texts, [OWN[label] for label in rows.labels])
    places = [n for n, label in enumerate(rows.labels) if rows.labels[:n].count(label) < FEW]
    return rows.take(places), rows.take(n for n in range(len(rows)) if n not in places)


@pytest.mark.slow
def test_folded_scores_are_those_of_the_wide_rows() -> None:
    """The prior's scores beside the rows, and the same folded into the rows' own features, judge alike."""
    rows, _ = few_and_rest()
    own, _ = fit(count(rows.texts), np.unique(rows.labels, return_inverse=True)[1], len(set(OWN.values())), PRIOR, 0)
    wide = prior().widened(own)
    matrix = wide.weigh(count(rows.texts))[0]
    beside = Beside.of(matrix, prior().over(wide), 0.3)
    chance = np.random.default_rng(0)
    linear = Linear(
        chance.normal(size=(beside.rows.shape[1], 3)).astype(np.float32), chance.normal(size=3).astype(np.float32)
    )
    folded = beside.folded(linear)
    assert np.allclose(beside.rows @ linear.weights + linear.bias, matrix @ folded.weights + folded.bias, atol=1e-4)


def test_the_priors_scores_over_widened_rows_are_its_own_up_to_length() -> None:
    """A message's scores by the prior differ by one factor for all of the prior's categories."""
    rows, _ = few_and_rest()
    own, _ = fit(count(rows.texts), np.unique(rows.labels, return_inverse=True)[1], len(set(OWN.values())), PRIOR, 0)
    wide = prior().widened(own)
    # Short enough to be all head: body and head have each a length of their own, which would be two factors.
    texts = [text[:20] for text in rows.texts]
    over = wide.weigh(count(texts))[0] @ prior().over(wide)
    alone = prior().vectoriser.weigh(count(texts))[0] @ prior().weights
    agree = over.argmax(axis=1) == alone.argmax(axis=1)
    assert agree.mean() > 0.9


@pytest.mark.slow
def test_few_labels_go_further_with_a_prior() -> None:
    """With four texts a category more of the others are judged right than without, and the model says what it knew."""
    few, rest = few_and_rest()
    right = {}
    for name, known in (("without", None), ("with", prior())):
        model = Classifier.from_bytes(train(few, RECIPES, day="2026-01-01", prior=known))
        guesses = model.classify(rest.texts)
        right[name] = sum(guess.category == label for guess, label in zip(guesses, rest.labels, strict=True))
        assert model.manifest.provenance.prior == ("" if known is None else known.data)
    print(right, len(rest))
    assert right["with"] > right["without"] + 0.05 * len(rest)


def test_a_prior_of_one_category_is_refused() -> None:
    """It would know nothing."""
    with pytest.raises(ClassifierError, match="nothing to tell apart"):
        learn_prior(Labelled(["a b", "c d"], ["x", "x"]))

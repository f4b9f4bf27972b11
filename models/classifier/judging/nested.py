"""An honest measurement: everything is chosen inside the training folds, the outer folds are touched once."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from models.classifier.judging.evaluation import Predictions, predict
from models.classifier.learning.cross_validation import apart, clusters, folds
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.prior import Prior
from models.classifier.learning.training import RECIPES, Progress, Recipe, quiet, train
from models.classifier.serving.arrays import Ints
from models.classifier.serving.classifier import Classifier
from models.classifier.serving.vectoriser import count

Yardstick = Callable[[], Pipeline]


class NestedResult(NamedTuple):
    """Predictions for every row by models that had not seen it, the plain pipeline's on the same rows, the clusters."""

    predictions: Predictions
    plain: Ints
    cluster: Ints
    models: list[Classifier]


def plain_chinese() -> Pipeline:
    """The yardstick for Chinese: character 1- to 3-grams, tf-idf, linear support vector machine."""
    return make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2), LinearSVC())


def plain_english() -> Pipeline:
    """The yardstick for English: character 2- to 5-grams, tf-idf, linear support vector machine."""
    return make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(2, 5), sublinear_tf=True), LinearSVC())


def nested(
    rows: Labelled,
    yardstick: Yardstick,
    *,
    extra: Labelled | None = None,
    prior: Prior | None = None,
    recipes: Sequence[Recipe] = RECIPES,
    seed: int = 0,
    parts: int = 5,
    only: int | None = None,
    progress: Progress = quiet,
) -> NestedResult:
    """Cross-validate training as a whole: tuning, calibration and thresholds see the outer training rows alone.

    Near-duplicates share an outer fold; of the `extra` rows, which only ever train, those that resemble an outer test
    row are left out. `only` restricts the measurement to the first so many folds.
    """
    names = tuple(sorted(set(rows.labels)))
    y = np.searchsorted(np.array(names), np.array(rows.labels))
    cluster = clusters(count(rows.texts))
    best, plain = np.zeros(len(y), dtype=np.intp), np.zeros(len(y), dtype=np.intp)
    probability = np.zeros((len(y), len(names)))
    automatic = np.zeros(len(y), dtype=np.bool_)
    tests = folds(rows.labels, cluster, parts, seed)[:only]
    models = []
    for number, test in enumerate(tests):
        learning, held = rows.take(np.setdiff1d(np.arange(len(y)), test)), rows.take(test)
        help_ = None if extra is None else extra.take(apart(held.texts, extra.texts))
        model = Classifier.from_bytes(train(learning, recipes, day="", extra=help_, prior=prior, seed=seed))
        judged, _ = predict(model, held)
        column = np.searchsorted(np.array(names), np.array(model.classes))
        best[test], automatic[test] = column[judged.best], judged.automatic
        probability[np.ix_(test, column)] = judged.probability
        both = learning.plus(help_) if help_ is not None else learning
        guesses = yardstick().fit(both.texts, both.labels).predict(held.texts)
        plain[test] = np.searchsorted(np.array(names), guesses)
        models.append(model)
        progress(number + 1, len(tests))
    used = np.sort(np.concatenate(tests))
    predictions = Predictions(names, y[used], best[used], probability[used], automatic[used])
    return NestedResult(predictions, plain[used], cluster[used], models)

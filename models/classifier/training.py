"""From labelled texts to an artefact: held-out scores first, for calibration and thresholds; then all rows."""

import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any, NamedTuple

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.svm import LinearSVC

from models.classifier.artefact import Manifest, Provenance, pack
from models.classifier.calibration import TARGETS, Thresholds, temperature, thresholds
from models.classifier.errors import ClassifierError
from models.classifier.folds import clusters, folds
from models.classifier.rows import Labelled, check_classes
from models.classifier.service import grouping, pick
from models.classifier.vectoriser import Vectoriser, encode_all, learn

Indices = NDArray[np.intp]
Progress = Callable[[int, int], None]


class Recipe(msgspec.Struct, frozen=True):
    """What tuning chooses among. `blocks`: lengths of body, head, word parts and context (0 leaves one out)."""

    blocks: tuple[float, float, float, float] = (1.0, 0.7, 0.7, 0.7)
    c: float = 1.0
    min_count: int = 3
    most: int = 200_000
    inner: int = 5


class Linear(NamedTuple):
    """Scores = rows @ weights + bias; weights are features x classes."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]


class HeldOut(NamedTuple):
    """Scores (rows x classes) that each row got from a model that had not seen it, and its known share."""

    scores: NDArray[np.floating]
    known: NDArray[np.float32]


def quiet(done: int, total: int) -> None:
    """No progress is shown."""


def train(
    rows: Labelled,
    recipe: Recipe,
    *,
    day: str,
    target: float = 0.97,
    groups: Mapping[str, str] | None = None,
    costs: Mapping[str, float] | None = None,
    seed: int = 0,
    progress: Progress = quiet,
) -> bytes:
    """The artefact of a model trained on `rows`, the same bytes for the same arguments and library versions.

    `day` goes into the provenance (the training reads no clock); `target` is the accuracy that automatic decisions
    shall have; `groups` maps categories to their groups; `costs` says what missing a category costs relative to 1.
    `progress(done, total)` is called after each fit. Raises ClassifierError when the rows cannot teach anything.
    """
    check_classes(rows)
    classes = tuple(sorted(set(rows.labels)))
    y = np.searchsorted(np.array(classes), np.array(rows.labels))
    held = held_out(rows, y, len(classes), recipe, seed, progress)
    factor = temperature(held.scores, y)
    try:
        vectoriser, linear = fit(rows, y, len(classes), recipe, seed)
    except ValueError as error:
        raise ClassifierError(f"the {len(rows)} texts cannot teach anything: {error}") from error
    progress(recipe.inner + 1, recipe.inner + 1)
    manifest = Manifest(
        classes=classes,
        groups={name: group for name, group in (groups or {}).items() if name in classes},
        costs={name: cost for name, cost in (costs or {}).items() if name in classes and cost != 1},
        target=target,
        thresholds=(),
        least_known=round(float(np.quantile(held.known, 0.005)) * 0.9, 4),
        provenance=Provenance(
            rows=len(rows),
            data=rows.digest(),
            trained=day,
            seed=seed,
            recipe=msgspec.to_builtins(recipe),
            versions={name: version(name) for name in ("numpy", "scikit-learn", "scipy", "skops")},
        ),
    )
    limits = _limits(manifest, softmax(held.scores * factor, axis=1), y, target)
    arrays: dict[str, NDArray[Any]] = {
        "slots": vectoriser.slots,
        "block": vectoriser.block,
        "worth": vectoriser.worth,
        "block_weights": vectoriser.weights,
        "weights": np.ascontiguousarray(linear.weights * np.float32(factor)),
        "bias": linear.bias * np.float32(factor),
    }
    return pack(msgspec.structs.replace(manifest, thresholds=limits), arrays)


def held_out(
    rows: Labelled, y: Indices, classes: int, recipe: Recipe, seed: int, progress: Progress = quiet
) -> HeldOut:
    """Scores by cross-validation inside `rows`, near-duplicates kept together."""
    scores = np.zeros((len(rows), classes))
    known = np.zeros(len(rows), dtype=np.float32)
    count = max(2, min(recipe.inner, int(np.bincount(y).min())))
    for number, test in enumerate(folds(rows.labels, clusters(rows.texts), count, seed)):
        rest = np.setdiff1d(np.arange(len(rows)), test)
        vectoriser, linear = fit(rows.take(rest.tolist()), y[rest], classes, recipe, seed)
        part = rows.take(test.tolist())
        matrix, known[test] = encode_all(vectoriser, part.texts, part.contexts)
        scores[test] = matrix @ linear.weights + linear.bias
        progress(number + 1, recipe.inner + 1)
    return HeldOut(scores, known)


def fit(rows: Labelled, y: Indices, classes: int, recipe: Recipe, seed: int) -> tuple[Vectoriser, Linear]:
    """The vectoriser and the linear model of exactly these rows. Raises ValueError when no feature is left."""
    vectoriser = learn(rows.texts, rows.contexts, y, recipe.blocks, recipe.min_count, recipe.most)
    matrix, _ = encode_all(vectoriser, rows.texts, rows.contexts)
    return vectoriser, solve(matrix, y, classes, recipe, seed)


def solve(matrix: sp.csr_matrix, y: Indices, classes: int, recipe: Recipe, seed: int) -> Linear:
    """One-against-the-rest linear support vector machines; columns centred, which no softmax notices.

    A class that `y` lacks scores as low as the lowest of the others.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        machine = LinearSVC(C=recipe.c, random_state=seed).fit(matrix, y)
    coefficients, intercept = machine.coef_, machine.intercept_
    if len(machine.classes_) == 2:
        coefficients, intercept = np.vstack([-coefficients, coefficients]), np.append(-intercept, intercept)
    weights = np.zeros((matrix.shape[1], classes))
    bias = np.full(classes, intercept.min() - 1.0)
    weights[:, machine.classes_] = coefficients.T
    bias[machine.classes_] = intercept
    weights -= weights.mean(axis=1, keepdims=True)
    return Linear(weights.astype(np.float32), (bias - bias.mean()).astype(np.float32))


def _limits(manifest: Manifest, probability: NDArray[np.floating], y: Indices, target: float) -> tuple[Thresholds, ...]:
    """Thresholds for every usual target, and for the one asked for."""
    names, group_of = grouping(manifest)
    grouped, group, best = pick(probability, group_of, len(names))
    every = np.arange(len(y))
    category = ([manifest.classes[c] for c in best], probability[every, best], best == y)
    whole = (grouped[every, group], group == group_of[y])
    return tuple(thresholds(t, category, whole) for t in sorted({*TARGETS, target}))

"""From labelled texts to an artefact: held-out scores first, for calibration and thresholds; then all rows."""

import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.svm import LinearSVC

from models.classifier.errors import ClassifierError
from models.classifier.learning.cross_validation import LOOSELY, clusters, folds
from models.classifier.learning.drift import unseen_vocabulary
from models.classifier.learning.labelled import Labelled, check_classes
from models.classifier.learning.measures import confusion, macro_f1
from models.classifier.learning.prior import Beside, Linear, Prior
from models.classifier.serving.arrays import Flags, Floats, Ints
from models.classifier.serving.artefact import Manifest, Provenance, pack
from models.classifier.serving.calibration import TARGETS, Thresholds, doubtful_none, thresholds
from models.classifier.serving.classifier import Classifier
from models.classifier.serving.columns import Columns, category_of
from models.classifier.serving.confidence import Groups, Judged, learn_confidence
from models.classifier.serving.vectoriser import FLOOR, Vectoriser, count, learn
from models.guess import NO_FAULT
from models.plain_words import plain

INNER = 5
Progress = Callable[[int, int], None]


class Recipe(msgspec.Struct, frozen=True):
    """What tuning chooses among. `blocks`: weights of body, head, word parts and context (0 leaves one out);
    `prior`: how far the scores of the prior, if there is one, spread beside a message's length of 1; `floor`: see
    `vectoriser.learn`; `extra`: what an extra row weighs in learning, beside 1 for a row; `whether`: what the machine
    that tells faults from what is no fault counts beside the one of each kind of no fault."""

    blocks: tuple[float, float, float, float] = (1.0, 0.5, 0.6, 0.7)
    c: float = 1.0
    min_count: int = 3
    most: int = 200_000
    prior: float = 0.05
    floor: float = FLOOR
    extra: float = 1.0
    whether: float = 0.0


# What `paidan train` chooses among.
RECIPES = (Recipe(), Recipe(blocks=(1.0, 0.5, 1.0, 0.7), min_count=1))
# Few texts in many categories want strong regularisation.
PRIOR = Recipe(min_count=2, c=0.2)
# How many texts the name of a category counts for.
NAMED = 3
# The regularisation of the machine that tells whether a message is a fault: the same on any of the texts tried.
_WHETHER = 0.3


class HeldOut(NamedTuple):
    """Scores (rows x classes) that each row got from a model that had not seen it, and its known share."""

    scores: NDArray[np.floating]
    known: NDArray[np.float32]


def quiet(done: int, total: int) -> None:
    """No progress is shown."""


def train(
    rows: Labelled,
    recipes: Sequence[Recipe],
    *,
    day: str,
    extra: Labelled | None = None,
    prior: Prior | None = None,
    tried: Labelled | None = None,
    everyday: Labelled | None = None,
    target: float = 0.97,
    groups: Mapping[str, str] | None = None,
    costs: Mapping[str, float] | None = None,
    seed: int = 0,
    progress: Progress = quiet,
) -> bytes:
    """The artefact of a model trained on `rows`, the same bytes for the same arguments and library versions.

    A label is a category or a kind of no fault (see `Columns`). Of several recipes the one with the best held-out
    accuracy and macro-F1 (their mean) is taken. Held out are parts of the rows in turn, or, where there are any, the
    texts `tried`, which are of other hands than the rows and never train: recipe, confidence and thresholds come from
    what is said of these alone. Texts that are `everyday`, plainer than the texts tried, count in the confidence too,
    but not in the thresholds, which must hold where messages are harder. `extra` rows help to learn but are never held
    out: nothing is tuned, calibrated or limited by them, and of categories that the rows do not have only those of no
    fault are taken; so does each category's name, as a text. The `prior` (see `learn_prior`) may have other categories;
    it helps where the rows teach little. `day` goes into the provenance (the training reads no clock); `target` is the
    accuracy that automatic decisions shall have; `groups` maps categories to their groups; `costs` says what missing a
    category costs relative to 1. `progress(done, total)` is called after each fit. Raises ClassifierError when the rows
    cannot teach anything.
    """
    check_classes(rows)
    own = set(rows.labels)
    every = rows
    if extra is not None:
        every = rows.plus(extra.take(n for n, x in enumerate(extra.labels) if x in own or category_of(x) == NO_FAULT))
    columns = Columns.among(every.labels)
    unseen = tried is not None
    names = [name for name in columns.categories if name in own] * NAMED
    named = every.plus(Labelled(names, names))
    y = columns.numbers(named.labels)
    counts = count(named.texts, named.contexts)
    helping = np.zeros(len(named), dtype=np.bool_)
    helping[len(rows) : len(every)] = True
    try:
        if tried is None:
            tried = rows
            recipe, held = tune(rows, counts, y, helping, columns, recipes, seed, progress, prior)
            vectoriser, linear = fit(counts, y, len(columns.labels), recipe, seed, prior, helping, columns.no_fault)
        else:
            recipe, held, vectoriser, linear = _best(tried, counts, y, helping, columns, recipes, seed, progress, prior)
        limiting = len(tried)
        if everyday is not None and len(everyday):
            theirs = _held_out(count(everyday.texts), vectoriser, linear)
            held = HeldOut(np.vstack([held.scores, theirs.scores]), np.append(held.known, theirs.known))
            tried = tried.plus(everyday)
    except ValueError as error:
        raise ClassifierError(f"the {len(rows)} texts cannot teach anything: {error}") from error
    origin = Provenance(
        rows=len(every),
        data=every.digest(),
        trained=day,
        prior="" if prior is None else prior.data,
        seed=seed,
        recipe=msgspec.to_builtins(recipe),
        versions={name: version(name) for name in ("numpy", "scikit-learn", "scipy", "skops")},
    )
    mix = Counter(map(category_of, rows.labels))
    costs, groups = costs or {}, groups or {}
    rest = columns, held, vectoriser, linear, origin, target, groups, costs, mix, limiting
    data = pack(*assemble(tried, *rest))
    return pack(*assemble(tried, *rest, _as_meant(tried, Classifier.from_bytes(data)))) if unseen else data


def _as_meant(tried: Labelled, model: Classifier) -> Labelled:
    """The texts tried, for learning how sure the model may be where it takes a text for what it names first: there each
    of both categories stands for the other, as their probabilities are exchanged."""
    labels = list(tried.labels)
    for number, pair in model.overruled(tried.texts).items():
        whole, meant = pair
        labels[number] = {whole: meant, meant: whole}.get(labels[number], labels[number])
    return Labelled(tried.texts, labels, tried.contexts)


def assemble(
    tried: Labelled,
    columns: Columns,
    held: HeldOut,
    vectoriser: Vectoriser,
    linear: Linear,
    origin: Provenance,
    target: float,
    groups: Mapping[str, str],
    costs: Mapping[str, float],
    mix: Mapping[str, int],
    limiting: int | None = None,
    meant: Labelled | None = None,
) -> tuple[Manifest, dict[str, NDArray[Any]]]:
    """Manifest and arrays of a fitted model whose doubt is learnt from what it said (`held`) about the unseen texts
    `tried`; the thresholds come from the first `limiting` of these (all, if None).

    The confidence is learnt from the texts as they are `meant`, if that is given (from `_as_meant`). The thresholds are
    not: what makes a text be of what it names first was fitted to texts like these, and they would be too low."""
    classes = columns.categories
    y = columns.category_numbers(tried.labels)
    truth = y if meant is None else columns.category_numbers(meant.labels)
    scores = columns.by_category(held.scores)
    grouping = Groups.among(classes, groups)
    lengths = np.array([len(plain(text)) for text in tried.texts], dtype=np.float64)
    confidence = learn_confidence(scores, truth, lengths, grouping)
    judged = confidence.judge(scores[:limiting], lengths[:limiting], grouping)
    manifest = Manifest(
        classes=classes,
        columns=columns.labels if columns.labels != classes else (),
        groups={name: group for name, group in groups.items() if name in classes},
        costs={name: cost for name, cost in costs.items() if name in classes and cost != 1},
        target=target,
        thresholds=_limits(classes, judged, grouping, y[:limiting], target),
        confidence=confidence,
        least_known=round(float(np.quantile(held.known, 0.005)) * 0.9, 4),
        mix=dict(sorted(mix.items())),
        unseen=round(unseen_vocabulary(held.known.tolist()), 4),
        provenance=origin,
    )
    arrays: dict[str, NDArray[Any]] = {
        "slots": vectoriser.slots,
        "block": vectoriser.block,
        "worth": vectoriser.worth,
        "lengths": vectoriser.lengths,
        "weights": np.ascontiguousarray(linear.weights),
        "bias": linear.bias,
    }
    return manifest, arrays


def _best(
    tried: Labelled,
    counts: sp.csr_matrix,
    y: Ints,
    helping: Flags,
    columns: Columns,
    recipes: Sequence[Recipe],
    seed: int,
    progress: Progress,
    prior: Prior | None,
) -> tuple[Recipe, HeldOut, Vectoriser, Linear]:
    """The recipe whose model of all rows is best on the texts tried, what that model says of them, and the model."""
    truth, theirs = columns.category_numbers(tried.labels), count(tried.texts)
    found = []
    for done, recipe in enumerate(recipes, 1):
        vectoriser, linear = fit(counts, y, len(columns.labels), recipe, seed, prior, helping, columns.no_fault)
        held = _held_out(theirs, vectoriser, linear)
        table = confusion(truth, columns.by_category(held.scores).argmax(axis=1), len(columns.categories))
        found.append((_worth(table), recipe, held, vectoriser, linear))
        progress(done, len(recipes))
    _, recipe, held, vectoriser, linear = max(found, key=lambda entry: entry[0])
    return recipe, held, vectoriser, linear


def _held_out(counts: sp.csr_matrix, vectoriser: Vectoriser, linear: Linear) -> HeldOut:
    """What a model says of texts that it has not seen."""
    matrix, known = vectoriser.weigh(counts)
    return HeldOut(matrix @ linear.weights.astype(np.float64) + linear.bias, known)


def tune(
    rows: Labelled,
    counts: sp.csr_matrix,
    y: Ints,
    helping: Flags,
    columns: Columns,
    recipes: Sequence[Recipe],
    seed: int,
    progress: Progress,
    prior: Prior | None,
) -> tuple[Recipe, HeldOut]:
    """The best recipe by cross-validation inside `rows`, near-duplicates kept together, and its held-out scores.

    `counts`, `y` and `helping` may be longer than `rows`: what follows are extra rows and names, which only help to
    learn, and those that resemble a held-out row do not even do that. `helping` tells which are extra rows.
    """
    own, classes, none = len(rows), len(columns.labels), columns.no_fault
    cluster = clusters(counts)
    loose = cluster if len(y) == own else clusters(counts, LOOSELY)
    parts = folds(rows.labels, cluster[:own], max(2, min(INNER, min(Counter(rows.labels).values()))), seed)
    tried = []
    done, total = 0, len(recipes) * len(parts) + 1
    for recipe in recipes:
        held = HeldOut(np.zeros((own, classes)), np.zeros(own, dtype=np.float32))
        for test in parts:
            alike = np.isin(loose, loose[test])
            alike[:own] = False
            alike[test] = True
            rest = np.flatnonzero(~alike)
            vectoriser, linear = fit(counts[rest], y[rest], classes, recipe, seed, prior, helping[rest], none)
            matrix, held.known[test] = vectoriser.weigh(counts[test])
            held.scores[test] = matrix @ linear.weights + linear.bias
            done += 1
            progress(done, total)
        table = confusion(y[:own], held.scores.argmax(axis=1), classes)
        tried.append((_worth(table), recipe, held))
    _, recipe, held = max(tried, key=lambda entry: entry[0])
    return recipe, held


def fit(
    counts: sp.csr_matrix,
    y: Ints,
    classes: int,
    recipe: Recipe,
    seed: int,
    prior: Prior | None = None,
    helping: Flags | None = None,
    no_fault: Flags | None = None,
) -> tuple[Vectoriser, Linear]:
    """The vectoriser and the linear model of exactly these rows; those that are `helping` weigh what the recipe says of
    extra rows. `no_fault` tells which classes are kinds of no fault. Raises ValueError when no feature is left."""
    vectoriser = learn(counts, y, recipe.blocks, recipe.min_count, recipe.most, recipe.floor)
    weight = None if helping is None or recipe.extra == 1 else np.where(helping, recipe.extra, 1.0)
    if prior is None or not recipe.prior:
        matrix = vectoriser.weigh(counts)[0]
        linear = solve(matrix, y, classes, recipe.c, seed, weight)
    else:
        vectoriser = prior.widened(vectoriser)
        matrix = vectoriser.weigh(counts)[0]
        beside = Beside.of(matrix, prior.over(vectoriser), recipe.prior)
        linear = beside.folded(solve(beside.rows, y, classes, recipe.c, seed, weight))
    if recipe.whether and no_fault is not None and 0 < no_fault[y].sum() < len(y):
        whether = solve(matrix, no_fault[y].astype(np.intp), 2, _WHETHER, seed, weight)
        linear.weights[:, no_fault] += recipe.whether * whether.weights[:, 1:]
        linear.bias[no_fault] += recipe.whether * whether.bias[1]
    return vectoriser, linear


def learn_prior(rows: Labelled) -> Prior:
    """A prior from texts with categories of their own. Raises ClassifierError when they cannot teach anything."""
    check_classes(rows)
    names, y = np.unique(np.array(rows.labels), return_inverse=True)
    vectoriser, linear = fit(count(rows.texts), y, len(names), PRIOR, seed=0)
    return Prior(vectoriser, linear.weights, rows.digest())


def solve(matrix: sp.csr_matrix, y: Ints, classes: int, c: float, seed: int, weight: Floats | None) -> Linear:
    """One-against-the-rest linear support vector machines, each class weighing the same, its rows by their `weight`.

    A class that `y` lacks scores as low as the lowest of the others.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        machine = LinearSVC(C=c, class_weight="balanced", random_state=seed).fit(matrix, y, weight)
    coefficients, intercept = machine.coef_, machine.intercept_
    if len(machine.classes_) == 2:
        coefficients, intercept = np.vstack([-coefficients, coefficients]), np.append(-intercept, intercept)
    weights = np.zeros((matrix.shape[1], classes))
    bias = np.full(classes, intercept.min() - 1.0)
    weights[:, machine.classes_] = coefficients.T
    bias[machine.classes_] = intercept
    return Linear(weights.astype(np.float32), bias.astype(np.float32))


def _worth(table: Ints) -> float:
    """What a recipe is chosen by: accuracy and macro-F1, added."""
    return float(np.trace(table) / table.sum()) + macro_f1(table)


def _limits(classes: tuple[str, ...], judged: Judged, groups: Groups, y: Ints, target: float) -> tuple[Thresholds, ...]:
    """Thresholds for every usual target, and for the one asked for, from what may be dispatched at it: what is too
    likely no fault is not. None falls as the target rises, so that a stricter target dispatches nothing that a laxer
    one would not."""
    every = np.arange(len(y))
    names, own, right = np.array(classes)[judged.best], judged.probability[every, judged.best], judged.best == y
    whole = judged.grouped[every, judged.group]
    of_none = names == NO_FAULT
    none = judged.probability[:, classes.index(NO_FAULT)] if NO_FAULT in classes else np.zeros(len(y))
    found: list[Thresholds] = []
    for goal in sorted({*TARGETS, target}):
        open_ = (of_none | (none < doubtful_none(goal))).nonzero()[0]
        limits = thresholds(goal, (names[open_].tolist(), own[open_], right[open_]), whole[open_])
        if found:
            category, group = max(limits.category, found[-1].category), max(limits.group, found[-1].group)
            limits = msgspec.structs.replace(limits, category=category, group=group)
        found.append(limits)
    return tuple(found)

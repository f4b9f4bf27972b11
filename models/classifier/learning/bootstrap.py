"""A first model for a city without history: category names, keywords, and the texts that Paidan ships."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from models.classifier.errors import ClassifierError
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.taxonomy import Taxonomy
from models.classifier.learning.training import HeldOut, Progress, Recipe, assemble, fit, quiet, train
from models.classifier.serving.artefact import WITNESS, pack, unpack
from models.classifier.serving.columns import Columns, category_of
from models.classifier.serving.vectoriser import count
from models.guess import NO_FAULT

# What a city gets may be letters, which put the point first.
LETTERS = (Recipe(min_count=2, c=1.0), Recipe(min_count=2, c=0.2))
# Of short messages the first words are most, and few texts say little of what is common to all categories.
_SHORT = (1.0, 0.15, 0.6, 0.7)
MESSAGES = (Recipe(blocks=_SHORT, min_count=2, floor=1.0), Recipe(blocks=_SHORT, min_count=2, c=0.2, floor=1.0))
WORDS = Recipe(min_count=1, c=0.2)
_MAJORITY = 0.5
# With fewer texts of another hand than this nothing can be said of how sure a model may be.
_ENOUGH = 100


def keyword_rows(taxonomy: Taxonomy) -> Labelled:
    """Every name and keyword as a text of its category."""
    pairs = [(word, leaf.code) for leaf in taxonomy.leaves.values() for word in (*leaf.names, *leaf.keywords)]
    return Labelled([word for word, _ in pairs], [code for _, code in pairs])


class Adopted(NamedTuple):
    """The corpus and the texts tried in the categories of a taxonomy."""

    rows: Labelled
    tried: Labelled


def adopt(corpus: Labelled, tried: Labelled, taxonomy: Taxonomy, seed: int = 0) -> Adopted:
    """Both in the taxonomy's categories.

    Texts keep a category that the taxonomy has, and what is no fault stays none anywhere. All texts of another category
    go where a model of names and keywords alone puts more than half of its corpus texts, and are left out where it puts
    them nowhere in particular; so are texts tried of what nothing of the corpus has come to be.
    """
    foreign = defaultdict(list)
    for row, label in enumerate(corpus.labels):
        if label not in taxonomy.leaves and category_of(label) != NO_FAULT:
            foreign[label].append(row)
    if not foreign:
        return Adopted(corpus, tried)
    words = keyword_rows(taxonomy)
    names = sorted(set(words.labels))
    y = np.searchsorted(np.array(names), np.array(words.labels))
    vectoriser, linear = fit(count(words.texts), y, len(names), Recipe(min_count=1), seed)
    new = dict[str, str | None]()
    for label, rows in foreign.items():
        scores = vectoriser.weigh(count([corpus.texts[row] for row in rows]))[0] @ linear.weights + linear.bias
        best, votes = Counter(scores.argmax(axis=1).tolist()).most_common(1)[0]
        new[label] = names[best] if votes > _MAJORITY * len(rows) else None
    mine = _renamed(corpus, new)
    theirs = _renamed(tried, new)
    known = set(mine.labels)
    return Adopted(mine, theirs.take(n for n, label in enumerate(theirs.labels) if label in known))


def _renamed(rows: Labelled, new: Mapping[str, str | None]) -> Labelled:
    """The rows under their new labels, without those that have none."""
    pairs = [(text, new.get(label, label)) for text, label in zip(rows.texts, rows.labels, strict=True)]
    kept = [(text, label) for text, label in pairs if label is not None]
    return Labelled([text for text, _ in kept], [label for _, label in kept])


def bootstrap(
    taxonomy: Taxonomy,
    corpus: Labelled,
    tried: Labelled,
    *,
    day: str,
    target: float = 0.97,
    seed: int = 0,
    progress: Progress = quiet,
    recipes: Sequence[Recipe] = LETTERS,
    strange: bool = True,
) -> bytes:
    """The artefact of a first model.

    Held-out texts of the corpus are written in the corpus's own manner, so limits from them would be too easy for real
    reports. Recipe, confidence and limits therefore come from the texts `tried`, which are of another hand. Where
    reports will be `strange` to both, letters of another city say, the model has a witness too: one of names and
    keywords alone, with limits from the same texts. Automatic is what both are sure of. Of the `recipes` the best on
    the texts tried is taken.

    Names and keywords are extra rows, which only help to learn; a category without any text has nothing else and
    learns from them alone. Raises ClassifierError when there are not two categories with at least two texts or words.
    """
    words = keyword_rows(taxonomy)
    if len(set(words.labels)) < 2:
        raise ClassifierError("a model needs at least two categories with names or keywords")
    rows, tried = adopt(corpus, tried, taxonomy, seed)
    sizes = Counter(rows.labels)
    alone = [n for n, label in enumerate(words.labels) if sizes[label] < 2]
    helping = [n for n, label in enumerate(words.labels) if sizes[label] >= 2]
    data = train(
        rows.plus(words.take(alone)),
        recipes,
        day=day,
        extra=words.take(helping),
        tried=tried if len(tried) >= _ENOUGH else None,
        target=target,
        groups=taxonomy.groups,
        costs=taxonomy.costs,
        seed=seed,
        progress=progress,
    )
    return _with_witness(data, tried if len(tried) >= _ENOUGH else rows, words, seed) if strange else data


def _with_witness(data: bytes, tried: Labelled, words: Labelled, seed: int) -> bytes:
    """The same model with the bytes of one that learnt the `words`, and what it says of the texts tried."""
    _, manifest, arrays = unpack(data)
    columns = Columns.among(words.labels)
    y = columns.numbers(words.labels)
    vectoriser, linear = fit(count(words.texts), y, len(columns.labels), WORDS, seed)
    judged = tried.take(n for n, label in enumerate(tried.labels) if label in columns.labels)
    matrix, known = vectoriser.weigh(count(judged.texts))
    held = HeldOut((matrix @ linear.weights + linear.bias).astype(np.float64), known)
    origin = msgspec.structs.replace(manifest.provenance, data=words.digest(), rows=len(words))
    mix = Counter(words.labels)
    witness = pack(
        *assemble(judged, columns, held, vectoriser, linear, origin, manifest.target, manifest.groups, {}, mix)
    )
    return pack(manifest, arrays | {WITNESS: np.frombuffer(witness, dtype=np.uint8)})

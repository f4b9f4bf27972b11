"""A first model for a city without history: category names, keywords, and the texts that Paidan ships."""

from collections import Counter, defaultdict

import msgspec
import numpy as np

from models.classifier.errors import ClassifierError
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.taxonomy import Taxonomy
from models.classifier.learning.training import HeldOut, Progress, Recipe, assemble, fit, quiet, train
from models.classifier.serving.artefact import WITNESS, pack, unpack
from models.classifier.serving.vectoriser import count

# Chosen on the bootstrap corpus alone: few texts want strong regularisation.
FIRST_RECIPES = (Recipe(min_count=2, c=0.2), Recipe(min_count=2, c=1.0))
WORDS = Recipe(min_count=1, c=0.2)
_MAJORITY = 0.5


def keyword_rows(taxonomy: Taxonomy) -> Labelled:
    """Every name and keyword as a text of its category."""
    pairs = [(word, leaf.code) for leaf in taxonomy.leaves.values() for word in (*leaf.names, *leaf.keywords)]
    return Labelled([word for word, _ in pairs], [code for _, code in pairs])


def adopt(corpus: Labelled, taxonomy: Taxonomy, seed: int = 0) -> Labelled:
    """The corpus in the taxonomy's categories.

    Texts keep a category that the taxonomy has. All texts of another go where a model of names and keywords alone
    puts more than half of them, and are left out where it puts them nowhere in particular.
    """
    foreign = defaultdict(list)
    for row, label in enumerate(corpus.labels):
        if label not in taxonomy.leaves:
            foreign[label].append(row)
    if not foreign:
        return corpus
    words = keyword_rows(taxonomy)
    names = sorted(set(words.labels))
    y = np.searchsorted(np.array(names), np.array(words.labels))
    vectoriser, linear = fit(count(words.texts), y, len(names), Recipe(min_count=1), seed)
    texts, labels = [], []
    new = dict[str, str | None]()
    for label, rows in foreign.items():
        scores = vectoriser.weigh(count([corpus.texts[row] for row in rows]))[0] @ linear.weights + linear.bias
        best, votes = Counter(scores.argmax(axis=1).tolist()).most_common(1)[0]
        new[label] = names[best] if votes > _MAJORITY * len(rows) else None
    for text, label in zip(corpus.texts, corpus.labels, strict=True):
        mine = new.get(label, label)
        if mine is not None:
            texts.append(text)
            labels.append(mine)
    return Labelled(texts, labels)


def bootstrap(
    taxonomy: Taxonomy,
    corpus: Labelled,
    *,
    day: str,
    target: float = 0.97,
    seed: int = 0,
    progress: Progress = quiet,
    strange: bool = True,
) -> bytes:
    """The artefact of a first model.

    Held-out texts of the corpus are written in the corpus's own manner, so limits from them are too easy for real
    reports. Where reports will be `strange` to it the model has a witness: one of names and keywords alone, to which
    every text of the corpus is strange, with limits from how right it is on these. Automatic is what both are sure of.

    Names and keywords are extra rows, which only help to learn; a category without any text has nothing else and
    learns from them alone. Raises ClassifierError when there are not two categories with at least two texts or words.
    """
    rows = adopt(corpus, taxonomy, seed)
    words = keyword_rows(taxonomy)
    if len(set(words.labels)) < 2:
        raise ClassifierError("a model needs at least two categories with names or keywords")
    sizes = Counter(rows.labels)
    alone = [n for n, label in enumerate(words.labels) if sizes[label] < 2]
    helping = [n for n, label in enumerate(words.labels) if sizes[label] >= 2]
    data = train(
        rows.plus(words.take(alone)),
        FIRST_RECIPES,
        day=day,
        extra=words.take(helping),
        target=target,
        groups=taxonomy.groups,
        costs=taxonomy.costs,
        seed=seed,
        progress=progress,
    )
    return _with_witness(data, rows, words, seed) if strange else data


def _with_witness(data: bytes, rows: Labelled, words: Labelled, seed: int) -> bytes:
    """The same model with the bytes of one that learnt the `words` and was tried on the `rows`."""
    _, manifest, arrays = unpack(data)
    names, y = np.unique(np.array(words.labels), return_inverse=True)
    vectoriser, linear = fit(count(words.texts), y, len(names), WORDS, seed)
    tried = rows.take(n for n, label in enumerate(rows.labels) if label in words.labels)
    matrix, known = vectoriser.weigh(count(tried.texts))
    held = HeldOut((matrix @ linear.weights + linear.bias).astype(np.float64), known)
    origin = msgspec.structs.replace(manifest.provenance, data=words.digest(), rows=len(words))
    classes = tuple(names.tolist())
    witness = pack(*assemble(tried, classes, held, vectoriser, linear, origin, manifest.target, manifest.groups, {}))
    return pack(manifest, arrays | {WITNESS: np.frombuffer(witness, dtype=np.uint8)})

"""A first model for a city without history: category names, keywords, and the texts that Paidan ships."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from models.classifier.errors import ClassifierError
from models.classifier.learning.labelled import Labelled
from models.classifier.learning.taxonomy import Taxonomy
from models.classifier.learning.training import PRIOR, HeldOut, Progress, Recipe, assemble, fit, quiet, train
from models.classifier.serving.artefact import WITNESS, pack, unpack
from models.classifier.serving.calibration import NEVER
from models.classifier.serving.columns import Columns, category_of
from models.classifier.serving.vectoriser import count
from models.guess import NO_FAULT

# What a city gets may be letters, which put the point first.
LETTERS = (Recipe(min_count=2, c=1.0), Recipe(min_count=2, c=0.2))
# Of short messages the first words are most, and few texts say little of what is common to all categories.
_SHORT = (1.0, 0.15, 0.6, 0.7)
# A word is no message: it weighs less than one.
_WORD = 0.3
MESSAGES = tuple(Recipe(blocks=_SHORT, min_count=2, c=c, floor=1.0, extra=_WORD, whether=1.0) for c in (1.0, 0.5))
WORDS = Recipe(min_count=1, c=0.2)
# So many of a category's names and keywords must mean what a category of the corpus does: fewer may be chance.
_WORDS_ALIKE = 3
# The share of a word's pieces that the corpus must have for its model to say anything of the word.
_KNOWN = 0.5
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


def counterparts(corpus: Labelled, taxonomy: Taxonomy, seed: int = 0) -> dict[str, str]:
    """For each of the corpus's categories the one of the taxonomy that its texts can teach; none where there is none.

    The same code is the same category. Else it is the one of whose names and keywords a model of the corpus takes most,
    `_WORDS_ALIKE` at least, for it: so a city with codes of its own, or with one category for what the corpus has in
    several, learns from the corpus as well.
    """
    faults = corpus.take(n for n, label in enumerate(corpus.labels) if category_of(label) != NO_FAULT)
    names = sorted(set(faults.labels))
    found = {name: name for name in names if name in taxonomy.leaves}
    words = keyword_rows(taxonomy)
    if len(found) == len(names) or len(names) < 2 or not len(words):
        return found
    y = np.searchsorted(np.array(names), np.array(faults.labels))
    vectoriser, linear = fit(count(faults.texts), y, len(names), PRIOR, seed)
    matrix, known = vectoriser.weigh(count(words.texts))
    taken_for = (matrix @ linear.weights + linear.bias).argmax(axis=1)
    votes = defaultdict[str, Counter[str]](Counter)
    for number, share, label in zip(taken_for.tolist(), known.tolist(), words.labels, strict=True):
        if share >= _KNOWN:
            votes[names[number]][label] += 1
    for name in sorted(votes.keys() - found.keys()):
        best, many = votes[name].most_common(1)[0]
        if many >= _WORDS_ALIKE:
            found[name] = best
    return found


def adopt(corpus: Labelled, tried: Labelled, taught: Mapping[str, str]) -> Adopted:
    """Both in a taxonomy's categories (`taught` is from `counterparts`), without what has none. What is no fault stays
    none anywhere."""
    return Adopted(_renamed(corpus, taught), _renamed(tried, taught))


def lessons(taxonomy: Taxonomy, taught: Mapping[str, str], never_sure: Collection[str]) -> list[str]:
    """What a first model will know and what not, a line each: which categories the corpus's texts teach under their
    own code, which under another, which under both, and which have their names and keywords alone."""
    own = [code for code in taxonomy.leaves if taught.get(code) == code]
    named = {code: f"{code} (from {', '.join(theirs)})" for code in taxonomy.leaves if (theirs := _from(taught, code))}
    others = [said for code, said in named.items() if code not in own]
    both = [said for code, said in named.items() if code in own]
    bare = [code for code in taxonomy.leaves if code not in taught.values()]
    doubted = [code for code in taxonomy.leaves if code in never_sure and code not in bare]
    every = f"of {len(taxonomy.leaves)}"
    told = (
        (f"{every} learn from the shipped texts of their own code", own),
        ("of these learn as well from others that their names and keywords mean", both),
        (f"{every} learn from shipped texts that their names and keywords mean", others),
        (f"{every} have their names and keywords alone: the model is never sure of them until labels teach it", bare),
        (f"{every} are never sure enough for the target", doubted),
    )
    return [f"{len(codes)} {what}: {', '.join(codes)}" for what, codes in told if codes]


def _from(taught: Mapping[str, str], code: str) -> list[str]:
    """The other categories whose texts teach this one."""
    return [name for name, mine in taught.items() if mine == code and name != code]


def _among(rows: Labelled, known: Collection[str]) -> Labelled:
    """The rows whose categories are known."""
    return rows.take(n for n, label in enumerate(rows.labels) if category_of(label) in known)


def _renamed(rows: Labelled, new: Mapping[str, str | None]) -> Labelled:
    """The rows under their new labels, without those that have none; what is no fault keeps its own."""
    labels = [label if category_of(label) == NO_FAULT else new.get(label) for label in rows.labels]
    pairs = list(zip(rows.texts, labels, strict=True))
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
    lexicon: Labelled | None = None,
    everyday: Labelled | None = None,
) -> bytes:
    """The artefact of a first model.

    Held-out texts of the corpus are written in the corpus's own manner, so limits from them would be too easy for real
    reports. Recipe, confidence and limits therefore come from the texts `tried`, which are of another hand; they hold
    for a city whose people write as those do. Where reports will be `strange` to both, letters of another city say, the
    model has a witness: one of names and keywords alone, with limits from the same texts. Automatic is what both are
    sure of. Of the `recipes` the best on the texts tried is taken. Texts that are `everyday` count in the confidence
    beside those tried (see `train`).

    Names and keywords are extra rows, which only help to learn; a category without any text has nothing else and
    learns from them alone. Nothing says how sure the model may be of such a category, so it never is; and a text that
    the witness, which this model then has too, could take for one of them goes to a person. Words of the `lexicon` help
    where the taxonomy has their category.
    Raises ClassifierError when there are not two categories with at least two texts or words.
    """
    words = keyword_rows(taxonomy)
    if len(set(words.labels)) < 2:
        raise ClassifierError("a model needs at least two categories with names or keywords")
    taught = counterparts(corpus, taxonomy, seed)
    rows, tried = adopt(corpus, tried, taught)
    sizes = Counter(rows.labels)
    alone = [n for n, label in enumerate(words.labels) if sizes[label] < 2]
    helping = [n for n, label in enumerate(words.labels) if sizes[label] >= 2]
    every = rows.plus(words.take(alone))
    known = {category_of(label) for label in every.labels}
    tried = _among(tried, known)
    plainer = None if everyday is None else _among(_renamed(everyday, taught), known)
    enough = len(tried) >= _ENOUGH
    judging = tried if enough else rows
    extra = words.take(helping)
    data = train(
        every,
        recipes,
        day=day,
        extra=extra if lexicon is None else extra.plus(lexicon),
        tried=tried if enough else None,
        everyday=plainer if enough else None,
        target=target,
        groups=taxonomy.groups,
        costs=taxonomy.costs,
        seed=seed,
        progress=progress,
    )
    untried = known - {category_of(label) for label in judging.labels}
    if not strange and not untried:
        return data
    return _with_witness(data, judging, words, () if strange else tuple(sorted(untried)), untried, seed)


def _with_witness(
    data: bytes, judging: Labelled, words: Labelled, heard_on: tuple[str, ...], untried: Collection[str], seed: int
) -> bytes:
    """The same model, never sure of what is `untried`, with the bytes of one that learnt the `words` and what it says
    of the texts judging it."""
    _, manifest, arrays = unpack(data)
    never = dict.fromkeys(sorted(untried), NEVER)
    limits = tuple(replace(each, classes={**each.classes, **never}) for each in manifest.thresholds)
    columns = Columns.among(words.labels)
    y = columns.numbers(words.labels)
    vectoriser, linear = fit(count(words.texts), y, len(columns.labels), WORDS, seed)
    # Where nothing of the city's was tried its words judge themselves: the witness is then heard on all, sure of none.
    judged = judging.take(n for n, label in enumerate(judging.labels) if label in columns.labels)
    judged = judged if len(judged) else words
    matrix, known = vectoriser.weigh(count(judged.texts))
    held = HeldOut((matrix @ linear.weights + linear.bias).astype(np.float64), known)
    origin = replace(manifest.provenance, data=words.digest(), rows=len(words))
    mix = Counter(words.labels)
    witness = pack(
        *assemble(judged, columns, held, vectoriser, linear, origin, manifest.target, manifest.groups, {}, mix)
    )
    manifest = replace(manifest, thresholds=limits, heard_on=heard_on)
    return pack(manifest, arrays | {WITNESS: np.frombuffer(witness, dtype=np.uint8)})

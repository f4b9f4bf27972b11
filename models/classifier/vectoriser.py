"""Counted pieces to weighted rows: which pieces a model knows, and how much each counts in one message."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from models.classifier.features import AROUND, BODY, HEADS, PARTS, SLOTS, U32, Context, Flags, Pieces, pieces

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]
BATCH = 256
# The unit in which each block is scaled to length.
_UNIT = np.array([0, 1, 0, 2], dtype=np.int64)
_UNITS = 3
FLOOR = 0.2
EVIDENCE = 1.4
_TF = (1.0 + np.log(np.maximum(np.arange(1024), 1))).astype(np.float32)
Contexts = Sequence[Context | None] | None


class Encoded(NamedTuple):
    """A batch as the linear model sees it.

    `rows` is a sparse matrix (messages x features); `known` the share of each message's pieces from the body that the
    model has seen in training (0 for a message without any); `found` how many of its features are known.
    """

    rows: sp.csr_matrix
    known: F32
    found: I64
    pieces: Pieces
    features: NDArray[np.int32]


class Vectoriser(msgspec.Struct, frozen=True):
    """The pieces that count. Parallel arrays over features: hash slot (ascending), block, worth.

    A feature of a message weighs (1 + ln count) * `worth`, and the features of each unit are scaled to the
    length `lengths[unit]` (sub-linear tf-idf with L2 norm, Manning et al. 2008, chapter 6). Units are the whole text
    (tokens and word parts together), the head, and the context. The worth of a
    feature is its inverse document frequency times how much it is a matter of few classes (`learn`).
    """

    slots: U32
    block: NDArray[np.uint8]
    worth: F32
    lengths: F32

    def table(self) -> NDArray[np.int32]:
        """Feature by hash slot, -1 where the slot is unknown."""
        table = np.full(SLOTS, -1, dtype=np.int32)
        table[self.slots] = np.arange(len(self.slots), dtype=np.int32)
        return table

    def encode(self, texts: Sequence[str], contexts: Contexts, table: NDArray[np.int32]) -> Encoded:
        """One batch; `table` is what `table()` returned, kept by the caller because it is large."""
        found = pieces(texts, contexts)
        count = len(found.texts)
        feature = table[found.slot]
        hit = feature >= 0
        known = _share(found, hit, count)
        width = max(1, len(self.slots))
        keys = found.doc[hit].astype(np.int64) * width + feature[hit]
        keys.sort()
        new = np.ones(len(keys), dtype=np.bool_)
        np.not_equal(keys[1:], keys[:-1], out=new[1:])
        where = np.flatnonzero(new)
        times = np.diff(where, append=len(keys))
        keys = keys[where]
        row = keys // width
        column = (keys - row * width).astype(np.int32)
        values = _TF[np.minimum(times, 1023)] * self.worth[column]
        part = row * _UNITS + _UNIT[self.block[column]]
        norms = np.sqrt(np.bincount(part, weights=values * values, minlength=count * _UNITS)).astype(np.float32)
        scale = np.tile(self.lengths, count) / np.maximum(norms, 1e-12)
        values *= scale[part]
        ends = np.searchsorted(row, np.arange(count + 1))
        rows = sp.csr_matrix((values, column, ends.astype(np.int32)), shape=(count, width))
        return Encoded(rows, known, np.diff(ends), found, feature)


def _share(found: Pieces, hit: Flags, count: int) -> F32:
    body = (found.block == BODY) & (found.end > found.start)
    seen = np.bincount(found.doc[body], weights=hit[body], minlength=count)
    return (seen / np.maximum(1, np.bincount(found.doc[body], minlength=count))).astype(np.float32)


def batches(texts: Sequence[str], contexts: Contexts, size: int = BATCH) -> Iterator[tuple[Sequence[str], Contexts]]:
    """The same messages in batches, so that memory stays bounded."""
    for start in range(0, len(texts), size):
        yield texts[start : start + size], None if contexts is None else contexts[start : start + size]


def learn(
    texts: Sequence[str], contexts: Contexts, y: NDArray[np.intp], blocks: Sequence[float], min_count: int, most: int
) -> Vectoriser:
    """The vectoriser of a training set: pieces in at least `min_count` messages, the `most` frequent of them.

    `y` numbers the messages' classes; `blocks` holds the weights of body, head, word parts and context (0 leaves one
    out). Raises ValueError when no piece is left.
    """
    frequency = np.zeros(SLOTS, dtype=np.int32)
    block = np.zeros(SLOTS, dtype=np.uint8)
    for some, around in batches(texts, contexts):
        found = pieces(some, around)
        keys = np.unique(found.doc.astype(np.int64) * SLOTS + found.slot)
        frequency += np.bincount(keys % SLOTS, minlength=SLOTS).astype(np.int32)
        block[found.slot] = found.block
    weight = np.asarray(blocks, dtype=np.float32)
    slots = np.flatnonzero((frequency >= min_count) & (weight[block] > 0))
    if not len(slots):
        raise ValueError("no piece of text occurs often enough")
    if len(slots) > most:
        slots = np.sort(slots[np.argsort(-frequency[slots], kind="stable")[:most]])
    idf = (np.log((1 + len(texts)) / (1 + frequency[slots])) + 1).astype(np.float32)
    idf[block[slots] == PARTS] *= weight[PARTS] / weight[BODY]
    plain = Vectoriser(slots.astype(np.uint32), block[slots], idf, weight[[BODY, HEADS, AROUND]])
    return msgspec.structs.replace(plain, worth=idf * _focus(encode_all(plain, texts, contexts)[0], y))


def _focus(rows: sp.csr_matrix, y: NDArray[np.intp]) -> F32:
    """How much each feature is a matter of few classes: `FLOOR` when evenly spread, `FLOOR` + 1 when of one alone.

    One minus the normalised entropy of the feature's relative frequencies in the classes (entropy weighting after
    Dumais 1991, here over classes instead of documents), with a little evidence for every class added.
    """
    sizes = np.bincount(y)
    present = np.flatnonzero(sizes)
    member = sp.csr_matrix((np.ones(len(y)), (y, np.arange(len(y)))), shape=(len(sizes), len(y)))[present]
    seen = sp.csr_matrix((np.ones(len(rows.data)), rows.indices, rows.indptr), shape=rows.shape)
    share = (np.asarray((member @ seen).todense()) + EVIDENCE / len(present)) / sizes[present, None]
    share /= share.sum(axis=0)
    entropy = -(share * np.log(share)).sum(axis=0) / np.log(max(2, len(present)))
    focus: F32 = (FLOOR + np.maximum(0.0, 1.0 - entropy)).astype(np.float32)
    return focus


def encode_all(vectoriser: Vectoriser, texts: Sequence[str], contexts: Contexts = None) -> tuple[sp.csr_matrix, F32]:
    """All rows of a set of any size, and each message's known share."""
    table = vectoriser.table()
    parts = [vectoriser.encode(some, around, table) for some, around in batches(texts, contexts)]
    return sp.vstack([part.rows for part in parts], format="csr"), np.concatenate([part.known for part in parts])

"""Counted pieces to weighted rows: which pieces a model knows, and how much each counts in one message."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse._sparsetools import csr_matvecs

from models.classifier.serving.arrays import F32, I32, I64, U32
from models.classifier.serving.features import AROUND, BODY, HEADS, PARTS, SLOTS, Context, Pieces, pieces

BATCH = 256
# The unit in which each block is scaled to length.
_UNIT = np.array([0, 1, 0, 2], dtype=np.int64)
_UNITS = 3
FLOOR = 0.2
EVIDENCE = 1.4
_TF = (1.0 + np.log(np.maximum(np.arange(1024), 1))).astype(np.float32)
Contexts = Sequence[Context | None] | None


class Rows(NamedTuple):
    """A sparse matrix (messages x `width` features): the features of row n and their values are those between `ends[n]`
    and `ends[n + 1]`. Not SciPy's own: to make one and to multiply it costs ten times what a message's product does."""

    values: F32
    features: I32
    ends: I32
    width: int

    def times(self, weights: F32) -> F32:
        """The product with a matrix of features x columns, row by row the same however many rows there are."""
        count, columns = len(self.ends) - 1, weights.shape[1]
        out = np.zeros((count, columns), dtype=np.float32)
        csr_matvecs(
            count, self.width, columns, self.ends, self.features, self.values, weights.reshape(-1), out.reshape(-1)
        )
        return out

    def matrix(self) -> sp.csr_matrix:
        """The same as a sparse matrix of SciPy: a row for each text, a column for each feature."""
        return sp.csr_matrix((self.values, self.features, self.ends), shape=(len(self.ends) - 1, self.width))


class Encoded(NamedTuple):
    """A batch as the linear model sees it.

    `rows` are messages x features; `known` the share of each message's pieces from the body that the
    model has seen in training (0 for a message without any); `found` how many of its features are known; `features`
    the feature of each of `pieces`, -1 where it is unknown.
    """

    rows: Rows
    known: F32
    found: I64
    pieces: Pieces
    features: I32

    def only(self, start: int, end: int) -> "Encoded":
        """The messages from `start` to before `end`, as if encoded by themselves."""
        owner = self.pieces.doc
        mine = ((owner >= start) & (owner < end)).nonzero()[0]
        values, features, ends, width = self.rows
        low, high = int(ends[start]), int(ends[end])
        rows = Rows(values[low:high], features[low:high], ends[start : end + 1] - ends[start], width)
        texts, lengths, doc, slot, left, right, block = self.pieces
        own = Pieces(
            texts[start:end],
            lengths[start:end],
            doc[mine] - np.int32(start),
            slot[mine],
            left[mine],
            right[mine],
            block[mine],
        )
        return Encoded(rows, self.known[start:end], self.found[start:end], own, self.features[mine])


class Vectoriser(msgspec.Struct, frozen=True):
    """The pieces that count. Parallel arrays over features: hash slot (ascending), block, worth.

    A feature of a message weighs (1 + ln count) * `worth`, and the features of each unit are scaled to the length
    `lengths[unit]` (sub-linear tf-idf with L2 norm, Manning et al. 2008, chapter 6). Units are the whole text (tokens
    and word parts together), the head, and the context. The worth of a feature is its inverse document frequency times
    how much it is a matter of few classes (`learn`).
    """

    slots: U32
    block: NDArray[np.uint8]
    worth: F32
    lengths: F32

    def table(self) -> I32:
        """Feature by hash slot, -1 where the slot is unknown."""
        table = np.full(SLOTS, -1, dtype=np.int32)
        table[self.slots] = np.arange(len(self.slots), dtype=np.int32)
        return table

    def encode(self, texts: Sequence[str], contexts: Contexts, table: I32) -> Encoded:
        """One batch; `table` is what `table()` returned, kept by the caller because it is large."""
        return self.encode_pieces(pieces(texts, contexts), table)

    def encode_pieces(self, cut: Pieces, table: I32) -> Encoded:
        """The same of texts that are in pieces already: those of one model are those of any."""
        count = len(cut.texts)
        feature = table[cut.slot]
        hit = feature >= 0
        body = cut.block == BODY
        seen = np.bincount(cut.doc[body & hit], minlength=count)
        known = seen / np.maximum(1, np.bincount(cut.doc[body], minlength=count))
        row, column, times = _counted(cut.doc[hit], feature[hit], max(1, len(self.slots)))
        rows = self._weigh(row, column, times, count)
        return Encoded(rows, known.astype(np.float32), (rows.ends[1:] - rows.ends[:-1]).astype(np.int64), cut, feature)

    def weigh(self, counts: sp.csr_matrix) -> tuple[sp.csr_matrix, F32]:
        """The rows and the known shares of messages counted by `count`: what `encode` gives for their texts."""
        feature = self.table()[counts.indices & (SLOTS - 1)]
        row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        body = counts.indices < SLOTS
        seen = np.bincount(row[body], weights=counts.data[body] * (feature[body] >= 0), minlength=counts.shape[0])
        known = seen / np.maximum(1, np.bincount(row[body], weights=counts.data[body], minlength=counts.shape[0]))
        hit = feature >= 0
        shape = (counts.shape[0], max(1, len(self.slots)))
        # Summing takes care of two pieces of different blocks that share a slot.
        summed = sp.coo_matrix((counts.data[hit], (row[hit], feature[hit])), shape=shape).tocsr()
        summed.sort_indices()
        row = np.repeat(np.arange(shape[0]), np.diff(summed.indptr))
        return self._weigh(row, summed.indices, summed.data, shape[0]).matrix(), known.astype(np.float32)

    def _weigh(self, row: I64, column: I32, times: NDArray[np.integer], count: int) -> Rows:
        values = _TF[np.minimum(times, len(_TF) - 1)] * self.worth[column]
        unit = row * _UNITS + _UNIT[self.block[column]]
        norms = np.sqrt(np.bincount(unit, weights=values * values, minlength=count * _UNITS)).astype(np.float32)
        scale = self.lengths / np.maximum(norms, 1e-12).reshape(count, _UNITS)
        values *= scale.reshape(-1)[unit]
        ends = row.searchsorted(np.arange(count + 1)).astype(np.int32)
        return Rows(values, column, ends, max(1, len(self.slots)))


def _counted(doc: I32, feature: I32, width: int) -> tuple[I64, I32, I64]:
    """Row, column and count of each different (message, feature), ascending."""
    keys = doc.astype(np.int64) * width + feature
    keys.sort()
    new = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    where = new.nonzero()[0]
    times = np.empty_like(where)
    np.subtract(where[1:], where[:-1], out=times[:-1])
    times[-1:] = len(keys) - where[-1:]
    keys = keys[where]
    row = keys // width
    return row, (keys - row * width).astype(np.int32), times


def batches(texts: Sequence[str], contexts: Contexts, size: int = BATCH) -> Iterator[tuple[Sequence[str], Contexts]]:
    """The same messages in batches, so that memory stays bounded."""
    for start in range(0, len(texts), size):
        yield texts[start : start + size], None if contexts is None else contexts[start : start + size]


def count(texts: Sequence[str], contexts: Contexts = None) -> sp.csr_matrix:
    """How often each piece occurs in each message; the column is block * SLOTS + slot."""
    width = 4 * SLOTS
    parts = []
    for some, around in batches(texts, contexts):
        cut = pieces(some, around)
        column = cut.block.astype(np.int32) * SLOTS + cut.slot.astype(np.int32)
        row, column, times = _counted(cut.doc, column, width)
        ends = np.searchsorted(row, np.arange(len(some) + 1)).astype(np.int32)
        parts.append(sp.csr_matrix((times.astype(np.int32), column, ends), shape=(len(some), width)))
    return sp.vstack(parts, format="csr") if parts else sp.csr_matrix((0, width), dtype=np.int32)


def learn(
    counts: sp.csr_matrix, y: NDArray[np.intp], blocks: Sequence[float], min_count: int, most: int, floor: float = FLOOR
) -> Vectoriser:
    """The vectoriser of a training set: pieces in at least `min_count` messages, the `most` frequent of them.

    `counts` are from `count`, `y` numbers the messages' classes; `blocks` holds the weights of body, head, word parts
    and context (0 leaves one out); `floor` is what a piece that all classes share alike weighs beside 1 for one of a
    single class. Raises ValueError when no piece is left.
    """
    weight = np.asarray(blocks, dtype=np.float32)
    # Sorted, not counted into a table of all columns there could be: of those few texts have next to none.
    columns, frequency = np.unique(counts.indices, return_counts=True)
    often = ((frequency >= min_count) & (weight > 0)[columns // SLOTS]).nonzero()[0]
    often = often[(-frequency[often]).argsort(kind="stable")[:most]]
    columns, frequency = columns[often], frequency[often]
    # Where two blocks share a slot the more frequent piece has it.
    slots, first = np.unique(columns & (SLOTS - 1), return_index=True)
    if not len(slots):
        raise ValueError("no piece of text occurs often enough")
    block = (columns[first] // SLOTS).astype(np.uint8)
    idf = np.log((1 + counts.shape[0]) / (1 + frequency[first])) + 1
    idf[block == PARTS] *= weight[PARTS] / weight[BODY]
    plain = Vectoriser(slots.astype(np.uint32), block, idf.astype(np.float32), weight[[BODY, HEADS, AROUND]])
    return msgspec.structs.replace(plain, worth=plain.worth * _focus(plain.weigh(counts)[0], y, floor))


def _focus(rows: sp.csr_matrix, y: NDArray[np.intp], floor: float) -> F32:
    """How much each feature is a matter of few classes: `floor` when evenly spread, `floor` + 1 when of one alone.

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
    focus: F32 = (floor + np.maximum(0.0, 1.0 - entropy)).astype(np.float32)
    return focus

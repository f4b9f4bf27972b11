"""Near-duplicates stay together: clusters of texts, and folds that never cut one."""

import warnings
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from models.classifier.serving.arrays import U32, Floats, Ints
from models.classifier.serving.features import SLOTS
from models.classifier.serving.vectoriser import count

ALIKE = 0.6
LOOSELY = 0.3
_HASHES = 64
_BAND = 2
_BUCKET = 50
_CHUNK = 16_384
# Of two numbers that `np.isclose` takes for the same.
_ALIKE_BY, _ALIKE_OF = 1e-8, 1e-5


def clusters(counts: sp.csr_matrix, alike: float = ALIKE) -> NDArray[np.intp]:
    """A cluster number for each message counted by `vectoriser.count`.

    Messages whose sets of pieces have a Jaccard similarity of at least `alike` share one, and so do their neighbours.
    Pieces are one or two tokens in a row. Candidates come from MinHash (Broder 1997): 64 hashes in bands of two, so a
    pair at similarity 0.6 is missed with probability 0.64**32, one at 0.3 with 0.05; each candidate pair is then
    compared exactly.
    """
    sets = [_shingles(counts, row) for row in range(counts.shape[0])]
    seeds = np.random.default_rng(0).integers(1, 2**32, size=(2, _HASHES), dtype=np.uint32) | np.uint32(1)
    prints = [(s[:, None] * seeds[0] ^ seeds[1]).min(axis=0) for s in _mixed(sets)]
    size = len(sets)
    candidates = _candidates(np.array(prints, dtype=np.uint32).reshape(size, _HASHES))
    left, right = candidates[_jaccard(sets, candidates) >= alike].T
    graph = sp.coo_matrix((np.ones(len(left)), (left, right)), shape=(size, size))
    numbers: NDArray[np.intp] = connected_components(graph, directed=False)[1].astype(np.intp)
    return numbers


def apart(rows: Sequence[str], others: Sequence[str]) -> NDArray[np.intp]:
    """The positions of the `others` that resemble none of the rows, not even loosely (Jaccard >= `LOOSELY`)."""
    numbers = clusters(count([*rows, *others]), LOOSELY)
    return np.flatnonzero(~np.isin(numbers[len(rows) :], numbers[: len(rows)]))


def _shingles(counts: sp.csr_matrix, row: int) -> U32:
    columns = counts.indices[counts.indptr[row] : counts.indptr[row + 1]]
    body: U32 = columns[columns < SLOTS].astype(np.uint32)
    return body


def _candidates(prints: U32) -> NDArray[np.intp]:
    """Each pair of rows once that has a band in common: two row numbers a row."""
    size = len(prints)
    near_pairs = [np.zeros(0, dtype=np.int64)]
    for band in range(0, _HASHES, _BAND):
        key = np.ascontiguousarray(prints[:, band : band + _BAND]).view(np.uint64)[:, 0]
        order = np.argsort(key, kind="stable")
        _, member, bucket = np.unique(key[order], return_inverse=True, return_counts=True)
        # A bucket full of copies is a chain: neighbours suffice to connect it.
        small = bucket[member] <= _BUCKET
        for apart_by in range(1, min(_BUCKET, size)):
            near = member[apart_by:] == member[:-apart_by]
            if not near.any():
                break
            if apart_by > 1:
                near &= small[apart_by:]
            near_pairs.append(order[:-apart_by][near] * size + order[apart_by:][near])
    pairs = np.unique(np.concatenate(near_pairs))
    return np.stack([pairs // max(1, size), pairs % max(1, size)], axis=1)


def _mixed(sets: list[U32]) -> list[U32]:
    empty = np.zeros(1, dtype=np.uint32)
    return [(s * np.uint32(0x9E3779B1)) ^ (s >> np.uint32(7)) if len(s) else empty for s in sets]


def _jaccard(sets: list[U32], pairs: NDArray[np.intp]) -> NDArray[np.floating]:
    """The Jaccard similarity of each pair (rows of two numbers), some thousands at a time."""
    sizes = np.array([len(s) for s in sets])
    ends = np.append(0, np.cumsum(sizes))
    columns, places = np.unique(np.concatenate([*sets, np.zeros(0, dtype=np.uint32)]), return_inverse=True)
    member = sp.csr_matrix((np.ones(len(places), dtype=np.int32), places, ends), shape=(len(sets), len(columns)))
    shared = np.zeros(len(pairs))
    for start in range(0, len(pairs), _CHUNK):
        left, right = pairs[start : start + _CHUNK].T
        shared[start : start + _CHUNK] = np.asarray(member[left].multiply(member[right]).sum(axis=1)).ravel()
    alike: NDArray[np.floating] = shared / np.maximum(1, sizes[pairs].sum(axis=1) - shared)
    return alike


class EvenFolds(StratifiedGroupKFold):
    """The same folds as scikit-learn's in a sixth of the time: its search for the fold that a group suits best looks at
    one fold after the other, which was a third of all training on few texts. Were that method named otherwise one day,
    its own would do it again."""

    def _find_best_fold(self, y_counts_per_fold: Floats, y_cnt: Ints, group_y_counts: Floats) -> int:
        every = np.arange(self.n_splits)
        tried = np.repeat(y_counts_per_fold[None], self.n_splits, axis=0)
        tried[every, every] += group_y_counts
        tried /= y_cnt
        # The standard deviation as numpy computes it, to the last bit.
        tried -= (np.add.reduce(tried, axis=1) / self.n_splits)[:, None]
        tried *= tried
        spread = np.sqrt(np.add.reduce(tried, axis=1) / self.n_splits)
        uneven = (np.add.reduce(spread, axis=1) / spread.shape[1]).tolist()
        rows = np.add.reduce(y_counts_per_fold, axis=1).tolist()
        best = 0
        for fold in range(1, self.n_splits):
            alike = abs(uneven[fold] - uneven[best]) <= _ALIKE_BY + _ALIKE_OF * uneven[best]
            if uneven[fold] < uneven[best] or (alike and rows[fold] < rows[best]):
                best = fold
        return best


def folds(labels: Sequence[str], groups: NDArray[np.intp], count: int, seed: int) -> list[NDArray[np.intp]]:
    """The test rows of `count` folds: each row once, classes spread evenly, no group cut (unless there are too few)."""
    y = np.asarray(labels)
    rows = np.zeros((len(y), 1))
    split = EvenFolds(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class with fewer texts than folds is spread as far as it goes.
        warnings.filterwarnings("ignore", message="The least populated class")
        tests = [test for _, test in split.split(rows, y, groups)]
        if any(len(test) == 0 for test in tests):
            tests = [test for _, test in StratifiedKFold(count, shuffle=True, random_state=seed).split(rows, y)]
    return tests

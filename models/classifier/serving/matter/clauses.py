"""The clauses of messages 分句, and how much each speaks for a few categories.

A clause's score is that of the linear model for a text of the clause's own pieces. The pieces are those of the message,
cut and looked up already, so asking costs a fraction of what a text by itself does; that people put the point first
(the head) counts for the message as a whole alone, and a piece that occurs twice in a clause counts twice.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from models.classifier.serving.arrays import F32, I64, Floats
from models.classifier.serving.features import BODY, PARTS
from models.classifier.serving.vectoriser import Encoded

SHORTEST = 4  # characters: what is shorter says too little by itself
MOST = 12  # clauses: a long story costs no more than this
# Of so many clauses, and in a text of so many characters, each may be asked as a text of its own, which costs what as
# many messages do: in a letter none says it all.
FEW, SHORT = 4, 120
# Each alternative begins with a character, none with a condition: so the search goes from candidate to candidate.
_BETWEEN = re.compile(r"[。；;！!？?，,、\n]|\.(?:\s|$)|还有|另外|顺便|而且|同时| also | besides | plus ")

Clause = tuple[int, int]  # where it begins and ends in its text


class Parted(NamedTuple):
    """A text in its clauses (two at least), with the score of each clause for each category asked about."""

    text: str
    clauses: tuple[Clause, ...]
    scores: list[list[float]]


def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a plain text, the first `MOST` in order; none where it has only one."""
    found, start = [], 0
    for gap in _BETWEEN.finditer(text):
        end, after = gap.span()
        if end - start >= SHORTEST:
            found.append((start, end))
            if len(found) == MOST:
                return tuple(found)
        start = after
    if len(text) - start >= SHORTEST:
        found.append((start, len(text)))
    return tuple(found) if len(found) > 1 else ()


def few(found: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """The clauses of a message that is short enough for each to be asked by itself; none of another."""
    return found if len(found) <= FEW else ()


def parted(
    encoded: Encoded, asked: Mapping[int, tuple[tuple[Clause, ...], Sequence[int]]], worth: F32, weights: F32, bias: F32
) -> dict[int, Parted]:
    """The messages asked about, by their number in the batch: in which clauses, for which columns of the weights (as
    many for each message) the clauses are scored. `worth`, `weights` and `bias` are the model's."""
    if not asked:
        return {}
    parts = [parts for parts, _ in asked.values()]
    columns = np.array([columns for some, columns in asked.values() for _ in some], dtype=np.int64)
    clause, feature = _pieces(encoded, list(asked), parts)
    value = worth[feature]
    length = np.maximum(np.sqrt(np.bincount(clause, weights=value * value, minlength=len(columns))), 1e-12)
    scores: Floats = bias[columns].astype(np.float64)
    place, flat = feature * weights.shape[1], weights.reshape(-1)
    for each in range(columns.shape[1]):
        said = value * flat[place + columns[clause, each]]
        scores[:, each] += np.bincount(clause, weights=said, minlength=len(columns)) / length
    listed, found, end = scores.tolist(), {}, 0
    for number, some in zip(asked, parts, strict=True):
        found[number] = Parted(encoded.pieces.texts[number], some, listed[end : end + len(some)])
        end += len(some)
    return found


def _pieces(encoded: Encoded, numbers: Sequence[int], parts: Sequence[Sequence[Clause]]) -> tuple[I64, I64]:
    """The pieces of the body that lie in one clause as a whole: which clause (counted through) and which feature."""
    cut = encoded.pieces
    origins = list(accumulate((len(cut.texts[number]) for number in numbers), initial=0))
    first = np.full(len(cut.texts), -1, dtype=np.int64)
    first[numbers] = origins[:-1]
    # Which clause each character of the texts, one after the other, is of.
    clause_of = np.full(origins[-1], -1, dtype=np.int64)
    clause = 0
    for origin, some in zip(origins, parts, strict=False):
        for start, end in some:
            clause_of[origin + start : origin + end] = clause
            clause += 1
    known = (encoded.features >= 0) & ((cut.block == BODY) | (cut.block == PARTS))
    origin_of = first[cut.doc]
    mine = (known & (origin_of >= 0)).nonzero()[0]
    left = origin_of[mine]
    begins, ends = clause_of[left + cut.start[mine]], clause_of[left + cut.end[mine] - 1]
    whole = ((begins == ends) & (begins >= 0)).nonzero()[0]
    return begins[whole], encoded.features[mine[whole]].astype(np.int64)

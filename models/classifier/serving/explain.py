"""Why: the pieces of a message that weighed most, with their exact contributions to the score."""

import numpy as np
from numpy.typing import NDArray

from models.classifier.serving.features import AROUND
from models.classifier.serving.vectoriser import Encoded

MOST = 8
_SIEVE = (1 << 18) - 1
_FEW = 2_000  # pieces, of a message or two: to sort them all costs less than the sieve
Terms = tuple[tuple[str, float], ...]


def top_terms(encoded: Encoded, weights: NDArray[np.float32], chosen: NDArray[np.intp]) -> list[Terms]:
    """For each message up to `MOST` terms of its text that speak for (or, negative, against) the class chosen.

    A contribution is the feature's value times the class's weight: all of them and the bias sum to the score. The
    same words counted in several ways (anywhere, in the head, as part of a word) are one term, with their sum.
    """
    rows = encoded.rows
    count = len(rows.ends) - 1
    owner = np.arange(count).repeat(rows.ends[1:] - rows.ends[:-1])
    share = rows.values * weights[rows.features, chosen[owner]]
    wanted = _heaviest(share, rows.ends)
    surfaces = _surfaces(encoded, owner[wanted], rows.features[wanted])
    collected: list[dict[str, float]] = [{} for _ in range(count)]
    for number, weight, surface in zip(owner[wanted].tolist(), share[wanted].tolist(), surfaces, strict=True):
        if surface:
            terms = collected[number]
            terms[surface] = terms.get(surface, 0.0) + weight
    return [
        tuple((term, round(value, 4)) for term, value in sorted(terms.items(), key=lambda i: (-abs(i[1]), i[0]))[:MOST])
        for terms in collected
    ]


def _heaviest(share: NDArray[np.float32], ends: NDArray[np.int32]) -> NDArray[np.intp]:
    """The positions of each row's heaviest entries: half as many again as are shown, because some will merge."""
    keep = MOST + MOST // 2
    parts = []
    size = np.abs(share)
    for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        if end - start <= keep:
            parts.append(np.arange(start, end))
        else:
            parts.append(start + size[start:end].argpartition(-keep)[-keep:])
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.intp)


def _surfaces(encoded: Encoded, rows: NDArray[np.intp], features: NDArray[np.int32]) -> list[str]:
    """The words of the message that stand behind each wanted (row, feature); "" where it has none."""
    pieces = encoded.pieces
    width = encoded.rows.width + 1
    target = rows.astype(np.int64) * width + features
    keys = pieces.doc.astype(np.int64) * width + encoded.features
    near = (encoded.features >= 0) & (pieces.block != AROUND)
    if len(keys) > _FEW:
        # Of a hundred pieces three are wanted: those that a coarse sieve lets through are few enough to be sorted.
        sieve = np.zeros(_SIEVE + 1, dtype=np.bool_)
        sieve[target & _SIEVE] = True
        near &= sieve[keys & _SIEVE]
    near = near.nonzero()[0]
    keys = keys[near]
    order = keys.argsort(kind="stable")
    keys, near = keys[order], near[order]
    place = keys.searchsorted(target)
    place = np.minimum(place, len(keys) - 1) if len(keys) else place[:0]
    piece = near[place]
    spans = zip(pieces.doc[piece].tolist(), pieces.start[piece].tolist(), pieces.end[piece].tolist(), strict=True)
    own = (keys[place] == target[: len(place)]).tolist()
    surfaces = [
        pieces.texts[doc][start:end] if mine else "" for mine, (doc, start, end) in zip(own, spans, strict=True)
    ]
    return surfaces or [""] * len(target)

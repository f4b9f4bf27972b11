"""What is known before a city's own labels: a linear model of other labelled texts, folded into the one being learnt.

The texts may have categories of their own. Their model's scores are further features of the city's messages; being
linear in the same pieces, they are folded into the same weights (transfer by a source model's outputs, see Duan et al.
2009), so the artefact, the service and the exact contributions of terms stay what they are without.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from models.classifier.serving.arrays import F32
from models.classifier.serving.vectoriser import Vectoriser


class Linear(NamedTuple):
    """Scores = rows @ weights + bias; weights are features x classes."""

    weights: F32
    bias: F32


class Prior(NamedTuple):
    """A model of other texts: its pieces, and its weights (features x its own categories), the digest of the texts."""

    vectoriser: Vectoriser
    weights: F32
    data: str

    def widened(self, own: Vectoriser) -> Vectoriser:
        """`own` with the pieces that only the prior knows; a slot that both have stays the own one's."""
        theirs = self.vectoriser
        new = ~np.isin(theirs.slots, own.slots)
        slots = np.concatenate([own.slots, theirs.slots[new]])
        order = np.argsort(slots)
        block = np.concatenate([own.block, theirs.block[new]])[order]
        worth = np.concatenate([own.worth, theirs.worth[new]])[order]
        return Vectoriser(slots[order], block, worth, own.lengths)

    def over(self, wide: Vectoriser) -> F32:
        """The prior's weights over the features of `wide` (from `widened`), zero where the prior has no such piece.

        A row's values differ from the prior's own by how much a piece is worth, which is undone here, and by one factor
        for its length, which is not.
        """
        theirs = self.vectoriser
        place = np.searchsorted(wide.slots, theirs.slots)
        same = wide.block[place] == theirs.block
        place, mine = place[same], np.flatnonzero(same)
        weights = np.zeros((len(wide.slots), self.weights.shape[1]), dtype=np.float32)
        weights[place] = self.weights[mine] * (theirs.worth[mine] / wide.worth[place])[:, None]
        return weights


class Beside(NamedTuple):
    """Rows with the prior's scores beside their own features, and how to fold what is learnt on them back."""

    rows: sp.csr_matrix
    weights: F32
    shift: F32

    @classmethod
    def of(cls, rows: sp.csr_matrix, weights: F32, strength: float) -> "Beside":
        """`weights` are from `over`; their scores are centred, and scaled so that they spread by `strength`."""
        scores = rows @ weights
        factor = np.float32(strength / max(float(scores.std()), 1e-9))
        scores, shift = scores * factor, scores.mean(axis=0) * factor
        return cls(sp.hstack([rows, sp.csr_matrix(scores - shift)], format="csr"), weights * factor, shift)

    def folded(self, wide: Linear) -> Linear:
        """The same scores from the rows' own features alone."""
        width = len(self.weights)
        theirs = wide.weights[width:]
        return Linear(wide.weights[:width] + self.weights @ theirs, wide.bias - self.shift @ theirs)

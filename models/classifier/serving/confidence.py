"""Scores to calibrated probabilities, and to one category inside one group."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from models.classifier.serving.arrays import Floats, Ints

_LEAST = 20
_EDGE = 1e-6
_NOTHING = 1e-12
_REACH = 3.0


class Judged(NamedTuple):
    """A batch judged: probabilities of classes and of groups, by message; the group chosen, the class chosen in it."""

    probability: Floats
    grouped: Floats
    group: Ints
    best: Ints


class Groups(NamedTuple):
    """The groups' names, sorted, and each class's group by number; a class without a group is its own."""

    names: tuple[str, ...]
    of: Ints
    order: Ints  # the classes by group
    starts: Ints  # where in that order each group begins

    @classmethod
    def among(cls, classes: Sequence[str], group: Mapping[str, str]) -> "Groups":
        """From the classes and a map of class to group."""
        named = [group.get(name, name) for name in classes]
        names = tuple(sorted(set(named)))
        of = np.array([names.index(name) for name in named], dtype=np.intp)
        order = of.argsort(kind="stable")
        return cls(names, of, order, of[order].searchsorted(np.arange(len(names))))

    def sums(self, probability: Floats) -> Floats:
        """Each group's probability: the sum of its classes'."""
        ordered = probability.take(self.order, axis=1)
        if len(self.names) == len(self.of):
            return ordered
        # Not a matrix product: its last bits depend on how many messages come at once.
        summed: Floats = np.add.reduceat(ordered, self.starts, axis=1)
        return summed

    def chosen(self, probability: Floats) -> Judged:
        """The judgement by these probabilities: the likeliest group, and the likeliest class in it."""
        grouped = self.sums(probability)
        group = grouped.argmax(axis=1)
        best = np.where(self.of == group[:, None], probability, -math.inf).argmax(axis=1)
        return Judged(probability, grouped, group, best)


class Confidence(msgspec.Struct, frozen=True):
    """How scores become probabilities.

    First softmax(`factor` * scores) (temperature scaling, Guo et al. 2017); it ranks the classes. Then the probability
    of the class chosen is replaced by a logistic regression (after Platt 1999) on what predicts being right: that
    probability's logit, the chosen class's score, the two best other scores, and ln(1 + characters). The remaining
    probability is shared out among the others in proportion. Without `weights` the first step is all.
    """

    factor: float
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    bias: float = 0.0

    def judge(self, scores: Floats, lengths: Floats, groups: Groups) -> Judged:
        """Scores are messages x classes; lengths are the messages' characters."""
        plain = softmax(scores.astype(np.float64) * self.factor)
        group = groups.sums(plain).argmax(axis=1)
        best = np.where(groups.of == group[:, None], plain, -math.inf).argmax(axis=1)
        if self.weights:
            signs = _signs(plain, scores, lengths, best)
            # Signs far outside of what was learnt from say no more than its edge does.
            signs = _within((signs - np.array(self.means)) / np.array(self.scales), -_REACH, _REACH)
            linear = np.add.reduce(signs * np.array(self.weights), axis=1) + self.bias
            plain = _replaced(plain, best, 1 / (1 + np.exp(-linear)))
        return Judged(plain, groups.sums(plain), group, best)


def exchanged(judged: Judged, best: Ints, groups: Groups) -> Judged:
    """The judgement of messages that are known to be of the class `best`: it has the probability of the class chosen,
    and that one has its."""
    every = np.arange(len(best))
    probability = judged.probability.copy()
    probability[every, best] = judged.probability[every, judged.best]
    probability[every, judged.best] = judged.probability[every, best]
    return Judged(probability, groups.sums(probability), groups.of[best], best)


def softmax(scores: Floats) -> Floats:
    """By message; SciPy's own costs as much as all the rest for a single message."""
    powers: Floats = np.exp(scores - np.maximum.reduce(scores, axis=1, keepdims=True))
    powers /= np.add.reduce(powers, axis=1, keepdims=True)
    return powers


def learn_confidence(scores: Floats, y: Ints, lengths: Floats, groups: Groups) -> Confidence:
    """From held-out scores and the true classes; the second step only where both outcomes are frequent enough."""
    plain = Confidence(temperature(scores, y))
    judged = plain.judge(scores, lengths, groups)
    right = judged.best == y
    if min(right.sum(), (~right).sum()) < _LEAST:
        return plain
    signs = _signs(judged.probability, scores, lengths, judged.best)
    means, scales = signs.mean(axis=0), np.maximum(signs.std(axis=0), _EDGE)
    from sklearn.linear_model import LogisticRegression  # here: only fitting needs it, and it takes seconds

    fitted = LogisticRegression().fit(np.clip((signs - means) / scales, -_REACH, _REACH), right)
    return Confidence(
        plain.factor,
        tuple(means.tolist()),
        tuple(scales.tolist()),
        tuple(fitted.coef_[0].tolist()),
        float(fitted.intercept_[0]),
    )


def temperature(scores: Floats, y: Ints) -> float:
    """The factor on the scores that makes their softmax likeliest for the true classes."""
    from scipy.optimize import minimize_scalar  # here: only fitting needs them, and whoever judges has to wait for them
    from scipy.special import log_softmax

    def loss(log_factor: float) -> float:
        logs = log_softmax(scores * np.exp(log_factor), axis=1)
        return float(-logs[np.arange(len(y)), y].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-5, 7), method="bounded").x))


def _signs(plain: Floats, scores: Floats, lengths: Floats, best: Ints) -> Floats:
    """What predicts being right, messages x 5; with two classes the third score repeats the second."""
    every = np.arange(len(best))
    others = np.array(scores, dtype=np.float64)
    others[every, best] = -math.inf
    others.sort(axis=1)
    sure = _within(plain[every, best], _EDGE, 1 - _EDGE)
    signs = np.empty((len(best), 5))
    signs[:, 0] = np.log(sure / (1 - sure))
    signs[:, 1] = scores[every, best]
    signs[:, 2] = others[:, -1]
    signs[:, 3] = others[:, -2] if others.shape[1] > 2 else others[:, -1]
    signs[:, 4] = np.log1p(lengths)
    return signs


def _within(values: Floats, low: float, high: float) -> Floats:
    """What `np.clip` does, which costs three times as much for few values."""
    kept: Floats = np.minimum(np.maximum(values, low), high)
    return kept


def _replaced(plain: Floats, best: Ints, own: Floats) -> Floats:
    """`own` for the class chosen, the rest in proportion; never so little that the order would change."""
    every = np.arange(len(best))
    before = plain[every, best]
    out = plain.copy()
    out[every, best] = 0
    highest = np.maximum.reduce(out, axis=1)
    # However sure the first step is, there is something to share the rest out by, so that all add up to one.
    out += _NOTHING
    out[every, best] = 0
    rest = np.add.reduce(out, axis=1)
    # In a group that won by its sum the class chosen may not be the likeliest of all: then it need not become so.
    rival = np.where(highest <= before, highest / rest, 0.0)
    own = _within(np.maximum(own, rival / (1 + rival)), _EDGE, 1 - _EDGE)
    out *= ((1 - own) / rest)[:, None]
    out[every, best] = own
    return out

"""Two matters in one message 一件多诉: whether a part of it says what the whole of it is not taken for.

A message is one order, of the category that the whole of it says. Where one of its clauses speaks for another category
and another clause for this one, that is told, so that a person may split it. How likely that is, a few signs say
(`Signs`), weighed by a logistic regression. Where it is likely enough, a short message is of the matter that comes
first: what people add behind "也" or "by the way" may weigh more in words, but is not what they write for.
"""

import math
import re
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

import msgspec

from models.classifier.serving.matter.clauses import Parted
from models.classifier.serving.matter.sure_clause import OTHER
from models.guess import NO_FAULT, Guess

# Of a text that is as good as all of one category the clauses need not be asked.
LEAST = 0.0005
# The probability from which on a second matter is told: a person who is told in vain loses a glance.
TOLD = 0.03
# … and from which on the one that is named first is what the message is of: by the calibration texts and the third set.
FIRST = 0.7
# … in a text of no more clauses than this: in a letter what comes first is seldom the point.
FEW = 3
_JOINED = re.compile(
    r"还有|另外|顺便|而且|同时|也|还|再加上|\b(?:also|besides|plus|too|as well|and (?:a|my|our|that|the|there|this))\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"不是|并非|没(?:有|停|坏|断|欠|爆|漏|问题|事)|好好的|正常|\b(?:no|not|nothing|never|fine|works?)\b|n't\b",
    re.IGNORECASE,
)


class Signs(NamedTuple):
    """What is seen of a possible second matter: the score of its clause for it, that of another clause for the first
    matter, and of its own clause for the first; the share that the whole has of the second and of the first (log odds);
    whether its clause denies something ("it is no bar, …"), and whether a word joins the two clauses ("also")."""

    second: float
    first: float
    first_in_second: float
    whole_of_second: float
    whole_of_first: float
    denied: float
    joined: float


# Fitted to the calibration texts and the third set by `scripts/bench second_matter`.
WEIGHTS = Signs(2.4, 2.0, -0.9, 1.0, 0.6, -1.2, 3.7)
BIAS = -2.6


def others(guess: Guess) -> tuple[str, ...]:
    """The one or two categories that a second matter may be of, likeliest first: none where the whole text is as good
    as all of one category, or is no fault."""
    if guess.category == NO_FAULT:
        return ()
    # The guess's own, chosen inside the likeliest group, need not be among the three likeliest.
    apart = [name for name, share in guess.alternatives if share >= LEAST and name not in (guess.category, NO_FAULT)]
    return tuple(apart[:2])


def signs(guess: Guess, parted: Parted) -> dict[str, Signs]:
    """The signs for each of the `others`; clauses are scored for the guess's category, then for these."""
    text, parts, scores = parted
    shares = dict(guess.alternatives)
    found = {}
    for column, name in enumerate(others(guess), 1):
        first, second = _clauses_of(scores, column)
        later = max(first, second)
        found[name] = Signs(
            scores[second][column],
            scores[first][0],
            scores[second][0],
            _odds(shares[name]),
            _odds(guess.probability),
            float(_DENIED.search(text, *parts[second]) is not None),
            float(_JOINED.search(text, parts[later - 1][1], parts[later][1]) is not None),
        )
    return found


class SecondMatter(NamedTuple):
    """The category of a second matter, and whether the message is of it: surely told, and named first."""

    category: str
    meant: bool


def second_of(guess: Guess, parted: Parted) -> SecondMatter | None:
    """The second matter, none where there is none; arguments as for `signs`."""
    found = signs(guess, parted)
    odds = {name: BIAS + sum(map(mul, WEIGHTS, each)) for name, each in found.items()}
    best = max(odds, key=lambda name: odds[name], default="")
    if not best or odds[best] < _odds(TOLD):
        return None
    first, second = _clauses_of(parted.scores, 1 + list(found).index(best))
    sure = odds[best] >= _odds(FIRST) and not found[best].denied and len(parted.clauses) <= FEW
    return SecondMatter(best, meant=sure and second < first)


def with_spoken_second(guess: Guess, clauses: Sequence[Guess]) -> Guess:
    """The guess without its second matter where its clauses were asked by themselves and none would be of that: then
    there is nothing to split off. In a text of many clauses none is asked, and it stays."""
    if not guess.second or not clauses:
        return guess
    spoken = any(dict(one.alternatives).get(guess.second, 0.0) >= OTHER for one in clauses)
    return guess if spoken else msgspec.structs.replace(guess, second="")


def _clauses_of(scores: list[list[float]], column: int) -> tuple[int, int]:
    """The clauses that speak most for the guess's category and, another one, for the category in this column."""
    every = range(len(scores))
    second = max(every, key=lambda n: scores[n][column])
    return max((n for n in every if n != second), key=lambda n: scores[n][0]), second


def _odds(share: float) -> float:
    """The logarithm of a share's odds, of no more than one in a hundred thousand."""
    kept = min(max(share, 1e-5), 1 - 1e-5)
    return math.log(kept / (1 - kept))

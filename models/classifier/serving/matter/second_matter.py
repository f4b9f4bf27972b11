"""Two matters in one message 一件多诉: whether a part of it says surely what the whole of it is not taken for.

A message is one order, of the category that the whole of it says. Where one of its clauses is by itself as surely of
another category as another clause is of this one, that is told, so that a person may split it.
"""

import re
from collections.abc import Mapping, Sequence

from models.guess import NO_FAULT, Guess

# Of a text that is as good as all of one category the parts need not be asked. A model surer of the first matter
# leaves less for the second one: with 0.01 two of three plain messages of two matters had none.
LEAST = 0.003
SURE = 0.8
_SHORTEST = 4  # characters: what is shorter says too little by itself
_MOST = 12  # clauses: a long story costs no more than this
_BETWEEN = re.compile(
    r"[。；;！!？?，,、\n]|\.(?:\s|$)|还有|另外|顺便|而且|同时|\b(?:also|besides|plus)\b", re.IGNORECASE
)


def clauses(text: str) -> tuple[str, ...]:
    """The clauses of a plain text, each once, in order; none where it has only one."""
    parts = (part.strip() for part in _BETWEEN.split(text))
    found = tuple(dict.fromkeys(part for part in parts if len(part) >= _SHORTEST))[:_MOST]
    return found if len(found) > 1 else ()


def in_question(guess: Guess) -> bool:
    """Whether a text may have a second matter: another category than that of the guess is not quite unlikely."""
    others = (share for name, share in guess.alternatives if name not in (guess.category, NO_FAULT))
    return guess.category != NO_FAULT and max(others, default=0.0) >= LEAST


def second_of(guess: Guess, of_clauses: Sequence[tuple[str, float]]) -> str:
    """The category of the second matter by what each clause alone is taken for (category and probability); "" where
    there is none: some clause must be of the guess's own category, another of one of its alternatives."""
    sure: Mapping[str, float] = {
        name: share for name, share in sorted(of_clauses, key=lambda each: each[1]) if share >= SURE
    }
    others = [name for name, _ in guess.alternatives if name in sure and name not in (guess.category, NO_FAULT)]
    return max(others, key=lambda name: sure[name], default="") if guess.category in sure else ""

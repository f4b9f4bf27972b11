"""A clause that is sure by itself 分句自明: what people add to what they report takes nothing from it.

"The lamp is out, I sent a photo to the group": the second clause says nothing of what it is about, and yet its words
pull at the whole. Where one clause alone is surely of the category that the whole is taken for, and none speaks for
another fault, the message is as sure as that clause.
"""

from collections.abc import Mapping, Sequence

import msgspec

from models.guess import NO_FAULT, Guess

# From this probability on a clause speaks for a fault of its own.
OTHER = 0.5


def sure_by_a_clause(guess: Guess, clauses: Sequence[Guess], costs: Mapping[str, float]) -> Guess | None:
    """A doubtful guess of a fault as the surest of its clauses has it; None where none is sure, where another fault is
    spoken for, or where what is left for another category is too costly to miss (`costs`, 1 where it is not named)."""
    sure = [one for one in clauses if one.category == guess.category and one.outcome == "confident"]
    others = (NO_FAULT, guess.category)
    if not sure or any(one.category not in others and one.probability >= OTHER for one in clauses):
        return None
    best = max(sure, key=lambda one: one.probability)
    if best.probability <= guess.probability:
        return None
    left = (1 - best.probability) / (1 - guess.probability)
    rest = [(name, share * left) for name, share in guess.alternatives if name != guess.category]
    risk = costs.get(guess.category, 1.0) * best.probability
    if any(costs.get(name, 1.0) * share > risk for name, share in rest):
        return None
    return msgspec.structs.replace(
        guess,
        probability=best.probability,
        threshold=best.threshold,
        outcome="confident",
        reason="",
        group_probability=max(guess.group_probability, best.probability),
        alternatives=((guess.category, best.probability), *rest),
    )

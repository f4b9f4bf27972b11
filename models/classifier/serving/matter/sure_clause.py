"""A clause that is sure by itself 分句自明: what people add to what they report takes nothing from it.

"The lamp is out, I sent a photo to the group": the second clause says nothing of what it is about, and yet its words
pull at the whole. Where one clause alone is surely of the category that the whole is taken for, and none speaks for
another fault, the message is as sure as that clause. So it is where the whole is doubtfully taken for no fault: it is
the fault of that clause, unless another says that it is over. A clause that is not sure decides nothing, but what is
added to it does not make it less likely either.
"""

from collections.abc import Mapping, Sequence

import msgspec

from models.guess import NO_FAULT, Guess

# From this probability on a clause speaks for a fault of its own, or says that the fault is over.
OTHER = 0.5
_OVER = ("already-repaired", "withdrawal")


def sure_by_a_clause(guess: Guess, clauses: Sequence[Guess], costs: Mapping[str, float]) -> Guess | None:
    """A doubtful guess, of a fault or of no fault, as the surest of its clauses that is a fault has it; None where none
    is sure, where another fault is spoken for, or where what is left for another category is too costly to miss
    (`costs`, 1 where it is not named)."""
    sure = [one for one in clauses if one.outcome == "confident" and one.category != NO_FAULT]
    best = max(sure, key=lambda one: one.probability, default=None)
    if best is None or guess.category not in (best.category, NO_FAULT):
        return None
    if _other_fault(best.category, clauses):
        return None
    if guess.category == NO_FAULT and any(one.kind in _OVER and one.probability >= OTHER for one in clauses):
        return None
    before = dict(guess.alternatives).get(best.category, 0.0)
    if best.probability <= before:
        return None
    rest = _shared(guess, best)
    risk = costs.get(best.category, 1.0) * best.probability
    if any(costs.get(name, 1.0) * share > risk for name, share in rest):
        return None
    return msgspec.structs.replace(
        guess,
        category=best.category,
        probability=best.probability,
        threshold=best.threshold,
        outcome="confident",
        reason="",
        group=best.group or guess.group,
        group_probability=max(best.group_probability, best.probability),
        alternatives=((best.category, best.probability), *rest[:2]),
        terms=guess.terms if guess.category == best.category else best.terms,
        kind="",
        second="" if guess.second == best.category else guess.second,
    )


def as_sure_as_a_clause(guess: Guess, clauses: Sequence[Guess], limit: float) -> Guess | None:
    """A doubtful guess of a fault, as likely as the likeliest of its clauses that is of the same, and in doubt still.

    None where no clause is likelier, where that reaches the `limit` from which on it would be sure, or where another
    fault is spoken for.
    """
    same = [one for one in clauses if one.category == guess.category]
    best = max(same, key=lambda one: one.probability, default=guess)
    if not guess.probability < best.probability < limit or _other_fault(guess.category, clauses):
        return None
    return msgspec.structs.replace(
        guess,
        probability=best.probability,
        group_probability=max(guess.group_probability, best.probability),
        alternatives=((guess.category, best.probability), *_shared(guess, best)[:2]),
    )


def _other_fault(category: str, clauses: Sequence[Guess]) -> bool:
    """Whether a clause speaks for a fault of another category."""
    return any(one.probability >= OTHER and one.category not in (NO_FAULT, category) for one in clauses)


def _shared(guess: Guess, best: Guess) -> list[tuple[str, float]]:
    """The other alternatives of the guess with what the clause leaves for them."""
    left = (1 - best.probability) / (1 - dict(guess.alternatives).get(best.category, 0.0))
    return [(name, share * left) for name, share in guess.alternatives if name != best.category]

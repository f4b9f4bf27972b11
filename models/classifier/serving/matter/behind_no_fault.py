"""A fault behind words of no fault 客套话里的故障: "thanks, but it still leaks", "this is no test, we are on fire".

What people say to be polite, to a hotline or of a test weighs so much that such a message as a whole is taken for no
fault, and surely. Two things tell: how near to a yes the linear machine of a fault comes for the whole of it, and what
its clauses are by themselves. Either makes the guess doubtful, the sooner where the fault is of a category that must
not be missed: a person who looks in vain loses a glance.
"""

from collections.abc import Iterable, Mapping

from models.guess import NO_FAULT, Guess

# What it costs to miss a category, relative to an ordinary one, from which on less has to be said for it.
COSTLY = 8.0
# The score of the whole message for a fault, 0 being the machine's own yes; then that for a costly one. What is no
# fault has -0.67 in the middle.
NEAR, NEAR_COSTLY = -0.35, -0.6
# The probability of a fault for a clause by itself.
ALONE, ALONE_COSTLY = 0.95, 0.7


def feared(scores: Mapping[str, float], clauses: Iterable[Guess], costs: Mapping[str, float]) -> str:
    """The fault that a message taken for no fault may be of, the costliest first; empty where nothing speaks for one.

    `scores` are those of the whole message by category; `clauses` what its clauses are by themselves; `costs` what it
    costs to miss a category, 1 where it is not named.
    """
    alone: dict[str, float] = {}
    for guess in clauses:
        for name, share in guess.alternatives:
            alone[name] = max(alone.get(name, 0.0), share)

    def spoken_for(name: str) -> bool:
        costly = costs.get(name, 1.0) >= COSTLY
        near, by_itself = (NEAR_COSTLY, ALONE_COSTLY) if costly else (NEAR, ALONE)
        return scores[name] >= near or alone.get(name, 0.0) >= by_itself

    found = [name for name in scores if name != NO_FAULT and spoken_for(name)]
    return max(found, key=lambda name: (costs.get(name, 1.0) >= COSTLY, scores[name]), default="")

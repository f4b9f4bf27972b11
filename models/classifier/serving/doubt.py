"""What puts a guess in doubt beside the model's own scores, and how a doubt is said."""

from collections.abc import Collection

import msgspec

from models.guess import NO_FAULT, NO_FAULT_KINDS, Guess


def seconded(guess: Guess, witness: Guess) -> Guess:
    """The guess, in doubt where the witness is or says something else."""
    if guess.outcome == "abstain" or (witness.outcome == "confident" and witness.category == guess.category):
        return guess
    return msgspec.structs.replace(guess, outcome="abstain", reason="names and keywords alone do not say so surely")


def withheld(guess: Guess, share: float, kind: str) -> Guess:
    """The guess in doubt. No fault is among its alternatives, with no more than the two likeliest leave, so that a
    reviewer is offered it and the answer is a label."""
    likeliest = guess.alternatives[:2]
    rest = min(share, max(0.0, 1 - sum(probability for _, probability in likeliest)))
    offered = sorted([*likeliest, (NO_FAULT, rest)], key=lambda pair: -pair[1])
    doubt = guess.reason if guess.outcome == "abstain" else f"it may be no fault: {NO_FAULT_KINDS[kind][1]}"
    return msgspec.structs.replace(guess, outcome="abstain", reason=doubt, alternatives=tuple(offered))


def not_claimed(categories: Collection[str], guess: Guess, witness: Guess) -> Guess:
    """The guess, in doubt where the witness could take the text for one of these categories."""
    feared = next((name for name, _ in witness.alternatives if name in categories), "")
    if guess.outcome == "abstain" or guess.category == NO_FAULT or not feared:
        return guess
    doubt = f"by its words it may be {feared}, of which the model has seen no text"
    return msgspec.structs.replace(guess, outcome="abstain", reason=doubt)


def below(own: float, limit: float) -> str:
    """The reason for doubt in what is less probable than it takes."""
    return "probability {} is below the threshold {}".format(*apart(own, limit))


def apart(low: float, high: float) -> tuple[str, str]:
    """Two shares with as many digits, two at least, as it takes to tell them apart."""
    digits = next((n for n in range(2, 17) if f"{low:.{n}f}" != f"{high:.{n}f}"), 17)
    return f"{low:.{digits}f}", f"{high:.{digits}f}"

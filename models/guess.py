"""What the classifier says about one text, with its doubt and its reasons."""

from typing import Literal

import msgspec

GuessOutcome = Literal["confident", "group", "abstain"]
# The category of what is no fault 非诉求: nobody has to go anywhere. No city has it among its own.
NO_FAULT = "none"


class Guess(msgspec.Struct, frozen=True, omit_defaults=True):
    """A category with a calibrated probability, or the admission that there is none.

    `outcome` is "confident" (dispatch on the category), "group" (the category is unsure, its group is not) or
    "abstain" (a person decides); `reason` says why for the latter two. Probabilities are calibrated, 0 to 1;
    `alternatives` holds the three best categories, best first; `terms` holds up to eight terms with their exact
    contributions to the score of `category`, weightiest first. `model` is the artefact's digest. `kind` says which kind
    of no fault (`praise`, `question` …) it is where the category is `none`.
    """

    category: str
    probability: float
    model: str
    threshold: float
    outcome: GuessOutcome = "confident"
    reason: str = ""
    group: str = ""
    group_probability: float = 0.0
    alternatives: tuple[tuple[str, float], ...] = ()
    terms: tuple[tuple[str, float], ...] = ()
    kind: str = ""

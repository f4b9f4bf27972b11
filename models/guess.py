"""What the classifier says about one text, with its doubt and its reasons."""

from collections.abc import Mapping
from typing import Literal

import msgspec

GuessOutcome = Literal["confident", "group", "abstain"]
# The category of what is no fault 非诉求: nobody has to go anywhere. No city has it among its own.
NO_FAULT = "none"
# Its kinds, with their names in Chinese and English.
NO_FAULT_KINDS: Mapping[str, tuple[str, str]] = {
    "praise": ("表扬", "praise"),
    "thanks": ("致谢", "thanks for what was done"),
    "already-repaired": ("已修复", "what was reported is settled"),
    "withdrawal": ("撤诉", "takes back what was reported"),
    "reminder": ("催办", "asks after what was reported, which is not settled"),
    "question": ("咨询", "asks for information"),
    "suggestion": ("建议", "suggests something new"),
    "hotline": ("投诉热线", "complains about the hotline itself"),
    "test": ("测试", "a test message or a drill"),
    "spam": ("广告", "advertising"),
    "chatter": ("闲聊", "small talk"),
}
# Of these kinds is what speaks of something that was reported before.
OF_AN_ORDER = frozenset({"thanks", "already-repaired", "withdrawal", "reminder"})


class Corroboration(msgspec.Struct, frozen=True, gc=False):
    """A piece of evidence beside the text 旁证: who gave it (`by`: `reporter`, whose own category it is, or `keyword`,
    a word of the city's in the text), in which words, for which categories, and how much it weighs: the natural
    logarithm of how many times likelier it makes them beside the others."""

    by: str
    words: str
    categories: tuple[str, ...]
    weight: float


class Guess(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A category with a calibrated probability, or the admission that there is none.

    `outcome` is "confident" (dispatch on the category), "group" (the category is unsure, its group is not) or
    "abstain" (a person decides); `reason` says why for the latter two. Probabilities are calibrated, 0 to 1;
    `alternatives` holds the three best categories, best first; of what has no word of a matter none, at a probability
    of 0. `terms` holds up to eight terms with their exact contributions to the score of `category`, weightiest first.
    `model` is the artefact's digest. `kind` says which kind of no fault (`praise`, `question` …) it is where the
    category is `none`; of what is in doubt it may be `reminder`.
    `beside` is the evidence beside the text that counted; `second` the category of a second matter in the same words,
    which is for a person to split off, or, of what is taken for no fault and doubted, of the fault that it may be.
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
    beside: tuple[Corroboration, ...] = ()
    second: str = ""

    @property
    def sure(self) -> str:
        """The category that it is sure of; of a sure group, its code. Empty where it abstains, and of no fault."""
        if self.outcome == "abstain":
            return ""
        said = self.category if self.outcome == "confident" else self.group
        return "" if said == NO_FAULT else said

    @property
    def may_be_no_fault(self) -> bool:
        """Whether `none` is among what it takes the text for, be it the last of three: where a reviewer rejects such a
        report its words teach what is no fault; those of any other may have named a fault that was not there."""
        return NO_FAULT in (self.category, *(name for name, _ in self.alternatives))

"""Reminders 催办: what was reported is not settled, or its reporter asks after it.

The words are those of what is over: "solved", "repaired", "my complaint". So a model takes "上次反映的问题还没解决" for
what is settled (0.90) and "请尽快处理我的投诉" for a withdrawal (1.00). Which it is, a few turns of phrase say: not so
yet, or so again. What is no fault, or in doubt, and has one of them is a reminder, and is offered to the order that it
speaks of (`models.guess.OF_AN_ORDER`); a fault that is sure is one, whether it was reported before or not.
"""

import re

REMINDER = "reminder"
# The kinds that say the opposite, or ask or thank beside it; who complains about the hotline itself does that.
_MISTAKEN_FOR = frozenset({"thanks", "already-repaired", "withdrawal", "praise", "question", "chatter"})

_YET = "(?:还|仍|一直|至今|到现在|迟迟|依然|依旧|根本|压根|其实|都)(?:是|然)?"
_NOBODY = "(?:没有?|未|不见)(?:有?人|得到|见|任何|什么|一个人)?"
_DONE = "(?:来|管|理|修|处理|解决|回复|回音|答复|反馈|动静|结果|消息|下文|办|看|落实|弄好|搞定|好)"
_CHINESE = (
    _YET + _NOBODY + _DONE,
    "(?:没有?|未)(?:得到)?(?:解决|处理|修好|弄好|落实)(?:好|完)?(?:就|却|便|怎么|为什么|凭什么)",
    "没人[管理]",
    "问题(?:依旧|依然|还在|还是|仍)",
    "(?:又|再次?|重新)(?:出现|发生)了?(?:同样|一样|相同)",
    "还是(?:老样子|那样|原样|一样)",
    "[跟和](?:上次|之前|以前)一样",
    "催(?:一下|一催|办|单|促)",
    "(?:尽快|赶紧|抓紧|加急|快点)(?:[给帮]我|帮忙|把)?(?:处理|解决|办理|回复|答复)(?:一下)?[我这]",
    "(?:要求|请|麻烦)(?:你们)?(?:重新|再次)(?:处理|办理|核实|核查|派人)",
    "为(?:什么|啥|何)(?:关闭|结案|办结)",
    "(?:什么时候|多久|几时|啥时候)(?:才|能|可以|会)*(?:有结果|有回复|给个说法)",
    "对?(?:处理)?(?:结果|答复)不满意?|不满意(?:处理)?(?:结果|答复)",
    "[没无]进展|有什么?进展|有没有(?:结果|进展|消息)",
)
_VERBS = "(?:fixed|repaired|solved|resolved|done|settled|collected|cleared)"
_ENGLISH = (
    r"\b(?:still|yet)\b[^.!?]{0,30}\b(?:not|no|nobody|waiting|broken)\b",
    rf"\bnot (?:been |yet )?{_VERBS}\b",
    rf"\b(?:hasn'?t|haven'?t|has not|have not|isn'?t|wasn'?t|was not)(?: yet)?(?: been)? (?:{_VERBS}|come|turned up)\b",
    r"\b(?:nobody|no one|no-one) (?:has |ever |have )*(?:come|came|turned up|showed up|called|replied|answered)\b",
    r"\b(?:happened|back|broken|out) again\b",
    r"\bsame (?:problem|issue|thing) (?:again|as before)\b",
    r"\bany (?:update|news|progress)\b",
    r"\bclosed? (?:it )?without\b",
    r"\b(?:not |un|dis)satisfied\b",
    r"\b(?:reopen|hurry up)\b",
)
_UNSETTLED = re.compile("|".join((*_CHINESE, *_ENGLISH)), re.IGNORECASE)
_AFTER_ALL = re.compile("自己好了|不用再?来|可以结案|no need to come|close (?:it|my)", re.IGNORECASE)


def is_reminder(text: str) -> bool:
    """Whether a plain text says that something is not settled yet, or asks after it."""
    return _UNSETTLED.search(text) is not None and _AFTER_ALL.search(text) is None


def kind_in(text: str, kind: str) -> str:
    """Of which kind of no fault a plain text is that a model takes for this one; "" stays so."""
    return REMINDER if kind in _MISTAKEN_FOR and is_reminder(text) else kind

"""Whether a text announces anything that no digit gives away: names, accounts, addresses of mail, digits in words.

Most texts announce nothing; that is told here in one look for the signs of all those tables, or two.
"""

from models.masking.late import late
from models.masking.name_shapes import HANDLES, MAILS, NAMES, SPELT_MAILS
from models.masking.number_shapes import SPOKEN

_SIGNS = late("|".join(table.sign.pattern for table in (MAILS, SPELT_MAILS, HANDLES, SPOKEN, NAMES)))
# Nearly every Latin letter is one with which some sign begins, and is tried. In a text of many they are looked for
# otherwise: nearly all of those signs are words that stand behind what is no letter, the others are marks.
_MARKS = r"@|-at-|#[a-z0-9\-]{1,63}\.|\( ?a|\[ ?a|\{ ?a|< ?a"
_WORDS = (
    r"at (?:[a-z0-9\-.]{1,60}\.[a-z]|[^@]{1,80} dot )|vx|wx|we ?chat|weixin|dm(?![a-z])"
    r"|tg(?![a-z])|ig(?![a-z])|fb(?![a-z])|my ?(?:line|handle|name)|discord|twitter|insta|facebook|skype"
    r"|snapchat|signal|kakao|whatsapp|telegram|viber|tiktok|weibo|wa\.me/|t\.me/|x\.com/"
    f"|contact person|contact:|name:|this is|{SPOKEN.sign.pattern}"
)
_MARKS_IN_ASCII = late(_MARKS)
_WORDS_IN_ASCII = late(rf"[^a-z](?:q[q ]?(?![a-z])|v ?:|line ?(?:id|:)|i(?: a|')m called|{_WORDS})")
# The same of a text in which other scripts stand as well, and what is in those.
_MARKS_ELSEWHERE = late(
    rf"{_MARKS}|＠|（ ?a|【 ?a|艾特|圈a|小老鼠|微(?: ?[信❤♥]|博)|薇信|威[信❤♥]|加[微v]|我(?:[微v叫是]|的? ?line)|扣扣"
    "|企鹅|q群|电报|飞机|腾讯|推特|抖音|快手|小红书|支付宝|钉钉|知乎|b站|名字|姓名|联系人|本人|举报人|投诉人|报修人"
)
_WORDS_ELSEWHERE = late(rf"[^a-z](?:[qv](?![a-z])|qq(?![a-z])|line ?(?:id|[:：])|i(?: a|['’])m called|{_WORDS})")


def is_announced(small: str) -> bool:
    """Whether one of their signs stands in a legible text in small letters, or in part of one; where none does none of
    those tables finds anything."""
    if small.isascii():
        return _MARKS_IN_ASCII.search(small) is not None or _WORDS_IN_ASCII.search(f" {small}") is not None
    if 2 * len(small.encode("ascii", "ignore")) < len(small):
        return _SIGNS.search(small) is not None
    return _MARKS_ELSEWHERE.search(small) is not None or _WORDS_ELSEWHERE.search(f" {small}") is not None

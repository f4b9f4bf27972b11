"""Whether a text announces anything that no digit gives away: names, accounts, addresses of mail, digits in words.

Most texts announce nothing; that is told here in one look for the signs of all those tables.
"""

import re

from models.masking.name_shapes import HANDLES, MAILS, NAMES, SPELT_MAILS
from models.masking.number_shapes import SPOKEN

_SIGNS = re.compile("|".join(table.sign.pattern for table in (MAILS, SPELT_MAILS, HANDLES, SPOKEN, NAMES)))
# In a text of ASCII alone nearly every character is one with which some sign begins, and is tried. There all of them
# are marks, or words that stand behind what is no letter: behind that alone they are looked for.
_MARKS_IN_ASCII = re.compile(r"@|-at-|#[a-z0-9\-]{1,63}\.|\( ?a|\[ ?a|\{ ?a|< ?a")
_WORDS_IN_ASCII = re.compile(
    r"[^a-z](?:at (?:[a-z0-9\-.]{1,60}\.[a-z]|[^@]{1,80} dot )|q[q ]?(?![a-z])|vx|wx|v ?:|we ?chat|weixin|dm(?![a-z])"
    r"|tg(?![a-z])|ig(?![a-z])|fb(?![a-z])|line ?(?:id|:)|my ?(?:line|handle|name)|discord|twitter|insta|facebook|skype"
    r"|snapchat|signal|kakao|whatsapp|telegram|viber|tiktok|weibo|wa\.me/|t\.me/|x\.com/|i(?: a|')m called"
    f"|contact person|contact:|name:|this is|{SPOKEN.sign.pattern})"
)


def is_announced(small: str) -> bool:
    """Whether one of their signs stands in a legible text in small letters, or in part of one; where none does none of
    those tables finds anything."""
    if small.isascii():
        return _MARKS_IN_ASCII.search(small) is not None or _WORDS_IN_ASCII.search(f" {small}") is not None
    return _SIGNS.search(small) is not None

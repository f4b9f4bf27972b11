"""Messages without a word 无字消息: numbers, single letters, marks, and signs for what was sent beside the text.

`5518`, `2024年` and `[视频]` say nothing of a matter, however often a year stands in texts about pensions and a picture
in those about cameras: a person has to look. A single ideograph is a word (`火`).
"""

import re

# What counts or names a number, in plain words: of a date, an address, a sum, a case.
_COUNTED = "(?:单元|号楼|[年月日号栋幢座楼层室点分秒岁元块次米])"
_NUMBERED = (
    r"(?:(?:工单|订单|受理单?|案件?|编|单|房间|房|电话|手机|门牌)(?:号码|号)?"
    r"|(?:ref(?:erence)?|case|ticket|order|code|room|flat|apt|unit|id|no|nr|tel|phone)\b\.?)\s?[:：#]?\s?(?=\d)"
)
# What messengers and forms put where a picture, a voice or a place was sent.
_SENT = (
    r"图片|照片|视频|短视频|语音|语音消息|位置|定位|动画表情|表情|文件|附件|链接|小程序|聊天记录"
    r"|(?:photo|image|picture|pic|video|audio|voice(?: message| note)?|location|sticker|file|attachment|gif)s?"
    r"(?: (?:attached|omitted|message))?"
)
_ALONE = r"(?<![^\W\d_]){}(?![^\W\d_])"
_NO_WORDS = re.compile(rf"(?:[\W\d_]|(?<=\d){_COUNTED}|{_NUMBERED}|{_ALONE.format('[a-z]')})*", re.IGNORECASE)
_SENT_ALONE = re.compile(rf"(?:[\W\d_]|{_ALONE.format(f'(?:{_SENT})')})*", re.IGNORECASE)


def is_wordless(text: str) -> bool:
    """Whether a plain text has no word: only marks, single letters, and numbers with what they count."""
    return _NO_WORDS.fullmatch(text) is not None


def is_only_sent(text: str) -> bool:
    """Whether a plain text only stands for what was sent beside it, a picture or a place."""
    return any(map(str.isalpha, text)) and _SENT_ALONE.fullmatch(text) is not None

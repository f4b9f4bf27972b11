"""Messages without a word of a matter 无字消息: numbers, where and when, signs for what was sent beside the text.

`5518`, `2024年`, `我在3号楼门口`, `梧桐路12号` and `[视频]` say nothing of a matter, however often a year stands in
texts of pensions, a tree in those of trees and a picture in those of cameras: a person has to look. Names of places are
for the caller to take out before. A single ideograph is a word (`火`); that somebody is there (`有人`) is none.
"""

import re

LONGEST, LONGEST_WESTERN = 24, 60  # characters of a text that may say where alone

# What counts or names a number, in plain words: of a date, an address, a sum, a case.
_COUNTED = "(?:单元|号楼|[年月日号栋幢座楼层室点分秒岁元块次米])"
_NUMBERED = (
    r"(?:(?:工单|订单|受理单?|案件?|编|单|房间|房|电话|手机|门牌)(?:号码|号)?"
    r"|(?:ref(?:erence)?|case|ticket|order|code|room|flat|apt|unit|block|id|no|nr|tel|phone)\b\.?)\s?[:：#]?\s?(?=\d)"
)
# Where somebody is, beside the name of a place; and when.
_WHERE = (
    r"(?:我们?|现?在|住(?!院)|位于|位置|地址|地点|是|就|这|那|里|儿|边|附近|旁|门|口|对面|前面?|后面|路口|交叉|交汇|[东南西北中]|侧|方向|正"
    r"|与|和|跟|到|的|处|从|往|段|上|下|楼下|院|小区|内|外面?"
    r"|公园|广场|学校|医院|菜?市场|超市|公交站|地铁站|地下车库|车库|停车场|工地|马路|人行道|桥|河|湖|楼道|楼顶|天台|[一二三四五六七八九十顶]楼|家"
    r"|[一二三四五六七八九十几两]+(?:个?小时|天|个?月|周|年)了?|今天|昨天|前天|每天|天天|早上|上午|中午|下午|晚上|夜里|半夜|刚才|求助)"
)
_WESTERN_WHERE = (
    r"(?:i(?:'?m| am)|we are|at|in|on|near|by|the|my|next|to|opposite|front|behind|outside|inside|between|and|of|from"
    r"|corner|entrance|gates?|north|south|east|west|side|end|here|this|is|it'?s?|location|address|street|road|lane"
    r"|square|junction|building|floor|level|room|flat|tower|house|around|close to|across|just"
    r"|park|car park|playground|school|hospital|market|station|bus stop|bridge|river|lake|roof|stairwell|pavement|yard"
    r"|people|persons?|somebody|someone|every|day|night|morning|evening|yesterday|today|tonight|now)"
)
# The name of a street, where a house's number, or what streets alone are called, says that it is one: 堵路 is a matter.
_STREET = r"(?:(?:(?![路街巷弄])[\u4e00-\u9fff]){2,4}(?:(?:[路街巷弄]|大[路街])(?=[东南西北中]?段?\s?\d)|大道|胡同))"
_WHO = r"(?:有?人们?|大家|没人[管理]|无人管)"
# What messengers and forms put where a picture, a voice or a place was sent.
_SENT = (
    r"图片|照片|视频|短视频|语音|语音消息|位置|定位|动画表情|表情|文件|附件|链接|小程序|聊天记录"
    r"|(?:photo|image|picture|pic|video|audio|voice(?: message| note)?|location|sticker|file|attachment|gif)s?"
    r"(?: (?:attached|omitted|message))?"
)
# Each is read in one way alone (`*+`), so that no text takes long.
_ALONE = r"(?<![^\W\d_]){}(?![^\W\d_])"
_NO_WORDS = re.compile(
    rf"(?:(?<=\d) ?{_COUNTED}|[\W\d_]|{_NUMBERED}|{_ALONE.format('[a-z]')}|{_WHERE}|{_STREET}|{_WHO}"
    rf"|{_ALONE.format(_WESTERN_WHERE)})*+",
    re.IGNORECASE,
)
_SENT_ALONE = re.compile(rf"(?:[\W\d_]|{_ALONE.format(f'(?:{_SENT})')})*+", re.IGNORECASE)


def is_wordless(text: str) -> bool:
    """Whether a plain text has no word of a matter: only marks, single letters, numbers with what they count, and
    what says where or when something is."""
    return _NO_WORDS.fullmatch(text) is not None


def may_say_where(text: str) -> bool:
    """Whether a text is short enough to name a place and nothing else."""
    return len(text) <= (LONGEST_WESTERN if text.isascii() else LONGEST)


def is_only_sent(text: str) -> bool:
    """Whether a plain text only stands for what was sent beside it, a picture or a place."""
    return any(map(str.isalpha, text)) and _SENT_ALONE.fullmatch(text) is not None

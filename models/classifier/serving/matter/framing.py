"""What forms, messengers and mail put around a message 外壳: labels, headers, signatures, what was said before.

`问题描述：路面坑洼 / 联系人：王女士 / 是否回访：是` is of a pothole. What somebody reports has none of these words,
what is no fault has many ("微信", "您好", "thank you for your message"), so they drown the matter. They are left out
before a text is judged: of a field that says what it is about its label alone, of any other its value, too; of what
the hotline has said before all but the matter that it names. What has nothing beside them stays whole.
"""

import re
from collections.abc import Iterator

from models.classifier.serving.matter.side_clauses import says_nothing
from models.plain_words import fold, plain

_LEAST = 2  # characters that must be left, blanks not counted
# Whose a line is: the reporter's, of what stands there from before, the hotline's, or both of the last.
_OWN, _QUOTED, _HOTLINES, _HOTLINES_QUOTED = "own", "quoted", "the hotline's", "the hotline's, quoted"
_LONGEST = 400  # characters: what is around a message stands in shorter lines
# Nothing is around a text that has none of these, but for what it may begin with (`_OPENING`).
_MAY = re.compile(r"[\n\r>＞「【\[:：@]|www\.")

# How labels end 字段名: of what says what it is about the label goes, of anything else its value, too.
_MATTERS = (
    "描述 内容 情况 事项 事件 问题 诉求 详情 正文 留言 标题 主题 说明 备注 类型 类别 分类 回访 回复 回覆 要求 状态"
)
_OTHERS = (
    "来源 渠道 人 姓名 称呼 电话 手机 手机号 号码 方式 公开 保密 匿名 附件 图片 照片 视频 时间 日期 地点 地址 位置 "
    "定位 区域 单号 编号 程度 级别 单位"
)
_WESTERN_MATTERS = (
    "description details message subject problem issue comment comments summary title body type category notes report "
    "status"
)
_WESTERN_OTHERS = (
    "name phone telephone mobile email e-mail contact location address postcode photo photos attachment attachments "
    "date time reference ref urgency priority ticket id via service preferred|contact how|did|you|hear|about|us"
)


def _any(words: str) -> str:
    longest = sorted(words.split(), key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\|", " ") for word in longest)


_ENDS = tuple(_MATTERS.split())
_IN_LETTERS = frozenset(_WESTERN_MATTERS.split())
_BEFORE_LABELS = (
    "request report case ticket reference customer caller submitted your contact preferred incident issue problem "
    "service full first last"
)
_NAME = (
    rf"[\u4e00-\u9fff]{{0,5}}(?:{_any(f'{_MATTERS} {_OTHERS}')})"
    rf"|(?:(?:{_any(_BEFORE_LABELS)}) ){{0,2}}(?:{_any(f'{_WESTERN_MATTERS} {_WESTERN_OTHERS}')})"
)
# A label begins a line, stands behind one of these marks with an ideograph or a bracket, or has a bracket of its own.
_MARKS_BEFORE = re.compile(r"[\s；;。|｜](?=[\u4e00-\u9fff\[])|(?=【)")
_LABEL = re.compile(
    r"(?:[一二三四五六七八九十\d]{1,2}[、.)]\s?)?"
    rf"(?:[【\[](?P<framed>{_NAME})[】\]]\s*[:：]?|(?P<bare>{_NAME})\s?[:：])\s*",
    re.IGNORECASE,
)
# Values of a matter's label that say nothing, and kinds of what comes in that any report is of.
_EMPTY = re.compile(
    r"已?拍照|无|暂无|没有|是|否|不?需?要|正常|[见如](?:图|附件|照片|上图)|投诉|求助|举报|诉求|其[他它]|(?:市民)?反映问题|问题|none|n/?a|attached"
    r"|see photos?|complaint|report|request|other|problem|issue|yes|no|new|open|normal",
    re.IGNORECASE,
)
# What a label that is not of the matter takes with it: no further than to a break, or, after letters, the line's end,
# which a few words reach and a sentence does not; beyond a blank (`_GAP`) what goes on with the place alone.
_PLACE = "路街道巷弄号號楼樓栋棟幢室层層区區市县縣镇鎮乡鄉村园園苑口旁边邊侧側处處院校站桥橋东東南西北门門"
_VALUE = re.compile(
    rf"[^\s|，。；！？,;!?]{{0,40}}(?:\|[^\s|，。；！？,;!?我在是有住卡停]{{0,12}}[{_PLACE}\d](?=[|\s，。；！？,;!?]|$))*"
    r"(?:\s\d{1,2}[:：]\d\d(?:[:：]\d\d)?)?"
)
_WESTERN_VALUE = re.compile(r"(?=.{0,60}$)(?:[^\s,;!?，。；！？]+ ?){0,8}$")
# Signs of which a name, or whom a line calls, has none: what has one tells that something has happened.
HAPPENED = "了没坏不被漏堵破断倒"
# A value that tells what is wrong after all: "地点：人民路井盖没了".
_TELLS = re.compile(
    rf"[{HAPPENED}沒壞斷塌陷淹爆臭歪困味]|着火|起火|冒[烟煙]|打架"
    r"|\b(?:smell|smoke|fire|flames|burning|gas|leak|broken|stuck|burst|collaps|missing|block|flood|hole|spark"
    r"|fell|out|not|never|dump|dirty|loud|loose|crack|pothole|dangling|hanging)(?:s|ed|ing|age|y|es)?\b",
    re.IGNORECASE,
)

_CLOCK = r"(?:上午|下午|晚上|早上|凌晨|中午)?\s?\d{1,2}[:：]\d\d(?:[:：]\d\d)?(?:\s?[ap]m)?"
_DAY = r"(?:20\d\d[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}日?|\d{1,2}[-/月]\d{1,2}日?|昨天|今天|星期.|周.)"
_CALLED = r"\S{1,4}(?:先生|女士|小姐|阿姨|叔叔?|大爷|大妈|大哥|大姐|哥|姐|老师|师傅|同志)"
# Lines that are nothing but frame.
_FRAME = re.compile(
    r"(?:[-—–=_*~]\s?){3,}"
    r"|[-—–=_*\s]*(?:转发的?(?:消息|邮件|内容)?|(?:\S{1,10}的)?聊天记录|(?:begin )?forwarded message)[-—–=_*\s:：]*"
    rf"|(?:{_DAY}\s?)?{_CLOCK}(?:\s?{_CALLED})?(?:\s[\d*]{{7,}})?"
    rf"|(?:{_CALLED}|[^\s{HAPPENED}]{{1,4}}(?=[:：]?\s))[:：]?\s?(?:{_DAY}\s?)?{_CLOCK}"
    rf"|{_CALLED}[:：]?"
    r"|.{1,20}群\s?[(（]\d+[)）]"
    r"|(?:from|to|cc|bcc|sent|发件人|收件人|抄送|发送时间)\s?[:：].{0,60}"
    r"|(?:sent from my|sent via|get outlook for|发自我的|来自我的|发送自).{0,40}"
    r"|(?:dear|hi|hello|hey|good (?:morning|afternoon|evening))(?: [\w/.'-]+){0,3},"
    r"|(?:dear )?(?:sirs?|madam|sir or madam|sir/madam|all|team),?|to whom it may concern[,:]?"
    r"|q\d{1,2}[.):] .{0,60}[?？]"
    r"|此致|敬礼|此致\s?敬礼[!！]?",
    re.IGNORECASE,
)
_SAID_BEFORE = re.compile(
    r"on .{6,80} wrote:|.{0,60}写道[:：]|[-—–=_*\s]*(?:original message|原始邮件)[-—–=_*\s:：]*", re.IGNORECASE
)
_CLOSING = re.compile(
    r"(?:(?:kind|best|warm|kindest|many) )?(?:regards|wishes|best|cheers|sincerely)[,.]?"
    r"|yours(?: \w+)?[,.]?|all the best,?",
    re.IGNORECASE,
)
_THANKED = re.compile(r"(?:many )?thanks,|thank you,", re.IGNORECASE)
_SIGNED = re.compile(r"[A-Z][\w.'-]*(?: [A-Z][\w.'-]*){0,2}|(?:\d|Flat |Apt )[^.!?]{0,40}")
# What is taken out of a line, one after the other: links, signs for pictures and faces, whom it is to, who says it; and
# what stands in each line, in small letters, that has some of it.
_BESIDE = tuple(
    (signs, re.compile(pattern, re.IGNORECASE))
    for signs, pattern in (
        (("://", "www."), r"(?:https?://|www\.)[!-~]+"),
        (
            ("[",),
            r"\[(?:[\u4e00-\u9fff]{1,4}|photo|image|picture|video|voice message|location|sticker)\](?!\s?[:：])",
        ),
        (
            (":", "："),
            r"^(?:(?:re|fwd?|fw|转发|回复|答复|我|me|user|visitor|用户)\s?[:：]\s?)+",
        ),
        (("此致",), r"[，。！!]?\s?此致[，,]?\s?敬礼[!！。]?$"),
        (
            (":",),
            r"^i(?: would|'d| want)? (?:like |wish )?(?:am writing )?to (?:report|complain about)"
            r"(?: the following)?\s?:\s?",
        ),
    )
)
# What a text begins with: who has called, according to whoever wrote it down, or whom it is to and who writes.
_OPENING = re.compile(
    r"\s*(?:【[^】]{2,20}】\s*)?(?:市民|来电人|群众|网民|网友|居民|业主|诉求人|来访人|投诉人|反映人)"
    r"(?:\S{1,3}(?:先生|女士))?(?:来电|来信|来访|致电|留言)?(?:热线)?[，,]?\s?(?:反映|反应|称|表示)(?:称|到)?[:：，,]?\s*"
    r"|\s*尊敬的(?:各位)?(?:领导|市长|书记|工作人员)(?:们|同志)?(?:[:：，,!！]\s?[您你]好[!！，,。]?|[您你]?好[!！，,。]|[:：，,!！])\s?"
    r"|\s*(?:[Cc]aller|[Rr]esident) (?:reports|states|says)(?: that)?[:,]?\s"
    r"|\s*20\d\d年\d{1,2}月\d{1,2}日[，,]\s?"
)
# Whom a line calls by name, at its beginning or behind who writes it. Taken out before blanks between ideographs are:
# without its blank a name goes on to the next mark, and the fire in "@所有人 着火了，快来" would be part of it.
_TO_ALL = r"所有人|全[体體]成[员員]|全[体體](?:业主|業主|邻居|鄰居)|大家|物[业業](?:管家|经理|經理|客服)?|all|everyone"
_MENTIONS = re.compile(
    r"^[^\S\n]*(?P<writes>(?:[>＞]\s?)*(?:[^\s:：@>＞，。,]{1,12}[:：]\s?)?)"
    r"(?:(?:转发|轉發|回复|回覆|回復|//|rt)[:：]?\s?)?"
    rf"(?:@(?:(?:{_TO_ALL})[，,]"
    rf"|(?:(?!{_TELLS.pattern})[^\s，。,;；:：！？!?@]){{1,20}}(?:[^\S\n]*[:：]|[^\S\n]+(?=\S)))[^\S\n]*)+",
    re.IGNORECASE | re.MULTILINE,
)
_BLOCK = re.compile(r"</?(?:p|div|br|li|tr|td|h\d)\b[^<>]*>", re.IGNORECASE)
_OVER_LINES = re.compile(r"<!|<(?:script|style)\b", re.IGNORECASE)
# Blanks before what may be a label: between ideographs none would be left.
_NEXT_LABEL = re.compile(r"[ \t\u3000](?<=\S.)[ \t\u3000]*(?=[\u4e00-\u9fff]{1,9}[:：])")
# … and the blanks behind a value that is not of the matter: what stands behind one may be.
_GAP = re.compile(
    rf"(?:{_any(_OTHERS)})\s?[】\]]?\s?[:：][ \t\u3000]*[^\s|]{{1,40}}"
    r"(?:[ \t\u3000]+(?![A-Za-z]|\d+[:：]\d)[^\s|]+)+"
)
_BLANKS = re.compile(r"(?<=[^\s:：])[ \t\u3000]+(?=\S)")
_MARK = re.compile(r"(?:[>＞]\s?)+")
_CITED = re.compile(r"「(?P<said>.*)」")
# Whoever answers: nothing of such a line is the reporter's.
_ANSWERING = re.compile(r"(?:ai助手|智能助手|客服|机器人|agent|bot|chatbot|assistant)\s?[:：]", re.IGNORECASE)
# What the hotline says, and nobody to it; in English only of a line that begins so or is marked as said before.
_HOTLINE = re.compile(r"您所?(?:反映|投诉|举报)的|您的(?:诉求|来电|工单|反映|留言|投诉|建议)|感谢您的?(?:来电|反映)")
_HOTLINE_WESTERN = re.compile(
    r"thank you for (?:your (?:report|message|enquiry|inquiry|e?-?mail|request|feedback)"
    r"|contacting|reporting|getting in)"
    r"|your (?:report|request|case|message|enquiry|inquiry|ticket)|we have received your",
    re.IGNORECASE,
)
_NAMED = re.compile(r"您所?(?:反映|投诉|举报)的?(?P<matter>[^，。；]{2,30}?)的?(?:问题|情况|一事|诉求)")


def unwrapped(text: str) -> str:
    """The text without what is around it; as it is where there is nothing, and where little else would be left."""
    opening = _OPENING.match(text)
    if opening is None and not _MAY.search(text):
        return text
    lines = [*_lines(text[opening.end() :] if opening else text)]
    # A quotation of which the hotline has said a line is the hotline's.
    answered = any(whose == _HOTLINES_QUOTED for _, whose in lines)
    others = {_HOTLINES, _HOTLINES_QUOTED, _QUOTED} if answered else {_HOTLINES}
    own = "\n".join(said for said, whose in lines if said and whose not in others)
    every = "\n".join(said for said, _ in lines if said)
    found = own if _enough(own) else every
    return found if found != text and _enough(found) and fold(found) != fold(text) else text


def _enough(text: str) -> bool:
    return len(text) > _LONGEST or (len("".join(text.split())) >= _LEAST and not says_nothing(text))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """What each line says beside its frame, and whose it is."""
    text = _NEXT_LABEL.sub("|", _BLOCK.sub("\n", text))
    text = _GAP.sub(lambda found: _BLANKS.sub("|", found[0]), text)
    if "@" in text:
        text = _MENTIONS.sub(r"\g<writes>", text)
    # What may go over several lines is made plain as a whole, into one.
    lines = [plain(text)] if _OVER_LINES.search(text) else map(plain, text.splitlines())
    before = signed = False
    for line in lines:
        if len(line) > _LONGEST:
            yield line, _OWN
            continue
        mark = _MARK.match(line)
        said = line[mark.end() :] if mark else line
        cited = _CITED.fullmatch(said)
        said = cited["said"] if cited else said
        if _SAID_BEFORE.fullmatch(said):
            before = True
            continue
        if (signed and _SIGNED.fullmatch(said)) or _FRAME.fullmatch(said):
            continue
        closing = _CLOSING.fullmatch(said) is not None
        signed = closing or _THANKED.fullmatch(said) is not None
        if closing:
            continue
        quoted = mark or cited or before
        western = _HOTLINE_WESTERN.search if quoted else _HOTLINE_WESTERN.match
        if _ANSWERING.match(said) or _HOTLINE.search(said) or western(said):
            yield from ((named["matter"], _OWN) for named in _NAMED.finditer(said))
            yield said, _HOTLINES_QUOTED if quoted else _HOTLINES
            continue
        small = said.lower()
        for signs, beside in _BESIDE:
            if any(sign in small for sign in signs):
                said = beside.sub("", said).strip()
        yield _without_labels(said), _QUOTED if quoted else _OWN


def _labels(line: str) -> Iterator[re.Match[str]]:
    free = 0
    for start in (0, *(mark.end() for mark in _MARKS_BEFORE.finditer(line))):
        if start >= free and (label := _LABEL.match(line, start)) is not None:
            yield label
            free = label.end()


def _without_labels(line: str) -> str:
    """The line without its labels, and without the values of those that are not of the matter."""
    parts: list[str] = []
    start, of_matter, western = 0, True, False
    for label in [*_labels(line), None]:
        value = line[start : len(line) if label is None else label.start()].strip(" |｜；;")
        if not of_matter:
            told = (_WESTERN_VALUE if western else _VALUE).match(value)
            if told and not _TELLS.search(told[0]):
                value = value[told.end() :].strip(" |，。；,;")
        elif start and _EMPTY.fullmatch(value):
            value = ""
        parts.append(value)
        if label is not None:
            name = (label["framed"] or label["bare"]).casefold()
            start, western = label.end(), name.isascii()
            of_matter = name.split()[-1] in _IN_LETTERS if western else name.endswith(_ENDS)
    return " ".join(filter(None, parts))

"""What a message begins and ends with beside its matter 首尾套话: greetings, how often it was reported, numbers.

`你好，第二次反映：路灯坏了（附图3张）` is of a lamp as surely as `路灯坏了`. So marks and formulas at both
edges are left out before a text is judged, as forms are (`framing`) and clauses that say nothing (`side_clauses`). A
thanks, a question, a test or a withdrawal is told by just such words: what may be one is none of these formulas.
"""

import re
from collections.abc import Iterator

from models.classifier.serving.matter.framing import HAPPENED
from models.classifier.serving.matter.side_clauses import is_formula, says_nothing
from models.plain_words import CHARACTERS, by_place

_LEAST = 2  # characters that must be left, marks and blanks not counted
_REACH = 90  # characters at an edge: a formula is shorter
_MOST = 6  # formulas one after the other
_BREAKS = r"[，,、。；;：:！!？?~～…\s]"
_COUNT = r"[一二三四五六七八九十两几好多无数\d]{1,3}"
# Faces and other small pictures, and what is typed for them.
_FACES = "[\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\ufe0f\u200d]"
_PHONE = r"(?:\+?86[- ]?)?(?:1\d{2}[ -]?[\d*]{4}[ -]?\d{4}|0\d{2,4}[ -]?\d{3,4}[ -]?\d{3,5})(?!\d)"
_NUMBER = r"[#＃]?(?=[\w/-]{0,12}\d{3})[A-Za-z0-9][\w/-]{2,24}(?![\w/-])"
_CASE = (
    r"(?:上次的?|之前的?|原来?的?|前次的?|我的)?(?:工单|订单|受理单?|诉求|案件|案|流水|查询|编|单)编?号码?[是为]?"
    r"[:：]?\s?"
)
_WESTERN_CASE = (
    r"(?:(?:my|our|your|the|original) )?(?:ref(?:erence)?|case|ticket|incident|sr|job)\.?(?: (?:no|number|nr|id))?\.?"
    r"\s?[:#]?\s?"
)
_WESTERN_PHONE = r"\+?\d(?:[ ()-]{0,2}\d){6,13}(?!\d)"
_PASSED_ON = (
    "转发 转帖 转载 转 求助 投诉 举报 反映 反应 紧急 加急 急 12345 曝光 随手拍 语音转文字 网友留言 匿名 图片 附图"
)
_SENT = (
    "附图 附件 附 图片 图 照片 视频 截图 真相 定位 位置 微信 小程序 公众号 来自 转发 自 网友 手机 共 见 含 已 如 下 上 "
    "请 详 发 传 有 为证 张 段 个 份 第 次 投诉 反映 反应 上报 举报 报修 匿名 求回复 语音转文字 身份证号 身份证 尾号 "
    "后四位 号"
)


def _any_of(words: str) -> str:
    return "|".join(sorted(words.split(), key=len, reverse=True))


_BEFORE = re.compile(
    "|".join(
        (
            rf"{_FACES}+\s?",
            rf"[【\[(（]\s?(?:{_any_of(_PASSED_ON)})\s?[】\])）]\s?[:：]?\s?",
            r"#[^#\s]{0,6}(?:随手拍|曝光|民生|问政|城管|12345)[^#\s]{0,4}#?\s?",
            r"(?:帮忙?|麻烦|请|代)?(?:转发?|补充|回复)(?:一下)?\s?[:：]\s?",
            rf"(?:麻烦|请|烦请)?帮?忙?转[给达交告](?:一下)?(?:相关|有关|主管)(?:部门|单位){_BREAKS}+",
            r"(?:帮|代|替|给)(?:\S{0,3}(?:朋友|邻居|家人|父母|老人|同事|亲戚|别人|群友|街坊|妈|爸|奶奶|爷爷))们?来?"
            rf"(?:反映|反应|投诉|上报|报)(?:一下|个问题|一个问题)?{_BREAKS}+",
            rf"(?:这?已?经?是?我?|我?已经|我?都?)(?:第{_COUNT}[次遍]|{_COUNT}[次遍]|再次|再一次|重复|多次|反复|又来?|继续)"
            r"(?:来|给你们|打电话|向你们)?(?:反映|反应|投诉|上报|报修|举报|打电话|来电|留言)(?:了|过|过了)?(?:这个|同一个)?"
            rf"(?:问题|事情|事)?了?{_BREAKS}+",
            rf"我?(?:要|想|来)?(?:投诉|反映|反应|举报|上报)(?:一下|一个|个)?(?:问题|情况|事情|事|现象)?{_BREAKS}+",
            rf"还是[那这上]次?[个件]?(?:事|问题)[情儿]?{_BREAKS}+",
            r"(?:你好|您好|你们好|大家好|各位好|早上好|下午好|晚上好|\S{1,4}员(?=您?你?好)|哈[喽罗啰]|嗨|喂|在[吗么]|在不在|有人[吗么]|热线|客服|各?位?领导们?|同志们?|"
            rf"工作人员|师傅|市长|书记|12345|1999)+(?:你好|您好|好)?[啊呀哦嘛]?{_BREAKS}+",
            r"我[是叫系](?:一[名位个])?(?:[^\s，,。：:是]{0,12}(?:业主|居民|住户|市民|村民|街坊|群众)|[^\s，,。：:]{1,3}(?:先生|女士|小姐))"
            rf"{_BREAKS}+",
            rf"{_CASE}{_NUMBER}{_BREAKS}*",
            rf"我?的?(?:联系)?(?:电话|手机号?|号码|联系方式)[是为]?[:：]?\s?{_PHONE}(?:[，,]?\s?\S{{1,2}}(?:先生|女士|小姐))?{_BREAKS}*",
            rf"1\d{{10}}(?!\d){_BREAKS}*",
            rf"(?:急+|十万火急|紧急(?:求助|情况)?|加急|速办|在线等){_BREAKS}+",
            rf"(?:请问)?(?:到底|究竟)?有(?:没有)?人管(?:一?管)?[吗么啊呢]?{_BREAKS}+",
            rf"(?:我?已经?拍照|照片已经?(?:上传|发了)|见图|如图|如下){_BREAKS}+",
            rf"(?:事情|情况|事)(?:是这样的?|经过如下|如下){_BREAKS}+",
            rf"(?:上面|之前|上次)的?(?:回复|答复|处理)(?:根本)?没用{_BREAKS}+",
            rf"(?:今天|这)(?:已经)?是?第{_COUNT}[天周]了?{_BREAKS}+",
            r"\d{1,2}[.、)）]\s?(?!\d)",
            r"to (?:the |your )?(?:\w+ ){0,2}(?:team|department|dept|council|office)\s?[:,]\s?",
            r"(?:following up|(?:second|2nd|third|final|another) reminder|still not (?:fixed|done|repaired|sorted)"
            r"|same again)\s?[:.,!-]+\s?",
            r"(?:please |pls )?(?:can|could) (?:you|someone|somebody|anyone) (?:please )?"
            r"(?:help|look into this|sort this)(?: me| us)?(?: out)?\s?[:.,!-]+\s?",
            r"(?:hi|hello|hey|(?:good )?(?:morning|afternoon|evening)|good day|dear(?= \w))"
            r"(?: (?:there|all|team|guys|folks|everyone|council|sir|madam|sirs|sir or madam))?\s?[,.!:]+\s?",
            r"(?:fwd?|fw|update|urgent|emergency|asap|anonymous|attn|important)\s?[!:.,-]+\s?|fyi[,:]?\s",
            rf"{_WESTERN_CASE}{_NUMBER}\s?[.,:;-]*\s",
            r"(?:this is (?:my|the) )?(?:2nd|3rd|\dth|second|third|fourth|fifth|umpteenth) "
            r"(?:report|time|complaint|request|e?-?mail|message|call)"
            r"(?: (?:reporting|reported|of|about|i(?:'m| am|'ve| have)? "
            r"(?:reporting|reported|writing|written|telling you|told you|called|complaining)))?"
            r"(?: (?:about )?(?:this|it|you|the same(?: thing| issue)?))?\s?[:.,!-]+\s?",
            r"(?:reporting|writing|posting)(?: this)? (?:again|once more|once again)\s?[:.,!-]+\s?",
            r"(?:as )?per my (?:previous|last|earlier) (?:e?-?mail|message|report|call)\s?[:,.-]+\s?",
            r"not sure (?:if|whether) this is the right (?:place|form|department)(?: for this)?\s?[,:.]?"
            r"(?: but)?[,:]?\s",
            r"(?:posting|reporting|writing)(?: this)? (?:for|on behalf of) (?:a|my|an|our) (?:elderly |old )?"
            r"(?:neighbou?r|friend|mother|mum|mom|father|dad|gran|grandmother|colleague|parents)\s?[:,.-]+\s?",
            r"(?:i(?:'m| am) (?:writing|calling)|i(?:'d|'ll| would| want| wanted| wish)?(?: just)?(?: like)?|just"
            r"|wanted) to (?:report|complain about)(?: that)?\s",
            r"i(?:'m| am) writing (?:to you )?(?:about|regarding|concerning) (?:this|the following)\s?[:,.]\s?",
            rf"(?:please )?(?:call|ring|phone|text|reach)(?: me)?(?: back)? (?:on|at) {_WESTERN_PHONE}\s?[.,;:]*\s?",
            rf"my (?:phone |mobile |cell )?(?:number|no\.?) is {_WESTERN_PHONE}\s?[.,;:]*\s?",
        )
    ),
    re.IGNORECASE,
)
_SHUT = (")", "）", "】", "]")
# Each with what stands in small letters in any end that it finds something in; looking for that is quick.
_AFTER = tuple(
    (signs, re.compile(rf"(?:{pattern})[\s。.，,;；]*$", re.IGNORECASE))
    for signs, pattern in (
        (
            ("",),
            rf"\s?(?:{_FACES}|[:;]-?[()/D|])+",
        ),
        (
            _SHUT,
            rf"\s?[(（【\[](?:{_any_of(_SENT)}|{_COUNT}|[:：\s，,+＋])+[)）】\]]",
        ),
        (
            _SHUT,
            r"\s?[(（\[](?:(?:see )?(?:\d{1,2} |two |three |some )?(?:pics?|photos?|pictures?|images?|videos?)"
            r"(?: (?:attached|included|below|enclosed))?|attached|see attached"
            r"|(?:second|2nd|third|3rd) (?:report|time))[)）\]]",
        ),
        (
            ("图", "照片", "视频"),
            r"[，,。；;\s]+(?:附图|图片|照片|见图|如图|有图|视频)(?:所示|为证|\d{1,2}张|已上传|已发|在后面|在附件)?",
        ),
        (
            ("见图", "如图"),
            r"见图|如图所示?",
        ),
        (
            ("attached",),
            r"[，,;.\s]+(?:see )?(?:the )?attached (?:pics?|photos?|pictures?)",
        ),
        (
            ("#",),
            r"\s#(?!\d+\b)\w{2,24}#?",
        ),
        (
            ("regards",),
            r"[.,;]?\s(?:(?:kind|best|warm) )?regards,? [A-Z]\w+",
        ),
        (
            ("电话", "手机", "号码", "联系方式"),
            rf"[，,。；;！!\s]+(?:我的?)?(?:联系)?(?:电话|手机号?|号码|联系方式)[是为]?[:：]?\s?{_PHONE}"
            r"(?:[，,]?\s?[\u4e00-\u9fff]{1,3}(?:先生|女士|小姐)?)?",
        ),
        (
            ("1",),
            r"[，,。；;！!\s]+1\d{10}",
        ),
        (
            ("号",),
            rf"[，,。；;\s]+{_CASE}{_NUMBER}",
        ),
        (
            ("ref", "case", "ticket", "incident", "sr", "job"),
            rf"[,.;\s]+{_WESTERN_CASE}{_NUMBER}",
        ),
        (
            ("tel", "phone", "mob"),
            rf"[,.;\s]+(?:tel|phone|mobile|mob)\.?:? {_WESTERN_PHONE}",
        ),
        (
            ("number", "no", "call", "ring", "phone", "text"),
            r"[,.;\s]+(?:my (?:phone |mobile |cell )?(?:number|no\.?) is|(?:call|ring|phone|text)(?: me)?(?: on| at)?) "
            rf"{_WESTERN_PHONE}",
        ),
        (
            ("一",),
            r"\s?[—–-]{1,2}\s?一[位名个]\S{0,4}(?:市民|居民|业主|群众|百姓)",
        ),
        (
            ("-", "–", "—"),
            r"\s[—–-]{1,2}\s?[A-Z]\. ?[A-Z][a-z]+(?:, [^.!?]{0,40})?",
        ),
        (
            ("smh", "ffs", "tbh", "imo"),
            r"\s(?:smh|ffs|tbh|imo)",
        ),
        (
            ("@",),
            # No further than to a mark: what stands behind one is said to whoever is called.
            rf"(?:\s@(?:(?![{HAPPENED}])[^\s，。,;；:：！？!?@]){{1,20}})+",
        ),
    )
)
# Nothing is at the end of what neither ends so nor has one of these signs and words.
_MAY_END = re.compile(rf"(?:[\d)）】\]#/|]|[:;]-?[(D]|{_FACES})[\s。.，,;；]*\Z")
_SIGNS = (
    "#", "@", "图", "圖", "照片", "视频", "視頻", "电话", "電話", "手机", "手機", "号码", "號碼", "联系",
    "聯系", "聯繫", "一位", "一名", "一个", "一個", "单号", "單號", "编号", "編號", "案号", "案號", "件号",
    "件號", "水号", "水號", "询号", "詢號", "理号", "理號", "求号", "求號",
)  # fmt: skip
_WORDS = ("photo", "pic", "image", "regards", "smh", "ffs", "tbh", "imo", " - ", " – ", " — ")
_FIRST_CLAUSE = re.compile(
    r"([^，,、。；;：:！!？?~～…]{2,48}?)(?:[，,、。；;：:！!？?~～…]|(?<=[A-Za-z])\.(?= ))[\s，,、。；;：:！!？?~～…]*"
)
_THANKED = re.compile(r"谢|辛苦|thank|thx|cheers", re.IGNORECASE)
_MARKS = re.compile(r"[\W_]+")
# By single characters, so that places stay what they are; only where one of traditional script is that formulas have.
_SIMPLE = by_place(CHARACTERS)
_TRADITIONAL = re.compile(
    "[轉發帖幫們這還領導師電號話復應報訴單見圖視頻張緊員業戶眾證聯給過個來樓係熱請煩關主舉問題實]"
)


def without_edges(text: str) -> str:
    """The text, its first line and its last one without what they begin and end with beside a matter; as it is where
    there is nothing of the kind, and where little else or nothing but a formula would be left."""
    first_line, last_line = text.find("\n"), text.rfind("\n") + 1
    start = _begin(text, len(text) if first_line < 0 else first_line)
    end = _end(text, max(start, last_line))
    return text[start:end]


def _simple(part: str) -> str:
    return part.translate(_SIMPLE) if _TRADITIONAL.search(part) else part


def _says_something(text: str) -> bool:
    return len(text) > _REACH or (len(_MARKS.sub("", text)) >= _LEAST and not says_nothing(text))


def _begin(text: str, stop: int) -> int:
    """Where the matter begins, which is before `stop`."""
    head = _simple(text[: min(stop, _REACH)])
    start = 0
    for _ in range(_MOST):
        found = _BEFORE.match(head, start) or _empty_clause(head, start)
        if not found or found.end() == start or not _says_something(text[found.end() : stop]):
            break
        start = found.end()
    return start


def _empty_clause(head: str, start: int) -> re.Match[str] | None:
    """The first clause if it says nothing; what thanks is of another kind."""
    clause = _FIRST_CLAUSE.match(head, start)
    return clause if clause and is_formula(clause[1].casefold()) and not _THANKED.search(clause[1]) else None


def _formulas(tail: str) -> Iterator[re.Match[str]]:
    small = tail.lower()
    for signs, formula in _AFTER:
        if any(sign in small for sign in signs) and (found := formula.search(tail)):
            yield found


def _has_a_sign(tail: str) -> bool:
    return any(sign in tail for sign in _SIGNS)


def _has_a_word(tail: str) -> bool:
    folded = tail.casefold()
    return any(word in folded for word in _WORDS)


def _end(text: str, start: int) -> int:
    """Where the matter ends, which is behind `start`."""
    end = len(text)
    for _ in range(_MOST):
        near = max(start, end - _REACH)
        tail = text[near:end]
        if not (_MAY_END.search(tail[-8:]) or _has_a_sign(tail) or (tail[-2:].isascii() and _has_a_word(tail))):
            break
        tail = _simple(tail)
        least = min((found.start() for found in _formulas(tail)), default=len(tail))
        if least == len(tail) or not _says_something(text[start : near + least]):
            break
        end = near + least
    return end

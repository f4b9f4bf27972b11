"""The words around a number say what it is: 电话 before it makes a phone's of it, 灯杆编号 the number of a thing.

Of the words before it the nearest counts. Which words there are stands in `BEFORE` and `AFTER`.
"""

import re
from collections.abc import Collection, Mapping
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from models.masking.late import late
from models.masking.legible import HIDDEN

WINDOW = 32  # so many characters before a number are looked at
_NEAR = 12  # and from so far a word still says what the number is
_FARTHER = {"ssn": WINDOW}  # but for what is said of nothing else

# Names of things and papers of the city that have numbers: those must stay, a crew finds the thing by them.
THING = "thing"
# Numbers that all may call.
SERVICE = "service"
# Words that are none of the others although they hold one: 电话亭 has 电话 in it.
NONE = "none"
AMOUNT = "amount"

# Kind of number by the words that announce it, in Chinese and English; simplified script, small letters.
BEFORE: Mapping[str, str] = {
    "phone": """
        电话 手机 座机 固话 固定电话 宅电 家电 传真 来电 致电 拨打 请拨 拨 回电 联系方式 联系 联络 短号 找 打给 打我
        打他 打她 打 办公 单位 家里 号码 我号 的号 手机号 机号 热线打 呼叫 短信 call calls called calling phone
        phones telephone tel mobile cell cellphone ring rings dial text txt sms fax reach contact landline ph
        whatsapp my·number his·number her·number phone·number contact·number line·is office·line dialled at·home
        home·phone
    """,
    "id": """
        hkid 身份证 身份证号 证件 证件号 公民身份 身份证件 社保 社保卡 医保 医保卡 学号 户口 id·card identity·card
        national·id my·id id·number id·no identity·number national·insurance ni·number insurance·number
    """,
    "ssn": "ssn social·security 社会安全号 社会安全 社会保障号",
    "document": """
        护照 护·照 通行证 回乡证 台胞证 居住证 永居证 居留证 永久居留身份证 居留身份证 军官证 士兵证 警官证 驾驶证
        驾照 行驶证 工作证 学生证 签证 导游证 驾驶证档案编号 驾照档案编号
        passport passports reisepass passeport residence·permit permit·no permit·number
        driver's·license driver’s·license drivers·license driver's·licence driving·licence
        driving·license visa green·card travel·document identity·document
    """,
    "card": """
        卡号 银行卡 信用卡 储蓄卡 借记卡 工行 建行 农行 中行 招行 交行 邮储 账号 帐号 账户 帐户 存折 公积金账号
        公积金 退款到 转账 打款 汇款 收款 开户 对公 card card·number credit·card debit·card bank·card bank·account
        account account·number acct a/c amex visa·card iban
    """,
    "mail": "邮箱 邮件 电邮 mail email e-mail",
    "plate": """
        kennzeichen гос·номер госномер 车牌 车牌号 牌照 号牌 车号 港牌 军牌 军车 外牌 外牌车 挂牌车 plate plates
        license·plate licence·plate license registration reg number·plate tag tags plate·number plate·reads
        registration·number 车辆牌照
    """,
    "qq": "qq qq号 扣扣 q群 企鹅号 企鹅",
    THING: """
        工单 工单号 订单 订单号 单号 编号 编码 编 代码 注册代码 案号 案件 受理 受理号 投诉号 投诉编号 批次 批号 任务
        任务号 记录 记录号 时间戳 灯杆 灯杆号 路灯 路灯杆 杆号 电杆 杆 井盖 井盖号 井 设备 设备号 摄像头 探头 充电桩
        桩号 桩 电梯 消防栓 消火栓 消防栓号 水表 水表号 电表 电表号 燃气表 表号 读数 车位 车位号 泊位 泊位号 车次
        自编号 航班 列车 火车 发票 发票号 发票号码 票据 票据号 运单 运单号 快递单 快递 单车 单车号 柜号 网格 网格号
        社区代码 邮编 邮政编码 型号 版本 文号 公告 坐标 经纬度 位置 北纬 东经 经度 纬度 金额 合同 合同金额 工资 总价
        罚款 押金 欠薪 光缆号 站牌 站点 监测点 泵站 箱变 楼栋码 二维码 序列号 端口 标准 事件 事件号 派单 派单号
        信用代码 许可证 许可证号 营业执照 执照号 网点 网点编号 门禁 岗亭 档案 房号 门牌 order orders order·number
        order·no case cases case·number ticket tickets ref reference work·order request request·number
        service·request sr lamp lamps lamp·post lamp·number pole poles light lights street·light manhole
        manhole·cover hydrant device device·id serial serial·number serial·no part part·no part·number model
        model·number camera asset asset·tag meter invoice invoice·number invoice·no bill bill·no tree bike
        bike·number bay space parking·space locker container room zip zip·code postcode bus route version ip lat lon
        id·badge badge flight train gate junction exit road coordinates gps sensor station tender contract complaint
        incident report·number tracking parcel permit·office machine
    """,
    SERVICE: """
        热线 客服 客服热线 客服电话 服务热线 服务电话 监督电话 举报电话 投诉电话 报修电话 抢修电话 救援电话 市民热线
        挂失热线 hotline hotlines helpline helplines customer·service emergency
    """,
    NONE: "电话亭 电话卡 打卡 打印 打车 打开 打扫 打架 身份证自助机 护照办理 打折 打桩 打在 卡口 打算",
}
# What stands after a number and says the same of it.
AFTER: Mapping[str, str] = {
    THING: r"[ #]?号?(?:工单|订单|灯杆|路灯|电杆|井盖|设备|摄像头|充电桩|电梯|车位|泊位|单车|公告|楼|弄|院|栋"
    r"|单元|路|线|网格)",
    AMOUNT: r" ?(?:元|块|万|亿|平方|立方|米|公里|千米|升|吨|度|人|次|辆|%"
    r"|yuan\b|dollars?\b|rmb\b|eur\b|lit(?:re|er)s?\b|km\b|m2\b)",
    "phone": r"[，, ]{0,2}(?:(?:这个)?(?:是|为) ?(?:我|他|她|俺)?的?(?:电话|手机|号码|座机|办公室)"
    r"|找|联系我"
    r"|is (?:my|his|her) (?:phone|mobile|cell|number|home|office|landline))",
    SERVICE: r"[，, ]{0,2}(?:is|was|是) ?(?:(?:the|a|an|our|市|区)? ?[a-z]{0,12} ?)(?:hotline|helpline|热线|客服)",
    "ssn": r" (?:is|was) my (?:ssn|social)",
    "document": r"[，, ]{0,2}(?:的|这本|是我的?|is (?:my|his|her|the) )? ?(?:护照|通行证|passport)",
}
_SIGNS_OF_MONEY = ("¥", "￥", "$", "€", "£")
_MONEY = late(f"[{''.join(_SIGNS_OF_MONEY)}] ?$")
_MOST_OF_AN_AMOUNT = 10  # digits: who has tens of billions to tell of? A longer number is one of somebody
_SENTENCE = late(f"[。！？!?；;{HIDDEN}]")
# Between the word and its number: 护照号码是：E12345678, "order no. #4415552671".
_FILLER = late(
    r"(?:[ :：#'’（(\[【.=\"“]|的|是|为|号码?|编号|代码|编码"
    r"|no\b\.?|number\b|nr\b\.?|id\b|is\b|s\b|card\b|code\b|is on\b){0,8}(?:[a-z]{0,4}[-_])?"
)
_ANY_NUMBER = ("号码", "编号")  # 居住证编号: the word before has said whose number it is
_NUMBER = late(r"号|编|码|(?<![a-z])(?:no|number|nr|id|#)(?![a-z])|#")
# Things that one speaks of by number, without calling it so.
_NUMBERED = frozenset(
    ["工单", "订单", "灯杆", "电杆", "井盖", "case", "order", "ticket", "pole", "manhole", "reference", "ref"]
)
_HAS_DIGIT = late(r"\d")


def _alternatives(words: Collection[str]) -> str:
    """A pattern of these words that decides character by character: as quick as there are few that begin alike."""
    endings: dict[str, set[str]] = {}
    for word in words:
        if word:
            endings.setdefault(word[0], set()).add(word[1:])
    parts = [re.escape(first) + _alternatives(rest) for first, rest in sorted(endings.items())]
    if not parts:
        return ""
    whole = parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
    return f"(?:{whole})?" if "" in words else whole  # the longer of two first


_KINDS = {word.replace("·", " "): kind for kind, words in BEFORE.items() for word in words.split()}


def _whole_words(first: str, rest: Collection[str]) -> str:
    """A pattern of words that begin with one character. No letter stands before or behind a Latin one; what stands
    before is asked after the first: a pattern that begins with a question has none to look for, and is tried at every
    place of a text."""
    ends = _alternatives(rest)
    return f"{re.escape(first)}(?<![a-z].){ends}(?![a-z])" if first.isascii() else first + ends


_WORD = late(
    "|".join(
        _whole_words(first, [word[1:] for word in words]) for first, words in groupby(sorted(_KINDS), itemgetter(0))
    )
)
_AFTER = {kind: late(pattern) for kind, pattern in AFTER.items()}


# Kinds whose words only keep a number, or have shapes of their own that no word is needed for.
_KEEPING = frozenset({THING, SERVICE, NONE})
_TELLING = late(_alternatives([word for word, kind in _KINDS.items() if kind not in _KEEPING]))


def telling_word(small: str) -> re.Match[str] | None:
    """A word in a text in small letters, or in part of one, that can make a number a person's; None where there is
    none, so that no number of it is one by its words."""
    return _TELLING.search(small)


# Kinds of which a number is only where one of their words stands in the text, before it or behind it.
_SAID = {
    kind: late(_alternatives([word for word, of in _KINDS.items() if of == kind]))
    for kind in ("id", "document", "card", "plate", "mail")
}


def may_be_said(kind: str, small: str) -> bool:
    """Whether the words of a text in small letters can say that a number is of this kind."""
    return kind not in _SAID or _SAID[kind].search(small) is not None


# Backwards from a number: between it and a word that names it nothing but what fills.
_REVERSED_FILLER = (
    r"(?:[-_]?[a-z]{0,4})?(?:[ :：#'’（(\[【.=\"“]|的|是|为|号|码号|号编|码代|码编"
    r"|\.?(?:on|rebmun|rn|di)|si|s|drac|edoc|no si){0,8}"
)
_THING_BEFORE = late(_REVERSED_FILLER + _alternatives([word[::-1] for word, kind in _KINDS.items() if kind == THING]))


class Before(NamedTuple):
    """What stands before a number: the kind that the nearest word says, empty for none; whether the word names the
    number itself, with nothing but filling words in between; whether that is known to be a number."""

    kind: str = ""
    adjacent: bool = False
    number: bool = False


def is_called(text: str, start: int, end: int) -> bool:
    """Whether the word before a number says that it is the number of a thing, or an amount: as `before` has it, which
    takes ten times as long."""
    reversed_window = _window(text, start)[::-1]
    if _THING_BEFORE.match(reversed_window) is None and not reversed_window.lstrip(" ").startswith(_SIGNS_OF_MONEY):
        return False
    word = before(text, start, end)
    return word.kind in (THING, AMOUNT) and word.number


def _window(text: str, start: int) -> str:
    return _SENTENCE.split(text[max(0, start - WINDOW) : start])[-1].lower()


def before(text: str, start: int, end: int) -> Before:
    """The nearest word before the number from `start` to `end` that says what it is, within the sentence and twelve
    characters."""
    window = _window(text, start)
    if _MONEY.search(window) and _may_be_amount(text[start:end]):
        return Before(AMOUNT, True, True)
    last = None
    for found in _WORD.finditer(window):
        if last is None or found[0] not in _ANY_NUMBER or (_KINDS[last[0]] == THING or last.end() < found.start()):
            last = found
    if last is None:
        return Before()
    between = window[last.end() :]
    kind = _KINDS[last[0]]
    if _FILLER.fullmatch(between):
        numbered = last[0] in _NUMBERED or _NUMBER.search(window, last.start()) is not None
        return Before(kind, True, numbered)
    if len(between) > _FARTHER.get(kind, _NEAR) or _HAS_DIGIT.search(between):
        return Before()
    return Before(kind)


def is_measured(text: str, start: int, end: int) -> bool:
    """Whether the words after a number say that it is an amount, as they cannot of 打13800138000人不接."""
    return after(text, end, AMOUNT) and _may_be_amount(text[start:end])


def _may_be_amount(number: str) -> bool:
    return sum(map(str.isdigit, number)) <= _MOST_OF_AN_AMOUNT


def after(text: str, end: int, kind: str) -> bool:
    """Whether the words after a number say that it is of this kind."""
    pattern = _AFTER.get(kind)
    return pattern is not None and pattern.match(text, end) is not None

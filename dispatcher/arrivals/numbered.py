"""Which one 编号: numbers in texts that name a thing (lamp 12, 3号楼, 二单元) and tell it from its neighbour.

Numbers that measure or count (3 days, 两个月, 10:30, 2026-03-02) name nothing.
"""

import re
from collections import defaultdict
from functools import lru_cache
from itertools import pairwise

from models.gist import Names
from models.plain_words import fold

_DIGITS = dict(zip("零〇一二三四五六七八九两壹贰叁肆伍陆柒捌玖", (0, 0, *range(1, 10), 2, *range(1, 10)), strict=True))
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000}
_TO_TWENTY = (
    "one two three four five six seven eight nine ten "
    "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
)
_WORDS = {word: str(number) for number, word in enumerate(_TO_TWENTY.split(), 1)}
_NUMERAL = f"[{''.join(_DIGITS)}{''.join(_UNITS)}]+"
# What makes a number that stands before it a name.
_OF_WHAT = "号楼|号院|号|栋|幢|座|单元|楼|层|室|门|弄|巷|杆|组|队|期|区|路|车道|出口|口|站|标段"
# Of these a Chinese numeral is a name as well: 一座桥 is any bridge, 三单元 one certain unit.
_SURELY = "号楼|号院|号|栋|幢|单元|楼|层|室|弄|组|期"
_ALIASES = {"号楼": "栋", "幢": "栋", "号院": "院", "no": "", "nr": "", "number": "", "#": "", "bldg": "building"}
_NAMED_BEFORE = (
    "no|nr|number|lamp|lamppost|light|streetlight|pole|post|house|unit|apt|apartment|flat|block|building|bldg|gate|room"
    "|floor|level|lot|stop|route|bus|line|exit|pier|tower|villa|suite|entrance|hydrant|manhole|cabinet|meter|bench|tree"
    "|bin|space|bay|platform|track|lane|section|zone|sector|district|phase|plot|camera|signal|door"
)
_MEASURES = (
    "个|盏|根|棵|只|条|张|件|袋|桶|辆|台|处|家|户|人|位|名|次|遍|回|天|日|周|星期|礼拜|月|年|小时|钟头|分|秒|点|时|米|公里|千米"
    "|厘米|公分|毫米|平|吨|斤|公斤|元|块|万|倍|度|岁|成|%|°"
    r"|(?:days?|hours?|hrs?|h|minutes?|mins?|seconds?|secs?|weeks?|months?|years?|yrs?|times?|x|m|met(?:re|er)s?|km|cm"
    "|mm|ft|feet|foot|inch(?:es)?|yards?|miles?|people|persons?|residents?|families|cars?|vehicles?|bags?|trees?|lamps"
    r"|lights|(?:pot)?holes?|of|or|am|pm|o'clock|kg|lbs?|tons?|degrees?|dollars?|yuan|rmb|mph)\b"
)
_NOTHING_NAMED = re.compile(
    r"\d{4}\s*[-/.年]\s*\d{1,2}(?:\s*[-/.月]\s*\d{1,2}\s*[日号]?|\s*月)?"  # dates
    r"|\d{1,2}月\d{1,2}[日号]|\d{1,2}[:：]\d{2}(?:[:：]\d{2})?|\d+/\d+|\d+\.\d+|[$¥€£]\s*\d+"
    rf"|(?<!第)(?<!\d)\d+(?:\s*[-–~到至]\s*\d+)?\s*[多余来]?\s*-?\s*(?:{_MEASURES})"
    rf"|第\s*(?:\d+|{_NUMERAL})\s*(?:次|遍|回|天|周|年)"
)
_LETTER = r"(?<![a-z])[a-z](?=\s*(?:座|栋|幢|区|口|出口|单元))"
_NAME = re.compile(
    rf"(?P<latin>[a-z]?\d+[a-z]?|{_LETTER})\s*(?P<of>{_OF_WHAT})"
    rf"|(?P<chinese>{_NUMERAL})(?P<sure>{_SURELY})|第(?P<nth>\d+|{_NUMERAL})"
    rf"|\b(?P<before>{_NAMED_BEFORE}|#)\.?\s*#?\s*(?P<named>[a-z]?\d+[a-z]?\b|(?:{'|'.join(_WORDS)})\b)"
    r"|(?<![a-z0-9])(?P<bare>[a-z]?\d+[a-z]?)(?:st|nd|rd|th)?(?![a-z0-9])"
)
_AND = re.compile(r"\s*(?:,|、|和|与|及|或|and|&|or)\s*")
_ANY = re.compile(rf"\d|{_NUMERAL}|{_LETTER}|{'|'.join(_WORDS)}")
_PARTS = re.compile(r"([a-z]?)0*(\d+)([a-z]?)")


def contradict(names: Names, other: Names) -> bool:
    """Whether the numbers of two texts name different things of one kind, or none is in both."""
    if not names or not other:
        return False
    first, second = _by_kind(names), _by_kind(other)
    if any(first[kind].isdisjoint(second[kind]) for kind in first.keys() & second.keys()):
        return True
    return frozenset.union(*first.values()).isdisjoint(frozenset.union(*second.values()))


@lru_cache(maxsize=4096)
def _by_kind(names: Names) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for kind, number in names:
        found[kind].add(number)
    return {kind: frozenset(numbers) for kind, numbers in found.items()}


def names_in(text: str) -> Names:
    """The numbers that a text names things by, each after what it is the number of (empty where it does not say)."""
    text = fold(text)[:1000]
    if not _ANY.search(text):
        return ()
    text = _NOTHING_NAMED.sub(" ", text)
    numbers = [(match, *_kind_and_number(match)) for match in _NAME.finditer(text)]
    found = {(kind, number) for _, kind, number in numbers}
    for (match, kind, number), (after, other_kind, other) in pairwise(numbers):
        # 12、13号 and "lamps 12 and 13": what one of them is the number of, the other is too.
        if bool(kind) != bool(other_kind) and _AND.fullmatch(text, match.end(), after.start()):
            found.update((kind or other_kind, each) for each in (number, other))
    return tuple(sorted(found))


def _kind_and_number(match: re.Match[str]) -> tuple[str, str]:
    kind = match["of"] or match["sure"] or match["before"] or ""
    number = match["latin"] or match["chinese"] or match["nth"] or match["named"] or match["bare"]
    return _ALIASES.get(kind, kind), _written(number)


def _written(number: str) -> str:
    """One spelling of a number: 12 for 012, 十二, 一二 and twelve."""
    if (parts := _PARTS.fullmatch(number)) is not None:
        return f"{parts[1]}{int(parts[2])}{parts[3]}"
    if number in _WORDS:
        return _WORDS[number]
    if number[0] in _DIGITS or number[0] in _UNITS:
        return str(_of_numeral(number))
    return number


def _of_numeral(numeral: str) -> int:
    """What a Chinese numeral says, as an amount (一百零三) or digit by digit (一〇三)."""
    if not any(character in _UNITS for character in numeral):
        return int("".join(str(_DIGITS[character]) for character in numeral))
    total, digit = 0, 0
    for character in numeral:
        if character in _UNITS:
            total += (digit or 1) * _UNITS[character]
            digit = 0
        else:
            digit = _DIGITS[character]
    return total + digit

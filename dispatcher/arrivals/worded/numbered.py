"""Which one 编号: numbers in texts that name a thing (lamp 12, 3号楼, 二单元) and tell it from its neighbour.

Numbers that measure or count (3 days, 两个月, 10:30, 2026-03-02) name nothing.
"""

import re
from collections import defaultdict
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter

from models.gist import Names
from models.plain_words import plain

_DIGITS = dict(zip("零〇一二三四五六七八九两壹贰叁肆伍陆柒捌玖", (0, 0, *range(1, 10), 2, *range(1, 10)), strict=True))
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000}
_TO_TWENTY = (
    "one two three four five six seven eight nine ten "
    "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: str(number) for number, word in enumerate(_TO_TWENTY.split(), 1)}
_WORDS |= {
    f"{tens}{joint}{ones}": str(10 * of + number)
    for of, tens in enumerate(_TENS.split(), 2)
    for joint in "- "
    for number, ones in enumerate(_TO_TWENTY.split()[:9], 1)
}
_TO_TENTH = "first second third fourth fifth sixth seventh eighth ninth tenth"
_ORDINALS = {word: str(number) for number, word in enumerate(_TO_TENTH.split(), 1)}
_FIRST_WORDS = "|".join([*_TO_TWENTY.split(), *_TENS.split(), *_TO_TENTH.split()])
_IN_WORDS = "|".join(sorted(_WORDS, key=len, reverse=True))
_TO_XII = "i ii iii iv v vi vii viii ix x xi xii"
_ROMAN = {word: str(number) for number, word in enumerate(_TO_XII.split(), 1)}
_STEMS = "甲乙丙丁"
_ONE_NUMERAL = f"{''.join(_DIGITS)}{''.join(_UNITS)}"
_NUMERAL = f"[{_ONE_NUMERAL}]+"
# What makes a number that stands before it a name.
_OF_WHAT = "号楼|号院|号|栋|幢|座|单元|楼|层|室|门|弄|巷|杆|组|队|期|区|路|车道|出口|口|站|标段"
# Of these a Chinese numeral is a name as well: 一座桥 is any bridge, 三单元 one certain unit.
_SURELY = "号楼|号院|号|栋|幢|单元|楼|层|室|弄|组|期|区"
_ALIASES = {"号楼": "栋", "幢": "栋", "号院": "院", "no": "", "nr": "", "number": "", "#": "", "bldg": "building"}
_NAMED_BEFORE = (
    "no|nr|number|lamp|lamppost|light|streetlight|pole|post|house|unit|apt|apartment|flat|block|building|bldg|gate|room"
    "|floor|level|lot|stop|route|bus|line|exit|pier|tower|villa|suite|entrance|hydrant|manhole|cabinet|meter|bench|tree"
    "|bin|space|bay|platform|track|lane|section|zone|sector|district|phase|plot|camera|signal|door"
)
_LETTERED = "block|building|tower|wing|gate|unit|flat|entrance|exit|phase|zone|section|sector|platform|lot"
_NTH = (
    "lamp|lamppost|streetlight|pole|house|building|block|floor|gate|exit|entrance|room|bench|tree|bin|manhole|hydrant"
)
_MEASURES = (
    "个|盏|根|棵|只|条|张|件|袋|桶|辆|台|处|家|户|人|位|名|次|遍|回|天|日|周|星期|礼拜|月|年|小时|钟头|分|秒|点|时|分贝|赫兹|伏|米|公里|千米"
    "|厘米|公分|毫米|平|吨|斤|公斤|元|块|万|倍|度|岁|成|%|°"
    r"|(?:days?|hours?|hrs?|h|minutes?|mins?|seconds?|secs?|weeks?|months?|years?|yrs?|times?|x|m|met(?:re|er)s?|km|cm"
    "|mm|ft|feet|foot|inch(?:es)?|yards?|miles?|people|persons?|residents?|families|cars?|vehicles?|bags?|trees?|lamps"
    r"|lights|(?:pot)?holes?|of|or|am|pm|o'clock|kg|lbs?|tons?|degrees?|dollars?|yuan|rmb|mph|db|decibels?|hz|kw|volts?)\b"
)
_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_NOTHING_NAMED = re.compile(
    r"(?=\d)(?:"
    r"\d{4}\s*[-/.年]\s*\d{1,2}(?:\s*[-/.月]\s*\d{1,2}\s*[日号]?|\s*月)?"  # dates
    r"|\d{1,2}月\d{1,2}[日号]|\d{1,2}[:：]\d{2}(?:[:：]\d{2})?|(?<!flat )\d+/\d+|\d+\.\d+"
    rf"|(?<!第)(?<![\d+])\d+(?:\s*[-–~到至]\s*\d+)?\s*[多余来]?\s*-?\s*(?:{_MEASURES})"
    r"|\d{1,2}[日号](?=\s*(?:早|晚|上午|下午|中午|凌晨|夜|傍晚|清晨|那天|当天))"
    r"|\d{3,12}(?=打|热线)"
    r")"
    rf"|[第$¥€£打拨电](?:(?<=第)\s*(?:\d+|{_NUMERAL})\s*(?:次|遍|回|天|周|年)"
    r"|(?<=[$¥€£])\s*\d+|(?:(?<=[打拨])|(?<=致电))[了过通给]?\s*\d{3,12})"
)
_NOTHING_IN_ENGLISH = re.compile(
    rf"\b(?:(?:{_MONTHS})\.?\s*\d{{1,2}}(?:st|nd|rd|th)?\b|\d{{1,2}}(?:st|nd|rd|th)?\s*(?:{_MONTHS})\b"
    r"|(?:call(?:ed|ing)?|dial(?:led|ed)?)\s*\d{3,12})"
)
_LATIN = re.compile("[a-z]{3}")
_LETTER = rf"(?<![a-z])(?:[a-z](?=\s*(?:座|栋|幢|区|口|出口|单元))|[{_STEMS}](?=座|栋|幢|区|楼|单元))"
# 3-2-401 is 3栋2单元401室, and so is 3栋2单元401.
_DOOR = re.compile(r"(?<![\d-])(\d{1,3})-(\d{1,2})-(\d{3,4})(?![\d-])")
_ROOM = re.compile(r"(单元\s*\d{3,4})(?![\d室号户])")
# A capital behind a word of English is a name; "block a road" is none.
_BY_LETTER = re.compile(rf"\b((?i:{_LETTERED})) ([A-Z])\b(?!')")
_LETTER_ALONE = re.compile(r" [A-Z]\b")
_NAME = re.compile(
    rf"(?P<stake>\bk\d+\s*\+\s*\d{{1,3}})|(?P<latin>[a-z{_STEMS}]?\d+[a-z]?|{_LETTER})\s*(?P<of>{_OF_WHAT})"
    r"|(?<![a-z])(?P<roman>[ivx]{1,4})\s*(?P<stage>期|号楼|号|标段)"
    rf"|(?<![这那同另每某哪])(?P<chinese>{_NUMERAL})(?P<sure>{_SURELY})|第(?P<nth>\d+|{_NUMERAL})"
    rf"|(?<![a-z])(?P<before>{_NAMED_BEFORE}|#)\.?\s*#?\s*(?P<named>[a-z]?\d+[a-z]?\b|(?:{_IN_WORDS})\b|(?<=#)[a-z]\b)"
    rf"|\b(?P<ordinal>{'|'.join(_ORDINALS)}) (?P<thing>{_NTH})\b"
    r"|(?<![a-z0-9])(?P<bare>[a-z]?\d+[a-z]?)(?:st|nd|rd|th)?(?![a-z0-9])"
)
# Where these can begin, by one character: without it the engine tries them at each of a text, which takes most of the
# time. A letter is the first of a word, or stands before a digit.
_DIGIT = re.compile(r"\d")
_IN_ENGLISH_BEGINS = re.compile(r"[\djfmasondc](?<!\w.)")
_NOTHING_BEGINS = re.compile(r"[\d第$¥€£打拨电]")
_NAME_BEGINS = re.compile(rf"[a-z\d#第{_ONE_NUMERAL}{_STEMS}](?:(?<=[^a-z])|(?<![a-z].)|(?=\d))")
# Of 12号楼到14号楼 and "lamps 12 to 14" those between are meant as well.
_TO = re.compile(r"\s*(?:-|–|—|~|～|到|至|to|through|thru)\s*第?")
_MOST_BETWEEN = 40
_AND = re.compile(r"\s*(?:,|、|和|与|及|或|and|&|or)\s*")
# Whether there is any number at all: nearly always one character tells, and words are looked for where none does.
_SIGN = re.compile(rf"[\d{_ONE_NUMERAL}{_STEMS}]")
_SPELT = re.compile(
    r"[a-z#](?<![a-z].)(?:(?<=[a-z])\s*[座栋幢区口出单]|(?<=#)[a-z]|(?<=[ivx])[ivx]{1,3}\s*[期号标]|"
    + "|".join(
        f"(?<={first})(?:{'|'.join(word[1:] for word in words)})"
        for first, words in groupby(sorted(_FIRST_WORDS.split("|")), itemgetter(0))
    )
    + ")"
)
_PARTS = re.compile(rf"([a-z{_STEMS}]?)0*(\d+)([a-z]?)")
_USUAL_NAMES = 32  # in a text; those of texts with more are grouped again each time


def contradict(names: Names, other: Names) -> bool:
    """Whether the numbers of two texts name different things of one kind, or none is in both."""
    if not names or not other:
        return False
    first, second = _by_kind(names), _by_kind(other)
    if any(first[kind].isdisjoint(second[kind]) for kind in first.keys() & second.keys()):
        return True
    return frozenset.union(*first.values()).isdisjoint(frozenset.union(*second.values()))


def _by_kind(names: Names) -> dict[str, frozenset[str]]:
    return _usual_by_kind(names) if len(names) <= _USUAL_NAMES else _grouped(names)


def _grouped(names: Names) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for kind, number in names:
        found[kind].add(number)
    return {kind: frozenset(numbers) for kind, numbers in found.items()}


_usual_by_kind = lru_cache(maxsize=2048)(_grouped)


def names_in(text: str) -> Names:
    """The numbers that a text names things by, each after what it is the number of (empty where it does not say)."""
    text = _folded(text)
    if not (_SIGN.search(text) or _SPELT.search(text)):
        return ()
    if _DIGIT.search(text) and _LATIN.search(text):
        text = _without(_NOTHING_IN_ENGLISH, _IN_ENGLISH_BEGINS, text)
    text = _without(_NOTHING_NAMED, _NOTHING_BEGINS, text)
    if "-" in text:
        text = _DOOR.sub(r"\1栋\2单元\3室", text)
    if "单元" in text:
        text = _ROOM.sub(r"\1室", text)
    numbers = [(match, *_kind_and_number(match)) for match in _each(_NAME, _NAME_BEGINS, text)]
    found = {(kind, number) for _, kind, number in numbers}
    for (match, kind, number), (after, other_kind, other) in pairwise(numbers):
        # 12、13号 and "lamps 12 and 13": what one of them is the number of, the other is too.
        if bool(kind) != bool(other_kind) and _AND.fullmatch(text, match.end(), after.start()):
            found.update((kind or other_kind, each) for each in (number, other))
        elif _TO.fullmatch(text, match.end(), after.start()) and kind in ("", other_kind):
            found.update((other_kind, each) for each in _between(number, other))
    return tuple(sorted(found))


def _each(pattern: re.Pattern[str], begins: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """What `finditer` finds, tried only where it can begin."""
    found, at = [], 0
    for begin in begins.finditer(text):
        if begin.start() >= at and (match := pattern.match(text, begin.start())) is not None:
            found.append(match)
            at = match.end()
    return found


def _without(pattern: re.Pattern[str], begins: re.Pattern[str], text: str) -> str:
    """The text with a blank for each of what is found."""
    for found in reversed(_each(pattern, begins, text)):
        text = f"{text[: found.start()]} {text[found.end() :]}"
    return text


def _folded(text: str) -> str:
    text = plain(text)[:1000]
    small = text.casefold()
    if small != text and _LETTER_ALONE.search(text):
        small = _BY_LETTER.sub(r"\1 #\2", text).casefold()
    return small.replace("廿", "二十").replace("卅", "三十")


def _kind_and_number(match: re.Match[str]) -> tuple[str, str]:
    if stake := match["stake"]:  # of a road 桩号
        return "stake", "".join(stake.split())
    kind = match["of"] or match["stage"] or match["sure"] or match["before"] or match["thing"] or ""
    number = next(each for each in match.group("latin", "roman", "chinese", "nth", "named", "ordinal", "bare") if each)
    return _ALIASES.get(kind, kind), _written(number)


def _between(first: str, last: str) -> list[str]:
    """The numbers from one to another, both included; none where they are not the ends of a short range."""
    if not (first.isdecimal() and last.isdecimal() and 0 < int(last) - int(first) <= _MOST_BETWEEN):
        return []
    return [str(number) for number in range(int(first), int(last) + 1)]


def _written(number: str) -> str:
    """One spelling of a number: 12 for 012, 十二, 一二, xii, twelve and twelfth."""
    if (parts := _PARTS.fullmatch(number)) is not None:
        return f"{parts[1]}{int(parts[2])}{parts[3]}"
    for known in (_WORDS, _ORDINALS, _ROMAN):
        if number in known:
            return known[number]
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

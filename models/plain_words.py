"""Texts as they are compared 文本归一: one home for what makes two spellings of the same words the same.

People's texts come with characters that look like others (Kangxi radicals, full width, ligatures), with traditional
script, with characters that nobody sees, with markup of the form they were typed into. Whatever compares texts, finds
places in them or classifies them asks for `plain` first; what is kept and shown is the text as it came.
"""

import html
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain, compress, pairwise
from operator import ne

from opencc import OpenCC

_IDEOGRAPHS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF))
# The planes where other spellings live: the basic one, styled letters and digits, variants of ideographs.
_LOOKED_AT = ((0x80, 0xD7FF), (0xE000, 0xFFFF), (0x1D400, 0x1D7FF), (0x1F100, 0x1F2FF), (0x2F800, 0x2FA1F))
# Common in every Chinese text, and as much a break as their narrow twins: to fold them would be work for nothing.
_WIDE_MARKS = frozenset("，！？；：（）～…")
# Not of the categories of invisible characters, yet nothing is seen of them: fillers, joiners, the frame of a keycap,
# selectors of variants.
_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u20e3\u3164\uffa0\u180b\u180c\u180d\u180f"
_UNSEEN += "".join(map(chr, range(0xFE00, 0xFE10)))
_BLANKS = " \t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\u1680\u2028\u2029\u2800"  # those that are left after NFKC
_TAGS = "\U000e0000-\U000e0fff"  # language tags and further variation selectors
# Whole characters among the radicals of dictionaries that Unicode does not call compatible with any.
_RADICALS = dict(
    zip("⺒⺓⺙⺛⺝⺟⺠⺩⺷⺼⻁⻄⻆⻊⻑⻗⻘⻝⻣⻤", "巳幺攵旡月母民王羊月虎西角足長雨青食骨鬼", strict=True)
)


def _ranges(characters: str) -> str:
    """What stands within the brackets of a character class, neighbours put together to ranges."""
    codes = sorted(map(ord, characters))
    begins = [code for before, code in pairwise([-2, *codes]) if code > before + 1]
    ends = [code for code, after in pairwise([*codes, sys.maxunicode + 2]) if code < after - 1]
    return "".join(_range(chr(first), chr(last)) for first, last in zip(begins, ends, strict=True))


def _range(first: str, last: str) -> str:
    return re.escape(first) if first == last else f"{re.escape(first)}-{re.escape(last)}"


def _simplified() -> dict[int, str]:
    """Each traditional character and each radical with its simplified character, forms of Taiwan and Hong Kong
    included. By single characters, so that places in a text stay what they are; what only whole words could tell (乾隆
    is no 干) becomes the same on both sides of a comparison."""
    radicals = dict(_RADICALS)
    for code in range(0x2E80, 0x2EF4):
        _, simplified, name = unicodedata.name(chr(code), "").partition("-SIMPLIFIED ")
        if simplified:
            radicals[chr(code)] = unicodedata.normalize("NFKC", unicodedata.lookup(f"KANGXI RADICAL {name}"))
    codes = [*chain.from_iterable(range(low, high + 1) for low, high in _IDEOGRAPHS), *map(ord, radicals)]
    before = [*map(chr, codes[: -len(radicals)]), *radicals.values()]
    found = {ord(radical): same for radical, same in radicals.items()}
    for way in ("hk2s", "tw2s", "t2s"):  # where they differ, the last one counts
        after = OpenCC(way).convert("\n".join(before)).split("\n")
        changed = map(ne, after, before)
        found |= {code: new for code, new in compress(zip(codes, after, strict=True), changed) if len(new) == 1}
    del found[ord("么")]  # simplified as it is: that it is Taiwan's 幺 as well is no reason
    return found


def _invisible(characters: Sequence[str]) -> str:
    """Those of them that are controls or formats, but for blanks."""
    kinds = zip(characters, map(unicodedata.category, characters), strict=True)
    return "".join([each for each, kind in kinds if kind == "Cf" or (kind == "Cc" and not each.isspace())])


# Every process makes these tables when it starts: what looks through all characters does so in one go.
EVERY = [*map(chr, chain.from_iterable(range(low, high + 1) for low, high in _LOOKED_AT))]
_HIDDEN = _invisible([*map(chr, range(0x80)), *EVERY]) + _UNSEEN
_SIMPLIFIED = _simplified()
_COMPATIBLE = "".join(
    c for c in EVERY if not unicodedata.is_normalized("NFKC", c) and c not in _WIDE_MARKS and c not in _HIDDEN
)
_COMBINING = "".join(filter(unicodedata.combining, EVERY))
_WORK = _HIDDEN + _COMPATIBLE + _COMBINING + _BLANKS[1:] + "".join(map(chr, _SIMPLIFIED))
_BASIC = 0x10000  # so many characters has the basic plane
_LAST = chr(_BASIC - 1)

# What `plain` makes of each single character that it changes: nothing of one that nobody sees, several of a ligature.
CHARACTERS: Mapping[int, str] = (
    {ord(c): unicodedata.normalize("NFKC", c).translate(_SIMPLIFIED) for c in _COMPATIBLE}
    | _SIMPLIFIED
    | {ord(c): " " for c in _BLANKS}
    | {ord(c): "" for c in _HIDDEN}
)


def by_place(table: Mapping[int, str]) -> list[int]:
    """For `str.translate`, what a table says of the basic plane, of single characters that become single ones: a list
    is looked up twice as fast."""
    places = [*range(_BASIC)]
    for code, new in table.items():
        if code < _BASIC and len(new) == 1:
            places[code] = ord(new)
    return places


_ONE_BY_ONE = by_place(_SIMPLIFIED)
# Two patterns: of the basic plane alone the engine makes a table, which is twenty times faster than ranges.
_ODD = re.compile(f"[{_ranges(''.join(c for c in _WORK if c <= _LAST))}]")
_BEYOND = re.compile(f"[^\0-{_LAST}]")
_INVISIBLE = re.compile(f"[{_ranges(_HIDDEN)}{_TAGS}]")
_MARK, _COMPAT = _ranges(_COMBINING), _ranges(_COMPATIBLE)
_MAY_BE_COMPATIBLE = re.compile(f"[{_ranges(''.join(c for c in _COMPATIBLE + _COMBINING if c <= _LAST))}]")
_COMPATIBILITY = re.compile(f"(?:[{_COMPAT}]|.[{_MARK}])[{_COMPAT}{_MARK}]*|[{_MARK}]+", re.DOTALL)
_SEVERAL = re.compile(f"[{_BLANKS}]+")
_BETWEEN = re.compile(r" (?<=[\u3400-\u9fff] )(?=[\u3400-\u9fff])")
_QUOTED = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)  # what XML leaves as it is
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)|<(?:script|style)\b[^<>]*>[^<]*", re.DOTALL | re.IGNORECASE)
TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9:-]*)(?:\s[^<>]*)?/?>|<[!?][^<>]*>")
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]\w{1,31});")
_MOST_ESCAPED = 3  # times, one around the other: &amp;lt;p&amp;gt;
# Within a word these may stand; all others part what is before them from what is after.
_INLINE = re.compile(
    "a|abbr|b|bdi|bdo|big|code|del|em|font|i|ins|mark|s|small|span|strike|strong|sub|sup|tt|u|wbr", re.IGNORECASE
)


@lru_cache(maxsize=8)  # of the same words several rules ask for it, one right after the other
def plain(text: str) -> str:
    """The text as it is compared: without markup and invisible characters, in compatibility form (NFKC, but for the
    wide marks of punctuation), in simplified script, with one blank where there were several and none between
    ideographs or at the ends. Capitals stay."""
    if "<" in text or "&" in text:
        text = _without_markup(text)
    if not (text.isascii() and text.isprintable()) and (_ODD.search(text) or _BEYOND.search(text)):
        text = _INVISIBLE.sub("", text)  # first, since they stand between what belongs together
        if _MAY_BE_COMPATIBLE.search(text) or _BEYOND.search(text):
            text = _COMPATIBILITY.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
        text = _SEVERAL.sub(" ", text.translate(_ONE_BY_ONE))
    if "  " in text:
        text = _SEVERAL.sub(" ", text)
    text = text.strip(" ")
    return text if text.isascii() else _BETWEEN.sub("", text)


def fold(text: str) -> str:
    """The same with capitals folded: for what does not distinguish them."""
    return plain(text).casefold()


def fold_many(texts: Sequence[str]) -> list[str]:
    """`fold` of each, quicker if they are many: most hold no character that `plain` might change."""
    odd = {sign for sign in set[str]().union(*texts) if sign in " <&" or _ODD.search(sign) or _BEYOND.search(sign)}
    return [text.casefold() if odd.isdisjoint(text) else fold(text) for text in texts]


def _without_markup(text: str) -> str:
    for _ in range(_MOST_ESCAPED):
        bare = _without_tags(text)
        text = ENTITY.sub(lambda found: html.unescape(found[0]), bare)
        if text == bare:
            return text
    return _without_tags(text)  # what was escaped as a whole has its tags only now


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    return TAG.sub(_instead, _COMMENT.sub("", _QUOTED.sub(r"\1", text)))


def _instead(found: re.Match[str]) -> str:
    return "" if _INLINE.fullmatch(found[1] or "") else " "

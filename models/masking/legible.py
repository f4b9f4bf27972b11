"""A text as its reader reads it, with the way back to the characters that were written.

People write one number in many ways: with digits of other scripts or in circles, with characters that nobody sees in
between, in Chinese numerals, with letters that look like digits. Patterns look at one spelling; what they find is
replaced in the original.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from models.masking.late import late
from models.plain_words import CHARACTERS, ENTITY, EVERY, TAG, by_place

# Between two digits of one number: blanks, brackets, and the marks that people use instead of a dash.
MARKS = r" \-‐-―−()（）\[\]【】《》<>\"“”'‘’+·•・∙._~～=:：;；|/\\,，、。…*#&^@"
GAP = rf"[{MARKS}]{{0,5}}"
# Stands in the legible text where something is already masked: no pattern asks for it, and nobody can write it, as it
# is not seen. It is of ASCII, so that a text of ASCII alone stays one.
HIDDEN = "\0"

# By digit from 0 to 9. Radio operators say 洞幺两拐勾 for 0, 1, 2, 7, 9; 么 is Taiwan's spelling of 幺.
_NUMERALS_OF = ("零〇洞", "一ㄧ壹幺么", "二贰两", "三叁参", "四肆", "五伍", "六陆", "七柒拐", "八捌", "九玖勾")
_NUMERALS = {ord(numeral): str(digit) for digit, numerals in enumerate(_NUMERALS_OF) for numeral in numerals}
_NUMERAL = "".join(map(chr, _NUMERALS))
_IN_NUMERALS = late(rf"(?=[\d{MARKS}]{{0,24}}[{_NUMERAL}])[\d{_NUMERAL}](?:{GAP}[\d{_NUMERAL}]){{2,}}")
_NUMERALS_TOGETHER = late(rf"[\d{_NUMERAL}](?:(?<=[{_NUMERAL}]){GAP}[\d{_NUMERAL}]|{GAP}[{_NUMERAL}])")
_WHOLE = late(rf"[0-9](?:{GAP}[0-9]){{9}}")
# Eleven that begin like a mobile number: letters that are read as digits.
_LIKE_DIGITS = str.maketrans("oOlI", "0011")
IN_LETTERS = late(r"[1lI](?<![A-Za-z0-9].)(?=[oOlI]{0,4}[ \-]?\d)(?:[ \-]?[\doOlI]){10}(?![A-Za-z0-9])")

_DIGITS = {ord(digit): str(unicodedata.digit(digit)) for digit in filter(str.isdigit, EVERY)}
_TABLE = {code: new for code, new in {**CHARACTERS, **_DIGITS}.items() if new != chr(code)}
# The same for a text in which none is resized and none is beyond the basic plane.
_ONE_BY_ONE = by_place(_TABLE)
_A_NUMERAL = late(f"[{_NUMERAL}]")
_NEAR = 6  # so far from one numeral of a number to the next: `GAP`
_THREE_NUMERALS = late(rf"[{_NUMERAL}](?:[^{_NUMERAL}]{{0,{_NEAR - 1}}}[{_NUMERAL}]){{2}}")
_NO_TAGS = ("at", "dot")  # jane<at>example<dot>com
# Of the basic plane alone the engine makes a table; what is beyond it is rare enough to be looked at one by one.
_RESIZED = late(f"[{re.escape(''.join(chr(c) for c, new in _TABLE.items() if len(new) != 1 and c < 2**16))}]")
_CHANGED = late(f"[{re.escape(''.join(chr(c) for c in _TABLE if c < 2**16))}]")
_BEYOND = late("[^\0-\uffff]")
_MASKED = late(r"\*(?:(?=\*)|(?<=\*\*))")  # each of two or more


class Legible(NamedTuple):
    """A text in one spelling. Where it is as long as the original, character for character, `starts` and `ends` are
    None; else they say from where to where in the original each character was written."""

    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def written(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original the characters from `start` to before `end` (which is larger) were written."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def legible(text: str) -> Legible:
    """The text in compatibility form and simplified script, with all digits as 0 to 9, without what is not seen."""
    changed, plain = _CHANGED.search(text) is not None, text.isascii()
    if "<" in text or "&" in text or (changed and _RESIZED.search(text)) or not (plain or _BEYOND.search(text) is None):
        written, starts, ends = _piecewise(text)
        return Legible(_with_digits(written), starts, ends)
    return Legible(_with_digits(text.translate(_ONE_BY_ONE) if changed else text))


def has_numerals(read: str) -> bool:
    """Whether three numerals stand so near each other in a legible text that they could be read as a number."""
    return not read.isascii() and _THREE_NUMERALS.search(read) is not None


def _piecewise(text: str) -> Legible:
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    while at < len(text):
        end, new = at + 1, _TABLE.get(ord(text[at]), text[at])
        if text[at] == "<" and (tag := TAG.match(text, at)) is not None and tag[1] not in _NO_TAGS:
            end, new = tag.end(), ""
        elif text[at] == "&" and (entity := ENTITY.match(text, at)) is not None:
            end, new = entity.end(), html.unescape(entity[0]).translate(_TABLE)
        elif not new and ends:
            ends[-1] = end  # what is not seen belongs to what it was typed behind: the frame of a keycap
        for character in new:
            characters.append(character)
            starts.append(at)
            ends.append(end)
        at = end
    return Legible("".join(characters), starts, ends)


def _in_digits(found: re.Match[str]) -> str:
    """A number in numerals as digits; a numeral beside a number that is whole without it stays."""
    return found[0] if _WHOLE.search(found[0]) else found[0].translate(_NUMERALS)


def _with_digits(text: str) -> str:
    """The same length: numerals and letters that stand for digits as digits, what is already masked as `HIDDEN`."""
    if "**" in text:
        text = _MASKED.sub(HIDDEN, text)
    first = None if text.isascii() else _A_NUMERAL.search(text)
    if first is not None and _NUMERALS_TOGETHER.search(text, max(0, first.start() - _NEAR)):
        text = _IN_NUMERALS.sub(_in_digits, text)
    return IN_LETTERS.sub(lambda found: found[0].translate(_LIKE_DIGITS), text)

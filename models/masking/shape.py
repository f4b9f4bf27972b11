"""What a row of the tables of personal data says, and what the rows have in common.

Patterns are for the legible text (`models.masking.legible`). None repeats anything without a bound, so a text costs
time in proportion to its length, whatever stands in it.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from models.masking.late import late
from models.masking.legible import GAP

TAME = r"[ \-‐-―−().·•・_（）]{0,3}"  # what stands between the groups of one number, and not between two numbers
EDGE, END = r"(?<![0-9])", r"(?![0-9])"
WORD_EDGE, WORD_END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
FREE = r"(?<![A-Za-z0-9])(?<![A-Za-z]-)"  # not the digits of a name such as WO-2026 or K1234

Fits = Callable[[re.Match[str]], bool]
_DIGITS = late("[0-9]+")


class Shape(NamedTuple):
    """One row. `pattern` finds it, and its `group` is what goes; `fits` looks closer. It needs a word of the kind
    `words` around it, unless that is empty. The number of a thing stays, unless the shape is `certain`; what is
    `telling` stays only where a number is expected: 路灯编号 13812345678, but not 路灯 13812345678."""

    kind: str
    pattern: re.Pattern[str]
    group: int | str = 0
    words: str = ""
    fits: Fits | None = None
    certain: bool = False
    telling: bool = False


class ShapeTable(NamedTuple):
    """Rows that are looked through where their `sign` stands in the legible text in small letters; `digits` says that
    all begin and end near a digit.

    Each way in which a sign can begin should be told by one character, or all of them by one class of characters: the
    engine then passes over all others in a text without trying anything, three to ten times as fast.
    """

    sign: re.Pattern[str]
    digits: bool
    shapes: Sequence[Shape]


def shape(
    kind: str,
    *pattern: str,
    words: str = "",
    fits: Fits | None = None,
    certain: bool = False,
    telling: bool = False,
    fold: bool = False,
) -> Shape:
    """A row; the parts of its pattern are joined, and with `fold` capitals are small letters. What goes is the group
    `it` of the pattern, or without one all that it finds."""
    joined = "".join(pattern)
    group = "it" if "(?P<it>" in joined else 0
    return Shape(kind, late(joined, re.IGNORECASE if fold else re.NOFLAG), group, words, fits, certain, telling)


def table(sign: str, *shapes: Shape, digits: bool = True) -> ShapeTable:
    """A table of these rows."""
    return ShapeTable(late(sign), digits, shapes)


def spread(count: int | str, gap: str = GAP) -> str:
    """So many further digits of a number, with gaps before each; `count` as in a pattern's braces."""
    return rf"(?:{gap}[0-9]){{{count}}}"


def digits_of(text: str) -> str:
    """The digits of a text, all else left out."""
    return "".join(_DIGITS.findall(text))


def groups_of(text: str) -> tuple[int, ...]:
    """How many digits stand together, from group to group."""
    return tuple(map(len, _DIGITS.findall(text)))

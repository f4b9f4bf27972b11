"""Names and addresses that machines make: most hold nothing personal, and that is told here without looking for it.

Every detection has some of them, each another, and to look for a person's number in one costs what all else of intake
costs. What is not certainly plain is looked through like any text.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from models.masking.announced import is_announced
from models.masking.legible import IN_LETTERS
from models.masking.number_shapes import DATE
from models.masking.words_around import telling_word

# Signs that are read as they stand, none of which a mail address, a mark-up, a quoted or a masked part would need.
_SIGNS = re.compile(r"[A-Za-z0-9._:/\-?=,;]*")
_RUN = re.compile("[0-9]+")
_LETTERS_BETWEEN = re.compile("[A-Za-z]")
# Papers, accounts and plates that are told by their capitals alone (`number_shapes.PAPERS`, `plate_shapes.PLATES`), and
# the plates of the armed police.
_CAPITALS = re.compile(r"[A-Z]{2}[ \-]?[0-9]|[A-Z] ?[0-9]{6}|[0-9][A-Z]{3}[0-9]|[Ww][Jj]")
# Nobody's number has fewer digits, unless a word, capitals or a plus sign say so.
_FEWEST = 9
_MANY_DIGITS = re.compile(f"[0-9](?:[^A-Za-z0-9]*[0-9]){{{_FEWEST - 1}}}")
# In one group of so many digits, or in several of which none is longer, people write their numbers; identity numbers
# and cards, of so many digits in all, in any.
_ALONE = frozenset({11, *range(15, 20)})
_LONGEST_GROUP = 10
_LONG = range(15, 20)
_ONES = bytes.maketrans(b"023456789", b"111111111")


class _Form(NamedTuple):
    """What is known of a name whatever its digits are: whether it holds nothing personal but perhaps a number, and
    whether it has digits enough for one."""

    plain: bool
    many_digits: bool


def is_plain(name: str) -> bool:
    """Whether a name or an address certainly holds nothing personal of any kind but doors; False says nothing."""
    form = _form_of(name.encode("utf-8", "surrogatepass").translate(_ONES))
    return form.plain and not (form.many_digits and _has_number(name))


@lru_cache(maxsize=4_096)
def _form_of(encoded: bytes) -> _Form:
    """Of a name in which each digit is a 1, since that can stand for a letter, too. Names that a machine makes differ
    in their digits and have few forms."""
    ones = encoded.decode("utf-8", "surrogatepass")
    if _SIGNS.fullmatch(ones) is None or _CAPITALS.search(ones) is not None or IN_LETTERS.search(ones) is not None:
        return _Form(plain=False, many_digits=False)
    small = ones.lower()
    plain = not is_announced(small) and telling_word(small) is None
    return _Form(plain, _MANY_DIGITS.search(ones) is not None)


def _has_number(name: str) -> bool:
    """Whether some of its groups of digits could be one number of a person."""
    runs = [found.span() for found in _RUN.finditer(name)]
    if any(_may_stand_alone(name[start:end]) for start, end in runs):
        return True
    for first in range(len(runs)):
        digits, longest = "", 0
        for at, (start, end) in enumerate(runs[first:], first):
            if at > first and _LETTERS_BETWEEN.search(name, runs[at - 1][1], start) is not None:
                break
            digits, longest = digits + name[start:end], max(longest, end - start)
            if len(digits) > _LONG[-1]:
                break
            if at > first and _may_be_in_groups(digits, longest):
                return True
    return False


def _may_stand_alone(run: str) -> bool:
    return len(run) in _ALONE or (len(run) >= _FEWEST and run.startswith(("0", "86")))


def _may_be_in_groups(digits: str, longest: int) -> bool:
    if longest <= _LONGEST_GROUP:
        return len(digits) >= _FEWEST
    if len(digits) not in _LONG:
        return False
    return (digits[0] in "23456" and not DATE.match(digits)) or DATE.fullmatch(digits[6:14]) is not None

"""Names and addresses that machines make: most hold nothing personal, and that is told here without looking for it.

Every detection has some of them, each another, and to look for a person's number in one costs what all else of intake
costs. What is not certainly plain is looked through like any text.
"""

import re

from models.masking.legible import IN_LETTERS
from models.masking.name_shapes import HANDLES, NAMES, SPELT_MAILS
from models.masking.number_shapes import DATE, SPOKEN
from models.masking.shape import ShapeTable
from models.masking.words_around import telling_word

# Signs that are read as they stand, none of which a mail address, a mark-up, a quoted or a masked part would need.
_SIGNS = re.compile(r"[A-Za-z0-9._:/\-?=,;]*")
_RUN = re.compile("[0-9]+")
_LETTERS_BETWEEN = re.compile("[A-Za-z]")
# Papers, accounts and plates that are told by their capitals alone (`number_shapes.PAPERS`, `plate_shapes.PLATES`), and
# the plates of the armed police.
_CAPITALS = re.compile(r"[A-Z]{2}[ \-]?[0-9]|[A-Z] ?[0-9]{6}|[0-9][A-Z]{3}[0-9]|[Ww][Jj]")


def _signs_of(*tables: ShapeTable) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{table.sign.pattern})" for table in tables))


_ANNOUNCED = _signs_of(HANDLES, NAMES, SPELT_MAILS, SPOKEN)
# Nobody's number has fewer digits, unless a word, capitals or a plus sign say so.
_FEWEST = 9
# In one group of so many digits, or in several of which none is longer, people write their numbers; identity numbers
# and cards, of so many digits in all, in any.
_ALONE = frozenset({11, *range(15, 20)})
_LONGEST_GROUP = 10
_LONG = range(15, 20)


def is_plain(name: str) -> bool:
    """Whether a name or an address certainly holds nothing personal of any kind but doors; False says nothing."""
    if _SIGNS.fullmatch(name) is None or _CAPITALS.search(name) is not None or IN_LETTERS.search(name) is not None:
        return False
    small = name.lower()
    return not _has_number(name) and _ANNOUNCED.search(small) is None and telling_word(small) is None


def _has_number(name: str) -> bool:
    """Whether some of its groups of digits could be one number of a person."""
    runs = [found.span() for found in _RUN.finditer(name)]
    if sum(end - start for start, end in runs) < _FEWEST:
        return False
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

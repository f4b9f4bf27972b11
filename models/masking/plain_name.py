"""Names and addresses that machines make: most hold nothing personal, and that is told here without looking for it.

Every detection has some of them, each another, and to look for a person's number in one costs what all else of intake
costs. What is not certainly plain is looked through like any text.
"""

from functools import lru_cache
from typing import NamedTuple

from models.masking.announced import is_announced
from models.masking.late import late
from models.masking.legible import IN_LETTERS
from models.masking.number_shapes import DATE, IBAN_LENGTHS
from models.masking.words_around import telling_word

# Signs that are read as they stand, none of which a mail address, a mark-up, a quoted or a masked part would need.
_SIGNS = late(r"[A-Za-z0-9._:/\-?=,;]*")
_RUN = late("[0-9]+")
_LETTERS_BETWEEN = late("[A-Za-z]")
# Papers, accounts and plates that are told by their capitals alone (`number_shapes.PAPERS`, `plate_shapes.PLATES`), and
# the plates of the armed police.
_CAPITALS = late(r"[A-Z]{2}[ \-]?[0-9]|[A-Z] ?[0-9]{6}|[0-9][A-Z]{3}[0-9]|[Ww][Jj]")
# Two capitals and many digits, as EV20261128000017, are nobody's where no country's accounts (IBAN) begin so.
_NUMBERED = late(rf"(?<![A-Za-z0-9])(?!{'|'.join(IBAN_LENGTHS)})[A-Z]{{2}}[0-9]{{9,}}(?![A-Za-z0-9])")
# Nobody's number has fewer digits, unless a word, capitals or a plus sign say so.
_FEWEST = 9
_MANY_DIGITS = late(f"[0-9](?:[^A-Za-z0-9]*[0-9]){{{_FEWEST - 1}}}")
# What people's numbers are by their digits alone (`number_shapes`): a mobile number of China, wherever it stands; and,
# where no letter stands before it, what begins as one dials abroad, numbers of Russia, of China, Hong Kong, Macau and
# Taiwan with their codes, and a landline with its area code.
_MOBILE = late("(?:(?:00)?86)?1[3-9][0-9]{9}")
_NUMBER = late(
    "(?:00|0?011)[1-9][0-9]{8,13}|89[0-9]{9}|86[1-9][0-9]{8,10}|(?:852|853|886)[0-9]{6,11}|0[1-9][0-9]{8,10}"
)
_IN_GROUPS = frozenset({(3, 2, 4), (3, 3, 4), (1, 3, 3, 4)})  # of the United States
_LONG = range(15, 20)  # identity numbers and cards, in any groups
_BORN = range(17, 19)  # identity numbers that are one also behind a letter
_NAMED = late("[A-Za-z]-?$")  # the digits behind it are those of a name (`shape.FREE`)
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
    telling = _NUMBERED.sub(".", ones)
    if _SIGNS.fullmatch(ones) is None or _CAPITALS.search(telling) is not None or IN_LETTERS.search(ones) is not None:
        return _Form(plain=False, many_digits=False)
    small = ones.lower()
    plain = not is_announced(small) and telling_word(small) is None
    return _Form(plain, _MANY_DIGITS.search(ones) is not None)


def _has_number(name: str) -> bool:
    """Whether some of its groups of digits, one after the other, could be one number of a person."""
    runs = [(found.start(), found.end(), found[0]) for found in _RUN.finditer(name)]
    for first, (begin, until, digits) in enumerate(runs):
        groups: tuple[int, ...] = (len(digits),)
        free = _NAMED.search(name, max(0, begin - 2), begin) is None
        if _may_be_one(digits, groups, free):
            return True
        for start, end, run in runs[first + 1 :]:
            if len(digits) + len(run) > _LONG[-1] or _LETTERS_BETWEEN.search(name, until, start) is not None:
                break
            digits, groups, until = digits + run, (*groups, len(run)), end
            if _may_be_one(digits, groups, free):
                return True
    return False


def _may_be_one(digits: str, groups: tuple[int, ...], free: bool) -> bool:
    """`free`: they are not the digits of a name."""
    count = len(digits)
    if count < _FEWEST:
        return False
    if count in _BORN and DATE.fullmatch(digits[6:14]) is not None:
        return True
    if _MOBILE.fullmatch(digits) is not None:
        return True
    if not free:
        return False
    if count in _LONG and digits[0] in "23456" and DATE.match(digits) is None:
        return True
    if count == _LONG[0] and DATE.fullmatch("19" + digits[6:12]) is not None:
        return True
    return groups in _IN_GROUPS or _NUMBER.fullmatch(digits) is not None

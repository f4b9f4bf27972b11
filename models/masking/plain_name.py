"""Names and addresses that machines make: most hold nothing personal, and that is told here without looking for it.

Every detection has some of them, each another, and to look for a person's number in one costs what all else of intake
costs. What is not certainly plain is looked through like any text.
"""

from collections.abc import Iterator
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
# A digest or an identifier drawn by chance, in hexadecimal digits (a UUID, an ObjectId, a SHA): each name has another,
# so that knowing their forms would spare nothing. Between its first and its last digits, which may go on outside, none
# holds anything of anybody where no run of digits is as long as a number; `fb` behind a digit would tell of an account.
_DIGEST = late("([0-9]{0,8})[a-f]+(?:[0-9]{1,8}[a-f]+)*([0-9]{0,8})")
_ACCOUNT = late("(?<![a-f])fb")
_DIGEST_LENGTH = 16  # at least
# Nobody's number has fewer digits, unless a word, capitals or a plus sign say so.
_FEWEST = 9
# What people's numbers are by their digits alone (`number_shapes`): a mobile number of China, wherever it stands; and,
# where no letter stands before it, what begins as one dials abroad, numbers of Russia, of China, Hong Kong, Macau and
# Taiwan with their codes, and a landline with its area code.
_MOBILE = late("(?:(?:00)?86)?1[3-9][0-9]{9}")
_ANY = late(
    _MOBILE.pattern
    + "|(?:00|0?011)[1-9][0-9]{8,13}|89[0-9]{9}|86[1-9][0-9]{8,10}|(?:852|853|886)[0-9]{6,11}|0[1-9][0-9]{8,10}"
)
_IN_GROUPS = frozenset({(3, 2, 4), (3, 3, 4), (1, 3, 3, 4)})  # of the United States
_LONG = range(15, 20)  # identity numbers and cards, in any groups
_BORN = range(17, 19)  # identity numbers that are one also behind a letter
_NAMED = late("[A-Za-z]-?$")  # the digits behind it are those of a name (`shape.FREE`)
_ONES = bytes.maketrans(b"023456789", b"111111111")


class _Digits(NamedTuple):
    """Where in a name groups of digits stand, one after the other, that are together as many as somebody's number has.
    `free`: they are not the digits of a name."""

    places: tuple[slice, ...]
    free: bool

    @property
    def lengths(self) -> tuple[int, ...]:
        """How many digits each group has."""
        return tuple(place.stop - place.start for place in self.places)

    def of(self, name: str) -> str:
        """The digits that a name of this form has there."""
        places = self.places
        return name[places[0]] if len(places) == 1 else "".join([name[place] for place in places])


class _Form(NamedTuple):
    """What is known of a name whatever its digits are: whether it holds nothing personal but perhaps a number, and
    which of its digits could be one."""

    plain: bool
    numbers: tuple[_Digits, ...] = ()


def is_plain(name: str) -> bool:
    """Whether a name or an address certainly holds nothing personal of any kind but doors; False says nothing."""
    if len(name) >= _DIGEST_LENGTH:
        name = _without_digest(name)
    form = _form_of(name.encode("utf-8", "surrogatepass").translate(_ONES))
    for some in form.numbers:
        if _may_be_one(some.of(name), some.free):
            return False
    return form.plain


def _without_digest(name: str) -> str:
    """A name or an address that is as plain as this one, with one letter in the place of the digest that it ends with,
    whatever kind of file it names; the same where it ends with none."""
    path, slash, file = name.rpartition("/")
    stem, dot, kind = file.partition(".")
    if len(stem) < _DIGEST_LENGTH or (digest := _DIGEST.fullmatch(stem)) is None or _ACCOUNT.search(stem) is not None:
        return name
    return f"{path}{slash}{digest[1]}f{digest[2]}{dot}{kind}"


@lru_cache(maxsize=4_096)
def _form_of(encoded: bytes) -> _Form:
    """Of a name in which each digit is a 1, since that can stand for a letter, too. Names that a machine makes differ
    in their digits and have few forms."""
    ones = encoded.decode("utf-8", "surrogatepass")
    telling = _NUMBERED.sub(".", ones)
    if _SIGNS.fullmatch(ones) is None or _CAPITALS.search(telling) is not None or IN_LETTERS.search(ones) is not None:
        return _Form(plain=False)
    small = ones.lower()
    if is_announced(small) or telling_word(small) is not None:
        return _Form(plain=False)
    numbers = tuple(some for some in _digits_of(ones) if sum(some.lengths) >= _FEWEST)
    return _Form(not any(some.free and some.lengths in _IN_GROUPS for some in numbers), numbers)


def _digits_of(ones: str) -> Iterator[_Digits]:
    """Each group of digits, alone and with those behind it up to the next letter, as many as the longest number has."""
    runs = [found.span() for found in _RUN.finditer(ones)]
    for first, (begin, until) in enumerate(runs):
        free = _NAMED.search(ones, max(0, begin - 2), begin) is None
        some = _Digits((slice(begin, until),), free)
        yield some
        for start, end in runs[first + 1 :]:
            some = _Digits((*some.places, slice(start, end)), free)
            if sum(some.lengths) > _LONG[-1] or _LETTERS_BETWEEN.search(ones, until, start) is not None:
                break
            yield some
            until = end


def _may_be_one(digits: str, free: bool) -> bool:
    """Whether digits, as many as a number has, could be a person's."""
    count = len(digits)
    if count in _BORN and DATE.fullmatch(digits[6:14]) is not None:
        return True
    if not free:
        return _MOBILE.fullmatch(digits) is not None
    if count in _LONG and digits[0] in "23456" and DATE.match(digits) is None:
        return True
    if count == _LONG[0] and DATE.fullmatch("19" + digits[6:12]) is not None:
        return True
    return _ANY.fullmatch(digits) is not None

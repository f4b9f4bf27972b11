"""Masking: where in a text something personal stands, and the text without it."""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from models.masking.announced import is_announced
from models.masking.late import late
from models.masking.legible import HIDDEN, has_numerals, legible
from models.masking.name_shapes import BESIDE_A_PHONE, DOORS, HANDLES, MAILS, NAMES, SPELT_MAILS
from models.masking.number_shapes import DICTATED, MOBILES, NUMBERS, PAPERS, SPOKEN
from models.masking.plain_name import is_plain
from models.masking.plate_shapes import PLATES
from models.masking.shape import Shape
from models.masking.words_around import (
    AMOUNT,
    SERVICE,
    THING,
    Before,
    after,
    before,
    is_called,
    is_measured,
    may_be_said,
)

MASK = "***"
# What a city may choose to mask, and what it masks when it chooses nothing. All other kinds always go.
OPTIONAL = frozenset({"handle", "name", "door"})
USUAL = frozenset({"handle", "name"})

_PHONE = "phone"
_TABLES = (MAILS, SPELT_MAILS, MOBILES, PAPERS, NUMBERS, DICTATED, PLATES, HANDLES, SPOKEN, NAMES, DOORS)
_STAY = (THING, AMOUNT)
# Digits with no more than a few other characters in between, and how far what they belong to can reach beyond them.
_BLANKS = late(r"(\s+)")
_DIGITS = late("[0-9][0-9]*(?:[^0-9]{1,20}[0-9]+)*")
_IN_FRONT, _BEHIND = 12, 20
_LEFT = late("[0-9?]")  # what has to be left where another number or plate can be: 京A12?45


class Found(NamedTuple):
    """Something personal: from where to where in the text, and its kind."""

    start: int
    end: int
    kind: str


def mask(text: str, optional: Collection[str] = USUAL) -> str:
    """The text with all that is personal replaced by `***`; of the kinds in OPTIONAL only those that are named.

    What holds nothing personal comes back as it is, and so does what is masked already.
    """
    again = True
    while again:
        found, again = _look_through(text, optional)
        if not found:
            break
        parts, at = [], 0
        for start, end, _ in found:
            parts += [text[at:start], MASK]
            at = end
        text = "".join([*parts, text[at:]])
    return text


@lru_cache(maxsize=16_384)
def masked_term(term: str) -> str:
    """The same of a label, a code or a name, of which there are few: each of its parts is looked at by itself too, as
    no word in it says whose a number is."""
    if is_plain(term):
        return term
    parts = _BLANKS.split(mask(term))
    return parts[0] if len(parts) == 1 else "".join(part if mask(part) == part else MASK for part in parts)


def find(text: str, optional: Collection[str] = USUAL) -> list[Found]:
    """What is personal in a text, in order and without overlaps."""
    return _look_through(text, optional)[0]


def _look_through(text: str, optional: Collection[str]) -> tuple[list[Found], bool]:
    """What is personal in a text; and whether another look may find more once that has gone: two numbers that were
    typed as one are then told apart."""
    read = legible(text)
    found: list[Found] = []
    small = read.text.lower()
    search, announced = _Search(read.text, small), is_announced(small)
    for sign, digits, shapes in _TABLES:
        if not (search.around_digits if digits else announced):
            continue
        if (kind := shapes[0].kind) in OPTIONAL and kind not in optional:
            continue
        if not search.has(sign, digits):
            continue
        for shape in shapes:
            if digits and not search.around_digits:
                break
            if not shape.words or search.may_be_said(shape.words):
                found += search.look(shape, search.around_digits if digits else search.whole)
    if not found:
        return found, False
    if "name" in optional and any(one.kind == _PHONE for one in found):
        phones = [(max(0, one.start - _IN_FRONT), one.end + _BEHIND) for one in found if one.kind == _PHONE]
        for shape in BESIDE_A_PHONE:
            found += search.look(shape, phones)
    if read.starts is not None:
        found = [Found(*read.written(start, end), kind) for start, end, kind in found]
    return sorted(found), search.has_digits_left()


class _Search:
    """A legible text that is looked through, also given in small letters. What was found is hidden from what comes
    after."""

    def __init__(self, text: str, small: str) -> None:
        self._text, self._small = text, small
        self._words: dict[tuple[int, int], Before] = {}
        self._said: dict[str, bool] = {}
        self.around_digits = [
            (max(0, found.start() - _IN_FRONT), found.end() + _BEHIND) for found in _DIGITS.finditer(text)
        ]

    @property
    def whole(self) -> Sequence[tuple[int, int]]:
        """Where to look for what has no digits: everywhere."""
        return ((0, len(self._text)),)

    def look(self, shape: Shape, spans: Iterable[tuple[int, int]]) -> list[Found]:
        """What there is of this shape between these places; hides it."""
        found, search = [], shape.pattern.search
        for at, until in spans:
            while (match := search(self._text, at, until)) is not None:
                start, end = match.span(shape.group)
                if (shape.fits is None or shape.fits(match)) and (shape.certain or self._is_told(shape, start, end)):
                    self._hide(start, end)
                    at = end
                    found.append(Found(start, end, shape.kind))
                else:
                    at = match.start() + 1
        return found

    def has(self, sign: re.Pattern[str], digits: bool) -> bool:
        """Whether a sign stands in the text, or around the digits that are left."""
        search, small = sign.search, self._small
        if digits and len(small) == len(self._text):  # a letter can have two small ones: İ
            return any(search(small, at, until) is not None for at, until in self.around_digits)
        return search(small) is not None

    def has_digits_left(self) -> bool:
        """Whether there are digits, or numerals that would be read as some, in what is not hidden."""
        return bool(self.around_digits) or has_numerals(self._text)

    def may_be_said(self, kind: str) -> bool:
        """Whether the words of the text can say that a number is of this kind."""
        if kind not in self._said:
            self._said[kind] = may_be_said(kind, self._small)
        return self._said[kind]

    def _hide(self, start: int, end: int) -> None:
        self._text = self._text[:start] + HIDDEN * (end - start) + self._text[end:]
        self._words.clear()
        self.around_digits = [span for span in self.around_digits if _LEFT.search(self._text, *span)]

    def _is_told(self, shape: Shape, start: int, end: int) -> bool:
        """Whether the words around leave it a person's, and say so where they must."""
        if shape.telling:
            return not (is_called(self._text, start, end) or is_measured(self._text, start, end))
        word = self._before(start, end)
        if word.kind == SERVICE or (word.kind in _STAY and word.adjacent):
            return False
        if after(self._text, end, THING) or after(self._text, end, SERVICE) or is_measured(self._text, start, end):
            return False
        return not shape.words or word.kind == shape.words or after(self._text, end, shape.words)

    def _before(self, start: int, end: int) -> Before:
        if (start, end) not in self._words:
            self._words[start, end] = before(self._text, start, end)
        return self._words[start, end]

"""Text to counted pieces, for any script, a whole batch at a time.

A *token* is one ideograph (or kana, or hangul syllable) or one run of other letters and digits; a *piece* is what the
model weighs: one or two tokens in a row, the same again where the last of them begins within the first `HEAD`
characters (people put the point first), and, for words of letters, their parts of three to five characters with the
word's ends marked.
Pieces are numbered by hashing into 2**BITS slots (the hashing trick, Weinberger et al. 2009), so nothing has to be
looked up in Python and training and service run the very same array code.

Texts longer than `CUT` characters are cut to their first `CUT_HEAD` and last `CUT - CUT_HEAD` characters, which bounds
time and memory whatever comes in. Before that they are made plain (`models.plain_words`); capitals, digits and the
wide forms that are left are folded character by character.
"""

import unicodedata
import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.classifier.serving.arrays import I32, U32, Floats
from models.plain_words import plain

BITS = 22
SLOTS = 1 << BITS
CUT = 400
CUT_HEAD = 360
HEAD = 25


LOW = np.uint32(0xFFFF)
_BREAK, _IDEOGRAPH, _LETTER, _DIGIT = 0, 1, 2, 3
_IDEOGRAPHS = ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF))


class Context(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known beside the text; everything may be missing. `hint` is the reporter's own category, `hour` 0-23."""

    area: str = ""
    hour: int | None = None
    channel: str = ""
    label: str = ""
    hint: str = ""


class Pieces(NamedTuple):
    """Every piece that occurs in a batch, in parallel arrays; `start` and `end` are characters of the cut `texts`,
    which are plain; `lengths` are those of the plain texts before the cut."""

    texts: list[str]
    lengths: Floats
    doc: I32
    slot: U32
    start: I32
    end: I32
    block: NDArray[np.uint8]


BODY, HEADS, PARTS, AROUND = 0, 1, 2, 3


@lru_cache(maxsize=1)  # not at import: of the roles that import this, few classify
def _tables() -> tuple[U32, NDArray[np.uint8]]:
    """For each code point of the basic plane: what it is folded to (compatibility form, lower case), and its kind."""
    folds = np.arange(0x10000, dtype=np.uint32)
    kinds = np.zeros(0x10000, dtype=np.uint8)
    for code in range(0x10000):
        folded = unicodedata.normalize("NFKC", chr(code)).lower()
        # What would become several characters stays as it is, so that places in the text stay what they are.
        character = folded if len(folded) == 1 and ord(folded) < 0x10000 else chr(code)
        folds[code] = ord(character)
        if character.isdigit():
            folds[code], kinds[code] = ord("0"), _DIGIT
        elif any(low <= ord(character) <= high for low, high in _IDEOGRAPHS):
            kinds[code] = _IDEOGRAPH if character.isalpha() else _BREAK
        elif character.isalpha():
            kinds[code] = _LETTER
    return folds, kinds


def shorten(text: str) -> str:
    """The text cut to `CUT` characters, head and tail, with a break between them."""
    return text if len(text) <= CUT else f"{text[:CUT_HEAD]}\n{text[CUT_HEAD - CUT :]}"


# As arrays of no dimension: with numbers an operation on few values takes half as long again.
_16, _13, _FIRST, _SECOND = (np.array(number, dtype=np.uint32) for number in (16, 13, 0x85EBCA6B, 0xC2B2AE35))
_STEP, _PAIR, _NEXT = (np.array(number, dtype=np.uint32) for number in (0x9E3779B1, 0x2C1B3C6D, 0x165667B1))
_IN_HEAD, _IN_WORD = (np.array(number, dtype=np.uint32) for number in (0x5BD1E995, 0x27D4EB2F))
_IN_TABLE = np.array(SLOTS - 1, dtype=np.uint32)


def _mix(values: U32) -> U32:
    """The finaliser of MurmurHash3 (Appleby, public domain): every bit in changes about half of the bits out."""
    shifted = values >> _16
    values ^= shifted
    values *= _FIRST
    np.right_shift(values, _13, out=shifted)
    values ^= shifted
    values *= _SECOND
    np.right_shift(values, _16, out=shifted)
    values ^= shifted
    return values


def pieces(texts: Sequence[str], contexts: Sequence[Context | None] | None = None) -> Pieces:
    """All pieces of a batch of messages, in no particular order. `contexts`, when given, is as long as `texts`."""
    whole = list(map(plain, texts))
    short = list(map(shorten, whole))
    # A break before, between and after, so that a word ends the same way wherever its message stands in the batch.
    joined = "\n" + "".join(f"{text}\n" for text in short)
    codes = np.frombuffer(joined.encode("utf-32-le", errors="replace"), dtype=np.uint32)
    ends = list(accumulate(len(text) + 1 for text in short))
    first = np.array([1, *(end + 1 for end in ends)], dtype=np.int32)
    doc = np.zeros(len(codes), dtype=np.int32)
    doc[first[1:-1]] = 1
    doc.cumsum(dtype=np.int32, out=doc)
    folds, kinds_of = _tables()
    if codes.max() <= LOW:
        codes, kinds = folds[codes], kinds_of[codes]
    else:
        low, plane = codes <= LOW, codes & LOW
        codes, kinds = np.where(low, folds[plane], codes), np.where(low, kinds_of[plane], np.uint8(_IDEOGRAPH))
    parts = [*_grams(codes, kinds, doc, first), *_subwords(codes, kinds, doc, first)]
    if contexts is not None:
        parts.append(_around(contexts))
    owners, slots, starts, stops = (
        np.concatenate(column) for column in zip(*(part[:4] for part in parts), strict=True)
    )
    block = np.array([part[4] for part in parts], dtype=np.uint8).repeat([len(part[0]) for part in parts])
    full = np.array(list(map(len, whole)), dtype=np.float64)
    return Pieces(short, full, owners, slots & _IN_TABLE, starts, stops, block)


# The owner, slot, start and end of pieces of one block.
Part = tuple[I32, U32, I32, I32, int]


def _grams(codes: U32, kinds: NDArray[np.uint8], doc: I32, first: I32) -> list[Part]:
    """One token or two in a row, from everywhere and, apart, from the head."""
    word = kinds >= _LETTER
    begins = kinds == _IDEOGRAPH
    begins[0] |= word[0]
    begins[1:] |= word[1:] > word[:-1]
    used = (kinds != _BREAK).nonzero()[0].astype(np.int32)
    starts = begins.nonzero()[0].astype(np.int32)
    if not len(starts):
        return [_part(starts, starts.astype(np.uint32), starts, starts, BODY)]
    begun = begins[used]
    token_of = np.add.accumulate(begun, dtype=np.int32) - 1
    at = used - starts[token_of]
    mixed = _mix(codes[used] + at.astype(np.uint32) * _STEP)
    grams = np.add.reduceat(mixed, begun.nonzero()[0], dtype=np.uint32)
    ends = starts.copy()
    ends[token_of] = used + 1
    owner = doc[starts]
    # Two in a row, where both are of one message.
    whole = (owner[:-1] == owner[1:]).nonzero()[0]
    pairs = _mix(grams[whole] * _PAIR + grams[whole + 1])
    grams, ends = np.concatenate([grams, pairs]), np.concatenate([ends, ends[whole + 1]])
    owner, last = np.concatenate([owner, owner[whole]]), np.concatenate([starts, starts[whole + 1]])
    starts = np.concatenate([starts, starts[whole]])
    origin = first[owner]
    left, right = starts - origin, ends - origin
    # Of the head is what has begun its last token within it.
    near = (last - origin < HEAD).nonzero()[0]
    heads = _part(owner[near], _mix(grams[near] ^ _IN_HEAD), left[near], right[near], HEADS)
    return [_part(owner, grams, left, right, BODY), heads]


def _subwords(codes: U32, kinds: NDArray[np.uint8], doc: I32, first: I32) -> list[Part]:
    """Three to five characters in a row inside words of letters; the word's ends count as a character."""
    letter = kinds == _LETTER
    if not letter.any():
        return []
    kept = letter.copy()
    kept[1:] |= letter[:-1]
    kept[:-1] |= letter[1:]
    where = kept.nonzero()[0].astype(np.int32)
    characters = np.where(letter[where], codes[where], np.uint32(0))
    inside = characters != 0
    grams = characters
    core = np.ones(len(where), dtype=np.bool_)
    runs = []
    for size in range(2, 6):
        count = len(where) - size + 1
        if count <= 0:
            break
        grams = _mix(grams[:count] * _NEXT + characters[size - 1 :])
        if size == 2:
            core = core[:count]
            continue
        core = core[:count] & inside[size - 2 : size - 2 + count]
        good = (core & (where[size - 1 :] - where[:count] == size - 1)).nonzero()[0]
        begin = where[good]
        runs.append((grams[good], begin, begin + np.int32(size)))
    if not runs:
        return []
    values, begin, end = (np.concatenate(column) for column in zip(*runs, strict=True))
    owner = doc[begin + 1]
    base = first[owner]
    # The word's end, which counts as a character, is none of its characters.
    return [_part(owner, _mix(values ^ _IN_WORD), begin + ~letter[begin] - base, end - ~letter[end - 1] - base, PARTS)]


@lru_cache(maxsize=4096)
def slot_of(field: str, value: str) -> int:
    """The slot of a context's field with this value."""
    return int(_mix(np.array([_number(field, value)], dtype=np.uint32))[0]) & (SLOTS - 1)


def _number(field: str, value: object) -> int:
    return zlib.crc32(f"{field}={value}".encode())


def _around(contexts: Sequence[Context | None]) -> Part:
    """The context as pieces that stand nowhere in the text (start = end = 0)."""
    doc: list[int] = []
    slots: list[int] = []
    for number, context in enumerate(contexts):
        for name, value in () if context is None else msgspec.structs.asdict(context).items():
            if value not in ("", None):
                doc.append(number)
                slots.append(_number(name, value))
    nowhere = np.zeros(len(doc), dtype=np.int32)
    slot = _mix(np.asarray(slots, dtype=np.uint32))
    return _part(np.asarray(doc, dtype=np.int32), slot, nowhere, nowhere, AROUND)


def _part(doc: I32, grams: U32, start: I32, end: I32, block: int) -> Part:
    return doc, grams, start.astype(np.int32, copy=False), end.astype(np.int32, copy=False), block

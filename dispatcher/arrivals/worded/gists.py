"""Gists 文本摘要 of words, and how alike two of them are. The one place where the desk's rules look at words."""

import struct
import zlib
from functools import lru_cache
from operator import xor

from dispatcher.arrivals.worded.numbered import names_in
from dispatcher.partition.identity import named_in
from models.gist import Gist
from models.plain_words import fold
from models.words import whole_text

_READ = 1000  # characters of a text that are compared
_SHORTS = 0xFFFF
_CHARACTERS = 8192  # of which a process keeps what they add
# A process keeps many gists of what people usually write and few of what is long: nobody can fill its memory by writing
# much.
_MANY, _FEW = 4096, 512
_USUAL_CHARACTERS = 300
_USUAL_PAIRS_BYTES = 2 * 128
_MOST_NAMES = 32  # of a gist that is kept


def gist_of(title: str, text: str, phrases: tuple[str, ...] = ()) -> Gist:
    """The gist of a title and a text; `phrases` are those that the rules found in them."""
    kept = _usual_gist if len(text) <= _USUAL_CHARACTERS else _long_gist
    return kept(title, text, phrases) or _made(title, text, phrases)


def _made(title: str, text: str, phrases: tuple[str, ...]) -> Gist:
    titled = names_in(title) if title else ()
    return Gist(pairs_of(text), names_in(text), titled, phrases, named_in(whole_text(title, text)))


def _to_be_kept(title: str, text: str, phrases: tuple[str, ...]) -> Gist | None:
    """The gist; None for one with so many numbers that it is made again each time."""
    gist = _made(title, text, phrases)
    return gist if len(gist.named) + len(gist.titled) <= _MOST_NAMES else None


_usual_gist, _long_gist = lru_cache(_MANY)(_to_be_kept), lru_cache(_FEW)(_to_be_kept)


def pairs_of(text: str) -> bytes:
    """The sketch that the gist of a text has as its `pairs`, without the rest, which takes as long again."""
    return _usual_pairs(text) if len(text) <= _USUAL_CHARACTERS else _long_pairs(text)


def similarity(pairs: bytes, other: bytes) -> float:
    """How alike two texts are by their sketches, 0 to 1: Jaccard index of the pairs of characters, blanks, case and
    other spellings aside."""
    first, second = _sums_of(pairs), _sums_of(other)
    if not first or not second:
        return 0.0
    common = len(first & second)
    return common / (len(first) + len(second) - common)


class _Halves(dict[str, int]):
    """What a character adds to the checksum of a pair, as its first or as its second: a CRC of two is the sum (xor) of
    those of each with nothing beside it, and of that of nothing. The usual characters are kept."""

    def __init__(self, before: bytes, behind: bytes, adds: int = 0) -> None:
        super().__init__()
        self._before, self._behind, self._adds = before, behind, adds

    def __missing__(self, character: str) -> int:
        half = (zlib.crc32(self._before + _wide(character) + self._behind) ^ self._adds) & _SHORTS
        if len(self) < _CHARACTERS:
            self[character] = half
        return half


_NOTHING = bytes(4)
_FIRST, _SECOND = _Halves(b"", _NOTHING), _Halves(_NOTHING, b"", zlib.crc32(2 * _NOTHING))


def _sketch(text: str) -> bytes:
    """A checksum of each pair of characters, cut to two bytes and sorted: of a text of 30 characters, one that does not
    hold a pair seems to hold it once in 2000 times."""
    plain = fold(text).replace(" ", "")[:_READ]
    if len(plain) == 1:
        return struct.pack("<H", zlib.crc32(_wide(plain)) & _SHORTS)
    sums = sorted(set(map(xor, map(_FIRST.__getitem__, plain), map(_SECOND.__getitem__, plain[1:]))))
    return struct.pack(f"<{len(sums)}H", *sums)


_usual_pairs, _long_pairs = lru_cache(_MANY)(_sketch), lru_cache(_FEW)(_sketch)


def _wide(text: str) -> bytes:
    """Four bytes for each character, eight for each pair."""
    return text.encode("utf-32-le", "surrogatepass")


def _sums_of(pairs: bytes) -> frozenset[int]:
    return _usual_sums(pairs) if len(pairs) <= _USUAL_PAIRS_BYTES else _long_sums(pairs)


def _sums(pairs: bytes) -> frozenset[int]:
    return frozenset(struct.unpack(f"<{len(pairs) // 2}H", pairs))


_usual_sums, _long_sums = lru_cache(_MANY)(_sums), lru_cache(_FEW)(_sums)

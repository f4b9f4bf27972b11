"""Gists 文本摘要 of words, and how alike two of them are. The one place where the desk's rules look at words."""

import struct
import zlib
from functools import lru_cache

from dispatcher.arrivals.numbered import names_in
from models.gist import Gist
from models.plain_words import fold

_READ = 1000  # characters of a text that are compared
_SHORTS = 0xFFFF


@lru_cache(maxsize=8192)
def gist_of(title: str, text: str, phrases: tuple[str, ...] = ()) -> Gist:
    """The gist of a title and a text; `phrases` are those that the rules found in them."""
    return Gist(_sketch(text), names_in(text), names_in(title) if title else (), phrases)


def similarity(pairs: bytes, other: bytes) -> float:
    """How alike two texts are by their sketches, 0 to 1: Jaccard index of the pairs of characters, blanks, case and
    other spellings aside."""
    first, second = _shorts(pairs), _shorts(other)
    if not first or not second:
        return 0.0
    common = len(first & second)
    return common / (len(first) + len(second) - common)


def _sketch(text: str) -> bytes:
    """A checksum of each pair of characters, cut to two bytes and sorted: of a text of 30 characters, one that does not
    hold a pair seems to hold it once in 2000 times."""
    plain = "".join(fold(text).split())[:_READ]
    wide = plain.encode("utf-32-le", "surrogatepass")  # four bytes for each character, eight for each pair
    last = max(len(wide) - 4, 4 if wide else 0)
    sums = sorted({zlib.crc32(wide[i : i + 8]) & _SHORTS for i in range(0, last, 4)})
    return struct.pack(f"<{len(sums)}H", *sums)


@lru_cache(maxsize=8192)
def _shorts(pairs: bytes) -> frozenset[int]:
    return frozenset(struct.unpack(f"<{len(pairs) // 2}H", pairs))

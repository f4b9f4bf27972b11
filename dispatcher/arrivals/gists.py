"""Gists 文本摘要 of words, and how alike two of them are. The one place where the desk's rules look at words."""

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
    pairs = {plain[i : i + 2] for i in range(len(plain) - 1)} or ({plain} if plain else set())
    sums = sorted({zlib.crc32(pair.encode("utf-8", "surrogatepass")) & _SHORTS for pair in pairs})
    return b"".join(number.to_bytes(2, "little") for number in sums)


@lru_cache(maxsize=8192)
def _shorts(pairs: bytes) -> frozenset[int]:
    return frozenset(int.from_bytes(pairs[i : i + 2], "little") for i in range(0, len(pairs), 2))

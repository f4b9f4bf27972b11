"""Finding orders by words 查找: what an order says, and whether it has the words that somebody looks for.

Words are compared in the plain form, without capitals and blanks. Where those of a report are sealed (docs/adr/0064),
what is left to compare is the sketch of its text: its pairs of characters, in no order.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from dispatcher.arrivals.worded.gists import pairs_of
from dispatcher.order.row import Order, kept_evidence
from models.plain_words import fold
from models.sealed_words import key_name

MOST = 2_000  # characters of all that an order says
MOST_LOOKED_FOR = 100  # characters
LEAST = 2  # characters of one word: one alone is in half of all orders, and has no pair


class Said(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What an order says: its words, folded, and the sketches of those that are sealed."""

    words: str
    sketches: bytes

    def has(self, looked_for: "tuple[Word, ...]") -> bool:
        """Whether it has each of the words. Of sealed ones, whether it has their pairs of characters, which a text that
        is as long as usual has by chance once in a thousand times."""
        return all(
            one.folded in self.words or (self.sketches and all(pair in self.sketches for pair in one.pairs))
            for one in looked_for
        )


class Word(NamedTuple):
    """A word that is looked for, folded, and its pairs of characters: none, where it is one alone."""

    folded: str
    pairs: tuple[bytes, ...]


def said(order: Order) -> Said:
    """What an order says: its number, title, text and address, and what each sighting that it keeps says; of a long one
    the first 2,000 characters."""
    sketches = dict.fromkeys(seen.gist.pairs for seen in kept_evidence(order) if seen.gist is not None)
    return Said(_open_words(order), b"".join(sketches)[: 2 * MOST])


def says(order: Order, looked_for: tuple[Word, ...]) -> bool:
    """Whether an order whose words lie open, or are read as erased, has each of them; sketches say nothing here. It is
    looked for in all of them: what was sealed stands before others by which the tables may have found the order."""
    return Said(fold("|".join(_texts(order))).replace(" ", ""), b"").has(looked_for)


def _open_words(order: Order) -> str:
    words: dict[str, None] = {}
    room = MOST
    for each in _texts(order):
        if room > 0 and each not in words and not key_name((each,)):
            words[each] = None
            room -= len(each)
    return fold("|".join(words)[:MOST]).replace(" ", "")


def words_in(text: str) -> tuple[Word, ...]:
    """The words of what somebody has typed, which blanks part."""
    return tuple(_word(folded) for each in text.split() if (folded := fold(each)))


def _word(folded: str) -> Word:
    pairs = pairs_of(folded) if len(folded) >= LEAST else b""
    return Word(folded, tuple(pairs[n : n + 2] for n in range(0, len(pairs), 2)))


def _texts(order: Order) -> Iterator[str]:
    yield from filter(None, (order.id, order.title, order.text, order.address))
    for seen in kept_evidence(order):
        yield from filter(None, (seen.text, seen.address))

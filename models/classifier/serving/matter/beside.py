"""Evidence beside the text 旁证: the reporter's own category, and a city's keywords that the model does not know.

Each piece of evidence makes the categories that it speaks for `exp(WEIGHT)` times as likely beside the others. It says
which fault it is, never whether it is one: people choose a category for a thanks as well, and a thanks names its thing.
So the share of what is no fault stays as the text alone has it.

WEIGHT is an assumption for the reporter's category, and measured for keywords; `docs/classifier.md` has both.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from models.city.values import Category
from models.classifier.serving.arrays import Floats
from models.classifier.serving.features import BODY, SLOTS, Context, Pieces, pieces
from models.guess import NO_FAULT, Corroboration
from models.plain_words import fold

WEIGHT = 3.0
REPORTER, KEYWORD = "reporter", "keyword"
Told = tuple[Corroboration, ...]


class CityWords:
    """What the words of a city's `categories.csv` say of the categories that a model knows.

    Categories are found by the reporter's own one through code, names and keywords, or those of their group; by words
    of the text through their keywords, which are looked for where their first two tokens stand.
    """

    def __init__(self, categories: Mapping[str, Category], known: Sequence[str]) -> None:
        rows = [row for row in categories.values() if row.parent and row.code in known]
        self._named: dict[str, tuple[str, ...]] = {}
        for word, code in ((fold(word), row.code) for row in rows for word in row.keywords):
            self._named[word] = tuple(dict.fromkeys((*self._named.get(word, ()), code)))
        self.keywords: Mapping[str, tuple[str, ...]] = dict(self._named)
        for group in categories.values():
            members = tuple(row.code for row in rows if row.parent == group.code)
            if members:
                self._named |= dict.fromkeys(map(fold, (group.code, group.name_zh, group.name_en)), members)
        for row in rows:
            self._named |= dict.fromkeys(map(fold, (row.code, row.name_zh, row.name_en)), (row.code,))
        self._looked_for: dict[int, list[str]] = {}
        self._begins = np.zeros(SLOTS, dtype=np.bool_)

    def look_for(self, keywords: Iterable[str]) -> None:
        """Look for these of the keywords in texts."""
        words = list(keywords)
        cut = pieces(words)
        for number, word in enumerate(words):
            body = np.flatnonzero((cut.doc == number) & (cut.block == BODY))
            if not len(body):
                continue
            # Of the pieces with which the word begins the longest: a text that holds the word as words holds that.
            begins = body[cut.start[body] == cut.start[body].min()]
            slot = int(cut.slot[begins[cut.end[begins].argmax()]])
            self._looked_for.setdefault(slot, []).append(word)
            self._begins[slot] = True

    def of_reporter(self, hint: str) -> tuple[str, ...]:
        """The categories that the reporter's own one means; empty where it means none that the model knows."""
        return self._named.get(fold(hint), ()) if hint else ()

    def told(self, cut: Pieces, contexts: Sequence[Context | None] | None, skip: Sequence[bool]) -> dict[int, Told]:
        """The evidence beside each message of a batch that has some, by its number. The reporter's category does not
        count where `skip` says so."""
        found: dict[int, dict[tuple[str, str], Corroboration]] = {}
        for number, context in enumerate(contexts or ()):
            if context is not None and not skip[number] and (codes := self.of_reporter(context.hint)):
                found.setdefault(number, {})[REPORTER, ""] = Corroboration(REPORTER, context.hint, codes, WEIGHT)
        for place in np.flatnonzero(self._begins[cut.slot] & (cut.block == BODY)).tolist():
            number = int(cut.doc[place])
            text = cut.texts[number].casefold()
            for word in self._looked_for[int(cut.slot[place])]:
                if word in text:
                    found.setdefault(number, {})[KEYWORD, word] = Corroboration(
                        KEYWORD, word, self.keywords[word], WEIGHT
                    )
        return {number: tuple(told.values()) for number, told in found.items()}


def weighed(probability: Floats, told: Mapping[int, Told], classes: Sequence[str]) -> Floats:
    """The probabilities (messages x classes) with the evidence; that of no fault stays as it is.

    Several keywords of one category say the same once; the reporter's category and a keyword add up.
    """
    out = probability.copy()
    fault = np.array([name != NO_FAULT for name in classes])
    for number, signs in told.items():
        most = np.zeros((2, len(classes)))
        for sign in signs:
            columns = [classes.index(code) for code in sign.categories]
            row = most[int(sign.by == KEYWORD)]
            row[columns] = np.maximum(row[columns], sign.weight)
        before = out[number, fault]
        after = before * np.exp(most.sum(axis=0)[fault])
        out[number, fault] = after * (before.sum() / after.sum())
    return out

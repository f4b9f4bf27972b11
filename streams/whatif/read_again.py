"""The words of the inbox read again for another pack or model. They are opened here and go nowhere."""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from dispatcher.arrivals.worded.gists import gist_of
from dispatcher.partition import identity
from models.city import City
from models.classifier.serving.features import Context
from models.formats.quiet_scenes import classified
from models.guess import Guess
from models.inbox import InboxRecord, Item, Sighting
from models.sealed_words import key_name
from models.words import whole_text
from streams.erasure.report_keys import ReportKeys
from streams.erasure.sealer import without_terms
from streams.intake.batch import Model, context_of

_words = msgspec.json.Decoder(tuple[str, str])


class ReadAgain:
    """Makes of inbox records what intake would have made of them by another model, and by the words that the rules of
    another pack look for; without a model the guesses stay. Places, areas and the categories of labels stay.

    `judged` counts the texts that the model was asked about, `erased` the reports whose words nobody can read any more:
    they keep what was made of them. Repeats, whose words the desk lets go at once, are none of these.
    """

    def __init__(self, city: City, model: Model | None, keys: ReportKeys | None) -> None:
        self._city, self._model, self._keys = city, model, keys
        self.judged = self.erased = 0
        self._window = identity.windows(city.settings)["report"]
        self._met: dict[identity.Digest, int] = {}  # of what came sealed, the oldest first, when it came
        self._partition = -1

    def record(self, record: InboxRecord) -> InboxRecord:
        """The record as it would have been. Raises SealError for words that another city's key has sealed."""
        if record.partition != self._partition:
            self._partition, self._met = record.partition, {}
        items = list[Item](record.items)
        asked: list[tuple[int, Sighting, str]] = []
        for n, item in enumerate(items):
            if not isinstance(item, Sighting):
                continue
            words = self._words(item)
            again = _is_sealed(item) and self._is_met(item, record.clock)
            if words is None:
                self.erased += not again
                continue
            if _is_sealed(item):
                phrases = self._city.rules.phrases_in(whole_text(*words))
                items[n] = item = replace(item, gist=gist_of(*words, phrases))
            if _is_asked(item):
                said = whole_text(*words)
                asked.append((n, item, said if item.kind == "report" else classified(said)))
        if asked and self._model is not None:
            self.judged += len(asked)
            for (n, item, _), guess in zip(asked, self._guesses(self._model, asked), strict=True):
                items[n] = replace(item, guess=without_terms(guess) if _is_sealed(item) else guess)
        return replace(record, items=tuple(items))

    def _is_met(self, item: Sighting, clock: int) -> bool:
        """Whether one of this name came before, as long as the desk remembers it; from here on one did."""
        while self._met and not self._window.remembers(next(iter(self._met.values())), clock):
            del self._met[next(iter(self._met))]
        name = identity.digest(item.source, item.id)
        before = name in self._met
        self._met.setdefault(name, clock)
        return before

    def _guesses(self, model: Model, asked: Sequence[tuple[int, Sighting, str]]) -> list[Guess]:
        contexts: list[Context] = [context_of(self._city, item) for _, item, _ in asked]
        return model.classify([text for _, _, text in asked], contexts)

    def _words(self, item: Sighting) -> tuple[str, str] | None:
        """Title and text; None when they are sealed and their key is gone."""
        if not _is_sealed(item):
            return item.title, item.text
        if self._keys is None:
            return None
        title, text = _words.decode(self._keys.opened(msgspec.json.encode((item.title, item.text)), ""))
        return None if (item.title and not title) or (item.text and not text) else (title, text)


def _is_sealed(item: Sighting) -> bool:
    return key_name((item.title, item.text)) != ""


def _is_asked(item: Sighting) -> bool:
    """Whether intake asks a model about an item: about the words of each report, and about what else has a guess."""
    return item.guess is not None or (item.kind == "report" and bool(item.title or item.text))

"""Sealing 加密: the words of reports on their way into the inbox, and their keys to be written with them."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from dispatcher.arrivals.gists import gist_of
from models.city import City
from models.classifier.serving.matter.beside import KEYWORD
from models.guess import Guess
from models.inbox import InboxUpdate, Sighting
from models.sealed_words import CityKey, Field, ReportKey, seal
from models.words import whole_text
from streams.erasure.report_keys import made, place_of
from streams.kafka.sending import Send
from streams.kafka.topics import Names
from streams.settings import Settings

Items = dict[str, list[Sighting | InboxUpdate]]


class Sealer:
    """Seals the words of reports, and those in which a model describes what a camera sees: they may be about somebody.
    What has no words needs no key."""

    def __init__(self, key: CityKey, names: Names, partitions: int) -> None:
        self._key, self._names, self._partitions = key, names, partitions

    def sealed(self, items: Mapping[str, Sequence[Sighting | InboxUpdate]], city: City) -> tuple[Items, list[Send]]:
        """The items by area, each that has words with them sealed and their gist for the city's rules beside them; and
        the records of the keys, which belong into the same transaction. Each call makes new keys."""
        keys: list[ReportKey] = []
        found = {area: [self._item(item, city, keys) for item in some] for area, some in items.items()}
        return found, [self._kept(key) for key in keys]

    def _item(self, item: Sighting | InboxUpdate, city: City, keys: list[ReportKey]) -> Sighting | InboxUpdate:
        if not isinstance(item, Sighting) or not (item.kind == "report" or item.text):
            return item
        said: dict[Field, str] = {"text": item.text, "title": item.title}
        if item.kind == "report":  # a camera's address is that of the registry
            said |= {"address": item.address, "contact": item.contact}
        key = ReportKey.new()
        keys.append(key)
        phrases = city.rules.phrases_in(whole_text(item.title, item.text))
        return replace(
            item,
            **seal(key, said),
            gist=gist_of(item.title, item.text, phrases),
            guess=without_terms(item.guess),
            shadow=without_terms(item.shadow),
        )

    def _kept(self, key: ReportKey) -> Send:
        partition = place_of(key.name, self._partitions)
        return Send(self._names.report_keys, key.name.encode(), made(self._key.wrap(key)), partition)


def without_terms(guess: Guess | None) -> Guess | None:
    """A guess as it may be kept: the terms and keywords that it goes by are pieces of the text."""
    if guess is None:
        return None
    return replace(guess, terms=(), beside=tuple(each for each in guess.beside if each.by != KEYWORD))


def sealer_of(settings: Settings) -> Sealer | None:
    """What seals under the settings' key; None without one. Raises UsageError for a key that cannot be used."""
    key = settings.words_key.get_secret_value()
    return Sealer(CityKey.of(key), Names(settings.namespace), settings.partitions) if key else None

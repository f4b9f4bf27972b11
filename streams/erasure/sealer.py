"""Sealing 加密: words and links of reports on their way into the inbox, and their keys to be written with them."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from dispatcher.arrivals.worded.gists import gist_of
from models.city import City
from models.classifier.serving.matter.beside import KEYWORD
from models.events.vocabulary import BY_HASH
from models.guess import Guess
from models.inbox import InboxUpdate, Sighting
from models.sealed_words import CityKey, ReportKey, seal, seal_links
from models.words import whole_text
from streams.erasure.report_keys import made, place_of
from streams.kafka.sending import Send
from streams.kafka.topics import Names
from streams.settings import Settings

Items = dict[str, list[Sighting | InboxUpdate]]


# Whose steps hold words that may be about a person 本人: those of a reporter or of a citizen of the pool, and what a
# model says of the picture by which a camera answers. What officers write is the city's.
_OF_A_PERSON = BY_HASH | {"camera"}


class Sealer:
    """Seals the words of reports and where their pictures are, the words and links that reporters send later, and the
    words in which a model describes what a camera sees: they may be about somebody. What has none of these needs no
    key."""

    def __init__(self, key: CityKey, names: Names, partitions: int) -> None:
        self._key, self._names, self._partitions = key, names, partitions

    def sealed(self, items: Mapping[str, Sequence[Sighting | InboxUpdate]], city: City) -> tuple[Items, list[Send]]:
        """The items by area, each that has words or links with them sealed and the gist of words for the city's rules
        beside them; and the records of the keys, which belong into the same transaction. Each call makes new keys."""
        keys: list[ReportKey] = []
        found = {area: [self._item(item, city, keys) for item in some] for area, some in items.items()}
        return found, [self._kept(key) for key in keys]

    def _item(self, item: Sighting | InboxUpdate, city: City, keys: list[ReportKey]) -> Sighting | InboxUpdate:
        if isinstance(item, InboxUpdate):
            return self._update(item, keys)
        if not (item.kind == "report" or item.text):
            return item
        key = ReportKey.new()
        keys.append(key)
        said, links = {"text": item.text, "title": item.title}, item.media_urls
        if item.kind == "report":  # a camera's address is that of the registry, and its pictures are the city's
            said |= {"address": item.address, "contact": item.contact}
            links = seal_links(key, links)
        phrases = city.rules.phrases_in(whole_text(item.title, item.text))
        return replace(
            item,
            **seal(key, said),
            media_urls=links,
            gist=gist_of(item.title, item.text, phrases),
            guess=without_terms(item.guess),
            shadow=without_terms(item.shadow),
        )

    def _update(self, update: InboxUpdate, keys: list[ReportKey]) -> InboxUpdate:
        """A later step; the pictures of a camera, as those of whoever works on an order, are the city's."""
        links = update.evidence_urls if update.by.role in BY_HASH else ()
        if update.by.role not in _OF_A_PERSON or not (update.reason or links):
            return update
        key = ReportKey.new()
        keys.append(key)
        sealed_links = seal_links(key, links) if links else update.evidence_urls
        return replace(update, **seal(key, {"reason": update.reason}), evidence_urls=sealed_links)

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

"""City packs by digest: every pack that ever decided can be had again."""

import asyncio
import logging
from collections.abc import Iterable

from aiokafka import TopicPartition

from models.city import City, load_city
from models.city.pack.difference import unchangeable
from models.errors import UsageError
from streams import metrics
from streams.control.pack_store import MissingPack, PackStore, RefusedPack, unpacked
from streams.control.publications import begin, read_publications
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_rows
from streams.kafka.topics import Names, check_topics, city_topics, is_there
from streams.settings import Settings

_RECORD = "city/"  # under these keys of the control topic packs were kept before they had a store
_AT_HAND = 4
AGAIN_SECONDS = 2.0  # until what could not be had is looked for again

log = logging.getLogger(__name__)


class Packs:
    """Digest to City. `own` is the pack of the settings' folder, which decides until one is published; `first` the
    digest of the one that partitions begin with."""

    def __init__(self, settings: Settings, own: City) -> None:
        self.own = own
        self.first = own.digest
        self._settings = settings
        self._built: dict[str, City] = {own.digest: own}
        self._loading = asyncio.Lock()

    async def open(self) -> None:
        """For a desk: see that the own pack can be had for a replay, and learn which pack was the first.

        Raises KafkaError, and MissingPack when the store cannot be written.
        """
        now = await read_publications(self._settings)
        if now.active is None:  # else no folder decides any more
            await asyncio.to_thread(PackStore(self._settings.models_address).put, self.own)
        self.first = now.first or await begin(self._settings, self.own.digest)

    async def check(self) -> None:
        """See that the folder is one of the city that is at work here: a role that was started with another's would
        take in, decide and show by that what came from this. Raises UsageError, and KafkaError."""
        now = await read_publications(self._settings)
        at_work = now.first if now.active is None else now.active.digest
        try:
            city = (await self.at_hand([at_work]))[at_work] if at_work else self.own
        except RefusedPack as error:
            city = error.city
        except MissingPack:  # until one is published the desk alone needs the store
            return
        if fixed := unchangeable(city, self.own):
            given, name = self._settings.city, self._settings.namespace
            raise UsageError(
                f"city.toml in {given}: {', '.join(fixed)} must be those of the pack in force: {city.id} is at work "
                f"under {name}; set PAIDAN_CITY to its folder, or PAIDAN_NAMESPACE to another name"
            )

    async def at_hand(self, digests: Iterable[str]) -> dict[str, City]:
        """The packs with these digests; instead of one that this version refuses, the one that was published over it:
        nothing can be decided by the former any more. Raises MissingPack, and KafkaError."""
        async with self._loading:
            return {digest: await self._city(digest) for digest in dict.fromkeys(digests)}

    async def sought(self, digests: Iterable[str]) -> dict[str, City] | None:
        """The same, but where one cannot be had that is said, and it is None."""
        try:
            found = await self.at_hand(digests)
        except MissingPack as error:
            metrics.PACK_MISSING.set(1)
            log.error("waiting for the city pack in force: %s", error)
            return None
        metrics.PACK_MISSING.set(0)
        return found

    async def awaited(self, digests: Iterable[str]) -> dict[str, City]:
        """The same, but what cannot be had is waited for."""
        wanted = list(digests)
        while (found := await self.sought(wanted)) is None:
            await asyncio.sleep(AGAIN_SECONDS)
        return found

    async def _city(self, digest: str) -> City:
        if digest not in self._built:
            self._built[digest] = await self._usable(digest)
            for former in [each for each in self._built if each != self.own.digest][:-_AT_HAND]:
                del self._built[former]
        return self._built[digest]

    async def _usable(self, digest: str) -> City:
        """The pack, or the first one after it that is not refused. Raises MissingPack: that of the last refused."""
        try:
            return await self._load(digest)
        except RefusedPack as error:
            refused = error
        for later in (await read_publications(self._settings)).after(digest):
            try:
                found = await self._load(later)
            except RefusedPack as error:
                refused = error
                continue
            log.warning("%s is decided by instead: %s", later, refused)
            return found
        raise refused

    async def _load(self, digest: str) -> City:
        """From the store, else from the record in which packs once travelled."""
        try:
            # Beside the event loop: a pack of 230,000 cameras takes seconds.
            return await asyncio.to_thread(PackStore(self._settings.models_address).load, digest)
        except MissingPack:
            control = TopicPartition(Names(self._settings.namespace).control, 0)
            rows = await read_rows(Connection.of(self._settings), control)
            if (value := rows.get(_RECORD + digest)) is None:
                raise
            return await asyncio.to_thread(unpacked, digest, value)


async def open_packs(settings: Settings) -> Packs:
    """The city of the settings, its topics checked. Raises CityError, TopicError, and UsageError where another city is
    at work here."""
    city = load_city(settings.city)
    packs = await refuse_another_city(settings, city)
    await check_topics(settings, city_topics(settings, city))
    return packs


async def refuse_another_city(settings: Settings, own: City) -> Packs:
    """The packs of a city that may be at work here. Call it before its topics are looked at: what another city lacks is
    not to be made. Raises UsageError, TopicError, KafkaError."""
    packs = Packs(settings, own)
    if await is_there(settings, Names(settings.namespace).control):
        await packs.check()
    return packs

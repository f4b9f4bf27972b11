"""The city pack in force, as the control topic says; switched without a restart.

The pack of the settings' folder holds until one is published. From a publication on the role that follows it works with
the published one; while that cannot be had it waits, and says so in its log and by a metric: it never goes on with the
former one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from models.city import City
from models.times import to_ms
from streams import metrics
from streams.control.packs import AGAIN_SECONDS, Packs
from streams.control.publications import ACTIVE_PACK, Publication, active_pack
from streams.kafka.clients import log_reader, started
from streams.kafka.closing import CLOSE_SECONDS
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_whole
from streams.kafka.polling import heard
from streams.kafka.topics import Names
from streams.settings import Settings

_POLL_SECONDS = 0.2
Use = Callable[[City], Awaitable[None]]

log = logging.getLogger(__name__)


async def keep(_: City) -> None:
    """Nothing has to be made ready for a new pack."""


class CityInForce:
    """`city` is the pack in force whenever `is_ready`. `before` is awaited with each new pack before it counts as in
    force; what it raises ends the role."""

    def __init__(self, settings: Settings, packs: Packs, before: Use = keep) -> None:
        self.city = packs.own
        self.before = before
        self._settings, self._packs = settings, packs
        self._there = asyncio.Event()
        self._news = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        """Whether the pack in force is known and at hand."""
        return self._there.is_set()

    async def ready(self) -> City:
        """The pack in force, as soon as it can be had."""
        await self._there.wait()
        return self.city

    async def changed(self, former: City) -> City:
        """Wait until another pack than this one is in force."""
        while self.city == former:
            self._news.clear()
            await self._news.wait()
        return self.city

    async def follow(self) -> None:
        """Follow the control topic until cancelled. Raises KafkaError."""
        topic = TopicPartition(Names(self._settings.namespace).control, 0)
        async with started(log_reader(Connection.of(self._settings)), CLOSE_SECONDS) as consumer:
            newest: Publication | None = None
            async for _, records in read_whole(consumer, [topic]):
                newest = _newest(records) or newest
            await self._switch(newest, consumer)
            _tell_of_calendar(self.city)
            self._there.set()
            while True:
                await self._switch(await _news(consumer, _POLL_SECONDS), consumer)

    async def _switch(self, publication: Publication | None, consumer: AIOKafkaConsumer) -> None:
        """Wait for the pack of a publication, or of the one that comes meanwhile, and put it in force."""
        if publication is None or publication.digest == self.city.digest:
            return
        self._there.clear()
        while (found := await self._packs.sought([publication.digest])) is None:
            publication = await _news(consumer, AGAIN_SECONDS) or publication
        city = found[publication.digest]
        await self.before(city)
        self.city = city
        _tell_of_calendar(city)
        self._there.set()
        self._news.set()
        log.info("city pack in force: %s, number %d by %s", city.digest, publication.number, publication.by)


def _tell_of_calendar(city: City) -> None:
    """Nobody looks at a pack that has been in force for months, whose calendar ends with the year all the same."""
    year = city.calendar.last_year
    ends = 0 if year is None else to_ms(datetime(year, 12, 31, 23, 59, 59, tzinfo=city.zone))
    metrics.CALENDAR_ENDS.set(ends / 1000)


async def _news(consumer: AIOKafkaConsumer, seconds: float) -> Publication | None:
    """The last publication that comes within so many seconds."""
    batches = await heard(consumer, seconds, "the control topic")
    return _newest(record for batch in batches.values() for record in batch)


def _newest(records: Iterable[ConsumerRecord]) -> Publication | None:
    """The last publication among records of the control topic."""
    found: Publication | None = None
    for record in records:
        if record.key == ACTIVE_PACK.encode():
            try:
                found = active_pack(record.value) or found
            except msgspec.DecodeError as error:  # somebody else has written it: what is in force stays
                log.error("the control topic holds no publication at %d: %s", record.offset, error)
    return found

"""What is announced comes in force: a desk publishes the pack once its hour has come, whichever desk is the first."""

import asyncio
import logging
import random
from collections.abc import Iterable

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from models.times import now_ms
from streams.control.one_at_a_time import ControlError
from streams.control.pack_store import MissingPack, PackStore
from streams.control.publications import Announcement, announcement, come, publish
from streams.kafka.clients import log_reader, started
from streams.kafka.closing import CLOSE_SECONDS
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_whole
from streams.kafka.topics import Names
from streams.settings import Settings

_RETRY_SECONDS = 5.0
_POLL_MS = 200
_AGAIN_MS = (500, 2_000)  # of several desks that come at once one goes on; the others look again after a while

log = logging.getLogger(__name__)


class AnnouncedPacks:
    """Follows what is announced while `follow` runs. A pack that the store does not have, or that is refused, does
    not come in force: the city goes on with the one that it has, and the log says so."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._newest: Announcement | None = None
        self._not_before = 0

    async def follow(self) -> None:
        """Until cancelled. Raises KafkaError where the control topic cannot be read from the beginning."""
        topic = TopicPartition(Names(self._settings.namespace).control, 0)
        async with started(log_reader(Connection.of(self._settings)), CLOSE_SECONDS) as consumer:
            async for _, records in read_whole(consumer, [topic]):
                self._take(records)
            while True:
                try:
                    batch = await consumer.getmany(timeout_ms=_POLL_MS)
                    self._take(batch.get(topic, ()))
                    await self._publish_what_is_due()
                except KafkaError as error:
                    log.warning("what is announced cannot be followed: %s", error)
                    await asyncio.sleep(_RETRY_SECONDS)

    def _take(self, records: Iterable[ConsumerRecord]) -> None:
        for record in records:
            try:
                self._newest = announcement(record.key, record.value) or self._newest
            except msgspec.DecodeError as error:  # somebody else has written it
                log.error("the control topic holds no announcement at %d: %s", record.offset, error)

    async def _publish_what_is_due(self) -> None:
        wanted, now = self._newest, now_ms()
        if wanted is None or not wanted.is_open or now < max(wanted.due, self._not_before):
            return
        self._not_before = now + random.randint(*_AGAIN_MS)
        try:
            store = PackStore(self._settings.models_address)
            await asyncio.to_thread(store.load, wanted.digest)  # all would wait for what is refused or damaged, too
            made, _ = await publish(self._settings, come(wanted.number, now))
        except MissingPack as error:
            log.error("the city pack that is announced for %s does not come in force: %s", wanted.comes_at, error)
        except ControlError as error:  # another desk has done it, or does it now
            log.info("announcement %d: %s", wanted.number, error)
        else:
            log.info("announcement %d: city pack %s is in force as number %d", wanted.number, made.digest, made.number)

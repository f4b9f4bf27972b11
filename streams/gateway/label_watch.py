"""Which camera labels have come that the city has not listed, for `/status` and the page."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from models.city import City
from models.times import now_ms, to_text
from streams.intake.unlisted import summed
from streams.kafka.clients import log_reader, started
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_to, read_whole, take_newest
from streams.kafka.topics import Names
from streams.settings import Settings

log = logging.getLogger(__name__)

SHOWN = 20
_EVERY_SECONDS = 10.0


class LabelWatch:
    """Follows the counts of unlisted labels while `run` runs. It belongs to no group."""

    def __init__(self, settings: Settings, city: City, every_seconds: float = _EVERY_SECONDS) -> None:
        self._connection, self._city, self._every = Connection.of(settings), city, every_seconds
        self._part = TopicPartition(Names(settings.namespace).unlisted, 0)
        self._section: Mapping[str, Any] | None = None

    def section(self) -> Mapping[str, Any] | None:
        """How many there are and the most frequent of them; None until the counts have been read."""
        return self._section

    async def run(self) -> None:
        """Follow until cancelled; when Kafka is away, begin again."""
        while True:
            try:
                await self._follow()
            except (KafkaError, OSError) as error:  # OSError: this process has no descriptor left for a moment
                log.warning("the counts of unlisted labels cannot be followed: %s", error)
            await asyncio.sleep(self._every)

    async def _follow(self) -> None:
        rows: dict[str, bytes] = {}
        async with started(log_reader(self._connection)) as consumer:
            async for _, records in read_whole(consumer, [self._part]):
                take_newest(rows, records)
            while True:
                self._show(rows)
                await asyncio.sleep(self._every)
                async for _, records in read_to(consumer, await consumer.end_offsets([self._part])):
                    take_newest(rows, records)

    def _show(self, rows: Mapping[str, bytes]) -> None:
        found = summed(rows.values(), self._city)
        self._section = {
            "as_of": to_text(now_ms()),
            "count": len(found),
            "labels": msgspec.to_builtins(found[:SHOWN]),
        }

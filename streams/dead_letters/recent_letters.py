"""What could not be taken in lately, counted by what was wrong with it, for whoever looks after the city."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from models.times import HOUR_MS, now_ms, to_text
from streams.dead_letters.letter import decode_dead_letter
from streams.kafka.clients import log_reader, started
from streams.kafka.connection import Connection
from streams.kafka.kept_up import keep_up
from streams.kafka.log_reading import offsets_since, read_to
from streams.kafka.topics import Names
from streams.settings import Settings

log = logging.getLogger(__name__)

HOURS = 24
_EVERY_SECONDS = 2.0


class RecentLetters:
    """Follows the dead letters 死信 of the last day while `run` runs. It belongs to no group."""

    def __init__(self, settings: Settings) -> None:
        self._connection = Connection.of(settings)
        self._part = TopicPartition(Names(settings.namespace).dead_letters, 0)
        self._by_hour: dict[int, Counter[str]] = {}
        self._known = False

    def section(self, now: int | None = None) -> dict[str, Any] | None:
        """How many have come since when, and of each error how many, the most frequent first; to the hour. None until
        the topic has been read. `now` is ms UTC, by default the present."""
        if not self._known:
            return None
        first = self._first_hour(now_ms() if now is None else now)
        sums = sum((count for hour, count in self._by_hour.items() if hour >= first), Counter[str]())
        by_error = dict(sorted(sums.items(), key=lambda one: (-one[1], one[0])))
        return {"since": to_text(first * HOUR_MS), "count": sums.total(), "by_error": by_error}

    async def run(self) -> None:
        """Follow until cancelled; when Kafka is away, begin again."""
        await keep_up("the dead letters cannot be followed", _EVERY_SECONDS, self._follow)

    async def _follow(self) -> None:
        part = self._part
        async with started(log_reader(self._connection)) as consumer:
            consumer.assign([part])
            since = self._first_hour(now_ms()) * HOUR_MS
            begins = await offsets_since(consumer, since, await consumer.end_offsets([part]))
            consumer.seek(part, begins[part])
            self._by_hour = {}
            while True:
                async for _, records in read_to(consumer, await consumer.end_offsets([part])):
                    self.take(records)
                self._known = True
                await asyncio.sleep(_EVERY_SECONDS)

    def take(self, records: Iterable[ConsumerRecord]) -> None:
        """Count these. What is no dead letter is logged and counts for nothing."""
        for record in records:
            try:
                letter = decode_dead_letter(record.value)
            except msgspec.MsgspecError as error:  # somebody else's program has written it
                log.error("%s at %d holds no dead letter: %s", record.topic, record.offset, error)
                continue
            self._by_hour.setdefault(record.timestamp // HOUR_MS, Counter())[letter.error] += 1
        oldest = self._first_hour(now_ms())
        for hour in [hour for hour in self._by_hour if hour < oldest]:
            del self._by_hour[hour]

    @staticmethod
    def _first_hour(now: int) -> int:
        return now // HOUR_MS - HOURS

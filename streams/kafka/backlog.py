"""How far intake and desk are behind what was sent, exactly: nothing is taken for decided before it is."""

import asyncio
import contextlib
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.clients import admin, log_reader, started
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_to
from streams.kafka.topics import Names
from streams.settings import Settings

_POLL_SECONDS = 0.2


def _only_retriable(error: KafkaError) -> None:
    """Raise it again unless it is one that passes by itself, as while a cluster starts."""
    if not error.retriable:
        raise error


class Backlog:
    """`async with Backlog(settings) as backlog: await backlog.measure()` gives the records still to be decided.

    The end of a topic that is written in transactions lies behind its last record; so inbox and urgent lane are read
    for where their records really end.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._names = Names(settings.namespace)
        self._last: dict[TopicPartition, int] = {}

    async def __aenter__(self) -> Self:
        connection = Connection.of(self._settings)
        async with contextlib.AsyncExitStack() as opening:
            self._admin = await opening.enter_async_context(started(admin(connection)))
            self._reader = await opening.enter_async_context(started(log_reader(connection)))
            self._reader.assign(self._lanes())
            present = await self._admin.list_topics()
            above, of = self._names.above, self._names.department_of
            self._single = [TopicPartition(name, 0) for name in present if name == above or of(name)]
            self._opened = opening.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._opened.aclose()

    async def stages_at_work(self) -> None:
        """Return when intake and desk have shared out their partitions."""
        groups = [self._names.group(role) for role in ("intake", "desk")]
        while not all([await self._stable(group) for group in groups]):
            await asyncio.sleep(_POLL_SECONDS)

    async def _stable(self, group: str) -> bool:
        try:
            [answer] = await self._admin.describe_consumer_groups([group])
        except KafkaError as error:
            _only_retriable(error)
            return False
        [described] = answer.groups
        return bool(described[2] == "Stable" and described[5])

    async def measure(self) -> int | None:
        """Input records that intake has not taken in, plus what it has passed on that the desk has not decided.

        None when Kafka could not tell just now.
        """
        try:
            return await self._measure()
        except KafkaError as error:
            _only_retriable(error)
            return None

    async def _measure(self) -> int:
        inputs = [self._names.reports, self._names.detections, self._names.updates, self._names.units]
        parts = [part for topic in inputs for part in self._parts(topic)] + self._single
        taken = await self._committed("intake")
        ends = await self._reader.end_offsets(parts)
        # Only what intake has committed is sure to be in the inbox when it is read next.
        behind: int = sum(max(0, end - taken.get(part, 0)) for part, end in ends.items())
        await self._read_lanes()
        decided = await self._committed("desk")
        return behind + sum(max(0, last + 1 - decided.get(part, 0)) for part, last in self._last.items())

    async def _read_lanes(self) -> None:
        """Read to where inbox and urgent lane end now."""
        ends = await self._reader.end_offsets(self._lanes())
        async for part, records in read_to(self._reader, ends):
            self._last[part] = records[-1].offset

    async def _committed(self, role: str) -> Mapping[TopicPartition, int]:
        committed = await self._admin.list_consumer_group_offsets(self._names.group(role))
        return {part: at.offset for part, at in committed.items()}

    def _lanes(self) -> list[TopicPartition]:
        return self._parts(self._names.inbox) + self._parts(self._names.urgent)

    def _parts(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, number) for number in range(self._settings.partitions)]

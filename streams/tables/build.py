"""Which build of the tables is in force: a number on the control topic, 1 where it says none.

Every build has a consumer group, changelogs and folders of its own, and begins with nothing: what a former one had
wrong cannot live on in it. A worker that hears of a later build ends; started again, it reads the desk's topics from
their beginning into the new one.
"""

import contextlib
import logging
import re
from collections.abc import AsyncIterator, Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.kafka.clients import log_reader, started, writer
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_whole
from streams.kafka.topics import Names, create_topics, tables_changelogs
from streams.settings import Settings

KEY = "tables/build"
_POLL_MS = 1_000
_A_NUMBER = re.compile(rb"[0-9]{1,9}")

log = logging.getLogger(__name__)


class Build:
    """The build that was in force when it was asked for; `replaced` tells when it no longer is."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: TopicPartition) -> None:
        self.number = 1
        self._consumer = consumer
        self._topic = topic

    async def read_to_end(self) -> None:
        """Take in all that the control topic says by now. Raises KafkaError."""
        async for _, records in read_whole(self._consumer, [self._topic]):
            self.number = max(self.number, _newest(records))

    async def replaced(self) -> None:
        """Return when a later build is in force. Raises KafkaError."""
        while _newest((await self._consumer.getmany(timeout_ms=_POLL_MS)).get(self._topic, ())) <= self.number:
            pass


def _newest(records: Iterable[ConsumerRecord]) -> int:
    """The last build that these records of the control topic name; 0 when they name none."""
    found = 0
    for record in records:
        if record.key == KEY.encode():
            value = record.value or b""
            if _A_NUMBER.fullmatch(value):
                found = max(found, int(value))
            else:  # somebody else has written it: the build in force stays
                log.error("the control topic holds no number of a build at %d", record.offset)
    return found


@contextlib.asynccontextmanager
async def following(settings: Settings) -> AsyncIterator[Build]:
    """The build in force now. Raises KafkaError."""
    topic = TopicPartition(Names(settings.namespace).control, 0)
    async with started(log_reader(Connection.of(settings))) as consumer:
        build = Build(consumer, topic)
        await build.read_to_end()
        yield build


async def current(settings: Settings) -> int:
    """The number of the build in force. Raises KafkaError."""
    async with following(settings) as build:
        return build.number


async def order_new(settings: Settings) -> int:
    """Put a new build in force and give its number. Raises TopicError and KafkaError."""
    number = await current(settings) + 1
    await create_topics(settings, tables_changelogs(settings, number))
    async with started(writer(Connection.of(settings))) as producer:
        control = Names(settings.namespace).control
        await producer.send_and_wait(control, str(number).encode(), key=KEY.encode(), partition=0)
    return number

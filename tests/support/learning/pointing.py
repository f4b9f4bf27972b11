"""A model put in force by a bare record on the control topic, with no command before it."""

from streams.kafka.clients import started, writer
from streams.kafka.connection import Connection
from streams.kafka.topics import Names
from streams.settings import Settings


async def point(settings: Settings, key: str, name: str) -> None:
    """Make `name` the active or the shadow model of every worker; an empty name takes the pointer back.

    Raises KafkaError.
    """
    async with started(writer(Connection.of(settings))) as producer:
        topic = Names(settings.namespace).control
        await producer.send_and_wait(topic, name.encode() or None, key=key.encode(), partition=0)

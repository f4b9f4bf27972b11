"""What departments receive, as it comes."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import msgspec

from models.envelope import event_type
from streams.kafka.clients import follower, started
from streams.kafka.connection import Connection
from streams.kafka.topics import Names


class Received(NamedTuple):
    """One record of an assignments topic: its department, CloudEvents type, data and time (ms UTC)."""

    department: str
    type: str
    data: dict[str, Any]
    timestamp: int


async def follow_assignments(
    connection: Connection, names: Names, departments: Sequence[str], from_start: bool
) -> AsyncIterator[Received]:
    """Every committed event of these departments' topics, until the caller stops. Raises KafkaError."""
    topics = {names.assignments(department): department for department in departments}
    begin = "earliest" if from_start else "latest"
    async with started(follower(connection, *topics, auto_offset_reset=begin)) as consumer:
        async for record in consumer:
            kind = event_type(record.headers)
            yield Received(topics[record.topic], kind, msgspec.json.decode(record.value), record.timestamp)

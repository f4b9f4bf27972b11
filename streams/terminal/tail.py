"""What departments receive, as it comes."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer

from models.envelope import event_type
from streams.kafka.topics import Names


class Received(NamedTuple):
    """One record of an assignments topic: its department, CloudEvents type, data and time (ms UTC)."""

    department: str
    type: str
    data: dict[str, Any]
    timestamp: int


async def follow_assignments(
    bootstrap: str, names: Names, departments: Sequence[str], from_start: bool
) -> AsyncIterator[Received]:
    """Every committed assignment and withdrawal of these departments, until the caller stops. Raises KafkaError."""
    topics = {names.assignments(department): department for department in departments}
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest" if from_start else "latest",
        fetch_max_wait_ms=50,
    )
    try:
        await consumer.start()
        async for record in consumer:
            kind = event_type(record.headers)
            yield Received(topics[record.topic], kind, msgspec.json.decode(record.value), record.timestamp)
    finally:
        await consumer.stop()

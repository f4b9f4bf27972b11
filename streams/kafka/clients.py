"""Kafka clients that are closed whatever happens to them."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any


@contextlib.asynccontextmanager
async def started(client: Any) -> AsyncIterator[Any]:
    """An aiokafka client while the body runs; it is stopped also when it cannot start. Raises KafkaError."""
    try:
        await client.start()
        yield client
    finally:
        await client.stop()

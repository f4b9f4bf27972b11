"""Events to the input topics, acknowledged by the broker or not at all."""

import asyncio
from collections.abc import Sequence

from aiokafka.errors import KafkaError

from models.envelope import Event, to_binary
from streams.gateway.http.problems import Problem
from streams.gateway.shutdown import ACK_SECONDS, Shutdown
from streams.kafka.clients import writer
from streams.kafka.closing import CLOSE_SECONDS, within
from streams.kafka.connection import Connection
from streams.settings import Settings
from streams.tracing.trace_context import traced_by
from streams.tracing.tracer import current_traceparent

_RETRY_AFTER_SECONDS = 5


class Unacknowledged(Problem):
    """The broker has not acknowledged in time; the event may or may not have been written."""

    def __init__(self, event_id: str) -> None:
        super().__init__(
            503,
            "not-acknowledged",
            "the event may not have been kept: send it again with the same Idempotency-Key",
            {"retry-after": str(_RETRY_AFTER_SECONDS)},
            idempotency_key=event_id,
        )


class EventWriter:
    """An idempotent producer that waits for all in-sync replicas."""

    def __init__(self, settings: Settings, shutdown: Shutdown) -> None:
        self._shutdown = shutdown
        self._seconds = settings.gateway_ack_seconds
        self._producer = writer(
            Connection.of(settings),
            enable_idempotence=True,
            request_timeout_ms=int(self._seconds * 1000),
            max_request_size=settings.gateway_body_bytes + 64 * 1024,
        )

    async def start(self) -> None:
        """Connect. Raises KafkaError."""
        await self._producer.start()

    async def stop(self) -> None:
        """Write what is under way and disconnect; what the broker does not take by then is given up."""
        # Who sent what is given up has been told that it may not have been kept.
        await within(CLOSE_SECONDS, self._producer.stop())

    async def write(self, topic: str, key: str, event: Event, more: Sequence[tuple[str, bytes]] = ()) -> None:
        """Returns when the event is safe. Raises Unacknowledged when the broker does not say so in time."""
        headers, value = to_binary(event)
        headers += traced_by(current_traceparent())
        try:
            async with self._shutdown.within(self._seconds, ACK_SECONDS):
                written = await self._producer.send(topic, value, key.encode(), headers=[*headers, *more])
                # Shielded: a timeout must not cancel what may be on its way.
                await asyncio.shield(written)
        except (TimeoutError, KafkaError) as error:
            raise Unacknowledged(event.id) from error

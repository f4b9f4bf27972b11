"""Changes of the control topic that only one can make at a time, all or nothing."""

import contextlib
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced

from models.errors import PaidanError
from streams.kafka.clients import transactional
from streams.kafka.closing import to_its_end
from streams.kafka.connection import Connection, told_why
from streams.kafka.topics import Names
from streams.settings import Settings


class ControlError(PaidanError):
    """What is in force (models, the city, silences) cannot be changed this way; nothing was changed."""


@contextlib.asynccontextmanager
async def changing(settings: Settings, what: str) -> AsyncIterator[AIOKafkaProducer]:
    """A started producer for one transaction. `what` are the models, the packs or the silences: of two who
    change the same at once, the later one ends the earlier one's change.

    Raises ControlError when that happens to this one, KafkaError when the cluster fails.
    """
    producer = transactional(Connection.of(settings), Names(settings.namespace).group(what))
    try:
        # From here on an earlier one that is still under way cannot commit any more.
        with told_why():
            await producer.start()
        yield producer
    except ProducerFenced as error:
        raise ControlError(f"somebody else is changing the {what} at this moment; nothing was changed") from error
    finally:
        await _stop(producer, what)


async def _stop(producer: AIOKafkaProducer, what: str) -> None:
    """Close it. What fails only now is told apart: it may have failed after the commit."""
    try:
        await to_its_end(producer.stop())
    except KafkaError as error:
        raise ControlError(f"the connection to Kafka was lost while the {what} were changed: {error}") from error

"""What has come: for a member of a group, as long as it is one; for a follower of topics, also while Kafka is away."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError

log = logging.getLogger(__name__)

_RETRY_SECONDS = 5.0


async def poll(
    consumer: AIOKafkaConsumer,
    parts: Iterable[TopicPartition],
    seconds: float,
    ended: asyncio.Event,
    at_once: int | None = None,
) -> Mapping[TopicPartition, Sequence[ConsumerRecord]]:
    """Records of these partitions, at most `at_once` of them, as soon as there are any; nothing after so many seconds,
    or once `ended` is set: while a group shares out anew, aiokafka waits for the new assignment, and the group waits
    for the end of the work on the old one.

    Raises KafkaError, and UnicodeDecodeError where the client cannot read a batch.
    """
    fetching = asyncio.ensure_future(consumer.getmany(*parts, timeout_ms=int(seconds * 1000), max_records=at_once))
    ending = asyncio.ensure_future(ended.wait())
    try:
        await asyncio.wait((fetching, ending), return_when=asyncio.FIRST_COMPLETED)
        return fetching.result() if fetching.done() else {}
    except NoOffsetForPartitionError:
        return {}  # left over from the moment between the assignment and the member's own seek
    finally:
        fetching.cancel()
        ending.cancel()


async def heard(
    consumer: AIOKafkaConsumer, seconds: float, what: str
) -> Mapping[TopicPartition, Sequence[ConsumerRecord]]:
    """What has come for a consumer within so many seconds. Where Kafka fails that is logged, as `what` cannot be read,
    and after a while nothing has come."""
    try:
        found: Mapping[TopicPartition, Sequence[ConsumerRecord]] = await consumer.getmany(
            timeout_ms=int(seconds * 1000)
        )
    except KafkaError as error:
        log.warning("%s cannot be read: %s", what, error)
        await asyncio.sleep(_RETRY_SECONDS)
        return {}
    return found

"""What a member of a group gets while the group shares out anew."""

import asyncio
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CorruptRecordException, NoOffsetForPartitionError

from streams.kafka.polling import poll
from tests.support.messages import raw

PART = TopicPartition("t", 0)


class Consumer(AIOKafkaConsumer):
    """One that has what it is given, raises it, or waits for an assignment that does not come."""

    def __init__(self, has: list[ConsumerRecord] | Exception | None) -> None:
        self.has, self.cancelled = has, False

    def __del__(self) -> None:
        """There is nothing to close."""

    async def getmany(self, *parts: Any, timeout_ms: int = 0, max_records: int | None = None) -> Any:
        """As aiokafka's."""
        if isinstance(self.has, Exception):
            raise self.has
        if self.has is not None:
            return {PART: self.has[:max_records]}
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def test_what_has_come_is_given_and_no_more_than_is_wanted_at_once() -> None:
    """The records as the client has them."""
    records = [raw(b"1", ()), raw(b"2", ())]

    assert await poll(Consumer(records), [PART], 1.0, asyncio.Event(), 1) == {PART: records[:1]}


async def test_whoever_has_ended_waits_for_no_new_assignment() -> None:
    """Nothing is given, and the client is asked no longer."""
    consumer, ended = Consumer(None), asyncio.Event()
    asyncio.get_running_loop().call_soon(ended.set)

    assert await poll(consumer, [PART], 60.0, ended) == {}
    await asyncio.sleep(0)
    assert consumer.cancelled


async def test_what_was_wanted_before_the_members_own_seek_is_no_error() -> None:
    """A partition without a position gives nothing; what else goes wrong is raised."""
    assert await poll(Consumer(NoOffsetForPartitionError(PART)), [PART], 1.0, asyncio.Event()) == {}
    with pytest.raises(CorruptRecordException):
        await poll(Consumer(CorruptRecordException()), [PART], 1.0, asyncio.Event())

"""Records on their way out: those for one partition travel together."""

import asyncio
from collections.abc import Container, Iterable
from functools import lru_cache

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from streams.kafka.sizes import BATCH_BYTES

Sent = tuple["asyncio.Future[RecordMetadata]", int]

_ZSTD = 4  # in the attributes of a batch: https://kafka.apache.org/documentation/#recordbatch


class Send(msgspec.Struct, frozen=True, gc=False):
    """A record to publish. `partition` None leaves the choice to murmur2 over the key."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


@lru_cache(maxsize=65_536)
def partition_of(key: str, partitions: int) -> int:
    """The partition that Kafka's default partitioner gives a key, out of so many."""
    return int(murmur2(key.encode()) & 0x7FFFFFFF) % partitions


async def send_all(producer: AIOKafkaProducer, sends: Iterable[Send], packed: Container[str] = ()) -> list[Sent]:
    """Queue all sends, in order within each partition; every future, with how many records from its offset on it is.

    Records with a given partition are put together here: that costs a tenth of a `send` each. Those for the topics
    `packed` are packed by Zstandard, for which the producer must be a transaction's. Raises KafkaError.
    """
    batches: dict[tuple[str, int], BatchBuilder] = {}
    futures: list[Sent] = []

    async def dispatch(topic: str, partition: int, batch: BatchBuilder) -> None:
        batch.close()
        futures.append((await producer.send_batch(batch, topic, partition=partition), batch.record_count()))

    for send in sends:
        headers = list(send.headers)
        if send.partition is None:
            futures.append((await producer.send(send.topic, send.value, send.key, headers=headers), 1))
            continue
        place = (send.topic, send.partition)
        batch = batches.get(place)
        if batch is not None and batch.append(timestamp=None, key=send.key, value=send.value, headers=headers):
            continue
        if batch is not None:
            await dispatch(*place, batch)
        fresh = batches[place] = _packed_batch() if send.topic in packed else producer.create_batch()
        if fresh.append(timestamp=None, key=send.key, value=send.value, headers=headers) is None:
            raise MessageSizeTooLargeError(f"a record for {send.topic} does not fit into a batch")
    for place, batch in batches.items():
        await dispatch(*place, batch)
    return futures


def _packed_batch() -> BatchBuilder:
    """As `create_batch` of a transactional producer: that packs the batches of all topics or of none."""
    return BatchBuilder(BATCH_BYTES, _ZSTD, is_transactional=True)

"""Read the changelogs of a state to their end."""

from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

Row = tuple[str, bytes]


def log_reader(bootstrap: str) -> AIOKafkaConsumer:
    """A consumer without a group that reads whole partitions in large pieces, committed records only."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_bytes=16 * 1024 * 1024,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )


async def read_changelogs(
    bootstrap: str, parts: Sequence[TopicPartition], unless_at: Mapping[TopicPartition, int] | None = None
) -> tuple[dict[str, list[Row]] | None, dict[TopicPartition, int]]:
    """All committed rows of one partition of each topic, newest value per key, and where the partitions end.

    Rows come in the order in which their keys were last written, tombstones left out. When the partitions end exactly
    at `unless_at` nothing is read and the rows are None. Call it only after the writer of these partitions has been
    fenced: then their ends no longer move. Raises KafkaError.
    """
    consumer = log_reader(bootstrap)
    try:
        await consumer.start()
        ends = dict(await consumer.end_offsets(parts))
        if unless_at is not None and ends == unless_at:
            return None, ends
        consumer.assign(list(parts))
        await consumer.seek_to_beginning(*parts)
        newest: dict[str, dict[str, bytes]] = {part.topic: {} for part in parts}
        behind = {part for part in parts if await consumer.position(part) < ends[part]}
        while behind:
            for part, records in (await consumer.getmany(*behind, timeout_ms=200)).items():
                table = newest[part.topic]
                for record in records:
                    key = record.key.decode()
                    table.pop(key, None)
                    if record.value is not None:
                        table[key] = record.value
            behind = {part for part in behind if await consumer.position(part) < ends[part]}
        return {topic: list(table.items()) for topic, table in newest.items()}, ends
    finally:
        await consumer.stop()

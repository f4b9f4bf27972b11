"""One partition as a share reads it: what is fetched and not yet decided, and where it goes on."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.kafka.raw_fetch import read_leniently

_MOST_BYTES = 32 * 1024 * 1024  # of values; a few thousand usual records are far from it


class Inlet:
    """It fetches up to `most` records ahead. `next_offset` is that behind the last one that is decided."""

    def __init__(self, tp: TopicPartition, most: int) -> None:
        self.tp = tp
        self.next_offset = 0
        self._most = most
        self._position = 0
        self._queue: deque[ConsumerRecord] = deque()
        self.full = False  # so much is at hand that no more is fetched
        self._bytes = 0  # of what is at hand
        self._behind_markers = 0

    def begin(self, consumer: AIOKafkaConsumer, offset: int) -> None:
        """Fetch from this offset on; what was fetched before is forgotten."""
        self._queue.clear()
        self._bytes = 0
        self.next_offset = self._position = offset
        consumer.seek(self.tp, offset)
        consumer.resume(self.tp)
        self.full = False
        self._behind_markers = 0

    @property
    def waiting(self) -> int:
        """How many records are fetched and not yet decided."""
        return len(self._queue)

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Records that the consumer has fetched, next to those at hand."""
        if records:
            self._queue.extend(records)
            self._bytes += sum(map(length_of, records))
            self._position = records[-1].offset + 1

    async def read_leniently(self, consumer: AIOKafkaConsumer) -> None:
        """Go on behind what is at hand, also where the consumer refuses a batch or has lost what it had fetched.

        Raises KafkaError.
        """
        if self.full:  # nothing more now; what the client had fetched it fetches again
            consumer.seek(self.tp, self._position)
            return
        records, after = await read_leniently(consumer, self.tp, self._position, self._most)
        self.take(records)
        self._position = after
        consumer.seek(self.tp, after)

    async def behind_markers(self, consumer: AIOKafkaConsumer) -> int | None:
        """Where the partition goes on once all is decided, if that is behind what was committed, and was not told
        before: only the markers of transactions lie in between, which hold nothing to decide. Else None."""
        if self._queue:
            return None
        position = int(await consumer.position(self.tp))
        if position <= max(self.next_offset, self._behind_markers):
            return None
        self._behind_markers = position
        return position

    def regulate(self, consumer: AIOKafkaConsumer) -> None:
        """Fetch no more while there is enough to do."""
        if not self.full and (len(self._queue) >= self._most or self._bytes >= _MOST_BYTES):
            self.full = True
            consumer.pause(self.tp)
        elif self.full and len(self._queue) < self._most // 2 and self._bytes < _MOST_BYTES // 2:
            self.full = False
            consumer.resume(self.tp)

    def first(self, count: int) -> list[ConsumerRecord]:
        """So many of the records at hand, fewer where there are not so many."""
        return list(islice(self._queue, count))

    def decided(self, records: Sequence[ConsumerRecord]) -> None:
        """These, the first at hand, are decided and committed."""
        for _ in records:
            self._bytes -= length_of(self._queue.popleft())
        if records:
            self.next_offset = records[-1].offset + 1


def length_of(record: ConsumerRecord) -> int:
    """How many bytes a record's value has."""
    return len(record.value or b"")

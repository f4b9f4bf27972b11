"""The silences that were set, as a desk follows them: what changes, it writes to its own partitions of the inbox."""

import logging
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from models.inbox import LiveSilence
from streams.control.live_silences import read_silences
from streams.kafka.clients import log_reader, started
from streams.kafka.closing import CLOSE_SECONDS
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_whole
from streams.kafka.polling import heard
from streams.kafka.topics import Names
from streams.settings import Settings

_POLL_SECONDS = 0.2

log = logging.getLogger(__name__)


class FollowedSilences:
    """The newest version of each silence, by number."""

    def __init__(self, known: Iterable[LiveSilence] = ()) -> None:
        self._known: dict[str, LiveSilence] = {}
        self._take(known)

    def unlike(self, partition: Mapping[str, LiveSilence], clock: int) -> tuple[LiveSilence, ...]:
        """Those that a partition of the inbox has not heard of yet, in the order of their numbers; none that were over
        by its clock before it could hear of them."""
        return tuple(
            silence
            for number, silence in self._known.items()
            if (number in partition or silence.ends_at > clock) and _version(partition.get(number)) < silence.version
        )

    async def follow(self, settings: Settings) -> None:
        """Follow the topic until cancelled. Raises KafkaError where it cannot be read from the beginning."""
        topic = TopicPartition(Names(settings.namespace).silences, 0)
        async with started(log_reader(Connection.of(settings)), CLOSE_SECONDS) as consumer:
            async for _, records in read_whole(consumer, [topic]):
                self._take_records(records)
            while True:
                self._take_records((await heard(consumer, _POLL_SECONDS, "the topic of silences")).get(topic, ()))

    def _take_records(self, records: Sequence[ConsumerRecord]) -> None:
        for record in records:
            try:
                self._take(read_silences([record]))
            except msgspec.DecodeError as error:  # somebody else has written it
                log.error("the topic of silences holds none at %d: %s", record.offset, error)

    def _take(self, silences: Iterable[LiveSilence]) -> None:
        for silence in silences:
            self._known[str(silence.number)] = silence


def _version(silence: LiveSilence | None) -> int:
    return 0 if silence is None else silence.version

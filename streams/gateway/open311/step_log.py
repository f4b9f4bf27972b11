"""The steps of all orders between two instants, from the log of facts: those that reporters are told of."""

from collections.abc import Iterable
from typing import NamedTuple

from aiokafka import ConsumerRecord, TopicPartition

from dispatcher.order import facts
from models.envelope import event_type
from streams.gateway.events.turns import ASKER, Turns
from streams.gateway.reporters.public_state import TOLD
from streams.kafka.clients import log_reader, started
from streams.kafka.connection import Connection
from streams.kafka.log_reading import BESIDE_ANSWERS, offsets_since, read_to
from streams.kafka.topics import Names
from streams.settings import Settings

_READ_MOST = 40_000  # records for one answer, over all partitions
_LEAST_EACH = 500
_READERS, _READERS_OF_ONE = 2, 1  # each reads some megabytes of the log: the others wait their turn
_TOLD = frozenset(ce_type for kind, ce_type in facts.CE_TYPES.items() if facts.name(kind) in TOLD)


class ToldStep(NamedTuple):
    """A fact, and when the desk wrote it (ms UTC): whoever asks for one window after another meets it in one of them,
    however late the desk was."""

    fact: facts.Fact
    written_at: int


class StepLog:
    """Reads the log for whoever asks what became of orders."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turns = Turns(_READERS, _READERS_OF_ONE)

    async def between(self, since: int, until: int, most: int) -> list[ToldStep]:
        """The steps that were written from `since` to `until` (ms UTC, both included), oldest first: the first `most`
        of them, or those up to where one answer reads. Raises KafkaError, and Problem (503) where too many of one
        asker wait."""
        topic = Names(self._settings.namespace).orders
        parts = [TopicPartition(topic, number) for number in range(self._settings.partitions)]
        each = max(_LEAST_EACH, _READ_MOST // len(parts))
        async with self._turns.turn(ASKER.get()), started(log_reader(Connection.of(self._settings))) as consumer:
            consumer.assign(parts)
            ends = await consumer.end_offsets(parts)
            starts = await offsets_since(consumer, since, ends)
            stops = await offsets_since(consumer, until + 1, ends)
            reading = {part: min(stops[part], starts[part] + each) for part in parts}
            for part in parts:
                consumer.seek(part, starts[part])
            steps = StepsOf(until, {part: stop for part, stop in reading.items() if stop < stops[part]})
            async for part, records in read_to(consumer, reading, BESIDE_ANSWERS):
                steps.take(part, (record for record in records if record.offset < reading[part]))
        return steps.found(most)


class StepsOf:
    """Steps under way. `cut` are the partitions that are not read up to their end: behind the last record of one of
    them nothing is told, or whoever asks on from there would miss what lay behind it."""

    def __init__(self, until: int, cut: Iterable[TopicPartition]) -> None:
        self._until, self._reached = until, dict.fromkeys(cut, until)
        self._steps: list[ToldStep] = []

    def take(self, part: TopicPartition, records: Iterable[ConsumerRecord]) -> None:
        """Take records of a partition, in their order."""
        for record in records:
            if part in self._reached:
                self._reached[part] = record.timestamp
            kind = event_type(record.headers)
            if kind in _TOLD:
                fact = facts.from_wire(kind, record.value)
                assert isinstance(fact, facts.Fact)  # a refusal is nothing that reporters are told
                self._steps.append(ToldStep(fact, record.timestamp))

    def found(self, most: int) -> list[ToldStep]:
        """The first of them by the instant, as many as there may be told."""
        last = min(self._reached.values(), default=self._until)
        told = (step for step in self._steps if step.written_at <= last)
        return sorted(told, key=lambda step: (step.written_at, step.fact.order_id, step.fact.seq))[:most]

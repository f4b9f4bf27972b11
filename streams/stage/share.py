"""One input partition in the hands of a process: its processor, how far it is, what it still has to decide."""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Generic, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams import metrics
from streams.kafka.log_reading import Row, holds_anything, read_changelogs
from streams.kafka.sending import Send
from streams.stage.inlet import Inlet
from streams.stage.processing import BROUGHT_BACK, O, Processor, StageError, StageOptions
from streams.stage.quota import Quota
from streams.stage.scout import Scout, Scouted, Waits

_RESET = "; docs/operations.md says how to set where to go on"
_TICK_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0  # of a tick that came too soon: what Kafka said of the time then need not hold for ever
_SHARE_OF_THE_REST = 4  # one part in so many of a batch is not urgent, as long as anything is waiting


class Batch(NamedTuple):
    """What is decided in one go: urgent records, then others."""

    urgent: Sequence[ConsumerRecord]
    rest: Sequence[ConsumerRecord]

    @property
    def size(self) -> int:
        """How many records it has."""
        return len(self.urgent) + len(self.rest)

    @property
    def behind(self) -> int:
        """The offset of the input behind it; 0 where it has nothing of that."""
        return self.rest[-1].offset + 1 if self.rest else 0


class Share(Generic[O]):
    """A partition of the input with its processor, and what was fetched for it. It is kept while the group shares out
    anew: should the partition come back then, and nobody has written to its changelogs meanwhile, its state is still
    true."""

    def __init__(self, tp: TopicPartition, processor: Processor[O], options: StageOptions) -> None:
        self.tp = tp
        self.processor = processor
        self._options = options
        self._ends: dict[TopicPartition, int] | None = None
        self._before: dict[TopicPartition, int] | None = None
        self._next_offset: int | None = None  # of the input, by the state; it stands when a restore is tried again
        self.input = Inlet(tp, options.max_records)
        lane = TopicPartition(options.urgent, tp.partition)
        self.urgent = Inlet(lane, options.max_records) if options.urgent else None
        lookout = processor.lookout
        self.scout = Scout(tp, options.group, lookout, options.max_records) if lookout is not None else None
        self._quota = Quota(options.max_records)
        self._tick_offset = -1
        self._ticked = 0.0
        self._ticked_for: int | None = None
        self._pause = _TICK_SECONDS  # until the same timer is worth another tick

    # Taking over

    async def restore(
        self, consumer: AIOKafkaConsumer, urgent_reader: AIOKafkaConsumer | None, worked_on: bool
    ) -> None:
        """Make sure that the state is the fold of its changelogs, and have both readers go to where it goes on: that of
        the input and that of the urgent lane, if there is one. Call it once the partition is claimed: nobody else
        writes any more. `worked_on`: somebody had claimed it before.

        Raises KafkaError, and StageError when the records from there on are gone, Kafka has forgotten the committed
        offset or a changelog was lost: no position is ever guessed.
        """
        parts = [TopicPartition(topic, self.tp.partition) for topic in self.processor.changelogs]
        if parts:
            started = time.monotonic()
            rows, ends = await read_changelogs(self._options.connection, parts, self._ends, self.processor.held)
            if rows is not None:
                self._next_offset = await self.processor.load(rows)
                if self._next_offset is None:
                    await self._check_fresh(rows)
                metrics.STAGE_RESTORE_SECONDS.labels(self._options.group).observe(time.monotonic() - started)
            self._ends = ends
        else:
            self._next_offset = await consumer.committed(self.tp)
        self._next_offset = await self._begin(consumer, self._next_offset, worked_on)
        self.input.begin(consumer, self._next_offset)
        if self.urgent is not None and urgent_reader is not None:
            offset = await self._within(urgent_reader, self.urgent.tp, self.processor.urgent_offset)
            self.urgent.begin(urgent_reader, offset)

    async def _check_fresh(self, rows: Mapping[str, Collection[Row]]) -> None:
        """A state that says nothing of where to go on is one of which nothing was ever committed. Raises StageError
        where it is not: begun anew it would decide all of its input again, and everybody would hear of it again."""
        left = next((topic for topic, those in rows.items() if those), "")
        if not left:
            traces = [part for part in self._options.traces if part.partition == self.tp.partition]
            left = await holds_anything(self._options.connection, traces)
        if left:
            where = " or ".join(self.processor.changelogs)
            raise StageError(
                f"{self}: {left} tells that it has worked, and nothing in {where} where it goes on: that was made "
                f"anew, or has lost its records; {BROUGHT_BACK}"
            )

    async def _begin(self, consumer: AIOKafkaConsumer, offset: int | None, worked_on: bool) -> int:
        """Where to go on in the input: at `offset`, or from the start where none is known and nothing is gone. Raises
        StageError as `restore` does."""
        first = (await consumer.beginning_offsets([self.tp]))[self.tp]
        if offset is None:
            stateless = not self.processor.changelogs
            if first > 0:
                lost = "committed offset" if stateless else "state"
                raise StageError(f"{self}: no {lost} is left, and the log begins at {first} instead of 0{_RESET}")
            if stateless:
                if worked_on and await self._forgotten(consumer):
                    raise StageError(f"{self}: Kafka has forgotten the group's committed offsets{_RESET}")
                await consumer.commit({self.tp: first})  # from here on, none means forgotten
            offset = first
        return await self._within(consumer, self.tp, offset)

    async def _within(self, consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int) -> int:
        """The offset, which the log holds or ends at. Raises StageError where it does not."""
        first = (await consumer.beginning_offsets([tp]))[tp]
        last = (await consumer.end_offsets([tp]))[tp]
        place = f"{self._options.group} {tp.topic}/{tp.partition}"
        if offset < first:
            gone = f"the records from offset {offset} on were deleted before they were read"
            raise StageError(f"{place}: {gone}, and the log begins at {first}{_RESET}")
        if offset > last:
            raise StageError(f"{place}: {offset} is wanted, and the log ends at {last}: it has lost its end{_RESET}")
        return offset

    async def _forgotten(self, consumer: AIOKafkaConsumer) -> bool:
        """Whether the group has worked, has something to read, and yet no offset for any of its partitions."""
        traces = await consumer.end_offsets(list(self._options.traces))
        if not any(traces.values()):
            return False
        topics = {topic: consumer.partitions_for_topic(topic) or () for topic in consumer.subscription()}
        parts = [TopicPartition(topic, number) for topic, numbers in topics.items() for number in numbers]
        if not any((await consumer.end_offsets(parts)).values()):
            return False
        # In this order: a sister commits before it leaves a trace, or together with it.
        return not any([await consumer.committed(part) is not None for part in parts])

    # Reading

    @property
    def inlets(self) -> tuple[Inlet, ...]:
        """What it reads: its partition and, where the stage has one, that of the urgent lane."""
        return (self.input,) if self.urgent is None else (self.input, self.urgent)

    @property
    def waiting(self) -> int:
        """How many records are fetched and not yet decided."""
        return sum(inlet.waiting for inlet in self.inlets)

    # Deciding

    def batch(self) -> Batch:
        """What to decide next: so much as fits into the time, what is urgent first. Some of the rest is always with it:
        the clock of a partition must go on however much is urgent."""
        if self.urgent is None or not self.urgent.waiting:
            return Batch((), self.input.first(self._quota.records))
        urgent = self.urgent.first(max(1, self._quota.records - self._quota.records // _SHARE_OF_THE_REST))
        return Batch(urgent, self.input.first(max(1, self._quota.records - len(urgent))))

    def took(self, count: int, seconds: float, budget: float) -> None:
        """So many records took so long: cut the next batch so that it stays near the budget."""
        self._quota.took(count, seconds, budget)

    def look_ahead(self, reader: AIOKafkaConsumer, end: int) -> None:
        """Send the scout out, on or home, by how much waits before the end of the log, as far as that is known."""
        if self.scout is not None:
            self.scout.follow(reader, Waits(self.input.next_offset, self._quota.records, end))

    def due_tick(self) -> Send | None:
        """A tick for the own input when a timer is due: at most one outstanding and one a second, but without a pause
        while what is due has waited for longer than that (one tick fires only so many), and where Kafka's clock has
        said that a timer is not due yet, none until it is."""
        due, now = self.processor.due(), time.time() * 1000
        if due is None or due > now or self.input.next_offset <= self._tick_offset:
            return None
        # The same timer still first means that the last tick did not reach it: the broker's clock may lie behind ours.
        again = due == self._ticked_for
        if again or due > now - 1_000:
            pause = self._pause if again else _TICK_SECONDS
            if time.monotonic() - self._ticked < pause:
                return None
        if not again:  # what Kafka said of another timer says nothing of this one, should the tick be lost
            self._pause = _TICK_SECONDS
        self._ticked, self._ticked_for = time.monotonic(), due
        return self.processor.tick()

    def ticked(self, offset: int, at: int) -> None:
        """The tick is committed at this offset of the input, to which Kafka has added it at `at`, ms UTC."""
        self._tick_offset = offset
        early = (self._ticked_for - at) / 1000 if self._ticked_for is not None else 0.0
        self._pause = min(max(_TICK_SECONDS, early), _LONGEST_PAUSE_SECONDS)
        self.processor.ticked(at)

    # Committing

    def begin(self) -> None:
        """A transaction begins that may write to the changelogs: where they end is unknown until it has succeeded."""
        self._before, self._ends = self._ends, None

    @property
    def goes_on(self) -> dict[TopicPartition, int]:
        """Where its partitions go on now."""
        return {inlet.tp: inlet.next_offset for inlet in self.inlets if inlet.next_offset}

    def offsets_after(self, batch: Batch) -> dict[TopicPartition, int]:
        """Where its partitions go on behind a batch."""
        lanes = zip(self.inlets, (batch.rest, batch.urgent), strict=False)
        return {inlet.tp: records[-1].offset + 1 for inlet, records in lanes if records}

    def committed(self, outcome: O, batch: Batch, scouted: Scouted | None = None) -> None:
        """The batch is decided, and what it led to is committed, with what its scout has found."""
        self.processor.settle(outcome)
        if self.scout is not None and scouted is not None:
            self.scout.committed(scouted)
        for inlet, records in zip(self.inlets, (batch.rest, batch.urgent), strict=False):
            inlet.decided(records)
        self._next_offset = self.input.next_offset
        self._ends = None if self._before is None else _ends_after(self._before, outcome.sends)

    def __str__(self) -> str:
        return f"{self._options.group} {self.tp.topic}/{self.tp.partition}"


def _ends_after(ends: Mapping[TopicPartition, int], sends: Sequence[Send]) -> dict[TopicPartition, int]:
    """Where partitions end that nobody else writes to: each transaction adds its records and one marker."""
    written = dict(ends)
    for send in sends:
        part = TopicPartition(send.topic, send.partition) if send.partition is not None else None
        if part in written:
            written[part] += 1
    return {part: end + (end > ends[part]) for part, end in written.items()}

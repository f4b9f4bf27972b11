"""What a member of a group gets while the group shares out anew, and how a long log is read beside other work."""

import asyncio
from collections.abc import Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaConnectionError, NoOffsetForPartitionError

from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_to
from streams.kafka.polling import poll
from streams.stage.inlet import Inlet
from streams.stage.lanes import Lanes, _Urgent
from streams.stage.processing import Processor, StageError, StageOptions
from streams.stage.share import Share
from tests.support.messages import raw

PART, LANE = TopicPartition("t", 0), TopicPartition("urgent", 0)


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


class AtHand(AIOKafkaConsumer):
    """One that has all of a long log at hand: it never waits."""

    def __init__(self) -> None:
        self.at = 0

    def __del__(self) -> None:
        """There is nothing to close."""

    async def position(self, _: TopicPartition) -> int:
        """Behind what it has given."""
        return self.at

    async def getmany(self, *_: Any, timeout_ms: int = 0, max_records: int | None = None) -> Any:
        """As aiokafka's, but that each record is the same."""
        assert max_records is not None
        self.at += max_records
        return {PART: [raw(b"1", ())] * max_records}


async def test_all_else_has_its_turn_while_a_log_is_read_that_is_at_hand() -> None:
    """A gateway answers between two batches of what it follows: here whoever counts is called after each."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    had = [turns async for _ in read_to(AtHand(), {PART: 1_000}, 100)]
    counting.cancel()

    assert had == list(range(10))


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


async def test_what_fails_in_one_lane_leaves_nothing_going_on_in_the_other() -> None:
    """What was read there would come into the queue of the next tenure, before what that has gone back to."""
    cleaned: list[str] = []

    class Client(SimpleNamespace):
        async def send(self, *_: Any) -> Any:
            try:
                await asyncio.Event().wait()
            finally:
                cleaned.append("answer")

    refused, broken = Consumer(CorruptRecordException()), Consumer(KafkaConnectionError())
    refused._client = Client(cluster=SimpleNamespace(leader_for_partition=lambda _: 1))
    share = SimpleNamespace(input=Inlet(PART, 10), urgent=Inlet(TopicPartition("urgent", 0), 10), waiting=0)
    lanes = Lanes(refused, cast(list[Share[Any]], [share]), cast(StageOptions, SimpleNamespace(idle=1.0)))
    lanes._urgent = _Urgent(broken, broken)

    with pytest.raises(KafkaConnectionError):
        await lanes._poll(0.0)

    assert cleaned == ["answer"]


async def test_what_is_fetched_is_decided_once_and_gone_on_behind() -> None:
    """Where only the markers of transactions lie behind what is decided, that is told once."""

    async def position(_: TopicPartition) -> int:
        return behind[0]

    behind, seen = [5], list[int]()
    consumer = cast(
        AIOKafkaConsumer,
        SimpleNamespace(seek=lambda _, at: seen.append(at), resume=lambda _: None, position=position),
    )
    inlet = Inlet(PART, 10)
    inlet.begin(consumer, 5)
    at_rest = await inlet.behind_markers(consumer)

    inlet.take([raw(b"{}", (), offset=offset) for offset in (5, 7)])
    behind[0] = 9
    busy = await inlet.behind_markers(consumer)
    inlet.full = True
    await inlet.read_leniently(consumer)  # the client has lost what it had fetched
    inlet.decided(inlet.first(1))
    between = inlet.next_offset
    inlet.decided(inlet.first(1))

    assert seen == [5, 8]
    assert (between, inlet.next_offset, inlet.waiting) == (6, 8, 0)
    assert (at_rest, busy) == (None, None)
    assert [await inlet.behind_markers(consumer) for _ in range(2)] == [9, None]


def two_lanes(urgent_offset: int = 0) -> Share[Any]:
    """A partition with an urgent lane, whose processor keeps no state."""
    processor = SimpleNamespace(lookout=None, settle=lambda _: None, changelogs=(), urgent_offset=urgent_offset)
    options = StageOptions(Connection("nowhere:1"), "group", "claims", urgent="urgent")
    return Share(PART, cast(Processor[Any], processor), options)


def holding(first: int, last: int, sought: dict[TopicPartition, int], committed: int | None = None) -> AIOKafkaConsumer:
    """A consumer of partitions that hold the records from one offset up to another, and where it was told to go."""

    async def at(offset: int, parts: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(parts, offset)

    async def known(_: TopicPartition) -> int | None:
        return committed

    log = SimpleNamespace(
        beginning_offsets=partial(at, first),
        end_offsets=partial(at, last),
        committed=known,
        seek=sought.__setitem__,
        resume=lambda _: None,
    )
    return cast(AIOKafkaConsumer, log)


async def test_each_lane_begins_where_it_is_said_to() -> None:
    """The input where the group has left off, the urgent lane where the state says."""
    sought: dict[TopicPartition, int] = {}
    share = two_lanes(urgent_offset=3)

    await share.restore(holding(2, 9, sought, committed=5), holding(0, 3, sought), worked_on=True)

    assert sought == share.goes_on == {PART: 5, LANE: 3}


@pytest.mark.parametrize(
    ("committed", "urgent_offset", "said"),
    [
        (1, 3, "group t/0: the records from offset 1 on were deleted"),
        (10, 3, "group t/0: 10 is wanted, and the log ends at 9"),
        (5, 1, "group urgent/0: the records from offset 1 on were deleted"),
        (5, 10, "group urgent/0: 10 is wanted, and the log ends at 9"),
    ],
)
async def test_no_lane_begins_where_its_log_has_nothing(committed: int, urgent_offset: int, said: str) -> None:
    """What is gone was perhaps never decided; what comes behind a lost end would be passed over."""
    reader = holding(2, 9, {}, committed)

    with pytest.raises(StageError, match=said):
        await two_lanes(urgent_offset).restore(reader, reader, worked_on=True)


def test_each_lane_goes_on_behind_what_was_decided_of_it() -> None:
    """What the other lane has had says nothing of it."""
    share = two_lanes()
    assert share.urgent is not None
    share.input.take([raw(b"{}", (), offset=offset) for offset in (3, 4)])
    share.urgent.take([raw(b"{}", (), offset=70)])

    batch = share.batch()
    share.begin()
    offsets = share.offsets_after(batch)
    share.committed(cast(Any, SimpleNamespace(sends=())), batch)

    assert (batch.size, batch.behind) == (3, 5)
    assert offsets == share.goes_on == {PART: 5, LANE: 71}
    assert share.waiting == 0

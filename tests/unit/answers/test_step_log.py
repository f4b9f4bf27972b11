"""The steps that Open311 tells of: those of a window, and none behind a part of the log that was not read."""

from typing import Any

from aiokafka import ConsumerRecord, TopicPartition

from dispatcher.partition.decision import Outgoing
from streams.gateway.open311.step_log import StepsOf
from tests.support.desks import HOUR, T0, Desk, report
from tests.unit.steps.test_desk_returns import ROADS

ONE, OTHER = TopicPartition("orders", 0), TopicPartition("orders", 1)


def written(out: Outgoing, at: int) -> ConsumerRecord:
    """A fact as the log holds it."""
    size: Any = len(out.value)
    return ConsumerRecord("orders", 0, 0, at, 0, out.key.encode(), out.value, None, 0, size, out.headers)


def log() -> list[Outgoing]:
    """What a life leaves in the log: opened, classified, assigned, a refusal, accepted."""
    desk = Desk()
    desk.feed(report("1", T0), at=T0)
    desk.update("handle", ROADS, T0 + HOUR)
    desk.update("accept", ROADS, T0 + HOUR)
    return [out for out in desk.sent if out.topic == "orders"]


def test_the_steps_that_reporters_are_told_of_come_by_when_they_were_written() -> None:
    """Of all partitions together, at most as many as are wanted."""
    facts = log()
    steps = StepsOf(T0 + 100, ())
    steps.take(ONE, [written(out, T0 + n) for n, out in enumerate(facts)])
    steps.take(OTHER, [written(facts[0], T0 + 1)])

    told = [(step.written_at - T0, type(step.fact).__name__) for step in steps.found(10)]

    assert told == [(0, "Opened"), (1, "Opened"), (2, "Assigned"), (4, "Accepted")]
    assert [step.written_at - T0 for step in steps.found(2)] == [0, 1]


def test_nothing_is_told_that_lies_behind_a_partition_that_was_cut() -> None:
    """Whoever asks on from the last step then misses none."""
    facts = log()
    steps = StepsOf(T0 + 100, [ONE])
    steps.take(ONE, [written(facts[0], T0), written(facts[1], T0 + 1)])
    steps.take(OTHER, [written(facts[0], T0 + 1), written(facts[2], T0 + 2)])

    assert [step.written_at - T0 for step in steps.found(10)] == [0, 1]

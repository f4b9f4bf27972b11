"""A topic that is given more partitions than the city has."""

from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import ConsumerRebalanceListener
from aiokafka.structs import TopicPartition

from streams.stage import stage as stages
from streams.stage.processing import StageError
from streams.stage.stage import Stage
from tests.support.clusters.counting_stage import Counted, Counting, options


class Assigning:
    """A member of a group that is given partitions as soon as it starts."""

    def __init__(self, given: Sequence[TopicPartition]) -> None:
        self._given = given

    def subscribe(self, topics: Sequence[str], listener: ConsumerRebalanceListener) -> None:
        self._listener = listener

    async def start(self) -> None:
        await self._listener.on_partitions_assigned(self._given)

    async def stop(self) -> None:
        pass

    def pause(self, *parts: TopicPartition) -> None:
        pass


async def test_a_partition_that_was_added_ends_the_stage_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it would be taken in, nor of the others while it is tried."""
    given = [TopicPartition("t.in", number) for number in range(3)]
    monkeypatch.setattr(stages, "member", lambda *_, **__: Assigning(given))
    own: Any = options("nowhere:1", "t", partitions=2)
    stage: Stage[Counted] = Stage(own, ["t.in"], lambda tp: Counting("t", tp.partition))

    with pytest.raises(StageError, match=r"t.in has been given partition 2, and there are 2 of each topic"):
        await stage.run()

    assert stage.partitions == frozenset()

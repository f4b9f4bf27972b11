"""The claims of partitions, through every interleaving of a small world; `scripts/prove claims` takes a larger one."""

import asyncio
import contextlib
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.stage import tenure
from streams.stage.share import Share
from tests.support.clusters.counting_stage import Counted, options
from tests.support.clusters.small_world import Faults, search


@pytest.mark.parametrize(
    ("processes", "assignments", "records"),
    [(2, 1, 2), pytest.param(2, 2, 1, marks=pytest.mark.slow), pytest.param(3, 1, 1, marks=pytest.mark.slow)],
)
def test_every_record_takes_effect_once_whatever_the_interleaving(
    processes: int, assignments: int, records: int
) -> None:
    """Assignments, pauses and losses at every step: no output is lost, none doubled."""
    states, broken = search(processes, assignments, records)

    assert broken is None
    assert states > 100


@pytest.mark.slow
@pytest.mark.parametrize("faults", [Faults(fences_owners=False), Faults(fences_claimers=False)])
def test_without_either_fence_a_record_takes_effect_twice(faults: Faults) -> None:
    """The search would find a protocol that is wrong: both fences are needed."""
    _, broken = search(2, 2, 1, faults)

    assert broken is not None


async def test_a_partition_is_claimed_only_once_all_producers_have_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever claims it next fences what has begun by then: a producer that began later would be fenced by nobody."""
    came: list[str] = []

    class Producer:
        async def start(self) -> None:
            for _ in range(9):
                await asyncio.sleep(0)
            came.append("begun")

        async def stop(self) -> None:
            """Nothing is left open."""

    async def claim(*_: object) -> str:
        came.append("claimed")
        raise KafkaError("that is enough")

    @contextlib.asynccontextmanager
    async def ledger(_: object) -> Any:
        yield

    monkeypatch.setattr(tenure, "producer_of", lambda *_: Producer())
    monkeypatch.setattr(tenure, "KafkaLedger", ledger)
    monkeypatch.setattr(tenure, "claim", claim)
    share = SimpleNamespace(
        tp=TopicPartition("t.in", 0), urgent=None, scout=None, processor=SimpleNamespace(changelogs=())
    )
    own: Any = options("nowhere:1", "t", idle=0.01)

    with pytest.raises(KafkaError, match="that is enough"):
        await tenure.Tenure(cast(AIOKafkaConsumer, None), [cast(Share[Counted], share)], own).run()

    assert came == ["begun", "begun", "claimed"]

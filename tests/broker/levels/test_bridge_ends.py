"""A bridge ends as soon as it is asked to, on both sides, also while one is away."""

import asyncio
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError
from prometheus_client import REGISTRY

from dispatcher.order import wire
from models.envelope import Event, to_binary
from models.errors import UsageError
from models.events import UPWARD_STEP
from streams.bridge.role import serve
from streams.kafka.clients import admin, started
from streams.kafka.topics import Names, all_topics, create_topics
from streams.local.broker import LocalBroker
from streams.local.supervisor import GRACE_SECONDS
from streams.settings import Settings
from tests.support.cities import tiny_files, written
from tests.support.kafka import Kafka, Message, eventually, own_settings
from tests.unit.answers.test_bridge import step


async def test_a_bridge_stops_before_it_is_killed_also_while_the_cluster_above_is_away(
    kafka: Kafka, topics: Names, settings: Settings, tmp_path: Path
) -> None:
    """What it could not write there is not awaited: it is unfinished, and carried over by the next bridge."""
    async with LocalBroker(tmp_path / "above", quick=True) as broker:
        stop, before = asyncio.Event(), carried_above()
        bridge = await bridge_to(Kafka(broker.bootstrap, broker), settings, tmp_path)
        serving = asyncio.create_task(serve(bridge, stop))
        headers, value = to_binary(Event("1", "paidan/desk", UPWARD_STEP, wire.encode(step("waiting", "under-way"))))
        crossing = Message(value, b"o-1", tuple(headers))

        async def carried() -> bool:
            return carried_above() > before

        async def at_work() -> bool:
            return bool(REGISTRY.get_sample_value("paidan_bridge_at_work_on_seconds", {"side": "below"}))

        await kafka.produce(topics.upward, [crossing])
        await eventually(carried, 30.0, "what crosses")
        await broker.kill()
        await kafka.produce(topics.upward, [crossing])
        await eventually(at_work, 30.0, "what cannot cross")
        stop.set()
        ended, _ = await asyncio.wait([serving], timeout=GRACE_SECONDS)
        serving.cancel()

    assert ended
    await serving


def carried_above() -> float:
    """How much bridges of this process have carried to the other side, those of other tests with them."""
    return REGISTRY.get_sample_value("paidan_bridge_carried_total", {"side": "above"}) or 0.0


async def test_a_bridge_that_ends_leaves_both_groups(
    kafka: Kafka, topics: Names, settings: Settings, tmp_path: Path
) -> None:
    """None is cancelled because the other was quicker: the next bridge would wait for the end of its session."""
    bridge = await bridge_to(kafka, settings, tmp_path)
    groups = [Names(bridge.bridge_namespace).group("department-roads.bridge"), topics.group("bridge-city")]
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(bridge, stop))
    async with started(admin(kafka.connection)) as client:

        async def members() -> list[int]:
            answers = [await client.describe_consumer_groups([group]) for group in groups]
            return [len(described[5]) for [answer] in answers for described in answer.groups]

        async def both() -> bool:
            try:
                return await members() == [1, 1]
            except KafkaError:  # the broker has nobody yet who knows of groups
                return False

        await eventually(both, 30.0, "a member on both sides")
        stop.set()
        await serving

        assert await members() == [0, 0]


async def test_a_bridge_of_a_hub_that_nobody_knows_above_says_so(
    kafka: Kafka, settings: Settings, tmp_path: Path
) -> None:
    """It would wait for its topic for ever, with ten lines a second in its log."""
    bridge = (await bridge_to(kafka, settings, tmp_path)).model_copy(update={"bridge_hub": "raods"})

    with pytest.raises(UsageError, match="PAIDAN_BRIDGE_HUB is raods, which is no department above"):
        await serve(bridge, asyncio.Event())


async def bridge_to(above: Kafka, below: Settings, folder: Path) -> Settings:
    """The settings of a bridge from a new platform, where this one is the roads department."""
    upper = own_settings(above, folder / "data-above", partitions=1)
    await create_topics(upper, all_topics(upper, ("roads",), hubs=("roads",)))
    given = {"kafka": upper.kafka, "namespace": upper.namespace, "city": "city", "hub": "roads"}
    bridge = {f"bridge_{name}": value for name, value in given.items()}
    return below.model_copy(update={"city": written(folder / "pack", tiny_files({})), **bridge})

"""The desk as a role process: its settings, its packs, its stage."""

import asyncio
import contextlib
import logging
import os
from typing import Any

from aiokafka import TopicPartition

from models.city import load_city
from streams.control.packs import Packs
from streams.desk.processor import DeskOutcome, DeskProcessor
from streams.kafka.lane import LaneOptions, StageError
from streams.kafka.stage import Stage
from streams.kafka.topics import Names, all_topics, check_topics
from streams.settings import Settings

log = logging.getLogger(__name__)


def lane_options(settings: Settings, role: str) -> LaneOptions:
    """How the lanes of a role's stage work."""
    group = f"{settings.namespace}-{role}"
    return LaneOptions(
        bootstrap=settings.bootstrap,
        group=group,
        transaction_prefix=group,
        transaction_timeout_ms=settings.transaction_timeout_ms,
        max_records=settings.batch_records,
        step_budget=settings.batch_seconds,
        max_failures=settings.max_failures,
    )


async def run_stage(stage: Stage[Any], stop: asyncio.Event) -> None:
    """Run a stage until `stop` is set. When the stage says that the process must exit, it exits here and now:
    whatever is still going on in it no longer owns what it works on."""

    async def relay() -> None:
        await stop.wait()
        stage.stop()

    async def announce() -> None:
        await stage.ready.wait()
        log.info("at work on partitions %s", sorted(stage.partitions))

    relaying = asyncio.gather(relay(), announce())
    try:
        await stage.run()
    except StageError as error:
        log.critical("%s", error)
        os._exit(error.exit_code)
    finally:
        relaying.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await relaying


async def open_packs(settings: Settings) -> Packs:
    """The city of the settings, its topics checked, its pack published. Raises CityError or TopicError."""
    city = load_city(settings.city)
    await check_topics(settings, all_topics(settings, city.departments))
    packs = Packs(settings.bootstrap, Names(settings.namespace).control, city)
    await packs.open()
    return packs


async def serve_desk(settings: Settings, stop: asyncio.Event) -> None:
    """The desk role: work on the inbox until stopped."""
    names = Names(settings.namespace)
    packs = await open_packs(settings)

    def open_work(tp: TopicPartition) -> DeskProcessor:
        return DeskProcessor(names, tp.partition, packs)

    stage: Stage[DeskOutcome] = Stage(
        lane_options(settings, "desk"), [names.inbox], open_work, session_timeout_ms=settings.session_timeout_ms
    )
    await run_stage(stage, stop)

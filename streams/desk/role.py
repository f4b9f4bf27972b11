"""The desk role: the inbox in; facts, rows, figures, assignments and notices out. The one writer of orders."""

import asyncio

from aiokafka import TopicPartition

from streams.control.packs import open_packs
from streams.desk.processor import DeskOutcome, DeskProcessor
from streams.kafka.stage import Stage
from streams.kafka.stage_role import lane_options, run_stage
from streams.kafka.topics import Names
from streams.settings import Settings


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Work on the inbox until `stop` is set. Raises CityError and TopicError; what ends a stage ends the process."""
    names = Names(settings.namespace)
    packs = await open_packs(settings)

    def opened(tp: TopicPartition) -> DeskProcessor:
        return DeskProcessor(names, tp.partition, packs)

    stage: Stage[DeskOutcome] = Stage(
        lane_options(settings, "desk"), [names.inbox], opened, session_timeout_ms=settings.session_timeout_ms
    )
    await run_stage(stage, stop)

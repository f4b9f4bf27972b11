"""The desk role: the inbox in; facts, rows, figures, assignments and notices out. The one writer of orders."""

import asyncio
from dataclasses import replace

from aiokafka import TopicPartition

from dispatcher.order import facts
from streams.control.packs import open_packs
from streams.control.silences_followed import FollowedSilences
from streams.desk.announced_packs import AnnouncedPacks
from streams.desk.newest_fact import newest_in
from streams.desk.processor import DeskOutcome, DeskProcessor
from streams.erasure.report_keys import open_report_keys
from streams.kafka.topics import Names
from streams.settings import Settings
from streams.stage.run_stage import run_stage, stage_options
from streams.stage.same_time import SameTime
from streams.stage.stage import Stage
from streams.tasks import race
from streams.tracing.tracer import open_tracer


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Work on inbox and urgent lane until `stop` is set. Raises CityError, TopicError, and UsageError without the
    very key that words are sealed under; what ends a stage ends the process."""
    names = Names(settings.namespace)
    packs = await open_packs(settings)
    await packs.open()
    silences = FollowedSilences()
    same_time = SameTime(int(settings.clock_tolerance_seconds * 1000))

    async with open_report_keys(settings, with_endings=True) as keys, open_tracer(settings, "desk") as tracer:

        async def newest_fact(number: int) -> facts.Fact | None:
            return await newest_in(options.connection, TopicPartition(names.orders, number))

        def opened(tp: TopicPartition) -> DeskProcessor:
            here, of = tp.partition, settings.partitions
            return DeskProcessor(names, here, of, packs, same_time, keys, silences, tracer, newest_fact)

        traces = tuple(TopicPartition(names.orders, number) for number in range(settings.partitions))
        options = replace(stage_options(settings, "desk"), urgent=names.urgent, traces=traces)
        stage: Stage[DeskOutcome] = Stage(options, [names.inbox], opened)
        await race(run_stage(stage, stop), silences.follow(settings), AnnouncedPacks(settings).follow())

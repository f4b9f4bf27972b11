"""The intake role: reports, detections and updates in; inbox records, urgent ones and dead letters out."""

import asyncio
import logging
from dataclasses import replace

from aiokafka import TopicPartition

from models.city import City
from models.redact import check_contact_key
from streams.control.city_in_force import CityInForce
from streams.control.models_in_force import LiveModels
from streams.control.packs import open_packs
from streams.erasure.report_keys import check_words_key
from streams.erasure.sealer import sealer_of
from streams.intake.drafts import Keys
from streams.intake.processor import IntakeOutcome, IntakeProcessor
from streams.intake.reading.ways import way_of
from streams.kafka.topics import Names
from streams.settings import Settings
from streams.stage.run_stage import run_stage, stage_options
from streams.stage.same_time import SameTime
from streams.stage.stage import Stage
from streams.tasks import race
from streams.tracing.tracer import open_tracer

log = logging.getLogger(__name__)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Work on the input topics until `stop` is set. Raises UsageError without keys that can be used, or with
    another key for words than the city's, CityError and TopicError; what ends a stage ends the process."""
    names = Names(settings.namespace)
    keys = keys_of(settings)
    packs = await open_packs(settings)
    await check_words_key(settings)  # what came without would stay in the clear, with another nobody could open it
    sealer = sealer_of(settings)
    if sealer is None:
        log.warning("no PAIDAN_WORDS_KEY: words are kept in the clear, for good, and nobody's can be erased")
    models = LiveModels(settings, packs.own)
    cities = CityInForce(settings, packs, models.aim)

    same_time = SameTime(int(settings.clock_tolerance_seconds * 1000))

    async with models.following(), open_tracer(settings, "intake") as tracer:

        def opened(tp: TopicPartition) -> IntakeProcessor:
            way = way_of(names, tp.topic)
            return IntakeProcessor(names, cities, models, keys, settings.partitions, same_time, way, sealer, tracer)

        lanes = (names.inbox, names.urgent)
        traces = tuple(TopicPartition(topic, number) for topic in lanes for number in range(settings.partitions))
        options = replace(stage_options(settings, "intake"), traces=traces)
        stage: Stage[IntakeOutcome] = Stage(options, inputs(names, packs.own), opened)

        async def read_all() -> None:
            city = await cities.ready()
            while True:
                await stage.read(inputs(names, city))
                city = await cities.changed(city)

        await race(run_stage(stage, stop), cities.follow(), read_all())


def inputs(names: Names, city: City) -> list[str]:
    """The topics that intake reads: those of all, and that of each department's updates."""
    of_all = [names.reports, names.detections, names.updates, names.units, names.above]
    return [*of_all, *map(names.updates_of, city.departments)]


def keys_of(settings: Settings) -> Keys:
    """The keys for personal data. Raises UsageError when one is missing or cannot be used."""
    keys = Keys(settings.hmac_key, settings.contact_key.get_secret_value())
    # A key that cannot encrypt is found at the start, not at the first report.
    if keys.contact:
        check_contact_key(keys.contact)
    return keys

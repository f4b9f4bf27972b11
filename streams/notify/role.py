"""The notify role: notices and assignments in, signed POSTs out; no target waits for another.

Each target has a consumer group of its own (`<namespace>-notify-<target>`): what it has finished is its committed
offset, and its backlog stays in Kafka however long it is away.
"""

import asyncio
from collections.abc import Awaitable, Callable

from models.city import load_city
from models.envelope import Event
from models.errors import UsageError
from streams.control.city_in_force import CityInForce
from streams.control.packs import Packs
from streams.kafka.clients import started, writer
from streams.kafka.connection import Connection
from streams.kafka.sending import Send
from streams.kafka.topics import Names, all_topics, check_topics
from streams.notify.courier import Courier
from streams.notify.delivery import TargetAnswer
from streams.notify.finisher import FinishingConsumer
from streams.notify.lines import Lines
from streams.notify.signature import target_key
from streams.notify.targets import Target, targets
from streams.notify.to_reporters import letters_of
from streams.notify.webhook import Webhooks
from streams.settings import Settings
from streams.tasks import race


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Send to all targets of the city pack in force until `stop` is set.

    Raises UsageError without any, CityError, TopicError, StageError.
    """
    packs = Packs(settings, load_city(settings.city))
    cities = CityInForce(settings, packs)
    async with (
        started(writer(Connection.of(settings), enable_idempotence=True)) as producer,
        Webhooks(settings.notify_timeout_seconds) as webhooks,
    ):

        async def bury(letter: Send) -> None:
            await producer.send_and_wait(letter.topic, letter.value, key=letter.key, headers=list(letter.headers))

        def line(target: Target) -> FinishingConsumer:
            return _line(settings, target, webhooks, bury)

        async def send() -> None:
            city = await cities.ready()
            if not targets(settings, city.departments):
                raise UsageError(
                    "no webhook is configured: departments.csv has a column for it, PAIDAN_NOTIFY_SUPERVISOR_URL, "
                    "PAIDAN_NOTIFY_INSPECTOR_URL and PAIDAN_NOTIFY_REPORTER_URL are the others"
                )
            await check_topics(settings, all_topics(settings, city.departments))
            async with Lines(line) as lines:
                while True:
                    await lines.have(targets(settings, city.departments))
                    await race(cities.changed(city), lines.failed())
                    city = cities.city

        await race(stop.wait(), cities.follow(), send())


def _line(
    settings: Settings, target: Target, webhooks: Webhooks, bury: Callable[[Send], Awaitable[None]]
) -> FinishingConsumer:
    key = target_key(settings.webhook_secret.get_secret_value().encode(), target.name)
    letters = letters_of(settings) if target.audience == "reporter" else None

    async def post(event: Event) -> TargetAnswer:
        return await webhooks.post(target.url, key, event if letters is None else letters.letter(event))

    courier = Courier(settings, target, post, bury)
    return FinishingConsumer(settings, Names(settings.namespace).group(f"notify-{target.name}"), target.topics, courier)

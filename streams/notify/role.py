"""The notify role: notices and assignments in, signed POSTs out; no target waits for another.

Each target has a consumer group of its own (`<namespace>-notify-<target>`): what it has finished is its committed
offset, and its backlog stays in Kafka however long it is away.
"""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from models.city import load_city
from models.envelope import Event
from models.errors import UsageError
from models.sealed_words import key_names
from streams.control.city_in_force import CityInForce
from streams.control.packs import Packs
from streams.erasure.report_keys import ReportKeys, open_report_keys
from streams.kafka.clients import started, writer
from streams.kafka.closing import CLOSE_SECONDS
from streams.kafka.connection import Connection
from streams.kafka.sending import Send
from streams.kafka.topics import Names, check_shared, check_topics, city_topics
from streams.notify.courier import Courier
from streams.notify.delivery import TargetAnswer
from streams.notify.disclosing import Discloser
from streams.notify.finisher import FinishingConsumer
from streams.notify.known_contacts import KnownContacts, open_contacts
from streams.notify.lines import Lines
from streams.notify.signature import target_key
from streams.notify.targets import Target, targets
from streams.notify.to_reporters import letters_of
from streams.notify.webhook import Webhooks
from streams.settings import Settings
from streams.tasks import race
from streams.tracing.tracer import Tracer, open_tracer


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Send to all targets of the city pack in force until `stop` is set.

    Raises UsageError without any or where a key is missing, CityError, TopicError, StageError, KafkaError.
    """
    packs = Packs(settings, load_city(settings.city))
    await check_shared(settings)
    await packs.check()
    cities = CityInForce(settings, packs)
    # What is not written when notify ends is of a record that is not finished.
    async with (
        started(writer(Connection.of(settings), enable_idempotence=True), CLOSE_SECONDS) as producer,
        Webhooks(settings.notify_timeout_seconds) as webhooks,
        open_tracer(settings, "notify") as tracer,
    ):

        async def write(send: Send) -> None:
            await producer.send_and_wait(send.topic, send.value, key=send.key, headers=list(send.headers))

        async def send() -> None:
            city = await cities.ready()
            if not targets(settings, city.departments):
                raise UsageError(
                    "no webhook is configured: departments.csv has a column for it, PAIDAN_NOTIFY_SUPERVISOR_URL, "
                    "PAIDAN_NOTIFY_INSPECTOR_URL and PAIDAN_NOTIFY_REPORTER_URL are the others"
                )
            await check_topics(settings, city_topics(settings, city))
            async with open_report_keys(settings) as keys, open_contacts(settings, keys) as contacts:

                def line(target: Target) -> FinishingConsumer:
                    return _line(settings, target, webhooks, write, contacts, keys, tracer)

                async with Lines(line) as lines:
                    while True:
                        await lines.have(targets(settings, city.departments))
                        await race(cities.changed(city), lines.failed())
                        city = cities.city

        await race(stop.wait(), cities.follow(), send())


def _line(
    settings: Settings,
    target: Target,
    webhooks: Webhooks,
    write: Callable[[Send], Awaitable[None]],
    contacts: KnownContacts | None,
    keys: ReportKeys | None,
    tracer: Tracer | None,
) -> FinishingConsumer:
    key, names = target_key(settings.webhook_secret.get_secret_value().encode(), target.name), Names(settings.namespace)
    to_reporters = target.audience == "reporter"
    letters = letters_of(settings) if to_reporters else None
    discloser = Discloser(contacts, target.name, names, write) if to_reporters and contacts is not None else None

    async def post(event: Event) -> TargetAnswer:
        event = await in_the_clear(event, keys)
        if letters is not None:
            event = letters.letter(event)
        if discloser is not None:
            event = await discloser.with_contact(event)
        return await webhooks.post(target.url, key, event)

    courier = Courier(settings, target, post, write, tracer)
    return FinishingConsumer(settings, names.group(f"notify-{target.name}"), target.topics, courier)


async def in_the_clear(event: Event, keys: ReportKeys | None) -> Event:
    """The same event with the words opened that reporters have written into their steps; of those who had them erased
    it reads `erased`. Raises SealError where another city's key has wrapped the keys, and KafkaError."""
    if keys is None or not key_names(event.data):
        return event
    await keys.catch_up()
    return replace(event, data=keys.opened(event.data))

"""The gateway role: HTTP in and out; its parts, started in order and stopped in the reverse one."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine

from models.city import load_city
from streams import metrics
from streams.access.holders import Holders
from streams.bridge.figures_heard import HubsHeard
from streams.control.city_in_force import CityInForce
from streams.control.live_silences import open_silences
from streams.control.packs import Packs
from streams.dead_letters.recent_letters import RecentLetters
from streams.erasure.report_keys import open_report_keys
from streams.gateway.app import Parts
from streams.gateway.events.event_writer import EventWriter
from streams.gateway.http.auth import check_exposure
from streams.gateway.shards import Shards
from streams.gateway.shutdown import Shutdown
from streams.gateway.switchboard import Switchboard
from streams.gateway.waiting import FactTail
from streams.http_server import HttpServer
from streams.intake.unlisted import LabelWatch
from streams.kafka.topics import check_shared
from streams.learning.drift_watch import DriftWatch
from streams.readiness.pulse import Pulse
from streams.settings import Settings
from streams.tasks import end, end_of, race
from streams.tracing.tracer import open_tracer

log = logging.getLogger(__name__)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Answer until `stop` is set. Raises UsageError when it would be open to the world, or with another
    city's folder than the one at work, TopicError without a broker or one of the topics that all cities have."""
    holders = Holders(settings)
    check_exposure(settings, holders)
    metrics.GATEWAY_TOKEN_ENDS.set_function(lambda: holders.next_end() / 1000)
    packs = Packs(settings, load_city(settings.city))
    await check_shared(settings)
    await packs.check()
    city = packs.own
    async with contextlib.AsyncExitStack() as stack:
        tracer = await stack.enter_async_context(open_tracer(settings, "gateway"))
        shards = Shards(settings)
        stack.push_async_callback(shards.close)
        shutdown = Shutdown()
        writer = EventWriter(settings, shutdown)
        stack.push_async_callback(writer.stop)
        await writer.start()
        tail = FactTail(settings)
        following = _begun(stack, tail.run())
        keys = await stack.enter_async_context(open_report_keys(settings))
        silences = await stack.enter_async_context(open_silences(settings))
        drift = DriftWatch(settings, city, keys=keys)
        watching = _begun(stack, drift.run())
        pulse = Pulse(settings, city.departments)
        looking = _begun(stack, pulse.run())
        labels = LabelWatch(settings, city)
        counting = _begun(stack, labels.run())
        hubs = HubsHeard(settings, city)
        listening = _begun(stack, hubs.run())
        letters = RecentLetters(settings)
        reading = _begun(stack, letters.run())
        cities = CityInForce(settings, packs)
        application = Switchboard(
            Parts(
                settings,
                city,
                shards,
                writer,
                tail,
                holders,
                shutdown,
                drift,
                pulse,
                labels,
                keys,
                cities,
                silences,
                hubs=hubs,
                letters=letters,
                tracer=tracer,
            ),
            lambda: cities.is_ready,
        )
        cities.before = application.use
        where = settings.gateway_host, settings.gateway_port
        bounds = settings.gateway_proxies, settings.gateway_connections_per_address
        server = await stack.enter_async_context(HttpServer(application, *where, *bounds))
        stack.callback(tail.live.end)
        stack.callback(shutdown.begin)
        log.info("gateway at http://%s", server.address)
        # These end only by failing. They outlive the server, whose last answers still wait for what the tail sees.
        tasks = following, watching, looking, counting, listening, reading
        await race(stop.wait(), *map(end_of, tasks), cities.follow())


def _begun(stack: contextlib.AsyncExitStack, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
    """The task that does this work until the stack is left."""
    task = asyncio.create_task(work)
    stack.push_async_callback(end, task)
    return task

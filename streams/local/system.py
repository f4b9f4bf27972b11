"""All of Paidan on one machine: the local Kafka unless there is another, the topics, every role as a process."""

import asyncio
import contextlib
import json
import shlex
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from models.city import City, load_city
from models.errors import UsageError
from streams.control.packs import refuse_another_city
from streams.kafka.topics import city_topics, create_topics
from streams.local.broker import LocalBroker
from streams.local.ports import can_listen, free_port, free_ports
from streams.local.supervisor import Member, Supervisor, base_environment
from streams.notify.targets import targets
from streams.settings import BROKER_FOLDER, RUNNING_FILE, Running, Settings
from streams.tasks import end_of, race

# What another command must know of a running system; the rest is in the environment of both.
_JOINING = (
    "PAIDAN_KAFKA",
    *(f"PAIDAN_{name.upper()}" for name in Settings.model_fields if name.startswith("kafka_")),
    "PAIDAN_NAMESPACE",
    "PAIDAN_DATA",
    "PAIDAN_GATEWAY_PORT",
    "PAIDAN_TABLES_WORKERS",
)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many processes of each role."""

    intake: int = 1
    desk: int = 1
    tables: int = 1


@dataclass(frozen=True, slots=True)
class System:
    """What runs: `settings` are those with which any other command joins in."""

    settings: Settings
    city: City
    supervisor: Supervisor
    _keeping: "asyncio.Task[None]"
    _broker: LocalBroker | None

    @property
    def joining(self) -> str:
        """The line for another terminal with which every other command works on this system."""
        here = self.settings.model_copy(update={"data": self.settings.data.resolve()})
        all_set = here.environment()
        needed = [f"{name}={shlex.quote(all_set[name])}" for name in _JOINING if name in all_set]
        return f"export {' '.join(needed)}"

    async def watch(self) -> None:
        """Wait for ever; raises BrokerError when the local Kafka ends by itself, and what ends the supervisor."""
        await race(asyncio.Event().wait() if self._broker is None else self._broker.watch(), end_of(self._keeping))


@contextlib.asynccontextmanager
async def running_system(
    settings: Settings,
    counts: Counts,
    *,
    quick: bool = False,
    before: Callable[[Settings, City], Awaitable[None]] | None = None,
) -> AsyncIterator[System]:
    """Start everything; stop everything when the body ends. Raises PaidanError when something cannot start.

    `quick` is the local broker's. `before` is done when the topics are there and no role runs yet.
    """
    city = load_city(settings.city)
    async with contextlib.AsyncExitStack() as stack:
        kafka, broker = settings.kafka, None
        settings.make_data()
        if not kafka:
            broker = LocalBroker(settings.data / BROKER_FOLDER, port=settings.broker_port, quick=quick)
            kafka = (await stack.enter_async_context(broker)).bootstrap
        settings = _placed(settings.model_copy(update={"kafka": kafka}), counts)
        await refuse_another_city(settings, city)
        await create_topics(settings, city_topics(settings, city))
        if before is not None:
            await before(settings, city)
        notify = bool(targets(settings, city.departments))
        supervisor = Supervisor(_members(settings, counts, notify), settings.data / "logs")
        stop = asyncio.Event()
        keeping = asyncio.create_task(supervisor.run(stop))
        running = settings.data / RUNNING_FILE
        running.write_text(json.dumps(Running(settings.gateway_port, settings.tables_workers)))
        try:
            yield System(settings, city, supervisor, keeping, broker)
        finally:
            running.unlink(missing_ok=True)
            stop.set()
            await keeping


def _placed(settings: Settings, counts: Counts) -> Settings:
    """Settings with ports that can be used: those that are set, free ones for the rest."""
    gateway = settings.gateway_port or free_port()
    if not can_listen(settings.gateway_host, gateway):
        if "gateway_port" in settings.model_fields_set:
            raise UsageError(f"port {gateway} is taken: set PAIDAN_GATEWAY_PORT to another, or to 0 for a free one")
        gateway = free_port()
    workers = tuple(f"{settings.tables_host}:{port}" for port in free_ports(counts.tables))
    return settings.model_copy(
        update={"gateway_port": gateway, "tables_workers": workers, "models": settings.models_address}
    )


def _metrics_port(settings: Settings, index: int) -> int:
    """The port of the member with this index: the first one is that of the command which starts them all."""
    port = settings.metrics_port + 1 + index
    if not can_listen(settings.metrics_host, port):
        raise UsageError(
            f"port {port} is taken: each role serves its metrics at one of its own, those after PAIDAN_METRICS_PORT"
        )
    return port


def _members(settings: Settings, counts: Counts, notify: bool) -> list[Member]:
    """One member per process; `notify`: there are webhooks. A tables worker has a port of its own.

    Raises UsageError when a port for metrics is taken.
    """
    plan: list[tuple[str, str, dict[str, str]]] = []
    plan += [(f"intake-{n + 1}", "intake", {}) for n in range(counts.intake)]
    plan += [(f"desk-{n + 1}", "desk", {}) for n in range(counts.desk)]
    for n, worker in enumerate(settings.tables_workers):
        plan.append((f"tables-{n + 1}", "tables", {"PAIDAN_TABLES_PORT": worker.rpartition(":")[2]}))
    plan.append(("gateway", "gateway", {}))
    if notify:
        plan.append(("notify", "notify", {}))
    common = base_environment() | settings.environment()
    members = []
    for index, (name, role, own) in enumerate(plan):
        if settings.metrics_port:
            own["PAIDAN_METRICS_PORT"] = str(_metrics_port(settings, index))
        members.append(Member(name, (sys.executable, "-m", "streams.cli.main", role), common | own))
    return members

"""A city and the districts below it: every order once on each side, whoever is killed in between.

`scripts/prove hubs` plays it on three clusters with two districts, and strikes bridges, desks and brokers.
"""

import asyncio
import itertools
import os
import random
import signal
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from dispatcher.figures.indicators import Window
from dispatcher.order import wire
from dispatcher.order.facts import Fact, UpdateRefused
from models.city import load_city
from models.envelope import decode, event_type, header_map
from models.events import ASSIGNMENT, AssignmentMessage
from models.events.above import report_of, source_of
from models.times import day_number, local_day, now_ms
from streams.bridge.crossing import Banks, Stays
from streams.bridge.figures_heard import HubsHeard
from streams.bridge.up import up
from streams.local.broker import LocalBroker
from tests.support.clusters.platforms import (
    CITY,
    OWN,
    Platform,
    asked_by,
    by_hub,
    fate,
    number_of,
    pack,
    reports_from_above,
    rows,
    sighting,
)
from tests.support.kafka import Kafka, Roles, eventually, own_settings

FAULTS = int(os.environ.get("PROVE_HUBS") or 0)
HUBS = ("east", "west") if FAULTS else ("east",)
ORDERS = 5 + 5 * FAULTS  # in each district
SECONDS = 120 + 45 * FAULTS
# What the desk above may say to a step: it has been done, or is of an attempt that is over.
TOLD_TOO_LATE = {"wrong-state", "stale-attempt"}


@pytest_asyncio.fixture
async def platforms(kafka: Kafka, tmp_path: Path) -> AsyncIterator[dict[str, Platform]]:
    """The city and its districts, at work: on one Kafka, or the districts on their own where brokers are struck."""
    found: dict[str, Platform] = {}
    async with AsyncExitStack() as brokers:
        for name in (CITY, *HUBS):
            cluster = kafka
            if FAULTS and name != CITY:
                broker = await brokers.enter_async_context(LocalBroker(tmp_path / f"kafka-{name}", quick=True))
                cluster = Kafka(broker.bootstrap, broker)
            city, namespace = pack(tmp_path / f"pack-{name}", name), f"{name}{uuid.uuid4().hex[:8]}"
            own = own_settings(cluster, tmp_path / name, partitions=2, city=city, namespace=namespace)
            (tmp_path / f"logs-{name}").mkdir()
            found[name] = Platform(name, cluster, own, Roles(own, tmp_path / f"logs-{name}"))
        for name in HUBS:
            above = found[CITY].settings
            given = {"kafka": above.kafka, "namespace": above.namespace, "city": CITY, "hub": name}
            given["figures_seconds"] = "0.3"
            found[name].bridge = {f"bridge_{key}": value for key, value in given.items()}
        try:
            for each in found.values():
                await each.start()
            yield found
        finally:
            for each in found.values():
                each.roles.end()


# What is struck: a role or a broker is killed, and is there again; or stands still, as if the link to it were dead, and
# wakes when the group may have given its work away.
STRUCK = (
    *("bridge", "desk", "broker", "frozen-bridge", "frozen-broker"),
    *("city-desk", "city-broker", "city-frozen-broker"),
)
FROZEN_SECONDS = 2.0, 20.0


async def strike(platforms: dict[str, Platform], chance: random.Random) -> str:
    """One fault; what was struck."""
    name = chance.choice(HUBS)
    what = chance.choice(STRUCK if FAULTS else ("bridge",))
    struck = platforms[CITY if what.startswith("city-") else name]
    kind = what.removeprefix("city-")
    if kind.startswith("frozen-"):
        await _freeze(struck, kind.removeprefix("frozen-"), chance.uniform(*FROZEN_SECONDS))
    elif kind == "broker":
        broker = struck.kafka.broker
        assert broker is not None
        await broker.kill()
        await asyncio.sleep(chance.uniform(1, 5))
        await broker.revive()
    else:
        struck.running[kind].signal(signal.SIGKILL)
        await struck.running[kind].ended()
    return f"{struck.name} {kind}"


async def _freeze(struck: Platform, kind: str, seconds: float) -> None:
    """Stop a role or the broker for so long: it takes what comes to it afterwards, if at all."""
    broker = struck.kafka.broker
    assert broker is not None

    def send(number: int) -> None:
        if kind == "broker":
            broker.signal(1, number)
        else:
            struck.running[kind].signal(number)

    send(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    send(signal.SIGCONT)


@pytest.mark.timeout(SECONDS + 60)
async def test_every_order_is_once_on_each_side_whoever_is_killed(platforms: dict[str, Platform], seed: int) -> None:
    """Handled, failed and done again, returned, taken back: the orders of the districts and of the city come to the
    same, each step has gone up once, each attempt down once."""
    chance, city = random.Random(seed), platforms[CITY]
    numbers = range(ORDERS)
    await city.kafka.produce(city.names.reports, [sighting(n, hub) for n, hub in itertools.product(numbers, HUBS)])
    struck: list[str] = []
    rounds = itertools.count(1)

    async def ended() -> bool:
        """Everybody acts once more; whether nothing is left to be done anywhere."""
        for each in platforms.values():
            each.see_to_roles()
        logs = {name: await each.log() for name, each in platforms.items()}
        for name, each in platforms.items():
            await each.act(logs[name])
        if len(struck) < max(2, FAULTS) and next(rounds) % 4 == 0:
            struck.append(await strike(platforms, chance))
        orders = rows(logs[CITY]).values()
        return (
            len(struck) == max(2, FAULTS)
            and len(orders) == ORDERS * len(HUBS)
            and all(order.state == "closed" for order in orders)
            and all(order.state in ("closed", "rejected") for hub in HUBS for order in rows(logs[hub]).values())
            and all([await _told(platforms, hub) == _heard(logs[CITY], hub) for hub in HUBS])
        )

    try:
        await eventually(ended, SECONDS, "the end of all orders", every=0.3)
    except AssertionError:
        await _print_what_is_open(platforms, struck)
        raise

    logs = {name: await each.log() for name, each in platforms.items()}
    above = by_hub(rows(logs[CITY]))
    refused: Counter[str] = Counter()
    for hub in HUBS:
        below = rows(logs[hub])
        given = await _given(city, hub)
        assert sorted(reports_from_above(logs[hub])) == sorted((source_of(CITY), name) for name in given)
        assert sorted(number_of(order) for order in above[hub]) == list(numbers)
        _, reasons = asked_by(logs[CITY], f"bridge:{hub}")
        refused.update(reasons.values())
        ends = {report: order.state for order in below.values() for _, report in order.from_above}
        for order in above[hub]:
            last = [turn for turn in order.assignments if turn.department == hub][-1]
            state = ends[report_of(order.id, last.attempt + last.reworks)]
            own = fate(number_of(order)) in ("not-ours", "taken-back")
            assert (order.department, state) == ((OWN, "rejected") if own else (hub, "closed"))
    assert set(refused) <= TOLD_TOO_LATE
    for each in platforms.values():  # the last one struck may have been a bridge
        each.see_to_roles()
    await _each_hub_is_heard_until_it_is_away(platforms, logs)
    print(f"{ORDERS * len(HUBS)} orders, struck: {struck}, refused above: {dict(refused)}")


async def _print_what_is_open(platforms: dict[str, Platform], struck: Sequence[str]) -> None:
    """For who looks for the reason: which orders have not ended, and which steps were told and not heard."""
    logs = {name: await each.log() for name, each in platforms.items()}
    print(f"struck: {struck}")
    for name, log in logs.items():
        going = [
            f"{order.id} {order.state}" for order in rows(log).values() if order.state not in ("closed", "rejected")
        ]
        print(f"{name}: {len(rows(log))} orders, not ended: {going}")
    for hub in HUBS:
        print(f"{hub}: not heard above: {sorted(await _told(platforms, hub) - _heard(logs[CITY], hub))}")


async def _each_hub_is_heard_until_it_is_away(
    platforms: dict[str, Platform], logs: dict[str, list[Fact | UpdateRefused]]
) -> None:
    """The figures above are those that each hub's own log comes to; without its bridge it is away, and they stay."""
    settings = platforms[CITY].settings
    hubs = HubsHeard(settings, load_city(settings.city))
    window = Window(day_number(local_day(now_ms(), load_city(settings.city).zone)))
    listening = asyncio.create_task(hubs.run())
    for hub in HUBS:
        orders = rows(logs[hub]).values()
        own = {"opened": len(orders), "closed": sum(order.state == "closed" for order in orders), "open": 0}

        async def shown(state: str, hub: str = hub, own: dict[str, int] = own) -> bool:
            found = hubs.section(window)[hub]
            return found["state"] == state and {name: found["indicators"][name] for name in own} == own

        await eventually(lambda: shown("heard"), 60, f"the figures of {hub}")
        platforms[hub].running["bridge"].signal(signal.SIGKILL)
        await eventually(lambda: shown("away"), 20, f"the silence of {hub}")
    listening.cancel()


async def _given(city: Platform, hub: str) -> list[str]:
    """The ids of the reports that a hub's orders are to become, one for each of its assignments."""
    records = await city.kafka.read_all(city.names.assignments(hub))
    orders = [wire.decode(each.value, AssignmentMessage) for each in records if event_type(each.headers) == ASSIGNMENT]
    return [report_of(order.order_id, order.attempt) for order in orders]


async def _told(platforms: dict[str, Platform], hub: str) -> set[str]:
    """The ids of the updates that all steps of a district are to become."""
    below, found = platforms[hub], set()
    for record in await below.kafka.read_all(below.names.upward):
        crossings = up(Banks(CITY, hub, hub), decode(record.value, header_map(record.headers)))
        assert not isinstance(crossings, Stays)
        found |= {crossing.event.id for crossing in crossings}
    return found


def _heard(log: Sequence[Fact | UpdateRefused], hub: str) -> set[str]:
    """The ids of the updates of a district that the city's desk has taken or refused."""
    taken, refused = asked_by(log, f"bridge:{hub}")
    return taken | set(refused)

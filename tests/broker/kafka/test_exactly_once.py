"""Exactly once, shown: processes are killed, stopped and woken in full flow, and not one order is lost or doubled."""

import asyncio
import contextlib
import itertools
import json
import os
import random
import re
import signal
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer, ConsumerRecord

from dispatcher.figures.figure_row import decode as decode_figures
from dispatcher.figures.figure_row import parse_key
from dispatcher.order import facts
from dispatcher.order.folds.apply import fold
from dispatcher.order.row import Order
from models.envelope import event_type, header_map
from models.events import ASSIGNMENT, DETECTION, REPORT
from models.times import to_text
from streams.kafka.topics import Names
from streams.local.ports import free_ports
from streams.settings import Settings
from tests.support.cities import DEPARTMENTS, FILES, HOLE_RULE, tiny_files, written
from tests.support.clusters.brokers_struck import BrokersStruck, three_brokers
from tests.support.kafka import SHORT_SESSION_MS, Kafka, Role, Roles, eventually
from tests.support.steps.predictable_people import PredictablePeople

REPORT_SHARE = 0.1
FAULTS = int(os.environ.get("PROVE_FAULTS") or 7)
BROKERS = int(os.environ.get("PROVE_BROKERS") or 1)
PROOF = "PROVE_FAULTS" in os.environ  # else one of many tests: less flows, all of which is looked at in the end
# With brokers that are struck each fault takes longer, and the flow with it.
RATE = 1_000 if PROOF and BROKERS == 1 else 250
SECONDS = 30 if PROOF else 20  # that the flow lasts at least
PATIENCE_MS = 300_000  # of who sends it: a broker may be away for long, and nothing of what was sent may be dropped
# What a process was doing when it was struck: the last that its stage has said.
PHASES = ("claiming", "restoring", "sending", "committing", "committed")
_PHASE = re.compile(r"streams\.stage\.tenure: (\w+)")
_TAIL_BYTES = 4_000
T = TypeVar("T")
ROLES = ("department", "reviewer", "dispatcher", "duty-officer", "inspector", "operator")


@pytest_asyncio.fixture
async def kafka(kafka: Kafka, tmp_path: Path) -> AsyncIterator[Kafka]:
    """The run's Kafka, or a cluster of three whose brokers are struck as well."""
    if BROKERS == 1:
        yield kafka
        return
    async with three_brokers(tmp_path / "brokers") as (broker, disks):
        yield Kafka(broker.bootstrap, broker, disks)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Those of any test, with as many copies of each topic as there are brokers."""
    return settings.model_copy(update={"replication": BROKERS})


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the tiny city."""
    return DEPARTMENTS


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """The tiny city in which reports never merge, so that each must become an order of its own."""
    unmerged = FILES["categories.csv"].replace(",on\n", ",off\n")
    changes = {"rules.toml": HOLE_RULE, "categories.csv": unmerged, "inhibitions.csv": None}
    return written(tmp_path / "city", tiny_files(changes))


class Crew:
    """Two intakes and two desks, started again whenever they end."""

    def __init__(self, roles: Roles, city: Path) -> None:
        self._roles = roles
        self._changes = {
            "city": str(city),
            "session_timeout_ms": str(SHORT_SESSION_MS),
            "transaction_timeout_ms": "5000",
            "log_level": "DEBUG",
        }
        self.members: list[tuple[str, Role]] = [(name, self._start(name)) for name in ("intake", "desk") * 2]
        self.codes: Counter[int] = Counter()

    def _start(self, name: str) -> Role:
        return self._roles.start(name, **self._changes)

    async def keep(self) -> None:
        """Start again what has ended, until cancelled."""
        while True:
            for index, (name, role) in enumerate(self.members):
                if not role.alive:
                    self.codes[role.process.wait()] += 1
                    self.members[index] = (name, self._start(name))
            await asyncio.sleep(0.1)

    async def strike(self, kind: signal.Signals, phase: str, chance: random.Random) -> str:
        """One fault on one process in this phase: killed, asked to stop, or frozen until its partitions are gone and
        then woken. A process is frozen first, so that it is struck just there."""

        async def caught() -> tuple[str, Role] | None:
            for name, role in chance.sample(self.members, len(self.members)):
                role.signal(signal.SIGSTOP)
                if role.alive and self._phase(role) == phase:
                    return name, role
                role.signal(signal.SIGCONT)
            return None

        async def caught_soon() -> tuple[str, Role] | None:
            if phase in ("claiming", "restoring"):  # there is no such moment without a rebalance, and each is short
                chance.choice(self.members)[1].signal(signal.SIGTERM)
            with contextlib.suppress(AssertionError):
                return await eventually(caught, 15, every=0.003)
            return None

        name, role = await eventually(caught_soon, 120, f"a process that is {phase}")
        if kind is signal.SIGSTOP:
            await asyncio.sleep(SHORT_SESSION_MS / 1000 + chance.uniform(1, 3))
        else:
            role.signal(kind)
        role.signal(signal.SIGCONT)
        return f"{kind.name} {name} {phase}"

    def _phase(self, role: Role) -> str:
        with role.log.open("rb") as log:
            log.seek(max(0, role.log.stat().st_size - _TAIL_BYTES))
            said = _PHASE.findall(log.read().decode(errors="replace"))
        return said[-1] if said else ""


def shuffled_faults(chance: random.Random) -> Iterator[tuple[signal.Signals, str]]:
    """Each kind of fault and each phase as often as the others, in any order: of six none is missing."""
    kinds = _shuffled((signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP), chance)
    yield from zip(kinds, _shuffled(PHASES, chance), strict=False)


async def broker_faults(kafka: Kafka, names: Names, folder: Path, chance: random.Random) -> AsyncIterator[str]:
    """Strikes a broker of three whenever it is asked, each kind of fault as often as the others; the only one is frozen
    once, for about as long as a group waits for its members."""
    if kafka.broker is None:
        return
    if BROKERS == 1:
        away = chance.uniform(2, 4)
        kafka.broker.signal(1, signal.SIGSTOP)
        await asyncio.sleep(away)
        kafka.broker.signal(1, signal.SIGCONT)
        yield f"frozen broker {away:.1f}s"
        return
    brokers = BrokersStruck(kafka.broker, folder / "brokers", names.inbox, disks=kafka.disks)
    for kind in _shuffled(brokers.kinds, chance):
        yield await brokers.strike(kind, chance)


def _shuffled(things: Sequence[T], chance: random.Random) -> Iterator[T]:
    while True:
        yield from chance.sample(things, len(things))


async def flow(kafka: Kafka, names: Names, chance: random.Random, enough: asyncio.Event) -> tuple[int, int]:
    """Send at a steady rate until all has been struck; how many reports and detections."""
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap, enable_idempotence=True, request_timeout_ms=PATIENCE_MS
    )
    await producer.start()
    start, sent, reports, last = time.monotonic(), 0, 0, None
    while sent < RATE * SECONDS or not enough.is_set():
        due = int((time.monotonic() - start) * RATE)
        for number in range(sent, due):
            report = chance.random() < REPORT_SHARE
            reports += report
            topic, value, headers = _event(names, number, report, chance)
            last = await producer.send(topic, value, headers=headers)
        sent = due
        await asyncio.sleep(0.01)
    assert last is not None
    await last
    await producer.stop()
    return reports, sent - reports


def _event(
    names: Names, number: int, report: bool, chance: random.Random
) -> tuple[str, bytes, list[tuple[str, bytes]]]:
    place = {"lat": round(chance.uniform(30.001, 30.199), 5), "lon": round(chance.uniform(114.001, 114.199), 5)}
    if report:
        topic, kind = names.reports, REPORT
        data: dict[str, Any] = {
            "text": f"路上有坑 {number}" if chance.random() < 0.5 else f"别的事 {number}",
            "location": place,
        }
    else:
        topic, kind = names.detections, DETECTION
        camera = chance.choice(("cam-sw-1", "cam-sw-2", "cam-se-1", "cam-nw-1", "cam-ne-1"))
        data = {"camera_id": camera, "label": chance.choice(("pothole", "waterlogging")), "confidence": 0.9}
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(number).encode()),
        ("ce_source", b"test"),
        ("ce_type", kind.encode()),
        ("ce_time", to_text(int(time.time() * 1000)).encode()),
        ("content-type", b"application/json"),
    ]
    return topic, json.dumps(data).encode(), headers


def told(records: list[ConsumerRecord]) -> Iterator[facts.Fact]:
    """The facts in a read of the log, refusals left out."""
    for record in records:
        fact = facts.from_wire(event_type(record.headers), record.value)
        if isinstance(fact, facts.Fact):
            yield fact


async def everything_counted(kafka: Kafka, names: Names, events: int) -> None:
    """Wait until the figures count so many events, for as long as they count more and more."""
    seen = 0

    async def grown() -> int | None:
        rows = newest(await kafka.read_all(names.figures))
        found = counted(rows, "received") + counted(rows, "detections")
        return found if found > seen else None

    while seen < events:
        seen = await eventually(grown, 120, f"another of {events} events counted after {seen}", every=1.0)


async def waiting(kafka: Kafka, names: Names, people: PredictablePeople) -> dict[str, str]:
    """Of each order that is not at its end: its state, and whether the answer to its last fact is on its topic, or was
    refused."""
    answered = {header_map(each.headers).get("ce_id", b"").decode() for each in await kafka.read_all(names.updates)}
    refused = {fact.id: fact.reason for fact in people.refused}
    found = {}
    for order in (people.rows[each] for each in sorted(people.busy)):
        last = f"{order.id}/{order.seq}"
        found[last] = f"{order.state}, answer {'sent' if last in answered else 'not sent'} {refused.get(last, '')}"
    return found


def _note(struck: list[str], said: str) -> None:
    """Keep and say what was struck at once: a run that ends early has its schedule, too."""
    struck.append(said)
    print(len(struck), said, flush=True)


@pytest.mark.timeout(600 + 40 * FAULTS)
async def test_kills_and_zombies_lose_and_double_nothing(
    kafka: Kafka, topics: Names, settings: Settings, roles: Roles, city: Path, seed: int, tmp_path: Path
) -> None:
    """Whole lives under faults: one opening and one first decision each, no gap, rows and tables as the log says."""
    chance = random.Random(seed)
    crew = Crew(roles, city)
    people = PredictablePeople(kafka.bootstrap, topics)
    tasks = [asyncio.create_task(crew.keep()), asyncio.create_task(people.work())]
    enough = asyncio.Event()
    flowing = asyncio.create_task(flow(kafka, topics, random.Random(seed + 1), enough))
    struck: list[str] = []
    faults, broken = shuffled_faults(chance), broker_faults(kafka, topics, tmp_path, chance)
    while len(struck) < FAULTS:
        assert not flowing.done(), "what flows has ended before the last fault"
        await asyncio.sleep(chance.uniform(1, 3))
        _note(struck, await crew.strike(*next(faults), chance))
        async for said in broken:
            _note(struck, said)
            break
    enough.set()
    reports, detections = await flowing
    print(dict(crew.codes))

    await everything_counted(kafka, topics, reports + detections)

    async def quiet() -> bool:
        assert not any(task.done() for task in tasks), "the crew or the people failed"
        return not people.busy

    async def moved() -> bool:
        return people.heard > heard or await quiet()

    try:
        while not await quiet():
            heard = people.heard
            await eventually(moved, 120, "another fact, or the end of every order")
    except AssertionError:
        print(await waiting(kafka, topics, people))
        raise
    for task in tasks:
        task.cancel()
    roles.end()

    by_order: dict[str, list[facts.Fact]] = defaultdict(list)
    for fact in told(await kafka.read_all(topics.orders)):
        by_order[fact.order_id].append(fact)
    assert_opened_once(by_order, reports)
    # The desk or a camera may have been quicker than the person who answers: the log decides, the loser is refused.
    # A dispatcher may so name the very department that the desk has given the order to, and that returned it again.
    assert {refused.reason for refused in people.refused} <= {"wrong-state", "same-department"}

    rows = newest(await kafka.read_all(topics.desk))
    folded = {order_id: fold(chain) for order_id, chain in by_order.items()}
    assert {key: msgspec.json.decode(value, type=Order) for key, value in rows.items() if key in folded} == folded
    assert await assigned(kafka, topics) == Counter(
        (fact.order_id, fact.seq)
        for chain in by_order.values()
        for fact in chain
        if isinstance(fact, facts.Assigned | facts.ReturnRefused)
    )
    booked = newest(await kafka.read_all(topics.figures))
    assert (counted(booked, "received"), counted(booked, "detections")) == (reports, detections)
    print(f"{reports:,} reports, {detections:,} detections, {sum(map(len, by_order.values())):,} facts")
    await assert_tables_and_audit_agree(roles, settings, city)


def assert_opened_once(by_order: dict[str, list[facts.Fact]], reports: int) -> None:
    """Every report has one opened fact and one first assignment or review; seqs run from 1 without a gap."""
    opened = Counter(
        chain[0].evidence.id
        for chain in by_order.values()
        if isinstance(chain[0], facts.Opened) and chain[0].evidence.kind == "report"
    )
    assert len(opened) == reports
    assert set(opened.values()) == {1}
    for chain in by_order.values():
        assert [fact.seq for fact in chain] == list(range(1, len(chain) + 1))
        by_the_desk = itertools.takewhile(lambda fact: fact.actor.role not in ROLES, chain)
        assert sum(isinstance(fact, facts.Assigned | facts.SentToReview) for fact in by_the_desk) == 1


async def assigned(kafka: Kafka, names: Names) -> Counter[tuple[str, int]]:
    """Order and seq of every assignment to a lead department that a `read_committed` reader sees."""
    found: Counter[tuple[str, int]] = Counter()
    for department in DEPARTMENTS:
        for record in await kafka.read_all(names.assignments(department)):
            data = json.loads(record.value)
            if event_type(record.headers) == ASSIGNMENT and data["role"] == "lead":
                found[data["order_id"], data["seq"]] += 1
    return found


async def takes_rows(worker: str) -> bool:
    """Whether a tables worker says that it has taken rows into its tables."""
    async with httpx.AsyncClient() as client:
        try:
            metrics = (await client.get(f"http://{worker}/metrics")).text
        except httpx.TransportError:
            return False
    return re.search(r"^paidan_tables_rows_total\{.*\} [1-9]", metrics, re.MULTILINE) is not None


async def assert_tables_and_audit_agree(roles: Roles, settings: Settings, city: Path) -> None:
    """Two tables workers, each killed once while they read, come to what the log says: the audit agrees.

    One that ends by itself is started anew, as its supervisor does.
    """
    workers = tuple(f"127.0.0.1:{port}" for port in free_ports(2))
    changes = {"city": str(city), "tables_workers": ",".join(workers), "tables_store": "rocksdb"}
    changes["session_timeout_ms"] = str(SHORT_SESSION_MS)

    def start(number: int) -> Role:
        return roles.start("tables", **changes, tables_port=workers[number].rpartition(":")[2])

    async def reading() -> bool:
        return any([await takes_rows(worker) for worker in workers])  # the partitions of one may all be empty

    working = [start(0), start(1)]
    for number, role in enumerate(working):
        await eventually(reading, 120, "a row in a tables worker")
        role.signal(signal.SIGKILL)
        await role.ended()
        working[number] = start(number)

    async def agrees() -> bool:
        for number, role in enumerate(working):
            if not role.alive:
                print(f"tables worker {number} has ended: {role.said()[-500:]}")
                working[number] = start(number)
        return await roles.start("audit", **changes).ended(120) == 0

    assert await eventually(agrees, 180, "an audit without differences", every=2.0)


def newest(records: list[ConsumerRecord]) -> dict[str, bytes]:
    """The newest value per key, tombstones left out."""
    found: dict[str, bytes] = {}
    for record in records:
        key = record.key.decode()
        found.pop(key, None)
        if record.value is not None:
            found[key] = record.value
    return found


def counted(rows: dict[str, bytes], name: str) -> int:
    """A counter over the whole city: the sum of its areas."""
    return sum(
        decode_figures(value).counters.get(name, 0) for key, value in rows.items() if parse_key(key)[0] == "area"
    )

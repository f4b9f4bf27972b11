"""Exactly once, shown: processes are killed, stopped and woken in full flow, and not one order is lost or doubled."""

import asyncio
import json
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord

from dispatcher import facts
from dispatcher.figure_rows import decode as decode_figures
from dispatcher.figure_rows import parse_key
from dispatcher.fold import fold
from dispatcher.order import Order
from models.events import DETECTION, REPORT
from models.times import to_text
from streams.topics import Names
from tests.cities import FILES, tiny_files
from tests.kafka import Kafka, Role, Roles

RATE = 1_000
SECONDS = 30
REPORT_SHARE = 0.3
FAULTS = 7
SESSION_MS = 3_000

RULES = """
[[rules]]
id = "holes"
reason = "What speaks of a hole is a pothole."
when = { text_any = ["坑"] }
then = { category = "pothole" }
"""


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the tiny city."""
    return ("roads", "police", "works", "north-office")


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """The tiny city in which reports never merge, so that each must become an order of its own."""
    folder = tmp_path / "city"
    folder.mkdir()
    unmerged = FILES["categories.csv"].replace(",on\n", ",off\n")
    for name, content in tiny_files({"rules.toml": RULES, "categories.csv": unmerged}).items():
        (folder / name).write_bytes(content)
    return folder


class Crew:
    """Two intakes and two desks, started again whenever they end."""

    def __init__(self, roles: Roles, city: Path) -> None:
        self._roles = roles
        self._changes = {
            "city": str(city),
            "session_timeout_ms": str(SESSION_MS),
            "transaction_timeout_ms": "5000",
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
                    self.codes[role.process.returncode] += 1
                    self.members[index] = (name, self._start(name))
            await asyncio.sleep(0.1)

    async def strike(self, chance: random.Random) -> str:
        """One fault on one process: killed, asked to stop, or frozen until its partitions are gone and then woken."""
        name, role = chance.choice(self.members)
        kind = chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
        role.signal(kind)
        if kind is signal.SIGSTOP:
            await asyncio.sleep(SESSION_MS / 1000 + chance.uniform(1, 3))
            role.signal(signal.SIGCONT)
        return f"{kind.name} {name}"


async def flow(kafka: Kafka, names: Names, chance: random.Random) -> tuple[int, int]:
    """Send at a steady rate; how many reports and detections."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, enable_idempotence=True)
    await producer.start()
    start, sent, reports, last = time.monotonic(), 0, 0, None
    while sent < RATE * SECONDS:
        due = min(RATE * SECONDS, int((time.monotonic() - start) * RATE))
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
        fact = facts.from_wire(dict(record.headers)["ce_type"].decode(), record.value)
        if isinstance(fact, facts.Fact):
            yield fact


@pytest.mark.timeout(240)
async def test_kills_and_zombies_lose_and_double_nothing(
    kafka: Kafka, topics: Names, roles: Roles, city: Path, seed: int
) -> None:
    """Every report has one opened fact and one assignment or review; seqs have no gap; the rows are the log's fold."""
    chance = random.Random(seed)
    crew = Crew(roles, city)
    keeping = asyncio.create_task(crew.keep())
    flowing = asyncio.create_task(flow(kafka, topics, random.Random(seed + 1)))
    struck: list[str] = []
    while len(struck) < FAULTS or not flowing.done():
        await asyncio.sleep(chance.uniform(1, 3))
        struck.append(await crew.strike(chance))
    reports, detections = await flowing
    print(struck, dict(crew.codes))

    def enough(records: list[ConsumerRecord]) -> bool:
        return counted(newest(records), "received") + counted(newest(records), "detections") >= reports + detections

    await kafka.read_until(topics.figures, enough, timeout=90)
    keeping.cancel()
    roles.end()

    log = await kafka.read_all(topics.orders)
    by_order: dict[str, list[facts.Fact]] = defaultdict(list)
    for fact in told(log):
        by_order[fact.order_id].append(fact)
    opened = Counter(
        fact.evidence.id
        for chain in by_order.values()
        for fact in chain
        if isinstance(fact, facts.Opened) and fact.evidence.kind == "report"
    )
    assert len(opened) == reports
    assert set(opened.values()) == {1}
    for chain in by_order.values():
        assert [fact.seq for fact in chain] == list(range(1, len(chain) + 1))
        given = [fact for fact in chain if isinstance(fact, facts.Assigned | facts.SentToReview)]
        assert len(given) == 1

    rows = newest(await kafka.read_all(topics.desk))
    folded = {order_id: fold(chain) for order_id, chain in by_order.items()}
    kept = {key: msgspec.json.decode(value, type=Order) for key, value in rows.items() if key in folded}
    assert kept == folded

    leads: Counter[str] = Counter()
    for department in ("roads", "police", "works", "north-office"):
        for record in await kafka.read_all(topics.assignments(department)):
            data = json.loads(record.value)
            leads[data["order_id"]] += data["role"] == "lead"
    wanted = {i for i, chain in by_order.items() if any(isinstance(fact, facts.Assigned) for fact in chain)}
    assert {i for i, count in leads.items() if count} == wanted
    assert all(leads[i] == 1 for i in wanted)

    booked = newest(await kafka.read_all(topics.figures))
    assert (counted(booked, "received"), counted(booked, "detections")) == (reports, detections)


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

"""The scout on a real broker: what is urgent is assigned before intake reaches it, and taken once."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from dispatcher.order import facts
from models.envelope import event_type
from models.inbox import Sighting, decode_items
from streams.dead_letters.letter import decode_dead_letter
from streams.kafka.clients import admin, started
from streams.kafka.topics import Names
from streams.settings import Settings
from tests.support.cities import DEPARTMENTS, FILES, tiny_files, written
from tests.support.kafka import SHORT_SESSION_MS, Kafka, Message, Roles, eventually
from tests.support.messages import detection, report

WAITING = 50_000  # detections
REPORTS_WAITING = 3_000
GAS = """
[[rules]]
id = "gas"
reason = "燃气先抢险 Gas comes first"
when = { text_any = ["燃气"] }
then = { priority = 1, department = "works", category = "flooding" }
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Those of any test, but what is killed is not waited for long."""
    return settings.model_copy(update={"session_timeout_ms": SHORT_SESSION_MS})


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the tiny city."""
    return DEPARTMENTS


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """The tiny city's folder, with a rule that makes urgent what is about gas."""
    return written(tmp_path / "city", tiny_files() | {"rules.toml": (GAS + FILES["rules.toml"]).encode()})


def sent(record: ConsumerRecord) -> Message:
    """A record to send, of now."""
    return Message(record.value, b"any", record.headers, 0, int(time.time() * 1000))


def now(id: str) -> dict[str, str | int]:
    """The id and time of an event of now."""
    return {"id": id, "time": int(time.time() * 1000)}


class Followed:
    """What a log that grows says of orders: the ids of what opened them, in its order, and of those assigned."""

    def __init__(self) -> None:
        self.opened: dict[str, str] = {}
        self.founders: list[str] = []
        self.assigned: set[str] = set()
        self._read = 0

    def read(self, log: list[ConsumerRecord]) -> "Followed":
        """Read on, in all that there is of the log by now."""
        for record in log[self._read :]:
            fact = facts.from_wire(event_type(record.headers), record.value)
            if isinstance(fact, facts.Opened):
                self.opened[fact.order_id] = fact.evidence.id
                self.founders.append(fact.evidence.id)
            elif isinstance(fact, facts.Assigned):
                self.assigned.add(self.opened[fact.order_id])
        self._read = len(log)
        return self


@pytest.mark.timeout(240)
async def test_what_is_urgent_is_assigned_before_the_backlog_that_it_stands_behind(
    kafka: Kafka, topics: Names, roles: Roles, city: Path
) -> None:
    """A gas leak report behind 3,000 others and a flood behind 50,000 detections, both in the same partitions, are in
    the urgent lane while intake has still to reach their records: they are with their department although intake is
    killed at once. The next one knows no more what was sent ahead: when it gets there, nothing is taken twice, and
    what is bad is one dead letter."""
    stall = [sent(detection(label="vendor", event=now(f"d{n}"), confidence=0.9)) for n in range(WAITING)]
    pothole = [sent(report(f"梧桐路第{n}个坑", event=now(f"r{n}"))) for n in range(REPORTS_WAITING)]
    await kafka.produce(topics.detections, stall)
    await kafka.produce(topics.reports, pothole)
    roles.start("desk", city=str(city))
    intake = roles.start("intake", city=str(city))
    await kafka.read_until(topics.inbox, 1, timeout=60)  # it is at work

    [(_, gas)] = await kafka.produce(topics.reports, [sent(report("梧桐路燃气泄漏", event=now("gas")))])
    flood = detection("cam-se-1", "waterlogging", event=now("flood"), confidence=0.9)
    _, (_, seen) = await kafka.produce(topics.detections, [sent(detection("nowhere")), sent(flood)])
    await kafka.produce(topics.reports, [sent(report("荷花苑有坑", event=now("last")))])

    await kafka.read_until(topics.urgent, all_in("gas", "flood"), timeout=60)
    intake.signal(signal.SIGKILL)
    await intake.ended()
    reached = await _reached(kafka, topics)
    assert reached[topics.reports] < gas
    assert reached[topics.detections] < seen
    first, second = Followed(), Followed()
    await kafka.read_until(topics.orders, lambda log: {"gas", "flood"} <= first.read(log).assigned, timeout=60)

    roles.start("intake", city=str(city))
    await kafka.read_until(topics.orders, lambda log: "last" in second.read(log).opened.values(), timeout=120)
    [dead] = await kafka.read_until(topics.dead_letters, 1)

    async def all_reached() -> bool:
        return (await _reached(kafka, topics))[topics.detections] > seen

    await eventually(all_reached, timeout=120, what="the end of the detections")
    assert sorted(id for id in second.founders if id in ("gas", "flood")) == ["flood", "gas"]
    assert decode_dead_letter(dead.value).offset == seen - 1
    audit = roles.start("audit", "--no-tables", city=str(city))
    assert await audit.ended(120) == 0, audit.said()
    assert len(await kafka.read_all(topics.dead_letters)) == 1


def all_in(*ids: str) -> Callable[[list[ConsumerRecord]], bool]:
    """Whether a lane that grows holds all of these: each record is looked at once."""
    missing, looked_at = set(ids), 0

    def all_there(lane: list[ConsumerRecord]) -> bool:
        nonlocal looked_at
        for record in lane[looked_at:]:
            missing.difference_update(item.id for item in decode_items(record.value) if isinstance(item, Sighting))
        looked_at = len(lane)
        return not missing

    return all_there


async def _reached(kafka: Kafka, topics: Names) -> dict[str, int]:
    """The next offset of intake in partition 0 of reports and detections; 0 before it has committed one."""
    async with started(admin(kafka.connection)) as client:
        committed = await client.list_consumer_group_offsets(topics.group("intake"))
    parts = [TopicPartition(topic, 0) for topic in (topics.reports, topics.detections)]
    return {part.topic: committed[part].offset if part in committed else 0 for part in parts}

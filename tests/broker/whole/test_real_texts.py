"""What people really wrote goes through the running system, and every message ends with a department or a person."""

import csv
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord

from dispatcher.order import facts
from models.city import City, load_city
from models.envelope import event_type
from models.events import REPORT
from models.times import to_text
from streams.kafka.topics import Names
from streams.settings import DEMO_CITY
from tests.support.kafka import Kafka, Message, Roles

CITY = load_city(DEMO_CITY)


def hotline(data: Path) -> Iterator[str]:
    """2,993 messages of a Chinese hotline."""
    with (data / "hotline_zh" / "messages.csv").open(encoding="utf-8", newline="") as file:
        yield from (row["text"] for row in csv.DictReader(file))


def newport(data: Path) -> Iterator[str]:
    """The descriptions of a town's English reports; those without one say nothing."""
    with (data / "newport_311" / "issues.csv").open(encoding="utf-8", newline="") as file:
        yield from (row["description"] for row in csv.DictReader(file) if row["description"].strip())


def reports(texts: list[str], city: City, chance: random.Random) -> Iterator[Message]:
    """One report each, near a camera of the city, in the words of the text as they are."""
    cameras = list(city.cameras.values())
    now = to_text(int(time.time() * 1000)).encode()
    for number, text in enumerate(texts):
        camera = chance.choice(cameras)
        data = {"text": text[:10_000], "location": {"lat": camera.lat, "lon": camera.lon}, "channel": "hotline"}
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", str(number).encode()),
            ("ce_source", b"real-texts"),
            ("ce_type", REPORT.encode()),
            ("ce_time", now),
            ("content-type", b"application/json"),
        ]
        yield Message(json.dumps(data, ensure_ascii=False).encode(), str(number).encode(), headers)


class Settled:
    """What a log that grows says of reports: those that belong to an order which a department or a person has, and all
    that belong to any."""

    def __init__(self) -> None:
        self._reports_of: dict[str, set[str]] = {}
        self._had: set[str] = set()
        self._read = 0

    def read(self, log: list[ConsumerRecord]) -> "Settled":
        """Read on, in all that there is of the log by now."""
        for record in log[self._read :]:
            fact = facts.from_wire(event_type(record.headers), record.value)
            if isinstance(fact, facts.Opened | facts.EvidenceAdded):
                self._reports_of.setdefault(fact.order_id, set()).add(fact.evidence.id)
            if isinstance(fact, facts.Assigned | facts.SentToReview | facts.Rejected):
                self._had.add(fact.order_id)
        self._read = len(log)
        return self

    @property
    def had(self) -> set[str]:
        """The reports with somebody."""
        return {name for order in self._had for name in self._reports_of.get(order, ())}

    @property
    def every(self) -> set[str]:
        """All reports with an order."""
        return {name for names in self._reports_of.values() for name in names}


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the demo city."""
    return tuple(CITY.departments)


@pytest.fixture
def units() -> tuple[str, ...]:
    """Its mobile units."""
    return tuple(CITY.units.by_id)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("source", [hotline, newport], ids=["hotline_zh", "newport_311"])
async def test_every_real_message_is_assigned_or_reviewed(
    kafka: Kafka, topics: Names, roles: Roles, shared: Path, seed: int, source: Callable[[Path], Iterator[str]]
) -> None:
    """None is lost, none is left with nobody, none ends in the dead letters."""
    texts = list(source(shared))
    roles.start("intake", city=str(DEMO_CITY))
    roles.start("desk", city=str(DEMO_CITY))
    await kafka.produce(topics.reports, reports(texts, CITY, random.Random(seed)))

    wanted = {str(number) for number in range(len(texts))}
    followed = Settled()
    await kafka.read_until(topics.orders, lambda log: followed.read(log).had == wanted, timeout=180)

    assert followed.every == wanted
    assert await kafka.read_all(topics.dead_letters) == []

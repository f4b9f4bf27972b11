"""The desk as a process on a real broker: what it cannot read, and what it fails at, holds up nobody."""

import time
from pathlib import Path

import pytest

from dispatcher.order import facts
from models.envelope import event_type
from models.inbox import Sighting, encode_items
from streams.dead_letters.letter import decode_dead_letter
from streams.kafka.topics import Names
from tests.support.cities import tiny_files
from tests.support.kafka import Kafka, Message, Roles

AREA = "south-w"


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the tiny city."""
    return ("roads", "police", "works", "north-office")


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """The tiny city's folder."""
    folder = tmp_path / "city"
    folder.mkdir()
    for name, content in tiny_files().items():
        (folder / name).write_bytes(content)
    return folder


def report(id: str, **own: object) -> bytes:
    """An inbox record of one report."""
    now = int(time.time() * 1000)
    fields = {"kind": "report", "source": "test", "id": id, "at": now, "area": AREA, "text": f"坑 {id}"} | own
    return encode_items([Sighting(**fields)])  # type: ignore[arg-type]


@pytest.mark.timeout(120)
async def test_one_record_at_which_the_core_raises_costs_nobody_else(
    kafka: Kafka, topics: Names, roles: Roles, city: Path
) -> None:
    """Junk in the inbox and a sighting that no rule can take become dead letters; the reports around them open, and
    the audit agrees, also when the dead letter is replayed and taken in or fails again."""
    values = [
        report("before"),
        b"\xff junk",
        report("impossible", at=10**17),  # a time that no calendar holds: the core raises
        report("after"),
    ]
    await kafka.produce(topics.inbox, [Message(value, AREA.encode(), partition=0) for value in values])
    roles.start("desk", city=str(city))

    dead = [decode_dead_letter(record.value) for record in await kafka.read_until(topics.dead_letters, 2, timeout=60)]
    log = await kafka.read_until(topics.orders, lambda records: len(opened(records)) == 2)

    assert [(letter.offset, letter.error) for letter in dead] == [(1, "not-an-inbox-record"), (2, "internal-error")]
    assert opened(log) == ["before", "after"]
    audit = roles.start("audit", "--no-tables", city=str(city))
    assert await audit.ended(60) == 0, audit.said()

    replay = roles.start("dead-letters", "replay", "1", city=str(city))
    assert await replay.ended(30) == 0, replay.said()
    again = [report("impossible"), report("impossible")]  # mended by hand, and sent twice
    await kafka.produce(topics.inbox, [Message(value, AREA.encode(), partition=0) for value in again])
    log = await kafka.read_until(topics.orders, lambda records: len(opened(records)) == 3)
    await kafka.read_until(topics.dead_letters, 3)
    assert opened(log) == ["before", "after", "impossible"]
    audit = roles.start("audit", "--no-tables", city=str(city))
    assert await audit.ended(60) == 0, audit.said()


def opened(records: list[object]) -> list[str]:
    """The ids of the reports that opened an order."""
    found = []
    for record in records:
        fact = facts.from_wire(event_type(record.headers), record.value)  # type: ignore[attr-defined]
        if isinstance(fact, facts.Opened):
            found.append(fact.evidence.id)
    return found

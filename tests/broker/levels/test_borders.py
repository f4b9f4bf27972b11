"""An incident on the border of two areas whose orders lie in two partitions, on a real broker: related, and moved."""

import signal
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from aiokafka import ConsumerRecord

from dispatcher.order import facts
from dispatcher.order.facts import AreaMoved, Fact, Linked, Opened, Related
from models.envelope import Event, event_type, to_binary
from models.events import REPORT, UPDATE
from streams.kafka.sending import partition_of
from streams.kafka.topics import Names
from streams.settings import Settings
from tests.support.cities import DEPARTMENTS, tiny_files, written
from tests.support.kafka import SHORT_SESSION_MS, Kafka, Message, Role, Roles

SIDES = {"south-w": 30.0999, "north-w": 30.1001}  # two areas, and a place in each: twenty metres apart
DISPATCHER = {"role": "dispatcher", "id": "dora"}
_numbers = count(1)
T = TypeVar("T", bound=Fact)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Those of any test, but what is killed is not waited for long."""
    return settings.model_copy(update={"session_timeout_ms": SHORT_SESSION_MS})


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """The tiny city's folder."""
    return written(tmp_path / "city", tiny_files())


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the tiny city."""
    return DEPARTMENTS


def event(kind: str, key: str, data: Mapping[str, Any]) -> Message:
    """What somebody writes."""
    headers, value = to_binary(Event(f"e{next(_numbers)}", "borders", kind, msgspec.json.encode(data)))
    return Message(value, key.encode(), list(headers))


def facts_in(records: list[ConsumerRecord]) -> list[tuple[int, Fact]]:
    """The facts of the log, each with its partition; no refusals."""
    decoded = ((each.partition, facts.from_wire(event_type(each.headers), each.value)) for each in records)
    return [(partition, fact) for partition, fact in decoded if isinstance(fact, Fact)]


@pytest.mark.timeout(200)
async def test_orders_of_two_partitions_are_related_once_and_one_is_moved_where_it_lies(
    kafka: Kafka, topics: Names, roles: Roles, city: Path
) -> None:
    """By their desks where they are near, by a person where they are not, though intake and desks are killed meanwhile
    and the step is sent twice. What was moved stays in its partition, and the audit finds its figures in the other
    area."""
    assert len({partition_of(area, 4) for area in SIDES}) == 2
    running = [roles.start(role, city=str(city)) for role in ("intake", "desk")]
    for area, lat in SIDES.items():
        await kafka.produce(topics.reports, [hole(area, lat)])
    await kafka.read_until(topics.orders, lambda records: len(of(records, Opened)) == 2, timeout=60)
    await killed(running)
    running = [roles.start(role, city=str(city)) for role in ("intake", "desk")]
    log = await kafka.read_until(topics.orders, lambda records: len(of(records, Linked)) == 2, timeout=60)
    south, north = sorted((fact.order_id for fact in of(log, Opened)), reverse=True)
    await kafka.produce(topics.reports, [hole("north-w", 30.15)])
    log = await kafka.read_until(topics.orders, lambda records: len(of(records, Opened)) == 3, timeout=60)
    (far,) = {fact.order_id for fact in of(log, Opened)} - {south, north}

    step = {"action": "relate", "by": DISPATCHER, "order_id": south, "other_order_id": far, "reason": "one pipe"}
    related = event(UPDATE, south, step)
    await kafka.produce(topics.updates, [related])
    await killed(running)
    for name in ("intake", "desk"):
        roles.start(name, city=str(city))
    log = await kafka.read_until(topics.orders, lambda records: len(of(records, Related)) == 2, timeout=60)
    await kafka.produce(topics.updates, [related])
    move = {
        "action": "move-area",
        "by": DISPATCHER,
        "order_id": south,
        "area": "north-w",
        "reason": "beyond the bridge",
    }
    await kafka.produce(topics.updates, [event(UPDATE, south, move)])
    log = await kafka.read_until(topics.orders, lambda records: len(of(records, AreaMoved)) == 1, timeout=60)

    by_desks = sorted((fact.order_id, fact.other, fact.kind) for fact in of(log, Linked))
    assert by_desks == sorted([(south, north, "related"), (north, south, "related")])
    assert sorted((fact.order_id, fact.other) for fact in of(log, Related)) == sorted([(south, far), (far, south)])
    for area, order in (("south-w", south), ("north-w", north), ("north-w", far)):
        assert {number for number, fact in facts_in(log) if fact.order_id == order} == {partition_of(area, 4)}
    audit = roles.start("audit", "--no-tables", city=str(city))
    assert await audit.ended(60) == 0, audit.said()


def hole(area: str, lat: float) -> Message:
    """A citizen's report of a hole in the road there."""
    return event(REPORT, area, {"text": "路上有个大坑", "location": {"lat": lat, "lon": 114.05}})


async def killed(running: list[Role]) -> None:
    """End roles as a power cut would."""
    for role in running:
        role.signal(signal.SIGKILL)
        await role.ended()


def of(records: list[ConsumerRecord], kind: type[T]) -> list[T]:
    """The facts of a kind in the log."""
    return [fact for _, fact in facts_in(records) if isinstance(fact, kind)]

"""Mobile units 移动单元 on a real broker: each says where it is, reads its own topic of tasks, answers over HTTP."""

import signal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio
from aiokafka import ConsumerRecord

from models.envelope import Event, event_type, to_binary
from models.events import REPORT, TASK, TASK_WITHDRAWAL, UNIT
from streams.kafka.topics import Names, all_topics, create_topics
from streams.local.ports import free_ports
from streams.settings import Settings
from tests.support.cities import tiny_files
from tests.support.kafka import Kafka, Message, Roles, eventually, own_settings
from tests.support.tokens import bearer, grant, tokens_file

CARS = ("car-1", "car-2")
SIX_SECONDS = "unit_accept_minutes = 0.1\n"  # long enough to kill a desk in, and to accept a task


@pytest.fixture
def settings(kafka: Kafka, tmp_path: Path) -> Settings:
    """A city with two cars, each with a token of its own."""
    city = tmp_path / "city"
    city.mkdir()
    files = {"units.csv": "id,kind,areas,department,skills\n" + "".join(f"{car},car,*,,\n" for car in CARS)}
    for name, content in tiny_files(files, SIX_SECONDS).items():
        (city / name).write_bytes(content)
    tokens = tokens_file(tmp_path / "tokens.json", *(grant(car, "unit") for car in CARS))
    own = {"partitions": 2, "city": city, "gateway_tokens_file": tokens, "gateway_port": free_ports(1)[0]}
    return own_settings(kafka, tmp_path / "data", **own)


@pytest_asyncio.fixture
async def topics(settings: Settings) -> Names:
    """All topics of that city."""
    await create_topics(settings, all_topics(settings, ("roads", "police", "works", "north-office"), CARS))
    return Names(settings.namespace)


def event(name: str, kind: str, data: dict[str, Any]) -> Message:
    """What somebody writes, of a source of that name."""
    headers, value = to_binary(Event(name, name, kind, msgspec.json.encode(data)))
    return Message(value, name.encode(), list(headers))


@pytest.mark.timeout(120)
async def test_the_next_nearest_unit_is_asked_though_the_desk_was_killed_while_the_first_had_time(
    kafka: Kafka, topics: Names, settings: Settings, roles: Roles
) -> None:
    """The timer outlives the desk: the first unit loses its task, the second accepts it, arrives and verifies."""
    for role in ("intake", "gateway"):
        roles.start(role)
    desk = roles.start("desk")
    async with httpx.AsyncClient(base_url=settings.gateway_url, timeout=30) as client:

        async def says(car: str, action: str, order: str, **said: Any) -> httpx.Response:
            update = {"action": action, **said}
            headers = bearer(car) | {"prefer": "wait=20"}
            return await client.post(f"/orders/{order}/updates", json=update, headers=headers)

        async def told_by_http() -> bool:
            here = {"state": "free", "location": {"lat": 30.06, "lon": 114.05}}
            try:
                return (await client.post("/units", json=here, headers=bearer("car-2"))).is_success
            except httpx.TransportError:
                return False

        here = {"unit": "car-1", "state": "free", "location": {"lat": 30.05, "lon": 114.05}}
        await kafka.produce(topics.units, [event("car-1", UNIT, here)])
        await eventually(told_by_http, 30.0, "the gateway")
        await kafka.read_until(topics.inbox, lambda records: all(_names(records, car) for car in CARS))
        flood = {"text": "积水很深", "category": "flooding", "location": {"lat": 30.05, "lon": 114.05}}
        await kafka.produce(topics.reports, [event("citizen", REPORT, flood | {"reporter": {"id": "r"}})])

        first = (await kafka.read_until(topics.tasks("car-1"), 1))[0]
        desk.signal(signal.SIGKILL)
        order = msgspec.json.decode(first.value)["order_id"]
        assert await kafka.read_all(topics.tasks("car-2")) == []
        roles.start("desk")
        await kafka.read_until(topics.tasks("car-2"), 1)
        late = await says("car-1", "accept-task", order)
        steps = [await says("car-2", "accept-task", order), await says("car-2", "arrive", order)]
        steps.append(await says("car-2", "verify-pass", order, evidence_urls=["https://pictures.example/1.jpg"]))

    assert (late.status_code, late.json()["reason"]) == (409, "not-its-task")
    assert [step.status_code for step in steps] == [200, 200, 200], [step.text for step in steps]
    kinds = [event_type(each.headers) for each in await kafka.read_all(topics.tasks("car-1"))]
    assert kinds == [TASK, TASK_WITHDRAWAL]
    assert [event_type(each.headers) for each in await kafka.read_all(topics.tasks("car-2"))] == [TASK]


def _names(records: list[ConsumerRecord], unit: str) -> bool:
    return any(f'"{unit}"'.encode() in (each.value or b"") for each in records)

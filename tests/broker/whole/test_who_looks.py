"""Who is asked to look 核实、复核 on a real broker, over Kafka and HTTP: mobile units, and cameras that had seen it."""

import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest
import pytest_asyncio

from dispatcher.order import facts
from dispatcher.partition import row_keys
from models.envelope import Event, event_type, to_binary
from models.events import DETECTION, REPORT, TASK, TASK_WITHDRAWAL, UNIT, UPDATE
from streams.kafka.topics import Names, all_topics, create_topics
from streams.local.ports import free_ports
from tests.support.cities import DEPARTMENTS, tiny_files, written
from tests.support.kafka import SHORT_SESSION_MS, Kafka, Message, Role, Roles, eventually, own_settings
from tests.support.tokens import bearer, grant, tokens_file

CARS = ("car-1", "car-2")
SENSOR = "lamp-watch"  # whose token the cameras over HTTP have; over Kafka their events come from another source
SETTINGS = """unit_accept_minutes = 0.1
recheck_minutes = 0.5
recheck_share = 0.0
"""
SIX_SECONDS, HALF_A_MINUTE = 6_000, 30_000  # the same two times: long enough to kill a desk in, and to answer in
PICTURE = "https://pictures.example/1.jpg"


@dataclass
class Running:
    """A city with two cars and five cameras, on all roles that they need."""

    kafka: Kafka
    names: Names
    roles: Roles
    desk: Role
    client: httpx.AsyncClient

    def restart_desk(self) -> None:
        """Another desk, in the place of the one that was killed."""
        self.desk = self.roles.start("desk")

    async def says(self, car: str, action: str, order: str, **said: Any) -> httpx.Response:
        """A unit's step over HTTP, with what the desk made of it."""
        update, headers = {"action": action, **said}, bearer(car) | {"prefer": "wait=20"}
        return await self.client.post(f"/orders/{order}/updates", json=update, headers=headers)

    async def told(self, enough: Callable[[list[facts.Fact]], bool]) -> list[facts.Fact]:
        """All facts, once there are enough."""
        found: list[facts.Fact] = []

        async def are_enough() -> bool:
            records = await self.kafka.read_all(self.names.orders)
            read = (facts.from_wire(event_type(each.headers), each.value) for each in records)
            found[:] = [fact for fact in read if isinstance(fact, facts.Fact)]
            return enough(found)

        await eventually(are_enough, 30.0, "so many facts")
        return found


@pytest_asyncio.fixture(scope="module")
async def running(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Intake, desk and gateway of that city; each car has a token of its own, and one of them has told where it is."""
    folder = tmp_path_factory.mktemp("looking")
    cars = "id,kind,areas,department,skills\n" + "".join(f"{car},car,*,,\n" for car in CARS)
    files = {"units.csv": cars, "inhibitions.csv": None}  # water covers no lamps
    city = written(folder / "city", tiny_files(files, SETTINGS))
    tokens = tokens_file(folder / "tokens.json", *(grant(car, "unit") for car in CARS), grant(SENSOR, "sensor"))
    own = {"partitions": 2, "city": city, "gateway_tokens_file": tokens, "gateway_port": free_ports(1)[0]}
    settings = own_settings(kafka, folder / "data", session_timeout_ms=SHORT_SESSION_MS, **own)
    await create_topics(settings, all_topics(settings, DEPARTMENTS, CARS))
    roles = Roles(settings, folder)
    try:
        for role in ("intake", "gateway"):
            roles.start(role)
        async with httpx.AsyncClient(base_url=settings.gateway_url, timeout=30) as client:
            city_running = Running(kafka, Names(settings.namespace), roles, roles.start("desk"), client)
            await _cars_are_known(city_running)
            yield city_running
    finally:
        roles.end()


async def _cars_are_known(running: Running) -> None:
    """One says over Kafka where it is, the other one over HTTP."""

    async def told_by_http() -> bool:
        here = {"state": "free", "location": {"lat": 30.06, "lon": 114.05}}
        try:
            return (await running.client.post("/units", json=here, headers=bearer("car-2"))).is_success
        except httpx.TransportError:
            return False

    here = {"unit": "car-1", "state": "free", "location": {"lat": 30.05, "lon": 114.05}}
    await running.kafka.produce(running.names.units, [event("car-1", UNIT, here)])
    await eventually(told_by_http, 30.0, "the gateway")
    # An urgent report overtakes what waits in the inbox: the desk has to have decided on it in both partitions.
    rows = {(partition, row_keys.unit(car).encode()) for partition in range(2) for car in CARS}
    await running.kafka.read_until(
        running.names.desk, lambda records: rows <= {(each.partition, each.key) for each in records}
    )


def event(name: str, kind: str, data: dict[str, Any], at: int | None = None) -> Message:
    """What somebody writes, of a source of that name."""
    headers, value = to_binary(Event(name, "urn:test", kind, msgspec.json.encode(data), at))
    return Message(value, name.encode(), list(headers))


def flood(reporter: str, lat: float) -> Message:
    """Somebody reports deep water, which a unit is sent to look at."""
    place = {"lat": lat, "lon": 114.05}
    return event(reporter, REPORT, {"text": "积水很深", "category": "flooding", "location": place})


@pytest.mark.timeout(120)
async def test_the_next_nearest_unit_is_asked_though_the_desk_was_killed_while_the_first_had_time(
    running: Running,
) -> None:
    """The timer outlives the desk: the first unit loses its task, the second accepts it, arrives and verifies."""
    kafka, names, says = running.kafka, running.names, running.says
    await kafka.produce(names.reports, [flood("citizen", 30.05)])

    first = (await kafka.read_until(names.tasks("car-1"), 1))[0]
    running.desk.signal(signal.SIGKILL)
    order = msgspec.json.decode(first.value)["order_id"]
    assert await kafka.read_all(names.tasks("car-2")) == []
    running.restart_desk()
    await kafka.read_until(names.tasks("car-2"), 1)
    steps = [await says("car-2", "accept-task", order)]  # at once: it has as little time as the first
    late = await says("car-1", "accept-task", order)
    steps.append(await says("car-2", "arrive", order))
    steps.append(await says("car-2", "verify-pass", order, evidence_urls=[PICTURE]))

    assert (late.status_code, late.json()["reason"]) == (409, "not-its-task")
    assert [step.status_code for step in steps] == [200, 200, 200], [step.text for step in steps]
    kinds = [event_type(each.headers) for each in await kafka.read_all(names.tasks("car-1"))]
    assert kinds == [TASK, TASK_WITHDRAWAL]
    assert [event_type(each.headers) for each in await kafka.read_all(names.tasks("car-2"))] == [TASK]


@pytest.mark.timeout(120)
async def test_a_unit_takes_all_steps_of_its_task_over_kafka(running: Running) -> None:
    """On the units' own topic: it accepts, arrives, and what it has found stands in the order."""
    kafka, names = running.kafka, running.names
    before = len(await kafka.read_all(names.tasks("car-1")))
    await kafka.produce(names.reports, [flood("another", 30.03)])
    task = (await kafka.read_until(names.tasks("car-1"), before + 1))[-1]
    order, by = msgspec.json.decode(task.value)["order_id"], {"role": "unit", "id": "car-1"}

    steps = [
        event(f"{order}-{action}", UPDATE, {"action": action, "order_id": order, "by": by, "evidence_urls": [PICTURE]})
        for action in ("accept-task", "arrive", "verify-pass")
    ]
    await kafka.produce(names.units, [Message(each.value, order.encode(), each.headers) for each in steps])

    def of_it(found: list[facts.Fact], kind: type[facts.Fact]) -> list[facts.Fact]:
        return [fact for fact in found if fact.order_id == order and isinstance(fact, kind)]

    found = await running.told(lambda found: bool(of_it(found, facts.Verified)))
    looked = (facts.TaskAccepted, facts.UnitArrived, facts.Verified)
    assert [type(fact) for fact in of_it(found, facts.Fact) if isinstance(fact, looked)] == list(looked)
    assert {fact.actor.id for fact in found if fact.order_id == order and isinstance(fact, looked)} == {"car-1"}


async def _handled(running: Running, lamps: dict[str, int], at: int) -> dict[str, str]:
    """Each camera has seen a lamp that is off, the first one over HTTP; each is handled so many milliseconds before
    `at`. Of each camera its order."""
    kafka, names = running.kafka, running.names
    seen = {camera: {"camera_id": camera, "label": "lamp_off", "object_id": "lamp"} for camera in lamps}
    over_http, *over_kafka = seen
    await running.client.post("/detections", json=seen[over_http], headers=bearer(SENSOR) | {"ce-id": "first"})
    await kafka.produce(
        names.detections, [event(f"{each}-1", DETECTION, seen[each], at - lamps[each] - 1) for each in over_kafka]
    )

    def opened(found: list[facts.Fact]) -> dict[str, str]:
        firsts = [fact for fact in found if isinstance(fact, facts.Opened) and fact.evidence.camera]
        return {fact.evidence.camera: fact.order_id for fact in firsts}

    orders = opened(await running.told(lambda found: len(opened(found)) == len(lamps)))
    steps = []
    for camera, ago in lamps.items():
        order, by = orders[camera], {"department": "roads", "id": "rui"}
        for action in ("accept", "handle"):
            data = {"action": action, "order_id": order, "by": by, "evidence_urls": [PICTURE]}
            said = event(f"{order}-{action}", UPDATE, data, at - ago if ago else None)
            steps.append(Message(said.value, order.encode(), said.headers))
    await kafka.produce(names.updates, steps)
    return orders


@pytest.mark.timeout(120)
async def test_what_a_camera_finds_is_the_check_and_one_that_is_silent_is_waited_for_by_the_next_desk(
    running: Running,
) -> None:
    """Over HTTP and over Kafka it is gone, or is seen again. The deadline of the one that says nothing outlives the
    desk that has asked it, and then a person makes the check."""
    kafka, names = running.kafka, running.names
    http, gone, there, silent = "cam-sw-1", "cam-sw-2", "cam-se-1", "cam-nw-1"
    at = int(time.time() * 1000)
    orders = await _handled(running, {http: 0, gone: 0, there: 0, silent: HALF_A_MINUTE - SIX_SECONDS}, at)
    asked = await kafka.read_until(names.rechecks, len(orders))
    assert {each.key.decode(): msgspec.json.decode(each.value)["order_id"] for each in asked} == orders

    running.desk.signal(signal.SIGKILL)
    lamp = {"label": "lamp_off", "object_id": "lamp", "media_urls": [PICTURE]}
    looks = [event(f"{gone}-2", DETECTION, lamp | {"camera_id": gone, "phase": "end"})]
    await kafka.produce(names.detections, [*looks, event(f"{there}-2", DETECTION, lamp | {"camera_id": there})])
    running.restart_desk()
    said = {"order_id": orders[http], "camera_id": http, "result": "gone"}
    answer = await running.client.post("/rechecks", json=said, headers=bearer(SENSOR) | {"prefer": "wait=20"})

    def looked(found: list[facts.Fact]) -> dict[str, object]:
        cameras = {order: camera for camera, order in orders.items()}
        came_to = {cameras[f.order_id]: f.passed for f in found if isinstance(f, facts.Checked)}
        return came_to | {cameras[f.order_id]: f.outcome for f in found if isinstance(f, facts.RecheckAnswered)}

    assert answer.status_code == 200, answer.text
    found = await running.told(lambda found: len(looked(found)) == len(orders))
    assert looked(found) == {http: True, gone: True, there: False, silent: "silent"}
    assert {fact.order_id for fact in found if isinstance(fact, facts.Closed)} == {orders[http], orders[gone]}
    [picture] = [fact.evidence_urls for fact in found if isinstance(fact, facts.Checked) and not fact.passed]
    assert picture == (PICTURE,)
    assert len(await kafka.read_all(names.rechecks)) == len(orders)

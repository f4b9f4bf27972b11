"""One message of every kind of source, over Kafka and over HTTP, through a running system to a department."""

import dataclasses
import re
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
import pytest_asyncio
from msgspec.structs import replace

from dispatcher.order import facts, wire
from models.envelope import Event, event_type, to_binary
from models.events import DETECTION, MEASUREMENT, AssignmentMessage, Evidence
from models.times import to_ms
from streams.dead_letters.letter import decode_dead_letter
from streams.kafka.topics import Names, all_topics, create_topics
from streams.local.ports import free_ports
from tests.support.cities import DEPARTMENTS, FILES, appended, tiny_files, written
from tests.support.inputs.every_source import BOX, PICTURE, SOURCES, Seen, Source, named
from tests.support.kafka import Kafka, Message, Roles, eventually, is_well, own_settings

WAYS = ("kafka", "http")
WATCHED = ("watched-1", "watched-2")  # cameras beside each other; what they see has to be seen twice
# Samples from the field: their format, labels, and how they write the time, which has to be now.
FIELD = (
    ("deepstream_full.json", "deepstream", ("moving",), "utc"),
    ("deepstream_minimal.json", "deepstream", ("person", "car", "overcrowding"), "utc"),
    ("nvidia_metropolis_alert.json", "metropolis", ("vehicle_waiting",), "utc"),
    ("gb28181_alarm_notify.xml", "gb28181", ("device-alarm",), "local"),
    ("onvif_objectsinside.xml", "onvif", ("ObjectsInside",), "utc"),
    ("hikvision_isapi_alert.xml", "hikvision", ("VMD",), "local"),
    ("gat1400_motorvehicle_redacted.json", "gat1400", ("motor-vehicle",), "local"),
    ("dahua_notifyEventStream_condensed.json", "dahua", ("TrafficJunction",), "utc"),
)
RULE = """
[[rules]]
id = "covers"
reason = "What speaks of a cover of a manhole is one."
when = { text_any = ["井盖"] }
then = { category = "litter" }
"""


def city_files() -> dict[str, bytes]:
    """The tiny city with a camera for each source and way, all of whose labels open an order at once: none merges."""
    listed = {seen.label for source in SOURCES for seen in source.seen if not seen.words.startswith("井盖")}
    labels = listed | {label for _, _, found, _ in FIELD for label in found}
    cameras = [f"{way}-{name}" for way in WAYS for name in (*(each.name for each in SOURCES), *(f[0] for f in FIELD))]
    return tiny_files(
        appended("categories.csv", "litter,order,垃圾,Litter,order,垃圾|litter,0,0,1,4,1,off")
        | appended("labels.csv", *(f"*,*,{label},litter,0.5" for label in sorted(labels)))
        | appended("cameras.csv", *(f"{each},30.05,114.05,south-w,路口,police" for each in (*cameras, *WATCHED)))
        | {"rules.toml": FILES["rules.toml"] + RULE},
    )


@dataclass
class Running:
    """A city on intake, desk and gateway."""

    kafka: Kafka
    names: Names
    client: httpx.AsyncClient
    at: datetime

    async def send(self, way: str, source: Source) -> None:
        """A source's message: a vendor's bytes as they are, or an event with id and time."""
        camera = f"{way}-{source.name}"
        value = source.written(camera, self.at)
        if source.format:
            await self.send_bytes(way, source.format, value)
        elif way == "kafka":
            headers, value = to_binary(Event(f"{camera}-e", "urn:test", source.kind, value, to_ms(self.at)))
            await self.kafka.produce(self.names.detections, [Message(value, camera.encode(), list(headers))])
        else:
            address = "/measurements" if source.kind == MEASUREMENT else "/detections"
            said = {"ce-id": f"{camera}-e", "ce-time": f"{self.at:%Y-%m-%dT%H:%M:%SZ}"}
            answer = await self.client.post(address, content=value, headers=said | {"content-type": "application/json"})
            assert answer.status_code == 202, (source.name, answer.text)

    async def send_bytes(self, way: str, name: str, value: bytes, camera: str = "") -> None:
        """A vendor's bytes in the format of that name; where they do not name their camera, with its name beside."""
        said = {"format": name} | ({"camera": camera} if camera else {})
        if way == "kafka":
            headers = [(each, text.encode()) for each, text in said.items()]
            await self.kafka.produce(self.names.detections, [Message(value, name.encode(), headers)])
        else:
            answer = await self.client.post("/detections", content=value, params=said)
            assert answer.status_code == 202, (name, answer.text)

    async def assigned(self, cameras: Collection[str], wanted: int) -> dict[str, list[Evidence]]:
        """What founded the orders of these cameras, each as it was assigned to a lead, once there are so many."""
        found: dict[str, list[Evidence]] = {}

        async def all_there() -> bool:
            found.clear()
            for department in DEPARTMENTS:
                for each in await self.kafka.read_all(self.names.assignments(department)):
                    made = wire.decode(each.value, AssignmentMessage)
                    if made.role == "lead" and (by := made.evidence[0].camera) in cameras:
                        found.setdefault(by, []).append(made.evidence[0])
            return sum(map(len, found.values())) >= wanted

        try:
            await eventually(all_there, 150.0, "the assignments", every=0.5)
        except AssertionError:
            print({name: [each.id for each in seen] for name, seen in found.items()})
            raise
        return found


@pytest_asyncio.fixture(scope="module")
async def at_work(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Intake, desk and gateway of the city."""
    folder = tmp_path_factory.mktemp("sources")
    city = written(folder / "city", city_files())
    settings = own_settings(kafka, folder / "data", partitions=2, city=city, gateway_port=free_ports(1)[0])
    await create_topics(settings, all_topics(settings, DEPARTMENTS, ()))
    roles = Roles(settings, folder)
    try:
        for role in ("intake", "desk", "gateway"):
            roles.start(role)
        async with httpx.AsyncClient(base_url=settings.gateway_url, timeout=30) as client:
            await eventually(partial(is_well, client, "/docs"), 60.0, "the gateway")
            yield Running(kafka, Names(settings.namespace), client, datetime.now(UTC))
    finally:
        roles.end()


@pytest.fixture
def running(at_work: Running) -> Running:
    """The same, for what was seen two minutes before the test: minutes later it would be too late to be taken in."""
    return dataclasses.replace(at_work, at=datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2))


def as_wanted(evidence: Evidence, wanted: Seen, camera: str, at: datetime) -> Evidence:
    """The same evidence with what must stand in it; so a test shows all that differs."""
    return replace(
        evidence,
        label=wanted.label,
        id=evidence.id if wanted.id is None else named(wanted.id, camera, at),
        at=to_ms(at) if wanted.dated else evidence.at,
        bbox=wanted.bbox,
        media_urls=wanted.links,
        text=named(wanted.words, camera, at) if wanted.words else evidence.text,
    )


@pytest.mark.timeout(240)
async def test_every_source_comes_to_a_department_with_its_evidence_over_kafka_and_over_http(running: Running) -> None:
    """Label, the vendor's id and time, box and picture stand in the assignment; a broken object among good ones is a
    dead letter of its own."""
    for way in WAYS:
        for source in SOURCES:
            await running.send(way, source)

    seen_by = {f"{way}-{source.name}": source for way in WAYS for source in SOURCES}
    cameras = {("strange-" if source.name == "unregistered" else "") + name: name for name, source in seen_by.items()}
    found = await running.assigned(cameras, sum(len(source.seen) for source in seen_by.values()))

    assert found.keys() == cameras.keys()
    for said, camera in cameras.items():
        wanted = sorted(seen_by[camera].seen, key=lambda seen: named(seen.id or "", camera, running.at))
        evidence = sorted(found[said], key=lambda each: each.id)
        assert evidence == [
            as_wanted(each, seen, camera, running.at) for each, seen in zip(evidence, wanted, strict=True)
        ]
    letters = await running.kafka.read_until(running.names.dead_letters, 2 * sum(len(s.dead) for s in SOURCES))
    dead = [decode_dead_letter(each.value).index for each in letters]
    assert sorted(str(each) for each in dead) == sorted(str(n) for source in SOURCES for n in source.dead * len(WAYS))


@pytest.mark.timeout(240)
async def test_samples_from_the_field_come_to_a_department_over_kafka_and_over_http(
    running: Running, shared: Path
) -> None:
    """As they were found but for their time, each by a camera of the registry that a bridge names."""
    for way in WAYS:
        for file, name, _, clock in FIELD:
            value = of_now((shared / "camera_events" / file).read_text(), running.at, clock)
            await running.send_bytes(way, name, value.encode(), f"{way}-{file}")

    labels = {f"{way}-{file}": sorted(found) for way in WAYS for file, _, found, _ in FIELD}
    found = await running.assigned(labels, sum(map(len, labels.values())))

    assert {camera: sorted(each.label for each in seen) for camera, seen in found.items()} == labels
    assert {each.at // 1000 for seen in found.values() for each in seen} == {to_ms(running.at) // 1000}
    for way in WAYS:
        [moving] = found[f"{way}-deepstream_full.json"]
        assert (moving.id, moving.bbox) == ("75205036-04f0-4147-9ebd-6045b4f3ec24", (263, 176, 320, 258))


def of_now(text: str, at: datetime, clock: str) -> str:
    """A sample as if it had been written at a time, by a clock of the city or of UTC."""
    told = at.astimezone(ZoneInfo("Asia/Shanghai")) if clock == "local" else at.astimezone(UTC)
    text = re.sub(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d", told.strftime("%Y-%m-%dT%H:%M:%S"), text)
    text = re.sub(r'(?<="PassTime": ")\d{14}', told.strftime("%Y%m%d%H%M%S"), text)
    return re.sub(r'(?<="RealUTC": )\d+', str(int(at.timestamp())), text)


@pytest.mark.timeout(240)
async def test_what_has_to_be_seen_twice_is_watched_over_one_way_and_an_order_by_the_other(running: Running) -> None:
    """Whoever waits is told so; the first sighting founds the order, which the second joins."""
    hole = {"label": "pothole", "confidence": 0.9, "bbox": BOX, "media_urls": [PICTURE]}
    first, second = ({"camera_id": camera} | hole for camera in WATCHED)

    answer = await running.client.post("/detections", json=first, headers={"ce-id": "watched", "prefer": "wait=20"})
    headers, value = to_binary(Event("filed", "urn:test", DETECTION, msgspec.json.encode(second), to_ms(running.at)))
    await running.kafka.produce(running.names.detections, [Message(value, b"filed", list(headers))])
    found = await running.assigned(WATCHED, 1)
    log = [
        facts.from_wire(event_type(each.headers), each.value)
        for each in await running.kafka.read_all(running.names.orders)
    ]

    assert (answer.status_code, answer.json()["outcome"]) == (200, "watched")
    [founded] = found[WATCHED[0]] if WATCHED[0] in found else found[WATCHED[1]]
    seen = [fact.evidence for fact in log if isinstance(fact, facts.Opened | facts.EvidenceAdded)]
    both = [each for each in seen if each.camera in WATCHED]
    assert {each.id for each in both} == {"watched", "filed"}
    assert {(each.bbox, each.media_urls) for each in both} == {(BOX, (PICTURE,))}
    assert founded in both

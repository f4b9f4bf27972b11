"""A vendor's message over HTTP is what the same bytes are on Kafka: its own time, id and place count."""

import gzip
import json
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from models.city import City
from models.envelope import Event, to_binary
from models.inbox import Sighting
from models.times import now_ms, to_ms
from streams.gateway.events.event_writer import EventWriter
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from tests.support.messages import raw
from tests.support.tokens import bearer, grant, tokens_file
from tests.web.conftest import Open

CAMERA = "gulou-001"


@pytest.fixture
def at() -> datetime:
    """When it was seen: not now, and not too long ago."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=4)


def message(name: str, at: datetime) -> bytes:
    """Something seen, in a vendor's format."""
    stamp = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    if name == "hikvision":
        alarm = f"<eventType>pothole</eventType><eventState>active</eventState><dateTime>{stamp}</dateTime>"
        return f"<EventNotificationAlert>{alarm}</EventNotificationAlert>".encode()
    data = {"EventID": 7, "RealUTC": int(at.timestamp()), "MachineName": CAMERA}
    said = {
        "dahua": {"params": {"eventList": [{"Code": "pothole", "Data": data}]}},
        "deepstream": {"sensorId": CAMERA, "@timestamp": stamp, "objects": [{"type": "pothole"}, {"type": "litter"}]},
    }
    return json.dumps(said[name]).encode()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, list[tuple[str, bytes]]]]:
    """Value and headers of each record that the gateway writes."""
    kept: list[tuple[bytes, list[tuple[str, bytes]]]] = []

    async def write(_: EventWriter, topic: str, key: str, event: Event, more: Any = ()) -> None:
        headers, value = to_binary(event)
        kept.append((value, [*headers, *more]))

    monkeypatch.setattr(EventWriter, "write", write)
    return kept


def items(city: City, value: bytes, headers: list[tuple[str, bytes]]) -> list[Sighting]:
    """What intake makes of a record."""
    taken = take_in([raw(value, headers, timestamp=now_ms())], city, None, now_ms(), Keys(b"k"))
    assert taken.dead == []
    return [item for each in taken.items.values() for item in each if isinstance(item, Sighting)]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["hikvision", "dahua", "deepstream"])
async def test_the_same_bytes_are_the_same_over_both_ways(
    gateway: Open,
    city: City,
    written: list[tuple[bytes, list[tuple[str, bytes]]]],
    at: datetime,
    name: str,
    packed: bool,
) -> None:
    """To the last field, but for the digest that those over HTTP have; the answer names the identity under which the
    first of them will be known."""
    body = gzip.compress(message(name, at)) if packed else message(name, at)
    on_kafka = items(city, body, [("format", name.encode()), ("camera", CAMERA.encode())])

    async with gateway() as client:
        answer = await client.post(f"/detections?format={name}&camera={CAMERA}", content=body)

    [(value, headers)] = written
    over_http = items(city, value, headers)
    assert answer.status_code == 202
    assert [replace(item, content=0) for item in over_http] == on_kafka
    assert all(item.content for item in over_http)
    assert {item.at for item in over_http} == {to_ms(at)}
    assert answer.json()["event"] == {"source": on_kafka[0].source, "id": on_kafka[0].id}


async def test_a_vendor_s_bytes_are_no_event_whatever_their_type_says(
    gateway: Open, city: City, written: list[tuple[bytes, list[tuple[str, bytes]]]], at: datetime
) -> None:
    """As on Kafka: devices declare what they like, in any charset."""
    async with gateway() as client:
        for kind in ("application/cloudevents+json", "application/json; charset=gbk", ""):
            address = f"/detections?format=hikvision&camera={CAMERA}"
            answer = await client.post(address, content=message("hikvision", at), headers={"content-type": kind})
            assert answer.status_code == 202

    assert [len(items(city, value, headers)) for value, headers in written] == [1, 1, 1]


async def test_a_request_may_say_more_than_the_message(
    gateway: Open, city: City, written: list[tuple[bytes, list[tuple[str, bytes]]]], at: datetime, tmp_path: Path
) -> None:
    """Its id, time and source go before the message's own, and a token's source before all."""
    headers = {"idempotency-key": "k1", "ce-time": f"{at - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}", **bearer("t")}
    path = tokens_file(tmp_path / "t", grant("t", "sensor"))
    async with gateway(gateway_tokens_file=path) as client:
        answer = await client.post(
            f"/detections?format=hikvision&camera={CAMERA}", content=message("hikvision", at), headers=headers
        )

    [(value, said)] = written
    [item] = items(city, value, said)
    assert answer.status_code == 202
    assert (item.id, item.at) == ("k1", to_ms(at) - 60_000)
    assert item.source == dict(said)["ce_source"].decode() + "hikvision/gulou-001" == "t/hikvision/gulou-001"


async def test_an_alarm_that_is_too_old_for_kafka_is_too_old_for_http(gateway: Open, at: datetime) -> None:
    """It was dated anew before, so it was another event each time."""
    old = message("hikvision", at - timedelta(hours=3))

    async with gateway() as client:
        answer = await client.post(f"/detections?format=hikvision&camera={CAMERA}", content=old)

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:paidan:problem:too-late")


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"label": "zebra"}, "unlisted"),
        ({"label": "pothole", "confidence": 0.1}, "ignored"),
    ],
)
@pytest.mark.parametrize("prefer", [{}, {"prefer": "wait=5"}])
async def test_of_what_nothing_will_come_is_said_at_once(
    gateway: Open,
    written: list[tuple[bytes, list[tuple[str, bytes]]]],
    said: dict[str, object],
    outcome: str,
    prefer: dict[str, str],
) -> None:
    """Whoever sets a camera up learns why no order opens; intake gets it all the same, and counts it."""
    async with gateway() as client:
        answer = await client.post("/detections", json={"camera_id": CAMERA} | said, headers=prefer)

    assert answer.status_code == (200 if prefer else 202)
    assert (answer.json()["outcome"], "status" in answer.json()) == (outcome, False)
    assert len(written) == 1


EMPTY = {
    "deepstream": b'{"sensorId": "gulou-001", "objects": []}',
    "dahua": b'{"method": "global.keepAlive"}',
    "gb28181": b"<Notify><CmdType>Keepalive</CmdType></Notify>",
}


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("prefer", [{}, {"prefer": "wait=5"}])
async def test_a_message_without_an_alarm_is_answered_at_once_and_has_a_name(
    gateway: Open, city: City, written: list[tuple[bytes, list[tuple[str, bytes]]]], name: str, prefer: dict[str, str]
) -> None:
    """Nothing goes on, so nothing is waited for; intake hears that the camera is alive."""
    async with gateway() as client:
        answer = await client.post(f"/detections?format={name}&camera={CAMERA}", content=EMPTY[name], headers=prefer)

    assert answer.status_code == (200 if prefer else 202)
    assert (answer.json()["outcome"], answer.json()["event"]["source"]) == ("no-alarm", f"{name}/{CAMERA}")
    assert len(answer.json()["event"]["id"]) == 32

    [(value, said)] = written
    taken = take_in([raw(value, said, timestamp=now_ms())], city, None, now_ms(), Keys(b"k"))
    assert (taken.dead, taken.items, list(taken.heard)) == ([], {}, [CAMERA])


@pytest.mark.parametrize(("path", "encoding", "status"), [
    ("/detections?format=hikvision&camera=gulou-001", "deflate", 202),
    ("/detections?format=hikvision&camera=gulou-001", "gzip", 202),
    ("/detections?format=hikvision&camera=gulou-001", "identity", 202),
    ("/detections?format=hikvision&camera=gulou-001", "br", 415),
    ("/reports", "gzip", 415),
    ("/reports", "deflate", 415),
])  # fmt: skip
async def test_a_packed_body_is_unpacked_for_vendors_or_refused(
    gateway: Open,
    written: list[tuple[bytes, list[tuple[str, bytes]]]],
    at: datetime,
    path: str,
    encoding: str,
    status: int,
) -> None:
    """It is never taken for something else."""
    plain = message("hikvision", at)
    body = {"gzip": gzip.compress(plain), "deflate": zlib.compress(plain)}.get(encoding, plain)
    headers = {"content-encoding": encoding, "content-type": "application/json"}

    async with gateway() as client:
        answer = await client.post(path, content=body, headers=headers)

    assert answer.status_code == status
    assert bool(written) == (status == 202)

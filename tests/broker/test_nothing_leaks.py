"""A whole system that is sent a phone, an identity number and a plate in every field: it shows them nowhere."""

import base64
import contextlib
import json
import re
import signal
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import ConsumerRecord

from dispatcher.order import facts
from models.envelope import event_type, header_map
from models.events import DETECTION, MEASUREMENT, RECHECKED, REPORT, UNIT, UPDATE
from models.times import HOUR_MS, now_ms, to_text
from streams.access.rights import NEEDED
from streams.kafka.clients import admin, started
from streams.kafka.topics import Names
from streams.local.ports import free_ports
from tests.support.cities import appended, tiny_files, written
from tests.support.every_field import PERSONAL, SAID, filled, in_each_field, leaked
from tests.support.kafka import Kafka, Message, Roles, eventually, is_well
from tests.support.messages import NOW, ORDER, record
from tests.support.receiver import Receiver
from tests.support.spans import SPANS_PATH, TRACE, TRACEPARENT, spans_in

# What an address does not answer without.
WANTED = {"/prefill": "?lat=30.05&lon=114.05", "/cameras": "?area=south-w"}
DEPARTMENTS = ("roads", "police", "works", "north-office")
ROLES = ("intake", "desk", "tables", "gateway", "notify")
LAST = "the-last-one"
UPSTREAM = "a" * 32  # the trace of which a system upstream has written a report
# What opens an order far from all others, and what is refused.
CLEAN: dict[str, dict[str, Any]] = {
    REPORT: {"text": "北边的路灯坏了", "location": {"lat": 30.15, "lon": 114.15}},
    DETECTION: {"camera_id": "cam-nw-1", "label": "lamp_off", "confidence": 0.9},
    UPDATE: {"action": "accept", "by": {"department": "roads"}, "order_id": ORDER},
}
ADDRESSES = {
    REPORT: "/reports",
    DETECTION: "/detections",
    MEASUREMENT: "/measurements",
    RECHECKED: "/rechecks",
    UNIT: "/units",
    UPDATE: "/orders/{order}/updates",
}
HEADERS = (b"ce-source", b"ce-subject", b"ce-time", b"prefer", b"x-own")
# What people silence is said to the gateway alone; it holds for what there is none of.
SILENCE = {"category": "flooding", "area": "north-w", "source": "none", "owner": "o", "comment": "c", "by": "b"}
# The city's time is eight hours ahead of UTC; these are the spellings of NOW that the messages have.
_LOCAL = timedelta(hours=8)


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the tiny city."""
    return DEPARTMENTS


def at(now: int, value: bytes) -> bytes:
    """A message as if it was written now (ms UTC)."""
    utc = datetime.fromtimestamp(now // 1000, UTC)
    local = (utc + _LOCAL).replace(tzinfo=None)
    spellings = {
        b"2026-03-01T08:00:00": utc.strftime("%Y-%m-%dT%H:%M:%S"),
        b"2026-03-01T16:00:00": local.strftime("%Y-%m-%dT%H:%M:%S"),
        b"20260301160000": local.strftime("%Y%m%d%H%M%S"),
        str(NOW // 1000).encode(): str(now // 1000),
    }
    for old, new in spellings.items():
        value = value.replace(old, new.encode())
    return value


def to_write(names: Names, now: int) -> dict[str, list[Message]]:
    """Every message with something personal in one field by its topic; the last one of each is clean."""
    found: dict[str, list[Message]] = {}
    topics = {
        "t.reports": names.reports,
        "t.detections": names.detections,
        "t.updates": names.updates,
        "t.units": names.units,
    }
    messages = [each for personal in PERSONAL for each in in_each_field(personal)]
    messages += [record(kind, data, id=LAST) for kind, data in CLEAN.items()]
    for n, each in enumerate(messages):
        headers = header_map(each.headers)
        if (headers.get("ce_type"), headers.get("ce_id")) == (REPORT.encode(), LAST.encode()):
            headers["traceparent"] = TRACEPARENT.replace(TRACE, UPSTREAM).encode()
        if headers.get("ce_id") == b"e-1":
            headers["ce_id"] = f"e-{n}".encode()  # or it was a repeat of another one
        if "ce_time" in headers:
            headers["ce_time"] = at(now, headers["ce_time"])
        message = Message(at(now, each.value or b""), PERSONAL[0].encode(), list(headers.items()), partition=0)
        found.setdefault(topics[each.topic], []).append(message)
    return found


def ended(records: list[ConsumerRecord]) -> bool:
    """Whether the log tells what became of the last message of each topic."""
    told = [facts.from_wire(event_type(each.headers), each.value) for each in records]
    sighted = {fact.evidence.kind for fact in told if isinstance(fact, facts.Opened) and fact.evidence.id == LAST}
    refused = {fact.id for fact in told if isinstance(fact, facts.UpdateRefused)}
    return sighted == {"report", "detection"} and LAST in refused


def always(said: str) -> Callable[[str], str]:
    """The same whatever stood there."""
    return lambda _: said


async def posts(client: httpx.AsyncClient, order: str) -> AsyncIterator[httpx.Response]:
    """The answers to a request with something personal in each field or header of each contract."""
    for kind, data in SAID.items():
        address = ADDRESSES[kind].format(order=order)
        for which, personal in enumerate(PERSONAL):
            fields = enumerate(filled(data, always(personal)))
            requests = [(each, {b"ce-id": f"h-{kind}-{which}-{n}".encode()}) for n, each in fields]
            requests += [(data, {name: personal.encode()}) for name in HEADERS]
            for body, headers in requests:
                if kind == UPDATE:  # whose step it is, and of which order, is not in its body
                    body.pop("order_id", None)
                    body.pop("sender", None)
                yield await client.post(address, json=body, headers={b"ce-id": b"h"} | headers)
    silence = SILENCE | {"ends_at": to_text(now_ms() + HOUR_MS)}
    for personal in PERSONAL:
        for body in filled(silence, always(personal)):
            yield await client.post("/silences", json=body)


def without_link(answer: httpx.Response) -> str:
    """What an answer says but for the link that leads its sender, and nobody else, to the report under its own name."""
    told = answer.json()
    return json.dumps(told | {"status": ""} if "event" in told else told, ensure_ascii=False)


async def shown(client: httpx.AsyncClient, orders: list[str], report: str) -> AsyncIterator[tuple[str, str]]:
    """Every address that can be read, with all that it shows."""
    page = (await client.get("/")).text
    fillings = {
        "{order_id}": orders,
        "{name}": sorted(set(re.findall(r"/page/([\w.-]+)", page))),
        "{department}": DEPARTMENTS,
        "{report_id:path}": [f"{report}?source=test"],
        "{detection_id:path}": [f"{report}?source=test"],
    }
    assert all(fillings.values())
    for route in (route.removeprefix("GET ") for route in NEEDED if route.startswith("GET ")):
        hole = next((hole for hole in fillings if hole in route), "")
        for address in [route.replace(hole, each) for each in fillings[hole]] if hole else [route]:
            if address == "/events/assignments":
                async with client.stream("GET", address) as stream:
                    assert stream.status_code == 200
                    yield address, await anext(stream.aiter_text())
            else:
                answer = await client.get(address + WANTED.get(address, ""))
                assert answer.status_code in (200, 204, 404), (address, answer.text)
                yield address, answer.text


def words(value: bytes | None) -> str:
    """What bytes say, with what base64 in them holds; escapes of JSON as the characters that they stand for."""
    text = (value or b"").decode(errors="replace")
    with contextlib.suppress(ValueError):  # it is no JSON
        text = json.dumps(json.loads(text), ensure_ascii=False)
    packed = [each for each in re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", text) if len(each) % 4 == 0]
    return " ".join([text, *(base64.b64decode(each).decode(errors="replace") for each in packed)])


@pytest.mark.timeout(240)
async def test_a_running_system_shows_nothing_personal(
    kafka: Kafka, topics: Names, roles: Roles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in a topic but those that hold what came in as it came, whose bytes dead letters keep sealed, nor in a
    page or an answer, a webhook, a span, a log or a metric of any role. Of one report every role has a span, and every
    role but the gateway of one that came from a system upstream, in the trace of that."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    listing = appended("labels.csv", "*,*,waterlogging-above,flooding,0.5")
    pack = written(tmp_path / "city", tiny_files(listing))
    gateway, tables, *ports = free_ports(2 + len(ROLES))
    webhooks = Receiver()
    async with webhooks.server() as server, httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway}") as client:
        common = {
            "city": str(pack),
            "gateway_port": str(gateway),
            "tables_port": str(tables),
            "tables_workers": f"127.0.0.1:{tables}",
            "notify_supervisor_url": f"http://{server.address}/supervisors",
            "notify_reporter_url": f"http://{server.address}/reporters",
            "webhook_secret": "for these tests only",
            "traces": f"http://{server.address}",
            "log_level": "DEBUG",
        }
        running = [roles.start(role, **common, metrics_port=str(port)) for role, port in zip(ROLES, ports, strict=True)]

        await eventually(partial(is_well, client, "/readyz"), 90.0, "all roles")
        for topic, messages in to_write(topics, now_ms()).items():
            await kafka.produce(topic, messages, "gzip")
        log = await kafka.read_until(topics.orders, ended, timeout=90)
        orders = sorted({each.key.decode() for each in log})
        answers = [answer async for answer in posts(client, orders[0])]
        last = {"ce-id": "h-last", "prefer": "wait=30", "traceparent": TRACEPARENT}
        assert (await client.post("/reports", json=SAID[REPORT], headers=last)).status_code == 200

        async def told() -> bool:
            traces = {each.headers.get("traceparent", "")[3:35] for each in webhooks.received}
            return {TRACE, UPSTREAM} <= traces

        await eventually(told, 30.0, "notices about the last reports")

        found = {f"POST {n}": without_link(each) for n, each in enumerate(answers)}
        found |= {address: text async for address, text in shown(client, orders, LAST)}
        for role, port in zip(ROLES, ports, strict=True):
            found[f"metrics of {role}"] = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
        for each in running:  # they send their last spans
            each.signal(signal.SIGTERM)
        for each in running:
            await each.ended()
        notices = [each for each in webhooks.received if each.path != SPANS_PATH]
        found["webhooks"] = " ".join(f"{each.headers} {words(each.body)}" for each in notices)
        spans = list(spans_in(each for each in webhooks.received if each.path == SPANS_PATH))
        found["spans"] = "\n".join(map(str, spans))
        webhooks.ended.set()
    roles.end()
    found |= {f"log of {role.name}": role.said() for role in running}
    raw = {topics.reports, topics.detections, topics.updates, topics.units, *map(topics.updates_of, DEPARTMENTS)}
    async with started(admin(kafka.connection)) as cluster:
        kept = [each for each in await cluster.list_topics() if each.startswith(topics.namespace) and each not in raw]
    for topic in kept:
        for each in await kafka.read_all(topic, "read_uncommitted"):
            headers = " ".join(f"{name} {words(value)}" for name, value in each.headers)
            found[f"{topic} {each.partition} {each.offset}"] = f"{words(each.key)} {headers} {words(each.value)}"

    assert [(where, leak) for where, text in found.items() if (leak := leaked(text))] == []
    assert {answer.status_code for answer in answers} >= {201, 202, 422}
    assert notices
    services = {f"paidan-{role}" for role in ROLES}
    assert {span.service for span in spans if span.trace == TRACE} == services
    assert {span.service for span in spans if span.trace == UPSTREAM} == services - {"paidan-gateway"}
    assert {topics.inbox, topics.orders, topics.desk, topics.dead_letters, topics.figures, topics.unlisted} <= {
        where.split()[0] for where in found
    }

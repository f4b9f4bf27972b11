"""A whole system that is sent a phone, an identity number and a plate in every field: it shows them nowhere."""

import asyncio
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
from urllib.parse import quote, urlencode

import httpx
import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from dispatcher.order import facts
from models.envelope import event_type, header_map
from models.events import DETECTION, MEASUREMENT, RECHECKED, REPORT, UNIT, UPDATE
from models.events.above import report_of, source_of
from models.redact import reporter_hash
from models.times import HOUR_MS, now_ms, to_text
from streams.access.rights import NEEDED
from streams.gateway.reporters.public_state import STEPS
from streams.kafka.clients import admin, log_reader, started
from streams.kafka.topics import Names
from streams.local.ports import free_ports
from streams.reporter_links import ReporterLink, ReporterLinks
from tests.support.cities import DEPARTMENTS, appended, tiny_files, written
from tests.support.inputs.every_field import ISAPI, PERSONAL, SAID, filled, in_each_field, in_each_vendor_field, leaked
from tests.support.kafka import PERSONAL_KEY, Kafka, Message, Role, Roles, eventually, is_well
from tests.support.messages import NOW, ORDER, record
from tests.support.web.receiver import Receiver
from tests.support.web.spans import SPANS_PATH, TRACE, TRACEPARENT, spans_in

# What an address does not answer without, or does not answer all.
WANTED = {
    "/prefill": "?lat=30.05&lon=114.05",
    "/cameras": "?area=south-w",
    "/open311/v2/requests/{request_id}.{format}": "?extensions=true",
}
ROLES = ("intake", "desk", "tables", "gateway", "notify")
# What is away for a moment, and how readiness names it.
AWAY = {"desk": "no desk is at work", "tables": "the tables are not complete"}
LAST = "the-last-one"
CAR = "car-1"
# What addresses begin with that take what they are sent.
POSTED = {"reports", "detections", "measurements", "rechecks", "units", "orders", "r", "open311", "silences"}
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
HEADERS = (b"ce-source", b"ce-subject", b"ce-time", b"prefer", b"x-own", b"traceparent")
# The forms of Open311, with every field that they have.
FORMS: dict[str, dict[str, str]] = {
    "/open311/v2/requests.json": {
        "service_code": "street-light", "description": "d", "lat": "30.05", "long": "114.05", "address_string": "s",
        "address_id": "south-w", "email": "e", "device_id": "d", "account_id": "a", "first_name": "f", "last_name": "l",
        "phone": "p", "media_url": "https://media.example/1.jpg", "jurisdiction_id": "tiny", "api_key": "", "own": "",
    },
    "/open311/v2/servicerequestupdates.xml": {
        "service_request_id": "", "status": "OPEN", "description": "d", "email": "e", "phone": "p", "update_id": "u",
        "media_url": "https://media.example/1.jpg", "account_id": "a", "jurisdiction_id": "tiny", "own": "",
    },
}  # fmt: skip
LINK = {"action": "", "reason": "r", "attempt": 1, "satisfied": True, "evidence_urls": ["https://m.example/1.jpg"]}
LINK_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
ABOVE = "province"  # the platform above
VENDOR = {"content-type": "application/octet-stream"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
# What people silence is said to the gateway alone; it holds for what there is none of.
SILENCE = {"category": "flooding", "area": "north-w", "source": "none", "owner": "o", "comment": "c", "by": "b"}
# The city's time is eight hours ahead of UTC; these are the spellings of NOW that the messages have.
_LOCAL = timedelta(hours=8)


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the tiny city."""
    return DEPARTMENTS


@pytest.fixture
def units() -> tuple[str, ...]:
    """That of the messages."""
    return (CAR,)


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
    # Names of fields and of headers that nobody knows are somebody's words, too.
    messages += [record(kind, data | {name: "x"}) for kind, data in SAID.items() for name in PERSONAL]
    messages += [record(kind, data, id=LAST) for kind, data in CLEAN.items()]
    for n, each in enumerate(messages):
        headers = header_map(each.headers) | {PERSONAL[n % len(PERSONAL)]: b"x"}
        if (headers.get("ce_type"), headers.get("ce_id")) == (REPORT.encode(), LAST.encode()):
            headers["traceparent"] = TRACEPARENT.replace(TRACE, UPSTREAM).encode()
        if headers.get("ce_id") == b"e-1":
            headers["ce_id"] = f"e-{n}".encode()  # or it was a repeat of another one
        if "ce_time" in headers:
            headers["ce_time"] = at(now, headers["ce_time"])
        key, value = PERSONAL[n % len(PERSONAL)].encode(), at(now, each.value or b"")
        message = Message(value, key, list(headers.items()), partition=0)
        found.setdefault(topics[each.topic], []).append(message)
        if each.topic in ("t.reports", "t.updates"):  # the same from a platform above
            source = headers["ce_source"].decode()
            from_above = source_of(ABOVE if source == "test" else source)
            name = headers["ce_id"].decode()
            own = {"ce_source": from_above.encode()}
            if name.startswith("e-"):
                own["ce_id"] = report_of(ORDER, n).encode()
            found.setdefault(names.above, []).append(Message(value, key, list((headers | own).items())))
        if each.topic == "t.updates":  # and from a department
            own = {"ce_id": b"d" + headers["ce_id"]}
            found.setdefault(names.updates_of("roads"), []).append(Message(value, key, list((headers | own).items())))
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
                    body = {name: value for name, value in body.items() if name not in ("order_id", "sender")}
                yield await client.post(address, json=body, headers={b"ce-id": b"h"} | headers)
    for each in (each for personal in PERSONAL for each in in_each_vendor_field(personal)):
        params = {name: value.decode() for name, value in each.headers}
        yield await client.post("/detections", params=params, content=at(now_ms(), each.value or b""), headers=VENDOR)
    for personal in PERSONAL:
        for params in ({"format": personal}, {"format": "hikvision", "camera": personal}):
            yield await client.post("/detections", params=params, content=at(now_ms(), ISAPI.encode()), headers=VENDOR)
        bodies = [
            (address, urlencode(body))
            for address, form in FORMS.items()
            for body in filled(form | {"service_request_id": order}, always(personal))
        ]
        # At once, as each step is waited for.
        for each in await asyncio.gather(*(client.post(to, content=body, headers=FORM) for to, body in bodies)):
            yield each
        for action in STEPS:
            for n, body in enumerate(filled(LINK, always(personal))):
                said = body | {"action": body["action"] or action}  # each of another reporter: there is a rate
                yield await client.post(f"/r/{link(order, f'{personal}{action}{n}')}/updates", json=said)
        yield await client.post(f"/r/{link(order)}/updates", json=LINK | {"action": "comment", "reason": personal})
    silence = SILENCE | {"ends_at": to_text(now_ms() + HOUR_MS)}
    for personal in PERSONAL:
        for body in filled(silence, always(personal)):
            yield await client.post("/silences", json=body)


def link(order: str, reporter: str = "r") -> str:
    """The token of a reporter's link to an order."""
    hashed = reporter_hash(PERSONAL_KEY.encode(), reporter)
    return ReporterLinks(LINK_KEY).token(ReporterLink(order, hashed, now_ms() // 1000 + 3_600))


def without_link(answer: httpx.Response) -> str:
    """What an answer says but for the link that leads its sender, and nobody else, to the report under its own name."""
    if "json" not in answer.headers["content-type"]:
        return answer.text
    told = answer.json()
    return json.dumps(told | {"status": ""} if "event" in told else told, ensure_ascii=False)


async def taken_in(kafka: Kafka, topics: Names, inputs: list[str]) -> bool:
    """Whether intake and desk have taken all that lies in their topics now; a commit's marker is nothing to take."""
    stages = {"intake": inputs, "desk": [topics.inbox, topics.urgent]}
    async with started(admin(kafka.connection)) as cluster, started(log_reader(kafka.connection)) as reader:
        for stage, read in stages.items():
            done = await cluster.list_consumer_group_offsets(topics.group(stage))
            ends = await reader.end_offsets(await _parts(cluster, read))
            if any(end - (done[part].offset if part in done else 0) > 1 for part, end in ends.items()):
                return False
    return True


async def ask_to_end(roles: list[Role]) -> None:
    """They send their last spans, and end."""
    for each in roles:
        each.signal(signal.SIGTERM)
    for each in roles:
        await each.ended()


async def _parts(cluster: AIOKafkaAdminClient, topics: list[str]) -> list[TopicPartition]:
    described = await cluster.describe_topics(topics)
    return [TopicPartition(each["topic"], part["partition"]) for each in described for part in each["partitions"]]


async def shown(
    client: httpx.AsyncClient, orders: list[str], report: str, tokens: list[str]
) -> AsyncIterator[tuple[str, str]]:
    """Every address that can be read, with all that it shows; `tokens` are those of Open311."""
    page = (await client.get("/")).text
    fillings: dict[str, list[str]] = {
        "/r/{token}": [f"/r/{link(order)}" for order in orders],
        "/tokens/{token}": [f"/tokens/{token}" for token in tokens],
        "{order_id}": orders,
        "{request_id}": orders,
        "{code}": ["street-light"],
        "{format}": ["json", "xml"],
        "{name}": sorted(set(re.findall(r"/page/([\w.-]+)", page))),
        "{department}": list(DEPARTMENTS),
        "{report_id:path}": [f"{report}?source=test"],
        "{detection_id:path}": [f"{report}?source=test"],
    }
    assert all(fillings.values())
    for route in (route.removeprefix("GET ") for route in NEEDED if route.startswith("GET ")):
        for address in addresses(route, fillings):
            if address == "/events/assignments":
                async with client.stream("GET", address) as stream:
                    assert stream.status_code == 200
                    yield address, await anext(stream.aiter_text())
            else:
                answer = await client.get(address + WANTED.get(route, ""))
                assert answer.status_code in (200, 204, 404, 429), (address, answer.text)
                yield address, answer.text


def addresses(route: str, fillings: dict[str, list[str]]) -> list[str]:
    """A route with every filling of its holes."""
    hole = next((hole for hole in fillings if hole in route), "")
    if not hole:
        return [route]
    return [found for each in fillings[hole] for found in addresses(route.replace(hole, each), fillings)]


async def ask_for_people(client: httpx.AsyncClient) -> None:
    """Whoever looks for a person by an address or a parameter: the answer is theirs, no log has it."""
    for route in NEEDED:
        method, _, pattern = route.partition(" ")
        if pattern != "/events/assignments":
            for personal in map(quote, PERSONAL):
                await client.request(method, re.sub(r"\{[^}]*\}", personal, pattern) + f"?{personal}={personal}")


def words(value: bytes | None) -> str:
    """What bytes say, with what base64 in them holds; escapes of JSON as the characters that they stand for."""
    text = (value or b"").decode(errors="replace")
    with contextlib.suppress(ValueError):  # it is no JSON
        text = json.dumps(json.loads(text), ensure_ascii=False)
    packed = [each for each in re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", text) if len(each) % 4 == 0]
    return " ".join([text, *(base64.b64decode(each).decode(errors="replace") for each in packed)])


@pytest.mark.timeout(360)
async def test_a_running_system_shows_nothing_personal(
    kafka: Kafka, topics: Names, roles: Roles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in a topic but those that hold what came in as it came, whose bytes dead letters keep sealed, nor in a
    page or an answer, a webhook, a span, a log or a metric of any role. Of one report every role has a span, and every
    role but the gateway of one that came from a system upstream, in the trace of that. While desk and tables are away,
    readiness names the two, and it is well when they are back."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    listing = appended("labels.csv", "*,*,waterlogging-above,flooding,0.5")
    pack = written(tmp_path / "city", tiny_files(listing | {"units.csv": f"id,kind,areas\n{CAR},car,*\n"}))
    gateway, tables, *ports = free_ports(2 + len(ROLES))
    webhooks = Receiver()
    raw = [topics.reports, topics.detections, topics.updates, topics.units, topics.above]
    raw += map(topics.updates_of, DEPARTMENTS)
    async with (
        webhooks.server() as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway}", timeout=30) as client,
    ):
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
            "gateway_open311": "true",
            "link_key": LINK_KEY,
        }
        port_of = dict(zip(ROLES, ports, strict=True))

        def begun(*those: str) -> list[Role]:
            return [roles.start(role, **common, metrics_port=str(port_of[role])) for role in those]

        running = begun(*ROLES)

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
        await eventually(partial(taken_in, kafka, topics, raw), 60.0, "all that was sent")

        found = {f"POST {n} {each.request.url}": without_link(each) for n, each in enumerate(answers)}
        tokens = [token for each in answers for token in re.findall(r'"token": ?"([^"]+)"', each.text)]
        found |= {address: text async for address, text in shown(client, orders, LAST, tokens)}
        await ask_for_people(client)
        for role, port in port_of.items():
            found[f"metrics of {role}"] = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
        await ask_to_end([each for each in running if each.name in AWAY])

        async def named() -> bool:
            wrong: list[str] = (await client.get("/readyz")).json()["wrong"]
            return wrong == list(AWAY.values())

        await eventually(named, 30.0, "the names of what is away")
        running += begun(*AWAY)
        await eventually(partial(is_well, client, "/readyz"), 60.0, "all roles again")
        await ask_to_end([each for each in running if each.alive])
        notices = [each for each in webhooks.received if each.path != SPANS_PATH]
        found["webhooks"] = " ".join(f"{each.headers} {words(each.body)}" for each in notices)
        spans = list(spans_in(each for each in webhooks.received if each.path == SPANS_PATH))
        found["spans"] = "\n".join(map(str, spans))
        webhooks.ended.set()
    roles.end()
    found |= {f"log of {role.name}": role.said() for role in running}
    async with started(admin(kafka.connection)) as cluster:
        kept = [each for each in await cluster.list_topics() if each.startswith(topics.namespace) and each not in raw]
    for topic in kept:
        for each in await kafka.read_all(topic, "read_uncommitted"):
            headers = " ".join(f"{name} {words(value)}" for name, value in each.headers)
            found[f"{topic} {each.partition} {each.offset}"] = f"{words(each.key)} {headers} {words(each.value)}"

    assert [(where, leak) for where, text in found.items() if (leak := leaked(text))] == []
    assert {answer.status_code for answer in answers} >= {200, 201, 202, 422}
    assert {answer.request.url.path.split("/")[1] for answer in answers if answer.is_success} == POSTED
    assert notices
    services = {f"paidan-{role}" for role in ROLES}
    assert {span.service for span in spans if span.trace == TRACE} == services
    assert {span.service for span in spans if span.trace == UPSTREAM} == services - {"paidan-gateway"}
    assert {topics.inbox, topics.orders, topics.desk, topics.dead_letters, topics.figures, topics.unlisted} <= {
        where.split()[0] for where in found
    }

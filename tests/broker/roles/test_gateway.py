"""The gateway on a real broker: nothing is accepted that is not acknowledged, and decisions are waited for."""

import asyncio
import base64
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiokafka import ConsumerRecord
from msgspec.structs import replace

from dispatcher.order import facts
from dispatcher.order.facts import Fact, UpdateRefused
from models.city import load_city
from models.envelope import decode, event_type, header_map
from models.events import DETECTION, REPORT, UPDATE, Evidence, Report, Why, parse
from models.inbox import Actor
from models.times import from_text
from streams.access.tokens import add_grant
from streams.dead_letters.letter import of_record
from streams.intake.reading.said import SaidReport, content_of
from streams.kafka.topics import Names, all_topics, city_topics, create_topics
from streams.local.broker import LocalBroker
from streams.local.ports import free_ports
from streams.settings import DEMO_CITY, Settings
from streams.terminal.gateway_client import StatusError, ask_status
from tests.conftest import REPOSITORY
from tests.support.desk_rows import START, Book, closed, desk_producer, opened, write
from tests.support.kafka import Kafka, Message, Role, Roles, eventually, own_settings
from tests.support.tokens import grant, tokens_file
from tests.support.web.attacks_tried import Target, attributes, hang_ups, two_lengths
from tests.support.web.hidden_routes import described_too

ORDER, STREAMED, NEVER = (f"gulou-20260301-{letter * 10}" for letter in "qrs")
DESK = Actor("desk")
ROADS = Actor("department", "roads", "w-3")
PREFER = {"prefer": "wait=20"}
LINK_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


@pytest_asyncio.fixture(scope="module")
async def placed(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One namespace for all tests of this file, with free ports for a gateway and a tables worker."""
    gateway, tables = free_ports(2)
    settings = own_settings(
        kafka,
        tmp_path_factory.mktemp("gateway"),
        partitions=2,
        gateway_port=gateway,
        tables_workers=(f"127.0.0.1:{tables}",),
    )
    await create_topics(settings, city_topics(settings, load_city(settings.city)))
    return settings


@pytest.fixture(scope="module")
def topics(placed: Settings) -> Names:
    """The topics of this file's namespace."""
    return Names(placed.namespace)


@pytest.fixture(scope="module")
def servers(placed: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    """The roles that all tests of this file share: a gateway and a tables worker."""
    roles = Roles(placed, tmp_path_factory.mktemp("roles"))
    yield roles
    roles.end()


@pytest_asyncio.fixture(scope="module")
async def client(placed: Settings, servers: Roles) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running gateway."""
    await start(servers, placed)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{placed.gateway_port}", timeout=30) as client:
        yield client


@pytest_asyncio.fixture(scope="module")
async def tables(placed: Settings, servers: Roles, client: httpx.AsyncClient) -> Role:
    """A tables worker that answers for all partitions."""
    worker = servers.start("tables", tables_port=placed.tables_workers[0].rpartition(":")[2])

    async def complete() -> bool:
        status = await client.get("/status")
        return status.status_code == 200 and bool(status.json()["complete"])

    assert await eventually(complete, 60.0, "the tables worker")
    return worker


async def start(roles: Roles, placed: Settings, **changes: str) -> Role:
    """A gateway that follows the log and has the city pack in force."""
    own = {"gateway_port": str(placed.gateway_port), "gateway_open311": "true", "link_key": LINK_KEY}
    role = roles.start("gateway", **own | changes)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{changes.get('gateway_port', placed.gateway_port)}"
    ) as asking:

        async def at_work() -> bool:
            try:
                return (await asking.get("/readyz")).json()["following"] and (await asking.get("/docs")).is_success
            except httpx.TransportError:
                return False

        assert await eventually(at_work, 30.0, "the gateway")
    return role


async def sent(kafka: Kafka, topic: str, event_id: str) -> ConsumerRecord:
    """The record of an event, once it is there."""

    def there(records: list[ConsumerRecord]) -> bool:
        return any(_id(record) == event_id for record in records)

    return next(record for record in await kafka.read_until(topic, there) if _id(record) == event_id)


def _id(record: ConsumerRecord) -> str:
    return header_map(record.headers)["ce_id"].decode()


async def say(kafka: Kafka, topics: Names, *said: Fact | UpdateRefused) -> None:
    """Write facts as the desk does, in one transaction."""
    rows = []
    for fact in said:
        _, headers, value = facts.to_wire(fact)
        rows.append(Message(value, fact.order_id.encode(), headers))
    await kafka.produce(topics.orders, rows)


def life(source: str, event_id: str) -> tuple[Fact, Fact]:
    """An order opened by a report and assigned."""
    common: dict[str, Any] = {"order_id": ORDER, "at": START, "recorded_at": START, "actor": DESK}
    founding = Evidence(kind="report", source=source, id=event_id, at=START, text="a hole")
    first = facts.Opened(**common, seq=1, state="review", area="gulou", day=20260301, pack="p", evidence=founding)
    why = Why(by="rule", rule="r1")
    return first, facts.Assigned(**common, seq=2, state="assigned", attempt=1, department="roads", why=why)


@pytest.mark.usefixtures("tables")
async def test_a_system_without_intake_and_desk_is_not_ready(client: httpx.AsyncClient) -> None:
    """Though Kafka answers and the tables are complete; `/readyz` names the two and nothing else."""

    async def answered() -> httpx.Response | None:
        answer = await client.get("/readyz")
        return answer if answer.json()["checks"]["desk-members"]["value"] is not None else None

    answer = await eventually(answered, 30.0, "an answer of Kafka")

    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert answer.json()["wrong"] == ["no intake is at work", "no desk is at work"]
    assert [name for name, check in answer.json()["checks"].items() if not check["ok"]] == [
        "intake-members",
        "desk-members",
    ]
    assert (await client.get("/status")).json()["stages"]["desk"]["members"] == 0


async def test_a_report_is_in_kafka_when_it_is_accepted(kafka: Kafka, topics: Names, client: httpx.AsyncClient) -> None:
    """202 with a link; the record is the same CloudEvent, with the client's own id."""
    answer = await client.post("/reports", json={"text": "路面有坑"}, headers={"idempotency-key": "k-1"})
    assert answer.status_code == 202
    assert answer.json()["event"] == {"source": "gateway", "id": "k-1"}
    assert answer.headers["location"] == answer.json()["status"] == "/reports/k-1?source=gateway"
    record = await sent(kafka, topics.reports, "k-1")
    event = decode(record.value, header_map(record.headers))
    assert (event.id, event.source, event.type, event.time) == ("k-1", "gateway", REPORT, None)
    report = parse(event.type, event.data)
    assert isinstance(report, Report)
    assert report.text == "路面有坑"


async def test_an_event_keeps_its_own_identity(kafka: Kafka, topics: Names, client: httpx.AsyncClient) -> None:
    """Structured mode, or attributes in headers: source and id stay as the client gave them."""
    event = {"specversion": "1.0", "id": "e-1", "source": "hotline/12345", "type": REPORT, "data": {"text": "x"}}
    answer = await client.post("/reports", json=event, headers={"content-type": "application/cloudevents+json"})
    assert answer.json()["event"] == {"source": "hotline/12345", "id": "e-1"}
    camera = next(iter(load_city(DEMO_CITY).cameras.values()))
    seen = {"camera_id": camera.id, "label": "litter", "confidence": 0.9}
    answer = await client.post("/detections", json=seen, headers={"ce-source": "vms", "ce-id": "d-1"})
    assert answer.json() == {"event": {"source": "vms", "id": "d-1"}, "status": "/detections/d-1?source=vms"}
    assert header_map((await sent(kafka, topics.detections, "d-1")).headers)["ce_type"] == DETECTION.encode()


async def test_an_update_goes_by_its_order(kafka: Kafka, topics: Names, client: httpx.AsyncClient) -> None:
    """The order's id is its key, so that steps of one order stay in their order; the address names it in the data."""
    update = {"action": "accept", "by": {"department": "roads"}}
    answer = await client.post(f"/orders/{ORDER}/updates", json=update, headers={"ce-id": "p-1"})
    assert (answer.status_code, answer.json()["status"]) == (202, f"/orders/{ORDER}")
    record = await sent(kafka, topics.updates, "p-1")
    assert record.key == ORDER.encode()
    assert json.loads(record.value)["order_id"] == ORDER
    assert event_type(record.headers) == UPDATE


async def test_who_prefers_to_wait_learns_the_decision(kafka: Kafka, topics: Names, client: httpx.AsyncClient) -> None:
    """A report: 200 with the order and the fact, as soon as the desk has assigned it."""
    asked = asyncio.create_task(client.post("/reports", json={"text": "x"}, headers=PREFER | {"ce-id": "w-1"}))
    await sent(kafka, topics.reports, "w-1")
    await say(kafka, topics, *life("another", "w-1"))
    await say(kafka, topics, *life("gateway", "w-1"))
    answer = await asked
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=20"
    assert answer.json()["order"] == f"/orders/{ORDER}"
    assert answer.json()["type"] == facts.CE_TYPES[facts.Assigned]
    assert answer.json()["fact"]["department"] == "roads"


async def test_a_report_that_joins_an_order_is_answered_too(
    kafka: Kafka, topics: Names, client: httpx.AsyncClient
) -> None:
    """Merged into an order that is there: 200 with the fact that says so."""
    asked = asyncio.create_task(client.post("/reports", json={"text": "x"}, headers=PREFER | {"ce-id": "w-2"}))
    await sent(kafka, topics.reports, "w-2")
    seen = Evidence(kind="report", source="gateway", id="w-2", at=START, text="x", rule="text")
    common: dict[str, Any] = {"order_id": ORDER, "at": START, "recorded_at": START, "actor": DESK}
    await say(kafka, topics, facts.EvidenceAdded(**common, seq=3, state="assigned", evidence=seen, day=20260301))
    assert (await asked).json()["type"] == facts.CE_TYPES[facts.EvidenceAdded]


async def test_a_refused_update_is_a_conflict_with_its_reason(
    kafka: Kafka, topics: Names, client: httpx.AsyncClient
) -> None:
    """409: reason, sentence and the seq that the update met. Another's refusal is not mine."""
    update = {"action": "handle", "by": {"department": "roads", "id": "w-3"}}
    asked = asyncio.create_task(client.post(f"/orders/{ORDER}/updates", json=update, headers=PREFER | {"ce-id": "u-1"}))
    await sent(kafka, topics.updates, "u-1")
    refused = [
        UpdateRefused(
            order_id=ORDER,
            order_seq=2,
            at=START,
            recorded_at=START,
            actor=ROADS,
            action="handle",
            reason=reason,
            sentence=f"{reason} it is",
            source="gateway",
            id=event_id,
            state="assigned",
            attempt=1,
            allowed=("accept", "return"),
            choices=("unclear",),
        )
        for event_id, reason in (("u-0", "other"), ("u-1", "wrong-state"))
    ]
    await say(kafka, topics, *refused)
    answer = await asked
    problem = answer.json()
    assert answer.status_code == 409
    assert (problem["reason"], problem["detail"], problem["order_seq"]) == ("wrong-state", "wrong-state it is", 2)
    assert (problem["attempt"], problem["allowed"], problem["choices"]) == (1, ["accept", "return"], ["unclear"])


async def test_an_accepted_update_is_answered_with_its_fact(
    kafka: Kafka, topics: Names, client: httpx.AsyncClient
) -> None:
    """The fact that names this update; what timers and the same actor's other updates do is not taken for it."""
    update = {"action": "accept", "by": {"department": "roads", "id": "w-3"}}
    asked = asyncio.create_task(client.post(f"/orders/{ORDER}/updates", json=update, headers=PREFER | {"ce-id": "u-2"}))
    record = await sent(kafka, topics.updates, "u-2")
    cause = (dict(record.headers)["ce_source"].decode(), "u-2")
    common: dict[str, Any] = {"order_id": ORDER, "at": START, "recorded_at": START, "state": "accepted"}
    await say(
        kafka,
        topics,
        facts.Warned(**common, seq=3, actor=DESK, stage="accept", due=START),
        facts.Progressed(**common, seq=4, actor=ROADS, cause=(cause[0], "u-1")),
        facts.Accepted(**common, seq=5, actor=ROADS, cause=cause),
    )
    assert (await asked).json()["type"] == facts.CE_TYPES[facts.Accepted]


async def test_what_intake_cannot_take_in_is_said_to_who_waits(
    kafka: Kafka, topics: Names, client: httpx.AsyncClient
) -> None:
    """A dead letter is answered with 422, field and rule."""
    asked = asyncio.create_task(client.post("/reports", json={"text": "x"}, headers=PREFER | {"ce-id": "w-3"}))
    record = await sent(kafka, topics.reports, "w-3")
    letter = of_record(topics, record, "outside", "location must be inside the city", "location", "must be inside")
    await kafka.produce(topics.dead_letters, [Message(letter.value, letter.key, letter.headers)])
    answer = await asked
    assert (answer.status_code, answer.json()["field"]) == (422, "location")


async def test_the_status_counts_what_could_not_be_taken_in(
    kafka: Kafka, topics: Names, client: httpx.AsyncClient, tables: Role
) -> None:
    """By what was wrong, as soon as the letter is there."""
    await client.post("/reports", json={"text": "x"}, headers={"ce-id": "d-1"})
    letter = of_record(topics, await sent(kafka, topics.reports, "d-1"), "too-late", "it is too old")
    await kafka.produce(topics.dead_letters, [Message(letter.value, letter.key, letter.headers)])

    async def counted() -> bool:
        found = (await client.get("/status?from=all")).json()["dead_letters"]
        return found is not None and found["by_error"].get("too-late") == 1

    assert await eventually(counted, what="the letter in the status")


async def test_no_decision_in_time_is_no_error(client: httpx.AsyncClient) -> None:
    """The event is safe; the answer is the usual 202."""
    answer = await client.post("/reports", json={"text": "x"}, headers={"prefer": "wait=1"})
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "wait=1")


async def test_new_assignments_are_streamed(kafka: Kafka, topics: Names, client: httpx.AsyncClient) -> None:
    """Server-sent events: the recent ones first, then each new one; never one of an aborted transaction."""
    opening, assigning = (replace(fact, order_id=STREAMED) for fact in life("gateway", "s-1"))
    _, headers, value = facts.to_wire(replace(assigning, order_id=NEVER))
    async with desk_producer(kafka.bootstrap, f"{topics.namespace}-desk") as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topics.orders, value, key=b"never", partition=0, headers=list(headers))
        await producer.abort_transaction()
    await say(kafka, topics, opening, assigning)
    async with asyncio.timeout(30), client.stream("GET", "/events/assignments") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        shown: list[dict[str, Any]] = []
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                shown.append(json.loads(line[6:]))
                if shown[-1]["order_id"] == opening.order_id and "department" in shown[-1]:
                    break
    assert shown[-1]["department"]["name_en"] == "Roads and Bridges Bureau"
    assert NEVER not in {made["order_id"] for made in shown}


async def test_who_follows_again_is_told_what_came_between(
    kafka: Kafka, topics: Names, client: httpx.AsyncClient
) -> None:
    """By the id of the last event, a position in the log."""
    _, assigning = (replace(fact, order_id=STREAMED) for fact in life("gateway", "s-2"))

    async def told(last: str, seq: int) -> tuple[str, list[int]]:
        """The id of the event that tells of this fact, and the facts up to it."""
        seqs, place = [], ""
        async with asyncio.timeout(30), client.stream("GET", "/events/assignments", headers=_since(last)) as stream:
            async for line in stream.aiter_lines():
                place = line[4:] if line.startswith("id: ") else place
                if line.startswith("data: "):
                    seqs.append(json.loads(line[6:]).get("seq"))
                if not line and place and seq in seqs:
                    return place, seqs
        raise AssertionError(seqs)

    await say(kafka, topics, replace(assigning, seq=901))
    last, _ = await told("", 901)
    await say(kafka, topics, replace(assigning, seq=902), replace(assigning, seq=903))

    assert (await told(last, 903))[1] == [902, 903]


def _since(last: str) -> dict[str, str]:
    return {"last-event-id": last} if last else {}


async def test_status_and_orders_come_from_the_tables(
    kafka: Kafka, topics: Names, client: httpx.AsyncClient, placed: Settings, tables: Role
) -> None:
    """Over HTTP as on the command line; a figure opens into its orders; a report leads to its order."""
    book = Book(topics, placed.partitions)
    orders = [opened(number, at=START + number) for number in range(6)]
    founded = replace(orders[1].evidence_first[0], content=content_of(SaidReport("x"), placed.hmac_key))
    orders[1] = replace(orders[1], evidence_first=(founded,))
    ended = [closed(order, START + 3_600_000) for order in orders[:4]]
    async with desk_producer(kafka.bootstrap, f"{topics.namespace}-desk") as producer:
        await write(producer, [row for order in (*orders, *ended) for row in book.tell(order)])
    march = {"from": "2026-03-01", "to": "2026-03-31"}

    async def counted() -> bool:
        status = (await client.get("/status", params=march)).json()
        city, parks = status["city"], status["departments"]["parks"]
        return bool(status["complete"] and (city["closed"], city["open"], parks["closed"]) == (4, 2, 2))

    async def kept() -> bool:  # the tables take the rows of orders beside those of figures
        behind = (await client.get("/orders", params=march | {"indicator": "closed"})).json()["orders"]
        reports = [await client.get(f"/reports/{each}", params={"source": "hotline"}) for each in ("r-1", "r-2")]
        return len(behind) == 4 and all(each.is_success for each in reports)

    assert await eventually(counted, 60.0, "the figures")
    assert await eventually(kept, 60.0, "the orders")
    status = await asyncio.to_thread(ask_status, placed, "", march)
    assert (status["city"]["open"], status["departments"]["parks"]["closed"]) == (2, 2)
    behind = (await client.get("/orders", params=march | {"indicator": "closed", "department": "parks"})).json()
    assert {order["id"] for order in behind["orders"]} == {ended[1].id, ended[3].id}
    open_ones = (await client.get("/orders?state=open&limit=1")).json()
    assert (len(open_ones["orders"]), open_ones["next"] is None) == (1, False)
    report = (await client.get("/reports/r-2", params={"source": "hotline"})).json()
    assert report["order"]["id"] == orders[2].id
    again = {"ce-source": "hotline", "ce-id": "r-1"} | PREFER
    answer = await client.post("/reports", json={"text": "x"}, headers=again)
    assert (answer.status_code, answer.json()["repeated"]) == (200, True)
    assert answer.json()["order"]["id"] == orders[1].id
    assert "r-1" not in {_id(record) for record in await kafka.read_all(topics.reports)}


# The same requests each time, so that a run says something about the change at hand. Whoever changes the document tries
# other seeds as well.
SEED = 1


@pytest.mark.timeout(300)
async def test_what_the_openapi_document_says_holds(
    kafka: Kafka,
    topics: Names,
    placed: Settings,
    client: httpx.AsyncClient,
    tables: Role,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Schemathesis finds nothing, with all of its checks, in what it makes of the document: good and broken parameters,
    headers and bodies, other methods, chains of requests. So it does of what the document leaves out: Open311, and
    reporters' links.

    The stream of assignments is left out, as it has no end, and so is readiness: here is no intake, and it says so.
    So are reports of mobile units: the demo city has none, and no unit that could be made up is one of them.
    """
    record_property("seed", SEED)
    order = opened(40)
    async with desk_producer(kafka.bootstrap, f"{topics.namespace}-desk") as producer:
        await write(producer, Book(topics, placed.partitions).tell(order)[:1])
    document = (await client.get("/openapi.json")).json()
    whole = described_too(document, load_city(placed.city), [order.id])
    (tmp_path / "openapi.json").write_text(json.dumps(whole))
    command = [sys.executable, "-m", "schemathesis.cli", "run", "openapi.json", "--url", str(client.base_url)]
    command += ["--checks", "all"]
    command += ["--exclude-path-regex", "/(events/assignments|readyz|units)"]
    command += ["--max-examples", "2", "--seed", str(SEED)]
    # One after the other: of two threads that compile deep expressions Python 3.11 lets one fail now and then.
    command += ["--workers", "1", "--continue-on-failure", "--no-color"]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.support.web.openapi_hooks", "PYTHONPATH": str(REPOSITORY)}
    hooks |= {"OPENAPI_LINK_KEY": LINK_KEY, "OPENAPI_LINKED_ORDER": order.id}

    run = await asyncio.to_thread(
        subprocess.run, command, cwd=tmp_path, env=os.environ | hooks, capture_output=True, text=True, timeout=280
    )

    assert run.returncode == 0, run.stdout[-8_000:] + run.stderr[-2_000:]


async def test_without_its_tables_the_gateway_makes_nothing_up(client: httpx.AsyncClient, tables: Role) -> None:
    """A killed worker's partitions are missing from the answer; an order may be among them."""
    tables.signal(signal.SIGKILL)
    await tables.ended()
    assert (await client.get("/status?from=all")).status_code == 503
    assert (await client.get(f"/orders/{ORDER}")).status_code == 503


async def test_without_acknowledgment_nothing_is_accepted(roles: Roles, tmp_path: Path, placed: Settings) -> None:
    """503 with Retry-After while the broker is away; the same key is accepted when it is back.

    So it is when the gateway is stopped meanwhile: with exit code 0, and no later than other roles.
    """
    async with LocalBroker(tmp_path / "own", quick=True) as broker:
        [port] = free_ports(1)
        own = placed.model_copy(update={"kafka": broker.bootstrap, "partitions": 1, "gateway_port": port})
        await create_topics(own, all_topics(own, ()))
        roles.settings = own
        await start(roles, own, gateway_ack_seconds="2")
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{own.gateway_port}", timeout=30) as client:
            key = {"idempotency-key": "k-9"}

            async def accepted() -> bool:
                return (await client.post("/reports", json={"text": "x"}, headers=key)).status_code == 202

            assert await eventually(accepted, 60.0, "the first acceptance")  # two seconds are little for a new broker
            await broker.kill()
            refused = await client.post("/reports", json={"text": "x"}, headers=key)
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "5"
            assert refused.json()["idempotency_key"] == "k-9"
            await broker.revive()
            assert await eventually(accepted, 60.0, "acceptance")

        # The same, met by the gateway's end: it has waited for the broker when SIGTERM comes.
        [port] = free_ports(1)
        patient = await start(roles, own, gateway_ack_seconds="60", gateway_port=str(port))
        await broker.kill()
        reader, sending = await asyncio.open_connection("127.0.0.1", port)
        head = "POST /reports HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 13\r\n"
        sending.write(f"{head}Idempotency-Key: k-10\r\nExpect: 100-continue\r\n\r\n".encode())
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        sending.write(b'{"text": "x"}')
        patient.signal(signal.SIGTERM)
        last = (await asyncio.wait_for(reader.read(), 20)).decode()
        sending.close()
        assert last.startswith("HTTP/1.1 503")
        assert "connection: close" in last
        assert '"idempotency_key":"k-10"' in last
        assert await patient.ended(20) == 0


async def test_the_command_line_says_what_the_gateway_says(client: httpx.AsyncClient, placed: Settings) -> None:
    """Errors are one sentence."""
    with pytest.raises(StatusError, match="answers 422: from must be a day"):
        await asyncio.to_thread(ask_status, placed, "", {"from": "soon"})
    with pytest.raises(StatusError, match="no gateway answers"):
        await asyncio.to_thread(ask_status, placed, "http://127.0.0.1:1", {})


async def test_the_gateway_stops_in_good_order(placed: Settings, servers: Roles) -> None:
    """SIGTERM ends it with exit code 0, also while a browser listens to the stream of assignments."""
    [port] = free_ports(1)
    gateway = await start(servers, placed, gateway_port=str(port))
    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")
    async with client, client.stream("GET", "/events/assignments") as stream:
        assert stream.status_code == 200
        gateway.signal(signal.SIGTERM)
        assert [line async for line in stream.aiter_lines()][-1] == ""  # the stream has its proper end
        assert await gateway.ended(10) == 0


async def test_when_the_next_token_ends_is_measured(placed: Settings, servers: Roles, tmp_path: Path) -> None:
    """Also where the file has been changed since the gateway was started."""
    port, metrics = free_ports(2)
    known = tmp_path / "tokens"
    file = tokens_file(known, grant("far", "ops", expires="2126-01-02T00:00:00Z"))
    await start(servers, placed, gateway_port=str(port), metrics_port=str(metrics), gateway_tokens_file=file)
    add_grant(known, grant("near", "ops", expires="2126-01-01T00:00:00Z"))

    async with httpx.AsyncClient() as asking:
        told = (await asking.get(f"http://127.0.0.1:{metrics}/metrics")).text

    found = re.search(r"^paidan_gateway_token_ends_seconds (\S+)$", told, re.MULTILINE)
    assert found is not None
    assert float(found[1]) == from_text("2126-01-01T00:00:00Z") / 1000


async def test_attacks_cost_a_running_gateway_nothing(
    client: httpx.AsyncClient, servers: Roles, placed: Settings
) -> None:
    """A few of each: what is refused is refused at once, and whoever hangs up leaves nothing in the log. What many of
    them take, `scripts/prove attacks` measures."""
    target = Target(servers.started[0], placed.gateway_port)
    before = target.memory()

    status, mebibytes = await two_lengths(target, 200)

    assert (status, mebibytes < 200) == ("400", True)
    assert target.memory() - before < 20
    assert await attributes(target, 100) == "422"
    assert await hang_ups(target, 10) == 0

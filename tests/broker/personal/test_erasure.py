"""A report's words on a real broker: sealed in every topic but its department's, and gone when its key is destroyed."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from aiokafka import ConsumerRecord
from msgspec.json import encode
from pydantic import SecretStr

from dispatcher.order import facts
from models.envelope import Event, event_type
from models.errors import UsageError
from models.events import REPORT, UPDATE
from models.redact import Contact, reporter_hash
from models.sealed_words import ERASED
from models.times import DAY_MS, HOUR_MS, MINUTE_MS, now_ms, to_text
from streams.desk import role as desk
from streams.erasure.erasing import Whose, erase
from streams.erasure.report_keys import Erasure, open_report_keys
from streams.erasure.retention import BY
from streams.gateway import role as gateway
from streams.intake import role as intake
from streams.kafka.topics import Names, all_topics, create_topics
from streams.learning.labels import read_labels
from streams.local.ports import free_ports
from streams.notify.known_contacts import open_contacts
from streams.settings import Settings
from tests.support.cities import DEPARTMENTS, tiny_files, written
from tests.support.kafka import PERSONAL_KEY, Kafka, Message, Roles, eventually, own_settings
from tests.support.messages import report, to_structured, update

KEY, OTHER_KEY = (base64.urlsafe_b64encode(bytes(range(first, first + 32))).decode() for first in (0, 1))
PHONE = "13812345678"
REPORTER = reporter_hash(PERSONAL_KEY.encode(), PHONE)
SHORT = "archive_days = 0.5\nreopen_days = 0.5\nfeedback_days = 0.5\n"
WORDS = "梧桐路口的井盖不见了，请找红房子旁边的老宋"
PICTURE = "https://media.example/old-song.jpg"
LATER = "还在，老宋说车轮掉进去了"
SERVING = (intake.serve, desk.serve, gateway.serve)
SAID = (WORDS, PHONE, PICTURE, LATER)


@pytest.mark.timeout(180)
async def test_after_an_erasure_nobody_reads_the_words_and_the_order_stays(kafka: Kafka, tmp_path: Path) -> None:
    """From the report to the page: only the department has it in the clear. The key is destroyed, with who asked; the
    order is there as before, the audit agrees, and nothing goes on without the city's key, or with another. The words
    of an order that ended long before are gone by themselves. The reporter's contact goes with the words."""
    city = written(tmp_path / "city", tiny_files({"retention.csv": "category,days\n*,1\n"}, SHORT))
    port, tables = free_ports(2)
    settings = own_settings(
        kafka,
        tmp_path / "data",
        city=city,
        partitions=2,
        gateway_port=port,
        tables_workers=(f"127.0.0.1:{tables}",),
        words_key=KEY,
        contact_key=KEY,
        notify_reporter_url="https://city.example/reporters",
    )
    topics = Names(settings.namespace)
    await create_topics(settings, all_topics(settings, DEPARTMENTS))
    roles = Roles(settings, tmp_path)
    try:
        await _live_and_be_erased(kafka, topics, roles, tables)
    finally:
        roles.end()
    await _nothing_goes_on(settings.model_copy(update={"words_key": SecretStr("")}), "must be set")
    await _nothing_goes_on(settings.model_copy(update={"words_key": SecretStr(OTHER_KEY)}), "is not the key")


async def _nothing_goes_on(keyless: Settings, why: str) -> None:
    """What is sealed is neither shown, nor learnt from, nor held to be erased, and nothing comes in beside it in the
    clear, or sealed under another key."""
    gone = Whose(reporter=REPORTER), Erasure(now_ms(), "clerk", "asked for")
    for task in (read_labels(keyless), erase(keyless, *gone), *(serve(keyless, asyncio.Event()) for serve in SERVING)):
        with pytest.raises(UsageError, match=f"PAIDAN_WORDS_KEY {why}"):
            await task


async def _live_and_be_erased(kafka: Kafka, topics: Names, roles: Roles, tables: int) -> None:
    settings = roles.settings
    past = await _ended_long_ago(kafka, topics, roles)
    for role in ("intake", "gateway"):
        roles.start(role)
    roles.start("tables", tables_port=str(tables))
    now = now_ms()
    sent = report(
        WORDS, reporter={"phone": PHONE}, media_urls=[PICTURE], event={"id": "r-1", "time": now, "timestamp": now}
    )
    await kafka.produce(topics.reports, [Message(sent.value, b"any", sent.headers, 0, now)])
    [opened] = [
        record
        for record in await kafka.read_until(topics.orders, past + 3, timeout=60)
        if event_type(record.headers) == facts.CE_TYPES[facts.Opened] and b'"r-1"' in record.value
    ]
    order_id = opened.key.decode()
    await _words_have_ended(kafka, topics)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.gateway_port}", timeout=30) as client:
        await _said_later(kafka, topics, order_id)
        before = await eventually(lambda: _order(client, order_id, after="commented"), what="the order's page")
        assert (before["text"], before["timeline"][-1]["note"]) == (WORDS, LATER)
        assert await _contact(settings) == Contact(phone=PHONE)
        sealed = topics.inbox, topics.urgent, topics.orders, topics.desk, topics.archive, topics.report_keys
        for name in (*sealed, topics.contacts, topics.notices):
            values = [r.value or b"" for r in await kafka.read_all(name)]
            assert not [value for value in values if any(said.encode() in value for said in SAID)], name
        sightings = f"/orders/{order_id}/sightings"
        assert [seen["media_urls"] for seen in (await client.get(sightings)).json()["sightings"]] == [[PICTURE]]

        by_words = f"/orders?words={WORDS[-2:]}&state={before['state']}"
        assert order_id in {line["id"] for line in (await client.get(by_words)).json()["orders"]}

        asked = roles.start("erase", "--order", order_id, "--by", "clerk", "--why", "asked for")
        assert await asked.ended(60) == 0, asked.said()

        assert "2 keys destroyed" in asked.said()
        by_clerk = [r for r in await kafka.read_all(topics.report_keys) if b'"clerk"' in (r.value or b"")]
        assert [msgspec.json.decode(record.value, type=Erasure).by for record in by_clerk] == ["clerk"] * 2
        assert await _contact(settings) is None
        await erase(settings, Whose(reporter=REPORTER), Erasure(now, "clerk", "asked for"))
        assert [(r.key, r.value) for r in await kafka.read_all(topics.contacts)][-1] == (REPORTER.encode(), None)
        after = await eventually(lambda: _order(client, order_id), what="the order's page")
        listed = (await client.get("/orders")).json()["orders"]
        assert (await client.get(by_words)).json()["orders"] == []
        assert [seen["media_urls"] for seen in (await client.get(sightings)).json()["sightings"]] == [[ERASED]]
    assert after["text"] == ERASED
    assert {order["title"] for order in listed} == {ERASED}
    assert after["timeline"][-1]["note"] == ERASED
    words = {name: before[name] for name in ("text", "evidence", "timeline", "held_by")}
    assert {**after, **words} == before
    audit = roles.start("audit", "--no-tables")
    assert await audit.ended(60) == 0, audit.said()
    mistyped = roles.start("erase", "--order", f"{order_id}x", "--by", "clerk", "--why", "asked for")
    assert await mistyped.ended(60) == 2, mistyped.said()
    assert "nothing with sealed words is known by that name" in mistyped.said()
    await _found_by_phone(kafka, topics, roles)


async def _found_by_phone(kafka: Kafka, topics: Names, roles: Roles) -> None:
    """A report that has an id and a phone number is found by this, too, and what could not be taken in is named."""
    who, now = {"id": "u-17", "phone": PHONE}, now_ms()
    sent = [
        report(WORDS, reporter=who, event={"id": "r-2", "time": now}),
        report(WORDS, reporter=who, location={"lat": 91}, event={"id": "r-3", "time": now}),
    ]
    await kafka.produce(topics.reports, [Message(each.value, b"any", each.headers, 0, now) for each in sent])
    await kafka.read_until(topics.inbox, lambda records: any(b'"r-2"' in (r.value or b"") for r in records), timeout=60)
    await kafka.read_until(topics.dead_letters, 1, timeout=60)

    asked = roles.start("erase", "--reporter", "138-1234-5678", "--by", "clerk", "--why", "asked for")

    assert await asked.ended(60) == 0, asked.said()
    assert "1 keys destroyed" in asked.said()
    assert "dead letters 0 are theirs too" in asked.said()
    hashed = reporter_hash(PERSONAL_KEY.encode(), "u-17").encode()
    assert {r.key: r.value for r in await kafka.read_all(topics.contacts)}[hashed] is None


async def _ended_long_ago(kafka: Kafka, topics: Names, roles: Roles) -> int:
    """A desk that has decided on a report of ten days ago, which was rejected at once and is archived. How many facts
    there are."""
    sent, until = now_ms() - 10 * DAY_MS, to_text(now_ms() - MINUTE_MS)
    there = {"lat": 30.05, "lon": 114.05}
    rejected = {"action": "reject", "by": {"role": "reviewer", "id": "rita"}, "reason": "不属实"}
    said = [
        (REPORT, "old-1", sent, {"text": "井盖边有人摔倒，是老周", "location": there}),
        (UPDATE, "old-2", sent + HOUR_MS, rejected | {"report": {"source": "app", "id": "old-1"}, "location": there}),
    ]
    file = roles.folder / "past.jsonl"
    file.write_bytes(
        b"\n".join(to_structured(Event(id, "app", kind, encode(data), at))[1] for kind, id, at, data in said)
    )
    replay = roles.start("history", str(file), "--until", until, "--no-model")
    assert await replay.ended(60) == 0, replay.said()
    roles.start("desk")
    return len(await kafka.read_until(topics.orders, _is_archived, timeout=60))


def _is_archived(records: list[ConsumerRecord]) -> bool:
    return any(event_type(record.headers) == facts.CE_TYPES[facts.Archived] for record in records)


async def _contact(settings: Settings) -> Contact | None:
    """The reporter's contact, as who is to bring them notices knows it."""
    async with open_report_keys(settings) as keys, open_contacts(settings, keys) as contacts:
        return None if contacts is None else contacts.open(REPORTER)


async def _words_have_ended(kafka: Kafka, topics: Names) -> None:
    """The key of the archived order's report is destroyed by itself as soon as time goes on."""

    async def gone() -> list[ConsumerRecord]:
        return [r for r in await kafka.read_all(topics.report_keys) if r.value and BY.encode() in r.value]

    [end] = await eventually(gone, what="the end of the words")
    kept = await kafka.read_all(topics.report_keys)
    assert msgspec.json.decode(end.value, type=Erasure).by == BY
    assert [record.key for record in kept].count(end.key) == 2  # the key and what came in its place
    assert [r.value for r in kept if r.key.startswith(b"ending/")][-1] is None


async def _said_later(kafka: Kafka, topics: Names, order_id: str) -> None:
    """The reporter adds something."""
    by = {"role": "reporter", "id": PHONE}
    said = update("comment", order_id=order_id, by=by, reason=LATER, event={"id": "u-1", "time": now_ms()})
    await kafka.produce(topics.updates, [Message(said.value, None, said.headers, 0)])


async def _order(client: httpx.AsyncClient, order_id: str, after: str = "") -> Any:
    """The order as the gateway shows it, once it does; `after` a fact as soon as that is its last one."""
    try:
        answer = await client.get(f"/orders/{order_id}")
    except httpx.TransportError:
        return None
    order = answer.json() if answer.status_code == 200 else None
    return order if order and after in ("", order["timeline"][-1]["fact"]) else None

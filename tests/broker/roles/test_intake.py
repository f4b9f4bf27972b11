"""Intake as a process on a real broker: good records reach the inbox, bad ones the dead letters, and can come back."""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaError

from models.events import DETECTION, REPORT, UPDATE
from models.inbox import Actor, InboxUpdate, Item, Sighting, decode_items
from models.times import now_ms
from streams.dead_letters.letter import DeadLetterError, decode_dead_letter, opened
from streams.dead_letters.replay import find, read_dead_letters, replay
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from streams.intake.unlisted import LabelWatch, read_unlisted
from streams.kafka.topics import Names
from streams.kafka.unpacking import MAX_BATCH_BYTES
from streams.terminal.feed import feed, read_events, scheduled
from tests.support.cities import DEPARTMENTS, tiny_city, tiny_files, written
from tests.support.kafka import PERSONAL_KEY, Kafka, Message, Roles, eventually
from tests.support.messages import detection, raw, report, update

KEYS = Keys(PERSONAL_KEY.encode())
GOOD_AND_BAD = 40
WINDOW_MS = 6_000


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the tiny city."""
    return DEPARTMENTS


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """The tiny city's folder."""
    return written(tmp_path / "city", tiny_files())


def said(record: ConsumerRecord) -> Message:
    """A record to send: the same bytes; a key, because Kafka wants a key or a value."""
    return Message(record.value, b"any", record.headers, 0)


def born(name: str = "e-1") -> dict[str, str | int]:
    """The id and times of an event of now: one that is minutes older when the broker takes it in may be too late."""
    now = now_ms()
    return {"id": name, "time": now, "timestamp": now}


def items_of(records: list[ConsumerRecord]) -> dict[str, list[Item]]:
    """The items of inbox records by area."""
    found: dict[str, list[Item]] = defaultdict(list)
    for record in records:
        found[record.key.decode()] += decode_items(record.value)
    return dict(found)


def unguessed(items: Sequence[Item]) -> list[Item]:
    """The items as intake makes them without a model, and without the time at which the broker took updates in."""
    return [msgspec.structs.replace(i, **_PLAIN[type(i)]) for i in items]


_PLAIN: dict[type[Item], dict[str, Any]] = {Sighting: {"guess": None}, InboxUpdate: {"received": 0}}


@pytest.mark.timeout(120)
async def test_good_records_reach_the_inbox_and_bad_ones_the_dead_letters(
    kafka: Kafka, topics: Names, roles: Roles, city: Path
) -> None:
    """In a mix of both the inbox holds exactly the good ones, in their order, and every bad one is a dead letter."""
    reports, detections, updates = [], [], []
    for n in range(GOOD_AND_BAD):
        reports.append(report(f"梧桐路第{n}个坑", event=born(f"r{n}")))
        reports.append([report(" "), raw(b"\xff", ()), report("a" * 2_000_000), raw(None, ())][n % 4])
        detections.append(detection(event=born(f"d{n}")))
        detections.append(detection("nowhere"))
        updates.append(update(event=born(f"u{n}")))
        updates.append(update("dance"))
    for topic, records in ((topics.reports, reports), (topics.detections, detections), (topics.updates, updates)):
        await kafka.produce(topic, [said(record) for record in records])
    roles.start("intake", city=str(city))

    def complete(records: list[ConsumerRecord]) -> bool:
        return sum(len(items) for items in items_of(records).values()) >= 3 * GOOD_AND_BAD

    inbox = items_of(await kafka.read_until(topics.inbox, complete, timeout=60))
    dead = await kafka.read_until(topics.dead_letters, 3 * GOOD_AND_BAD)

    everything = [*reports, *detections, *updates]
    expected = take_in(everything, tiny_city(), None, now_ms(), KEYS)
    assert {"south-w"} == inbox.keys() == expected.items.keys()
    for prefix in "rdu":  # one topic after the other: their order among each other is chance
        wanted = [i for i in unguessed(expected.items["south-w"]) if i.id.startswith(prefix)]  # type: ignore[union-attr]
        assert wanted == [i for i in unguessed(inbox["south-w"]) if i.id.startswith(prefix)]  # type: ignore[union-attr]

    letters = [opened(decode_dead_letter(record.value), KEYS.hmac) for record in dead]
    places = {(letter.topic, letter.offset): letter for letter in letters}
    assert 3 * GOOD_AND_BAD == len(letters) == len(places)
    for topic, records in ((topics.reports, reports), (topics.detections, detections), (topics.updates, updates)):
        for offset, record in enumerate(records):
            letter = places.get((topic, offset))
            assert (letter is None) == (offset % 2 == 0)
            if letter is not None and letter.value_sha256 is None:
                assert (record.value, list(record.headers)) == (letter.original_value, letter.original_headers)


@pytest.mark.timeout(120)
async def test_batches_of_every_codec_are_taken_in(kafka: Kafka, topics: Names, roles: Roles, city: Path) -> None:
    """How an upstream compresses is its own affair: all four codecs that Kafka knows reach the inbox. A batch that
    would come to too much is one dead letter, at the offset of its last record, and those behind it are taken in.

    What opens nothing, as the city has not listed its label, is counted for `paidan labels unknown` and `/status`.
    """
    codecs = ("gzip", "snappy", "lz4", "zstd")
    refused = []
    for number, codec in enumerate(codecs, 1):
        first = await kafka.produce_packed(topics.reports, number, b"x", bytes(MAX_BATCH_BYTES), b"y")
        refused.append((topics.reports, first + 2, "too-large"))
        await kafka.produce(topics.reports, [said(report("路灯不亮" * 50, event=born(codec)))], compression=codec)
    await kafka.produce(topics.detections, [said(detection(label="car", event=born(str(n)))) for n in range(3)])
    roles.start("intake", city=str(city))

    def complete(records: list[ConsumerRecord]) -> bool:
        return sum(len(items) for items in items_of(records).values()) >= len(codecs)

    inbox = items_of(await kafka.read_until(topics.inbox, complete, timeout=60))
    assert list(codecs) == [item.id for items in inbox.values() for item in items if isinstance(item, Sighting)]
    letters = [decode_dead_letter(record.value) for record in await kafka.read_until(topics.dead_letters, 4)]
    assert refused == [(letter.topic, letter.offset, letter.error) for letter in letters]

    watch = LabelWatch(roles.settings, tiny_city(), every_seconds=0.1)
    watching = asyncio.create_task(watch.run())

    async def counted() -> bool:
        shown = (watch.section() or {"labels": []})["labels"]
        return [(each["label"], each["count"]) for each in shown] == [("car", 3)]

    await eventually(counted, what="the count")
    watching.cancel()
    assert [(each.label, each.count) for each in await read_unlisted(roles.settings, tiny_city())] == [("car", 3)]


@pytest.mark.timeout(120)
async def test_a_header_name_that_is_not_utf_8_is_a_dead_letter(
    kafka: Kafka, topics: Names, roles: Roles, city: Path
) -> None:
    """The client cannot decode the batch; its neighbours are taken in, in it and behind it, and intake goes on."""
    name = "来".encode("gbk")
    good, bad = report("路灯不亮", event=born("good")), report("井盖丢了", event=born("bad"))
    await kafka.produce(topics.reports, [said(report("坑", event=born("first")))])
    offset = await kafka.produce_raw_header(topics.reports, [said(good), said(bad), said(good)], 1, name)
    await kafka.produce(topics.reports, [said(report("坑", event=born("last")))])
    roles.start("intake", city=str(city))

    def complete(records: list[ConsumerRecord]) -> bool:
        return sum(len(items) for items in items_of(records).values()) >= 4

    inbox = items_of(await kafka.read_until(topics.inbox, complete, timeout=60))
    [dead] = [
        opened(decode_dead_letter(record.value), KEYS.hmac) for record in await kafka.read_until(topics.dead_letters, 1)
    ]
    ids = [item.id for items in inbox.values() for item in items if isinstance(item, Sighting)]
    assert ids == ["first", "good", "good", "last"]
    assert (dead.topic, dead.offset, dead.error, dead.field) == (topics.reports, offset, "not-utf-8", "headers")
    assert dead.original_value == bad.value
    assert r"\xc0\xb4" in dict(dead.original_headers)


@pytest.mark.timeout(120)
async def test_a_transaction_that_nobody_ends_holds_intake_until_the_broker_ends_it(
    kafka: Kafka, topics: Names, roles: Roles, city: Path
) -> None:
    """What was sent behind it is taken in then, what was in it never; one that would last a quarter of an hour is
    refused."""
    stranger = {"bootstrap_servers": kafka.bootstrap, "transactional_id": "stranger"}
    long = AIOKafkaProducer(**stranger, transaction_timeout_ms=900_000)
    with pytest.raises(KafkaError):
        await long.start()
    await long.stop()
    roles.start("intake", city=str(city))

    async with AIOKafkaProducer(**stranger, transaction_timeout_ms=4_000) as producer:
        await producer.begin_transaction()
        never = report("没有提交", event=born("never"))
        await producer.send_and_wait(topics.reports, never.value, b"any", 0, headers=list(never.headers))
        behind = report("在后面", event=born("behind"))
        await kafka.produce(topics.reports, [said(behind)])
        records = await kafka.read_until(topics.inbox, 1, timeout=60)
        with contextlib.suppress(KafkaError):
            await producer.abort_transaction()

    taken = [item for items in items_of(records).values() for item in items]
    assert [item.id for item in taken if isinstance(item, Sighting)] == ["behind"]
    assert len(taken) == 1


@pytest.mark.timeout(120)
async def test_a_dead_letter_can_be_replayed_and_is_taken_in_after_the_fault_is_gone(
    kafka: Kafka, topics: Names, roles: Roles, city: Path
) -> None:
    """An unknown camera becomes known; the very bytes come back, marked, and reach the inbox, however old by now. Of a
    message with good detections as well only the one that was not taken in is."""
    with (city / "city.toml").open("a") as thresholds:
        thresholds.write(f"identity_detections_minutes = {WINDOW_MS / 60_000}\n")
    born_at = now_ms()
    fresh = detection("cam-new", event={"time": born_at})
    seen = [
        {"Code": "pothole", "Data": {"MachineName": name, "RealUTC": born_at // 1000}} for name in ("cam-sw-1", "cam-x")
    ]
    several = raw(json.dumps({"eventList": seen}).encode(), [("format", b"dahua")])
    await kafka.produce(topics.detections, [said(fresh), said(report("a" * 2_000_000)), said(several)])
    intake = roles.start("intake", city=str(city))
    await kafka.read_until(topics.dead_letters, 3, timeout=60)
    [unknown, too_long, second] = [each async for each in read_dead_letters(kafka.connection, topics)]
    assert (unknown.letter.error, unknown.letter.field) == ("unknown-camera", "camera_id")
    assert (second.letter.error, second.letter.index) == ("unknown-camera", 1)

    with pytest.raises(DeadLetterError, match="too long to be kept"):
        await replay(kafka.connection, topics, [unknown, too_long], KEYS.hmac)
    with pytest.raises(DeadLetterError, match="no dead letter 77"):
        await find(kafka.connection, topics, [77])

    intake.signal(15)
    assert await intake.ended() == 0
    with (city / "cameras.csv").open("a") as cameras:
        cameras.write("cam-new,30.05,114.05,south-w,新,police\ncam-x,30.05,114.05,south-w,新,police\n")
    roles.start("intake", city=str(city))

    async def too_old() -> bool:
        return now_ms() > born_at + WINDOW_MS

    await eventually(too_old)
    mended = [unknown.number, second.number]
    assert await replay(kafka.connection, topics, await find(kafka.connection, topics, mended), KEYS.hmac) == 2

    def complete(records: list[ConsumerRecord]) -> bool:
        return sum(len(items) for items in items_of(records).values()) >= 3

    [items] = items_of(await kafka.read_until(topics.inbox, complete, timeout=60)).values()
    assert [item.camera for item in items if isinstance(item, Sighting)] == ["cam-sw-1", "cam-new", "cam-x"]
    sent = [dict(r.headers) for r in await kafka.read_all(topics.detections) if r.value and b"cam-new" in r.value]
    assert [each.get("replayed") for each in sent] == [None, str(unknown.number).encode()]
    assert sent[1]["received"] == unknown.letter.at.encode()


@pytest.mark.timeout(120)
async def test_the_command_line_lists_shows_and_replays(kafka: Kafka, topics: Names, roles: Roles, city: Path) -> None:
    """What `paidan dead-letters` prints is what is in the topic; a wrong number is one sentence. A department's updates
    go back to its own topic."""
    dances = topics.updates_of("roads")
    await kafka.produce(dances, [said(update("dance")), said(update(by={"role": "department"}, event=born()))])
    roles.start("intake", city=str(city))
    [[one]] = items_of(await kafka.read_until(topics.inbox, 1, timeout=60)).values()
    assert isinstance(one, InboxUpdate)
    assert one.by == one.sender == Actor("department", "roads")
    await kafka.read_until(topics.dead_letters, 1, timeout=60)
    listed = roles.start("dead-letters", "list", "--json")
    shown = roles.start("dead-letters", "show", "0")
    missing = roles.start("dead-letters", "show", "5")
    assert [await role.ended(30) for role in (listed, shown, missing)] == [0, 0, 1]
    # Only now: what is replayed comes back as a dead letter of its own.
    replayed = roles.start("dead-letters", "replay", "0")
    assert await replayed.ended(30) == 0
    assert json.loads(listed.said())["field"] == "action"
    assert json.loads(json.loads(shown.said())["value"])["action"] == "dance"
    assert missing.said().strip() == "paidan: there is no dead letter 5"
    assert replayed.said().strip() == "1 replayed"
    assert len(await kafka.read_all(dances)) == 3


async def test_a_file_of_events_is_fed_to_its_topics(kafka: Kafka, topics: Names, tmp_path: Path) -> None:
    """Each line goes to the topic of its type, with a time and an id where it has none, at its own time."""
    lines = [
        {"topic": "reports", "at_s": 0.2, "event": {"type": REPORT, "data": {"text": "坑"}}},
        {"at_s": 0.1, "event": {"id": "d", "type": DETECTION, "data": {"camera_id": "c", "label": "x"}}},
        {"at_s": 0.0, "event": {"type": UPDATE, "data": {"order_id": "o"}, "time": "2026-03-01T08:00:00Z"}},
        {"topic": "detections", "at_s": 0.0, "headers": {"format": "onvif", "camera": "c"}, "value": "<a/>"},
    ]
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    fed = await feed(kafka.connection, topics, scheduled(read_events(file), None, 1.0))
    assert fed.events == 4
    assert fed.seconds >= 0.2
    [reported] = await kafka.read_all(topics.reports)
    event = json.loads(reported.value)
    assert {"specversion", "id", "source", "time", "type", "data"} == event.keys()
    [updated] = await kafka.read_all(topics.updates)
    assert (updated.key, json.loads(updated.value)["time"]) == (b"o", "2026-03-01T08:00:00Z")
    seen = await kafka.read_all(topics.detections)
    assert {b"<a/>"} == {r.value for r in seen if dict(r.headers).get("format") == b"onvif"}
    assert len(seen) == 2

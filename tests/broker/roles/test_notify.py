"""paidan notify on a real broker and a real web server: every event arrives or is a dead letter, none waits for another
target, and a killed sender repeats only what was not finished."""

import base64
import itertools
import json
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from standardwebhooks.webhooks import Webhook

from dispatcher.order import wire
from models.events import ASSIGNMENT, NOTICE
from models.redact import Contact, encrypt_contact
from streams.dead_letters.letter import decode_dead_letter
from streams.dead_letters.replay import find, replay
from streams.kafka.clients import admin, started
from streams.kafka.topics import Names
from streams.local.ports import free_port
from streams.notify.signature import shown_key, target_key
from tests.support.cities import DEPARTMENTS, FILES, tiny_files, written
from tests.support.kafka import SHORT_SESSION_MS, Kafka, Message, Roles, eventually
from tests.support.web.receiver import HANG, TAKEN, Received, Receiver, Reply

SECRET = "for these tests only"
QUICK = {
    "webhook_secret": SECRET,
    "notify_backoff_seconds": "0.02",
    "notify_breaker_seconds": "0.1",
    "notify_timeout_seconds": "2",  # in which the receiver, which is this process, answers whatever else runs here
    "notify_breaker_failures": "3",
}
PATIENT = QUICK | {"notify_timeout_seconds": "60", "session_timeout_ms": str(SHORT_SESSION_MS)}
COUNT = 12
OUTAGE = 14
FEW = 6
CONTACT_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
PHONE = "13812345678"


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the tiny city."""
    return DEPARTMENTS


@pytest_asyncio.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Receiver, str]]:
    """A receiver and its address."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    application = Receiver()
    async with application.server() as server:
        yield application, f"http://{server.address}"
        application.ended.set()


def city(folder: Path, **webhooks: str) -> str:
    """The folder of a tiny city whose departments have these webhooks."""
    head, *rows = FILES["departments.csv"].splitlines()
    lines = [f"{row},{webhooks.get(row.split(',')[0], '')}" for row in rows]
    return str(written(folder / "city", tiny_files({"departments.csv": "\n".join([f"{head},webhook", *lines, ""])})))


def notice(audience: str, to: str, n: int) -> Message:
    """A notice as the desk writes it."""
    data = {"audience": audience, "to": to, "order_id": "o-1", "seq": n, "kind": "closed", "note": "修好了"}
    headers = wire.headers(NOTICE, f"{to}/{n}", "o-1", int(time.time() * 1000))
    return Message(json.dumps(data).encode(), to.encode(), headers)


def assignment(department: str, n: int) -> Message:
    """An assignment as the desk writes it."""
    headers = wire.headers(ASSIGNMENT, f"{department}/assigned/{n}", "o-1", int(time.time() * 1000))
    return Message(json.dumps({"order_id": "o-1", "seq": n, "role": "lead"}).encode(), b"o-1", headers)


def ids(messages: list[Message]) -> list[str]:
    """The events' ids."""
    return [dict(message.headers)["ce_id"].decode() for message in messages]


def first_of_each(seen: list[str]) -> list[str]:
    """Without what came again at once: retries of the event at hand."""
    return [id for id, _ in itertools.groupby(seen)]


def failing_first(times: int, *replies: Reply) -> Callable[[Received], Reply]:
    """Answer so many POSTs with the replies in turn, and take all that follow."""
    script = itertools.chain(itertools.islice(itertools.cycle(replies), times), itertools.repeat(TAKEN))
    return lambda _: next(script)


async def finished(kafka: Kafka, group: str, topic: str, partition: int, offset: int) -> None:
    """Wait until a target's group has committed up to an offset."""
    async with started(admin(kafka.connection)) as client:

        async def committed() -> bool:
            found = await client.list_consumer_group_offsets(group)
            place = found.get(TopicPartition(topic, partition))
            return place is not None and place.offset >= offset

        await eventually(committed, what=f"{group} at {topic}/{partition}/{offset}")


@pytest.mark.timeout(120)
async def test_every_target_gets_its_own_in_order_and_waits_for_nobody(
    kafka: Kafka, topics: Names, roles: Roles, receiver: tuple[Receiver, str], tmp_path: Path
) -> None:
    """One target fails and recovers, one hangs and one is not there beyond the give-up time, one refuses an event: the
    rest is right."""
    web, address = receiver
    nobody = f"http://127.0.0.1:{free_port()}/"
    sent = {
        "roads": [notice("department", "roads", n) for n in range(COUNT)],
        "police": [notice("department", "police", n) for n in range(FEW)],
        "supervisor": [notice("supervisor", "supervisor", n) for n in range(COUNT)],
        "reporter": [notice("reporter", "hash-1", n) for n in range(COUNT)],
        "works": [notice("department", "works", 0)],
        "others": [notice("department", "north-office", n) for n in range(COUNT)],
    }
    assignments = [assignment("roads", n) for n in range(COUNT)]
    await kafka.produce(topics.notices, [m for same in itertools.zip_longest(*sent.values()) for m in same if m])
    await kafka.produce(topics.assignments("roads"), assignments)
    busy = Reply(429, ((b"retry-after", b"0"),))
    web.behave["/roads"] = failing_first(3, Reply(500), busy, Reply(302, ((b"location", b"/elsewhere"),)))
    web.behave["/police"] = lambda _: HANG
    web.behave["/supervisor"] = lambda post: Reply(410) if post.id == "supervisor/3" else TAKEN
    roles.start(
        "notify",
        city=city(tmp_path, roads=f"{address}/roads", police=f"{address}/police", works=nobody),
        notify_supervisor_url=f"{address}/supervisor",
        notify_reporter_url=f"{address}/reporter",
        **QUICK | {"notify_breaker_failures": "4", "notify_breaker_seconds": "2", "notify_give_up_hours": "0.001"},
    )

    async def arrived() -> bool:
        enough = [("/roads", 2 * COUNT), ("/supervisor", COUNT), ("/reporter", COUNT)]
        return all(len(set(web.at(path))) >= count for path, count in enough)

    def given_up(found: list[object]) -> bool:
        return len(found) >= FEW + 2

    await eventually(arrived, what="the arrival of everything")
    letters = [decode_dead_letter(r.value) for r in await kafka.read_until(topics.dead_letters, given_up, timeout=60)]

    roads = first_of_each(web.at("/roads"))
    assert [id for id in roads if "assigned" not in id] == ids(sent["roads"])
    assert [id for id in roads if "assigned" in id] == ids(assignments)
    assert len(web.at("/roads")) == 2 * COUNT + 3
    assert web.at("/supervisor") == ids(sent["supervisor"])
    assert web.at("/reporter") == ids(sent["reporter"])
    assert web.at("/elsewhere") == []
    assert len({post.port for post in web.received if post.path == "/reporter"}) < COUNT  # connections are used again
    tried = first_of_each(web.at("/police"))
    assert tried == ids(sent["police"])[: len(tried)]
    assert len(tried) < FEW  # what comes later while the breaker is open is not tried
    refused = [dict(letter.original_headers)["ce_id"] for letter in letters if letter.error == "webhook-refused"]
    away = [dict(letter.original_headers)["ce_id"].decode() for letter in letters if letter.error != "webhook-refused"]
    assert refused == [b"supervisor/3"]
    assert [id for id in away if id.startswith("police")] == ids(sent["police"])
    assert [id for id in away if not id.startswith("police")] == ids(sent["works"])
    assert {letter.error for letter in letters} == {"webhook-refused", "webhook-unreachable"}


@pytest.mark.timeout(120)
async def test_an_outage_costs_no_event_and_no_order(
    kafka: Kafka, topics: Names, roles: Roles, receiver: tuple[Receiver, str], tmp_path: Path
) -> None:
    """A target answers 503, 429 and nothing in time for a while: then all arrives in order, and nothing is dead."""
    web, address = receiver
    first, later = ([assignment("roads", n) for n in some] for some in (range(COUNT), range(COUNT, 2 * COUNT)))
    await kafka.produce(topics.assignments("roads"), first)
    replies = (Reply(503), Reply(429), HANG, *(Reply(503), Reply(429)) * 2)  # that takes the whole time out twice
    web.behave["/roads"] = failing_first(OUTAGE, *replies)
    roles.start("notify", city=city(tmp_path, roads=f"{address}/roads"), **QUICK)

    async def away() -> bool:
        return len(web.at("/roads")) >= OUTAGE // 2

    await eventually(away, what="attempts enough to open the breaker")
    [(partition, last)] = (await kafka.produce(topics.assignments("roads"), later))[-1:]
    await finished(
        kafka, f"{topics.namespace}-notify-department-roads", topics.assignments("roads"), partition, last + 1
    )
    assert web.at("/roads") == ids(first)[:1] * OUTAGE + ids(first + later)
    assert await kafka.read_all(topics.dead_letters) == []


@pytest.mark.timeout(120)
async def test_each_post_is_the_very_event_and_signed_with_the_targets_own_key(
    kafka: Kafka, topics: Names, roles: Roles, receiver: tuple[Receiver, str], tmp_path: Path
) -> None:
    """The body is the record's bytes, the headers its attributes; the signature verifies under that target's key. A
    reporter's notice has their contact beside, where one is known; that it was opened a record says, without it."""
    web, address = receiver
    told, given, known = notice("reporter", "hash-1", 1), assignment("roads", 2), notice("reporter", "hash-2", 3)
    contact = encrypt_contact(CONTACT_KEY, Contact("王小明", PHONE))
    await kafka.produce(topics.contacts, [Message(json.dumps(contact).encode(), b"hash-2")])
    await kafka.produce(topics.notices, [told, known])
    await kafka.produce(topics.assignments("roads"), [given])
    changes = QUICK | {"notify_reporter_url": f"{address}/reporter"}
    pack = city(tmp_path, roads=f"{address}/roads")
    without_key = roles.start("notify", city=pack, **changes)
    assert await without_key.ended() == 2, without_key.said()
    assert "PAIDAN_CONTACT_KEY must be set" in without_key.said()
    assert web.received == []
    roles.start("notify", city=pack, contact_key=CONTACT_KEY, **changes)

    async def all_three() -> bool:
        return len(web.received) == 3

    await eventually(all_three, what="three POSTs")
    [disclosed] = await kafka.read_all(topics.disclosures)
    trail = json.loads(disclosed.value)
    assert trail.pop("at") > 0
    assert trail == {"target": "reporter", "reporter": "hash-2", "order_id": "o-1", "notice": "hash-2/3"}
    for path, target, message in (
        ("/reporter", "reporter", told),
        ("/reporter", "reporter", known),
        ("/roads", "department-roads", given),
    ):
        [post] = [each for each in web.received if each.path == path and [each.id] == ids([message])]
        if message is known:
            whole = json.loads(known.value or b"") | {"contact": {"name": "王小明", "phone": PHONE}}
            assert json.loads(post.body) == whole
        else:
            assert post.body == message.value
        attributes = {name.replace("_", "-"): value.decode() for name, value in message.headers}
        assert attributes.items() <= post.headers.items()
        assert post.headers["webhook-id"] == post.id
        Webhook(shown_key(target_key(SECRET.encode(), target))).verify(post.body, post.headers)  # raises


@pytest.mark.timeout(120)
async def test_a_killed_sender_repeats_only_what_was_not_finished(
    kafka: Kafka, topics: Names, roles: Roles, receiver: tuple[Receiver, str], tmp_path: Path
) -> None:
    """SIGKILL in the middle of an attempt: that event comes again and then the rest; what was finished does not."""
    web, address = receiver
    roads = [assignment("roads", n) for n in range(COUNT)]
    police = [notice("department", "police", n) for n in range(COUNT)]
    await kafka.produce(topics.assignments("roads"), roads)
    places = await kafka.produce(topics.notices, police)
    web.behave["/roads"] = lambda post: HANG if post.id == "roads/assigned/5" else TAKEN
    pack = city(tmp_path, roads=f"{address}/roads", police=f"{address}/police")
    first = roles.start("notify", city=pack, **PATIENT)

    async def hanging() -> bool:
        return "roads/assigned/5" in web.at("/roads")

    await eventually(hanging, what="the event that hangs")
    partition, last = places[-1]
    group = f"{topics.namespace}-notify-department-police"
    await finished(kafka, group, topics.notices, partition, last + 1)
    first.signal(signal.SIGKILL)
    await first.ended()
    more = [notice("department", "police", n) for n in range(COUNT, COUNT + 2)]
    await kafka.produce(topics.notices, more)
    del web.behave["/roads"]
    roles.start("notify", city=pack, **PATIENT)

    async def complete() -> bool:
        return set(web.at("/roads")) == set(ids(roads)) and set(web.at("/police")) == set(ids(police + more))

    await eventually(complete, timeout=60, what="the arrival of the rest")
    assert web.at("/police") == ids(police + more)
    assert first_of_each(web.at("/roads")) == ids(roads)
    assert Counter(web.at("/roads")) == Counter(ids(roads)) + Counter(["roads/assigned/5"])


@pytest.mark.timeout(120)
async def test_two_senders_share_a_target(
    kafka: Kafka, topics: Names, roles: Roles, receiver: tuple[Receiver, str], tmp_path: Path
) -> None:
    """One joins in full flow, the other leaves in good order: nothing is lost, every reporter's order is kept."""
    web, address = receiver
    pack = city(tmp_path)
    settings = PATIENT | {"notify_reporter_url": f"{address}/reporter"}

    def wave(start: int) -> list[Message]:
        return [notice("reporter", f"hash-{who}", n) for n in range(start, start + COUNT) for who in range(8)]

    async def waves(count: int) -> None:
        async def arrived() -> bool:
            return len(set(web.at("/reporter"))) >= count * 8 * COUNT

        await eventually(arrived, timeout=60, what=f"the arrival of {count} waves")

    one = roles.start("notify", city=pack, **settings)
    await kafka.produce(topics.notices, wave(0))
    roles.start("notify", city=pack, **settings)
    await kafka.produce(topics.notices, wave(COUNT))
    await waves(2)
    one.signal(signal.SIGTERM)
    assert await one.ended() == 0
    await kafka.produce(topics.notices, wave(2 * COUNT))
    await waves(3)
    seen = web.at("/reporter")
    for who in range(8):
        mine = dict.fromkeys(id for id in seen if id.startswith(f"hash-{who}/"))
        assert list(mine) == [f"hash-{who}/{n}" for n in range(3 * COUNT)]


@pytest.mark.timeout(120)
async def test_what_was_given_up_can_be_sent_again(
    kafka: Kafka, topics: Names, roles: Roles, receiver: tuple[Receiver, str], tmp_path: Path
) -> None:
    """A refused event is replayed from the dead letters and arrives under its own id; junk is named and passed over."""
    web, address = receiver
    web.behave["/reporter"] = failing_first(1, Reply(404))
    junk = Message(b"no notice", b"hash-1")
    await kafka.produce(topics.notices, [notice("reporter", "hash-1", 1), junk, notice("reporter", "hash-1", 2)])
    roles.start("notify", city=city(tmp_path), notify_reporter_url=f"{address}/reporter", **QUICK)
    records = await kafka.read_until(topics.dead_letters, 2)
    letters = [decode_dead_letter(record.value) for record in records]
    assert [letter.error for letter in letters] == ["webhook-refused", "invalid"]
    assert await replay(kafka.connection, topics, await find(kafka.connection, topics, [records[0].offset]), b"") == 1

    async def again() -> bool:
        return web.at("/reporter") == ["hash-1/1", "hash-1/2", "hash-1/1"]

    await eventually(again, what="the replayed event")

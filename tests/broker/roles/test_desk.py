"""The desk as a process on a real broker: what it cannot read, what it fails at and what waits hold up nobody."""

import signal
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from dispatcher.figures import figure_row
from dispatcher.order import facts
from models.city import load_city
from models.envelope import event_type
from models.inbox import Sighting, encode_items
from streams.audit.recompute import audit
from streams.audit.repair import repair_desk
from streams.dead_letters.letter import decode_dead_letter
from streams.kafka.clients import admin, log_reader, started, transactional
from streams.kafka.topics import Names
from streams.settings import Settings
from tests.support.cities import DEPARTMENTS, tiny_files, written
from tests.support.desks import detection, guess
from tests.support.kafka import SHORT_SESSION_MS, Kafka, Message, Roles, eventually

AREA = "south-w"
BACKLOG = 8_000
NOTHING: Mapping[bytes, bytes | None] = {}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Those of any test, but what is killed or frozen is not waited for long."""
    return settings.model_copy(update={"session_timeout_ms": SHORT_SESSION_MS})


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the tiny city."""
    return DEPARTMENTS


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """The tiny city's folder."""
    return written(tmp_path / "city", tiny_files())


def report(id: str, **own: object) -> bytes:
    """An inbox record of one report."""
    now = int(time.time() * 1000)
    fields = {"kind": "report", "source": "test", "id": id, "at": now, "area": AREA, "text": f"坑 {id}"} | own
    return encode_items([Sighting(**fields)])  # type: ignore[arg-type]


@pytest.mark.timeout(120)
async def test_one_record_at_which_the_core_raises_costs_nobody_else(
    kafka: Kafka, topics: Names, roles: Roles, city: Path
) -> None:
    """Junk in the inbox and a sighting that no rule can take become dead letters; the reports around them open, and
    the audit agrees, also when the dead letter is replayed and taken in or fails again. What is urgent is decided while
    thousands wait, also where the desk is killed before and after."""
    values = [
        report("before"),
        b"\xff junk",
        report("impossible", at=10**17),  # a time that no calendar holds: the core raises
        report("after"),
    ]
    await kafka.produce(topics.inbox, [Message(value, AREA.encode(), partition=0) for value in values])
    desk = roles.start("desk", city=str(city))

    dead = [decode_dead_letter(record.value) for record in await kafka.read_until(topics.dead_letters, 2, timeout=60)]
    log = await kafka.read_until(topics.orders, lambda records: len(opened(records)) == 2)

    assert [(letter.offset, letter.error) for letter in dead] == [(1, "not-an-inbox-record"), (2, "internal-error")]
    assert opened(log) == ["before", "after"]
    auditing = roles.start("audit", "--no-tables", city=str(city))
    assert await auditing.ended(60) == 0, auditing.said()

    replay = roles.start("dead-letters", "replay", "1", city=str(city))
    assert await replay.ended(30) == 0, replay.said()
    again = [report("impossible"), report("impossible")]  # mended by hand, and sent twice
    await kafka.produce(topics.inbox, [Message(value, AREA.encode(), partition=0) for value in again])
    log = await kafka.read_until(topics.orders, lambda records: len(opened(records)) == 3)
    await kafka.read_until(topics.dead_letters, 3)
    assert opened(log) == ["before", "after", "impossible"]

    desk.signal(signal.SIGKILL)
    await desk.ended()
    waiting = [stall(number) for number in range(BACKLOG)] + [report("last")]
    await kafka.produce(topics.inbox, [Message(value, AREA.encode(), partition=0) for value in waiting])
    urgent = [report("impossible", at=10**17), report("gas", guess=guess("flooding"), text="燃气泄漏")]
    async with started(transactional(kafka.connection, "intake")) as producer, producer.transaction():
        for value in urgent:
            await producer.send_and_wait(topics.urgent, value, key=AREA.encode(), partition=0)
    desk = roles.start("desk", city=str(city))
    await kafka.read_until(topics.orders, lambda records: "gas" in opened(records))
    desk.signal(signal.SIGKILL)
    await desk.ended()
    roles.start("desk", city=str(city))
    log = await kafka.read_until(topics.orders, lambda records: "last" in opened(records), timeout=60)
    *before, one, other, last = opened(log)
    # A desk that starts may have the backlog's first records before those of the urgent lane.
    assert (before, {one, other}, last) == (["before", "after", "impossible"], {"gas", "0"}, "last")
    dead = [decode_dead_letter(record.value) for record in await kafka.read_until(topics.dead_letters, 4)]
    await eventually(lambda: _nothing_waits(kafka, topics), what="the end of the urgent lane, with its marker")
    assert (dead[-1].topic, dead[-1].offset, dead[-1].error) == (topics.urgent, 0, "internal-error")
    auditing = roles.start("audit", "--no-tables", city=str(city))
    assert await auditing.ended(60) == 0, auditing.said()


@pytest.mark.timeout(120)
async def test_a_desk_whose_rows_are_gone_takes_nothing_in_twice(
    kafka: Kafka, topics: Names, roles: Roles, city: Path
) -> None:
    """As where a topic was deleted and made again, with none of its records or with an older copy of them, as a broker
    has which lost its newest ones. Figures are booked anew from the log; a state is nowhere else."""
    desk, older = roles.start("desk", city=str(city)), dict[bytes, bytes | None]()
    for id in ("1", "2"):
        older = await rows_of(kafka, topics.desk)
        await kafka.produce(topics.inbox, [Message(report(id), AREA.encode(), partition=0)])
        await kafka.read_until(topics.orders, partial(_last_is, id), timeout=60)
    desk.signal(signal.SIGTERM)
    assert await desk.ended() == 0

    await lose(kafka, topics.figures)
    await ends_saying(f"{topics.figures}/0 holds no figure of what is in {topics.desk}/0", roles, city)
    repair = roles.start("audit", "--no-tables", "--repair", city=str(city))
    assert await repair.ended(60) == 0, repair.said()

    await lose(kafka, topics.desk, all_but=older)
    await ends_saying(f"which is in {topics.orders}: it has lost its newest records, or is an older copy", roles, city)
    repair = roles.start("audit", "--no-tables", "--repair", city=str(city))
    assert await repair.ended(60) == 1
    assert f"the rows of the desk are not repaired: {topics.desk}/0 is gone, or its newest part" in repair.said()

    await lose(kafka, topics.desk)
    await ends_saying("where it goes on: that was made anew, or has lost its records", roles, city)
    auditing = roles.start("audit", "--no-tables", city=str(city))
    assert await auditing.ended(60) == 1
    assert f"{topics.desk}/0 is gone, or its newest part" in auditing.said()
    assert "--repair" not in auditing.said()
    assert opened(await kafka.read_all(topics.orders)) == ["1", "2"]


@pytest.mark.timeout(120)
async def test_a_desk_that_has_lost_what_led_to_no_fact_counts_everything_once(
    kafka: Kafka, topics: Names, roles: Roles, city: Path, settings: Settings
) -> None:
    """The newest figures, or the newest rows of the state beside them: the log of facts has nothing that one of them
    lacks. What was counted is counted anew, and what the state has forgotten is decided again."""
    desk, older = roles.start("desk", city=str(city)), dict[str, dict[bytes, bytes | None]]()
    for repeats in range(2):
        older = {topic: await rows_of(kafka, topic) for topic in (topics.desk, topics.figures)}
        await kafka.produce(topics.inbox, [Message(report("1"), AREA.encode(), partition=0)])
        await kafka.read_until(topics.figures, partial(_has_counted, repeats), timeout=60)
    desk.signal(signal.SIGTERM)
    assert await desk.ended() == 0

    for topic, line in (
        (topics.figures, f"{topics.figures}/0 lacks the newest figures of what is in {topics.desk}/0"),
        (topics.desk, f"{topics.desk}/0 is older than {topics.figures}/0"),
    ):
        await lose(kafka, topic, all_but=older[topic])
        await ends_saying(line, roles, city)
        assert "bookings of figures in partition 0" in await differences(settings, city)
        assert await repair_desk(settings, load_city(city), 0) > 0

    roles.start("desk", city=str(city))
    await kafka.read_until(topics.figures, partial(_has_counted, 1), timeout=60)
    assert await differences(settings, city) == ""


async def rows_of(kafka: Kafka, topic: str) -> dict[bytes, bytes | None]:
    """The newest value of each key of a topic."""
    return {record.key: record.value for record in await kafka.read_all(topic)}


async def lose(kafka: Kafka, topic: str, all_but: Mapping[bytes, bytes | None] = NOTHING) -> None:
    """Take all rows of the first partition away but these."""
    rows = {record.key for record in await kafka.read_all(topic) if record.partition == 0}
    await kafka.produce(topic, [Message(all_but.get(key), key, partition=0) for key in rows])


async def ends_saying(line: str, roles: Roles, city: Path) -> None:
    """Start a desk, which ends at what it has restored, and says this."""
    desk = roles.start("desk", city=str(city))
    assert await desk.ended(60) == 70
    assert line in desk.said()


async def differences(settings: Settings, city: Path) -> str:
    """What an audit finds in the first partition."""
    return "\n".join(map(str, (await audit(settings, load_city(city)))[0].differences))


def _has_counted(repeats: int, records: Sequence[ConsumerRecord]) -> bool:
    """Whether the newest row of the area counts one report, and so many that came again."""
    rows = [figure_row.decode(record.value).counters for record in records if record.key.startswith(b"area/")]
    return bool(rows) and (rows[-1].get("received"), rows[-1].get("duplicates", 0)) == (1, repeats)


def stall(number: int) -> bytes:
    """An inbox record of a camera that sees one stall again and again."""
    return encode_items([detection(str(number), int(time.time() * 1000), "street-vendor")])


async def _nothing_waits(kafka: Kafka, topics: Names) -> bool:
    lane = TopicPartition(topics.urgent, 0)
    async with started(admin(kafka.connection)) as client, started(log_reader(kafka.connection)) as reader:
        committed = (await client.list_consumer_group_offsets(topics.group("desk"))).get(lane)
        return committed is not None and committed.offset == (await reader.end_offsets([lane]))[lane] == 3


def _last_is(id: str, records: list[object]) -> bool:
    return opened(records)[-1:] == [id]


def opened(records: list[object]) -> list[str]:
    """The ids of the reports that opened an order."""
    found = []
    for record in records:
        fact = facts.from_wire(event_type(record.headers), record.value)  # type: ignore[attr-defined]
        if isinstance(fact, facts.Opened):
            found.append(fact.evidence.id)
    return found

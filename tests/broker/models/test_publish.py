"""A pack that is published while the city runs: each partition switches at one offset, also when it is replayed."""

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from aiokafka import ConsumerRecord
from prometheus_client import REGISTRY
from typer.testing import CliRunner

from dispatcher.desk import DeskState, decide
from dispatcher.order import facts
from dispatcher.partition.decision import Outgoing
from dispatcher.partition.state import Meta
from models.city import City, load_city, read_city
from models.city.pack.loader import read_as_far_as_possible
from models.envelope import event_type
from models.events import REPORT
from models.inbox import LiveSilence, PackChange, Sighting, read_record
from models.times import from_text, now_ms, to_text
from streams.cli.flow.silence import app as silence
from streams.cli.packs.city import app
from streams.control.city_in_force import CityInForce
from streams.control.one_at_a_time import ControlError
from streams.control.pack_store import PackStore
from streams.control.packs import Packs
from streams.control.publications import (
    Announcement,
    Publications,
    announce,
    announced,
    come,
    publish,
    published,
    read_publications,
)
from streams.kafka.topics import Names, city_topics, create_topics
from streams.local.ports import free_ports
from streams.settings import Settings
from tests.support.cities import CITY_TOML, DEPARTMENTS, FILES, HOLE_RULE, tiny_files, written
from tests.support.kafka import Kafka, Message, Roles, eventually

RATE = 1_000
AT_LAST = 200  # reports, when all else has happened
CAMERAS = 230_000
SECONDS = int(os.environ.get("PROVE_SECONDS") or 3)


@pytest.fixture
def departments() -> tuple[str, ...]:
    """Those of the tiny city."""
    return DEPARTMENTS


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """The tiny city in which each report becomes an order of its own, for the roads department."""
    return changed_city(tmp_path / "city", FILES["responsibility.csv"])


@pytest.fixture
def changed(tmp_path: Path) -> City:
    """The same, but the water department is responsible for roads, and there is one for parks."""
    table = FILES["responsibility.csv"].replace("road,*,roads,police", "road,*,works,")
    return load_city(changed_city(tmp_path / "changed", table, "parks,园林局,Parks,1,\n"))


def changed_city(
    folder: Path, responsibility: str, department: str = "", silences: str = FILES["silences.csv"]
) -> Path:
    """A folder with the tiny city's files, some of them changed."""
    changes = {
        "silences.csv": silences,
        "responsibility.csv": responsibility,
        "departments.csv": FILES["departments.csv"] + department,
        "rules.toml": HOLE_RULE,
        "categories.csv": FILES["categories.csv"].replace(",on\n", ",off\n"),
        "inhibitions.csv": None,
    }
    return written(folder, tiny_files(changes))


def report(n: int) -> Message:
    """A report somewhere in the city, in any of its towns."""
    where = {"lat": 30.02 + n % 2 * 0.1, "lon": 114.02 + n // 2 % 2 * 0.1}
    data = {"text": f"路上有个大坑 {n}", "location": where}
    head = {"specversion": "1.0", "type": REPORT, "source": "test", "id": str(n), "time": to_text(now_ms())}
    value = json.dumps(head | {"datacontenttype": "application/json", "data": data}).encode()
    return Message(value, str(n).encode(), (("content-type", b"application/cloudevents+json"),))


async def feed(kafka: Kafka, names: Names, enough: asyncio.Event) -> int:
    """Send a steady flow of reports, for some time and until it is enough, and then some more; how many."""
    began, sent = time.monotonic(), 0
    while (passed := time.monotonic() - began) < SECONDS or not enough.is_set():
        await kafka.produce(names.reports, [report(n) for n in range(sent, int(passed * RATE))])
        sent = max(sent, int(passed * RATE))
        await asyncio.sleep(0.05)
    await kafka.produce(names.reports, [report(n) for n in range(sent, sent + AT_LAST)])
    return sent + AT_LAST


def replayed(first: City, later: City, inbox: list[ConsumerRecord]) -> list[Outgoing]:
    """What a desk that begins with nothing makes of a partition's inbox."""
    state = DeskState(inbox[0].partition)
    state.meta = Meta(pack=first.digest)
    sent: list[Outgoing] = []
    for record in inbox:
        decision = decide(state, [read_record(record)[0]], {each.digest: each for each in (first, later)})
        sent += decision.records
        decision.changes.apply()
    return sent


@pytest.mark.timeout(120)
async def test_a_pack_published_under_load_loses_and_doubles_nothing_and_a_replay_decides_the_same(
    kafka: Kafka, topics: Names, settings: Settings, roles: Roles, city: Path, changed: City
) -> None:
    """At 1,000 reports a second, and with a desk that is killed meanwhile: every report is in one order, every order
    went where the pack says that it names, and from the inbox alone comes the same log, byte for byte, also behind a
    silence that was set over HTTP. Intake reads the updates of a new department, and the gateway knows it."""
    first, [port] = load_city(city), free_ports(1)
    for role in ("intake", "desk", "gateway"):
        roles.start(role, city=str(city), session_timeout_ms="3000", gateway_port=str(port))

    async def at_work() -> bool:
        return all("at work on" in role.said() or "gateway at" in role.said() for role in roles.started)

    await eventually(at_work, what="intake, desk and gateway")
    published_by_now = asyncio.Event()
    feeding = asyncio.create_task(feed(kafka, topics, published_by_now))
    PackStore(settings.models_address).put(changed)
    await kafka.read_until(topics.orders, opens(100))
    assert (await read_publications(settings)).first == first.digest
    await create_topics(settings, city_topics(settings, changed))
    publication, offsets = await publish(settings, published(changed.digest, first.digest, now_ms(), "olga", "roads"))
    published_by_now.set()
    roles.started[1].signal(signal.SIGKILL)
    roles.start("desk", city=str(city), session_timeout_ms="3000")
    sent = await feeding
    await kafka.read_until(topics.orders, opens(sent), timeout=60)
    await silence_all(port, settings.partitions, kafka, topics)
    await kafka.produce(topics.reports, [report(sent)])
    log = await kafka.read_until(topics.orders, opens(sent + 1))

    assert why_ended(log) == ["control-zone silence/1"]
    sent += 1
    log = sorted(await kafka.read_all(topics.orders), key=lambda record: (record.partition, record.offset))
    assert Counter(opened(log).values()).most_common(1)[0][1] == 1
    assert set(opened(log).values()) == {str(n) for n in range(sent)}
    went = {(fact.pack, department) for fact, department in sent_to(log)}
    assert went == {(first.digest, "roads"), (changed.digest, "works")}
    inbox = defaultdict(list)
    for record in await kafka.read_all(topics.inbox):
        inbox[record.partition].append(record)
    for number, records in inbox.items():
        [change] = [record for record in records if PackChange(changed.digest, 1) in read_record(record)[0].items]
        assert change.offset == offsets[number]
        made_by = [dict(record.headers)["pack"] for record in records if has_report(record)]
        behind = made_by[sum(record.offset < change.offset for record in records if has_report(record)) :]
        assert changed.digest.encode() not in made_by[: len(made_by) - len(behind)]
        again = [out for out in replayed(first, changed, records) if out.topic == "orders"]
        kept = [record for record in log if record.partition == number]
        assert [(out.key.encode(), out.value) for out in again] == [(record.key, record.value) for record in kept]
    assert publication.number == 1
    await kafka.produce(topics.updates_of("parks"), [b"junk"])
    await kafka.read_until(topics.dead_letters, 1)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as asking:

        async def known() -> bool:
            seat = (await asking.get("/seat")).json()
            return {each["id"] for each in seat["departments"]} == set(changed.departments)

        await eventually(known, what="the new pack at the gateway")


async def silence_all(port: int, partitions: int, kafka: Kafka, names: Names) -> None:
    """Silence everything everywhere, by two people, until each partition of the inbox tells of it."""
    wanted = {"ends_at": to_text(now_ms() + 600_000), "owner": "duty office", "comment": "a drill", "by": "dora"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as asking:
        made = (await asking.post("/silences", json=wanted)).json()
        assert made["state"] == "awaiting-approval"
        approved = (await asking.post("/silences/1/approve", json={"by": "otto"})).json()
        assert approved["state"] == "active"
    await kafka.read_until(names.inbox, lambda records: len({r.partition for r in records if _tells(r)}) == partitions)


def _tells(record: ConsumerRecord) -> bool:
    return any(isinstance(item, LiveSilence) and item.holds for item in read_record(record)[0].items)


def why_ended(log: list[ConsumerRecord]) -> list[str]:
    """The reasons for which orders were rejected."""
    found = (facts.from_wire(event_type(record.headers), record.value) for record in log)
    return [fact.reason for fact in found if isinstance(fact, facts.Rejected)]


def has_report(record: ConsumerRecord) -> bool:
    """Whether it is of intake's."""
    return any(isinstance(item, Sighting) for item in read_record(record)[0].items)


def opens(count: int) -> Callable[[list[ConsumerRecord]], bool]:
    """Whether a log that grows opens so many orders; each record is looked at once."""
    orders: dict[str, str] = {}
    read = 0

    def enough(log: list[ConsumerRecord]) -> bool:
        nonlocal read
        orders.update(opened(log[read:]))
        read = len(log)
        return len(orders) >= count

    return enough


def opened(log: list[ConsumerRecord]) -> dict[str, str]:
    """By order the report that opened it."""
    found = (facts.from_wire(event_type(record.headers), record.value) for record in log)
    return {fact.order_id: fact.evidence.id for fact in found if isinstance(fact, facts.Opened)}


@pytest.mark.timeout(120)
async def test_a_pack_of_230_000_cameras_travels_by_its_digest(
    kafka: Kafka, topics: Names, settings: Settings, city: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """More than 30 MB go to the store of artefacts, a few hundred bytes through Kafka. A role that cannot have it says
    so and waits until it is there, with the pack that it has."""
    first = load_city(city)
    names = (hashlib.sha256(b"%d" % n).hexdigest() for n in range(CAMERAS))
    rows = [f"cam-{n:06d},30.05,114.05,south-w,{name}{name},police\n" for n, name in enumerate(names)]
    files = dict(first.files) | {"cameras.csv": first.files["cameras.csv"] + "".join(rows).encode()}
    large = await asyncio.to_thread(read_city, files)
    await asyncio.to_thread(PackStore(settings.models_address).put, large)
    file = Path(settings.models_address, f"{large.digest}.pack")

    publication, _ = await publish(settings, published(large.digest, first.digest, now_ms(), "olga", "cameras"))
    aside = file.rename(file.with_suffix(".aside"))
    packs = Packs(settings, first)
    waiting = asyncio.create_task(packs.awaited([large.digest]))

    async def said() -> bool:
        return f"has no city pack {large.digest}" in caplog.text

    await eventually(said, what="a sentence about the pack")
    assert await packs.at_hand([first.digest]) == {first.digest: first}
    assert not waiting.done()
    aside.rename(file)
    found = (await waiting)[large.digest]

    assert sum(map(len, files.values())) > 30_000_000
    assert file.stat().st_size > 2**20  # which no record of Kafka holds by itself
    assert (publication.digest, len(found.cameras)) == (large.digest, len(first.cameras) + CAMERAS)
    written = [*await kafka.read_all(topics.control), *await kafka.read_all(topics.inbox)]
    assert max(len(record.value or b"") for record in written) < 1_000


def sent_to(log: list[ConsumerRecord]) -> list[tuple[facts.Opened, str]]:
    """The opening of each order with the department that it went to first."""
    opening: dict[str, facts.Opened] = {}
    went: dict[str, str] = {}
    for record in log:
        fact = facts.from_wire(event_type(record.headers), record.value)
        if isinstance(fact, facts.Opened):
            opening[fact.order_id] = fact
        elif isinstance(fact, facts.Assigned):
            went.setdefault(fact.order_id, fact.department)
    return [(opening[order_id], department) for order_id, department in went.items()]


def test_packs_are_compared_published_listed_and_taken_back(
    topics: Names, settings: Settings, city: Path, changed: City, tmp_path: Path
) -> None:
    """What differs is shown first; who, when, which and why are kept; what would break the city is refused."""
    settings = settings.model_copy(update={"city": city})

    def paidan(*command: str) -> str:
        result = CliRunner().invoke(app, command, env=settings.environment() | {"COLUMNS": "200"})
        return f"{result.stdout}{result.exception or ''}"

    folder, other_zone = str(tmp_path / "changed"), tmp_path / "zone"
    shutil.copytree(folder, other_zone)
    head = other_zone / "city.toml"
    head.write_text(head.read_text(encoding="utf-8").replace("Asia/Shanghai", "Asia/Tokyo"), encoding="utf-8")

    assert "nothing to go back to" in paidan("rollback", "--yes")
    assert "zone cannot be changed" in paidan("publish", str(other_zone), "--yes")
    shown = paidan("publish", folder, "--dry-run")
    assert "responsibility.csv" in shown
    assert "road *" in shown
    assert "0 of 0 open orders" in shown
    assert "are unknown to the model in force" in shown  # what the new pack leaves open
    assert f"{changed.digest} is in force as number 1" in paidan(
        "publish", folder, "--yes", "--by", "olga", "--comment", "roads are the works'"
    )
    assert "is the one in force already" in paidan("publish", folder, "--yes")
    assert "as number 2" in paidan("rollback", "--yes", "--by", "otto", "--comment", "not yet")
    listed = paidan("history")
    assert [word in listed for word in ("olga", "otto", "rollback", "roads are the works'", changed.digest)] == [
        True
    ] * 5
    assert [line.split()[1] for line in listed.splitlines() if line.startswith("│")] == ["2", "1"]


def test_a_pack_that_this_version_refuses_is_replaced_at_a_terminal(
    topics: Names, settings: Settings, city: Path, changed: City, tmp_path: Path
) -> None:
    """An earlier version took it, and the settings' folder may hold it still; what can be read of it is compared with,
    and nobody goes back to it."""
    settings, own = settings.model_copy(update={"city": city}), load_city(city)
    limits = own.files["limits.csv"] + b"road,,accept,-1,hour24\n"
    refused, _ = read_as_far_as_possible(dict(own.files) | {"limits.csv": limits})
    PackStore(settings.models_address).put(refused)
    asyncio.run(publish(settings, published(refused.digest, own.digest, now_ms(), "before")))

    def paidan(*command: str) -> str:
        result = CliRunner().invoke(app, command, env=settings.environment() | {"COLUMNS": "200"})
        return f"{result.stdout}{result.exception or ''}"

    (city / "limits.csv").write_bytes(limits)
    told = paidan("publish", str(tmp_path / "changed"), "--yes")
    (city / "limits.csv").write_bytes(own.files["limits.csv"])

    assert f"refuses the city pack {refused.digest} (limits.csv:" in told
    assert "road *" in told
    assert f"{changed.digest} is in force as number 2" in told
    assert f"refuses the city pack {refused.digest}: publish another" in paidan("rollback", "--yes")


@pytest.mark.parametrize("role", ["bridge", "desk", "gateway", "intake", "lake", "notify", "tables"])
async def test_a_role_with_the_folder_of_another_city_says_so(
    role: str, topics: Names, settings: Settings, city: Path, roles: Roles, tmp_path: Path
) -> None:
    """The tables, the lake and the bridge went on, with days of another zone."""
    abroad = written(tmp_path / "abroad", tiny_files({"city.toml": CITY_TOML.replace("Asia/Shanghai", "Asia/Tokyo")}))
    await Packs(settings, load_city(city)).open()

    above = {"bridge_kafka": settings.kafka, "bridge_city": "city", "bridge_hub": "roads"}
    started = roles.start(role, city=str(abroad), gateway_port="0", tables_port="0", **above)

    assert await started.ended(30) == 2
    assert "zone must be those of the pack in force" in started.said()


def test_a_pack_is_announced_and_cancelled_at_a_terminal(
    topics: Names, settings: Settings, city: Path, changed: City, tmp_path: Path
) -> None:
    """For an hour that lies ahead; meanwhile nothing else is published, and who has orders then is not taken away."""
    environment = settings.model_copy(update={"city": city}).environment() | {"COLUMNS": "200"}

    def paidan(*command: str) -> str:
        result = CliRunner().invoke(app, command, env=environment)
        return f"{result.stdout}{result.exception or ''}"

    folder, hour = str(tmp_path / "changed"), "2126-01-01T00:00:00+08:00"

    assert "give a time such as" in paidan("publish", folder, "--yes", "--at", "midnight")
    assert "lies behind" in paidan("publish", folder, "--yes", "--at", "2026-01-01T00:00:00Z")
    assert "nothing is announced" in paidan("cancel")
    assert f"{changed.digest} is announced for 2125-12-31T16:00:00" in paidan("publish", folder, "--yes", "--at", hour)
    assert "cancel that first" in paidan("publish", folder, "--yes")
    assert "is to come" in paidan("history")
    assert "does not come in force" in paidan("cancel", "--by", "otto", "--comment", "too early")
    assert "cancelled by otto: too early" in paidan("history")
    paidan("publish", folder, "--yes")
    for how in ("--yes", "--dry-run"):
        assert "cannot be announced to be taken away: parks" in paidan("publish", str(city), how, "--at", hour)


def test_what_is_announced_is_looked_at_as_of_its_hour(
    topics: Names, settings: Settings, city: Path, tmp_path: Path
) -> None:
    """Who is responsible from the new year on is nobody's gap, though nobody is today; who is until then is."""
    environment = settings.model_copy(update={"city": city}).environment() | {"COLUMNS": "200"}
    table = FILES["responsibility.csv"].replace("road,*,roads,police,,", "road,*,works,,2126-01-01,")
    begins = changed_city(tmp_path / "begins", table)
    ends = changed_city(tmp_path / "ends", table.replace("2126-01-01,", ",2125-12-31"))

    def said(folder: Path) -> str:
        command = ["publish", str(folder), "--dry-run", "--at", "2126-01-01T00:00:00+08:00"]
        return CliRunner().invoke(app, command, env=environment, catch_exceptions=False).stdout

    assert "0 of 0 open orders would go elsewhere on 2126-01-01" in said(begins)
    assert "nobody is responsible for pothole" not in said(begins)
    assert "nobody is responsible for pothole" in said(ends)


async def pack_changes(kafka: Kafka, names: Names) -> dict[int, list[ConsumerRecord]]:
    """By partition of the inbox the records that change the pack."""
    found = defaultdict(list)
    for record in await kafka.read_all(names.inbox):
        if any(isinstance(item, PackChange) for item in read_record(record)[0].items):
            found[record.partition].append(record)
    return found


async def test_what_is_announced_comes_in_force_at_its_hour_of_the_log_by_one_desk_of_several(
    kafka: Kafka, topics: Names, settings: Settings, roles: Roles, city: Path, changed: City
) -> None:
    """In each partition one record, none before that hour by Kafka's clock; without the pack in the store, none."""
    first = load_city(city)
    desks = [roles.start("desk", city=str(city)) for _ in range(2)]

    async def began() -> bool:
        return (await read_publications(settings)).first == first.digest

    await eventually(began, what="two desks")

    async def ahead() -> Announcement | None:
        due = now_ms() + 500
        with contextlib.suppress(ControlError):  # the other desk notes the first pack at this moment
            return await announce(
                settings, announced(changed.digest, first.digest, due, now_ms(), "olga", "the new year")
            )
        return None

    made = await eventually(ahead, what="the announcement")
    due = from_text(made.comes_at)

    async def said() -> bool:
        return any("does not come in force" in desk.said() for desk in desks)

    await eventually(said, what="a desk that misses the pack")
    assert await pack_changes(kafka, topics) == {}
    PackStore(settings.models_address).put(changed)

    async def came() -> bool:
        return (await read_publications(settings)).active is not None

    await eventually(came, what="what was announced")
    now = await read_publications(settings)
    assert now.active == come(made.number, from_text(now.changes[0].at))(Publications("", (), (made,)))
    assert [(one.publication, one.is_open) for one in now.announcements] == [(1, False)]
    changes = await pack_changes(kafka, topics)
    assert {number: len(records) for number, records in changes.items()} == dict.fromkeys(range(settings.partitions), 1)
    assert all(record.timestamp >= due for [record] in changes.values())


async def test_by_a_clock_that_is_ahead_of_kafkas_nothing_comes_before_its_hour(
    kafka: Kafka, topics: Names, settings: Settings, changed: City
) -> None:
    """The hour is the log's: nothing is published, and it stays announced."""
    await announce(settings, announced(changed.digest, "", now_ms() + 3_600_000, now_ms(), "olga"))

    with pytest.raises(ControlError, match="by Kafka's clock it is not"):
        await publish(settings, come(1, now_ms() + 3_600_000))

    now = await read_publications(settings)
    assert (now.active, now.announced and now.announced.number) == (None, 1)
    assert await pack_changes(kafka, topics) == {}


def test_a_control_zone_is_listed_and_lifted_at_a_terminal(topics: Names, settings: Settings, tmp_path: Path) -> None:
    """It holds again once what lifts it is ended; what is no zone of the city in force is refused."""
    zones = "area,category,from,to,owner,reason\nsouth-e,street-vendor,2026-05-01 08:00,2126-05-03 22:00,police,fair\n"
    city = changed_city(tmp_path / "city", FILES["responsibility.csv"], silences=zones)
    environment = settings.model_copy(update={"city": city}).environment() | {"COLUMNS": "200"}

    def paidan(*command: str) -> str:
        result = CliRunner().invoke(silence, command, env=environment)
        return f"{result.stdout}{result.exception or ''}"

    zone, why = "south-e street-vendor 2026-05-01T08:00", ("--owner", "police", "--comment", "called off")
    assert zone in paidan("list")
    assert "is no control zone of the city" in paidan("lift", "fair", *why)
    assert f"silence 1: active, lifts {zone}" in paidan("lift", zone, *why, "--by", "dora")
    assert f"lifts {zone}" in paidan("list")
    assert "silence 1: expired" in paidan("end", "1", "--by", "otto")


async def test_a_publication_that_cannot_be_had_is_overtaken_by_the_next(
    topics: Names, settings: Settings, city: Path, changed: City
) -> None:
    """What takes back a pack that nobody has any more, or comes in its place, is not waited for behind it."""
    own = load_city(city)
    cities = CityInForce(settings, Packs(settings, own))
    lost = "0" * len(own.digest)
    following = asyncio.create_task(cities.follow())

    async def missing() -> bool:
        return REGISTRY.get_sample_value("paidan_city_pack_missing") == 1

    async def at_hand() -> bool:
        return cities.is_ready and await missing() is False

    try:
        found = []
        for former, wanted in ((own, own), (own, changed)):
            await publish(settings, published(lost, former.digest, now_ms(), "somebody"))
            await eventually(missing, 10.0, "the pack that is lost")
            assert not cities.is_ready
            PackStore(settings.models_address).put(wanted)
            await publish(settings, published(wanted.digest, lost, now_ms(), "somebody"))
            await eventually(at_hand, 10.0, "the pack in force")
            found.append(cities.city)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    assert found == [own, changed]


async def test_when_the_calendar_in_force_ends_is_measured(topics: Names, settings: Settings, tmp_path: Path) -> None:
    """Whoever watches hears of it in time: a pack that has been in force for months nobody looks at."""
    own = load_city(changed_city(tmp_path / "city", FILES["responsibility.csv"]))
    further = tiny_files({"calendar.csv": FILES["calendar.csv"] + "2027-05-01,holiday,劳动节\n"})
    new = load_city(written(tmp_path / "new", further))
    cities = CityInForce(settings, Packs(settings, own))
    following = asyncio.create_task(cities.follow())

    def ends() -> str:
        return to_text(int((REGISTRY.get_sample_value("paidan_city_calendar_ends_seconds") or 0) * 1000))

    try:
        await cities.ready()
        before = ends()
        PackStore(settings.models_address).put(new)
        await publish(settings, published(new.digest, own.digest, now_ms(), "somebody"))
        await cities.changed(own)
        after = ends()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    assert (before, after) == ("2026-12-31T15:59:59.000Z", "2027-12-31T15:59:59.000Z")

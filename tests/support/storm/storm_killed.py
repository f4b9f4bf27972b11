"""The storm day over a real Kafka: `scripts/prove storm N K` takes N detections, kills intake and desk K times each.

The day is first decided in this process (`storm_day.py`). Then intake's process gets the same messages and is killed
(SIGKILL) in full flow: what it has written must be the same items, each once. The desk's process gets the inbox that
was decided here, at the day's own clocks, and is killed as well: facts, assignments and requests must be the same, one
by one and in their order, and so must rows and figures. Ends with 1 where anything differs.
"""

import asyncio
import operator
import os
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from itertools import compress
from pathlib import Path

import msgspec
from aiokafka import ConsumerRecord, TopicPartition
from msgspec.structs import replace

from dispatcher.figures.figure_row import decode as decode_figures
from dispatcher.partition import row_keys
from dispatcher.partition.state import Meta
from models.city import City, read_city
from models.events import UPDATE
from models.inbox import InboxUpdate, Item, Sighting, clock_headers, decode_items
from models.times import HOUR_MS, MINUTE_MS
from streams.kafka.clients import log_reader, started, writer
from streams.kafka.topics import Names, city_topics, create_topics
from streams.local.broker import LocalBroker
from streams.settings import Settings
from tests.support.cities import written
from tests.support.kafka import Kafka, Message, Role, Roles, eventually, own_settings
from tests.support.storm.storm_day import SEED, drawn, refuse_few
from tests.support.storm.storm_district import District, Tape
from tests.support.storm.storm_judged import Compared, compared, judged

# Kafka says when it has taken a message in: the day lies so far back that its last round is still in time, and messages
# of its first one are taken in up to a day later.
_BACK_MS = 23 * HOUR_MS + 24 * MINUTE_MS
_IN_TIME = "identity_detections_minutes = 1440.0\nfuture_tolerance_minutes = 60.0\n"
_PHASE = re.compile(r"streams\.stage\.tenure: (\w+)")
_TAIL_BYTES = 4_000
_MOST_SECONDS = 1_800
_QUIET = 20  # reads that bring nothing new, and a fifth of a second each
_WORKS = ("sending", "committing")  # when a process is killed: what it has begun must not be seen


class Trial:
    """One storm day and the Kafka over which it is played again."""

    def __init__(self, kafka: Kafka, folder: Path, pack: dict[str, bytes], tapes: list[Tape], kills: int) -> None:
        self.kafka, self.folder, self.tapes, self.kills = kafka, folder, tapes, kills
        self.partitions = len(tapes)
        self.city_folder = written(folder / "city", pack)
        self.city: City = read_city(pack)
        self.wrong: list[str] = []

    async def _settings(self, name: str) -> tuple[Settings, Names]:
        own = {"partitions": self.partitions, "city": self.city_folder, "log_level": "DEBUG"}
        settings = own_settings(self.kafka, self.folder / name, session_timeout_ms=3_000, **own)
        await create_topics(settings, city_topics(settings, self.city))
        return settings, Names(settings.namespace)

    async def _killed(self, settings: Settings, role: str, done: Callable[[], Awaitable[int]], total: int) -> None:
        """Run a role, kill it as often as is wanted on its way to `total`, and start it again, until `done` says that
        much and for a while nothing more."""
        roles, began, written = Roles(settings, self.folder), time.monotonic(), 0
        running = roles.start(role)
        weighed: dict[int, int] = {}  # tenths of the way to the MiB that are resident

        async def further() -> int:
            found = await done()
            weighed.setdefault(10 * min(found, total) // total, _resident(running))
            return found

        try:
            for n in range(1, self.kills + 1):
                while written < total * n // (self.kills + 1):
                    written = await further()
                phase = await eventually(partial(_struck, running), 60.0, f"{role} at work", every=0.003)
                print(f"{role} killed while {phase}, {written:,} of {total:,} read", flush=True)
                running = roles.start(role)
            while written < total:
                written = await further()
            print(f"{role}: {total:,} in {time.monotonic() - began:.0f} s", flush=True)
            print(f"{role}: MiB of memory by tenths of the day: {_by_tenths(weighed)}", flush=True)
            quiet = 0
            while quiet < _QUIET:  # what was doubled may come late
                before, written = written, await done()
                quiet = quiet + 1 if written == before else 0
        finally:
            roles.end()

    async def intake(self) -> None:
        """Intake's process gets what was taken in here."""
        settings, names = await self._settings("intake")
        records = [record for tape in self.tapes for record in tape.taken]
        expected = Counter[bytes]()
        for tape in self.tapes:
            for _, value in tape.inbox:
                expected.update(_plain(decode_items(value)))
        messages = [Message(each.value, None, each.headers) for each in records]
        updates = [("ce_type", UPDATE.encode()) in each.headers for each in records]
        await _write(self.kafka, names.updates, compress(messages, updates))
        await _write(self.kafka, names.detections, compress(messages, map(operator.not_, updates)))
        written: Counter[bytes] = Counter()
        async with _committed(self.kafka, (names.inbox, names.urgent), self.partitions) as news:

            async def done() -> int:
                for record in await news():
                    written.update(_plain(decode_items(record.value)))
                return written.total()

            await self._killed(settings, "intake", done, expected.total())
        self._equal("items that intake has lost", (expected - written).total(), 0)
        self._equal("items that intake has doubled or made", (written - expected).total(), 0)
        dead = await self.kafka.read_all(names.dead_letters)
        self._equal("dead letters", len(dead), 0)

    async def desk(self) -> None:
        """The desk's process gets the inbox that was decided here."""
        settings, names = await self._settings("desk")
        for number, tape in enumerate(self.tapes):
            inbox = (Message(value, b"", clock_headers(clock), number) for clock, value in tape.inbox)
            await _write(self.kafka, names.inbox, inbox)
        read = [0] * self.partitions  # records of the inbox that have taken effect
        async with _committed(self.kafka, (names.desk,), self.partitions) as news:

            async def done() -> int:
                for row in await news():
                    if row.key == row_keys.META.encode() and row.value is not None:
                        read[row.partition] = msgspec.json.decode(row.value, type=Meta).next_offset
                return sum(read)

            await self._killed(settings, "desk", done, sum(len(tape.inbox) for tape in self.tapes))
        written = await self.kafka.read_all(names.orders)
        for number, tape in enumerate(self.tapes):
            facts, here = [each.value for each in written if each.partition == number], tape.sent
            self._equal(f"facts of partition {number}", facts, [out.value for out in here if out.topic == "orders"])
        sent = Counter((out.topic, out.value) for tape in self.tapes for out in tape.sent if out.topic != "orders")
        topics = {f"assignments/{each}": names.assignments(each) for each in self.city.departments}
        for kind, topic in (topics | {"rechecks": names.rechecks}).items():
            found = Counter(each.value for each in await self.kafka.read_all(topic))
            self._equal(kind, found, Counter({value: n for (to, value), n in sent.items() if to == kind}))
        rows = {each.key.decode(): each.value for each in await self.kafka.read_all(names.desk)}
        orders = {key: row for tape in self.tapes for key, row in tape.rows.items() if row_keys.is_order(key)}
        self._equal("rows of orders", {key: row for key, row in rows.items() if row_keys.is_order(key)}, orders)
        booked = {(each.partition, each.key.decode()): each.value for each in await self.kafka.read_all(names.figures)}
        counters = {key: decode_figures(value).counters for key, value in booked.items()}
        expected = {(n, key): row.counters for n, tape in enumerate(self.tapes) for key, row in tape.figures.items()}
        self._equal("figures", counters, expected)
        print(f"{len(written):,} facts, {len(orders):,} orders, {len(expected):,} rows of figures compared", flush=True)

    def _equal(self, what: str, found: object, expected: object) -> None:
        if found != expected:
            if isinstance(found, Mapping) and isinstance(expected, Mapping):
                unlike = [key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)]
                found, expected = ({key: each.get(key) for key in unlike[:3]} for each in (found, expected))
            self.wrong.append(f"{what}: {str(found)[:300]} instead of {str(expected)[:300]}")


def _resident(role: Role) -> int:
    """MiB of a process's memory that are resident now; 0 where the machine does not say."""
    try:
        status = Path(f"/proc/{role.process.pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) // 1024 if found else 0


def _by_tenths(weighed: Mapping[int, int]) -> str:
    return ", ".join(f"{tenth}: {mib}" for tenth, mib in sorted(weighed.items()))


def _plain(items: Iterable[Item]) -> Iterator[bytes]:
    """Items without what depends on the run: when Kafka took an update in, and the key of its digest. Nothing of time
    and signs of life, of which intake tells the desk once in a while."""
    for item in items:
        if isinstance(item, InboxUpdate):
            yield msgspec.json.encode(replace(item, received=0, content=0))
        elif isinstance(item, Sighting):
            yield msgspec.json.encode(item)


async def _struck(role: Role) -> str | None:
    """Kill it if it is at work; what it was doing. It is frozen first, so that it is struck just there."""
    role.signal(signal.SIGSTOP)
    with role.log.open("rb") as log:
        log.seek(max(0, role.log.stat().st_size - _TAIL_BYTES))
        said = _PHASE.findall(log.read().decode(errors="replace"))
    if said and said[-1] in _WORKS:
        role.signal(signal.SIGKILL)
        return str(said[-1])
    role.signal(signal.SIGCONT)
    return None


async def _write(kafka: Kafka, topic: str, messages: Iterable[Message]) -> None:
    """Each once, and in this order."""
    async with started(writer(kafka.connection, enable_idempotence=True, linger_ms=5)) as producer:
        for m in messages:
            await producer.send(topic, m.value, m.key, m.partition, headers=list(m.headers))
        await producer.flush()


@asynccontextmanager
async def _committed(
    kafka: Kafka, topics: Iterable[str], partitions: int
) -> AsyncIterator[Callable[[], Awaitable[list[ConsumerRecord]]]]:
    """What reads all that is committed to these topics beyond what was read before."""
    async with started(log_reader(kafka.connection, isolation_level="read_committed")) as consumer:
        parts = [TopicPartition(topic, n) for topic in topics for n in range(partitions)]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)

        async def news() -> list[ConsumerRecord]:
            batches = (await consumer.getmany(timeout_ms=200)).values()
            return [record for batch in batches for record in batch]

        yield news


async def main(detections: int, kills: int, seed: int) -> int:
    """Say what it came to; 1 when something is wrong."""
    refuse_few(detections)
    print(f"TEST_SEED={seed}", flush=True)
    pack, districts = drawn(detections, seed)
    pack["city.toml"] += _IN_TIME.encode()
    city, begin = read_city(pack), int(time.time() * 1000) - _BACK_MS
    whole, tapes = Compared(), [Tape() for _ in districts]
    for number, sites in enumerate(districts.values()):
        whole.add(compared(District(city, number, sites, begin, tapes[number]).run()))
    wrong = judged(whole)
    print(f"{whole.detections:,} detections, {whole.opened:,} orders decided in this process", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        async with LocalBroker(Path(folder) / "kafka", quick=True) as broker:
            trial = Trial(Kafka(broker.bootstrap, broker), Path(folder), pack, tapes, kills)
            async with asyncio.timeout(_MOST_SECONDS):
                await trial.intake()
                await trial.desk()
    wrong += trial.wrong
    print(*wrong[:20], sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(os.environ.get("TEST_SEED") or SEED))))

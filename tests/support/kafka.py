"""What tests need of a real Kafka: write records, read topics to their end, wait for what must come, run roles."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from streams.kafka.clients import admin, follower, log_reader, started, writer
from streams.kafka.connection import Connection
from streams.kafka.log_reading import read_whole
from streams.local.broker import LocalBroker
from streams.local.children import signal_group, spawn
from streams.local.supervisor import base_environment
from streams.settings import Settings, load_settings
from tests.support.clusters.forked import FORKED, Forked, forks

Isolation = Literal["read_committed", "read_uncommitted"]
PERSONAL_KEY = "for these tests only"
# In tests that kill or freeze a process: the next one waits for the end of its session.
SHORT_SESSION_MS = 3_000
T = TypeVar("T")
_CRC_END = 21  # where the checksum of a record batch ends and what it covers begins
_BATCH_HEAD = 12  # its offset and the length of what follows
_CODEC, _ENDS_TRANSACTION = 0b111, 0b100000  # in its attributes


@dataclass(frozen=True, slots=True)
class Message:
    """A record to write. Without a partition the key decides, or chance."""

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None
    timestamp_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Kafka:
    """The cluster of this test run; `broker` is None when it is not ours (PAIDAN_KAFKA). `disks`: each of its nodes has
    one of its own."""

    bootstrap: str
    broker: LocalBroker | None = None
    disks: bool = False

    @property
    def connection(self) -> Connection:
        """What clients are built from."""
        return Connection(self.bootstrap)

    async def knows_groups(self) -> None:
        """Wait until it answers for groups, which a new one begins with when the first group is asked for."""
        async with started(admin(self.connection)) as client:

            async def knows() -> bool:
                with contextlib.suppress(GroupCoordinatorNotAvailableError):
                    await client.find_coordinator("tests")
                    return True
                return False

            await eventually(knows, what="an answer for groups")

    async def produce(
        self, topic: str, messages: Iterable[Message | bytes], compression: str | None = None
    ) -> list[tuple[int, int]]:
        """Write all messages and wait for them; (partition, offset) of each. Bare bytes are a value without a key."""
        async with started(writer(self.connection, compression_type=compression)) as producer:
            futures = []
            for each in messages:
                m = Message(each) if isinstance(each, bytes) else each
                futures.append(
                    await producer.send(
                        topic, m.value, m.key, m.partition, timestamp_ms=m.timestamp_ms, headers=list(m.headers)
                    )
                )
            return [(placed.partition, placed.offset) for placed in await asyncio.gather(*futures)]

    async def produce_raw_header(self, topic: str, messages: Sequence[Message], at: int, name: bytes) -> int:
        """Write one batch to partition 0; its record `at` gets a header of this name, any bytes; the record's offset.

        The client writes names as UTF-8 only: a name of as many letters is replaced in the finished batch.
        """
        async with started(writer(self.connection)) as producer:
            batch, place = producer.create_batch(), "~" * len(name)
            for n, m in enumerate(messages):
                headers = [*m.headers, *([(place, b"")] if n == at else [])]
                batch.append(timestamp=m.timestamp_ms, key=m.key, value=m.value, headers=headers)
            bytes_of = bytearray(batch._build())
            assert bytes_of.count(place.encode()) == 1
            body = bytes_of[_CRC_END:].replace(place.encode(), name)
            batch._buffer = bytes_of[: _CRC_END - 4] + calc_crc32c(body).to_bytes(4, "big") + body
            return int((await (await producer.send_batch(batch, topic, partition=0))).offset) + at

    async def produce_packed(self, topic: str, codec: int, *values: bytes) -> int:
        """Write one batch to partition 0, packed however long these are, by Kafka's number of the codec; the offset of
        the first."""
        packed = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 2**40)
        async with started(writer(self.connection)) as producer:
            batch = producer.create_batch()
            for n, value in enumerate(values):
                packed.append(n, timestamp=1, key=None, value=value, headers=[])
                batch.append(timestamp=1, key=None, value=b"")
            batch._build()
            batch._buffer = packed.build()
            return int((await (await producer.send_batch(batch, topic, partition=0))).offset)

    async def read_all(self, topic: str, isolation: Isolation = "read_committed") -> list[ConsumerRecord]:
        """All records now in the topic, by partition and offset."""
        async with self._reader(isolation) as consumer:
            records: list[ConsumerRecord] = []
            async for _, batch in read_whole(consumer, await self._partitions(consumer, topic)):
                records += batch
            return sorted(records, key=lambda record: (record.partition, record.offset))

    async def read_until(
        self,
        topic: str,
        enough: int | Callable[[list[ConsumerRecord]], bool],
        timeout: float = 30.0,
        isolation: Isolation = "read_committed",
    ) -> list[ConsumerRecord]:
        """Read from the first record on until there are so many, or until `enough(records)`; in order of arrival.

        Raises AssertionError when that takes more than `timeout` seconds.
        """
        done = enough if callable(enough) else lambda records: len(records) >= enough
        records: list[ConsumerRecord] = []
        following = follower(self.connection, isolation_level=isolation, auto_offset_reset="earliest")
        async with started(following) as consumer:
            consumer.assign(await self._partitions(consumer, topic))
            try:
                async with asyncio.timeout(timeout):
                    began, looked, asked = time.monotonic(), 0.0, -1
                    while True:
                        got = [each for some in (await consumer.getmany(timeout_ms=100)).values() for each in some]
                        records += got
                        # Each look is at all of them: while more comes it is no more than a fifth of the time.
                        start = time.monotonic()
                        if asked == len(records) or (got and looked > (start - began) / 5):
                            continue
                        if done(records):
                            break
                        asked, looked = len(records), looked + time.monotonic() - start
            except TimeoutError:
                raise AssertionError(f"{topic}: only {len(records)} records after {timeout:g} s") from None
        return records

    async def codecs(self, part: TopicPartition) -> list[int]:
        """How each batch of a partition is packed, by Kafka's number of the codec (0: not)."""
        async with self._reader("read_uncommitted") as consumer:
            await self._partitions(consumer, part.topic)
            leader = consumer._client.cluster.leader_for_partition(part)
            wanted = [(part.topic, [(part.partition, 0, 2**20)])]
            response = await consumer._client.send(leader, FetchRequest(0, 1, 2**20, 0, wanted))
        [(_, [(*_, batches)])] = response.topics
        found, at = [], 0
        while at < len(batches):
            attributes = int.from_bytes(batches[at + _CRC_END : at + _CRC_END + 2], "big")
            found += [] if attributes & _ENDS_TRANSACTION else [attributes & _CODEC]
            at += _BATCH_HEAD + int.from_bytes(batches[at + 8 : at + _BATCH_HEAD], "big")
        return found

    async def ended_past(self, part: TopicPartition, offset: int, timeout: float = 30.0) -> None:
        """Wait until something lies at this offset of the log, be it the marker with which a transaction ends.

        Raises AssertionError when that takes more than `timeout` seconds.
        """
        async with self._reader("read_uncommitted") as consumer:

            async def lies_there() -> bool:
                return bool((await consumer.end_offsets([part]))[part] > offset)

            await eventually(lies_there, timeout, f"offset {offset} of {part}")

    def _reader(self, isolation: Isolation) -> contextlib.AbstractAsyncContextManager[AIOKafkaConsumer]:
        return started(log_reader(self.connection, isolation_level=isolation, fetch_max_wait_ms=20))

    @staticmethod
    async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
        async def known() -> set[int] | None:
            await consumer._client.force_metadata_update()
            numbers: set[int] | None = consumer.partitions_for_topic(topic)
            return numbers

        consumer._client.add_topic(topic)
        found = await eventually(known, what=f"topic {topic}")
        return [TopicPartition(topic, number) for number in sorted(found)]


def own_settings(kafka: Kafka, data: Path, **own: Any) -> Settings:
    """Settings with a fresh namespace on the run's Kafka, tables in memory, and whatever else is given."""
    usual = {"kafka": kafka.bootstrap, "data": data, "tables_store": "memory", "personal_key": PERSONAL_KEY}
    return load_settings(**usual | {"namespace": f"t{uuid.uuid4().hex[:10]}"} | own)


async def eventually(
    check: Callable[[], Awaitable[T | None]], timeout: float = 60.0, what: str = "the condition", every: float = 0.05
) -> T:
    """The first true result of `check`. Raises AssertionError when there is none within `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            while not (result := await check()):
                await asyncio.sleep(every)
            return result
    except TimeoutError:
        raise AssertionError(f"{what} did not come true within {timeout:g} s") from None


async def is_well(client: httpx.AsyncClient, address: str) -> bool:
    """Whether an address answers, and that all is well; not while nobody listens."""
    try:
        return (await client.get(address)).status_code == 200
    except httpx.TransportError:
        return False


@dataclass(slots=True)
class Role:
    """A running role process; its output is in `log`."""

    name: str
    process: subprocess.Popen[bytes] | Forked
    log: Path

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal to it and its children, e.g. SIGKILL, SIGSTOP, SIGCONT."""
        signal_group(self.process, number)

    async def ended(self, timeout: float = 15.0) -> int:
        """Its exit code once it has ended (negative: the signal). Raises subprocess.TimeoutExpired."""
        return await asyncio.to_thread(self.process.wait, timeout)

    def said(self) -> str:
        """All it wrote so far."""
        return self.log.read_text(errors="replace")


@dataclass(slots=True)
class Roles:
    """Starts role processes with the settings of a test; none is left when the test ends."""

    settings: Settings
    folder: Path
    started: list[Role] = field(default_factory=list)

    def start(self, *command: str, **changes: str) -> Role:
        """Run `paidan COMMAND…`; `changes` are settings that differ, e.g. `metrics_port="9100"`."""
        if command[0] not in FORKED:
            return self.run([sys.executable, "-m", "streams.cli.main", *command], command[0], **changes)
        log = self._log(command[0])
        log.touch()  # what it says can be read at once, as of a process of its own
        return self._started(command[0], forks().start(command, self._environment(changes), log), log)

    def run(self, command: Sequence[str], name: str, **changes: str) -> Role:
        """Run any command with the test's settings in its environment."""
        log = self._log(name)
        with log.open("wb") as output:
            process = spawn(command, env=self._environment(changes), output=output)
        return self._started(name, process, log)

    def _log(self, name: str) -> Path:
        return self.folder / f"{len(self.started)}-{name}.log"

    def _environment(self, changes: Mapping[str, str]) -> dict[str, str]:
        own = {f"PAIDAN_{key.upper()}": value for key, value in changes.items()}
        return base_environment() | self.settings.environment() | own

    def _started(self, name: str, process: subprocess.Popen[bytes] | Forked, log: Path) -> Role:
        role = Role(name, process, log)
        self.started.append(role)
        return role

    def end(self) -> None:
        """End all of them with SIGKILL, stopped ones too; print what each said last: pytest shows it of a failure."""
        for role in self.started:
            role.signal(signal.SIGKILL)
            role.process.wait()
            print(f"--- {role.log.name}, code {role.process.returncode}", role.said()[-4_000:], sep="\n")

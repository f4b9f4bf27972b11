"""What the city's tables do not have, how often each has come: labels 未登记的告警标签, cameras 未登记的摄像头, and
algorithms that the row of a camera does not list.

So an official can give it a row.

Each partition's intake counts for itself since it took the partition up, and writes its counts beside what a batch
leads to, in the same transaction: a count is lost by no restart and raised by no batch that was aborted. The topic is
compacted by run and name, so it holds one record for each; whoever wants to know adds them up.
"""

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from aiokafka import TopicPartition

from models.city import City
from models.times import now_ms, to_text
from streams.intake.meanings import Unlisted
from streams.kafka.clients import log_reader, started
from streams.kafka.connection import Connection
from streams.kafka.kept_up import keep_up
from streams.kafka.log_reading import read_rows, read_to, read_whole, take_newest
from streams.kafka.sending import Send
from streams.kafka.topics import Names, check_shared
from streams.settings import Settings

MOST = 1_000  # labels, and cameras, that one run tells apart: an algorithm may say something new each time
OTHERS = Unlisted("…", "…", "…")
OTHER_CAMERAS = Unlisted(camera="…")
SHOWN = 20  # of them `/status` names
_EVERY_SECONDS = 10.0
_MOST_SERIES = 100
_series: set[Unlisted] = set()  # of this process's metrics


class UnlistedCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often a label or a camera has come that the city has not listed, and from when to when, RFC 3339."""

    vendor: str = ""
    algorithm: str = ""
    label: str = ""
    camera: str = ""
    count: int
    first: str
    last: str


def series(name: Unlisted) -> Unlisted:
    """Under which name a label counts in the metric: its own, or `other` when this process has a hundred already."""
    if name not in _series and len(_series) >= _MOST_SERIES:
        return Unlisted("other", "other", "other")
    _series.add(name)
    return name


class UnlistedTally:
    """The counts of one partition since it was taken up."""

    def __init__(self) -> None:
        self._run = uuid.uuid4().hex
        # Labels, and cameras (True): neither takes the other's room.
        self._counts: dict[bool, dict[Unlisted, UnlistedCount]] = {False: {}, True: {}}

    def raised(self, found: Mapping[Unlisted, int], now_ms: int) -> dict[Unlisted, UnlistedCount]:
        """What the counts become by what a batch has found at `now_ms`; they are not changed yet."""
        told, now = Counter[Unlisted](), to_text(now_ms)
        room = {is_camera: MOST - len(known) for is_camera, known in self._counts.items()}
        for name, count in found.items():
            is_camera = bool(name.camera)
            fresh = name not in self._counts[is_camera] and name not in told
            others = OTHER_CAMERAS if is_camera else OTHERS
            told[others if fresh and room[is_camera] <= 0 else name] += count
            room[is_camera] -= fresh
        after = {}
        for name, count in told.items():
            before = self._counts[bool(name.camera)].get(name)
            after[name] = UnlistedCount(
                vendor=name.vendor,
                algorithm=name.algorithm,
                label=name.label,
                camera=name.camera,
                count=count + (before.count if before else 0),
                first=before.first if before else now,
                last=now,
            )
        return after

    def sends(self, names: Names, counts: Mapping[Unlisted, UnlistedCount]) -> list[Send]:
        """The records that say so."""
        return [
            Send(
                names.unlisted,
                msgspec.json.encode((self._run, *msgspec.structs.astuple(name))),
                msgspec.json.encode(count),
                0,
            )
            for name, count in counts.items()
        ]

    def settle(self, counts: Mapping[Unlisted, UnlistedCount]) -> None:
        """These are committed."""
        for name, count in counts.items():
            self._counts[bool(name.camera)][name] = count


async def read_unlisted(settings: Settings, city: City) -> list[UnlistedCount]:
    """All that the city's table does not list by now, the most frequent first.

    Raises TopicError without the topic, KafkaError when the cluster fails.
    """
    topic = Names(settings.namespace).unlisted
    await check_shared(settings, topic)
    rows = await read_rows(Connection.of(settings), TopicPartition(topic, 0))
    return summed(rows.values(), city)


def summed(rows: Iterable[bytes], city: City) -> list[UnlistedCount]:
    """The counts of all runs, added up by name, without those that the city's tables have by now."""
    sums: dict[Unlisted, UnlistedCount] = {}
    for row in rows:
        one = msgspec.json.decode(row, type=UnlistedCount)
        name = Unlisted(one.vendor, one.algorithm, one.label, one.camera)
        if _has(city, name):
            continue
        before = sums.get(name)
        sums[name] = one if before is None else _together(before, one)
    return sorted(sums.values(), key=lambda each: (-each.count, each.camera, each.vendor, each.algorithm, each.label))


def _has(city: City, name: Unlisted) -> bool:
    if name.camera:
        return name.camera in city.cameras and (not name.algorithm or city.runs(name.camera, name.algorithm))
    return city.labels.find(name.vendor, name.algorithm, name.label) is not None


def _together(one: UnlistedCount, other: UnlistedCount) -> UnlistedCount:
    return msgspec.structs.replace(
        one,
        count=one.count + other.count,
        first=min(one.first, other.first),
        last=max(one.last, other.last),
    )


class LabelWatch:
    """Follows the counts while `run` runs, for the gateway; what `city` lists by now is left out. It belongs to no
    group."""

    def __init__(self, settings: Settings, city: City, every_seconds: float = _EVERY_SECONDS) -> None:
        self._connection, self.city, self._every = Connection.of(settings), city, every_seconds
        self._part = TopicPartition(Names(settings.namespace).unlisted, 0)
        self._section: Mapping[str, Any] | None = None

    def section(self) -> Mapping[str, Any] | None:
        """How many there are and the most frequent of them; None until the counts have been read."""
        return self._section

    async def run(self) -> None:
        """Follow until cancelled; when Kafka is away, begin again."""
        await keep_up("the counts of unlisted labels cannot be followed", self._every, self._follow)

    async def _follow(self) -> None:
        rows: dict[str, bytes] = {}
        async with started(log_reader(self._connection)) as consumer:
            async for _, records in read_whole(consumer, [self._part]):
                take_newest(rows, records)
            while True:
                self._show(rows)
                await asyncio.sleep(self._every)
                async for _, records in read_to(consumer, await consumer.end_offsets([self._part])):
                    take_newest(rows, records)

    def _show(self, rows: Mapping[str, bytes]) -> None:
        found = summed(rows.values(), self.city)
        labels, cameras = [each for each in found if not each.camera], [each for each in found if each.camera]
        self._section = {
            "as_of": to_text(now_ms()),
            "count": len(labels),
            "labels": msgspec.to_builtins(labels[:SHOWN]),
            "cameras": msgspec.to_builtins(cameras[:SHOWN]),
        }

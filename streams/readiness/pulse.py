"""The pulse of the system: whether Kafka answers, whether intake and desk live, and how far they are behind."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NoError, for_code

from streams import metrics
from streams.kafka.clients import admin, log_reader, started
from streams.kafka.connection import Connection
from streams.kafka.kept_up import keep_up
from streams.kafka.topics import Names
from streams.readiness.stage_lag import StageLag
from streams.settings import Settings

_EVERY_SECONDS = 2.0
_REQUEST_TIMEOUT_MS = 5_000
_MEGABYTE = 1_000_000


class Pulse:
    """Looks every two seconds while `run` runs, and keeps what it saw. It belongs to no group and reads no record."""

    def __init__(self, settings: Settings, departments: Iterable[str]) -> None:
        names = Names(settings.namespace)
        self._connection, self._data = Connection.of(settings), settings.data
        self._names, shared = names, range(settings.partitions)
        self._groups = {stage: names.group(stage) for stage in ("intake", "desk")}
        topics = (names.reports, names.detections, names.updates, names.units)
        self._of_all = [TopicPartition(topic, number) for topic in topics for number in shared]
        lanes = (names.inbox, names.urgent)
        self._inputs = {"desk": [TopicPartition(topic, number) for topic in lanes for number in shared]}
        self.look_at(departments)
        self._lags = {stage: StageLag() for stage in self._groups}
        self._members: dict[str, int] = {}
        self._answered: float | None = None
        self._began = time.monotonic()

    def look_at(self, departments: Iterable[str]) -> None:
        """The departments whose updates intake reads."""
        single = [self._names.above, *map(self._names.updates_of, departments)]
        own = [TopicPartition(topic, 0) for topic in single]
        self._inputs["intake"] = self._of_all + own

    async def run(self) -> None:
        """Look until cancelled; when Kafka is away, begin again."""
        await keep_up("Kafka cannot be asked how far intake and desk are", _EVERY_SECONDS, self._look_on)

    async def _look_on(self) -> None:
        brief: dict[str, Any] = {"request_timeout_ms": _REQUEST_TIMEOUT_MS}
        uncommitted = brief | {"isolation_level": "read_uncommitted"}
        async with (
            started(admin(self._connection, **brief), _EVERY_SECONDS) as client,
            started(log_reader(self._connection, **brief), _EVERY_SECONDS) as stable,
            started(log_reader(self._connection, **uncommitted), _EVERY_SECONDS) as written,
        ):
            while True:
                await self._look(client, stable, written)
                await asyncio.sleep(_EVERY_SECONDS)

    async def _look(self, client: AIOKafkaAdminClient, stable: AIOKafkaConsumer, written: AIOKafkaConsumer) -> None:
        for stage, group in self._groups.items():
            members = await _members(client, group)
            # In this order: what is committed was written before.
            committed = {tp: at.offset for tp, at in (await client.list_consumer_group_offsets(group)).items()}
            readable = await stable.end_offsets(self._inputs[stage])
            ends = await written.end_offsets(self._inputs[stage])
            self._members[stage] = members
            self._answered = now = time.monotonic()
            lag = self._lags[stage]
            lag.see(now, {tp: offset for tp, offset in committed.items() if tp in ends}, readable, ends)
            metrics.WAITING_RECORDS.labels(stage).set(lag.waiting)
            metrics.WAITING_SECONDS.labels(stage).set(lag.oldest(now))

    def figures(self) -> dict[str, float | None]:
        """What is known now, by the names of the checks. What Kafka has last said stays until it says something else:
        the first figure tells for how long."""
        now = time.monotonic()
        free = shutil.disk_usage(_existing(self._data)).free / _MEGABYTE
        if self._answered is None:
            return {"broker": now - self._began, "disk": free}
        found: dict[str, float | None] = {"broker": now - self._answered, "disk": free}
        for stage, lag in self._lags.items():
            found[f"{stage}-members"] = self._members.get(stage)
            found[f"{stage}-stalled"] = lag.stalled(now)
            found[f"{stage}-oldest"] = lag.oldest(now)
        found["open-transaction"] = max(lag.held(now) for lag in self._lags.values())
        return found

    def section(self) -> Mapping[str, Any] | None:
        """How intake and desk are, as `/status` shows it; None until Kafka has answered."""
        if self._answered is None:
            return None
        now = time.monotonic()
        return {
            stage: {
                "members": self._members.get(stage, 0),
                "waiting": lag.waiting,
                "oldest_seconds": round(lag.oldest(now), 1),
                "since_commit_seconds": None if (since := lag.since_commit(now)) is None else round(since, 1),
            }
            for stage, lag in self._lags.items()
        }


async def _members(client: AIOKafkaAdminClient, group: str) -> int:
    [answer] = await client.describe_consumer_groups([group])
    [described] = answer.groups
    if (error := for_code(described[0])) is not NoError:
        raise error(group)
    return len(described[5])


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    for place in (folder.absolute(), *folder.absolute().parents):
        with contextlib.suppress(OSError):  # of a name that no folder can have
            if place.exists():
                return place
    return Path("/")

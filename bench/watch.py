"""A reader of what becomes visible: how many sightings are decided, and how long after their intended time."""

import asyncio
import contextlib
import time
from typing import Any, Self

import msgspec

from dispatcher.figures.figure_row import decode, parse_key
from models.times import from_text
from streams.kafka.clients import follower
from streams.kafka.connection import Connection
from streams.kafka.topics import Names

SIGHTINGS = ("received", "detections", "suppressed", "duplicates")
COLUMNS = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))


class Watch:
    """Follows assignments (latency) and figure rows (counts), committed records only, from now on."""

    def __init__(self, bootstrap: str, names: Names) -> None:
        self.latencies: list[tuple[float, float]] = []
        self.last = 0.0
        self._rows: dict[str, int] = {}
        self._names = names
        self._changed = asyncio.Condition()
        self._consumer = follower(
            Connection(bootstrap),
            auto_offset_reset="earliest",
            fetch_max_wait_ms=10,
            metadata_max_age_ms=2_000,
        )

    @property
    def decided(self) -> int:
        """Sightings that the desk has booked."""
        return sum(self._rows.values())

    async def __aenter__(self) -> Self:
        namespace = self._names.namespace.replace(".", r"\.")
        self._consumer.subscribe(pattern=rf"^{namespace}\.(assignments\..*|figures)$")
        await self._consumer.start()
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._consumer.stop()

    async def reach(self, count: int, seconds: float) -> float:
        """Wait until so many are decided; when the last of them became visible. Raises TimeoutError."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: self.decided >= count)
        return self.last

    def percentiles(self, since: float) -> dict[str, float]:
        """Milliseconds from intended time to visible assignment, of those intended since a wall-clock time (s)."""
        values = sorted(latency for intended, latency in self.latencies if intended >= since)
        if not values:
            return {name: float("nan") for name, _ in COLUMNS}
        return {name: round(values[int(q * (len(values) - 1))], 1) for name, q in COLUMNS}

    async def _follow(self) -> None:
        while True:
            batches = await self._consumer.getmany(timeout_ms=100)
            now = time.time()
            for tp, records in batches.items():
                if tp.topic == self._names.figures:
                    self._count(records, now)
                else:
                    self._time(records, now)
            async with self._changed:
                self._changed.notify_all()

    def _count(self, records: list[Any], now: float) -> None:
        for record in records:
            key = record.key.decode()
            dimension, _, _, _ = parse_key(key)
            if dimension == "area":
                counters = decode(record.value).counters
                self._rows[key] = sum(counters.get(name, 0) for name in SIGHTINGS)
                self.last = now

    def _time(self, records: list[Any], now: float) -> None:
        for record in records:
            data = msgspec.json.decode(record.value)
            if "evidence" in data:
                if data["role"] != "lead":
                    continue
                intended = from_text(data["evidence"][0]["at"]) / 1000
            else:
                intended = from_text(data["time"]) / 1000
                self._rows[f"{record.topic}/{record.partition}/{record.offset}"] = 1
            self.last = now
            self.latencies.append((intended, (now - intended) * 1000))

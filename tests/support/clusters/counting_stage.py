"""A small stage for the tests of the stage: it counts records per key and says each new count.

Run as a process: `python -m tests.support.clusters.counting_stage BOOTSTRAP NAMESPACE`. Input `<ns>.in`, output
`<ns>.out`, changelog `<ns>.log`. A record with the value `too-long` makes a send fail inside the transaction, `no-key`
writes a null key to the compacted changelog, `raise` raises in the core, `slow` outlives the transaction.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka import ConsumerRecord, TopicPartition

from streams.kafka.connection import Connection
from streams.kafka.sending import Send
from streams.stage.processing import StageError, StageOptions
from streams.stage.stage import Stage


@dataclass(frozen=True, slots=True)
class Counted:
    """The new counts of a batch and what to say of them."""

    sends: list[Send]
    counts: dict[str, int]
    next_offset: int


@dataclass
class Counting:
    """Counts per key of one partition; `loads` says how often it was restored."""

    namespace: str
    partition: int
    counts: dict[str, int] = field(default_factory=dict)
    loads: int = 0
    transaction_timeout_ms: int = 10_000
    due_at: int | None = None
    ticks: int = 0

    urgent_offset = 0
    lookout = None
    patient = False

    @property
    def changelogs(self) -> tuple[str, ...]:
        return (f"{self.namespace}.log",)

    def held(self, key: str, row: bytes) -> bytes:
        return row

    async def load(self, rows: Mapping[str, list[tuple[str, bytes]]]) -> int | None:
        self.loads += 1
        table = {key: json.loads(value) for key, value in rows[f"{self.namespace}.log"]}
        offset: int | None = table.pop("meta", None)
        self.counts = table
        return offset

    async def decide(self, records: Sequence[ConsumerRecord]) -> Counted:
        counts: dict[str, int] = {}
        sends: list[Send] = []
        log = f"{self.namespace}.log"
        for record in records:
            key = record.key.decode()
            said = record.value.decode()
            if said == "raise":
                raise RuntimeError("the core raised")
            if said == "tick":
                self.ticks += 1
                self.due_at = None
                continue
            if said == "too-long":
                sends.append(Send(log, b"long", b"x" * 200_000, self.partition))
            if said == "no-key":
                sends.append(Send(log, None, b"1", self.partition))
            counts[key] = counts.get(key, self.counts.get(key, 0)) + 1
            sends.append(Send(f"{self.namespace}.out", record.key, json.dumps([said, counts[key]]).encode()))
        for key, count in counts.items():
            sends.append(Send(log, key.encode(), json.dumps(count).encode(), self.partition))
        sends.append(Send(log, b"meta", json.dumps(records[-1].offset + 1).encode(), self.partition))
        return Counted(sends, counts, records[-1].offset + 1)

    def settle(self, step: Counted) -> None:
        self.counts.update(step.counts)

    def due(self) -> int | None:
        return self.due_at

    def ticked(self, at: int) -> None:
        """Nothing hangs on it."""

    def tick(self) -> Send:
        return Send(f"{self.namespace}.in", b"tick", b"tick", self.partition)


def options(bootstrap: str, namespace: str, **more: int | float) -> StageOptions:
    """Options of the counting stage, with quick failures."""
    return StageOptions(Connection(bootstrap), f"{namespace}-count", f"{namespace}.claims", **{"backoff": 0.01, **more})  # type: ignore[arg-type]


async def main(bootstrap: str, namespace: str) -> None:
    """Count until killed; exit 70 when the stage says so."""

    def open_processor(tp: TopicPartition) -> Counting:
        return Counting(namespace, tp.partition)

    stage: Stage[Counted] = Stage(options(bootstrap, namespace), [f"{namespace}.in"], open_processor)
    try:
        await stage.run()
    except StageError as error:
        print(f"{time.time():.3f} {error}", file=sys.stderr, flush=True)
        os._exit(70)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))

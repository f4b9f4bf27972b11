"""A file of events through `paidan history` on a Kafka, decided by desks, audited: how long each takes."""

import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from bench.rig import PARTITIONS, Rig, wait_for
from models.city import City
from streams.audit.recompute import Audited, audit
from streams.kafka.backlog import Backlog

LONGEST_S = 3600.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """Seconds of wall time until all was written, until all was decided, and of the audit; processor seconds of the
    desks and of who wrote; the most memory of a desk, MiB; what the audit found."""

    written: float
    decided: float
    auditing: float
    desk_cpu: float
    history_cpu: float
    desk_mib: float
    audited: list[Audited]

    @property
    def differences(self) -> list[str]:
        """What the audit found, each difference as a sentence."""
        return [str(each) for part in self.audited for each in part.differences]

    def measured(self) -> dict[str, float]:
        """How long it took and what it used, by name."""
        return {
            "seconds": self.decided,
            "written_after_seconds": self.written,
            "history_cpu_seconds": self.history_cpu,
            "desk_cpu_seconds": self.desk_cpu,
            "desk_peak_mib": self.desk_mib,
            "audit_seconds": self.auditing,
        }


async def replayed(rig: Rig, city: City, desks: int, *replay: str) -> Replayed:
    """Replay with these arguments of `paidan history`; all is ended. Exits with a sentence when one fails."""
    try:
        started = time.monotonic()
        names = [f"desk-{number}" for number in range(desks)]
        for number in range(desks):
            rig.role("desk", number)
        before = os.times()
        history = rig.start("history", "streams.cli.main", "history", *replay)
        await asyncio.to_thread(wait_for, history, LONGEST_S)
        after = os.times()
        if history.returncode:
            sys.exit("the history could not be written")
        written = time.monotonic() - started
        await _decided(rig)
        seconds = time.monotonic() - started
        desk_cpu, desk_mib = rig.cpu_seconds(*names), max(map(rig.peak_mib, names))
        auditing = time.monotonic()
        audited = await audit(rig.settings, city)
        # Only the one that wrote has ended meanwhile.
        used = after.children_user + after.children_system - before.children_user - before.children_system
        return Replayed(written, seconds, time.monotonic() - auditing, desk_cpu, used, desk_mib, audited)
    finally:
        rig.stop()


def tell(desks: int, measured: Mapping[str, float], wrong: Sequence[str]) -> NoReturn:
    """Print what was measured and the first of all differences; ends with 1 when there is any."""
    print(f"{desks} desks, one Kafka, {PARTITIONS} partitions, {os.cpu_count()} cores")
    for name, value in measured.items():
        print(f"{name:24}{value:14,.1f}")
    for sentence in wrong[:20]:
        print(sentence)
    sys.exit(1 if wrong else 0)


async def _decided(rig: Rig) -> None:
    """Return when the desk has decided all of the inbox."""
    async with Backlog(rig.settings) as backlog:
        while await backlog.measure() != 0:
            if any(process.poll() is not None for name, process in rig.processes.items() if name.startswith("desk")):
                sys.exit("a desk has ended")
            await asyncio.sleep(0.2)

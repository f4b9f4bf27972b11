"""Faults of single brokers of a cluster of three: killed, frozen, without room on their disk, or the leader lost."""

import asyncio
import errno
import os
import random
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from streams.kafka.clients import admin, started
from streams.kafka.connection import Connection
from streams.local.broker import BrokerError, LocalBroker
from tests.support.kafka import eventually

NODES = (1, 2, 3)
_DISK = "3000m"  # a hundred faults fill a third of it
_SHOWN = 4_000  # of each broker's log, when all is over
_FILLER = "filler"
_PIECE = 1 << 20
_STARTS = 3  # a service manager tries as often
_AWAY_S = (2.0, 6.0)  # so long a broker is gone: shorter and longer than others take to see it


class BrokersStruck:
    """Strikes one broker at a time, and has it back before the next; `topic` is the one whose leader is lost.

    `kinds` are the faults that can be had here: a disk is filled where it is one of its own.
    """

    def __init__(self, broker: LocalBroker, folder: Path, topic: str, *, disks: bool) -> None:
        self._broker, self._folder, self._topic = broker, folder, topic
        self.kinds = ("killed", "frozen", "leader-lost", *(("disk-full",) if disks else ()))

    async def strike(self, kind: str, chance: random.Random) -> str:
        """One fault; what was struck, when the broker is back."""
        node = chance.choice(NODES)
        if kind == "leader-lost":
            node = await self._leader(chance)
        away = chance.uniform(*_AWAY_S)
        if kind == "frozen":
            self._broker.signal(node, signal.SIGSTOP)
            await asyncio.sleep(away)
            self._broker.signal(node, signal.SIGCONT)
        else:
            if kind == "disk-full":
                await self._full(node)
            await self._broker.kill(node)
            await asyncio.sleep(away)
            await self._revive(node)
        await eventually(self._in_sync, 60, "replicas in sync", every=0.2)
        return f"{kind} broker-{node} {away:.1f}s"

    async def _revive(self, node: int) -> None:
        """Start a broker; one that ends by itself meanwhile is started again, as a service manager does: Kafka's
        reading of its metadata may meet a segment that was removed a moment ago, and ends the process."""
        for left in reversed(range(_STARTS)):
            try:
                await self._broker.revive(node)
                return
            except BrokerError as error:
                if not (left and self._broker.ended):
                    raise
                node = self._broker.ended[0]
                print(f"broker-{node} ended by itself, and is started again: {error}", flush=True)
                await self._broker.kill(node)

    async def _leader(self, chance: random.Random) -> int:
        async with started(admin(Connection(self._broker.bootstrap))) as client:
            [described] = await client.describe_topics([self._topic])
        return int(chance.choice(described["partitions"])["leader"])

    async def _in_sync(self) -> bool:
        """Whether every broker has all of the topic again: before that another fault would leave it with one."""
        async with started(admin(Connection(self._broker.bootstrap))) as client:
            [described] = await client.describe_topics([self._topic])
        return all(len(each["isr"]) == len(NODES) for each in described["partitions"])

    async def _full(self, node: int) -> None:
        """Fill a broker's disk until it ends by itself, as it does without its only folder."""
        filler = self._folder / f"node-{node}" / _FILLER
        try:
            with filler.open("wb", buffering=0) as out:
                while True:
                    out.write(bytes(_PIECE))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

        async def ended() -> bool:
            return not self._broker.running

        try:
            await eventually(ended, 60, "the end of a broker whose disk is full", every=0.2)
        finally:
            filler.unlink()


@asynccontextmanager
async def three_brokers(folder: Path) -> AsyncIterator[tuple[LocalBroker, bool]]:
    """A cluster of three, and whether each has a disk of its own, which only root can give it."""
    disks = os.geteuid() == 0
    homes = [folder / f"node-{node}" for node in NODES]
    mounted = []
    try:
        for home in homes if disks else ():
            home.mkdir(parents=True)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(home)], check=True)
            mounted.append(home)
        async with LocalBroker(folder, nodes=len(NODES), heap="400m") as broker:
            yield broker, disks
    finally:
        for home in homes:
            if (log := home / "kafka.log").exists():
                print(f"--- {home.name}\n{log.read_text(errors='replace')[-_SHOWN:]}")
        for home in mounted:
            subprocess.run(["umount", "--lazy", str(home)], check=True)

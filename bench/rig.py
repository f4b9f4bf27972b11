"""A local Kafka with roles on it, and what they cost: processes, CPU seconds, memory."""

import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

from streams.kafka.topics import Names, all_topics, create_topics
from streams.local.children import spawn
from streams.settings import DEMO_CITY, Settings, load_settings

TICKS = os.sysconf("SC_CLK_TCK")
PARTITIONS = 4


class Rig:
    """Processes over one Kafka, in a namespace of their own."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.settings: Settings = load_settings(
            kafka=bootstrap, namespace=f"bench-{uuid.uuid4().hex[:6]}", data=folder, partitions=PARTITIONS
        )
        self.names = Names(self.settings.namespace)
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    async def create(self, departments: list[str]) -> None:
        """Create the topics of the namespace."""
        await create_topics(self.settings, all_topics(self.settings, departments))

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """`python -m COMMAND…` with the rig's settings; what it says is in `<name>.log`."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PAIDAN_")}
        log = (self.folder / f"{self.settings.namespace}-{name}.log").open("wb")
        process = spawn([sys.executable, "-m", *command], env=clean | self.settings.environment(), output=log)
        self.processes[name] = process
        return process

    def role(self, role: str, number: int = 0) -> subprocess.Popen[bytes]:
        """A role of Paidan."""
        return self.start(f"{role}-{number}", "streams.cli.main", role)

    def load(self, kind: str, rate: float, seconds: float, seed: int) -> subprocess.Popen[bytes]:
        """A load generator on the topic of its kind."""
        topic = self.names.detections if kind == "detections" else self.names.reports
        options = ["--kind", kind, "--rate", str(rate), "--seconds", str(seconds), "--seed", str(seed)]
        city = ["--city", str(DEMO_CITY)]
        return self.start(f"load-{seed}", "bench.load", self.settings.bootstrap, topic, *city, *options)

    def cpu_seconds(self, *names: str) -> float:
        """User and system time that these processes have used."""
        total = 0
        for name in names:
            fields = Path(f"/proc/{self.processes[name].pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def peak_mib(self, name: str) -> float:
        """The most memory that a process has had, MiB."""
        status = Path(f"/proc/{self.processes[name].pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) / 1024

    def stop(self) -> None:
        """End all processes."""
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.processes.clear()


def wait_for(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for a process to end. Raises subprocess.TimeoutExpired."""
    process.wait(seconds)


def now_ms() -> float:
    """The wall clock, milliseconds UTC."""
    return time.time() * 1000

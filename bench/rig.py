"""A local Kafka with roles on it, and what they cost: processes, CPU seconds, memory."""

import os
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.calm_city import write_calm_city
from bench.processor_time import cpu_seconds, peak_mib
from models.city import City
from streams.addresses import LOOPBACK_HOST
from streams.kafka.topics import Names, all_topics, create_topics
from streams.local.children import spawn
from streams.local.ports import free_ports
from streams.settings import Settings, load_settings

PARTITIONS = 4
# What measures and the rivals have packages of their own, so that what is measured runs with those it is shipped with.
BENCH_PYTHON = Path(__file__).parents[1] / ".venv-bench" / "bin" / "python"


class Rig:
    """Processes over one Kafka, in a namespace of their own; `changes` are settings by name. The city is the demo city
    without storms where they name no other."""

    def __init__(self, bootstrap: str, folder: Path, **changes: Any) -> None:
        gateway, tables = free_ports(2)
        calm = folder / "calm-city"
        if not calm.exists():
            write_calm_city(calm)
        given = {
            "kafka": bootstrap,
            "personal_key": "for the bench only",
            "namespace": f"bench-{uuid.uuid4().hex[:6]}",
            "data": folder,
            "city": calm,
            "partitions": PARTITIONS,
            "gateway_port": gateway,
            "tables_port": tables,
            "tables_workers": (f"{LOOPBACK_HOST}:{tables}",),
        }
        self.settings: Settings = load_settings(**(given | changes))
        self.names = Names(self.settings.namespace)
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    async def create(self, city: City, *further: str) -> None:
        """Create the topics of a city in the namespace, those of further departments too."""
        departments = (*city.departments, *further)
        await create_topics(self.settings, all_topics(self.settings, departments, city.units.by_id, city.hubs))

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """`python -m COMMAND…` with the rig's settings; what it says is in `log(name)`."""
        return self._start(name, sys.executable, command)

    def measuring(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """As `start`, with the packages that measuring and the rivals need."""
        return self._start(name, str(BENCH_PYTHON), command)

    def _start(self, name: str, python: str, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PAIDAN_")}
        with self.log(name).open("wb") as log:
            process = spawn([python, "-m", *command], env=clean | self.settings.environment(), output=log)
        self.processes[name] = process
        return process

    def log(self, name: str) -> Path:
        """What a process says."""
        return self.folder / f"{self.settings.namespace}-{name}.log"

    def role(self, role: str, number: int = 0) -> subprocess.Popen[bytes]:
        """A role of Paidan."""
        return self.start(f"{role}-{number}", "streams.cli.main", role)

    def cpu(self) -> Mapping[str, float]:
        """User and system time that each process has used that runs, in seconds."""
        return {name: cpu_seconds(process.pid) for name, process in self.processes.items() if process.poll() is None}

    def cpu_seconds(self, *names: str) -> float:
        """User and system time that these processes have used."""
        return sum(cpu_seconds(self.processes[name].pid) for name in names)

    def peak_mib(self, name: str) -> float:
        """The most memory that a process has had, MiB."""
        return peak_mib(self.processes[name].pid)

    def end(self, name: str) -> None:
        """End one process at once."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End all processes."""
        for name in list(self.processes):
            self.end(name)


def wait_for(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for a process to end. Raises subprocess.TimeoutExpired."""
    process.wait(seconds)

"""A real Apache Kafka on this machine: broker and controller in one process, on loopback, with a folder of its own.

It is a child of the process that starts it and never outlives it. With three nodes it is a cluster on which single
brokers can be killed.
"""

import asyncio
import shutil
import signal
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from aiokafka.errors import KafkaError
from filelock import FileLock, Timeout

from models.errors import PaidanError
from streams.addresses import answers
from streams.kafka.clients import admin, started
from streams.kafka.connection import Connection
from streams.local.broker_properties import DATA_FOLDER, HOST, server_properties
from streams.local.children import java_environment, signal_group, spawn
from streams.local.jars import fetch_jars, kafka_jars
from streams.local.ports import can_listen, free_ports
from streams.settings import ADDRESS_FILE

_READY_TIMEOUT_S = 240.0  # of a Java that runs: on a busy machine it takes minutes to start
_STOP_TIMEOUT_S = 3.0
_WATCH_SECONDS = 0.5
_PORT_TRIES = 5
_ROOM_BYTES = 16 * 1024 * 1024  # with less Kafka cannot even begin a segment in each of a city's partitions
# How Java compiles and collects: for a full load, and for a short life beside others on few cores.
_STEADY = ("-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")
_QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


class BrokerError(PaidanError):
    """The local broker could not be started or did not stay up."""


class LocalBroker:
    """`async with LocalBroker(folder) as broker:` gives a Kafka that answers at `broker.bootstrap`.

    What it holds stays in `folder` and is there again the next time. `port` 0 chooses a free one, which a later
    `start` of the same object takes again. `quick` starts at half of the CPU time and is slower at full load: for
    tests and demonstrations. `more` are further lines of each node's configuration, in which `{client}` and
    `{controller}` stand for its ports; `format_options` go to the tool that formats its log once (users of SCRAM),
    `java_options` to Java.
    Start it from the main thread.
    """

    def __init__(
        self,
        folder: Path,
        *,
        nodes: int = 1,
        port: int = 0,
        heap: str = "512m",
        quick: bool = False,
        more: str = "",
        format_options: Sequence[str] = (),
        java_options: Sequence[str] = (),
    ) -> None:
        self._folder = folder.resolve()
        self._nodes = range(1, nodes + 1)
        self._fixed_port = port
        self._heap = heap
        self._more, self._format_options = more, format_options
        self._java_options = [*(_QUICK if quick else _STEADY), *java_options]
        self._ports: dict[int, tuple[int, int]] = {}
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        # Held until `stop`, or until this process ends.
        self._lock = FileLock(self._folder / "lock", thread_local=False)

    @property
    def bootstrap(self) -> str:
        """The addresses of all nodes as `host:port,host:port`; known once started."""
        return ",".join(f"{HOST}:{client}" for client, _ in self._ports.values())

    @property
    def pids(self) -> dict[int, int]:
        """Node number (from 1) to process id."""
        return {node: process.pid for node, process in self._processes.items()}

    @property
    def running(self) -> bool:
        """Whether every node's process is alive."""
        return bool(self._processes) and all(process.poll() is None for process in self._processes.values())

    @property
    def ended(self) -> tuple[int, ...]:
        """The nodes whose process has ended by itself."""
        return tuple(node for node, process in self._processes.items() if process.poll() is not None)

    @property
    def _address_file(self) -> Path:
        return self._folder / ADDRESS_FILE

    async def start(self) -> None:
        """Start and wait until it answers. Raises BrokerError with the reason and what to do."""
        if shutil.which("java") is None:
            raise BrokerError(
                "Java 17 or newer is needed to run Kafka: run scripts/setup, install it (Debian: apt-get install "
                "default-jre-headless), or set PAIDAN_KAFKA=host:port to use a cluster you have"
            )
        jars = await fetch_jars()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._take_folder()
        try:
            for attempt in range(1, _PORT_TRIES + 1):
                self._choose_ports()
                for node in self._nodes:
                    await self._prepare(node, jars)
                    self._launch(node, jars)
                if await self._answers():
                    self._address_file.write_text(self.bootstrap)
                    return
                reason = self._reason()
                await self._end_processes(signal.SIGKILL)
                if "Address already in use" not in reason or self._fixed_port or attempt == _PORT_TRIES:
                    raise BrokerError(f"the local Kafka did not start: {reason} (log: {self._log_file(1)})")
                self._ports.clear()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop it and keep its data; nothing to do when it is not running."""
        if self._lock.is_locked:
            self._address_file.unlink(missing_ok=True)
        await self._end_processes(signal.SIGTERM)
        self._lock.release()

    async def watch(self) -> None:
        """Wait for ever; raises BrokerError when a node ends that nobody has stopped."""
        while self.running:
            await asyncio.sleep(_WATCH_SECONDS)
        codes = [code for process in self._processes.values() if (code := process.poll()) is not None]
        ended = codes[0] if codes else "unknown"
        raise BrokerError(
            f"the local Kafka has ended by itself (code {ended}); {self._room()}start again, what it held is kept "
            f"(log: {self._log_file(1)})"
        )

    async def kill(self, node: int = 1) -> None:
        """End one node at once with SIGKILL, as a power cut would."""
        process = self._processes.pop(node)
        signal_group(process, signal.SIGKILL)
        await asyncio.to_thread(process.wait)

    def signal(self, node: int, number: int) -> None:
        """Send a signal to one node, such as SIGSTOP: a machine that hangs."""
        signal_group(self._processes[node], number)

    async def revive(self, node: int = 1) -> None:
        """Start a killed node again on its data and ports, and wait until the cluster answers."""
        self._launch(node, kafka_jars())
        if not await self._answers():
            raise BrokerError(f"node {node} did not come back: {self._reason()}")

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _take_folder(self) -> None:
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise BrokerError(
                f"another process runs a broker in {self._folder}: stop it, or choose another PAIDAN_DATA"
            ) from None

    def _choose_ports(self) -> None:
        if self._ports:
            return  # the same as the last time
        count = len(self._nodes)
        if self._fixed_port:
            clients = list(range(self._fixed_port, self._fixed_port + count))
            if taken := [port for port in clients if not can_listen(HOST, port)]:
                raise BrokerError(f"port {taken[0]} cannot be used for the local Kafka: somebody listens there")
            controllers = free_ports(count)
        else:
            clients, controllers = (ports := free_ports(2 * count))[:count], ports[count:]
        self._ports = dict(zip(self._nodes, zip(clients, controllers, strict=True), strict=True))

    async def _prepare(self, node: int, jars: Path) -> None:
        """Write the node's configuration, and format its log once."""
        home = self._folder / f"node-{node}"
        home.mkdir(exist_ok=True)
        (home / "server.properties").write_text(self._properties(node))
        if (home / DATA_FOLDER / "meta.properties").exists():
            return
        # Joined by "=": an id may begin with a dash.
        cluster = f"--cluster-id={self._cluster_id()}"
        tool = [
            "kafka.tools.StorageTool",
            "format",
            cluster,
            "-c",
            str(home / "server.properties"),
            *self._format_options,
        ]
        formatting = await asyncio.create_subprocess_exec(
            *self._java(jars, node, "128m"),
            *tool,
            env=java_environment(),
            cwd=home,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches this process alone
        )
        try:
            said, _ = await formatting.communicate()
        finally:
            if formatting.returncode is None:
                formatting.kill()
                await formatting.wait()
        if formatting.returncode != 0:
            raise BrokerError(f"Kafka could not format {home / DATA_FOLDER}: {said.decode(errors='replace').strip()}")

    def _properties(self, node: int) -> str:
        client, controller = self._ports[node]
        return server_properties(node, self._ports) + self._more.format(client=client, controller=controller)

    def _cluster_id(self) -> str:
        kept = self._folder / "cluster-id"
        if not kept.exists():
            kept.write_text(urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="))
        return kept.read_text()

    def _java(self, jars: Path, node: int, heap: str) -> list[str]:
        return [
            "java",
            f"-Xmx{heap}",
            *self._java_options,
            "-Djava.awt.headless=true",
            "-Dlog4j2.loggerContextFactory=org.apache.logging.log4j.simple.SimpleLoggerContextFactory",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            f"-Dorg.slf4j.simpleLogger.logFile={self._log_file(node)}",
            "-cp",
            f"{jars.resolve()}/*",
        ]

    def _launch(self, node: int, jars: Path) -> None:
        home = self._folder / f"node-{node}"
        self._log_file(node).unlink(missing_ok=True)
        with (home / "output.log").open("wb") as output:
            self._processes[node] = spawn(
                [*self._java(jars, node, self._heap), "kafka.Kafka", str(home / "server.properties")],
                env=java_environment(),
                cwd=home,
                output=output,
            )

    async def _answers(self) -> bool:
        """True once every node is part of a cluster that answers; False when a process ended or time ran out."""
        deadline = asyncio.get_running_loop().time() + _READY_TIMEOUT_S
        while self.running and asyncio.get_running_loop().time() < deadline:
            if all(answers(HOST, client) for client, _ in self._ports.values()) and await self._brokers_up():
                return True
            await asyncio.sleep(0.1)
        return False

    async def _brokers_up(self) -> bool:
        try:
            async with started(admin(Connection(self.bootstrap), request_timeout_ms=5000)) as client:
                cluster = await client.describe_cluster()
        except KafkaError:  # not yet: the caller asks again
            return False
        return len(cluster["brokers"]) == len(self._nodes)

    async def _end_processes(self, number: int) -> None:
        ending, self._processes = list(self._processes.values()), {}
        for process in ending:
            signal_group(process, number)
        for process in ending:
            try:
                await asyncio.to_thread(process.wait, _STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                signal_group(process, signal.SIGKILL)
                await asyncio.to_thread(process.wait)

    def _log_file(self, node: int) -> Path:
        return self._folder / f"node-{node}" / "kafka.log"

    def _room(self) -> str:
        """What is to be done first where the disk is full: Kafka ends then, and says so in a line among hundreds."""
        try:
            full = shutil.disk_usage(self._folder).free < _ROOM_BYTES
        except OSError:  # somebody has removed the folder: that is no lack of room
            return ""
        return f"the disk of {self._folder} is full: make room, then " if full else ""

    def _reason(self) -> str:
        """Why a node failed: the disk, or the line of its own output that says it best."""
        if room := self._room():
            return f"{room}start again"
        lines: list[str] = []
        for node in self._nodes:
            for file in (self._log_file(node), self._folder / f"node-{node}" / "output.log"):
                if file.exists():
                    lines += file.read_text(errors="replace").splitlines()
        telling: Sequence[str] = [line for line in lines if "Address already in use" in line]
        telling = telling or [line for line in lines if "ERROR" in line or "Exception" in line] or lines
        return telling[0].strip() if telling else f"no answer within {_READY_TIMEOUT_S:.0f} s"

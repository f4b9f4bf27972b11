"""The things that are measured, one function each, on a broker that runs."""

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from bench.end_to_end.asker import Asked
from bench.end_to_end.measured import Backlog, Beside, Step, Takeover, WarmUp
from bench.end_to_end.rivals import RIVALS
from bench.end_to_end.watch import Watch, latencies, quantiles
from bench.loads import KINDS
from bench.processor_time import CompilerWatch, cpu_seconds
from bench.rig import Rig, wait_for
from models.city import load_city
from models.classifier.serving.model_path import SHIPPED

# A system that is still busy so long after the last event has fallen behind: it would not have held the rate for ever.
LATE_SECONDS = 1.0
# The compiler rests when it takes less than this share of a core in two windows one after the other.
REST_SHARE = 0.05
WINDOW_SECONDS = 10.0
ASKS_PER_SECOND = 20.0
FRESHNESS = "paidan_tables_fresh_seconds"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where it answers, its process, and a folder for what runs on it."""

    bootstrap: str
    pid: int
    folder: Path


class Generator:
    """A load generator at work. It says when it begins and what it sent."""

    def __init__(self, rig: Rig, kind: str, rate: float, count: int, seed: int) -> None:
        topic = rig.names.reports if kind == "reports" else rig.names.detections
        options = ["--kind", kind, "--rate", str(rate), "--count", str(count), "--seed", str(seed)]
        command = ("bench.end_to_end.load", topic, "--city", str(rig.settings.city), *options)
        self._rig, self._name = rig, f"load-{seed}"
        self.process = rig.measuring(self._name, *command)

    async def _said(self, line: int) -> Mapping[str, float]:
        while True:
            text = self._rig.log(self._name).read_text()
            lines = text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]
            if len(lines) > line and lines[line].startswith("{"):
                said: dict[str, float] = json.loads(lines[line])
                return said
            if self.process.poll() is not None and self.process.returncode != 0:
                raise SystemExit(f"the generator has ended: {text[-2000:]}")
            await asyncio.sleep(0.05)

    async def began(self) -> float:
        """When the first event was due (s)."""
        return (await self._said(0))["started"]

    async def ended(self) -> Mapping[str, float]:
        """What it sent: `sent`, `seconds`, `cpu_seconds`."""
        said = await self._said(1)
        await asyncio.to_thread(wait_for, self.process, 30)
        del self._rig.processes[self._name]
        return said


@asynccontextmanager
async def rig_on(broker: Broker, *topics: str, **settings: object) -> AsyncIterator[Rig]:
    """A namespace of its own with its topics, those of further departments too, whose processes end with the body."""
    rig = Rig(broker.bootstrap, broker.folder, **settings)
    await rig.create(load_city(rig.settings.city), *topics)
    try:
        yield rig
    finally:
        rig.stop()


async def first_decision(rig: Rig, watch: Watch, desks: int = 1) -> float:
    """Start intake and desks; how long from there until the first event was decided (s)."""
    started = time.time()
    rig.role("intake")
    for number in range(desks):
        rig.role("desk", number)
    first = Generator(rig, "detections", 0, 1, seed=999)
    await first.ended()
    return await watch.reach(1, 60) - started


async def warm_up(broker: Broker, rig: Rig, watch: Watch, rate: float, longest: float) -> WarmUp:
    """Load until the broker's compiler rests, or for the longest time (s)."""
    compiler = CompilerWatch(broker.pid)
    before = watch.decided
    load = Generator(rig, "detections", rate, int(rate * longest), seed=1)
    began = await load.began()
    shares: list[float] = []
    rested = False
    while not rested and time.time() - began + WINDOW_SECONDS <= longest:
        compiler.used()
        since = time.monotonic()
        await asyncio.sleep(WINDOW_SECONDS)
        shares.append(round(compiler.used() / (time.monotonic() - since), 3))
        rested = len(shares) > 1 and max(shares[-2:]) < REST_SHARE
    seconds = time.time() - began
    load.process.send_signal(signal.SIGTERM)
    sent = await load.ended()
    await watch.reach(before + int(sent["sent"]), 300)
    return WarmUp(round(seconds, 1), rested, rate, tuple(shares), WINDOW_SECONDS, REST_SHARE)


async def steady(
    broker: Broker, rig: Rig, watch: Watch, kind: str, rate: float, seconds: float, seed: int, urgent: float = 0
) -> Step:
    """An open loop at a rate: latencies of the second half, every process's share of a core, whether it kept up.

    So many urgent detections a second leave beside it."""
    await asyncio.sleep(1.0)
    watch.forget()
    before = watch.decided
    compiler = CompilerWatch(broker.pid)
    load = Generator(rig, kind, rate, int(rate * seconds), seed)
    beside_it = [Generator(rig, "urgent", urgent, int(urgent * seconds), seed + 1_000)] if urgent else []
    began = await load.began()
    compiler.used()
    used = _cpu(broker, rig)
    since = time.monotonic()
    sent = await load.ended()
    passed = time.monotonic() - since
    compiling = compiler.used() / passed
    now = _cpu(broker, rig)
    cores = {_plain(name): round((now[name] - used[name]) / passed, 3) for name in now if name in used}
    cores["generator"] = round(sent["cpu_seconds"] / passed, 3)
    sightings = int(sent["sent"]) * KINDS[kind].sightings + sum([int((await one.ended())["sent"]) for one in beside_it])
    end = await watch.reach(before + sightings, seconds * 10 + 60)
    now = _cpu(broker, rig)
    workers = [name for name in now if name in used and name not in ("broker", "reader", "bench")]
    late = end - began - seconds
    return Step(
        kind=kind,
        rate=rate,
        seconds=seconds,
        assigned=latencies(watch.assigned, began + seconds / 2),
        opened=latencies(watch.opened, began + seconds / 2),
        late_s=round(late, 2),
        kept_up=late <= LATE_SECONDS,
        cores=cores,
        compiling=round(compiling, 3),
        cpu_us=round(sum(now[name] - used[name] for name in workers if not _beside(name)) / sightings * 1e6, 1),
    )


def _cpu(broker: Broker, rig: Rig) -> dict[str, float]:
    return {**rig.cpu(), "broker": cpu_seconds(broker.pid), "bench": time.process_time()}


def _plain(name: str) -> str:
    return name.removesuffix("-0")


def _beside(name: str) -> bool:
    return name.startswith(("tables", "gateway", "load", "asker"))


async def open_the_gateway(rig: Rig) -> None:
    """Start tables and gateway; return when every partition is answered for."""
    rig.role("tables")
    rig.role("gateway")
    async with asyncio.timeout(120), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                answer = await client.get(_status(rig))
                if answer.status_code == httpx.codes.OK and answer.json()["complete"]:
                    return
            except httpx.HTTPError:  # not yet
                pass
            await asyncio.sleep(0.2)


async def beside(broker: Broker, rig: Rig, watch: Watch, kind: str, rate: float, seconds: float, seed: int) -> Beside:
    """As `steady`, while somebody asks for the status: how long answers take, and how fresh the tables are."""
    fresh = await _fresh(rig)
    options = ["--rate", str(ASKS_PER_SECOND), "--seconds", str(seconds)]
    asker = rig.start("asker", "bench.end_to_end.asker", _status(rig), *options)
    step = await steady(broker, rig, watch, kind, rate, seconds, seed)
    await asyncio.to_thread(wait_for, asker, 60)
    asked = msgspec.json.decode(rig.log("asker").read_bytes(), type=Asked)
    del rig.processes["asker"]
    now = await _fresh(rig)
    grown = {bound: count - fresh.get(bound, 0.0) for bound, count in now.items()}
    return Beside(
        step=step,
        asks_per_second=ASKS_PER_SECOND,
        answered=len(asked.answers),
        failed=asked.failed,
        status=quantiles(asked.answers),
        fresh_p50_s=_quantile(grown, 0.5),
        fresh_p99_s=_quantile(grown, 0.99),
    )


def _status(rig: Rig) -> str:
    return f"{rig.settings.gateway_url}/status"


async def _fresh(rig: Rig) -> dict[float, float]:
    """The tables' histogram of freshness: how many rows were at most so old (s) when the tables had them."""
    [worker] = rig.settings.tables_workers
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"http://{worker}/metrics")).text
    found: dict[float, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"{FRESHNESS}_bucket":
                bound = float(sample.labels["le"])
                found[bound] = found.get(bound, 0.0) + sample.value
    return found


def _quantile(buckets: Mapping[float, float], share: float) -> float | None:
    """The upper bound of the bucket that holds this share of all; None when it is open or nothing was counted."""
    total = max(buckets.values(), default=0.0)
    bounds = [bound for bound in sorted(buckets) if buckets[bound] >= share * total > 0]
    return bounds[0] if bounds and bounds[0] != float("inf") else None


async def backlog(
    broker: Broker, title: str, guarantee: str, kind: str, count: int, start: Callable[[Rig], None], rate: float
) -> Backlog:
    """Events wait, a system starts: how many it does from the first to the last; then, at a rate, an open loop."""
    async with rig_on(broker, "review") as rig, Watch(rig) as watch:
        sent = await Generator(rig, kind, 0, count, seed=7).ended()
        start(rig)
        began = await watch.reach(1, 120)
        done, used = watch.decided, _system_cpu(rig)
        end = await watch.reach(int(sent["sent"]), 300)
        cpu = _system_cpu(rig) - used
        step = await steady(broker, rig, watch, kind, rate, 8.0, seed=8) if rate else None
        left = int(sent["sent"]) - done
        per_second = round(left / max(end - began, 0.001), 1)
        return Backlog(title, guarantee, kind, count, per_second, round(cpu / max(left, 1) * 1e6, 1), step)


def _system_cpu(rig: Rig) -> float:
    return sum(seconds for name, seconds in rig.cpu().items() if name != "reader")


def paidan(rig: Rig) -> None:
    """Intake and desk."""
    rig.role("intake")
    rig.role("desk")


def rival(name: str) -> Callable[[Rig], None]:
    """Another way to do it."""

    def start(rig: Rig) -> None:
        rig.measuring(name, "bench.end_to_end.rivals", name, str(rig.settings.city), str(SHIPPED))

    return start


async def takeover(broker: Broker, session_s: float) -> Takeover:
    """Two desks, a hundred reports a second, one desk is killed: the longest wait while the other takes over."""
    async with rig_on(broker, session_timeout_ms=int(session_s * 1000)) as rig, Watch(rig) as watch:
        await first_decision(rig, watch, desks=2)
        await asyncio.sleep(3.0)  # the second desk joins
        before = watch.decided
        load = Generator(rig, "reports", 100, 1_800, seed=50)
        began = await load.began()
        await asyncio.sleep(5)
        rig.end("desk-1")
        await load.ended()
        await watch.reach(before + 1_800, 90)
        longest = max(late for at, late in watch.opened if at > began + 4)
        return Takeover(session_s, round(longest / 1000, 2))


def systems() -> list[tuple[str, str, Callable[[Rig], None]]]:
    """Paidan and its rivals: title, guarantee, how to start it."""
    return [
        ("Paidan", "exactly once, fenced", paidan),
        *((each.title, each.guarantee, rival(name)) for name, each in RIVALS.items()),
    ]


def java_version() -> str:
    """What `java -version` says first."""
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    return said.splitlines()[0]

"""The whole path, measured: first byte in to assignment committed, on one machine with broker, load and reader.

Prints one table and writes JSON. Figures of one run compare with each other; the machine sets their level.
"""

import argparse
import asyncio
import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.rig import Rig, wait_for
from bench.watch import Watch
from models.city import load_city
from streams.local.broker import LocalBroker
from streams.settings import DEMO_CITY

WORKERS = ("intake-0", "desk-0")
CITY = load_city(DEMO_CITY)
Figures = dict[str, Any]
WARM_UP_SECONDS = 60.0


async def running(bootstrap: str, folder: Path, desks: int = 1) -> tuple[Rig, float]:
    """A rig with intake and desk at work, and how long that took from their start to the first decision (s)."""
    rig = Rig(bootstrap, folder)
    await rig.create([*CITY.departments])
    async with Watch(rig.settings.bootstrap, rig.names) as watch:
        started = time.time()
        rig.role("intake")
        for number in range(desks):
            rig.role("desk", number)
        first = rig.load("detections", 20, 0.05, seed=999)
        await asyncio.to_thread(wait_for, first, 60)
        decided = await watch.reach(1, 60)
    return rig, decided - started


async def steady(rig: Rig, kind: str, rate: float, seconds: float, seed: int) -> Figures:
    """An open loop at a rate: latencies of the second half, and whether the system kept up."""
    async with Watch(rig.settings.bootstrap, rig.names) as watch:
        await asyncio.sleep(1.0)
        before, used = watch.decided, rig.cpu_seconds(*WORKERS)
        count = int(rate * seconds)
        started = time.time()
        load = rig.load(kind, rate, seconds, seed)
        await asyncio.to_thread(wait_for, load, seconds * 3 + 60)
        end = await watch.reach(before + count, seconds * 3 + 60)
        cpu = rig.cpu_seconds(*WORKERS) - used
        return {
            "kind": kind,
            "rate": rate,
            "events": count,
            "sustained": round(count / (end - started - 0.5), 1),
            **watch.percentiles(started + seconds / 2),
            "cpu_s_per_million": round(cpu / count * 1e6, 1),
        }


async def flood(rig: Rig, kind: str, seconds: float, seed: int, pipeline: Callable[[], None]) -> Figures:
    """As many as the broker takes, then the pipeline over them: events a second from its first to its last."""
    load = rig.load(kind, 0, seconds, seed)
    await asyncio.to_thread(wait_for, load, seconds + 90)
    log = rig.folder / f"{rig.settings.namespace}-load-{seed}.log"
    sent = int(json.loads(log.read_text())["sent"])
    async with Watch(rig.settings.bootstrap, rig.names) as watch:
        await asyncio.sleep(1.0)
        before = watch.decided
        pipeline()
        started = await watch.reach(before + 1, 120)
        warm = watch.decided - before
        end = await watch.reach(before + sent, 300)
        return {"kind": kind, "events": sent, "per_second": round((sent - warm) / max(end - started, 0.001), 1)}


async def takeover(bootstrap: str, folder: Path) -> Figures:
    """Two desks at 200/s, one is killed: the longest wait of an event while the other takes over."""
    rig, _ = await running(bootstrap, folder, desks=2)
    try:
        async with Watch(bootstrap, rig.names) as watch:
            load = rig.load("detections", 200, 30, seed=50)
            await asyncio.sleep(10)
            killed = time.time()
            rig.processes["desk-1"].send_signal(signal.SIGKILL)
            await asyncio.to_thread(wait_for, load, 90)
            await watch.reach(6000, 90)
            return {"takeover_s": round(max(late for at, late in watch.latencies if at > killed - 1) / 1000, 2)}
    finally:
        rig.stop()


async def rivals(bootstrap: str, folder: Path, seconds: float) -> list[Figures]:
    """The same flood of reports through Paidan, a Faust agent and an aiokafka loop."""

    async def one(name: str, start: Callable[[Rig], None]) -> Figures:
        rig = Rig(bootstrap, folder)
        await rig.create([*CITY.departments, "review"])
        try:
            return {"system": name, **await flood(rig, "reports", seconds, 7, lambda: start(rig))}
        finally:
            rig.stop()

    def ours(rig: Rig) -> None:
        rig.role("intake")
        rig.role("desk")

    def rival(which: str) -> Callable[[Rig], None]:
        return lambda rig: void(
            rig.start(which, "bench.rivals", which, bootstrap, rig.settings.namespace, str(DEMO_CITY))
        )

    return [
        await one("paidan", ours),
        await one("aiokafka loop", rival("loop")),
        await one("faust", rival("faust")),
    ]


def void(_: object) -> None:
    """Forget a result."""


async def measure(seconds: float) -> Figures:
    """Everything, one after the other."""
    found: Figures = {"machine": {"cpus": os.cpu_count(), "python": sys.version.split()[0], "os": platform.release()}}
    with tempfile.TemporaryDirectory(prefix="paidan-bench-") as name:
        folder = Path(name)
        async with LocalBroker(folder / "kafka") as broker:
            rig, found["start_up_s"] = await running(broker.bootstrap, folder)
            try:
                # A broker that was just started spends much of its time on compiling itself.
                await said(steady(rig, "detections", 2_000, WARM_UP_SECONDS, seed=1))
                found["steady"] = [
                    await said(steady(rig, "detections", rate, seconds, seed))
                    for seed, rate in ((100, 100.0), (101, 1_000.0), (102, 5_000.0), (103, 10_000.0))
                ]
                found["steady"].append(await said(steady(rig, "reports", 200.0, seconds, 104)))
                found["rss_mib"] = {name: round(rig.peak_mib(name), 1) for name in WORKERS}
            finally:
                rig.stop()
            found["flood"] = await said(saturation(broker.bootstrap, folder, seconds))
            found["rivals"] = await said(rivals(broker.bootstrap, folder, 0.5))
            found |= await said(takeover(broker.bootstrap, folder))
    return found


async def saturation(bootstrap: str, folder: Path, seconds: float) -> Figures:
    """Detections that wait in the topic, worked off as fast as the system can."""
    rig = Rig(bootstrap, folder)
    await rig.create([*CITY.departments])
    try:
        return await flood(rig, "detections", min(seconds, 3), 8, lambda: void((rig.role("intake"), rig.role("desk"))))
    finally:
        rig.stop()


async def said(figures: Awaitable[Any]) -> Any:
    """Print as it comes: a long run should not be silent."""
    result = await figures
    print(json.dumps(result), file=sys.stderr, flush=True)
    return result


def show(found: Figures) -> None:
    """One table."""
    table = Table(title="Paidan end to end", caption="first byte in → assignment committed and readable; times in ms")
    for column in ("what", "events/s", "p50", "p99", "p99.9", "CPU s per million"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for row in found["steady"]:
        rate = f"{row['sustained']:,.0f}"
        cells = [f"{row[name]:,.1f}" for name in ("p50", "p99", "p99.9", "cpu_s_per_million")]
        table.add_row(f"{row['kind']} at {row['rate']:,.0f}/s, open loop", rate, *cells)
    table.add_row("detections, saturation", f"{found['flood']['per_second']:,.0f}", "", "", "", "")
    for row in found["rivals"]:
        table.add_row(f"reports, saturation: {row['system']}", f"{row['per_second']:,.0f}", "", "", "", "")
    table.add_row(f"start-up {found['start_up_s']:.1f} s, takeover {found['takeover_s']:.1f} s", "", "", "", "", "")
    for name, value in found["rss_mib"].items():
        table.add_row(f"peak memory {name}: {value:,.0f} MiB", "", "", "", "", "")
    Console().print(table)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of each open loop")
    parser.add_argument("--json", type=Path, default=Path("build/bench-end-to-end.json"))
    a = parser.parse_args()
    found = asyncio.run(measure(a.seconds))
    show(found)
    a.json.parent.mkdir(parents=True, exist_ok=True)
    a.json.write_text(json.dumps(found, indent=2) + "\n")
    print(f"written to {a.json}")


if __name__ == "__main__":
    main()

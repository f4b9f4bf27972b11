"""The whole path, measured: first byte in to assignment committed, on one machine with broker, load and reader.

Prints tables and writes JSON. Figures of one run compare with each other; the machine sets their level.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from bench.end_to_end import charts, scenes
from bench.end_to_end.measured import Backlog, Beside, Machine, Measured, Step, write
from bench.end_to_end.scenes import Broker
from bench.end_to_end.tables import all_tables
from bench.end_to_end.watch import Watch
from bench.host import host
from bench.interpreter import build
from bench.rig import BENCH_PYTHON, PARTITIONS, Rig
from streams.local.broker import LocalBroker
from streams.local.jars import KAFKA_VERSION

DOCS = Path(__file__).parents[2] / "docs" / "charts"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: rates (events/s), and seconds for each and for the warm-up."""

    seconds: float
    warm_up: float
    detections: Sequence[float]
    reports: Sequence[float]
    beside: Sequence[float]
    reports_waiting: int
    rivals_waiting: int
    rivals_rate: float
    sessions: Sequence[float]


WHOLE = Plan(
    seconds=12,
    warm_up=240,
    detections=(100, 1_000, 5_000, 10_000, 15_000, 20_000, 23_000),
    reports=(500, 1_000, 1_500, 2_000, 2_500),
    beside=(1_000, 5_000, 10_000, 15_000, 20_000, 23_000),
    reports_waiting=8_000,
    rivals_waiting=20_000,
    rivals_rate=500,
    sessions=(4, 6),
)
QUICK = Plan(
    seconds=5,
    warm_up=20,
    detections=(1_000, 5_000),
    reports=(200,),
    beside=(1_000,),
    reports_waiting=2_000,
    rivals_waiting=5_000,
    rivals_rate=0,
    sessions=(4,),
)


async def measure(plan: Plan) -> Measured:
    """Everything, one after the other."""
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="paidan-bench-") as name:
        folder = Path(name)
        async with LocalBroker(folder / "kafka") as local:
            broker = Broker(local.bootstrap, local.pids[1], folder)
            async with scenes.rig_on(broker) as rig, Watch(rig) as watch:
                first = await scenes.first_decision(rig, watch)
                warm_up = await said(scenes.warm_up(broker, rig, watch, 3_000, plan.warm_up))
                steps = await detections_and_reports(broker, rig, watch, plan)
                peak_mib = {name: round(rig.peak_mib(f"{name}-0"), 1) for name in ("intake", "desk")}
            async with scenes.rig_on(broker) as rig, Watch(rig) as watch:
                await scenes.first_decision(rig, watch)
                beside = await with_the_gateway(broker, rig, watch, plan)
            backlogs = await waiting(broker, plan)
            takeovers = [await said(scenes.takeover(broker, session)) for session in plan.sessions]
    return Measured(machine(busy), warm_up, round(first, 2), steps, beside, backlogs, tuple(takeovers), peak_mib)


async def detections_and_reports(broker: Broker, rig: Rig, watch: Watch, plan: Plan) -> tuple[Step, ...]:
    """Every rate of both kinds, each kind until the system falls behind."""
    steps: list[Step] = []
    for kind, rates in (("detections", plan.detections), ("reports", plan.reports)):
        for rate in rates:
            seed = 100 + len(steps)
            steps.append(await said(scenes.steady(broker, rig, watch, kind, rate, plan.seconds, seed)))
            if not steps[-1].kept_up:
                break
    return tuple(steps)


async def with_the_gateway(broker: Broker, rig: Rig, watch: Watch, plan: Plan) -> tuple[Beside, ...]:
    """The same with tables, gateway and somebody who asks, until the system falls behind."""
    await scenes.open_the_gateway(rig)
    # Once in vain: what has just started is slow for its first seconds.
    await scenes.beside(broker, rig, watch, "detections", plan.beside[0], plan.seconds, 199)
    found: list[Beside] = []
    for rate in plan.beside:
        seed = 200 + len(found)
        found.append(await said(scenes.beside(broker, rig, watch, "detections", rate, plan.seconds, seed)))
        if not found[-1].step.kept_up:
            break
    return tuple(found)


async def waiting(broker: Broker, plan: Plan) -> tuple[Backlog, ...]:
    """Backlogs of reports for Paidan and each rival, and one of detections for Paidan."""
    found = []
    for title, guarantee, start in scenes.systems():
        count = plan.reports_waiting if start is scenes.paidan else plan.rivals_waiting
        found.append(await said(scenes.backlog(broker, title, guarantee, "reports", count, start, plan.rivals_rate)))
    title, guarantee, start = scenes.systems()[0]
    count = 10 * plan.rivals_waiting
    found.append(await said(scenes.backlog(broker, title, guarantee, "detections", count, start, 0)))
    return tuple(found)


async def said(figures: Awaitable[T]) -> T:
    """Print as it comes: a long run should not be silent."""
    result = await figures
    print(msgspec.json.encode(result).decode(), file=sys.stderr, flush=True)
    return result


def machine(busy: float) -> Machine:
    """Where the run takes place."""
    return Machine(
        **msgspec.structs.asdict(host(busy)),
        java=scenes.java_version(),
        kafka=KAFKA_VERSION,
        partitions=PARTITIONS,
    )


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rates, for two minutes: to see that it works")
    parser.add_argument("--json", type=Path, default=Path("build/bench-end-to-end.json"))
    parser.add_argument("--charts", action="store_true", help="keep this run in docs/charts and draw it there")
    a = parser.parse_args()
    if not BENCH_PYTHON.exists():
        parser.error("the packages that measure are missing: scripts/bench installs them")
    print(build(), file=sys.stderr)
    found = asyncio.run(measure(QUICK if a.quick else WHOLE))
    write(found, a.json)
    print(all_tables(found))
    print(f"\nwritten to {a.json}")
    if a.charts:
        write(found, DOCS / "end-to-end.json")
        charts.draw(DOCS)


if __name__ == "__main__":
    main()

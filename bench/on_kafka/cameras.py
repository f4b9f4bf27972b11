"""A whole city's cameras: frames with many objects, a town with half of everything, what is urgent beside a full load.

    scripts/bench cameras [--quick] [--keep]

Open loops as in `bench.end_to_end`, each on topics and roles of its own, on one warmed broker: of frames and of a town
each rate until the system falls behind; what is urgent twenty times a second beside each of its rates.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.end_to_end import scenes, tables
from bench.end_to_end.__main__ import machine
from bench.end_to_end.measured import Machine, Step
from bench.end_to_end.scenes import Broker
from bench.end_to_end.watch import Watch
from bench.loads import KINDS
from streams.local.broker import LocalBroker

KEPT = Path(__file__).parents[2] / "docs" / "charts" / "cameras.json"
WARM_RATE, WARM_SECONDS, SECONDS = 3_000, 180, 12
URGENT_RATE = 20
SIGHTINGS: dict[str, Sequence[int]] = {  # a second
    "frames": (5_000, 10_000, 20_000, 40_000, 60_000),
    "one-town": (2_000, 5_000, 10_000, 15_000, 23_000),
}
BESIDE_URGENT = (1_000, 5_000, 10_000)
_NAMES = {
    "frames": "objects in frames of 20",
    "one-town": "detections, half of them in one town",
    "detections": "detections; times of what is urgent, 20/s beside them",
}


class Measured(msgspec.Struct, frozen=True):
    """One run; a step's rate is of events a second, which frames are."""

    machine: Machine
    steps: tuple[Step, ...]


async def measure(quick: bool) -> Measured:
    """All three, one after the other."""
    busy = os.getloadavg()[0]
    seconds = 4 if quick else SECONDS
    steps: list[Step] = []
    with tempfile.TemporaryDirectory(prefix="paidan-bench-") as name:
        async with LocalBroker(Path(name) / "kafka") as local:
            broker = Broker(local.bootstrap, local.pids[1], Path(name))
            async with scenes.rig_on(broker) as rig, Watch(rig) as watch:
                await scenes.first_decision(rig, watch)
                await scenes.warm_up(broker, rig, watch, WARM_RATE, 20 if quick else WARM_SECONDS)
            for kind, rates in SIGHTINGS.items():
                steps += await _until_behind(broker, kind, rates[:1] if quick else rates, seconds)
            steps += await _urgent(broker, BESIDE_URGENT[:1] if quick else BESIDE_URGENT, seconds)
    return Measured(machine(busy), tuple(steps))


async def _until_behind(broker: Broker, kind: str, rates: Sequence[int], seconds: float) -> list[Step]:
    steps: list[Step] = []
    async with scenes.rig_on(broker) as rig, Watch(rig) as watch:
        await scenes.first_decision(rig, watch)
        for rate in rates:
            events = rate / KINDS[kind].sightings
            steps.append(await scenes.steady(broker, rig, watch, kind, events, seconds, 300 + len(steps)))
            print(_row(steps[-1]), file=sys.stderr, flush=True)
            if not steps[-1].kept_up:
                break
    return steps


async def _urgent(broker: Broker, rates: Sequence[int], seconds: float) -> list[Step]:
    steps: list[Step] = []
    async with scenes.rig_on(broker) as rig, Watch(rig, "--urgent") as watch:
        await scenes.first_decision(rig, watch)
        for rate in rates:
            seed = 400 + len(steps)
            steps.append(await scenes.steady(broker, rig, watch, "detections", rate, seconds, seed, urgent=URGENT_RATE))
            print(_row(steps[-1]), file=sys.stderr, flush=True)
    return steps


def kept() -> Measured:
    """What was measured last and kept."""
    return msgspec.json.decode(KEPT.read_bytes(), type=Measured)


def table(found: Measured) -> str:
    """Day, machine and load, and the steps as a table in Markdown."""
    head = "| load | sightings/s | p50 ms | p99 ms | kept up | intake + desk, µs a sighting | cores, intake | desk |"
    where = f"{tables.machine(found.machine)}{tables.load(found.machine)}"
    rows = [head, "|---|---:|---:|---:|---|---:|---:|---:|", *(_row(step) for step in found.steps)]
    return "\n".join([where, "", *rows])


def _row(step: Step) -> str:
    times = ["–" if one is None else f"{one:,.0f}" for one in (step.assigned.p50, step.assigned.p99)]
    late = "yes" if step.kept_up else f"no: {step.late_s:.1f} s late after {step.seconds:.0f} s"
    cores = [f"{step.cores.get(name, 0.0):.2f}" for name in ("intake", "desk")]
    rate = f"{step.rate * KINDS[step.kind].sightings:,.0f}"
    return f"| {' | '.join([_NAMES[step.kind], rate, *times, late, f'{step.cpu_us:,.0f}', *cores])} |"


def main() -> None:
    """Measure, print, and keep it where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one rate each, to see that it works")
    parser.add_argument("--keep", action="store_true", help=f"keep this run in {KEPT.parent.name}/{KEPT.name}")
    asked = parser.parse_args()
    found = asyncio.run(measure(asked.quick))
    print(table(found))
    if asked.keep:
        KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")


if __name__ == "__main__":
    main()

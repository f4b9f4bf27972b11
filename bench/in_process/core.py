"""What the core costs: microseconds of processor time of `decide` a case, without Kafka.

Run: `scripts/bench core [--json] [--against FOLDER]`. With a folder that holds another version of the code, both run
the same cases in turn, batch by batch, so that whatever else the machine does meets both alike. Of all batches the
cheapest counts, beside it the lower quartile: what lies above is the machine's doing.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from dispatcher.desk import DeskState, decide
from models.city import City
from models.guess import Guess
from models.inbox import Actor, InboxRecord, InboxUpdate, Item, PackChange, Sighting, Tick
from models.times import HOUR_MS
from tests.support.cities import tiny_city

HERE = Path(__file__).parents[2]
T0 = 1_772_413_200_000
STEP_MS = 137  # between two items: no two of them share their instants
BATCH = 100
RECORD = 10  # items
TEXT = "梧桐路路口有一个很大的坑，雨天积水看不清楚，昨天有老人骑车摔倒了，请尽快派人来修补，谢谢。" * 2


class Desk:
    """One partition's desk that is fed batch by batch, and what it has assigned: order id and lead."""

    def __init__(self, city: City) -> None:
        self.cities = {city.digest: city}
        self.state = DeskState(0)
        self.offset = 0
        self.clock = T0
        self.assigned: dict[str, str] = {}
        self.cost([PackChange(city.digest)])

    def cost(self, items: list[Item]) -> float:
        """Decide and merge a batch, each item at an instant of its own; microseconds an item."""
        records = []
        for start in range(0, len(items), RECORD):
            part = [self._now(item) for item in items[start : start + RECORD]]
            records.append(InboxRecord(0, self.offset, self.clock, tuple(part)))
            self.offset += 1
        gc.collect()
        began = time.process_time()
        decision = decide(self.state, records, self.cities)
        decision.changes.apply()
        spent = time.process_time() - began
        if decision.failures:
            raise SystemExit(decision.failures[0].error)
        for out in decision.records:
            if out.topic.startswith("assignments/"):
                self.assigned.setdefault(out.key, out.topic.partition("/")[2])
        return spent / len(items) * 1e6

    def _now(self, item: Item) -> Item:
        self.clock += STEP_MS
        return replace(item, at=self.clock) if isinstance(item, Sighting | InboxUpdate) else item


def reported(n: int) -> Sighting:
    """A report that opens an order of its own: one half is assigned, the other goes to review."""
    guess = Guess(
        "property-fees" if n % 2 else "street-light",
        0.97,
        "model",
        0.8,
        alternatives=(("street-light", 0.97), ("pothole", 0.02), ("guardrail", 0.005)),
        terms=tuple((f"词{i}", 0.5) for i in range(8)),
    )
    return Sighting(
        kind="report", source="app", id=f"r{n}", at=T0, area="south-w", text=f"{n} {TEXT}", reporter=f"{n:032x}",
        guess=guess, lat=30.0 + n % 97 * 0.001, lon=114.0 + n // 97 % 97 * 0.001,
    )  # fmt: skip


def detected(n: int, camera: int, lat: float, lon: float, object_id: str) -> Sighting:
    """A detection of a lamp that is off."""
    return Sighting(
        kind="detection", source="cams", id=f"d{n}", at=T0, area="south-w", lat=lat, lon=lon,
        camera=f"cam-{camera}", algorithm="a", label="lamp_off", object_id=object_id, confidence=0.9,
        category="street-light",
    )  # fmt: skip


def found(n: int) -> Sighting:
    """A detection that opens an order."""
    return detected(n, 1000 + n, 29.0 + n % 97 * 0.004, 113.0 + n // 97 % 97 * 0.004, "1")


def repeated(n: int) -> Sighting:
    """A detection of one of 50 incidents that are open already."""
    return detected(1_000_000 + n, n % 50, 30.0 + n % 50 * 0.002, 114.09, "1")


def joined(n: int) -> Sighting:
    """A detection of another object near an open incident."""
    return detected(2_000_000 + n, n % 50, 30.0 + n % 50 * 0.002, 114.09, f"o{n}")


class Case(NamedTuple):
    """Something that a desk is asked to do, so many batches of it."""

    name: str
    batches: int
    item: Callable[[Desk, int], Item]


def _update(action: str) -> Callable[[Desk, int], Item]:
    def item(desk: Desk, n: int) -> Item:
        order_id, department = [*desk.assigned.items()][n]
        return InboxUpdate(
            source="u", id=f"{action}{n}", at=T0, action=action, area="south-w", order_id=order_id,
            by=Actor("inspector" if action == "check-pass" else "department", department, action),
            evidence_urls=("e",), reason="r",
        )  # fmt: skip

    return item


CASES = (
    Case("open an order from a report", 30, lambda desk, n: reported(n)),
    Case("take a repeated identity", 30, lambda desk, n: reported(n)),
    Case("open an order from a detection", 10, lambda desk, n: found(n)),
    Case("repeat a detection", 100, lambda desk, n: repeated(n)),
    Case("join a detection as evidence", 10, lambda desk, n: joined(n)),
    Case("accept", 12, _update("accept")),
    Case("refuse an update", 12, _update("reopen")),
    Case("handle", 12, _update("handle")),
    Case("check and close", 12, _update("check-pass")),
)
FIRE = "fire a timer"


def run() -> Iterator[tuple[str, float]]:
    """The cost of every batch of every case, in their order."""
    desk = Desk(tiny_city())
    desk.cost([repeated(-n - 1) for n in range(50)])
    for case in CASES:
        for batch in range(case.batches):
            yield case.name, desk.cost([case.item(desk, n) for n in range(batch * BATCH, (batch + 1) * BATCH)])
    began = time.process_time()
    decision = decide(desk.state, [InboxRecord(0, desk.offset, desk.clock + 400 * HOUR_MS, (Tick(),))], desk.cities)
    spent = time.process_time() - began
    fired = sum(1 for out in decision.records if out.topic == "orders")
    yield FIRE, spent / max(fired, 1) * 1e6


@contextmanager
def running_in(folder: Path) -> Iterator[Iterator[float]]:
    """The costs of the same batches on the code of another folder: each is measured when it is asked for."""
    command = [sys.executable, str(Path(__file__)), "--serve"]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        asked, answered = worker.stdin, worker.stdout
        assert asked is not None
        assert answered is not None

        def costs() -> Iterator[float]:
            while True:
                print(file=asked, flush=True)
                yield float(answered.readline())

        try:
            yield costs()
        finally:
            asked.close()


def serve() -> None:
    """Measure one batch for each line of the standard input."""
    batches = run()
    for _ in sys.stdin:
        print(next(batches)[1], flush=True)


def measured(other: Iterator[float] | None) -> dict[str, dict[str, float]]:
    """Minimum and lower quartile of each case; with another version those of it, and the ratio of the minima."""
    own: dict[str, list[float]] = {}
    others: dict[str, list[float]] = {}
    for name, cost in run():
        own.setdefault(name, []).append(cost)
        if other is not None:
            others.setdefault(name, []).append(next(other))
    results = {}
    for name, costs in own.items():
        results[name] = {"min": min(costs), "quartile": _quartile(costs)}
        if before := others.get(name):
            ratio = min(costs) / min(before)
            results[name] |= {"min_before": min(before), "quartile_before": _quartile(before), "ratio": ratio}
    return {name: {key: round(value, 2) for key, value in figures.items()} for name, figures in results.items()}


def _quartile(costs: list[float]) -> float:
    return sorted(costs)[len(costs) // 4]


def main() -> None:
    """Print one table; `--json` prints one object instead."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another version of the code, run in turn")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.serve:
        serve()
        return
    from bench.interpreter import build  # here, as another version of the code need not have it

    if wanted.against is None:
        results = measured(None)
    else:
        with running_in(wanted.against.resolve()) as other:
            results = measured(other)
    if wanted.json:
        print(json.dumps({"interpreter": build(), "cases": results}, indent=2, ensure_ascii=False))
        return
    print(f"{build()}; microseconds, minimum (lower quartile) of the batches")
    for name, found in results.items():
        before = f"{found['min_before']:9.1f} ({found['quartile_before']:.1f}) →" if "min_before" in found else ""
        ratio = f"{found['ratio']:8.2f}" if before else ""
        print(f"{name:32}{before}{found['min']:9.1f} ({found['quartile']:.1f}){ratio}")


if __name__ == "__main__":
    main()

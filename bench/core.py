"""What the core costs: microseconds of `decide` per case, without Kafka. Run: `python -m bench.core`."""

import gc
import json
import sys
import time
from collections.abc import Callable

from dispatcher.desk import DeskState, decide
from models.city import City
from models.guess import Guess
from models.inbox import Actor, InboxRecord, InboxUpdate, Item, PackChange, Sighting
from models.times import HOUR_MS
from tests.support.cities import tiny_city

T0 = 1_772_413_200_000
BATCH = 200
TEXT = "梧桐路路口有一个很大的坑，雨天积水看不清楚，昨天有老人骑车摔倒了，请尽快派人来修补，谢谢。" * 2


class Bench:
    """One partition's desk fed batch by batch; costs are processor time."""

    def __init__(self, city: City) -> None:
        self.cities = {city.digest: city}
        self.state = DeskState(0)
        self.offset = 0
        self.run([PackChange(city.digest)], T0)

    def run(self, items: list[Item], clock: int) -> float:
        """Decide and merge the items, ten to a record, a batch at a time; microseconds per item."""
        gc.collect()
        spent = 0.0
        for start in range(0, len(items), BATCH):
            batch = items[start : start + BATCH]
            records = []
            for at in range(0, len(batch), 10):
                records.append(InboxRecord(0, self.offset, clock, tuple(batch[at : at + 10])))
                self.offset += 1
            began = time.process_time()
            decision = decide(self.state, records, self.cities)
            decision.changes.apply()
            spent += time.process_time() - began
            if decision.failures:
                raise SystemExit(decision.failures[0].error)
        return spent / len(items) * 1e6


def opened(n: int) -> Sighting:
    """A report that opens an order of its own."""
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


def repeated(n: int) -> Sighting:
    """A detection of one of 50 incidents that are open already."""
    camera = f"cam-{n % 50}"
    return Sighting(
        kind="detection", source="cams", id=f"d{n}", at=T0 + n, area="south-w", lat=30.0 + n % 50 * 0.002, lon=114.09,
        camera=camera, algorithm="a", label="lamp_off", object_id="1", confidence=0.9, category="street-light",
    )  # fmt: skip


def joined(n: int) -> Sighting:
    """A detection of another object near an open incident."""
    camera = f"cam-{n % 50}"
    return Sighting(
        kind="detection", source="cams", id=f"j{n}", at=T0 + n, area="south-w", lat=30.0 + n % 50 * 0.002, lon=114.09,
        camera=camera, algorithm="a", label="lamp_off", object_id=f"o{n}", confidence=0.9, category="street-light",
    )  # fmt: skip


def main() -> None:
    """Print one table; `--json` prints one object instead."""
    city = tiny_city(settings="blind_review_share = 0.0\n")
    bench = Bench(city)
    results: dict[str, float] = {}

    def measure(name: str, make: Callable[[int], Item], count: int, clock: int) -> None:
        results[name] = round(bench.run([make(n) for n in range(count)], clock), 1)

    measure("open an order from a report", opened, 3000, T0)
    measure("take a repeated identity", opened, 3000, T0)
    bench.run([repeated(-n - 1) for n in range(50)], T0)
    measure("repeat a detection", repeated, 20_000, T0)
    measure("join a detection as evidence", joined, 1000, T0)
    orders = [order.id for order in bench.state.orders.values() if order.state == "assigned"][:2000]

    def update(action: str) -> Callable[[int], Item]:
        return lambda n: InboxUpdate(
            source="u", id=f"{action}{n}", at=T0 + HOUR_MS, action=action, area="south-w", order_id=orders[n],
            by=Actor("department", bench.state.orders[orders[n]].department, "x"), evidence_urls=("e",), reason="r",
        )  # fmt: skip

    measure("accept", update("accept"), len(orders), T0 + HOUR_MS)
    measure("refuse an update", update("reopen"), len(orders), T0 + HOUR_MS)
    measure("handle", update("handle"), len(orders), T0 + HOUR_MS)
    began = time.process_time()
    decision = decide(bench.state, [InboxRecord(0, bench.offset, T0 + 400 * HOUR_MS, ())], bench.cities)
    fired = sum(1 for out in decision.records if out.topic == "orders")
    results["fire a timer"] = round((time.process_time() - began) / max(fired, 1) * 1e6, 1)
    if "--json" in sys.argv:
        print(json.dumps(results, indent=2))
    else:
        for name, cost in results.items():
            print(f"{name:32} {cost:9.1f} µs")


if __name__ == "__main__":
    main()

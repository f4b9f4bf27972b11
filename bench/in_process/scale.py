"""What a desk costs by how many orders are open: `scripts/bench scale [--orders 10000 --orders 100000] [--json]`.

One partition, no Kafka. For each size two processes: the first opens orders and writes the rows to a file, as the
changelog would keep them; from 20,000 on the rows are copies of these with ids, places, reports and reporters of their
own. The second restores a desk from the rows and acts on orders that nothing has touched since. Then a dense place:
orders of one category within 50 m of each other. Costs are processor time; memory is what the process holds more.
Day, machine and the load before stand with the figures.
"""

import argparse
import gc
import itertools
import json
import os
import random
import resource
import struct
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec
from msgspec.structs import replace

from bench.calm_city import load_calm_city
from bench.host import host
from bench.texts import report_texts
from dispatcher.desk import DeskState, decide
from dispatcher.order.row import Order
from dispatcher.partition import row_keys
from dispatcher.partition.identity import report_key
from dispatcher.partition.kept_orders import WARM, Packing, encode_row
from dispatcher.partition.state import SeenChunk
from models.city import City
from models.guess import Guess
from models.inbox import Actor, InboxRecord, InboxUpdate, Item, PackChange, Sighting
from models.times import DAY_MS, HOUR_MS

T0 = 1_772_413_200_000
STEP_MS = 5  # between two openings: no limit ends while the orders are opened
BATCH = 200
PROBES = 1000
_BUCKET = f"report/{T0 // DAY_MS}"
APART = 0.0006  # degrees, more than any merge radius: each order stays one of its own
DENSE = 10_000
DENSE_METRES = 50.0
OPENED = 20_000
COLUMNS = {
    "open": "µs open",
    "repeat": "repeat",
    "join": "join",
    "accept": "accept",
    "handle": "handle",
    "fire": "fire a timer",
    "row_bytes": "bytes of a row",
    "held_bytes": "memory of it",
    "held_mb": "MB in all",
    "peak_mb": "at most",
    "restore_us": "restore µs/row",
    "restore_s": "s in all",
}
Figures = dict[str, float]
T = TypeVar("T")


class Bench:
    """A desk that is fed ten items to a record, a batch at a time."""

    def __init__(self, state: DeskState, city: City) -> None:
        self.state = state
        self.cities = {city.digest: city}
        self.changed: Callable[[Iterable[tuple[str, bytes | None]]], None] = lambda rows: None

    def run(self, items: Iterable[tuple[Item, int]]) -> float:
        """Decide items, each with the clock at which it comes; microseconds of processor time an
        item in the cheapest batch: the machine has other work at times."""
        costs: list[float] = []
        for batch in _parts(items, BATCH):
            offset = self.state.meta.next_offset
            records = [
                InboxRecord(0, offset + n, part[-1][1], tuple(item for item, _ in part))
                for n, part in enumerate(_parts(batch, 10))
            ]
            began = time.process_time()
            decision = decide(self.state, records, self.cities)
            decision.changes.apply()
            costs.append((time.process_time() - began) / len(batch) * 1e6)
            if decision.failures:
                raise SystemExit(decision.failures[0].error)
            self.changed(decision.rows.items())
        return min(costs)


class Places:
    """Where orders lie and what they are about: a lattice of places, one for each, by stripes of the city's areas."""

    def __init__(self, city: City, size: int) -> None:
        self.texts = report_texts()
        self.areas = sorted({camera.area for camera in city.cameras.values()})
        self.categories = sorted(code for code, kind in city.categories.items() if kind.merge and kind.parent)
        self.width = int(size**0.5) + 1

    def report(self, n: int) -> Sighting:
        """The report that opens order `n`."""
        chance = random.Random(n)
        category, other = chance.choice(self.categories), chance.choice(self.categories)
        y, x = divmod(n, self.width)
        return Sighting(
            kind="report", source="urn:app", id=f"{chance.getrandbits(64):016x}", at=T0 + n % OPENED * STEP_MS,
            area=self.areas[y * len(self.areas) // self.width % len(self.areas)],
            text=f"{chance.choice(self.texts)} ({chance.randrange(10_000)})",
            reporter=f"{chance.getrandbits(128):032x}",
            channel="app", lat=round(30.0 + y * APART, 6), lon=round(114.0 + x * APART, 6),
            guess=_guess(category, other),
        )  # fmt: skip

    def detection(self, n: int, object_id: str, at: int) -> Sighting:
        """A camera that sees what order `n` is about."""
        chance = random.Random(n)
        category = chance.choice(self.categories)
        y, x = divmod(n, self.width)
        return Sighting(
            kind="detection", source="urn:cams", id=f"{n}-{object_id}-{at}", at=at,
            area=self.areas[y * len(self.areas) // self.width % len(self.areas)],
            lat=round(30.0 + y * APART, 6), lon=round(114.0 + x * APART, 6), camera=f"cam-{n}", algorithm="a",
            label=category, object_id=object_id, confidence=0.9, category=category,
        )  # fmt: skip


def _guess(category: str, other: str) -> Guess:
    alternatives = ((category, 0.97), (other, 0.02), ("other", 0.005))
    return Guess(category, 0.97, "model-20260301", 0.8, alternatives=alternatives, terms=(("路灯", 0.5), ("坏了", 0.4)))


def write_rows(size: int, file: Path) -> Figures:
    """Write the rows of a desk with so many open orders to a file."""
    city = load_calm_city()
    places = Places(city, size + PROBES)
    bench, rows = Bench(DeskState(0), city), dict[str, bytes | None]()
    bench.changed = rows.update
    bench.run([(PackChange(city.digest), T0)])
    bench.run((places.report(n), T0 + n * STEP_MS) for n in range(min(size, OPENED)))
    with file.open("wb") as out:
        _write(out, rows.items())
        patterns = list(bench.state.orders.values())
        for part in _parts(range(len(patterns), size), BATCH):
            copies = [_copy(patterns[n % len(patterns)], places.report(n)) for n in part]
            digests = tuple(sorted(int(order.report_keys[0], 16) for order in copies))
            _write(out, ((order.id, encode_row(order)) for order in copies))
            _write(out, [(row_keys.seen(_BUCKET, -part[0]), encode_row(SeenChunk(2**62, digests)))])
    kept = [len(row) for key, row in rows.items() if row is not None and row_keys.is_order(key)]
    return {"row_bytes": sum(kept) / len(kept)}


def _copy(order: Order, report: Sighting) -> Order:
    """An order like this one, founded by another report."""
    founding = replace(order.evidence_first[0], id=report.id, reporter=report.reporter, lat=report.lat, lon=report.lon)
    return replace(
        order, id=f"{order.id[:-10]}{report.id[:10]}", report_keys=(report_key(report.source, report.id),),
        reporters=(report.reporter,), lat=report.lat, lon=report.lon, evidence_first=(founding,),
    )  # fmt: skip


def restart(size: int, file: Path) -> Figures:
    """Restore a desk from the rows; then act on orders that it has not touched yet, each on others."""
    city = load_calm_city()
    empty, began = _resident(), time.process_time()
    packing = Packing()
    rows = _read(file, packing)
    state = DeskState.restore(0, _drained(rows), [], packing)
    figures = {"restore_s": time.process_time() - began}
    gc.freeze()  # as the desk's processor does
    figures["restore_us"] = figures["restore_s"] / len(state.orders) * 1e6
    orders = list(state.orders)
    chance = random.Random(size)
    some = chance.sample(orders, min(PROBES, len(orders) // 4))
    others = chance.sample(orders, min(2 * WARM, len(orders)))
    count = len(orders)
    del rows, orders
    figures["held_mb"] = (_resident() - empty) / 1e6
    figures["peak_mb"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - empty) / 1e6
    figures["held_bytes"] = figures["held_mb"] / count * 1e6
    bench, places = Bench(state, city), Places(city, size + PROBES)
    clock = state.meta.clock
    figures["open"] = bench.run((places.report(n), clock) for n in range(size, size + PROBES))
    for action in ("accept", "handle"):
        updates = [
            InboxUpdate(
                source="u", id=f"{action}{n}", at=clock, action=action, area=order.area, order_id=order.id,
                by=Actor("department", order.department, "x"), evidence_urls=("e",), reason="r",
            )
            for n, key in enumerate(some) if (order := state.orders[key]).department
        ]  # fmt: skip
        for key in others:
            state.orders[key]  # from now on these are at hand, and not those of the updates
        figures[action] = bench.run((update, clock) for update in updates)
    seen = chance.sample(range(min(size, OPENED)), PROBES)
    known = seen[:50]
    figures["join"] = bench.run((places.detection(n, f"o{n}", clock), clock) for n in seen[50:])
    bench.run([(places.detection(n, "again", clock), clock) for n in known])
    again = [places.detection(known[n % 50], "again", clock + n + 1) for n in range(PROBES * 5)]
    figures["repeat"] = bench.run((each, each.at) for each in again)
    began, fired = time.process_time(), 0
    for _ in range(3):
        record = InboxRecord(0, state.meta.next_offset, clock + 400 * HOUR_MS, ())
        decision = decide(state, [record], bench.cities)
        decision.changes.apply()
        fired += sum(1 for out in decision.records if out.topic == "orders")
    figures["fire"] = (time.process_time() - began) / fired * 1e6
    return figures


def dense(size: int) -> Figures:
    """What an arrival costs where so many orders lie within 50 m, all of one category and words that do not agree."""
    city = load_calm_city()
    bench, places = Bench(DeskState(0), city), Places(city, 1)
    signs = sorted(set("".join(places.texts)))
    bench.run([(PackChange(city.digest), T0)])

    def report(n: int) -> Sighting:
        chance = random.Random(n)
        metre = DENSE_METRES / 1.5 / 111_195.0
        return Sighting(
            kind="report", source="urn:app", id=f"{n}", at=T0 + n * STEP_MS, area=places.areas[0],
            text="".join(chance.choices(signs, k=60)), reporter=f"{chance.getrandbits(128):032x}", channel="app",
            lat=30.0 + chance.uniform(0, metre), lon=114.0 + chance.uniform(0, metre),
            guess=_guess(places.categories[0], places.categories[1]),
        )  # fmt: skip

    bench.run((report(n), T0 + n * STEP_MS) for n in range(size))
    before = len(bench.state.orders)
    cost = bench.run([(report(n), T0 + n * STEP_MS) for n in range(size, size + PROBES)])
    return {"orders": before, "open": cost}


def main() -> None:
    """Print two tables; `--json` prints one object instead."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, action="append")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    where = msgspec.structs.asdict(host(os.getloadavg()[0]))
    results: dict[str, dict[int, Figures]] = {"spread": {}, "dense": {}}
    with tempfile.TemporaryDirectory() as folder:
        for size in asked.orders or [10_000, 100_000]:
            file = Path(folder) / f"{size}.rows"
            results["spread"][size] = _alone(write_rows, size, file) | _alone(restart, size, file)
            file.unlink()
    for size in (100, DENSE):
        results["dense"][size] = _alone(dense, size)
    if asked.json:
        print(json.dumps({"machine": where} | results, indent=2))
        return
    print(", ".join(f"{name} {value}" for name, value in where.items()))
    print(" ".join(f"{title:>14}" for title in ("open orders", *COLUMNS.values())))
    for size, figures in results["spread"].items():
        print(f"{size:14,d} " + " ".join(f"{figures[name]:14,.1f}" for name in COLUMNS))
    for size, figures in results["dense"].items():
        print(f"{size:14,d} within {DENSE_METRES:.0f} m: {figures['open']:,.1f} µs an arrival")


def _alone(work: Callable[..., Figures], *given: object) -> Figures:
    """A measurement in a process of its own: what another one has left does not count."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def _parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while part := list(itertools.islice(rest, size)):
        yield part


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


_LENGTHS = struct.Struct("<ii")


def _write(out: BinaryIO, rows: Iterable[tuple[str, bytes | None]]) -> None:
    for key, value in rows:
        name = key.encode()
        out.write(_LENGTHS.pack(len(name), -1 if value is None else len(value)) + name + (value or b""))


def _read(file: Path, packing: Packing) -> dict[str, bytes]:
    """The newest row of each key, held as the desk's processor holds it."""
    rows: dict[str, bytes] = {}
    with file.open("rb") as data:
        while head := data.read(_LENGTHS.size):
            name, size = _LENGTHS.unpack(head)
            key = data.read(name).decode()
            rows.pop(key, None)
            if size >= 0:
                row = data.read(size)
                rows[key] = packing.packed(row) if row_keys.is_order(key) else row
    return rows


def _drained(rows: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """The rows, each let go of once it is taken."""
    for key in list(rows):
        yield key, rows.pop(key)


if __name__ == "__main__":
    main()

"""Orders of the demo city replayed with the model deciding: how fast, and whether every figure is right.

Run: `scripts/bench history [--days N] [--desks N]`. The days are made up before the clock runs, as those behind the
demo are (`streams/demo/month.py`), and are an order's whole life: reports, detections, what people do. Then
`paidan history` classifies, takes in and writes them, desks decide, and the audit computes every figure anew from the
facts alone. Ends with 1 when one differs. Some 515 days have 31,500 orders.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from bench.on_kafka.replayed import replayed, tell
from bench.rig import Rig
from dispatcher.figures.figure_row import parse_key
from models.city import load_city
from models.times import from_text, to_text
from streams.control.models_in_force import LiveModels
from streams.demo.demo import read_day
from streams.demo.month import Month
from streams.intake.role import keys_of
from streams.local.broker import LocalBroker
from streams.settings import DEMO_CITY

UNTIL = from_text("2026-03-01T00:00:00Z")
SEED = 1


async def run(days: int, desks: int) -> tuple[dict[str, float], list[str]]:
    """The measurements, and every difference as a sentence."""
    with tempfile.TemporaryDirectory() as name:
        folder, city = Path(name), load_city(DEMO_CITY)
        async with LocalBroker(folder / "kafka") as broker:
            rig = Rig(broker.bootstrap, folder, city=DEMO_CITY)
            model, events = LiveModels(rig.settings, city).active, folder / "days.jsonl"
            day, keys = read_day(DEMO_CITY / "day.jsonl"), keys_of(rig.settings)
            lines = list(Month(city, day, model, keys, UNTIL, SEED, days).lines())
            events.write_bytes(b"".join(line + b"\n" for line in lines))
            await rig.create(city)
            found = await replayed(rig, city, desks, str(events), "--until", to_text(UNTIL))
    orders = sum(part.orders for part in found.audited)
    rows = [row for part in found.audited for key, row in part.figures.items() if parse_key(key)[0] == "area"]
    received = sum(row.counters.get("received", 0) for row in rows)
    measured = {"events": float(len(lines)), "orders": float(orders), "reports_received": float(received)}
    measured |= found.measured() | {"differences": float(len(found.differences))}
    return measured, found.differences


def main() -> None:
    """Measure, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30, help="so many days are replayed")
    parser.add_argument("--desks", type=int, default=1, help="how many desks share the partitions")
    given = parser.parse_args()
    measured, wrong = asyncio.run(run(given.days, given.desks))
    tell(given.desks, measured, wrong)


if __name__ == "__main__":
    main()

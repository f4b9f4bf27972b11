"""Boston's nine months through `paidan history` on a real Kafka: how fast, and whether every figure is right.

Run: `scripts/bench boston [--every N] [--desks N] [--json FILE]`. Needs the optional data folder (PAIDAN_SHARED,
default `../shared`). Ends with 1 when a figure differs from the batch computation or the audit finds anything.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from bench.on_kafka.replayed import replayed, tell
from bench.rig import Rig
from models.city import load_city
from streams.local.broker import LocalBroker
from tests.support.boston import compare, convert, oracle


def cases_file() -> Path:
    """The shared file. Exits with a sentence when it is missing."""
    folder = Path(os.environ.get("PAIDAN_SHARED") or Path(__file__).parents[3] / "shared")
    file = folder / "data" / "boston_311" / "2015_jan_sep.csv.gz"
    if not file.is_file():
        sys.exit(f"{file} is missing: PAIDAN_SHARED names the folder that holds data/")
    return file


async def run(every: int, desks: int) -> tuple[dict[str, float], list[str]]:
    """The measurements, and every difference as a sentence."""
    file = cases_file()
    rows = convert.read(file)[::every]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        city_folder, events = convert.write(rows, folder)
        city = load_city(city_folder)
        async with LocalBroker(folder / "kafka") as broker:
            rig = Rig(broker.bootstrap, folder, city=city_folder)
            await rig.create(city)
            found = await replayed(rig, city, desks, str(events), "--until", convert.UNTIL, "--no-model")
    kept = [row for part in found.audited for row in part.figures.items()]
    wrong = found.differences + compare.differences(kept, oracle.cases(file, every))
    measured = {
        "cases": float(len(rows)),
        "facts": float(sum(part.facts for part in found.audited)),
        "cases_per_second": len(rows) / found.decided,
    }
    measured |= found.measured() | {"differences": float(len(wrong))}
    return measured, wrong


def main() -> None:
    """Measure, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="take one case in so many")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    parser.add_argument("--desks", type=int, default=os.cpu_count() or 1, help="how many desks share the partitions")
    given = parser.parse_args()
    measured, wrong = asyncio.run(run(given.every, given.desks))
    if given.json:
        given.json.write_text(json.dumps(measured, indent=2) + "\n")
    tell(given.desks, measured, wrong)


if __name__ == "__main__":
    main()

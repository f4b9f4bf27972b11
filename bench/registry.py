"""What the registry of a whole city costs to load, and to find a place in: processor time and memory.

Run: `python -m bench.registry [--cameras 230000] [--buildings 270000]`. The demo city's tables, with so many rows
made of its own.
"""

import argparse
import csv
import io
import os
import random
import time
from pathlib import Path

from bench.interpreter import build
from bench.processor_time import peak_mib
from models.city import City, read_city
from models.city.pack.loader import is_pack_file

DEMO = Path(__file__).parents[1] / "cities" / "demo"
TIMES = 20_000
SEED = 7


def grown(files: dict[str, bytes], name: str, count: int, key: str, form: str) -> bytes:
    """A table with `count` more rows, each a copy of one of its rows with a `key` of its own."""
    rows = list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"))))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    chance = random.Random(SEED)
    for n in range(count):
        row = chance.choice(rows)
        writer.writerow(_copy(row, key, form.format(row[key], n)))
    return out.getvalue().encode()


def _copy(row: dict[str, str], key: str, value: str) -> dict[str, str]:
    return {name: "" if name in ("aliases", "name_en") else text for name, text in row.items()} | {key: value}


def microseconds(city: City) -> tuple[float, float]:
    """Of processor time, to find the area of a point, and the place that a text of 40 characters names."""
    cameras = list(city.cameras.values())
    points = [(each.lat, each.lon) for each in random.Random(SEED).choices(cameras, k=TIMES)]
    begun = time.process_time()
    for lat, lon in points:
        city.areas.locate(lat, lon)
    located = time.process_time() - begun
    some = city.places.all[:: len(city.places) // TIMES or 1]
    texts = [f"{each.name_zh[:12]}门口的路灯坏了一个多星期，晚上太黑，请派人来看一下" for each in some]
    begun = time.process_time()
    for text in texts:
        city.places.find(text)
    return located / len(points) * 1e6, (time.process_time() - begun) / len(texts) * 1e6


def main() -> None:
    """Print what it costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=230_000)
    parser.add_argument("--buildings", type=int, default=270_000)
    options = parser.parse_args()
    files = {file.name: file.read_bytes() for file in DEMO.iterdir() if is_pack_file(file)}
    files["cameras.csv"] = grown(files, "cameras.csv", options.cameras, "id", "{}-{}")
    files["places.csv"] = grown(files, "places.csv", options.buildings, "name_zh", "{}{}号楼")
    before = peak_mib(os.getpid())
    begun = time.process_time()
    city = read_city(files)
    loaded = time.process_time() - begun
    point, words = microseconds(city)
    print(f"{build()}: {len(city.cameras):,} cameras, {len(city.places):,} places")
    print(f"load {loaded:.2f} s of processor time, {peak_mib(os.getpid()) - before:.0f} MiB at most")
    print(f"the area of a point {point:.1f} µs, the place that a text names {words:.1f} µs")


if __name__ == "__main__":
    main()

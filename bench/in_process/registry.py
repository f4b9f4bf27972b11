"""What the registry of a whole city costs to load, and to find a place in: processor time and memory.

Run: `scripts/bench registry [--cameras 230000] [--buildings 270000] [--grids 0]`. The demo city's tables, with so
many rows made of its own; with `--grids` each of its 22 towns is cut into about so many areas, in which it then merges.
"""

import argparse
import csv
import io
import json
import math
import os
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from shapely import STRtree
from shapely.geometry import Point, box, mapping, shape
from shapely.geometry.base import BaseGeometry

from bench.interpreter import build
from bench.processor_time import peak_mib
from models.city import City, read_city
from models.city.pack.loader import is_pack_file

DEMO = Path(__file__).parents[2] / "cities" / "demo"
TIMES = 20_000
SEED = 7


def grown(files: dict[str, bytes], name: str, count: int, key: str, form: str) -> bytes:
    """A table with `count` more rows, each a copy of one of its rows with a `key` of its own."""
    rows = list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"))))
    chance = random.Random(SEED)
    more = ((chance.choice(rows), n) for n in range(count))
    return _written(chain(rows, (_copy(row, key, form.format(row[key], n)) for row, n in more)), rows[0])


def _written(rows: Iterable[dict[str, str]], columns: Iterable[str]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _copy(row: dict[str, str], key: str, value: str) -> dict[str, str]:
    return {name: "" if name in ("aliases", "name_en") else text for name, text in row.items()} | {key: value}


def cut(files: dict[str, bytes], count: int) -> dict[str, bytes]:
    """The city with a level below its towns, of about `count` areas in each, in which it merges: cells of a lattice, as
    far as they lie in the town. What has a point and an area has that of its point then."""
    collection = json.loads(files["areas.geojson"])
    towns = [each for each in collection["features"] if each["properties"]["level"] == "town"]
    cells: list[tuple[str, BaseGeometry]] = []
    for town in towns:
        of = town["properties"]
        for number, ground in enumerate(_cells(shape(town["geometry"]), count)):
            name = {"name_zh": f"{of['name_zh']}{number}网格", "name_en": f"{of['name_en']} {number}"}
            own = {"id": f"{of['id']}-{number}", "level": "grid", "parent": of["id"]} | name
            cells.append((own["id"], ground))
            collection["features"].append({"type": "Feature", "properties": own, "geometry": mapping(ground)})
    features = ",\n".join(json.dumps(each, ensure_ascii=False) for each in collection["features"])
    collection["features"] = []
    body = json.dumps(collection, ensure_ascii=False).replace('"features": []', f'"features": [\n{features}\n]')
    toml = (
        files["city.toml"]
        .decode()
        .replace('"town"]', '"town", "grid"]')
        .replace('merge_level = "town"', 'merge_level = "grid"')
    )
    found = STRtree([ground for _, ground in cells])
    placed = {name: _placed(files[name], cells, found) for name in ("assets.csv", "cameras.csv", "places.csv")}
    return files | placed | {"areas.geojson": body.encode(), "city.toml": toml.encode()}


def _cells(town: BaseGeometry, count: int) -> Iterator[BaseGeometry]:
    west, south, east, north = town.bounds
    side = math.sqrt(town.area / count)
    for column in range(math.ceil((east - west) / side)):
        for row in range(math.ceil((north - south) / side)):
            corner = west + column * side, south + row * side
            part = town.intersection(box(*corner, corner[0] + side, corner[1] + side))
            if part.geom_type in ("Polygon", "MultiPolygon") and not part.is_empty:
                yield part


def _placed(table: bytes, cells: Sequence[tuple[str, BaseGeometry]], found: STRtree) -> bytes:
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    located = [row for row in rows if row["lat"]]
    for row in located:
        row["area"] = cells[int(found.nearest(Point(float(row["lon"]), float(row["lat"]))))][0]
    return _written(located, rows[0])


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
    parser.add_argument("--grids", type=int, default=0, help="in each town; 0: the city merges in its towns")
    options = parser.parse_args()
    files = {file.name: file.read_bytes() for file in DEMO.iterdir() if is_pack_file(file)}
    if options.grids:
        files = cut(files, options.grids)
    files["cameras.csv"] = grown(files, "cameras.csv", options.cameras, "id", "{}-{}")
    files["places.csv"] = grown(files, "places.csv", options.buildings, "name_zh", "{}{}号楼")
    before = peak_mib(os.getpid())
    begun = time.process_time()
    city = read_city(files)
    loaded = time.process_time() - begun
    point, words = microseconds(city)
    print(f"{build()}: {len(city.cameras):,} cameras, {len(city.places):,} places, {len(city.areas):,} areas")
    print(f"load {loaded:.2f} s of processor time, {peak_mib(os.getpid()) - before:.0f} MiB at most")
    print(f"the area of a point {point:.1f} µs, the place that a text names {words:.1f} µs")


if __name__ == "__main__":
    main()

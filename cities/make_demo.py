"""Draws the demo city: areas.geojson, places.csv, cameras.csv and assets.csv from the names in demo_places.py.

    python cities/make_demo.py          writes the four files; the same seed gives the same bytes

Towns are the cells around their middles. Every border is drawn once and bent like a hand-drawn line, so that both
neighbours have exactly the same one; districts and the city are made of the towns.
"""

import csv
import itertools
import json
import math
import random
from collections.abc import Iterable
from pathlib import Path

import shapely
from demo_places import DISTRICTS, OUTLINE, PLACES, TOWNS
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

SEED = 20260301
DEMO = Path(__file__).parent / "demo"
GRID = 1e-5  # about one metre
BEND = 0.09  # how far the middle of a border moves aside, as a share of its length
SHORTEST = 0.0022  # degrees: pieces shorter than this stay straight

BEHIND_A_SWITCH = 8  # cameras
# Put up and never heard of: of these the city knows how often they should speak, minutes.
NEVER_HEARD = {"gulou-015": 1440, "keyuan-011": 1440}
# How many cameras a town has: more where more people are.
CAMERAS = {
    "gulou": 15, "shiqiao": 14, "liudi": 12, "guixiang": 12, "nantang": 11, "chunxiao": 10, "binjiang": 16,
    "dukou": 10, "jiangwan": 12, "caihong": 13, "tieta": 10, "lingang": 16, "xuefu": 13, "yunjin": 10, "hubin": 9,
    "keyuan": 11, "songling": 6, "maimiao": 10, "bailu": 7, "xinhe": 7, "luhua": 6, "chashan": 6,
}  # fmt: skip
# Kinds of assets, the letters of their ids, how many of them stand by each place, and whose they are in turn.
ASSETS = (
    ("路灯杆", "LD", 2, ("roads", "roads", "energy")),
    ("井盖", "JG", 1, ("water", "energy")),
    ("消火栓", "XF", 1, ("water",)),
)
SPOTS = ("东口", "西口", "南段", "北段", "中段", "门口", "公交站", "路口", "停车场")


def bent(line: LineString, chance: random.Random) -> LineString:
    """The line with every piece bent aside at its middle, again and again (midpoint displacement)."""

    def between(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
        length = math.dist(start, end)
        if length < SHORTEST:
            return [end]
        aside = chance.uniform(-BEND, BEND)
        middle = (
            round((start[0] + end[0]) / 2 - aside * (end[1] - start[1]), 5),
            round((start[1] + end[1]) / 2 + aside * (end[0] - start[0]), 5),
        )
        return between(start, middle) + between(middle, end)

    points = [(round(x, 5), round(y, 5)) for x, y in line.coords]
    drawn = [points[0]]
    for start, end in itertools.pairwise(points):
        drawn += between(start, end)
    return LineString(drawn)


def draw_towns(chance: random.Random) -> dict[str, Polygon]:
    """The towns' polygons: cells around their middles within the outline, with shared, bent borders."""
    outline = Polygon(OUTLINE)
    middles = shapely.MultiPoint([(lon, lat) for *_, lat, lon in TOWNS])
    cells = [cell.intersection(outline) for cell in shapely.voronoi_polygons(middles, extend_to=outline).geoms]
    lines = shapely.union_all([cell.boundary for cell in cells], grid_size=GRID)
    borders = sorted(shapely.line_merge(lines).geoms, key=lambda line: list(line.coords))
    faces = shapely.polygonize([bent(border, chance) for border in borders]).geoms
    towns: dict[str, Polygon] = {}
    for town, *_, lat, lon in TOWNS:
        (towns[town],) = [face for face in faces if face.contains(shapely.Point(lon, lat))]
    if len(faces) != len(TOWNS):
        raise SystemExit(f"{len(faces)} faces for {len(TOWNS)} towns: borders cross")
    return towns


def write_areas(towns: dict[str, Polygon]) -> None:
    """areas.geojson, one feature a line, so that a mistake can be found by its line."""

    def line(id: str, level: str, parent: str, name_zh: str, name_en: str, shape: BaseGeometry) -> str:
        names = {"id": id, "name_zh": name_zh, "name_en": name_en, "level": level, "parent": parent}
        drawn = shapely.geometry.mapping(shapely.orient_polygons(shape))
        return json.dumps({"type": "Feature", "properties": names, "geometry": drawn}, ensure_ascii=False)

    lines = [line("yunhe", "city", "", "云禾市", "Yunhe", shapely.union_all(list(towns.values())))]
    for district, zh, en in DISTRICTS:
        parts = [towns[town] for town, parent, *_ in TOWNS if parent == district]
        lines.append(line(district, "district", "yunhe", zh, en, shapely.union_all(parts)))
    lines += [line(town, "town", parent, zh, en, towns[town]) for town, parent, zh, en, *_ in TOWNS]
    text = '{"type": "FeatureCollection", "features": [\n' + ",\n".join(lines) + "\n]}\n"
    (DEMO / "areas.geojson").write_text(text, encoding="utf-8")


def scattered(shape: Polygon, count: int, chance: random.Random) -> list[tuple[float, float]]:
    """That many points (lat, lon) well inside a polygon, not too close to each other."""
    inner = shape.buffer(-0.0012)
    west, south, east, north = inner.bounds
    apart = 0.55 * math.sqrt(inner.area / count)
    found: list[tuple[float, float]] = []
    while len(found) < count:
        lat, lon = round(chance.uniform(south, north), 5), round(chance.uniform(west, east), 5)
        far = all(math.dist((lat, lon), other) > apart for other in found)
        if far and inner.contains(shapely.Point(lon, lat)):
            found.append((lat, lon))
        apart *= 0.9995
    return found


def write_table(name: str, header: str, rows: Iterable[tuple[object, ...]]) -> None:
    """One CSV file of the pack."""
    with (DEMO / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def write_places(towns: dict[str, Polygon], chance: random.Random) -> dict[str, list[tuple[str, float, float]]]:
    """places.csv; gives back each town's places with their points."""
    rows: list[tuple[object, ...]] = []
    known: dict[str, list[tuple[str, float, float]]] = {}
    for town, shape in towns.items():
        for (zh, en, kind, aliases), (lat, lon) in zip(
            PLACES[town], scattered(shape, len(PLACES[town]), chance), strict=True
        ):
            rows.append((zh, en, aliases, kind, town, lat, lon))
            known.setdefault(town, []).append((zh, lat, lon))
    write_table("places.csv", "name_zh,name_en,aliases,kind,area,lat,lon", rows)
    return known


def write_cameras(
    towns: dict[str, Polygon], known: dict[str, list[tuple[str, float, float]]], chance: random.Random
) -> None:
    """cameras.csv: cameras stand near the places of their town and bear their names."""
    rows: list[tuple[object, ...]] = []
    for town, district, *_ in TOWNS:
        inside = towns[town].buffer(-0.0002)
        owner = _owner(town, district)
        used: set[str] = set()
        for number in range(1, CAMERAS[town] + 1):
            place, lat, lon = known[town][(number - 1) % len(known[town])]
            names = [place + spot for spot in SPOTS]
            chance.shuffle(names)
            name = next(name for name in names if name not in used)
            used.add(name)
            while True:
                at = round(chance.gauss(lat, 0.0009), 6), round(chance.gauss(lon, 0.0009), 6)
                if inside.contains(shapely.Point(at[1], at[0])):
                    break
            link = f"{town}-switch-{(number - 1) // BEHIND_A_SWITCH + 1}"
            camera = f"{town}-{number:03d}"
            rows.append((camera, *at, town, name, owner, NEVER_HEARD.get(camera, ""), link))
    write_table("cameras.csv", "id,lat,lon,area,name,owner,heartbeat_minutes,link", rows)


def write_assets(
    towns: dict[str, Polygon], known: dict[str, list[tuple[str, float, float]]], chance: random.Random
) -> None:
    """assets.csv: lamps, manhole covers and hydrants near the places of their town, with the numbers on them."""
    rows: list[tuple[object, ...]] = []
    count = dict.fromkeys((letters for _, letters, *_ in ASSETS), 0)
    for town, *_ in TOWNS:
        inside = towns[town].buffer(-0.0002)
        for place, lat, lon in known[town]:
            for kind, letters, number, owners in ASSETS:
                for _ in range(number):
                    while True:
                        at = round(chance.gauss(lat, 0.0009), 6), round(chance.gauss(lon, 0.0009), 6)
                        if inside.contains(shapely.Point(at[1], at[0])):
                            break
                    count[letters] += 1
                    owner = owners[count[letters] % len(owners)]
                    rows.append((f"{letters}-{count[letters]:05d}", kind, *at, town, place, owner))
    write_table("assets.csv", "id,kind,lat,lon,area,name,owner", rows)


def _owner(town: str, district: str) -> str:
    if town in ("bailu", "xinhe", "songling"):
        return f"{town}-town"
    return "operations-centre" if district == "yunxi" else f"{district}-office"


def main() -> None:
    """Draw everything anew."""
    chance = random.Random(SEED)
    towns = draw_towns(chance)
    write_areas(towns)
    known = write_places(towns, chance)
    write_cameras(towns, known, chance)
    write_assets(towns, known, chance)


if __name__ == "__main__":
    main()

"""A tiny city for tests, made from files in memory: 2 districts, 4 towns, 4 departments, 8 categories in 3 groups.

lat
30.20 +-----------+-----------+
      |  north-w  |  north-e  |   district north
30.10 +-----------+-----------+
      |  south-w  |  south-e  |   district south
30.00 +-----------+-----------+
    114.00      114.10      114.20   lon
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from models.city import City, read_city
from streams.settings import DEMO_CITY

_TOWNS = {
    "south-w": ("南西街", "Southwest", "south", 114.0, 30.0),
    "south-e": ("南东街", "Southeast", "south", 114.1, 30.0),
    "north-w": ("北西镇", "Northwest", "north", 114.0, 30.1),
    "north-e": ("北东镇", "Northeast", "north", 114.1, 30.1),
}

# No order of a test goes to a blind review by the chance of its number: a test of blind reviews sets its own share.
NO_BLIND_REVIEWS = "blind_review_share = 0.0\n"
_DEMO_REVIEWS = "blind_review_share = 0.02\n"

CITY_TOML = f"""
id = "tiny"
name_zh = "小城"
name_en = "Tiny"
zone = "Asia/Shanghai"
languages = ["zh", "en"]
levels = ["city", "district", "town"]
merge_level = "town"

[settings]
{NO_BLIND_REVIEWS}"""

DEPARTMENTS = ("roads", "police", "works", "north-office")  # those of the tiny city
FILES: dict[str, str] = {
    "departments.csv": """id,name_zh,name_en,level,parent
roads,道路局,Roads Bureau,1,
police,城管局,City Order Bureau,1,
works,水务局,Water Bureau,1,
north-office,北区办事处,North District Office,2,police
""",
    "categories.csv": """code,parent,name_zh,name_en,group,keywords,\
merge_radius_m,merge_hours,min_sightings,priority,cost,merge
road,,道路,Roads,road,路,50,24,1,3,1,on
pothole,road,坑洼,Pothole,road,坑|hole,50,48,2,3,2,on
street-light,road,路灯,Street light,road,路灯|lamp,60,168,1,3,1,on
guardrail,road,护栏,Guardrail,road,护栏|railing,30,24,1,4,1,on
order,,秩序,Street order,order,占道,50,24,1,3,1,on
illegal-parking,order,违停,Illegal parking,order,违停|parking,40,4,3,4,1,on
street-vendor,order,摊贩,Street vendor,order,摊|vendor,50,24,1,4,1,on
property-fees,order,物业费,Property fees,order,物业费|fee,0,0,1,5,1,off
water,,水务,Water,water,水,200,12,1,1,1,on
flooding,water,积水,Flooding,water,积水|flood,200,12,1,1,20,on
water-leak,water,漏水,Water leak,water,漏水|leak,80,48,1,2,5,on
""",
    "responsibility.csv": """category,area,lead,assists,valid_from,valid_to
road,*,roads,police,,
order,*,police,,,
order,north,north-office,police,,
illegal-parking,south,police,roads|north-office,,
water,*,works,,,
guardrail,south-e,police,,2026-01-01,2026-06-30
guardrail,south-e,north-office,,2026-07-01,
""",
    "limits.csv": """category,condition,stage,amount,unit
*,,review,4,work-hour
*,,accept,2,hour24
*,,handle,3,work-day
*,,check,2,day
*,,return,4,work-hour
*,,arbitration,1,work-day
*,,whole,7,day
road,,handle,5,work-day
pothole,,handle,24,hour24
pothole,rebuild,handle,20,work-day
pothole,rebuild,whole,40,day
flooding,,accept,1,hour24
flooding,,handle,6,hour24
flooding,,whole,12,hour24
""",
    "calendar.csv": """date,kind,value
,slots,08:00-12:00|14:00-18:00
2026-01-01,holiday,元旦
2026-01-02,holiday,元旦
2026-01-03,holiday,元旦
2026-01-04,make-up,元旦
2026-02-14,make-up,春节
2026-02-15,holiday,春节
2026-02-16,holiday,春节
2026-02-17,holiday,春节
2026-02-18,holiday,春节
2026-02-19,holiday,春节
2026-02-20,holiday,春节
2026-02-21,holiday,春节
2026-02-22,holiday,春节
2026-02-23,holiday,春节
2026-02-28,make-up,春节
""",
    "places.csv": """name_zh,name_en,aliases,kind,area,lat,lon
梧桐路,Wutong Road,,road,south-w,30.05,114.05
梧桐路小学,Wutong Road Primary School,梧桐小学,landmark,south-e,30.06,114.12
中山路,Zhongshan Road,,road,south-w,30.02,114.02
中山路,Zhongshan Road,,road,north-e,30.12,114.12
荷花苑,Lotus Court,,estate,north-w,30.15,114.03
""",
    "cameras.csv": """id,lat,lon,area,name,owner
cam-sw-1,30.05,114.05,south-w,梧桐路1号,police
cam-sw-2,30.02,114.02,south-w,中山路口,police
cam-se-1,30.06,114.12,south-e,小学门口,police
cam-nw-1,30.15,114.03,north-w,荷花苑北门,north-office
cam-ne-1,30.12,114.12,north-e,中山路北段,north-office
""",
    "labels.csv": """vendor,algorithm,label,category,min_confidence
*,*,pothole,pothole,0.6
*,*,lamp_off,street-light,0.5
*,*,illegal_parking,illegal-parking,0.6
*,*,vendor,street-vendor,0.6
*,*,waterlogging,flooding,0.5
acme,road-v2,vendor,illegal-parking,0.7
acme,*,vendor,street-vendor,0.8
""",
    "rules.toml": """
[[rules]]
id = "deep-water-first"
reason = "积水很深时先抢险 Deep water is an emergency"
when = { category = "flooding", text_any = ["齐腰", "waist"] }
then = { priority = 1, department = "works", assists = ["police", "roads"] }

[[rules]]
id = "fees-are-reviewed"
reason = "物业费先人工研判 Fees are looked at by a person"
when = { category = "property-fees" }
then = { review = true }

[[rules]]
id = "adverts-rejected"
reason = "广告不立案 Advertising is not an incident"
when = { text_any = ["办证贷款"] }
then = { reject = true }
""",
    "inhibitions.csv": """parent,child,reason
flooding,road,积水期间路面问题随积水处置
""",
    "silences.csv": """area,category,from,to,owner,reason
south-e,street-vendor,2026-05-01 08:00,2026-05-03 22:00,police,庙会
""",
}


# Four levels of command below the roads bureau: bureau, street, community, grid officer.
LEVELS = (
    "roads-street,道路街道办,Roads Street Office,2,roads",
    "roads-community,道路社区,Roads Community,3,roads-street",
    "roads-grid,道路网格员,Roads Grid Officer,4,roads-community",
    "roads-other,道路另一社区,Other Roads Community,3,roads-street",
)

# A rule by which reports find their category without a classifier: the only rules.toml of a city that is counted.
HOLE_RULE = """
[[rules]]
id = "holes"
reason = "What speaks of a hole is a pothole."
when = { text_any = ["坑"] }
then = { category = "pothole" }
"""


def square(lon: float, lat: float, size: float = 0.1) -> list[list[list[float]]]:
    """The coordinates of a square polygon with this south-west corner."""
    east, north = round(lon + size, 6), round(lat + size, 6)
    return [[[lon, lat], [east, lat], [east, north], [lon, north], [lon, lat]]]


def feature(id: str, level: str, parent: str, name_zh: str, name_en: str, ring: list[list[list[float]]]) -> object:
    """One GeoJSON feature of an area."""
    names = {"id": id, "name_zh": name_zh, "name_en": name_en, "level": level, "parent": parent}
    return {"type": "Feature", "properties": names, "geometry": {"type": "Polygon", "coordinates": ring}}


def _rectangle(south: float, north: float) -> list[list[list[float]]]:
    return [[[114.0, south], [114.2, south], [114.2, north], [114.0, north], [114.0, south]]]


def areas_geojson() -> str:
    """The tiny city's areas, one feature a line."""
    features = [
        feature("tiny", "city", "", "小城", "Tiny", _rectangle(30.0, 30.2)),
        feature("south", "district", "tiny", "南区", "South District", _rectangle(30.0, 30.1)),
        feature("north", "district", "tiny", "北区", "North District", _rectangle(30.1, 30.2)),
    ]
    for id, (name_zh, name_en, parent, lon, lat) in _TOWNS.items():
        features.append(feature(id, "town", parent, name_zh, name_en, square(lon, lat)))
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in features)
    return f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'


def tiny_files(overrides: Mapping[str, str | bytes | None] | None = None, settings: str = "") -> dict[str, bytes]:
    """The files of the tiny city. `overrides` replaces whole files by name (None: leaves the file out), `settings`
    is TOML text for the `[settings]` table, in which blind reviews are off unless it says otherwise."""
    own = CITY_TOML.replace(NO_BLIND_REVIEWS, "") if "blind_review_share" in settings else CITY_TOML
    texts: dict[str, str | bytes | None] = {
        "city.toml": own + settings,
        "areas.geojson": areas_geojson(),
        **FILES,
    }
    texts.update(overrides or {})
    return {name: text.encode() if isinstance(text, str) else text for name, text in texts.items() if text is not None}


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    """The folder, made where it is missing, with these files of a city pack in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def demo_without_chance(folder: Path) -> Path:
    """The folder, made, with the demo city in it, in which no order goes to a blind review by the chance of its
    number: of the demo city itself one in fifty does."""
    shutil.copytree(DEMO_CITY, folder)
    main = folder / "city.toml"
    text = main.read_text(encoding="utf-8")
    assert _DEMO_REVIEWS in text
    main.write_text(text.replace(_DEMO_REVIEWS, NO_BLIND_REVIEWS), encoding="utf-8")
    return folder


def tiny_city(overrides: Mapping[str, str | bytes | None] | None = None, settings: str = "") -> City:
    """The tiny city, with whole files replaced by `overrides` and settings by `settings`: `tiny_city({"rules.toml":
    ""})`, `tiny_city(settings="reopen_days = 3.0")`."""
    return read_city(tiny_files(overrides, settings))


def appended(name: str, *lines: str) -> dict[str, str]:
    """An override: one of the tiny city's files with lines added at its end."""
    return {name: FILES[name] + "".join(f"{line}\n" for line in lines)}

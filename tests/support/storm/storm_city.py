"""The storm's city: districts of two towns side by side, with the cameras of their sites."""

import json
from collections.abc import Iterable, Mapping

from tests.support.cities import CITY_TOML, feature, square, tiny_files
from tests.support.storm.sites import FILE_AT, FLOOD, HOLE, LAMP, PARKING, PERSON, Site, side_of

WEST, EAST = "w", "e"
FAULT = "camera-fault"
CATEGORIES = {LAMP: "street-light", HOLE: "pothole", PARKING: "illegal-parking", FLOOD: "flooding"}
HEARTBEAT_MINUTES = 180
WATCHING_MINUTES = 30
RECHECK_MINUTES = 120
_BETWEEN = 1.0  # degrees between two districts

_COLUMNS = (
    "code,parent,name_zh,name_en,group,keywords,merge_radius_m,merge_hours,min_sightings,file_at,priority,cost,merge"
)
_FILES = {
    "categories.csv": f"""{_COLUMNS}
scene,,街面,Street scene,scene,街面,60,24,1,,3,1,on
street-light,scene,路灯,Street light,light,路灯,60,24,1,,3,1,on
pothole,scene,坑洼,Pothole,road,坑,60,24,1,{FILE_AT},3,2,on
illegal-parking,scene,违停,Illegal parking,order,违停,60,24,3,,4,1,on
flooding,scene,积水,Flooding,water,积水,60,24,1,,1,9,on
{FAULT},scene,镜头,Camera fault,fault,镜头,20,24,1,,4,1,off
""",
    "labels.csv": f"""vendor,algorithm,label,category,min_confidence
*,*,{LAMP},street-light,0.5
*,*,{HOLE},pothole,0.2
*,*,{PARKING},illegal-parking,0.6
*,*,{FLOOD},flooding,0.5
*,*,{PERSON},-,0
""",
    "responsibility.csv": f"""category,area,lead,assists,valid_from,valid_to
street-light,*,roads,,,
pothole,*,roads,,,
illegal-parking,*,police,,,
flooding,*,works,,,
{FAULT},*,police,,,
""",
    "limits.csv": """category,condition,stage,amount,unit
*,,accept,2,day
*,,handle,5,day
*,,check,2,day
*,,whole,9,day
""",
    "places.csv": "name_zh,name_en,aliases,kind,area,lat,lon\n",
    "rules.toml": "",
    "inhibitions.csv": "parent,child,reason\n",
    "silences.csv": "area,category,from,to,owner,reason\n",
}


def town(district: str, *, west: bool) -> str:
    """The area of one half of a district."""
    return f"{district}-{WEST if west else EAST}"


def storm_pack(districts: Mapping[str, Iterable[Site]], cameras: int, storm_orders: int) -> dict[str, bytes]:
    """The pack of the city with these sites, `cameras` in each district. So many orders of a category in a town are a
    storm."""
    settings = f"""camera_heartbeat_hours = 0.0
detection_hold_minutes = 90.0
watching_minutes = {WATCHING_MINUTES}.0
recheck_minutes = {RECHECK_MINUTES}.0
storm_orders = {storm_orders}
"""
    rows = ["id,lat,lon,area,name,owner,heartbeat_minutes,link"]
    for number, (district, sites) in enumerate(districts.items()):
        south, west = _corner(number)
        for site in sites:
            for post in site.posts:
                place = f"{south + post.lat:.6f},{west + post.lon:.6f},{town(district, west=post.west)}"
                rows.append(f"{post.id},{place},{post.id},police,{HEARTBEAT_MINUTES},{post.link}")
    files = _FILES | {
        "city.toml": CITY_TOML + settings,
        "areas.geojson": _areas(list(districts), side_of(cameras)),
        "cameras.csv": "\n".join(rows) + "\n",
    }
    return tiny_files(files)


def _corner(number: int) -> tuple[float, float]:
    """The south-west corner of a district, degrees."""
    y, x = divmod(number, 8)
    return 20.0 + y * _BETWEEN, 100.0 + x * 2 * _BETWEEN


def _areas(districts: list[str], side: float) -> str:
    """Districts apart from each other; the towns of each share a border."""
    rows, features = -(-len(districts) // 8), []
    around = [[99.0, 19.0], [118.0, 19.0], [118.0, 21.0 + rows], [99.0, 21.0 + rows], [99.0, 19.0]]
    features.append(feature("tiny", "city", "", "小城", "Tiny", [around]))
    for number, district in enumerate(districts):
        south, west = _corner(number)
        middle, east, north = round(west + side, 6), round(west + 2 * side, 6), round(south + side, 6)
        whole = [[[west, south], [east, south], [east, north], [west, north], [west, south]]]
        features.append(feature(district, "district", "tiny", district, district, whole))
        for half, lon in ((WEST, west), (EAST, middle)):
            name = f"{district}-{half}"
            features.append(feature(name, "town", district, name, name, square(lon, south, side)))
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)

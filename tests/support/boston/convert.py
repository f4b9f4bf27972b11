"""Boston's CSV as a city pack and a file of CloudEvents. Both are made when a test runs and never kept.

The department is the case's SUBJECT, found by a rule on the reporter's own category (SUBJECT/TYPE). A closed case was
accepted when it was opened, handled and passed by an inspector when it was closed.

Boston's departments can be set below made-up ones: then a case is dispatched to the topmost, handed down level by level
when it was opened, and confirmed by each of them when it was closed.
"""

import csv
import gzip
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from models.events import REPORT, UPDATE
from tests.support.cities import written

ZONE = ZoneInfo("America/New_York")
UNTIL = "2016-01-13T00:00:00-05:00"
SOURCE = "boston/311"
ELSEWHERE = "elsewhere"

CITY_TOML = """id = "boston"
name_zh = "波士顿"
name_en = "Boston"
zone = "America/New_York"
languages = ["en"]
levels = ["city", "neighborhood"]
merge_level = "neighborhood"

[settings]
blind_review_share = 0.0
camera_heartbeat_hours = 0.0
"""


def read(file: Path) -> list[dict[str, str]]:
    """The rows of the CSV."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def slug(name: str) -> str:
    """A name as an id."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or ELSEWHERE


Above = Callable[[str], tuple[str, ...]]


def nobody(department: str) -> tuple[str, ...]:
    """The departments above one, the topmost first: none."""
    return ()


def two_levels(department: str) -> tuple[str, ...]:
    """A made-up hierarchy of two levels: four offices by the length of the name, below two bureaus."""
    office = len(department) % 4
    return f"bureau-{office % 2}", f"office-{office}"


def pack(rows: list[dict[str, str]], above: Above = nobody) -> dict[str, bytes]:
    """The files of Boston's pack: its departments, neighbourhoods and one rule for each department. No merging."""
    subjects = sorted({row["SUBJECT"] for row in rows})
    hoods = sorted({slug(row["neighborhood"]) for row in rows} | {ELSEWHERE})
    files = {
        "city.toml": CITY_TOML,
        "departments.csv": _table("id,name_zh,name_en,level,parent", list(_departments(subjects, above))),
        "categories.csv": _table(
            "code,parent,name_zh,name_en,group,keywords,merge_radius_m,merge_hours,min_sightings,priority,cost,merge",
            [
                ["case", "", "Cases", "Cases", "case", "", "0", "0", "1", "3", "1", "off"],
                *([slug(name), "case", name, name, "case", "", "0", "0", "1", "3", "1", "off"] for name in subjects),
            ],
        ),
        "responsibility.csv": _table(
            "category,area,lead,assists,valid_from,valid_to",
            [[slug(name), "*", slug(name), "", "", ""] for name in subjects],
        ),
        "limits.csv": "category,condition,stage,amount,unit\n*,,whole,365,day\n",
        "calendar.csv": "date,kind,value\n,slots,08:00-17:00\n",
        "places.csv": "name_zh,name_en,aliases,kind,area,lat,lon\n",
        "cameras.csv": "id,lat,lon,area,name,owner\n",
        "labels.csv": "vendor,algorithm,label,category,min_confidence\n",
        "rules.toml": "\n".join(_rule(name, (*above(slug(name)), slug(name))[0]) for name in subjects),
        "areas.geojson": json.dumps({"type": "FeatureCollection", "features": list(_areas(hoods))}),
    }
    return {name: text.encode() for name, text in files.items()}


def _table(header: str, rows: list[list[str]]) -> str:
    return "\n".join([header, *(",".join(f'"{cell}"' if cell else "" for cell in row) for row in rows)]) + "\n"


def _departments(subjects: list[str], above: Above) -> Iterator[list[str]]:
    """Boston's departments and those above them, each with its level and parent."""
    seen: set[str] = set()
    for name in subjects:
        line = (*above(slug(name)), slug(name))
        for level, department in enumerate(line):
            if department not in seen:
                seen.add(department)
                shown = name if department == slug(name) else department
                yield [department, shown, shown, str(level + 1), line[level - 1] if level else ""]


def _rule(subject: str, department: str) -> str:
    name = slug(subject)
    return f"""[[rules]]
id = "{name}"
reason = "the case's subject"
when = {{ hint = {json.dumps(f"{subject}/*")} }}
then = {{ category = "{name}", department = "{department}" }}
"""


def _areas(hoods: list[str]) -> Iterator[dict[str, Any]]:
    """The city and, side by side in it, a square for each neighbourhood: cases name theirs, nobody looks at maps."""
    yield _area("whole-city", "city", "", -71.5, 42.0, 1.0)
    for n, hood in enumerate(hoods):
        yield _area(hood, "neighborhood", "whole-city", -71.5 + 0.03 * n, 42.0, 0.03)


def _area(area: str, level: str, parent: str, west: float, south: float, size: float) -> dict[str, Any]:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "properties": {"id": area, "name_zh": area, "name_en": area, "level": level, "parent": parent},
        "geometry": {"type": "Polygon", "coordinates": [[[round(x, 6), round(y, 6)] for x, y in ring]]},
    }


def events(rows: list[dict[str, str]], above: Above = nobody) -> Iterator[bytes]:
    """One structured CloudEvent a line: the report of each case, its way down the levels and, of a closed one, the
    steps there and the way up."""
    for row in rows:
        case = row["CASE_ENQUIRY_ID"].partition(".")[0]
        opened, closed = instant(row["OPEN_DT"]), instant(row["CLOSED_DT"])
        place = {"area": slug(row["neighborhood"])}
        yield _event(
            REPORT,
            case,
            opened,
            {
                "text": row["CASE_TITLE"].strip() or row["TYPE"],
                "category": f"{row['SUBJECT']}/{row['TYPE']}",
                "channel": row["Source"],
                "location": place,
                "due_at": instant(row["TARGET_DT"]) or None,
            },
        )
        line = (*above(slug(row["SUBJECT"])), slug(row["SUBJECT"]))
        lead = {"role": "department", "department": line[-1], "id": "clerk"}
        steps: list[tuple[str, str, dict[str, str], dict[str, Any]]] = [
            ("forward", opened, _clerk(upper), {"department": lower}) for upper, lower in pairwise(line)
        ]
        if closed:
            closed = max(opened, closed)  # some cases "close" a minute before they open
            steps += [
                ("accept", opened, lead, {}),
                ("handle", closed, lead, {"evidence_urls": [f"https://cases.example/{case}"]}),
                *(("check-pass", closed, _clerk(upper), {}) for upper in reversed(line[:-1])),
                ("check-pass", closed, {"role": "inspector", "id": "inspector"}, {}),
            ]
        named = {"report": {"source": SOURCE, "id": case}, "location": place}
        for action, at, by, more in steps:
            name = f"{case}/{action}/{by['department']}" if line[1:] and "department" in by else f"{case}/{action}"
            yield _event(UPDATE, name, at, {"action": action, "by": by, **named, **more})


def _clerk(department: str) -> dict[str, str]:
    """A person of a department above; no two have the same."""
    return {"role": "department", "department": department, "id": f"clerk-{department}"}


def instant(local: str) -> str:
    """A naive local time as RFC 3339 in UTC, which sorts as text; empty stays empty."""
    if not local:
        return ""
    moment = datetime.fromisoformat(local).replace(tzinfo=ZONE).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _event(kind: str, event_id: str, time: str, data: dict[str, Any]) -> bytes:
    event = {"specversion": "1.0", "id": event_id, "source": SOURCE, "type": kind, "time": time, "data": data}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def write(rows: list[dict[str, str]], folder: Path, above: Above = nobody) -> tuple[Path, Path]:
    """The pack's folder and the file of events, written into a folder."""
    city, file = written(folder / "boston", pack(rows, above)), folder / "boston.jsonl"
    with file.open("wb") as out:
        out.writelines(events(rows, above))
    return city, file

"""Writes the demo city's sample day: demo/day.jsonl, about 1,200 events, one JSON a line, in order of time.

    python cities/make_day.py           the same seed gives the same bytes

A line is {"topic": "reports" | "detections", "at_s": seconds since local midnight, "event": a structured CloudEvent
without its time}: whoever feeds the day stamps the times. The story: an ordinary working day; a storm from 15:10 to
16:40 floods underpasses and breaks trees; a few events are broken on purpose and belong into the dead letters.
"""

import json
import random
from pathlib import Path
from typing import Any

from day_texts import ENDINGS, OPENINGS, TEXTS, UNCLEAR

from models.city import Camera, Place, load_city
from models.events import DETECTION, REPORT

SEED = 20260302
DEMO = Path(__file__).parent / "demo"
INCIDENTS = {"reports": 250, "detections": 165}
STORM = (15 * 3600 + 600, 16 * 3600 + 2400)
STORM_CATEGORIES = ("flooding", "fallen-tree", "drain-blocked", "dangling-cable", "traffic-signal-fault")
# Cameras that see the storm, and its labels.
STORM_LABELS = ("waterlogging", "road_water", "道路积水", "tree_down", "cable_drop")

# How often citizens write of a category, against 2 for all others.
WEIGHTS = {
    "illegal-parking": 9, "street-light-out": 7, "litter": 6, "garbage-overflow": 6, "noise-construction": 6,
    "noise-social": 6, "pothole": 6, "street-vendor": 5, "shop-encroachment": 4, "property-management": 5,
    "water-leak": 4, "drain-blocked": 5, "elevator-fault": 4, "fire": 1, "gas-leak": 1, "crowd": 1, "road-collapse": 1,
    "family-planning": 1, "demolition-compensation": 1, "flooding": 1,
}  # fmt: skip
HOURS = (1, 1, 1, 1, 1, 2, 5, 10, 12, 10, 8, 7, 6, 6, 8, 9, 9, 9, 10, 9, 8, 6, 4, 2)
CHANNELS = (
    ("app", "app://citizen"),
    ("wechat", "wechat://yunhe"),
    ("12345", "hotline://12345"),
    ("web", "web://portal"),
)
NAMES = ("陈晓云", "李望", "王青禾", "赵素", "周同", "孙小满", "吴立夏", "Grace Hill", "Tom Reed", "Nora Lin")
METRE = 1 / 111_320


class Day:
    """The events of one day as they are made up, with their own source of chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.city = load_city(DEMO)
        self.lines: list[dict[str, Any]] = []
        self.places = [place for place in self.city.places.all if place.kind != "area"]
        self.towns = {town.id: town for town in self.city.areas.at_level("town")}
        self.cameras = list(self.city.cameras.values())
        self.count = 0

    def second(self) -> int:
        """A time of day, as people are awake and about."""
        hour = self.chance.choices(range(24), HOURS)[0]
        return hour * 3600 + self.chance.randrange(3600)

    def put(self, topic: str, at: float, kind: str, source: str, data: dict[str, Any], id: str = "") -> None:
        """One event at a second of the day; one that would fall on the next day happens in its last minute."""
        self.count += 1
        event = {
            "specversion": "1.0",
            "id": id or f"{topic[0]}{self.count:05d}",
            "source": source,
            "type": kind,
            "datacontenttype": "application/json",
            "data": data,
        }
        at_s = round(float(at), 1) if at < 86_400 else round(86_340 + self.chance.random() * 59, 1)
        self.lines.append({"topic": topic, "at_s": at_s, "event": event})

    def words(self, category: str, place: Place | None, lang: str) -> str:
        """One of the hand-written texts, with a place in it and perhaps a greeting."""
        text: str = self.chance.choice(TEXTS[category][0 if lang == "zh" else 1])
        name = "" if place is None else place.name_zh if lang == "zh" else place.name_en
        text = text.replace("{p}", name or ("这里" if lang == "zh" else "our street"))
        if self.chance.random() < 0.22:
            text = self.chance.choice(OPENINGS[lang]) + text
        if self.chance.random() < 0.22:
            text = text.rstrip("！!。.？?") + self.chance.choice(ENDINGS[lang])
        return text

    def report(self, at: float, category: str, place: Place, lat: float, lon: float) -> None:
        """What one citizen writes of an incident, with coordinates, an address, words alone, or no place at all."""
        lang = "zh" if self.chance.random() < 0.76 else "en"
        how = self.chance.choices(("point", "address", "words", "nowhere"), (52, 16, 25, 7))[0]
        data: dict[str, Any] = {"text": self.words(category, place if how in ("point", "words") else None, lang)}
        if how == "point":
            data["location"] = {"lat": round(lat, 6), "lon": round(lon, 6)}
        elif how == "address":
            town = self.towns[place.area]
            names = (town.name_zh + place.name_zh) if lang == "zh" else f"{place.name_en}, {town.name_en}"
            data["location"] = {"address": names}
        channel, source = self.chance.choices(CHANNELS, (45, 25, 22, 8))[0]
        data["channel"] = channel
        if self.chance.random() < 0.3:
            known = self.city.categories[category]
            data["category"] = self.chance.choice((category, known.name_zh, known.parent))
        if self.chance.random() < 0.7:
            number = self.chance.randrange(10_000)
            data["reporter"] = {"name": self.chance.choice(NAMES), "phone": f"1990000{number:04d}"}
        if self.chance.random() < 0.2:
            data["media_urls"] = [f"https://media.yunhe.example/{self.count:05d}.jpg"]
        self.put("reports", at, REPORT, source, data)

    def incident(self) -> None:
        """An incident that citizens report: mostly one of them, sometimes several within a few hours."""
        stormy = self.chance.random() < 0.1
        at = float(self.chance.randrange(*STORM) if stormy else self.second())
        weights = [WEIGHTS.get(code, 2) for code in TEXTS]
        category = self.chance.choice(STORM_CATEGORIES) if stormy else self.chance.choices(list(TEXTS), weights)[0]
        place = self.chance.choice(self.places)
        writers = self.chance.choices((1, 2, 3, 4), (68, 18, 9, 5))[0]
        for _ in range(writers):
            self.report(at, category, place, *self.near(place.lat or 0, place.lon or 0, 15))
            at += self.chance.uniform(120, 5400)

    def near(self, lat: float, lon: float, metres: float) -> tuple[float, float]:
        """A point about that far away."""
        return lat + self.chance.gauss(0, metres * METRE), lon + self.chance.gauss(0, metres * METRE * 1.16)

    def seen(self) -> None:
        """An incident that a camera sees: again and again until it is over, or once by mistake."""
        stormy = self.chance.random() < 0.12
        at = float(self.chance.randrange(*STORM) if stormy else self.second())
        rules = [rule for rule in self.city.labels.rows if rule.label != "*"]
        rule = self.chance.choice([r for r in rules if r.label in STORM_LABELS] if stormy else rules)
        vendor = rule.vendor if rule.vendor != "*" else self.chance.choice(("lanjing", "yunmu", "qingtong"))
        algorithm = rule.algorithm if rule.algorithm != "*" else f"{rule.category}-v{self.chance.randint(1, 3)}"
        camera = self.chance.choice(self.cameras)
        times = 1 if self.chance.random() < 0.2 else self.chance.randint(2, 9)
        sure = self.chance.random() > 0.06
        thing = f"{camera.id}/{self.count}"
        for turn in range(times):
            low, high = (rule.min_confidence, 0.99) if sure else (0.05, rule.min_confidence - 0.01)
            data: dict[str, Any] = {
                "camera_id": camera.id,
                "label": rule.label,
                "algorithm": algorithm,
                "vendor": vendor,
                "confidence": round(self.chance.uniform(low, high), 3),
                "object_id": thing,
            }
            if times > 1:
                data["phase"] = "start" if turn == 0 else "end" if turn == times - 1 else "ongoing"
            self.put("detections", at, DETECTION, f"vision://{vendor}", data)
            at += self.chance.uniform(90, 420)
        if times > 2 and self.chance.random() < 0.2:
            self.beside(at, camera, rule.category)

    def beside(self, at: float, camera: Camera, category: str) -> None:
        """A citizen reports what a camera sees too."""
        near = min(self.places, key=lambda p: abs((p.lat or 0) - camera.lat) + abs((p.lon or 0) - camera.lon))
        self.report(at, category, near, *self.near(camera.lat, camera.lon, 12))

    def odd(self) -> None:
        """What a classifier should not guess at, what cameras call by unknown names, and what comes in twice."""
        for text in UNCLEAR:
            data: dict[str, Any] = {"text": text, "channel": "app"}
            if self.chance.random() < 0.5:
                place = self.chance.choice(self.places)
                data["location"] = {"lat": place.lat, "lon": place.lon}
            self.put("reports", self.second(), REPORT, "app://citizen", data)
        for label in ("person_running", "区域入侵", "helmet_missing", "unknown_7"):
            camera = self.chance.choice(self.cameras).id
            data = {"camera_id": camera, "label": label, "confidence": 0.8, "algorithm": "beta"}
            self.put("detections", self.second(), DETECTION, "vision://qingtong", data)
        for line in self.chance.sample(self.lines, 14):
            self.lines.append({**line, "at_s": min(round(line["at_s"] + self.chance.uniform(1, 240), 1), 86_399.0)})

    def broken(self) -> None:
        """Events that break their contract, one way each."""
        text = "路灯坏了"
        here = {"lat": 30.6, "lon": 114.3}
        for data in (
            {"channel": "app"},
            {"text": "", "channel": "app"},
            {"text": "   ", "channel": "app"},
            {"text": "坏" * 10_001},
            {"text": ["路灯", "坏了"]},
            {"text": "street light\u0000out"},
            {"text": text, "location": {"lat": 130.6, "lon": 14.3}},
            {"text": text, "location": {"lat": "30.6N", "lon": 114.3}},
            {"text": text, "location": {"lat": 30.6}},
            {"text": text, "location": {"lat": 31.95, "lon": 118.8}},
            {"text": text, "location": here, "media_urls": ["not a link"]},
            {"text": text, "location": here, "due_at": "tomorrow"},
        ):
            self.put("reports", self.second(), REPORT, "app://citizen", data)
        for data in (
            {"camera_id": "shiqiao-999", "label": "litter", "confidence": 0.9},
            {"camera_id": "gulou-001", "label": "litter", "confidence": 1.7},
            {"camera_id": "gulou-001", "confidence": 0.9},
            {"label": "litter", "confidence": 0.9},
        ):
            self.put("detections", self.second(), DETECTION, "vision://lanjing", data)
        self.put("reports", self.second(), "city.report.received.v9", "app://citizen", {"text": text, "location": here})

    def one_thing(self) -> None:
        """Somebody has business with three departments at once; a dispatcher divides it by the plan of the city."""
        text = "您好，我在南塘街道租了门面，想申请开餐饮店一件事，消防、食品许可和招牌一次办好"
        data = {"text": text, "channel": "web", "location": {"lat": 30.5373, "lon": 114.3027}}
        self.put("reports", 9 * 3600 + 1200, REPORT, "web://portal", data)


def main() -> None:
    """Make the day up anew."""
    day = Day(SEED)
    for _ in range(INCIDENTS["reports"]):
        day.incident()
    for _ in range(INCIDENTS["detections"]):
        day.seen()
    day.odd()
    day.broken()
    day.one_thing()
    day.lines.sort(key=lambda line: (line["at_s"], line["event"]["id"]))
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in day.lines)
    (DEMO / "day.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

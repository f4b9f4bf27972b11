"""How long intake takes for one record: `scripts/bench intake [--batch 500]`; one core, no Kafka, no model.

Prints microseconds of CPU a record, the best of several rounds: detections with and without coordinates, reports,
updates, and detections in a vendor's format. With `--than FOLDER`, another version's working copy, both run in turn, a
process each, and the best of each stands beside the other: of two figures on a busy machine only such a pair compares.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
from aiokafka import ConsumerRecord

import models
from models.city import City, load_city
from models.envelope import Event, to_binary
from models.events import DETECTION, REPORT, UPDATE
from streams.intake.batch import take_in
from streams.intake.drafts import Keys

ROOT = Path(__file__).parents[2]
CITY = Path(models.__file__).parents[1] / "cities" / "demo"  # of the version that is measured: packs have grown
NOW = 1_772_352_000_000
ROUNDS = 15
HIKVISION = """<?xml version="1.0" encoding="UTF-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<ipAddress>192.0.2.7</ipAddress><channelID>1</channelID><dateTime>2026-03-01T16:00:00+08:00</dateTime>
<eventType>illegal_parking</eventType><eventState>active</eventState><UUID>u-{n}</UUID>
<detectionConfidence>91</detectionConfidence><targetID>o-{n}</targetID></EventNotificationAlert>"""


def record(n: int, topic: str, ce_type: str, data: dict[str, object]) -> ConsumerRecord:
    """One CloudEvent in binary mode as the consumer hands it over."""
    headers, value = to_binary(Event(f"e-{n}", "bench", ce_type, msgspec.json.encode(data), NOW))
    return ConsumerRecord(topic, 0, n, NOW, 0, None, value, 0, -1, len(value), tuple(headers))


def detections(city: City, numbers: range, placed: bool = False) -> list[ConsumerRecord]:
    """Detections of the city's cameras in turn."""
    cameras = list(city.cameras.values())
    found = []
    for n in numbers:
        camera = cameras[n % len(cameras)]
        data: dict[str, object] = {
            "camera_id": camera.id,
            "label": "illegal_parking",
            "algorithm": "street-v3",
            "confidence": 0.91,
            "object_id": f"o-{n}",
            "media_urls": [f"https://media.example/{n}.jpg"],
        }
        if placed:
            data["location"] = {"lat": camera.lat + n % 7 * 1e-6, "lon": camera.lon}
        found.append(record(n, "detections", DETECTION, data))
    return found


def reports(city: City, numbers: range) -> list[ConsumerRecord]:
    """Reports of a hundred characters with coordinates and a phone number."""
    text = "小区门口的路灯坏了好几天，晚上一片漆黑，老人和小孩走路很不安全，希望有关部门尽快派人来维修。" * 2
    cameras = list(city.cameras.values())
    return [
        record(
            n,
            "reports",
            REPORT,
            {
                "text": f"{text}电话13800{n:06d}",
                "location": {"lat": cameras[n % len(cameras)].lat, "lon": cameras[n % len(cameras)].lon},
                "reporter": {"id": f"u-{n}"},
            },
        )
        for n in numbers
    ]


def updates(city: City, numbers: range) -> list[ConsumerRecord]:
    """A department accepts one order after the other."""
    areas = [camera.area for camera in city.cameras.values()]
    return [
        record(
            n,
            "updates",
            UPDATE,
            {
                "action": "accept",
                "by": {"department": "roads", "id": f"p-{n % 9}"},
                "order_id": f"{areas[n % len(areas)]}-20260301-abcdefgh23",
                "attempt": 1,
            },
        )
        for n in numbers
    ]


def alarms(city: City, numbers: range) -> list[ConsumerRecord]:
    """Alarms as a camera of a widespread make sends them, passed on by a bridge that names the camera."""
    cameras = list(city.cameras)
    found = []
    for n in numbers:
        value = HIKVISION.format(n=n).encode()
        headers = (("format", b"hikvision"), ("camera", cameras[n % len(cameras)].encode()))
        found.append(ConsumerRecord("detections", 0, n, NOW, 0, None, value, 0, -1, len(value), headers))
    return found


def best(work: Callable[[list[ConsumerRecord]], object], rounds: list[list[ConsumerRecord]]) -> float:
    """Microseconds of CPU a record in the quickest of some rounds: other processes do not count."""
    times = []
    for records in rounds:
        start = time.process_time()
        work(records)
        times.append((time.process_time() - start) / len(records))
    return min(times) * 1e6


def measured(count: int) -> dict[str, float]:
    """Microseconds a record for each kind of record."""
    city, keys = load_city(CITY), Keys(b"bench")
    cases: dict[str, Callable[[City, range], list[ConsumerRecord]]] = {
        "detections": detections,
        "detections with coordinates": partial(detections, placed=True),
        "reports": reports,
        "updates": updates,
        "detections in a vendor's format": alarms,
    }
    found = {}
    for name, make in cases.items():
        # No record comes twice: what is remembered of one helps no other but by what they have in common.
        first, *rounds = [make(city, range(n * count, (n + 1) * count)) for n in range(ROUNDS + 1)]
        taken = take_in(first, city, None, NOW, keys)
        assert not taken.dead, taken.dead[0]
        found[name] = best(lambda records: take_in(records, city, None, NOW, keys).packed(), rounds)
    return found


def in_turn(folders: list[Path], count: int, times: int) -> list[dict[str, float]]:
    """The best figures of each working copy, each time in a fresh process; this file measures all of them."""
    bests: list[dict[str, float]] = [{} for _ in folders]
    for _ in range(times):
        for folder, found in zip(folders, bests, strict=True):
            command = [sys.executable, __file__, "--batch", str(count), "--json"]
            ran = subprocess.run(
                command, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, check=True
            )
            for name, value in msgspec.json.decode(ran.stdout, type=dict[str, float]).items():
                found[name] = min(value, found.get(name, value))
    return bests


def main() -> None:
    """Print microseconds a record for each kind of record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--than", type=Path, help="the working copy of another version to compare with")
    parser.add_argument("--times", type=int, default=5, help="processes of each version, when two are compared")
    parser.add_argument("--json", action="store_true", help="print nothing but the figures, as one JSON object")
    options = parser.parse_args()
    if options.json:
        print(msgspec.json.encode(measured(options.batch)).decode())
        return
    from bench.interpreter import build  # here, because the version that is compared with may not have it

    print(f"µs of CPU a record, {build()}")
    if options.than is None:
        for name, value in measured(options.batch).items():
            print(f"{name:32} {value:6.1f}")
        return
    before, after = in_turn([options.than.resolve(), ROOT], options.batch, options.times)
    for name, value in after.items():
        print(f"{name:32} {before[name]:6.1f} → {value:5.1f}")


if __name__ == "__main__":
    main()

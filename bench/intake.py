"""How long intake takes for one record: `python -m bench.intake [--batch 500]`; one core, no Kafka.

Prints microseconds of CPU a record, the best of several rounds: detections with and without coordinates, and reports
without a model.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from aiokafka import ConsumerRecord

from models.city import City, load_city
from models.envelope import Event, to_binary
from models.events import DETECTION, REPORT
from streams.intake.batch import take_in
from streams.intake.drafts import Keys

CITY = Path(__file__).parents[1] / "cities" / "demo"
NOW = 1_772_352_000_000


def record(n: int, topic: str, ce_type: str, data: dict[str, object]) -> ConsumerRecord:
    """One CloudEvent in binary mode as the consumer hands it over."""
    headers, value = to_binary(Event(f"e-{n}", "bench", ce_type, msgspec.json.encode(data), NOW))
    return ConsumerRecord(topic, 0, n, NOW, 0, None, value, 0, -1, len(value), tuple(headers))


def detections(city: City, count: int, placed: bool) -> list[ConsumerRecord]:
    """Detections of the city's cameras in turn."""
    cameras = list(city.cameras.values())
    found = []
    for n in range(count):
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


def reports(city: City, count: int) -> list[ConsumerRecord]:
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
        for n in range(count)
    ]


def best(work: Callable[[], object], count: int, rounds: int = 15) -> float:
    """Microseconds of CPU a record in the quickest of some rounds: other processes do not count."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) / count * 1e6


def main() -> None:
    """Print microseconds a record for each kind of record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=500)
    count = parser.parse_args().batch
    city, keys = load_city(CITY), Keys(b"bench")
    cases = {
        "detections": detections(city, count, placed=False),
        "detections with coordinates": detections(city, count, placed=True),
        "reports without a model": reports(city, count),
    }
    for name, records in cases.items():
        taken = take_in(records, city, None, NOW, keys)
        assert not taken.dead, taken.dead[0]
        print(f"{name:32} {best(lambda r=records: take_in(r, city, None, NOW, keys).packed(), count):6.1f} µs a record")  # type: ignore[misc]


if __name__ == "__main__":
    main()

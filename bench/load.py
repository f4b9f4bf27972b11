"""An open-loop load: events leave at their intended times, whatever the system does, and carry those times.

`python -m bench.load BOOTSTRAP TOPIC --kind detections --rate 5000 --seconds 20` sends and prints what it sent as JSON.
An event that leaves late still carries the time at which it should have left, so a stall shows as latency and not as
silence (no coordinated omission). Rate 0 sends as fast as the broker takes it.
"""

import argparse
import asyncio
import itertools
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from aiokafka import AIOKafkaProducer

from bench.texts import report_texts
from models.city import City, load_city
from models.events import DETECTION, REPORT
from models.times import to_text
from streams.kafka.sending import Send, Sent, send_all

SLOT_SECONDS = 0.005
NEW_SHARE = 0.02
LABELS = ("hydrant_leak", "manhole_missing", "tree_down")

Made = tuple[str, bytes]


def detections(city: City, seed: int) -> Iterator[Made]:
    """Ids and data of detections: 2 % are incidents not seen before, the others one of the last 500 again."""
    chance = random.Random(seed)
    cameras = list(city.cameras.values())
    known: list[bytes] = []
    number = 0
    while True:
        number += 1
        if not known or chance.random() < NEW_SHARE:
            camera = chance.choice(cameras)
            place = {"lat": camera.lat + chance.uniform(-0.02, 0.02), "lon": camera.lon + chance.uniform(-0.02, 0.02)}
            if city.areas.locate(place["lat"], place["lon"]) is None:
                place = {"lat": camera.lat, "lon": camera.lon}
            data = {
                "camera_id": camera.id,
                "label": chance.choice(LABELS),
                "confidence": 0.95,
                "object_id": f"o{seed}-{number}",
                "location": place,
            }
            known.append(json.dumps(data).encode())
            del known[:-500]
            yield f"{seed}-{number}", known[-1]
        else:
            yield f"{seed}-{number}", chance.choice(known)


def reports(city: City, seed: int) -> Iterator[Made]:
    """Ids and data of reports: the corpus' own texts with a number, each at a place of its own."""
    chance = random.Random(seed)
    texts = report_texts()
    cameras = list(city.cameras.values())
    number = 0
    while True:
        number += 1
        camera = chance.choice(cameras)
        data = {
            "text": f"{chance.choice(texts)} ({chance.randrange(10_000)})",
            "location": {"lat": camera.lat, "lon": camera.lon},
            "channel": "app",
        }
        yield f"{seed}-{number}", json.dumps(data, ensure_ascii=False).encode()


KINDS: dict[str, tuple[str, Callable[[City, int], Iterator[Made]]]] = {
    "detections": (DETECTION, detections),
    "reports": (REPORT, reports),
}


async def send(bootstrap: str, topic: str, kind: str, rate: float, seconds: float, seed: int, city: City) -> int:
    """Send for so long; how many were sent. Raises KafkaError when the broker did not take one."""
    ce_type, make = KINDS[kind]
    events = make(city, seed)
    ready = [next(events) for _ in range(int(rate * seconds) or 200_000)]
    fixed = [("ce_specversion", b"1.0"), ("ce_type", ce_type.encode()), ("ce_source", f"bench/{seed}".encode())]
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=262_144, acks=1)
    await producer.start()
    partitions = itertools.cycle(sorted(await producer.partitions_for(topic)))
    start, sent = time.time(), 0
    last: Sequence[Sent] = ()
    try:
        while sent < len(ready):
            passed = time.time() - start
            if not rate and passed > seconds:
                break
            due = min(len(ready), int(passed * rate)) if rate else sent + 200
            slot = []
            partition = next(partitions)  # one partition a slot, as Kafka's own clients fill one batch after the other
            for number in range(sent, min(due, len(ready))):
                intended = int((start + number / rate if rate else time.time()) * 1000)
                event_id, data = ready[number]
                headers = (*fixed, ("ce_id", event_id.encode()), ("ce_time", to_text(intended).encode()))
                slot.append(Send(topic, None, data, partition, headers))
            last = await send_all(producer, slot) or last
            sent = max(sent, due)
            await asyncio.sleep(SLOT_SECONDS if rate else 0)
        await asyncio.gather(*(future for future, _ in last))
    finally:
        await producer.stop()
    return sent


def main() -> None:
    """Send and print what was sent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("topic")
    parser.add_argument("--city", type=Path, required=True)
    parser.add_argument("--kind", choices=list(KINDS), default="detections")
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    started = time.time()
    sent = asyncio.run(send(a.bootstrap, a.topic, a.kind, a.rate, a.seconds, a.seed, load_city(a.city)))
    print(json.dumps({"sent": sent, "started": started, "seconds": time.time() - started}))


if __name__ == "__main__":
    main()

"""What the load of a measurement consists of: kinds of events, made before they are sent.

Each maker yields ids and data for ever, the same for the same seed.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

from bench.texts import report_texts
from models.city import Camera, City
from models.events import DETECTION, REPORT

NEW_SHARE = 0.02
# Of ordinary categories, each seen once to open an order: what is urgent has a lane of its own.
LABELS = ("cable_drop", "bench_broken", "illegal_structure")
URGENT_LABEL = "gas_cloud"  # of a category of priority 1
OBJECTS = 20  # in a frame
FRAMES = 200  # cameras that see frames
AT = b"@AT@"  # where the intended time goes into the data

Made = tuple[str, bytes]


def detections(city: City, seed: int) -> Iterator[Made]:
    """2 % are incidents not seen before, the others one of the last 500 again."""
    return _sightings(city, seed, (list(city.cameras.values()),))


def one_town(city: City, seed: int) -> Iterator[Made]:
    """The same, half of them from the cameras of one area, whose partition is hot."""
    cameras = list(city.cameras.values())
    town = cameras[0].area
    inside = [camera for camera in cameras if camera.area == town]
    return _sightings(city, seed, (inside, [camera for camera in cameras if camera.area != town]))


def _sightings(city: City, seed: int, towns: Sequence[Sequence[Camera]]) -> Iterator[Made]:
    """Each of the groups of cameras sees as many."""
    chance = random.Random(seed)
    known: list[list[bytes]] = [[] for _ in towns]
    for number in count(1):
        town = chance.randrange(len(towns)) if len(towns) > 1 else 0
        if not known[town] or chance.random() < NEW_SHARE:
            known[town].append(
                _new(city, chance.choice(towns[town]), chance, chance.choice(LABELS), f"o{seed}-{number}")
            )
            del known[town][: -500 // len(towns)]
            yield f"{seed}-{number}", known[town][-1]
        else:
            yield f"{seed}-{number}", chance.choice(known[town])


def urgent(city: City, seed: int) -> Iterator[Made]:
    """Each an incident of its own that is a matter of life and limb."""
    chance = random.Random(seed)
    cameras = list(city.cameras.values())
    for number in count(1):
        yield f"{seed}-{number}", _new(city, chance.choice(cameras), chance, URGENT_LABEL, f"u{seed}-{number}")


def _new(city: City, camera: Camera, chance: random.Random, label: str, object_id: str) -> bytes:
    data = {
        "camera_id": camera.id,
        "label": label,
        "confidence": 0.95,
        "object_id": object_id,
        "location": _place_of_its_own(city, camera, chance),
    }
    return json.dumps(data).encode()


def frames(city: City, seed: int) -> Iterator[Made]:
    """Frames of DeepStream's minimal schema with 20 objects each; 2 % of the objects are new to their camera and stand
    where others of their kind do, so they join the camera's orders."""
    chance = random.Random(seed)
    cameras = list(city.cameras.values())[:FRAMES]
    seen = {camera.id: [_line(chance, f"o{seed}-{n}") for n in range(OBJECTS)] for camera in cameras}
    for number in count(1):
        camera = chance.choice(cameras)
        lines = seen[camera.id]
        for place in range(OBJECTS):
            if chance.random() < NEW_SHARE:
                lines[place] = _line(chance, f"o{seed}-{number}-{place}")
        frame = {"version": "4.0", "id": number, "@timestamp": AT.decode(), "sensorId": camera.id, "objects": lines}
        yield f"{seed}-{number}", json.dumps(frame).encode()


def _line(chance: random.Random, object_id: str) -> str:
    left, top = chance.randrange(1_000), chance.randrange(600)
    return f"{object_id}|{left}|{top}|{left + 80}|{top + 60}|{chance.choice(LABELS)}"


def reports(city: City, seed: int) -> Iterator[Made]:
    """The corpus' own texts with a number, each at a place of its own."""
    chance = random.Random(seed)
    texts = report_texts()
    cameras = list(city.cameras.values())
    for number in count(1):
        data = {
            "text": f"{chance.choice(texts)} ({chance.randrange(10_000)})",
            "location": _place_of_its_own(city, chance.choice(cameras), chance),
            "channel": "app",
        }
        yield f"{seed}-{number}", json.dumps(data, ensure_ascii=False).encode()


def _place_of_its_own(city: City, camera: Camera, chance: random.Random) -> dict[str, float]:
    """Within two kilometres of a camera, so that a city's worth of events is not within a few steps of its cameras."""
    lat, lon = camera.lat + chance.uniform(-0.02, 0.02), camera.lon + chance.uniform(-0.02, 0.02)
    if city.areas.locate(lat, lon) is None:
        lat, lon = camera.lat, camera.lon
    return {"lat": lat, "lon": lon}


class Kind(NamedTuple):
    """A kind of events: the headers that all have, how they are made, and how many sightings one is."""

    headers: Sequence[tuple[str, bytes]]
    make: Callable[[City, int], Iterator[Made]]
    sightings: int = 1


_CLOUD_EVENT = ("ce_specversion", b"1.0")
_DETECTION = (_CLOUD_EVENT, ("ce_type", DETECTION.encode()))
KINDS = {
    "detections": Kind(_DETECTION, detections),
    "one-town": Kind(_DETECTION, one_town),
    "urgent": Kind(_DETECTION, urgent),
    "frames": Kind((("format", b"deepstream"),), frames, OBJECTS),
    "reports": Kind((_CLOUD_EVENT, ("ce_type", REPORT.encode())), reports),
}

"""What is no camera's alarm becomes a sighting as well: surveys, described pictures, instruments, strange cameras."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.city import City
from models.errors import Poison
from models.events import MEASUREMENT
from models.formats import Reading, Site, decode_format
from models.formats.scenes import describes_scene
from models.inbox import Sighting
from streams.intake.batch import Taken, take_in
from streams.intake.drafts import Keys
from streams.intake.meanings import Unlisted
from tests.support.cities import appended, tiny_city
from tests.support.messages import NOW, detection, raw, record

SITE = Site(ZoneInfo("Asia/Shanghai"))
KEYS = Keys(b"k")
SQUARE = [[[114.05, 30.05], [114.051, 30.05], [114.051, 30.051], [114.05, 30.051], [114.05, 30.05]]]
HERE = {"lat": 30.05, "lon": 114.05}


@pytest.fixture(scope="module")
def city() -> City:
    """The tiny city."""
    return tiny_city()


def readings(name: str, message: Any) -> list[Reading]:
    """The readings of a message in which all is good."""
    found = decode_format(name, json.dumps(message).encode(), SITE)
    return [each for each in found if isinstance(each, Reading)]


def sighting(taken: Taken) -> Sighting:
    """The only item, which is a sighting."""
    [[item]] = taken.items.values()
    assert isinstance(item, Sighting)
    return item


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    """A feature of a survey."""
    return {"type": "Feature", "id": "f1", "geometry": geometry, "properties": properties}


def measured(**data: Any) -> Any:
    """What a gas sensor reads, beyond the limit, but for this."""
    plain = {"sensor_id": "cam-sw-1", "quantity": "gas-pressure", "value": 0.08, "threshold": 0.1, "side": "below"}
    return record(MEASUREMENT, plain | data)


def test_each_feature_of_a_survey_is_a_sighting_with_its_extent() -> None:
    """In a point inside its polygon, with its area, and with what the collection says of all."""
    found = readings("geojson", {
        "type": "FeatureCollection", "properties": {"platform": "gf-2", "datetime": "2026-02-20T10:00:00+08:00"},
        "features": [
            feature({"type": "Polygon", "coordinates": SQUARE}, label="illegal-building", score=0.8),
            feature({"type": "Point", "coordinates": [114.05, 30.05]}, **{"class": "litter", "drone_id": "d-1"}),
        ],
    })  # fmt: skip

    built, litter = (each.detection for each in found)
    assert (built.camera_id, built.label, built.confidence) == ("gf-2", "illegal-building", 0.8)
    assert built.text == "10702 m² 2026-02-20T02:00:00.000Z"
    assert built.location is not None
    assert 30.05 < (built.location.lat or 0) < 30.051
    assert (litter.camera_id, litter.label, litter.text) == ("d-1", "litter", "2026-02-20T02:00:00.000Z")
    assert [each.at for each in found] == [None, None]


BAD_GEOMETRIES = [
    {"type": "Blob"}, {"type": "Point"}, {"type": "Point", "coordinates": ["a", 1]},
    {"type": "Polygon", "coordinates": []},
    {"type": "Point", "coordinates": [None, None]}, [1, 2], "POINT (1 2)", {"type": "Point", "coordinates": [1e999, 1]},
    {"type": "GeometryCollection", "geometries": [5]}, {"type": "Polygon", "coordinates": [[[1, 1], [2, 2]]]},
    {"type": "Point", "coordinates": [int("1" * 400), 30.05]},
]  # fmt: skip


@pytest.mark.parametrize("geometry", BAD_GEOMETRIES)
def test_a_feature_that_is_nowhere_takes_no_neighbour_along(geometry: Any) -> None:
    """It names its geometry."""
    good = feature({"type": "Point", "coordinates": [114.05, 30.05]}, label="litter", camera_id="c")
    message = {"type": "FeatureCollection", "features": [good, feature(geometry, label="a", camera_id="c"), good]}

    first, second, third = decode_format("geojson", json.dumps(message).encode(), SITE)

    assert (isinstance(first, Reading), isinstance(third, Reading)) == (True, True)
    assert isinstance(second, Poison)
    assert second.field == "geometry"


def test_a_described_picture_is_one_sighting_in_its_words() -> None:
    """Named by the first thing in it, with that thing's box; ids of faces are not read."""
    [found] = readings("scene", {
        "id": "s1", "camera": "cam-sw-1", "timestamp": "2026-03-01T08:00:00Z", "model": "vl", "confidence": "91%",
        "description": "井盖缺失，有人绕行", "image": "data:image/png;base64,AA", "image_url": "https://m.example/1.jpg",
        "objects": [{"label": "manhole", "bbox_2d": [1, 2, 3, 4], "face_id": "f-77", "object_id": "p-1"},
                    {"label": "person"}],
    })  # fmt: skip

    said = found.detection
    assert (found.id, found.at, said.camera_id, said.label) == ("s1", NOW, "cam-sw-1", "manhole")
    assert (said.text, said.confidence, said.bbox) == ("井盖缺失，有人绕行", 0.91, (1, 2, 3, 4))
    assert (said.media_urls, said.object_id) == (("https://m.example/1.jpg",), "")


def test_a_description_alone_is_classified_by_its_words() -> None:
    """Where nothing in the picture has a name, its label says no more than that it is a scene."""
    message = {
        "camera": "cam-sw-1",
        "timestamp": "2026-03-01T08:00:00Z",
        "description": "A tree has fallen across the road",
    }

    [found] = readings("scene", message)

    assert (found.detection.label, found.detection.text) == ("scene", "A tree has fallen across the road")
    assert describes_scene(found.detection.text, found.detection.label)


def test_without_a_description_each_thing_is_a_sighting() -> None:
    """Bare labels, too; a thing without a name is a fault of its own."""
    message = {"id": "s1", "camera": "c", "objects": [{"label": "fire", "score": 0.9}, {}, {"class": "smoke"}]}

    found = decode_format("scene", json.dumps(message).encode(), SITE)

    assert [(each.id, each.detection.label) if isinstance(each, Reading) else each.field for each in found] == [
        ("s1/0", "fire"),
        "label",
        ("s1/2", "smoke"),
    ]
    assert [each.detection.label for each in readings("scene", {"camera": "c", "tags": ["fire"]})] == ["fire"]
    assert readings("scene", {"camera": "c", "objects": []}) == []


@pytest.mark.parametrize(
    ("value", "side", "phase"),
    [
        (0.08, "below", "start"),
        (0.1, "below", "end"),
        (0.2, "below", "end"),
        (0.2, "above", "start"),
        (0.1, "above", "end"),
    ],
)
def test_a_value_beyond_its_threshold_is_an_alarm_and_any_other_its_end(value: float, side: str, phase: str) -> None:
    """A value on the threshold is not beyond it. The order says what was read, then the sender's words."""
    city = tiny_city(appended("labels.csv", "*,*,gas-pressure-below,pothole,", "*,*,gas-pressure-above,pothole,"))

    item = sighting(take_in([measured(value=value, side=side, unit="MPa", text="阀门井")], city, None, NOW, KEYS))

    assert (item.category, item.phase, item.label, item.camera) == (
        "pothole",
        phase,
        f"gas-pressure-{side}",
        "cam-sw-1",
    )
    assert item.text == f"{value:g} MPa ({'>' if side == 'above' else '<'} 0.1) 阀门井"


def test_what_an_instrument_reads_describes_no_scene(city: City) -> None:
    """A quantity that the city does not list is counted, however its unit and its words read."""
    taken = take_in([measured(unit="kilograms", text="管道压力偏低")], city, None, NOW, KEYS)

    assert (taken.items, taken.dead) == ({}, [])
    assert taken.unlisted == {Unlisted(label="gas-pressure-below"): 1}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"value": "high"}, "value"),
        ({"threshold": None}, "threshold"),
        ({"side": "left"}, "side"),
        ({"quantity": " "}, "quantity"),
    ],
)
def test_a_broken_measurement_names_its_field(city: City, change: dict[str, Any], field: str) -> None:
    """And is a dead letter."""
    [dead] = take_in([measured(**change)], city, None, NOW, KEYS).dead

    assert (dead.error, dead.field) == ("invalid", field)


def test_a_camera_beyond_the_registry_is_taken_where_it_says_it_stands(city: City) -> None:
    """It is marked and counted for the registry's keeper."""
    taken = take_in([detection("drone-7", location=HERE)], city, None, NOW, KEYS)

    item = sighting(taken)
    assert (item.place, item.area, item.lat, item.lon) == ("unregistered", "south-w", 30.05, 114.05)
    assert (item.camera, item.address) == ("drone-7", "")
    assert taken.unlisted == {Unlisted(camera="drone-7"): 1}


def test_a_strange_camera_without_a_place_or_beyond_the_city_is_refused(city: City) -> None:
    """The dead letter says how to register it; a vendor's own message has no registry's place to fall back on."""
    far = feature({"type": "Point", "coordinates": [16.4, 48.2]}, label="pothole", drone_id="d-1")
    survey = raw(json.dumps(far).encode(), [("format", b"geojson")])

    nowhere, beyond = take_in([detection("drone-7"), survey], city, None, NOW, KEYS).dead

    assert (nowhere.error, beyond.error) == ("unknown-camera", "outside-city")
    assert "cameras.csv" in nowhere.message


def test_the_name_of_a_strange_camera_is_nobodys(city: City) -> None:
    """A telephone number in it becomes a pseudonym, as in any name."""
    item = sighting(take_in([detection("phone-13812345678", location=HERE)], city, None, NOW, KEYS))

    assert "13812345678" not in item.camera

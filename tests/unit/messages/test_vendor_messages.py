"""Vendors' messages on their way through intake: bad detections among good ones, places, repeats, replays."""

import json
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from models.city import City
from models.inbox import Sighting
from streams.dead_letters.letter import MAX_KEPT, decode_dead_letter, of_record
from streams.intake.batch import Taken, take_in
from streams.intake.dead_records import Dead
from streams.intake.drafts import Keys
from streams.kafka.topics import Names
from tests.support.cities import appended, tiny_city
from tests.support.desks import Desk, quiet_city
from tests.support.inputs.every_field import ISAPI
from tests.support.messages import NOW, detection, raw

KEYS = Keys(b"k")
GOOD = {"Code": "pothole", "Data": {"MachineName": "cam-sw-1", "RealUTC": NOW // 1000}}


@pytest.fixture(scope="module")
def city() -> City:
    """The tiny city."""
    return tiny_city()


def dahua(*events: Any, headers: tuple[tuple[str, bytes], ...] = ()) -> ConsumerRecord:
    """A message with these events."""
    return raw(json.dumps({"params": {"eventList": events}}).encode(), [("format", b"dahua"), *headers])


def event(**data: Any) -> dict[str, Any]:
    """A good event, but for this."""
    return GOOD | {"Data": GOOD["Data"] | data}  # type: ignore[operator]


def ids(taken: Taken) -> list[str]:
    """The ids of all sightings."""
    return [item.id for items in taken.items.values() for item in items if isinstance(item, Sighting)]


BAD = {
    "unknown-camera": event(MachineName="nowhere"),
    "too-late": event(RealUTC=NOW // 1000 - 3_600),
    "invalid": event(RealUTC="now"),
}


@pytest.mark.parametrize("error", BAD)
def test_a_bad_detection_among_good_ones_is_a_dead_letter_of_its_own(city: City, error: str) -> None:
    """The others keep their ids and are taken in; the letter says which one it is about."""
    whole = take_in([dahua(GOOD, event(RealUTC=NOW // 1000 - 1), GOOD)], city, None, NOW, KEYS)

    taken = take_in([dahua(GOOD, BAD[error], GOOD)], city, None, NOW, KEYS)

    assert [(dead.error, dead.index) for dead in taken.dead] == [(error, 1)]
    assert [one[-2:] for one in ids(taken)] == [one[-2:] for n, one in enumerate(ids(whole)) if n != 1]


def test_a_message_of_bad_detections_alone_is_one_dead_letter(city: City) -> None:
    """It is bad as a whole."""
    taken = take_in([dahua(*BAD.values())], city, None, NOW, KEYS)

    assert [(dead.error, dead.index) for dead in taken.dead] == [("unknown-camera", None)]
    assert taken.items == {}


def test_a_replayed_letter_takes_in_the_one_detection_that_it_is_about(city: City) -> None:
    """Under the id that it would have had; those that were good are not taken in again."""
    mended = tiny_city({"cameras.csv": CAMERAS})
    record = dahua(GOOD, BAD["unknown-camera"], GOOD)
    marks = (("replayed", b"3"), ("received", b"2026-03-01T08:00:00Z"), ("only", b"1"))
    again = raw(record.value, [*record.headers, *marks])

    taken, all_of_it = (take_in([each], mended, None, NOW, KEYS) for each in (again, record))

    assert ids(taken) == [one for one in ids(all_of_it) if one.endswith("/1")]
    assert len(ids(all_of_it)) == 3


CAMERAS = """id,lat,lon,area,name,owner
cam-sw-1,30.05,114.05,south-w,a,police
nowhere,30.02,114.02,south-w,b,police
"""


def test_the_bytes_of_a_record_are_not_kept_over_and_over(city: City) -> None:
    """The letters of one message come to no more than those of one long record; each says which it is about."""
    events = [GOOD, *[event(MachineName="nowhere", filler="x" * 900)] * 400]
    record = dahua(*events)

    letters = [letter(dead) for dead in take_in([record], city, None, NOW, KEYS).dead]

    kept = [each for each in letters if each.value_base64 is not None]
    assert [each.index for each in letters] == list(range(1, 401))
    assert kept[0].original_value == record.value
    assert sum(each.value_length for each in kept) <= MAX_KEPT
    assert all(each.value_sha256 for each in letters[len(kept) :])


def test_the_bytes_of_a_short_message_are_kept_with_each_letter(city: City) -> None:
    """Each can be replayed by itself, as long as they come to no more than those of one long record."""
    letters = [letter(dead) for dead in take_in([dahua(GOOD, *BAD.values())], city, None, NOW, KEYS).dead]

    assert [each.value_base64 is not None for each in letters] == [True] * len(BAD)


def letter(dead: Dead) -> Any:
    """As it is written."""
    send = of_record(Names(), dead.record, dead.error, dead.message, index=dead.index, keep=dead.kept)
    return decode_dead_letter(send.value or b"")


SOMEWHERE = [("30.02", "114.02"), ("0", "0"), ("45.293701447", "-75.8303914499"), ("171.3", "34.2"), ("39.9", "116.4")]


@pytest.mark.parametrize(("lat", "lon"), SOMEWHERE)
def test_the_registry_knows_better_where_a_device_stands(city: City, lat: str, lon: str) -> None:
    """Coordinates that its maker has set lie outside the city: it stands where the registry puts it."""
    alarm = "<Notify><CmdType>Alarm</CmdType><AlarmMethod>5</AlarmMethod><AlarmDescription>井盖缺失</AlarmDescription>"
    where = f"<Longitude>{lon}</Longitude><Latitude>{lat}</Latitude></Notify>"
    frame = {"sensor": {"location": {"lat": float(lat), "lon": float(lon)}}, "object": {"id": "1"},
             "event": {"type": "pothole"}}  # fmt: skip
    bodies = {"gb28181": (alarm + where).encode(), "deepstream": json.dumps(frame).encode()}
    records = [raw(body, [("format", name.encode()), ("camera", b"cam-sw-1")]) for name, body in bodies.items()]

    taken = take_in(records, city, None, NOW, KEYS)

    places = {(i.place, i.lat, i.lon) for i in taken.items["south-w"] if isinstance(i, Sighting)}
    inside = (lat, lon) == SOMEWHERE[0]
    assert taken.misplaced == (2 if (lat, lon) in SOMEWHERE[2:] else 0)
    assert places == ({("polygon", 30.02, 114.02)} if inside else {("camera", 30.05, 114.05)})
    assert taken.dead == []


def test_an_algorithm_that_gives_a_place_of_its_own_means_it(city: City) -> None:
    """In the contract of detections a place outside the city is a mistake that somebody should hear of."""
    taken = take_in([detection(location={"lat": 0.0, "lon": 0.0})], city, None, NOW, KEYS)

    assert [dead.error for dead in taken.dead] == ["outside-city"]


LONG = [f"https://media.example/{n}/{'x' * 900}" for n in range(20)]


@pytest.mark.parametrize(
    ("name", "source", "body"),
    [
        ("deepstream", b"s" * 256, {"messageid": "i" * 200, "analyticsModule": {"id": "长" * 200}}),
        ("scene", b"s", {"images": LONG}),
    ],
)
def test_a_small_message_does_not_grow_in_the_inbox(city: City, name: str, source: bytes, body: dict[str, Any]) -> None:
    """What it says once and each of a thousand detections repeats is bounded: source, id, algorithm and pictures."""
    said = body | {"sensorId": "cam-sw-1", "objects": [{"type": "pothole", "label": "pothole"}] * 1_000}
    record = raw(json.dumps(said).encode(), [("format", name.encode()), ("ce_source", source)])

    [dead] = take_in([record], city, None, NOW, KEYS).dead

    assert (dead.error, dead.field) == ("too-complex", "data")


def test_the_name_that_a_message_gets_from_its_bytes_looks_like_nobody_s_number(city: City) -> None:
    """So it is the same wherever it is made: what looks like a number of somebody's goes under a key of each place."""
    records = [dahua(GOOD | {"Data": {"MachineName": "cam-sw-1", "n": n}}) for n in range(400)]

    one, other = (take_in(records, city, None, NOW, Keys(key)) for key in (b"k", b"l"))

    assert ids(one) == ids(other)
    assert all(name.isalpha() for name in ids(one))


def test_a_message_s_own_name_is_no_longer_than_an_event_s(city: City) -> None:
    """What stands for a longer one is the same each time, and another one's is another."""

    def named(name: str) -> ConsumerRecord:
        body = {"sensorId": "cam-sw-1", "messageid": name, "objects": [{"type": "pothole"}]}
        return raw(json.dumps(body).encode(), [("format", b"deepstream")])

    names = ["i" * 256, "i" * 257, "i" * 257, "i" * 258]
    kept, one, again, other = ids(take_in([named(name) for name in names], city, None, NOW, KEYS))

    assert (kept, len(one), again) == (names[0], 32, one)
    assert other not in (one, kept)


def test_an_event_that_goes_on_joins_the_order_of_what_goes_on() -> None:
    """Hikvision's `duration` names the event that lasts: it is a sign of life, no new incident every few seconds."""
    city = quiet_city(**appended("labels.csv", "*,*,fielddetection,street-light,0"))
    desk = Desk(city)
    lasts = "<DurationList><Duration><relationEvent>fielddetection</relationEvent></Duration></DurationList>"
    goes_on = ISAPI.replace(">fielddetection<", ">duration<").replace("<eventState>", f"{lasts}<eventState>")

    for seconds, body in enumerate((ISAPI, goes_on, goes_on)):
        taken = take_in([_of_hikvision(body, seconds)], city, None, NOW, KEYS)
        desk.feed(*taken.items["south-w"], at=NOW + seconds * 1000)

    assert desk.names().count("opened") == 1
    assert (desk.count("detections"), desk.count("merged"), desk.count("duplicates")) == (3, 2, 0)


def _of_hikvision(body: str, seconds: int) -> ConsumerRecord:
    """A message of the tiny city's camera, so many seconds after the first one."""
    later = body.replace("16:00:00+08:00", f"16:00:0{seconds}+08:00")
    return raw(later.encode(), [("format", b"hikvision"), ("camera", b"cam-sw-1")])

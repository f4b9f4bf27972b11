"""Intake's pure part: what comes in well leaves as items of the right area; what is bad leaves as a dead letter."""

import json
import pydoc
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from models.city import City
from models.classifier.serving.features import Context
from models.envelope import STRUCTURED, Event
from models.errors import Poison
from models.events import DETECTION, REPORT, UPDATE
from models.guess import Guess
from models.inbox import MAX_ITEMS, MAX_PACKED_BYTES, UNLOCATED, Actor, InboxUpdate, Sighting, decode_items
from models.redact import decrypt_contact, reporter_hash
from models.times import to_text
from streams.intake.batch import Taken, take_in
from streams.intake.beforehand import check
from streams.intake.drafts import DraftReader, Keys
from streams.intake.meanings import Unlisted
from streams.intake.reading.statements import MAX_BYTES
from streams.intake.reading.ways import Way, way_of
from streams.kafka.topics import Names
from tests.support.cities import appended, areas_geojson, tiny_city
from tests.support.messages import NOW, ORDER, detection, raw, record, report, to_structured, update

KEYS = Keys(b"for tests only")
WORKS = Way((UPDATE,), Actor("department", "works"))
MINUTE = 60_000
DAY = 86_400_000
REF = {"source": "app", "id": "7"}
IN_ONE = [("content-type", STRUCTURED.encode())]
CE = [("ce_id", b"1"), ("ce_source", b"s"), ("ce_type", REPORT.encode())]


@pytest.fixture(scope="module")
def city() -> City:
    """The tiny city."""
    return tiny_city()


class Echo:
    """A model that says back the text as its category, and fails at the text it is told to."""

    def __init__(self, fails_at: str = "") -> None:
        self.fails_at = fails_at
        self.calls: list[list[str]] = []
        self.contexts: list[Context] = []

    def classify(self, texts: Sequence[str], contexts: Sequence[Context] | None = None) -> list[Guess]:
        self.calls.append(list(texts))
        self.contexts += contexts or ()
        if self.fails_at and any(self.fails_at in text for text in texts):
            raise RuntimeError(self.fails_at)
        return [Guess(category=text, probability=1.0, model="echo", threshold=0.5) for text in texts]


def sighting(taken: Taken) -> Sighting:
    """The only item, which is a sighting."""
    [[item]] = taken.items.values()
    assert isinstance(item, Sighting)
    return item


def step(taken: Taken) -> InboxUpdate:
    """The only item, which is an update."""
    [[item]] = taken.items.values()
    assert isinstance(item, InboxUpdate)
    return item


DETECTED = [*CE[:2], ("ce_type", DETECTION.encode())]

BAD: dict[str, tuple[ConsumerRecord, str, str, str]] = {
    "no value": (raw(None, CE), "no-data", "data", "is missing"),
    "not UTF-8": (record(REPORT, b'{"text": "\xff"}'), "not-utf-8", "data", "UTF-8"),
    "not JSON": (record(REPORT, b"text"), "not-json", "data", "JSON object"),
    "not an object": (record(REPORT, b"[1]"), "invalid", "data", "object"),
    "gzip": (record(REPORT, b"\x1f\x8b\x08\x00"), "not-utf-8", "data", "not gzip"),
    "detections in an array": (record(DETECTION, b' [{"camera_id": "cam-sw-1"}]'), "invalid", "data", "`format`"),
    "a batch": (raw(b"[]", [("content-type", b"application/cloudevents-batch+json")]), "invalid", "content-type",
                "application/cloudevents+json"),
    "a whole event of no type": (raw(b' {"specversion":"1.0","id":"1","source":"s","type":"t"}', []), "invalid",
                                 "content-type", "of a whole event"),
    "structured, gzip": (raw(b"\x1f\x8b\x08\x00", IN_ONE), "not-utf-8", "data", "not gzip"),
    "exchanged": (report(location={"lat": 114.05, "lon": 30.05}), "invalid", "location.lat", "it is the latitude"),
    "bottomless JSON": (record(REPORT, b"[" * 100_000), "not-json", "data", "JSON object"),
    "unknown type": (record("city.report.received.v9", {"text": "a"}), "unknown-type", "ce_type", "must be one of"),
    "no type": (raw(b"{}", CE[:2]), "invalid", "ce_type", "is missing"),
    "no id": (raw(b"{}", CE[1:]), "invalid", "ce_id", "is missing"),
    "no source": (raw(b"{}", [CE[0], CE[2]]), "invalid", "ce_source", "is missing"),
    "id not UTF-8": (raw(b"{}", [("ce_id", b"\xff"), *CE[1:]]), "not-utf-8", "ce_id", "UTF-8"),
    "over-long id": (raw(b"{}", [("ce_id", b"1" * 257), *CE[1:]]), "invalid", "ce_id", "at most 256"),
    "broken time": (raw(b"{}", [*CE, ("ce_time", b"noon")]), "invalid", "ce_time", "RFC 3339"),
    "time without zone": (raw(b"{}", [*CE, ("ce_time", b"2026-03-01T08:00:00")]), "invalid", "ce_time", "RFC 3339"),
    "other spec version": (raw(b"{}", [*CE, ("ce_specversion", b"0.3")]), "invalid", "ce_specversion", "1.0"),
    "other charset": (raw(b"{}", [*CE, ("content-type", b"application/json; charset=gbk")]), "not-utf-8",
                      "content-type", "utf-8"),
    "XML without format": (raw(b"<a/>", [*CE, ("content-type", b"text/xml")]), "invalid", "content-type", "format"),
    "unknown format": (raw(b"{}", [("format", b"acme")]), "unknown-format", "format", "must be one of"),
    "XML too deep": (raw(b"<a>" * 600_000, [("format", b"onvif")]), "too-complex", "data", "at most 100 deep"),
    "header name not UTF-8": (raw(b"{}", [*CE, ("\udcc0", b"")]), "not-utf-8", "headers", "UTF-8"),
    "structured, not JSON": (raw(b"x", IN_ONE), "not-json", "data", "JSON object"),
    "structured, no id": (raw(b'{"specversion":"1.0","source":"s","type":"t"}', IN_ONE), "invalid", "id", "is missing"),
    "text missing": (record(REPORT, {}), "invalid", "text", "is missing"),
    "text empty": (report("   \u3000 "), "invalid", "text", "at least 1 character"),
    "text no text": (record(REPORT, {"text": 5}), "invalid", "text", "must be text"),
    "text over-long": (report("路" * 10_001), "invalid", "text", "at most 10000 characters"),
    "NUL": (report("a\x00b"), "invalid", "text", "NUL"),
    "NUL in the title": (report(title="\x00x"), "invalid", "title", "NUL"),
    "latitude too high": (report(location={"lat": 91, "lon": 0}), "invalid", "location.lat", "at most 90"),
    "longitude too low": (report(location={"lat": 0, "lon": -181}), "invalid", "location.lon", "at least -180"),
    "latitude NaN": (record(REPORT, b'{"text":"a","location":{"lat":NaN,"lon":1}}'), "invalid", "location.lat",
                     "finite"),
    "latitude infinite": (record(REPORT, b'{"text":"a","location":{"lat":1e999,"lon":1}}'), "invalid", "location.lat",
                          "finite"),
    "latitude a text": (report(location={"lat": "30.05", "lon": 114.05}), "invalid", "location.lat", "a number"),
    "half a place": (report(location={"lat": 30.05}), "invalid", "location", "both lat and lon"),
    "outside the city": (report(location={"lat": 48.2, "lon": 16.4}), "outside-city", "location", "inside the city"),
    "media no address": (report(media_urls=["file:///etc/passwd"]), "invalid", "media_urls.0", "http"),
    "too many media": (report(media_urls=["http://a"] * 21), "invalid", "media_urls", "at most 20 entries"),
    "due_at in year 9999": (report(due_at="9999-12-31T23:59:59Z"), "invalid", "due_at", "2199"),
    "time in year 1": (raw(b"{}", [*CE, ("ce_time", b"0001-01-01T00:00:00Z")]), "invalid", "ce_time", "1970"),
    "due_at no time": (report(due_at="soon"), "invalid", "due_at", "RFC 3339"),
    "6 minutes ahead": (report(event={"time": NOW + 6 * MINUTE}), "ahead-of-time", "ce_time", "ahead"),
    "8 days old": (report(event={"time": NOW - 8 * DAY}), "too-late", "ce_time", "before the receipt"),
    "11 minutes old": (detection(event={"time": NOW - 11 * MINUTE}), "too-late", "ce_time", "before the receipt"),
    "2 MB": (report("a" * 2_000_000), "too-large", "data", str(MAX_BYTES)),
    "unknown camera": (detection("cam-x"), "unknown-camera", "camera_id", "cameras.csv"),
    "no label": (record(DETECTION, {"camera_id": "cam-sw-1"}), "invalid", "label", "is missing"),
    "an edge beyond any picture": (detection(bbox=[13812345678, 0, 0, 1]), "invalid", "bbox.0", "at most 100000"),
    "confidence above 1": (detection(confidence=1.2), "invalid", "confidence", "at most 1"),
    "confidence true": (detection(confidence=True), "invalid", "confidence", "a number"),
    "unknown phase": (detection(phase="middle"), "invalid", "phase", "must be one of"),
    "camera sees another city": (detection(location={"lat": 1.0, "lon": 1.0}), "outside-city", "location", "inside"),
    "unknown action": (update("dance"), "invalid", "action", "must be one of"),
    "by nobody": (update(by={"id": "x"}), "invalid", "by", "role or a department"),
    "order id no id": (update(order_id="12"), "invalid", "order_id", "id of an order"),
    "a phone for an area": (update(order_id="13812345678-20260301-aaaaaaaaaa"), "no-area", "order_id", "of the city"),
    "a phone for an area of the other": (update(other_order_id="a-13812345678-20260301-aaaaaaaaaa"), "no-area",
                                         "other_order_id", "of the city"),
    "no order": (update(order_id=None), "invalid", "data", "order_id"),
    "report without place": (update(order_id=None, report=REF), "no-area", "location", "missing"),
    "report of no area": (update(order_id=None, report=REF, location={"address": "远方"}), "no-area", "location",
                          "no area"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("lat", "lon", "said"), [(14.05, 30.05, "as it would with lat and lon exchanged"), (1.0, 2.0, "inside the city")]
)
def test_a_place_outside_that_is_inside_when_exchanged_is_said_to_be(lat: float, lon: float, said: str) -> None:
    """Where both numbers may be either, as in half of the world's cities."""
    document = json.loads(areas_geojson())
    for each in document["features"]:
        each["geometry"]["coordinates"] = [[[x - 100, y] for x, y in ring] for ring in each["geometry"]["coordinates"]]
    west = tiny_city({"areas.geojson": json.dumps(document), "places.csv": None, "cameras.csv": None})

    (dead,) = take_in([report(location={"lat": lat, "lon": lon})], west, None, NOW, KEYS).dead

    assert (dead.error, dead.field) == ("outside-city", "location")
    assert dead.rule.endswith(said)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_is_a_dead_letter_that_names_field_and_rule(city: City, name: str) -> None:
    """Nothing of it is taken in, and the sentence says what was broken."""
    bad, error, field, rule = BAD[name]
    taken = take_in([bad], city, None, NOW, KEYS)
    assert taken.items == {}
    [dead] = taken.dead
    assert (error, field) == (dead.error, dead.field)
    assert rule in dead.rule
    assert dead.message == f"{field} {dead.rule}"


def test_bad_records_leave_their_neighbours_alone(city: City) -> None:
    """Every good record between all the bad ones gets through, in its order."""
    records = []
    for n, (bad, *_) in enumerate(BAD.values()):
        records += [bad, report(f"第{n}件事", location={"lat": 30.05, "lon": 114.05}, event={"id": str(n)})]
    taken = take_in(records, city, None, NOW, KEYS)
    assert len(BAD) == len(taken.dead)
    assert [str(n) for n in range(len(BAD))] == [
        item.id for item in taken.items["south-w"] if isinstance(item, Sighting)
    ]


def test_no_dead_letter_quotes_what_the_record_held(city: City) -> None:
    """Personal data in a broken field never reaches the message."""
    secret = "13812345678"
    bad = [
        report(location={"lat": secret, "lon": 1}),
        report(media_urls=[secret]),
        update(secret),
        detection(secret),
        record(REPORT, f'{{"text": "{secret}'.encode()),
        record(secret, {}),
    ]
    taken = take_in(bad, city, None, NOW, KEYS)
    assert len(bad) == len(taken.dead)
    assert not [dead.message for dead in taken.dead if secret in dead.message]


def test_a_bug_at_one_record_is_its_dead_letter_alone(city: City) -> None:
    """An error that is no poison becomes `internal-error` without quoting anything."""
    bad = raw(b"{}", [("ce_id", 5)])  # type: ignore[list-item]
    taken = take_in([bad, report()], city, None, NOW, KEYS)
    assert [dead.error for dead in taken.dead] == ["internal-error"]
    assert sighting(taken).text == "梧桐路的路灯坏了"


# -- place


@pytest.mark.parametrize(
    ("data", "area", "place"),
    [
        ({"location": {"lat": 30.15, "lon": 114.15}}, "north-e", "polygon"),
        ({"location": {"lat": 30.15, "lon": 114.15, "area": "south-w"}}, "north-e", "polygon"),
        ({"location": {"area": "south-e"}}, "south-e", "given"),
        ({"location": {"area": "south"}, "text": "在荷花苑"}, "north-w", "words"),
        ({"location": {"area": "atlantis", "address": "荷花苑3栋"}}, "north-w", "words"),
        ({"text": "梧桐路小学门口积水"}, "south-e", "words"),
        ({"text": "中山路有坑"}, UNLOCATED, "none"),
        ({"text": "我家门口有坑"}, UNLOCATED, "none"),
        ({"text": "a", "location": {}}, UNLOCATED, "none"),
        ({"text": "a", "location": {"area": "atlantis"}}, UNLOCATED, "unknown-area"),
        ({"text": "a", "location": {"area": "unlocated"}}, UNLOCATED, "none"),
        ({"text": "a", "location": {"area": "atlantis", "address": "荷花苑"}}, "north-w", "words"),
        ({"text": "工单south-e-20260302-abcdefg234修好了"}, "south-e", "words"),
        ({"text": "order SOUTH-E-20260302-abcdefg234 is done"}, "south-e", "words"),
        ({"text": "谢谢", "joins": "south-e-20260302-abcdefg234"}, "south-e", "words"),
        ({"text": "荷花苑, order south-e-20260302-abcdefg234"}, "north-w", "words"),
        ({"text": "order south-20260302-abcdefg234, larger than one area"}, UNLOCATED, "none"),
        ({"text": "order atlantis-20260302-abcdefg234, of no city"}, UNLOCATED, "none"),
        ({"text": "south-e-20260302-abcdefg1 is no order's number"}, UNLOCATED, "none"),
    ],
)
def test_a_report_finds_its_area(city: City, data: dict[str, object], area: str, place: str) -> None:
    """Polygon before given area before words before an order's number; what is ambiguous or unknown stays unlocated."""
    item = sighting(take_in([record(REPORT, {"text": "坏了", **data})], city, None, NOW, KEYS))
    assert (area, place) == (item.area, item.place)


def test_the_address_is_asked_before_the_text(city: City) -> None:
    """A place in the text may be where the reporter comes from."""
    item = sighting(take_in([report("从荷花苑走来", location={"address": "梧桐路12号"})], city, None, NOW, KEYS))
    assert (item.area, item.lat, item.lon) == ("south-w", 30.05, 114.05)


def test_a_detection_says_where_in_the_picture_it_is(city: City) -> None:
    """Whoever looks at the picture need not search it."""
    item = sighting(take_in([detection(bbox=[1, 2, 3, 4.5])], city, None, NOW, KEYS))
    assert item.bbox == (1.0, 2.0, 3.0, 4.5)


def test_a_detection_is_where_its_camera_is(city: City) -> None:
    """The registry gives area and coordinates; coordinates of its own go before it."""
    taken = take_in([detection("cam-nw-1"), detection("cam-nw-1", location={"lat": 30.01, "lon": 114.01})],
                 city, None, NOW, KEYS)  # fmt: skip
    [by_camera], [by_point] = taken.items["north-w"], taken.items["south-w"]
    assert isinstance(by_camera, Sighting)
    assert isinstance(by_point, Sighting)
    assert (by_camera.place, by_camera.lat, by_camera.lon) == ("camera", 30.15, 114.03)
    assert (by_point.place, by_point.lat, by_point.lon) == ("polygon", 30.01, 114.01)


# -- time


def test_a_backlog_does_not_grow_too_late(city: City) -> None:
    """The age counts to the record's arrival in Kafka, not to the end of an outage of intake."""
    old = detection(event={"time": NOW, "timestamp": NOW + 1000})
    assert sighting(take_in([old], city, None, NOW + 3 * DAY, KEYS)).at == NOW


def replayed(record: ConsumerRecord, first: int, hours: int) -> ConsumerRecord:
    """The record as a replay sends it `hours` after its first arrival at `first`."""
    headers = [*record.headers, ("replayed", b"3"), ("received", to_text(first).encode())]
    return raw(record.value, headers, record.topic, timestamp=first + hours * 60 * MINUTE)


def test_a_replayed_dead_letter_is_as_old_as_it_was_at_its_first_arrival(city: City) -> None:
    """A detection mended hours later is taken in, with its own time or the first arrival's; a late one stays late."""
    mended = replayed(detection(event={"time": NOW - MINUTE}), NOW, 5)
    assert sighting(take_in([mended], city, None, NOW + DAY, KEYS)).at == NOW - MINUTE
    timeless = replayed(raw(b'{"camera_id": "cam-sw-1", "label": "pothole"}', DETECTED), NOW, 5)
    assert sighting(take_in([timeless], city, None, NOW + DAY, KEYS)).at == NOW
    late = replayed(detection(event={"time": NOW - 11 * MINUTE}), NOW, 5)
    assert [dead.error for dead in take_in([late], city, None, NOW + DAY, KEYS).dead] == ["too-late"]


def test_a_first_arrival_counts_only_beside_the_mark_of_a_replay(city: City) -> None:
    """Without the header `replayed` the record's own arrival counts, and so it does for what is ahead of time."""
    unmarked = raw(detection().value, [*detection().headers, ("received", to_text(NOW).encode())], timestamp=NOW + DAY)
    ahead = replayed(detection(event={"time": NOW + DAY}), NOW + 2 * DAY, -48)
    for bad, error in ((unmarked, "too-late"), (ahead, "ahead-of-time")):
        assert [dead.error for dead in take_in([bad], city, None, NOW + 3 * DAY, KEYS).dead] == [error]


def test_a_record_without_a_time_happened_when_it_arrived(city: City) -> None:
    """CloudEvents' time is optional."""
    bare = raw(json.dumps({"text": "梧桐路有坑"}).encode(), CE, timestamp=NOW - 5)
    assert sighting(take_in([bare], city, None, NOW, KEYS)).at == NOW - 5


def test_a_record_of_a_time_that_no_clock_shows_happened_now(city: City) -> None:
    """A topic that others made may keep what its senders say of the time."""
    bare = raw(json.dumps({"text": "梧桐路有坑"}).encode(), CE, timestamp=2**62)
    assert sighting(take_in([bare], city, None, NOW, KEYS)).at == NOW


@pytest.mark.parametrize("apart", [-2 * MINUTE, 2 * MINUTE])
def test_when_a_record_came_in_kafka_says_whatever_time_it_is_here(city: City, apart: int) -> None:
    """An intake two minutes behind dated all that has no time of its own, and when a step came in, two minutes back."""
    bare = raw(json.dumps({"text": "梧桐路有坑"}).encode(), CE, timestamp=NOW)
    plain = report(event={"time": NOW - MINUTE})

    accepted = update(event={"time": NOW - MINUTE})
    received = step(take_in([accepted], city, None, NOW + apart, KEYS)).received
    at = [sighting(take_in([record], city, None, NOW + apart, KEYS)).at for record in (bare, plain)]

    assert (*at, received) == (NOW, NOW - MINUTE, NOW)


@pytest.mark.parametrize("data", [{}, {"due_at": None}, {"due_at": "2026-03-05T00:00:00+08:00"}])
def test_no_limit_is_not_the_same_as_no_word_about_it(city: City, data: dict[str, Any]) -> None:
    """`due_at: null` is given and without limit, an absent one is computed later."""
    item = sighting(take_in([report(**data)], city, None, NOW, KEYS))
    assert ("due_at" in data) == item.due_given
    assert (to_text(item.due) if item.due else None) == ("2026-03-04T16:00:00.000Z" if data.get("due_at") else None)


# -- personal data


def test_personal_data_does_not_get_through(city: City) -> None:
    """Numbers in title, text, address and reasons are masked; the reporter is a hash; no contact without a key."""
    secret = "13812345678"
    taken = take_in(
        [
            report(f"路灯坏了，电话{secret}", title=f"找{secret}", location={"address": f"梧桐路 {secret}"},
                   category=secret, reporter={"id": "u-1", "name": "王小明", "phone": secret}),
            update("return", reason=f"请打{secret}", code="unclear"),
        ],
        city, None, NOW, KEYS,
    )  # fmt: skip
    assert taken.dead == []
    written = b"".join(value for _, value in taken.packed()).decode()
    assert secret not in written
    assert "王小明" not in written
    assert "u-1" not in written
    assert reporter_hash(KEYS.hmac, "u-1") in written


def test_an_object_named_by_its_plate_keeps_its_identity_alone(city: City) -> None:
    """Two sightings of one car stay the same, of two cars different, and no plate is written."""
    seen = [detection(object_id=name) for name in ("鄂A12345", "鄂A12345", "鄂A12346", "track-7")]
    taken = take_in(seen, city, None, NOW, KEYS)
    one, again, other, plain = [i.object_id for i in taken.items["south-w"] if isinstance(i, Sighting)]
    assert one == again != other
    assert plain == "track-7"
    assert "鄂A" not in "".join(value.decode() for _, value in taken.packed())


def test_a_contact_is_kept_encrypted_where_there_is_a_key(city: City) -> None:
    """Only who has the key can read name and phone."""
    key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    taken = take_in([report(reporter={"name": "王小明", "phone": "13812345678"})], city, None, NOW, Keys(b"k", key))
    contact = decrypt_contact(key, sighting(taken).contact)
    assert (contact.name, contact.phone) == ("王小明", "13812345678")


def test_a_reporter_is_the_same_in_report_and_update(city: City) -> None:
    """So that only who reported may reopen, whichever way the phone number is written."""
    reported = sighting(take_in([report(reporter={"phone": "+86 138-1234-5678"})], city, None, NOW, KEYS))
    asked = step(take_in([update("reopen", by={"role": "reporter", "id": "13812345678"})], city, None, NOW, KEYS))
    assert reported.reporter == asked.by.id != ""


def test_the_model_sees_masked_text_only(city: City) -> None:
    """Its terms travel with the order."""
    model = Echo()
    take_in([report("梧桐路路灯坏了 13812345678", title="请看")], city, model, NOW, KEYS)
    assert model.calls == [["请看\n梧桐路路灯坏了 ***"]]


# -- what it is


def test_a_known_label_needs_no_guess_and_the_words_of_an_unknown_one_are_read(city: City) -> None:
    """The label table gives the category; else what the algorithm says of the scene is classified like a report."""
    model = Echo()
    known, spoken = detection(), detection(label="x7", text="路面有坑")
    taken = take_in([known, spoken], city, model, NOW, KEYS)
    [items] = taken.items.values()
    found = [(i.category, i.guess.category if i.guess else None) for i in items if isinstance(i, Sighting)]
    assert found == [("pothole", None), ("", "路面有坑")]
    assert taken.unlisted == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x7",
        "X7 alarm",
        "Motion alarm",
        "a vehicle detected in region 3",
        "警情描述",
        "检测到行人",
        "13812345678",
        "!",
        "duration alarm",
        "Disk full",
        "有人",
    ],
)
def test_an_unlisted_label_without_a_scene_is_counted_and_opens_nothing(city: City, text: str) -> None:
    """Also where its text says no more than that there is an alarm; no model is asked."""
    model = Echo()

    taken = take_in([detection(label="x7", vendor="acme", text=text), detection()], city, model, NOW, KEYS)

    assert sighting(taken).label == "pothole"
    assert taken.unlisted == {Unlisted("acme", "", "x7"): 1}
    assert (taken.dead, taken.ignored, model.calls) == ([], {}, [])


@pytest.mark.parametrize(
    "text",
    [
        "火",
        "井盖缺失报警",
        "有人闯入",
        "garbage bin full",
        "manhole cover missing",
        "Vehicle stopped in travel lane",
        "motion alarm: tree on road",
    ],
)
def test_a_described_scene_is_classified_whatever_its_label(city: City, text: str) -> None:
    """Words beyond the label and beyond those of an alarm are like a citizen's."""
    item = sighting(take_in([detection(label="vehicle_waiting", text=text)], city, Echo(), NOW, KEYS))

    assert item.guess is not None
    assert item.guess.category == text


def test_a_counted_label_names_nobody(city: City) -> None:
    """A number in it is masked as in any text."""
    taken = take_in([detection(label="call 13812345678")], city, None, NOW, KEYS)

    assert taken.unlisted == {Unlisted("", "", "call ***"): 1}


def test_a_row_of_the_label_table_drops_a_label_or_shows_it_to_a_person() -> None:
    """`-` is for what nobody has to do anything about, `?` for what no category is given to."""
    city = tiny_city(appended("labels.csv", "*,*,person,-,", "*,*,smoke,?,0.5"))
    curious = tiny_city(appended("labels.csv", "*,*,*,?,"))
    seen = [detection(label="person", text="a person in the road"), detection(label="smoke", text="thick smoke")]
    seen += [detection(label="smoke", confidence=0.4)]

    model = Echo()
    taken = take_in(seen, city, model, NOW, KEYS)

    assert (sighting(taken).label, sighting(taken).category, sighting(taken).guess) == ("smoke", "", None)
    assert sighting(take_in([detection(label="never heard of")], curious, model, NOW, KEYS)).category == ""
    assert (taken.ignored, taken.unlisted, taken.dead, model.calls) == ({"-": 1, "?": 1}, {}, [], [])


def test_the_vendor_decides_what_a_label_means(city: City) -> None:
    """The most specific row of the label table counts."""
    taken = take_in(
        [detection(label="vendor", vendor="acme", algorithm="road-v2", confidence=0.75)], city, None, NOW, KEYS
    )
    assert sighting(taken).category == "illegal-parking"


@pytest.mark.parametrize(("given", "taken"), [(1.0000001192092896, 1.0), (-1e-7, 0.0), (0.9999999, 0.9999999)])
def test_a_confidence_with_noise_in_its_last_digits_is_what_it_was_meant_to_be(
    city: City, given: float, taken: float
) -> None:
    """An algorithm that reckons with 32 bits says a little more than 1."""
    item = sighting(take_in([detection(label="x", text="路面有坑", confidence=given)], city, None, NOW, KEYS))

    assert item.confidence == taken


def test_a_detection_below_its_minimum_is_counted_and_goes_no_further(city: City) -> None:
    """It is neither an item nor a dead letter; without a confidence it counts as sure."""
    taken = take_in([detection(confidence=0.59), detection(confidence=0.6), detection()], city, None, NOW, KEYS)
    assert taken.ignored == {"pothole": 1}
    assert [len(items) for items in taken.items.values()] == [2]
    assert taken.dead == []


def test_an_end_goes_on_however_little_of_it_is_left_to_see(city: City) -> None:
    """Its confidence is that of what was there; only a label that the table drops has no end to tell of."""
    dropping = tiny_city(appended("labels.csv", "*,*,person,-,0.5"))
    gone = [detection(confidence=0.0, phase="end"), detection(label="person", confidence=0.0, phase="end")]

    taken = take_in(gone, dropping, None, NOW, KEYS)

    assert (sighting(taken).label, sighting(taken).phase) == ("pothole", "end")
    assert taken.ignored == {"-": 1}


def test_a_batch_is_classified_in_one_call_with_its_context(city: City) -> None:
    """Area, hour of the city, channel and the reporter's own choice go along."""
    model = Echo()
    take_in([report("梧桐路有坑", channel="app", category="pothole"), report("积水")], city, model, NOW, KEYS)
    assert model.calls == [["梧桐路有坑", "积水"]]
    assert [Context("south-w", 16, "app", "", "pothole"), Context("", 16)] == model.contexts


def test_a_text_at_which_the_model_fails_costs_only_its_own_guess(city: City) -> None:
    """It goes to a person without a guess; the others keep theirs."""
    taken = take_in([report("好"), report("坏"), report("棒")], city, Echo(fails_at="坏"), NOW, KEYS)
    [items] = taken.items.values()
    assert [i.guess and i.guess.category for i in items if isinstance(i, Sighting)] == ["好", None, "棒"]


def test_nothing_of_a_record_that_is_dead_as_a_whole_is_shown_to_a_model(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor taken in: of a message that says two things one lies outside the city."""
    real, outside = DraftReader.read, report("路灯坏了", location={"lat": 48.2, "lon": 16.4})
    monkeypatch.setattr(DraftReader, "read", lambda self, record: [*real(self, record), *real(self, outside)])
    model = Echo()

    taken = take_in([report("路上有个坑", location={"area": "south-w"})], city, model, NOW, KEYS)

    assert [dead.error for dead in taken.dead] == ["outside-city"]
    assert (taken.items, model.calls) == ({}, [])


def test_a_shadow_model_speaks_beside_the_active_one(city: City) -> None:
    """And without a model there is no guess at all."""
    taken = take_in([report("坑")], city, None, NOW, KEYS, shadow=Echo())
    item = sighting(taken)
    assert item.guess is None
    assert item.shadow is not None
    assert taken.guesses == []


# -- updates


def test_an_update_goes_to_the_area_in_its_orders_id(city: City) -> None:
    """Read from the right, so that areas may have hyphens; the area need not be one of today's."""
    item = step(take_in([update()], city, None, NOW, KEYS))
    assert (item.area, item.order_id, item.by.role, item.by.department) == ("south-w", ORDER, "department", "roads")
    gone = step(take_in([update(order_id="old-town-3-20200101-abcdefgh23")], city, None, NOW, KEYS))
    assert gone.area == "old-town-3"


def test_an_update_by_report_goes_where_the_report_went(city: City) -> None:
    """By its coordinates, area or address; an unlocated report's area is `unlocated`."""
    for location, area in (
        ({"lat": 30.15, "lon": 114.15}, "north-e"),
        ({"area": "south-e"}, "south-e"),
        ({"address": "荷花苑"}, "north-w"),
        ({"area": "unlocated"}, UNLOCATED),
    ):
        said = update(order_id=None, report=REF, location=location)
        item = step(take_in([said], city, None, NOW, KEYS))
        assert (area, ("app", "7")) == (item.area, item.report)


@pytest.mark.parametrize("by", [{"role": "department"}, {"department": "works"}, {"role": "department", "id": "li"}])
def test_what_comes_by_a_departments_topic_is_that_departments(city: City, by: dict[str, str]) -> None:
    """Who sent it is written down beside whom it names; where it names no department, it is the topic's."""
    item = step(take_in([update(by=by)], city, None, NOW, KEYS, way=WORKS))

    assert Actor("department", "works") == item.sender
    assert ("department", "works", by.get("id", "")) == (item.by.role, item.by.department, item.by.id)


def test_who_an_update_by_a_departments_topic_names_stays_as_it_was_said(city: City) -> None:
    """The desk refuses it, and shows in whose name it was tried; on the topic for all nobody is made sure of."""
    said = [update(by={"department": "roads"}), update(by={"role": "operator", "id": "li"})]

    items = [step(take_in([one], city, None, NOW, KEYS, way=WORKS)) for one in said]
    trusted = step(take_in([said[0]], city, None, NOW, KEYS))

    assert [Actor("department", "roads"), Actor("operator", "", "li")] == [item.by for item in items]
    assert (Actor("department", "works"), None) == (items[0].sender, trusted.sender)


@pytest.mark.parametrize(
    ("by", "who"),
    [({}, ""), ({"id": "zhang"}, "zhang"), ({"role": "department"}, ""), ({"role": "", "department": ""}, "")],
)
def test_on_its_own_topic_a_department_need_not_say_that_it_is_one(city: City, by: dict[str, Any], who: str) -> None:
    """Its dead letter nobody of the department would see. Elsewhere an update says who takes the step."""
    item = step(take_in([update(by=by)], city, None, NOW, KEYS, way=WORKS))

    assert (item.by, item.sender) == (Actor("department", "works", who), Actor("department", "works"))
    if "role" not in by or not by["role"]:
        for topic in ("t.updates", "t.units"):
            [dead] = take_in([update(by=by)], city, None, NOW, KEYS, way=way_of(Names("t"), topic)).dead
            assert (dead.error, dead.field) == ("invalid", "by")


@pytest.mark.parametrize("topic", ["t.reports", "t.detections", "t.updates", "t.updates.roads"])
def test_a_topic_takes_its_own_kind_and_nothing_else(city: City, topic: str) -> None:
    """Whoever may write as a camera is neither a citizen nor a department, and the other way round."""
    said = {"t.reports": report(), "t.detections": detection(), "t.updates": update(), "t.updates.roads": update()}
    message = raw(b"{}", [("format", b"hikvision")])
    way = way_of(Names("t"), topic)

    taken = take_in([report(), detection(), update(), message], city, None, NOW, KEYS, way=way)

    own = take_in([said[topic]], city, None, NOW, KEYS, way=way)
    assert taken.items == own.items
    assert [dead.error for dead in taken.dead if dead.record is not message] == ["wrong-topic"] * 2
    assert sum(map(len, taken.items.values())) == 1


FROM_ABOVE = {"source": "hub:city", "id": f"{ORDER}/1"}
TAKEN_BACK: dict[str, Any] = {
    "action": "reject", "by": {"role": "operator", "id": "hub:city"}, "order_id": None, "report": FROM_ABOVE,
    "location": {"lat": 30.05, "lon": 114.05},
}  # fmt: skip


def test_an_order_from_above_comes_by_the_topic_of_platforms_above_alone(city: City) -> None:
    """Whoever may write reports, detections or updates is no platform above, whatever source they name; and whoever is
    one speaks as nobody else."""
    withdrawal = update(event={"source": "hub:city", "id": f"{ORDER}/1/withdrawn"}, **TAKEN_BACK)
    asked = [report("梧桐路有坑", event=FROM_ABOVE), withdrawal]
    said = {
        "t.reports": (report(), report(event=FROM_ABOVE)),
        "t.detections": (detection(), detection(event=FROM_ABOVE)),
        "t.updates": (update(), update(event=FROM_ABOVE)),
        "t.updates.roads": (update(), update(event=FROM_ABOVE)),
    }

    taken = take_in(asked, city, None, NOW, KEYS, way=way_of(Names("t"), "t.above"))
    others = take_in([report(), detection(), update()], city, None, NOW, KEYS, way=way_of(Names("t"), "t.above"))

    assert (sum(map(len, taken.items.values())), taken.dead) == (2, [])
    assert [dead.error for dead in others.dead] == ["wrong-topic"] * 3
    for topic, (own, forged) in said.items():
        tried = take_in([own, forged], city, None, NOW, KEYS, way=way_of(Names("t"), topic))
        [dead] = tried.dead
        assert (dead.record, dead.error, dead.field) == (forged, "wrong-topic", "ce_source")
        assert sum(map(len, tried.items.values())) == 1


@pytest.mark.parametrize(
    "own",
    [
        {"action": "force-close"},
        {"report": {"source": "hub:province", "id": f"{ORDER}/1"}},
        {"report": {"source": "app", "id": "7"}},
        {"order_id": ORDER},
        {"report": None, "order_id": ORDER},
    ],
)
def test_a_platform_above_takes_back_what_it_has_sent_and_does_nothing_else(city: City, own: dict[str, Any]) -> None:
    """No other action, and no order by its id, nor by anybody else's report."""
    said = update(event={"source": "hub:city"}, **TAKEN_BACK | own)

    [dead] = take_in([said], city, None, NOW, KEYS, way=way_of(Names("t"), "t.above")).dead

    assert (dead.error, dead.field) == ("wrong-topic", "action")


@pytest.mark.parametrize("given", ["13812345678", "13812345678/1", "case 13812345678/2"])
def test_an_order_from_above_that_could_not_be_answered_is_refused(city: City, given: str) -> None:
    """Under a pseudonym its platform would not know it again; everywhere else such an id has one."""
    said = report("梧桐路有坑", event=FROM_ABOVE | {"id": given})

    [dead] = take_in([said], city, None, NOW, KEYS, way=way_of(Names("t"), "t.above")).dead

    assert (dead.error, dead.field) == ("invalid", "ce_id")
    assert given not in dead.message
    assert sighting(take_in([report(event={"id": given})], city, None, NOW, KEYS)).id != given


def test_what_is_posted_is_no_order_from_above(city: City) -> None:
    """The gateway says so at once, as intake would."""
    event = Event("1", "hub:city", REPORT, json.dumps({"text": "梧桐路有坑"}).encode())

    with pytest.raises(Poison, match="topic of their own"):
        check(city, NOW, event, b"k")


def test_an_update_may_come_late_or_early(city: City) -> None:
    """The desk judges its time, because only the desk knows the order's."""
    assert step(take_in([update(event={"time": NOW + DAY})], city, None, NOW, KEYS)).at == NOW + DAY


# -- envelopes and packing


def test_structured_and_binary_mode_say_the_same(city: City) -> None:
    """One event, two ways on the wire, one item."""
    binary = report("梧桐路有坑", channel="app")
    data = binary.value
    headers, value = to_structured(Event("e-1", "test", REPORT, data, NOW))
    assert sighting(take_in([binary], city, None, NOW, KEYS)) == sighting(
        take_in([raw(value, headers)], city, None, NOW, KEYS)
    )


def test_the_topic_does_not_decide_what_a_record_is(city: City) -> None:
    """A report that names the topic of detections is a report; whether that topic takes it is another question."""
    stray = raw(b'{"text":"a"}', CE, topic="t.detections")
    assert sighting(take_in([stray], city, None, NOW, KEYS)).kind == "report"


def test_packed_records_hold_one_area_in_order_and_stay_small(city: City) -> None:
    """At most 64 items and 256 kB, and together they are the items."""
    records = [detection(("cam-sw-1", "cam-ne-1")[n % 2], event={"id": str(n)}) for n in range(300)]
    records += [report("长" * 9_999, location={"area": "south-w"}, event={"id": f"r{n}"}) for n in range(30)]
    records += [detection("cam-sw-1", event={"id": f"d{n}"}) for n in range(100)]  # short ones behind the long ones
    taken = take_in(records, city, None, NOW, KEYS)
    unpacked: dict[str, list[object]] = {}
    for area, value in taken.packed():
        items = decode_items(value)
        assert len(items) <= MAX_ITEMS
        assert len(value) <= MAX_PACKED_BYTES + 2
        unpacked.setdefault(area, []).extend(items)
    assert unpacked == taken.items
    assert {"south-w", "north-e"} == unpacked.keys()


@pytest.mark.parametrize(
    "where",
    [
        "streams.intake.batch.context_of",
        "streams.intake.batch._guessed",
        "streams.intake.batch.by_words",
        "streams.intake.drafts.Draft.at",
    ],
)
def test_a_bug_at_one_record_costs_no_other(city: City, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever step fails at it, that record is a dead letter without its words, and its neighbours are taken in."""
    real = pydoc.locate(where)
    assert callable(real)

    def broken(*args: Any) -> Any:
        if any("unlucky" in str(arg) for arg in args):
            raise ZeroDivisionError("unlucky")
        return real(*args)

    monkeypatch.setattr(where, broken)
    records = [report("first"), report("unlucky"), report("third")]

    taken = take_in(records, city, Echo(), NOW, KEYS)

    assert [(dead.error, dead.message) for dead in taken.dead] == [
        ("internal-error", "intake failed with ZeroDivisionError")
    ]
    assert [item.text for items in taken.items.values() for item in items if isinstance(item, Sighting)] == [
        "first",
        "third",
    ]


def test_a_report_s_digest_is_of_all_that_it_says(city: City) -> None:
    """However it is written, and whatever the contract does not know besides; of nobody who has not the key."""
    who = {"id": "p-1", "phone": "13800138000"}
    said: dict[str, Any] = {"text": "路灯坏了", "reporter": who, "location": {"lat": 30.05, "lon": 114.05}}
    written = [
        report(**said),
        report(**dict(reversed(said.items()))),
        report(**said, title="", unknown=["x"], event={"id": "e-2", "time": NOW - 1000}),
        report(**said, category=None),
    ]

    def digests(records: list[ConsumerRecord], keys: Keys = KEYS) -> set[int]:
        return {sighting(take_in([each], city, None, NOW, keys)).content for each in records}

    [digest] = digests(written)
    assert digest > 0
    assert digests([report(**said)], Keys(b"another key")) != {digest}
    others = [report(**said | {"text": "路灯坏了!"}), report(**said, title="x"), report(**said, due_at=None)]
    others += [report(**said | {"reporter": who | {"phone": "13800138001"}})]
    assert len(digests(others) | {digest}) == 5


def test_what_a_camera_says_again_is_not_compared(city: City) -> None:
    """It is thousands a second, and the same object looks a little different each time."""
    assert sighting(take_in([detection()], city, None, NOW, KEYS)).content == 0

"""Laws of everything that is written and read again, and of masking."""

import json
import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from models.envelope import LATEST, Event, decode, header_map, size, to_binary
from models.errors import Poison
from models.events import CONTRACTS
from models.formats import FORMATS, Site, decode_format
from models.inbox import Actor, InboxUpdate, Item, Sighting, decode_items, encode_items
from models.masking import mask
from models.masking.words_around import AFTER, BEFORE, SERVICE, THING
from streams.dead_letters.letter import decode_dead_letter, of_record
from streams.intake.batch import take_in
from streams.intake.beforehand import check
from streams.intake.drafts import Keys
from streams.intake.reading.statements import Vendor
from streams.kafka.topics import Names
from tests.support.cities import tiny_city
from tests.support.messages import NOW, raw, to_structured

CITY = tiny_city()
INSTANTS = st.integers(min_value=0, max_value=LATEST - 1)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=8,
)
EVENTS = st.builds(
    Event,
    id=NAMES,
    source=NAMES,
    type=NAMES,
    data=JSON.map(lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()),
    time=st.none() | INSTANTS,
    subject=st.just("") | NAMES,
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["ce_id", "ce_type", "ce_source", "ce_time", "content-type", "format", "camera", "x"]),
        st.binary(max_size=40) | NAMES.map(str.encode) | st.sampled_from([n.encode() for n in FORMATS]),
    ),
    max_size=8,
)
SIGHTINGS = st.builds(
    Sighting,
    kind=st.sampled_from(["report", "detection"]),
    source=NAMES,
    id=NAMES,
    at=INSTANTS,
    area=NAMES,
    text=WORDS,
    lat=st.none() | st.floats(-90, 90),
    media_urls=st.lists(WORDS, max_size=3).map(tuple),
    due_given=st.booleans(),
)
UPDATES = st.builds(
    InboxUpdate,
    source=NAMES,
    id=NAMES,
    at=INSTANTS,
    area=NAMES,
    action=NAMES,
    by=st.builds(Actor, NAMES, WORDS, WORDS),
    report=st.none() | st.tuples(NAMES, NAMES),
    attempt=st.none() | st.integers(0, 9),
    priority=st.none() | st.integers(1, 5),
    level=st.none() | st.integers(1, 9),
    satisfied=st.none() | st.booleans(),
    satisfaction=st.none() | st.integers(1, 5),
)


@given(EVENTS)
def test_events_survive_both_modes(event: Event) -> None:
    """What is written in binary or structured mode reads back as the same event."""
    headers, value = to_binary(event)
    assert event == decode(value, header_map(headers))
    headers, value = to_structured(event)
    assert event == decode(value, header_map(headers))


@given(EVENTS)
def test_an_events_size_is_that_of_its_record(event: Event) -> None:
    """Value and headers, as they would be counted in binary mode."""
    headers, value = to_binary(event)
    assert size(event) == len(value) + sum(len(text) for _, text in headers)


@given(st.lists(SIGHTINGS | UPDATES, max_size=5))
def test_inbox_records_survive(items: list[Item]) -> None:
    """What intake writes the desk reads."""
    assert tuple(items) == decode_items(encode_items(items))


@given(st.none() | st.binary(max_size=300), HEADERS)
def test_no_bytes_and_headers_can_do_more_than_die(value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
    """Anything at all becomes items or one dead letter of a known class, never an error of ours."""
    taken = take_in([raw(value, headers)], CITY, None, NOW, Keys(b"k"))
    assert "internal-error" not in [dead.error for dead in taken.dead]
    assert len(taken.dead) <= 1


FIELDS = sorted({name for model in CONTRACTS.values() for name in model.model_fields})
PARTS = JSON | st.dictionaries(
    st.sampled_from(["lat", "lon", "area", "address", "id", "source", "role"]), JSON, max_size=4
)
NEARLY = st.fixed_dictionaries(
    {"text": WORDS | st.just("坑"), "camera_id": st.just("cam-sw-1") | JSON, "label": WORDS | st.just("pothole")},
    optional={name: PARTS for name in FIELDS if name not in ("text", "camera_id", "label")},
)


@pytest.mark.slow
@given(st.sampled_from(sorted(CONTRACTS)), NEARLY, st.none() | INSTANTS)
def test_no_event_that_is_nearly_right_does_more_than_die(ce_type: str, data: object, time: int | None) -> None:
    """Right type and headers, any values in the right fields: items, or one dead letter that names its field."""
    event = Event("1", "s", ce_type, json.dumps(data).encode(), time)
    headers, value = to_binary(event)
    taken = take_in([raw(value, headers)], CITY, None, NOW, Keys(b"k"))
    assert all(dead.error != "internal-error" and dead.field for dead in taken.dead)
    assert len(taken.dead) + len(taken.items) + taken.ignored.total() + taken.unlisted.total() == 1


@given(st.sampled_from(sorted(FORMATS)), st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_vendor_message_does_more_than_being_poison(name: str, value: bytes) -> None:
    """Every decoder answers with readings, or with Poison that names field and rule."""
    try:
        readings = decode_format(name, value, Site(CITY.zone))
    except Poison as poison:
        readings, said = (), (poison.field, poison.rule)
    else:
        said = ("no", "poison")
    assert all(said)
    assert all(reading.field if isinstance(reading, Poison) else reading.detection.label for reading in readings)


@given(st.none() | st.binary(max_size=300), st.lists(st.tuples(NAMES, st.binary(max_size=30)), max_size=4))
def test_dead_letters_give_the_record_back(value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
    """Key, value and headers, byte for byte."""
    letter = decode_dead_letter(of_record(Names(), raw(value, headers), "invalid", "text is missing").value or b"")
    assert (value, headers) == (letter.original_value, letter.original_headers)


_GAPS = st.sampled_from(["", " ", "-", "－", "　", " - ", "\u200b", "·"])
# Words around a number may say that it is a thing's, and then it stays.
_OF_THINGS = {char for words in (BEFORE[THING], BEFORE[SERVICE], *AFTER.values()) for char in words if char.isalpha()}
_UNSEEN = "\u115f\u1160\u3164"  # fillers, which go with the number that they were typed behind
# Letters without those that are read as Latin ones, which make a name of a number.
_WORDLIKE = st.characters(
    categories=["Lo"],
    max_codepoint=0x9FFF,
    exclude_characters="ªº塊萬億噸輛編樁號樓棟線" + _UNSEEN + "".join(sorted(_OF_THINGS)),
)
_BORDERS = st.text(_WORDLIKE, min_size=1, max_size=8)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A mobile, landline, identity card or bank card number as people write it."""
    digits = draw(
        st.from_regex(r"1[3-9]\d{9}|0(10|2\d)[2-8]\d{7}|0[3-9]\d{2}[2-8]\d{6}"
                      r"|[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d)\d{4}|62\d{14,17}",
                      fullmatch=True, alphabet=string.digits)
    )  # fmt: skip
    gap = draw(_GAPS)
    text = gap.join(re.findall(r"\d{1,4}", digits))
    if draw(st.booleans()):
        text = text.translate({ord(c): ord(c) + 0xFEE0 for c in string.digits})
    return text


@given(_BORDERS, numbers(), _BORDERS)
def test_no_number_of_a_person_survives(before: str, number: str, after: str) -> None:
    """Whatever stands around it, however its digits are grouped and whatever their width."""
    masked = mask(before + number + after)
    assert not re.search(r"\d", masked)
    assert masked.startswith(before[:-2])
    assert masked.endswith(after)


@given(WORDS.filter(lambda text: not re.search(r"\d|@|＠", text)))
def test_texts_without_digits_stay(text: str) -> None:
    """Nothing is masked where there is nothing to mask."""
    assert text == mask(text)


@given(st.text(alphabet="0123456789 -.+()@aXx鄂A京路一", max_size=60))
def test_masking_is_done_in_one_go(text: str) -> None:
    """Masking what was masked changes nothing."""
    assert mask(text) == mask(mask(text))


ATTRIBUTES = NAMES | st.sampled_from(["", "a\x01", "长" * 257])
SAID = st.builds(
    Event,
    id=ATTRIBUTES,
    source=ATTRIBUTES,
    type=st.sampled_from([*CONTRACTS, "city.other.v1"]),
    data=NEARLY.map(lambda data: json.dumps(data).encode()) | st.binary(max_size=40),
    time=st.none() | st.integers(NOW - 20 * 60_000, NOW + 6 * 60_000) | INSTANTS,
    subject=ATTRIBUTES,
    content_type=st.sampled_from(["application/json", "application/json; charset=gbk", "text/xml", "a\x01"]),
)
VENDORS = st.none() | st.builds(Vendor, st.sampled_from([*FORMATS, "acme"]), st.just("cam-sw-1") | ATTRIBUTES)


def said_at_once(event: Event, vendor: Vendor | None) -> tuple[str, list[tuple[str, str, str]]]:
    """The area of an event, or what is wrong with it: error, field and rule."""
    try:
        return check(CITY, NOW, event, b"k", vendor).area, []
    except Poison as poison:
        return "", [(poison.error, poison.field, poison.rule)]


@given(SAID, VENDORS)
@example(Event("1", "s", "t", b"{}", NOW, "a\x01", "a\x01"), None)
@example(Event("1", "s", "t", b"{}", NOW, "", "  "), None)
def test_an_event_is_judged_at_once_as_its_record_will_be(event: Event, vendor: Vendor | None) -> None:
    """The same field and rule, or the same area; only a place that is looked up can still be wrong afterwards."""
    if vendor is not None:  # whoever made its message an event has checked identity and time
        event = replace(event, id="1", source="s", time=NOW)
    headers, value = to_binary(event)
    taken = take_in([raw(value, [*headers, *(vendor.headers() if vendor else ())])], CITY, None, NOW, Keys(b"k"))

    area, wrong = said_at_once(event, vendor)

    later = [(dead.error, dead.field, dead.rule) for dead in taken.dead]
    assert wrong == later or (not wrong and {error for error, *_ in later} <= {"outside-city", "no-area"})
    assert not (area and taken.items) or area in taken.items

"""The quick path of intake: quick or nothing, and never different from the way that asks the contracts.

Records that are right, nearly right and broken on purpose: texts at each limit, numbers that parsers disagree about,
names said twice, attributes that are missing, repeated or no UTF-8, and bytes turned at random.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any
from unittest import mock

import msgspec
import pytest
from aiokafka import ConsumerRecord
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import StringConstraints, TypeAdapter

from models.envelope import Event, to_binary
from models.events import CONTRACTS, DETECTION, MEASUREMENT, RECHECKED, REPORT, UNIT, UPDATE
from streams.intake.batch import Taken, take_in
from streams.intake.drafts import Keys
from streams.intake.reading import quick, said
from streams.intake.reading.too_late import TimeRule
from tests.support.cities import tiny_city
from tests.support.examples import examples
from tests.support.inputs.odd_values import ADDRESSES, INSTANTS, NASTY, NUMBERS, OTHER
from tests.support.messages import NOW, ORDER, detection, raw, record, report, to_structured, update

CITY = tiny_city()
KEYS = Keys(b"for tests only")
MINUTE = 60_000
TIMES = [NOW, NOW - 10 * MINUTE, NOW - 10 * MINUTE - 1, NOW + 5 * MINUTE, NOW + 5 * MINUTE + 1, 0, None]


def quoted(text: str, plain: bool = False) -> str:
    """A text as JSON; with `plain` only what must be escaped is: a lone surrogate then is no UTF-8."""
    return json.dumps(text, ensure_ascii=not plain)


def listed(*values: str) -> str:
    """A JSON list of what is JSON already."""
    return f"[{','.join(values)}]"


# The values of a field as JSON: those that mostly do, and those that mostly do not.
TEXTS = st.builds(
    quoted, st.sampled_from(["坑", "a", "路面有坑"]) | st.sampled_from(NASTY) | st.text(max_size=20), st.booleans()
)
URLS = st.lists(st.sampled_from(ADDRESSES[:3]) | st.sampled_from(ADDRESSES), max_size=3).map(
    lambda some: listed(*map(quoted, some))
) | st.just(listed(*[quoted("http://a")] * 21))
DEGREES = st.sampled_from(NUMBERS) | st.floats(-181, 181).map(repr)
SHARES = st.sampled_from(NUMBERS) | st.floats(-0.1, 1.1).map(repr)
WHEN = st.sampled_from(INSTANTS).map(quoted) | st.sampled_from(["null", "5"])
IDS = st.sampled_from([ORDER, *NASTY]).map(quoted)


@st.composite
def objects(draw: st.DrawFn, needed: dict[str, st.SearchStrategy[str]], more: dict[str, st.SearchStrategy[str]]) -> str:
    """A JSON object with these fields, some of them missing, unknown, wrong, or said twice."""
    chosen = draw(st.lists(st.sampled_from(sorted(more)), unique=True, max_size=4)) if more else []
    pairs = [(name, draw(values)) for name, values in {**needed, **{name: more[name] for name in chosen}}.items()]
    for change in draw(st.lists(st.sampled_from(["drop", "wrong", "unknown", "again", "shuffle"]), max_size=1)):
        at = draw(st.integers(0, max(0, len(pairs) - 1)))
        if change == "unknown":
            pairs.insert(at, (draw(st.sampled_from(["x", "Label", "text ", "\u0000"])), draw(st.sampled_from(OTHER))))
        elif change == "shuffle":
            pairs = draw(st.permutations(pairs))
        elif pairs and change == "drop":
            del pairs[at]
        elif pairs and change == "wrong":
            pairs[at] = (pairs[at][0], draw(st.sampled_from(OTHER) | st.sampled_from(NUMBERS) | TEXTS))
        elif pairs:
            pairs.append((pairs[at][0], draw(st.sampled_from(OTHER) | TEXTS)))
    gap = draw(st.sampled_from(["", " ", "\n\t"]))
    return "{" + ",".join(f"{gap}{quoted(name)}{gap}:{gap}{value}{gap}" for name, value in pairs) + "}"


POINTS = st.sampled_from([("30.05", "114.05"), ("30.1", "114.1"), ("48.2", "16.4"), ("30", "114")])
DATUMS = st.sampled_from(['""', '"wgs84"', '"gcj02"', '"bd09"', '"x"'])
PLACES = (
    POINTS.map(lambda point: f'{{"lat": {point[0]}, "lon": {point[1]}}}')
    | objects({}, {"address": TEXTS, "area": TEXTS | st.sampled_from(['"south-w"', '"unlocated"'])})
    | objects({}, {"lat": DEGREES, "lon": DEGREES, "address": TEXTS, "area": TEXTS, "datum": DATUMS})
)
DATA = {
    DETECTION: objects(
        {
            "camera_id": st.sampled_from(['"cam-sw-1"', '"cam-sw-1"', '"cam-ne-1"', '" cam-sw-1"', '"cam-x"']),
            "label": st.sampled_from(['"pothole"', '"POTHOLE"', '"vendor"', '"x7"']) | TEXTS,
        },
        {
            "algorithm": TEXTS | st.just('"road-v2"'),
            "vendor": TEXTS | st.just('"acme"'),
            "confidence": SHARES,
            "location": PLACES,
            "object_id": TEXTS,
            "asset": TEXTS | st.just('"lamp-7"'),
            "phase": st.sampled_from(['""', '"start"', '"end"', '"End"', '"ongoing"', "null"]),
            "bbox": st.lists(DEGREES, min_size=3, max_size=5).map(lambda some: listed(*some))
            | st.just("[1, 2.5, 3, 4]") | st.just("null"),
            "text": TEXTS,
            "media_urls": URLS,
        },
    ),
    RECHECKED: objects(
        {
            "order_id": IDS | st.just(quoted(ORDER)),
            "camera_id": st.sampled_from(['"cam-sw-1"', '" cam-sw-1"', '"cam-x"', '"13912345678"']),
            "result": st.sampled_from(['"gone"', '"there"', '"Gone"', '""', "null"]),
        },
        {"attempt": st.sampled_from(NUMBERS), "text": TEXTS, "media_urls": URLS},
    ),
    REPORT: objects(
        {"text": TEXTS},
        {
            "title": TEXTS,
            "location": PLACES,
            "category": TEXTS,
            "reporter": objects({}, {"id": TEXTS, "name": TEXTS, "phone": TEXTS}),
            "media_urls": URLS,
            "channel": TEXTS,
            "asset": TEXTS | st.just('"lamp-7"'),
            "joins": IDS | st.just(quoted(ORDER)) | st.just("null"),
            "due_at": WHEN,
        },
    ),
    UPDATE: objects(
        {
            "action": st.sampled_from(["accept", "return", "reopen", "dance"]).map(quoted),
            "by": objects({"role": TEXTS | st.just('"reporter"')}, {"department": TEXTS, "id": TEXTS}),
        },
        {
            "order_id": IDS | st.just(quoted(ORDER)),
            "report": objects({"source": TEXTS, "id": TEXTS}, {}),
            "location": PLACES,
            "attempt": st.sampled_from(NUMBERS),
            "reason": TEXTS,
            "code": TEXTS,
            "suggested_department": TEXTS,
            "department": TEXTS,
            "assists": st.lists(TEXTS, max_size=3).map(lambda some: listed(*some)) | st.just(listed(*['"a"'] * 21)),
            "category": TEXTS,
            "condition": TEXTS,
            "other_order_id": IDS,
            "until": WHEN,
            "priority": st.sampled_from(["1", "5", "0", "6", "2.0", "null"]),
            "level": st.sampled_from(["1", "9", "0", "10", "1.0", '"1"', "null"]),
            "satisfied": st.sampled_from(["true", "false", "1", '"true"', "null"]),
            "satisfaction": st.sampled_from(["1", "5", "0", "6", "true", "null"]),
            "evidence_urls": URLS,
        },
    ),
}  # fmt: skip
ATTRIBUTES = st.sampled_from(
    [None, b"", b"1", "路".encode() * 256, "路".encode() * 257, b"a" * 256, b"a" * 257, b"a\x01", b"\xff", b" ",
     b"1.0", b"0.3", b"application/json", b"application/json; charset=utf-8", b"text/xml", DETECTION.encode(),
     REPORT.encode(), *(text.encode() for text in INSTANTS), b"2026-03-01\x0108:00:00Z", b"2026-03-01T08:00:00.000Z "]
)  # fmt: skip
NAMES = ["ce_id", "ce_source", "ce_type", "ce_time", "ce_specversion", "content-type", "ce_subject", "traceparent",
         "received", "replayed", "format", "camera", "\udcc0"]  # fmt: skip


@st.composite
def records(draw: st.DrawFn, kind: str) -> ConsumerRecord:
    """A record of this kind, in binary or structured mode, as it should be or with a few mistakes."""
    value = draw(DATA[kind]).encode(errors="surrogatepass")
    event = Event(
        draw(st.sampled_from(["1", "路", "a" * 256])), "test", kind, value, draw(st.sampled_from(TIMES) | st.just(NOW))
    )
    headers: list[tuple[str, bytes | None]]
    if draw(st.integers(0, 4)):
        headers, value = list(to_binary(event)[0]), event.data
    else:
        some, value = to_structured(msgspec.structs.replace(event, data=b'"DATA"'))
        headers, value = list(some), value.replace(b'"DATA"', event.data)
    for change in draw(st.lists(st.sampled_from(["add", "drop", "change", "bytes", "cut"]), max_size=1)):
        if change in ("add", "change"):
            header = (draw(st.sampled_from(NAMES)), draw(ATTRIBUTES))
            headers.insert(draw(st.integers(0, len(headers))), header)
            if change == "change":
                headers = [*(one for one in headers if one[0] != header[0]), header]
        elif change == "drop":
            del headers[draw(st.integers(0, len(headers) - 1))]
        elif change == "bytes":
            at = draw(st.integers(0, len(value)))
            value = value[:at] + draw(st.binary(max_size=2)) + value[at + draw(st.integers(0, 2)) :]
        else:
            value = value[: draw(st.integers(0, len(value)))]
    stamp = draw(st.sampled_from([NOW, NOW, NOW - 1, NOW + MINUTE, 0, -1, NOW - 10 * MINUTE]))
    return raw(value or None, headers, timestamp=stamp)  # type: ignore[arg-type]


@contextmanager
def contracts_alone() -> Iterator[None]:
    """Without the quick path."""
    with mock.patch.object(quick, "read", return_value=None), mock.patch.object(quick, "decode", return_value=None):
        yield


def outcome(taken: Taken) -> tuple[object, ...]:
    """All that a batch came to, with the bytes that are written."""
    dead = [(one.error, one.message, one.field, one.rule) for one in taken.dead]
    return taken.packed(), taken.items, dead, taken.ignored


def is_the_same(record: ConsumerRecord) -> bool:
    """Whether a record becomes the same items, the same bytes and the same poison with the quick path and without."""
    with contracts_alone():
        slow = outcome(take_in([record], CITY, None, NOW, KEYS))
    return slow == outcome(take_in([record], CITY, None, NOW, KEYS))


@pytest.mark.slow
@settings(max_examples=examples(1_200))
@given(records(DETECTION))
def test_a_detection_is_read_quickly_or_not_at_all(record: ConsumerRecord) -> None:
    """Never differently."""
    assert is_the_same(record)


@pytest.mark.slow
@settings(max_examples=examples(900))
@given(records(REPORT))
def test_a_report_is_read_quickly_or_not_at_all(record: ConsumerRecord) -> None:
    """Never differently."""
    assert is_the_same(record)


@pytest.mark.slow
@settings(max_examples=examples(900))
@given(records(UPDATE))
def test_an_update_is_read_quickly_or_not_at_all(record: ConsumerRecord) -> None:
    """Never differently."""
    assert is_the_same(record)


@pytest.mark.slow
@settings(max_examples=examples(300))
@given(records(RECHECKED))
def test_the_answer_of_a_camera_is_read_quickly_or_not_at_all(record: ConsumerRecord) -> None:
    """Never differently."""
    assert is_the_same(record)


SELDOM = {
    "more digits than the contract takes": b'{"camera_id":"cam-sw-1","label":"pothole","confidence":1%se-4400}'
    % (b"0" * 4_400),
    "a list deeper than it goes": b'{"camera_id":"cam-sw-1","label":"pothole","x":%s%s}' % (b"[" * 300, b"]" * 300),
    "a list deeper than anything goes": b'{"camera_id":"cam-sw-1","label":"pothole","x":%s%s}'
    % (b"[" * 1_100, b"]" * 1_100),
}


@pytest.mark.parametrize("name", SELDOM)
def test_what_is_seldom_drawn_is_the_same(name: str) -> None:
    """Each is the reason for one of the quick path's rules."""
    assert is_the_same(record(DETECTION, SELDOM[name]))


def taken_quickly(one: ConsumerRecord) -> bool:
    """Whether the quick path takes a record."""
    return quick.read(one, NOW, TimeRule(CITY.settings)) is not None


PLAIN = {
    "detection": detection(),
    "detection that does not say that it is JSON": raw(
        detection().value, [header for header in detection().headers if header[0] != "content-type"]
    ),
    "detection with all": detection(algorithm="a", vendor="b", confidence=0.7, object_id="o", phase="start", text="坑",
                                    asset="lamp-7", bbox=[1, 2, 3, 4.5], media_urls=["https://a.example/1.jpg"]),
    "located": detection(location={"lat": 30.05, "lon": 114.05}),
    "report": report(title="路灯", reporter={"id": "u", "phone": "13812345678"}, location={"address": "梧桐路"}),
    "report of an asset that joins an order": report(asset="lamp-7", joins=ORDER),
    "report with a limit": report(due_at="2026-03-05T00:00:00+08:00"),
    "update": update(),
    "update by report": update(order_id=None, report={"source": "app", "id": "7"}, location={"area": "south-e"}),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_the_plain_case_is_taken_quickly(name: str) -> None:
    """The property above would hold of a path that takes nothing."""
    assert taken_quickly(PLAIN[name])


SAID = {
    DETECTION: said.SaidDetection,
    RECHECKED: said.SaidRecheck,
    UNIT: said.SaidUnit,
    REPORT: said.SaidReport,
    UPDATE: said.SaidUpdate,
}
# What the two spell differently, or what no struct states: patterns are checked by hand.
UNSAID = ("$defs", "title", "description", "pattern", "additionalProperties", "format")
CONTRACTS_OWN = ("datum",)  # what the contract alone reads: what it makes of it, the others say


def limits(schema: Any, named: Mapping[str, Any]) -> Any:
    """A JSON schema spelt in one way: what it refers to in place, lists in one order, nothing that says nothing."""
    if isinstance(schema, list | tuple):
        return sorted((limits(one, named) for one in schema), key=lambda one: json.dumps(one, sort_keys=True))
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return limits(named[schema["$ref"].rpartition("/")[2]], named)
    stated = {name: limits(value, named) for name, value in schema.items() if name not in UNSAID}
    if "properties" in schema:
        stated.pop("anyOf", None)  # which fields come together is checked by hand
        own = {name: value for name, value in schema["properties"].items() if name not in CONTRACTS_OWN}
        stated["properties"] = {name: limits(value, named) for name, value in own.items()}
    if "enum" in schema:
        stated["type"] = "string"
    nothing: dict[str, Any] = {"default": None, "minLength": 0, "required": [], "items": False}
    return {name: value for name, value in stated.items() if name not in nothing or value != nothing[name]}


@pytest.mark.parametrize("ce_type", [ce_type for ce_type in CONTRACTS if ce_type != MEASUREMENT])  # said as a detection
def test_the_structs_have_the_limits_of_the_contracts(ce_type: str) -> None:
    """Field by field: type, length, bounds, choices and default. A limit that is changed is changed in both."""
    contract = TypeAdapter(CONTRACTS[ce_type]).json_schema()
    struct = msgspec.json.schema(SAID[ce_type], schema_hook=lambda _: {"type": "string"})

    assert limits(struct, struct["$defs"]) == limits(contract, contract.get("$defs", {}))


@pytest.mark.slow  # all code points
def test_what_python_does_not_strip_no_contract_strips() -> None:
    """The blanks of the contracts' parser are among Python's."""
    strip = TypeAdapter(Annotated[str, StringConstraints(strip_whitespace=True)]).validate_json
    every = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]

    kept = "".join(char for char in every if char.strip())

    assert [char for char in kept if strip(json.dumps(char)) != char] == []

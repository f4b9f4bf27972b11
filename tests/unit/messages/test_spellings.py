"""What senders write differently though they mean the same, and what only looks like it."""

import json
from pathlib import Path

import msgspec
import pytest
from starlette.requests import Request

from models import envelope, events
from models.envelope import STRUCTURED, Event, header_map
from models.errors import Poison
from models.events import DETECTION, RECHECKED, REPORT, UPDATE, Report
from models.times import day_of_text, from_text
from streams.gateway.events.request_event import read_event
from streams.gateway.http.problems import Problem
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from streams.terminal.feed import read_events
from tests.support.cities import tiny_city
from tests.support.messages import NOW, record, to_structured, update

MARK = "\ufeff".encode()
EIGHT = 1_772_352_000_000  # 2026-03-01T08:00:00Z


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T08:00:00Z", "2026-03-01t08:00:00z", "2026-03-01T08:00:00z", "2026-03-01 08:00:00Z",
        "2026-03-01T08:00:00.000000000Z", "2026-03-01T16:00:00+08:00", "2026-03-01T08:00:00-00:00",
        "2026-02-28T22:30:00-09:30",
    ],
)  # fmt: skip
def test_an_instant_may_be_spelt_as_rfc_3339_lets_it(text: str) -> None:
    """In either case, with a blank for the T, with any fraction and offset."""
    assert from_text(text) == EIGHT


@pytest.mark.parametrize(
    ("text", "next_second"),
    [
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"), ("2017-01-01t07:59:60+08:00", "2017-01-01T00:00:00Z"),
        ("2015-06-30 23:59:60.25z", "2015-07-01T00:00:00.25Z"), ("2016-12-31T14:29:60-09:30", "2017-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_a_leap_second_is_the_second_after_it(text: str, next_second: str) -> None:
    """RFC 3339 has it, and so may a sender whose clock tells of it; the clocks of computers have none."""
    assert from_text(text) == from_text(next_second)


@pytest.mark.parametrize(
    "text",
    [
        "2026-W09-7T08:00:00Z", "20260301T080000Z", "2026-03-01T080000Z", "2026-03-01T08:00Z", "2026-03-01T08Z",
        "2026-03-01T08:00:00,5Z", "2026-03-01T08:00:00+0800", "2026-03-01T08:00:00+08", "2026-03-01T08:00:00",
        "2026-03-01T24:00:00Z", "2026-03-01T08:00:60Z", "2026-03-01T23:59:61Z", "2026-03-01T23:59:60+08:00",
        "2026-03-01T08:00:00+08:00:30", "2026-03-01",
        "2026-060T08:00:00Z", "2026-02-30T23:59:60Z",
        "２０２６-03-01T08:00:00Z", "2026-02-30T08:00:00Z", "2026-03-01T08:00:00Z ", "2026-03-01T08:00:00+24:00",
    ],
)  # fmt: skip
def test_what_is_no_rfc_3339_time_is_none(text: str) -> None:
    """ISO 8601 has other spellings, which the rule that senders are told does not name."""
    with pytest.raises(ValueError, match=r"2026|２０|day"):
        from_text(text)


@pytest.mark.parametrize(
    "text", ["2026-W09-7", "20260301", "2026-060", "2026-3-1", "6-2026-01", "２０２６-03-01", "2026-02-30"]
)
def test_a_day_has_one_spelling(text: str) -> None:
    """Year, month and day."""
    with pytest.raises(ValueError, match=r"2026|２０|day"):
        day_of_text(text)


REPORTED = b'{"text":"lamp broken"}'
AS_BASE64 = to_structured(Event("1", "s", REPORT, MARK + REPORTED, content_type="text/x"))[1].replace(
    b"text/x", b"application/json"
)
IN_STRUCTURE = to_structured(Event("1", "s", REPORT, REPORTED))[1]


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (MARK + REPORTED, {"ce_id": b"1", "ce_source": b"s", "ce_type": REPORT.encode()}),
        (MARK + IN_STRUCTURE, {"content-type": STRUCTURED.encode()}),
        (
            AS_BASE64,
            {"content-type": STRUCTURED.encode()},
        ),
    ],
)  # fmt: skip
def test_a_byte_order_mark_is_passed_over(value: bytes, headers: dict[str, bytes]) -> None:
    """In front of data, of a structured event, and of data in one."""
    event = envelope.decode(value, header_map(list(headers.items())))
    assert isinstance(said := events.parse(event.type, event.data), Report)
    assert said.text == "lamp broken"


def test_a_byte_order_mark_begins_many_a_file(tmp_path: Path) -> None:
    """The first event of it is one like the others."""
    file = tmp_path / "day.jsonl"
    file.write_bytes(MARK + IN_STRUCTURE + b"\n" + IN_STRUCTURE)
    first, second = read_events(file)
    assert first == second


@pytest.mark.parametrize(
    ("ce_type", "data"),
    [
        (REPORT, '{"text":"路灯坏了","reporter":{"id":null,"name":null,"phone":null}}'),
        (REPORT, '{"text":"路灯坏了","title":null,"channel":null,"category":null,"media_urls":null,"reporter":null}'),
        (REPORT, '{"text":"路灯坏了","location":{"lat":null,"lon":null,"address":null,"area":null}}'),
        (DETECTION, '{"camera_id":"cam-sw-1","label":"pothole","vendor":null,"phase":null,"object_id":null}'),
    ],
)  # fmt: skip
def test_null_says_nothing(ce_type: str, data: str) -> None:
    """What is null is as if it were left out, at every depth."""
    left_out = '{"text":"路灯坏了"}' if ce_type == REPORT else '{"camera_id":"cam-sw-1","label":"pothole"}'
    one, other = (
        take_in([record(ce_type, said.encode())], tiny_city(), None, NOW, Keys(b"k")) for said in (data, left_out)
    )
    assert (one.items, one.dead) == (other.items, [])


def test_null_in_an_update_says_nothing() -> None:
    """Neither of who takes the step nor of what it is about."""
    said = update().value.replace(b'"department"', b'"role": null, "id": null, "department"')
    taken = take_in([record(UPDATE, said)], tiny_city(), None, NOW, Keys(b"k"))
    assert not taken.dead


def test_null_counts_where_it_says_something() -> None:
    """What is needed is missing; `due_at` null is: no limit."""
    with pytest.raises(Poison, match=r"^text is missing$"):
        events.parse(REPORT, b'{"text":null}')
    assert "due_at" in events.parse(REPORT, b'{"text":"a","due_at":null}').model_fields_set


ORDER = "south-w-20260301-abcdefgh23"


@pytest.mark.parametrize(
    ("ce_type", "said"),
    [
        (REPORT, {"text": "a", "joins": ORDER, "media_urls": ["http://a/1.jpg"]}),
        (UPDATE, {"action": "merge", "by": {"role": "operator"}, "order_id": ORDER, "other_order_id": ORDER}),
        (UPDATE, {"action": "handle", "by": {"role": "x"}, "order_id": ORDER, "evidence_urls": ["http://a/1.jpg"]}),
        (RECHECKED, {"order_id": ORDER, "camera_id": "c", "result": "gone", "media_urls": ["http://a/1.jpg"]}),
    ],
)
def test_blanks_around_texts_are_cut_off(ce_type: str, said: dict[str, object]) -> None:
    """Around the ids of orders and addresses, too, as they come out of a clipboard."""
    text = json.dumps(said).replace(ORDER, f" {ORDER}\\n").replace("http://a/1.jpg", "\\thttp://a/1.jpg ")

    assert events.parse(ce_type, text.encode()) == events.parse(ce_type, json.dumps(said).encode())


@pytest.mark.parametrize("named", ["null", f'"{ORDER}"', f'" {ORDER} "'])
def test_a_step_may_name_the_order_that_its_address_names(named: str) -> None:
    """Null is as if it were left out; another one is refused, and what is no object."""
    step = b'{"action":"accept","by":{"department":"roads"},"order_id":%s}'

    event = read_event(request(), UPDATE, step % named.encode(), ORDER)

    assert json.loads(event.data)["order_id"] == ORDER
    for other in (b'""', b"5", b'"south-w-20260301-abcdefgh24"'):
        with pytest.raises(Problem, match="order_id must be that of the address"):
            read_event(request(), UPDATE, step % other, ORDER)
    with pytest.raises(Problem, match="data must be an object"):
        read_event(request(), UPDATE, b"[]", ORDER)


def request(*headers: tuple[str, bytes]) -> Request:
    """A request with these headers."""
    raw = [(b"content-type", b"application/json"), *((name.encode(), value) for name, value in headers)]
    return Request({"type": "http", "method": "POST", "headers": raw, "state": {"holder": None}})


@pytest.mark.parametrize(
    ("value", "event_id"),
    [
        (b"%E6%8A%A5%E4%BF%AE-2", "报修-2"),
        ("报修-2".encode(), "报修-2"),
        (b'"a b"', "a b"),
        (b'"say \\"%E6%8A%A5\\""', 'say "报"'),
        (b"50%25", "50%"),
        (b"50%2525", "50%25"),
        (b"a%zz", "a%zz"),
        (b"plain-7", "plain-7"),
    ],
)
def test_an_attribute_in_a_header_is_decoded_once(value: bytes, event_id: str) -> None:
    """As the HTTP binding of CloudEvents says, so that it is the same event as in structured mode."""
    assert read_event(request(("ce-id", value)), REPORT, REPORTED).id == event_id


@pytest.mark.parametrize("ce_type", [REPORT, UPDATE, DETECTION])
def test_an_event_has_the_time_that_its_client_gave_and_no_other(ce_type: str) -> None:
    """The gateway's clock may go wrong, and all of its events would come ahead of their time; Kafka knows when."""
    assert read_event(request(), ce_type, b"{}").time is None
    assert read_event(request(("ce-time", b"2026-03-01T08:00:00Z")), ce_type, b"{}").time == EIGHT


@pytest.mark.parametrize("name", ["ce-id", "ce-source", "ce-time", "ce-type", "ce-specversion"])
def test_an_attribute_that_is_empty_is_left_out(name: str) -> None:
    """As on Kafka."""
    event = read_event(request((name, b"")), REPORT, REPORTED)
    assert (event.id != "", event.source, event.time) == (True, "gateway", None)


@pytest.mark.parametrize(("value", "event_id"), [(b'"7f3a"', "7f3a"), (b"7f3a", "7f3a"), (b"7f%33a", "7f%33a")])
def test_an_idempotency_key_may_stand_in_quotes(value: bytes, event_id: str) -> None:
    """And is no more decoded than that."""
    assert read_event(request(("idempotency-key", value)), REPORT, REPORTED).id == event_id


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce-id", b"%ff"),
        ("ce-source", b"\xff"),
        ("ce-id", b"a%00b"),
        ("ce-time", b"2026-W09-7T08:00:00Z"),
        ("ce-type", b"city.order.update.v1"),
        ("ce-specversion", b"0.3"),
    ],
)
def test_an_attribute_that_will_not_do_is_named(name: str, value: bytes) -> None:
    """By the header that holds it."""
    with pytest.raises(Problem) as caught:
        read_event(request((name, value)), REPORT, REPORTED)
    assert (caught.value.status, caught.value.more["field"]) == (422, name)


def test_the_structured_twin_of_a_request_is_the_same_event() -> None:
    """One identity, whichever way it was sent."""
    coded = read_event(
        request(("ce-id", b"%E6%8A%A5"), ("ce-source", b"app"), ("ce-time", b"2026-03-01T08:00:00z")), REPORT, REPORTED
    )
    headers, value = to_structured(coded)
    twin = envelope.decode(value, header_map(headers))
    assert msgspec.structs.replace(twin, data=coded.data) == coded

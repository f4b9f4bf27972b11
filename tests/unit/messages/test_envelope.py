"""CloudEvents on Kafka records: details that the round trips of the properties do not show."""

import json
from collections.abc import Callable

import pytest

from models.envelope import JSON, STRUCTURED, Event, checked, declares_utf8, decode, header_map, kind_of, to_binary
from models.errors import Poison
from tests.support.messages import to_structured

BINARY = [("ce_id", b"1"), ("ce_source", b"s"), ("ce_type", b"t")]
HEADERS = {"content-type": STRUCTURED.encode()}
EVENT = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": {"a": 1}}


def test_structured_mode_is_told_by_its_content_type() -> None:
    """Parameters and case do not matter."""
    headers = {"content-type": b"Application/CloudEvents+JSON; charset=UTF-8"}
    assert Event("1", "s", "t", b'{"a":1}') == decode(json.dumps(EVENT, separators=(",", ":")).encode(), headers)


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("application/json", JSON), ("Application/JSON ; charset=utf-8", JSON), ("application/geo+json", JSON),
        ("application/cloudevents+json;charset=UTF-8", STRUCTURED), ("application/cloudevents", STRUCTURED),
        ("application/cloudevents-batch+json", ""), ("application/cloudevents+xml", ""), ("text/json", ""), ("", ""),
        ("text/plain", ""), ("application/x-www-form-urlencoded", ""),
    ],
)  # fmt: skip
def test_a_content_type_says_whether_it_is_a_whole_event(content_type: str, kind: str) -> None:
    """Or its data, or nothing that is read."""
    assert kind_of(content_type) == kind


@pytest.mark.parametrize(
    ("parameters", "is_read"),
    [
        ("", True), ("; charset=utf-8", True), ('; Charset="UTF-8"; v=1', True), (";v=1;charset=utf8", True),
        ("; charset=us-ascii", True), ("; charset", True), ("; charset=", True), ("; title=charset=gbk", True),
        ("; charset=gbk", False), ('; v=1; charset="GB18030"', False), ("; charset=utf-16", False),
        ("; charset=iso-8859-1", False), ("; charset=utf-8; charset=gbk", False),
    ],
)  # fmt: skip
def test_json_in_another_charset_is_not_read(parameters: str, is_read: bool) -> None:
    """Bytes of GBK may be good UTF-8 by chance, and say something else."""
    assert declares_utf8(f"application/json{parameters}") is is_read


def test_a_whole_event_in_another_charset_is_not_read() -> None:
    """As data by themselves are not."""
    with pytest.raises(Poison, match="charset utf-8"):
        decode(json.dumps(EVENT).encode(), {"content-type": b"application/cloudevents+json; charset=gbk"})


def test_blanks_around_what_names_an_event_are_cut_off() -> None:
    """As around all texts: an update could not name a report whose id had one, as its `report.id` is cut off, too."""
    binary = decode(b"{}", header_map([("ce_id", b" 1 "), ("ce_source", b"s "), ("ce_type", b" t")]))
    whole = decode(json.dumps(EVENT | {"id": " 1 ", "source": "s ", "type": " t"}).encode(), HEADERS)

    assert [(each.id, each.source, each.type) for each in (binary, whole)] == [("1", "s", "t")] * 2


def test_an_event_that_is_no_record_yet_is_named_as_the_record_will_be() -> None:
    """Whoever waits for the event of an unstripped name would wait for ever."""
    event = Event(" 1 ", "s ", " t", b"{}", None, " x ", " application/json ")

    headers, value = to_binary(event)

    assert checked(event) == decode(value, header_map(headers)) == Event("1", "s", "t", b"{}", None, "x")
    with pytest.raises(Poison, match="ce_id is missing"):
        checked(Event("  ", "s", "t", b"{}"))


@pytest.mark.parametrize("name", ["ce_id", "ce_source"])
def test_a_name_of_nothing_but_blanks_is_missing(name: str) -> None:
    """It names nothing."""
    with pytest.raises(Poison, match="is missing"):
        decode(b"{}", header_map([*BINARY, (name, b"  ")]))


def test_a_batch_of_events_is_no_event() -> None:
    """It is told by its content type, not by what happens to be in it."""
    with pytest.raises(Poison, match="content-type must be application/json or"):
        decode(b"[]", header_map([*BINARY, ("content-type", b"application/cloudevents-batch+json")]))


@pytest.mark.parametrize("spelt", [str.upper, str.title, str.lower])
def test_the_names_of_headers_mean_the_same_in_any_case(spelt: Callable[[str], str]) -> None:
    """As over HTTP."""
    headers = header_map([(spelt(name), value) for name, value in BINARY])
    assert decode(b"{}", headers) == Event("1", "s", "t", b"{}")
    whole = header_map([(spelt("content-type"), STRUCTURED.encode())])
    assert decode(json.dumps(EVENT).encode(), whole).id == "1"


def test_data_may_travel_as_base64() -> None:
    """And only one of the two forms."""
    packed = {k: v for k, v in EVENT.items() if k != "data"} | {"data_base64": "eyJhIjoxfQ=="}
    assert decode(json.dumps(packed).encode(), HEADERS).data == b'{"a":1}'
    with pytest.raises(Poison, match="beside data_base64"):
        decode(json.dumps(packed | {"data": 1}).encode(), HEADERS)
    with pytest.raises(Poison, match="data_base64 must be base64"):
        decode(json.dumps(packed | {"data_base64": "ä"}).encode(), HEADERS)


def test_data_that_is_not_json_is_written_as_base64() -> None:
    """So that a structured event is always JSON."""
    _, value = to_structured(Event("1", "s", "t", b"<a/>", content_type="text/xml"))
    assert json.loads(value)["data_base64"] == "PGEvPg=="


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""), ("source", ""), ("type", ""), ("specversion", "0.3"), ("time", "x"), ("id", 5),
        ("datacontenttype", "text/xml"), ("datacontenttype", "application/json; charset=gbk"),
    ],
)  # fmt: skip
def test_a_broken_attribute_is_named(field: str, value: object) -> None:
    """By its own name."""
    with pytest.raises(Poison) as caught:
        decode(json.dumps(EVENT | {field: value}).encode(), HEADERS)
    assert caught.value.field == field


@pytest.mark.parametrize("text", ["a\x00b", "a\nb", "\x7f"])
def test_attributes_hold_no_controls(text: str) -> None:
    """They end in logs and on screens."""
    with pytest.raises(Poison, match="printable"):
        decode(json.dumps(EVENT | {"id": text}).encode(), HEADERS)
    with pytest.raises(Poison, match="printable"):
        decode(b"{}", {"ce_id": text.encode(), "ce_source": b"s", "ce_type": b"t"})


def test_of_two_headers_with_one_name_the_last_counts() -> None:
    """And one without a value is empty."""
    assert header_map([("a", b"1"), ("b", None), ("A", b"2")]) == {"a": b"2", "b": b""}  # type: ignore[list-item]

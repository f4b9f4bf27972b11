"""CloudEvents on Kafka records: details that the round trips of the properties do not show."""

import json

import pytest

from models.envelope import STRUCTURED, Event, decode, header_map
from models.errors import Poison
from tests.support.messages import to_structured

HEADERS = {"content-type": STRUCTURED.encode()}
EVENT = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": {"a": 1}}


def test_structured_mode_is_told_by_its_content_type() -> None:
    """Parameters and case do not matter."""
    headers = {"content-type": b"Application/CloudEvents+JSON; charset=UTF-8"}
    assert Event("1", "s", "t", b'{"a":1}') == decode(json.dumps(EVENT, separators=(",", ":")).encode(), headers)


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
    ("field", "value"), [("id", ""), ("source", ""), ("type", ""), ("specversion", "0.3"), ("time", "x"), ("id", 5)]
)
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
    assert header_map([("a", b"1"), ("b", None), ("a", b"2")]) == {"a": b"2", "b": b""}  # type: ignore[list-item]

"""What carries a trace 链路追踪 from one process to the next: W3C Trace Context, on HTTP and on Kafka records alike.

`traceparent` names the trace and the span that goes before, in HTTP as a header, on a record as one of the same name.
A record of the inbox holds many items, each of which may be of a trace of its own: its header `traceparents` names
them by their index. Nothing that is decided looks at either.
https://www.w3.org/TR/trace-context/
"""

import re
from collections.abc import Mapping

import msgspec

from models.envelope import Headers

TRACEPARENT = "traceparent"
_OF_ITEMS = "traceparents"
_SHAPE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_SAMPLED = 1  # the last bit of the flags
_BY_INDEX = msgspec.json.Decoder(dict[int, str])


def valid_traceparent(text: str) -> str:
    """The text where it is a traceparent, else ""; of a later version than 00 only what this one knows."""
    head = text if text.startswith("00-") else text[:55]
    return head if _SHAPE.fullmatch(head) and text[55:56] in ("", "-") else ""


def is_sampled(traceparent: str) -> bool:
    """Whether the spans of this trace are kept; False for ""."""
    return bool(traceparent) and bool(int(traceparent[-2:], 16) & _SAMPLED)


def traceparent_of(headers: Headers) -> str:
    """The traceparent of a record; "" where it has none, or one whose spans are not kept."""
    for name, value in headers:
        if name.lower() == TRACEPARENT:
            found = valid_traceparent((value or b"").decode("ascii", "replace"))
            return found if is_sampled(found) else ""
    return ""


def traced_by(traceparent: str) -> tuple[tuple[str, bytes], ...]:
    """The headers of a record that is part of a trace; none for ""."""
    return ((TRACEPARENT, traceparent.encode()),) if traceparent else ()


def items_traced_by(traceparents: Mapping[int, str]) -> tuple[tuple[str, bytes], ...]:
    """The headers of an inbox record of whose items some are part of a trace, by their index."""
    return ((_OF_ITEMS, msgspec.json.encode(traceparents)),) if traceparents else ()


def traceparents_of_items(headers: Headers) -> dict[int, str]:
    """The traceparents of an inbox record's items, by index; what is none is passed over: it decides nothing."""
    for name, value in headers:
        if name == _OF_ITEMS:
            try:
                found = _BY_INDEX.decode(value or b"")
            except msgspec.DecodeError:  # a ValidationError is one
                return {}
            return {index: good for index, text in found.items() if is_sampled(good := valid_traceparent(text))}
    return {}

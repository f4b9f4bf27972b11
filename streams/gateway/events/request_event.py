"""Requests as CloudEvents."""

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec
from fastapi import Request

from models import envelope
from models.access import prefixed
from models.envelope import Event
from models.errors import Poison
from streams.gateway.http.auth import holder_of
from streams.gateway.http.problems import Problem, of_poison

_SOURCE = "gateway"
_PACKED = ("gzip", "x-gzip", "deflate")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(rb"\\(.)")
_NO_ADDRESSES = (".", "..")  # clients take them out of an address, also where they are escaped


def read_event(request: Request, ce_type: str, body: bytes, order_id: str = "", raw: bool = False) -> Event:
    """The event of a request: plain data, structured mode, or (`raw`) a vendor's bytes. Raises Problem.

    Its source begins with that of the token, so that nobody gets into another's.
    `ce-id` or `Idempotency-Key` is its id: the same key sent again is the same event and has no effect. Without a time
    it is of when Kafka takes it in: this machine's clock has no say. Of a vendor's bytes source and id, too, stay empty
    where the request does not give them: as on Kafka, the message's own count.
    """
    # A vendor's bytes are what they are, whatever their content type says.
    structured = not raw and envelope.kind_of(_content_type(request)) == envelope.STRUCTURED
    holder = holder_of(request)
    try:
        event_id = attribute(request, "ce-id") or idempotency_key(request)
        source, at = attribute(request, "ce-source"), None
        if time := attribute(request, "ce-time"):
            at = envelope.instant("ce-time", time)
        for name, expected in (("ce-type", ce_type), ("ce-specversion", envelope.SPEC_VERSION)):
            if attribute(request, name) not in ("", expected):
                raise Poison(name, f"must be {expected}, or left out")
        for name, text in (("ce-id", event_id), ("ce-source", source)):
            envelope.check_attribute(name, text)
        if structured:  # a whole event says all of this itself
            event = envelope.decode(body, {"content-type": envelope.STRUCTURED.encode()})
            if event.type != ce_type:
                raise Poison("type", f"must be {ce_type}")
        else:
            if not raw:
                envelope.require_data(body)
            event = Event(event_id or ("" if raw else str(uuid.uuid4())), source, ce_type, body, at)
        if event.id in _NO_ADDRESSES:
            raise Poison("id" if structured else "ce-id", "must not be . or .., which no address can name")
        source = prefixed(holder, event.source) or ("" if raw else _SOURCE)
        if raw and holder is not None and not event.source:  # the beginning of what the message itself comes to
            source += "/"
        envelope.check_attribute("ce-source", source)
        event = msgspec.structs.replace(event, source=source)
        return _of_order(event, order_id) if order_id else event
    except Poison as poison:
        raise of_poison(poison) from None


async def body_of(request: Request, raw: bool = False) -> bytes:
    """The body, which is asked for only when its type is one that is taken; of what type a vendor's bytes are, they say
    themselves. Raises Problem."""
    content_type = _content_type(request)
    if not raw and not envelope.kind_of(content_type):
        raise Problem(415, "unsupported-media-type", f"content-type must be {envelope.JSON} or {envelope.STRUCTURED}")
    if not raw:
        check_charset(content_type)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity" and not (raw and encoding in _PACKED):  # what is packed is told by its bytes
        raise Problem(415, "unsupported-media-type", "content-encoding must be left out, or gzip of a vendor's message")
    return await request.body()


def check_charset(content_type: str) -> None:
    """Raises Problem for a body that says that it is in another charset than UTF-8."""
    if not envelope.declares_utf8(content_type):
        raise Problem(415, "unsupported-media-type", "content-type must have the charset utf-8")


def _content_type(request: Request) -> str:
    return request.headers.get(envelope.CONTENT_TYPE, "")


def attribute(request: Request, name: str) -> str:
    """A CloudEvents attribute as the HTTP binding (3.1.3.2) has it in a header: quotes undone, then percent signs once,
    and blanks around it cut off.

    Raises Poison when it is not UTF-8.
    """
    return _text(name, unquote_to_bytes(_unquoted(request, name)))


def idempotency_key(request: Request) -> str:
    """`Idempotency-Key`, which may stand in quotes (RFC 9651, 3.3.3). Raises Poison when it is not UTF-8."""
    return _text("idempotency-key", _unquoted(request, "idempotency-key"))


def _unquoted(request: Request, name: str) -> bytes:
    given = request.headers.getlist(name)
    if len(given) > 1:
        raise Poison(name, "must be given once")
    raw = "".join(given).encode("latin-1")  # as Starlette has decoded the bytes
    quoted = _QUOTED.fullmatch(raw)
    return raw if quoted is None else _ESCAPED.sub(rb"\1", quoted[1])


def _text(name: str, raw: bytes) -> str:
    try:
        return raw.decode().strip(" ")
    except UnicodeDecodeError:
        raise Poison(name, "must be UTF-8", "not-utf-8") from None


def data_of(event: Event) -> dict[str, Any]:
    """The data of an event as the object that it is. Raises Poison when it is none."""
    given = event.data.removeprefix(envelope.BYTE_ORDER_MARK)
    try:
        data = msgspec.json.decode(given)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        data = _leniently(given)
    if not isinstance(data, dict):
        raise Poison("data", "must be an object")
    return data


def _leniently(given: bytes) -> object:
    """What is JSON but for numbers that are none, such as `NaN`: these stay as they were written. Where they are of
    use, the contract has a word on them; in a field that it does not know they hurt nobody. Raises Poison."""
    try:
        data = json.loads(given.decode(), parse_constant=_as_written, parse_float=_as_written, parse_int=_as_written)
        msgspec.json.encode(data)  # half a surrogate cannot be
        return data
    except (ValueError, RecursionError):  # those of a text's encoding are ValueErrors
        raise Poison("data", "must be one JSON object", "not-json") from None


def _as_written(number: str) -> msgspec.Raw:
    return msgspec.Raw(number.encode())


def with_data(event: Event, data: Mapping[str, Any]) -> Event:
    """The same event with other data."""
    return msgspec.structs.replace(event, data=msgspec.json.encode(data))


def _of_order(event: Event, order_id: str) -> Event:
    """The update with the order that its address names. Raises Poison when its data name another."""
    data = data_of(event)
    said = data.get("order_id")
    if said is not None and not (isinstance(said, str) and said.strip() == order_id):
        raise Poison("order_id", "must be that of the address, or left out")
    return msgspec.structs.replace(with_data(event, data | {"order_id": order_id}), subject=order_id)

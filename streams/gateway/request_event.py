"""Requests as CloudEvents."""

import uuid

import msgspec
from fastapi import Request

from models import envelope
from models.envelope import Event
from models.errors import Poison
from models.times import now_ms
from streams.gateway.http.problems import Problem, of_poison

_SOURCE = "gateway"


def read_event(request: Request, ce_type: str, body: bytes, order_id: str = "", raw: bool = False) -> Event:
    """The event of a request: plain data, structured mode, or (`raw`) a vendor's bytes. Raises Problem.

    `ce-id` or `Idempotency-Key` is its id: the same key sent again is the same event and has no effect.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    structured = content_type == envelope.STRUCTURED
    if not raw and content_type != envelope.JSON and not structured:
        raise Problem(415, "unsupported-media-type", f"content-type must be {envelope.JSON} or {envelope.STRUCTURED}")
    own = getattr(request.state, "source", _SOURCE)
    try:
        if structured:
            event = envelope.decode(body, {"content-type": envelope.STRUCTURED.encode()})
            if event.type != ce_type:
                raise Poison("type", f"must be {ce_type}")
        else:
            given = request.headers
            event_id = given.get("ce-id") or given.get("idempotency-key") or str(uuid.uuid4())
            source, time = given.get("ce-source") or own, given.get("ce-time")
            at = envelope.instant("ce-time", time) if time else now_ms()
            for name, text in (("ce-id", event_id), ("ce-source", source)):
                envelope.check_attribute(name, text)
            event = Event(event_id, source, ce_type, body, at)
        return _of_order(event, order_id) if order_id else event
    except Poison as poison:
        raise of_poison(poison) from None


def _of_order(event: Event, order_id: str) -> Event:
    """The update with the order that its address names. Raises Poison when its data name another."""
    try:
        data = msgspec.json.decode(event.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Poison("data", "must be one JSON object", "not-json") from None
    if not isinstance(data, dict):
        raise Poison("data", "must be one JSON object")
    if data.setdefault("order_id", order_id) != order_id:
        raise Poison("order_id", "must be that of the address, or left out")
    return msgspec.structs.replace(event, data=msgspec.json.encode(data), subject=order_id)

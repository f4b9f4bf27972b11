"""What each address answers: statuses, media types, headers and the shape of the documents."""

from collections.abc import Mapping
from typing import Any

from dispatcher.order.row import ENDED, OPEN
from models.envelope import JSON
from streams.gateway.http.problems import MEDIA_TYPE as PROBLEM

Answers = Mapping[int, tuple[str, ...]]  # by status: a media type, or the schemas of JSON documents

_EVENT_TAKEN: Answers = {
    200: ("Decision",),
    202: ("Receipt",),
    404: ("Problem",),
    408: ("Problem",),
    409: ("Problem",),
    415: ("Problem",),
    422: ("Problem",),
}
_SILENCE_STEP: Answers = {200: ("Silence",), **dict.fromkeys((404, 408, 409, 415, 422), ("Problem",))}
_KEPT: Answers = {304: (), 404: ("Problem",), 422: ("Problem",), 429: ("Problem",)}
# What is asked for, as a document of its own shape: of every address that has no row.
USUAL: Answers = {200: ("Document",), 404: ("Problem",), 422: ("Problem",)}
# By method and path; what any address may answer besides stands in EVERYWHERE.
ANSWERS: Mapping[str, Answers] = {
    "POST /reports": _EVENT_TAKEN,
    "POST /detections": _EVENT_TAKEN,
    "POST /measurements": _EVENT_TAKEN,
    "POST /rechecks": _EVENT_TAKEN,
    "POST /units": _EVENT_TAKEN,
    "POST /orders/{order_id}/updates": _EVENT_TAKEN,
    "GET /reports/{report_id}": {200: ("ReportedOrder",), 404: ("Problem",), 422: ("Problem",)},
    "GET /detections/{detection_id}": {200: ("Outcome",), 404: ("Problem",), 422: ("Problem",)},
    "GET /orders": {200: ("OrderList",), 422: ("Problem",)},
    "GET /orders/{order_id}": {200: ("Order",), 303: (), 404: ("Problem",), 422: ("Problem",)},
    "GET /silences": {200: ("SilenceList",), 422: ("Problem",)},
    "POST /silences": {201: ("Silence",), **dict.fromkeys((408, 409, 415, 422), ("Problem",))},
    "POST /silences/{number}/approve": _SILENCE_STEP,
    "POST /silences/{number}/end": _SILENCE_STEP,
    "GET /events/assignments": {200: ("text/event-stream",), 422: ("Problem",)},
    "GET /status": {200: ("Status",), 422: ("Problem",)},
    "GET /trend": {200: ("Trend",), 422: ("Problem",)},
    "GET /status/{department}": {200: ("Status",), 404: ("Problem",), 422: ("Problem",)},
    "GET /open/figures": {200: ("OpenFigures",), **_KEPT},
    "GET /indicators.csv": {200: ("text/csv",), **_KEPT},
    "GET /livez": {200: ("Alive",)},
    "GET /readyz": {200: ("Readiness",), 503: ("Readiness", "Problem")},
    "GET /metrics": {200: ("text/plain",)},
}
EVERYWHERE: Answers = dict.fromkeys((400, 403, 405, 413, 500, 503), ("Problem",))
WITH_TOKENS: Answers = {401: ("Problem",)}
SENDING_WITH_TOKENS: Answers = {429: ("Problem",)}
WITHOUT_TOKENS: Answers = {421: ("Problem",)}

_MEANINGS: Mapping[int, str] = {
    200: "What was asked for; of an event with `Prefer: wait` the decision.",
    201: "It is set.",
    202: "The broker has acknowledged the event.",
    304: "The copy that is there is still right.",
    303: "Asked for `text/html`: the order's page.",
    400: "No proper request, or a header that cannot be read.",
    401: "No valid token.",
    403: "The token's role may not do that, or a page of another site asks.",
    404: "There is none.",
    405: "Not this method.",
    408: "The body did not come in time.",
    409: "It was refused, or the key stands for another event already.",
    413: "The body is too long.",
    415: "No JSON.",
    421: "Without tokens only this machine is served.",
    422: "A parameter or the event breaks its contract: `field` and `rule` say which part.",
    429: "More events than the token may send, or more questions than an address may ask.",
    500: "A fault of the gateway.",
    503: "Not at the moment: ask, or send the event, again.",
}
# Headers that answers of these statuses have.
_TELLING: Mapping[str, tuple[tuple[int, ...], str]] = {
    "Location": ((201, 202, 303), "Where to look."),
    "Preference-Applied": ((200, 202), "How long the answer was waited for."),
    "WWW-Authenticate": ((401,), "How to send a token."),
    "Allow": ((405,), "The methods that the address takes."),
    "Retry-After": ((429, 503), "Seconds until it is worth another try."),
}
_ALWAYS = {"WWW-Authenticate", "Allow"}
HEADERS: Mapping[str, Any] = {
    name: {"description": meaning, "required": name in _ALWAYS, "schema": {"type": "string"}}
    for name, (_, meaning) in _TELLING.items()
}


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_TIME = {"type": "string", "format": "date-time"}
_LINK = {"type": "string", "format": "uri-reference"}
_STATE = {"enum": sorted(OPEN | ENDED)}
_HEAD = {"complete": {"type": "boolean"}, "partitions": _ref("Partitions")}
_FIGURES = {"type": "object", "additionalProperties": {"type": "object"}}
_TOLD_COUNT = {"anyOf": [_COUNT, {"type": "null"}]}
_TOLD = _object("received", "opened", "closed", id=_TEXT, received=_TOLD_COUNT, opened=_TOLD_COUNT, closed=_TOLD_COUNT)
_DAY_OR_NONE = {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}

SCHEMAS: Mapping[str, Any] = {
    "Problem": {
        "description": "An error (RFC 9457).",
        **_object(
            "type", "title", "status", "detail",
            type={"type": "string", "pattern": "^urn:paidan:problem:"},
            title=_TEXT, status={"type": "integer", "minimum": 400, "maximum": 599}, detail=_TEXT,
            field=_TEXT, rule=_TEXT, reason=_TEXT, idempotency_key=_TEXT, state={"enum": ["", *_STATE["enum"]]},
            attempt=_COUNT, order_id=_TEXT, order_seq=_COUNT,
            allowed={"type": "array", "items": _TEXT}, choices={"type": "array", "items": _TEXT},
            event=_ref("EventName"),
        ),
    },
    "Document": _object(),
    "EventName": _object("source", "id", source=_TEXT, id=_TEXT),
    "Receipt": _object("event", event=_ref("EventName"), status=_LINK, outcome=_TEXT),
    "Decision": {
        "anyOf": [
            _object("event", "order", "type", "fact", event=_ref("EventName"), order=_LINK, type=_TEXT,
                    fact={"type": "object"}),
            _object("event", "order", "repeated", event=_ref("EventName"), order=_ref("OrderLine"),
                    repeated={"const": True}),
            _ref("Outcome"),
        ]
    },
    "Outcome": _object("event", "outcome", event=_ref("EventName"), outcome=_TEXT, order=_LINK, seen=_COUNT,
                       wanted=_COUNT),
    "Partitions": _object("answered", "total", answered=_COUNT, total=_COUNT),
    "OrderLine": _object("id", "state", "opened_at", "link", id=_TEXT, state=_STATE, opened_at=_TIME, last_at=_TIME,
                         due=_TIME, overdue_at=_TIME, link=_LINK),
    "OrderList": _object(
        "complete", "partitions", "orders", "next", **_HEAD,
        orders={"type": "array", "items": _ref("OrderLine")}, next={"anyOf": [_TEXT, {"type": "null"}]},
    ),
    "Order": _object("id", "seq", "state", "status", "opened_at", id=_TEXT, seq=_COUNT, state=_STATE,
                     status={"enum": ["open", "closed"]}, opened_at=_TIME, last_at=_TIME, due=_TIME, overdue_at=_TIME),
    "ReportedOrder": _object("report", "order", report=_ref("EventName"), order=_ref("OrderLine")),
    "Status": _object(
        "as_of", "complete", "partitions", "window", as_of=_TIME, **_HEAD,
        window=_object("from", "to", "zone", **{"from": _DAY_OR_NONE}, to={"type": "string", "format": "date"},
                       zone=_TEXT),
        city={"type": "object"}, departments=_FIGURES, categories=_FIGURES, areas=_FIGURES,
        limited_stages=_FIGURES, stages={"anyOf": [_FIGURES, {"type": "null"}]},
        actors=_FIGURES,
    ),
    "Silence": _object(
        "number", "state", "starts_at", "ends_at", "owner", "comment", number=_COUNT, state=_TEXT, starts_at=_TIME,
        ends_at=_TIME, owner=_TEXT, comment=_TEXT, created_by=_TEXT, approved_by=_TEXT, ended_by=_TEXT,
    ),
    "ControlZone": _object(
        "lifts", "line", "starts_at", "ends_at", "owner", "reason", "lifted_by", lifts=_TEXT, line=_COUNT,
        starts_at=_TIME, ends_at=_TIME, owner=_TEXT, reason=_TEXT, lifted_by={"type": ["integer", "null"]},
    ),
    "SilenceList": _object(
        "silences", "control_zones", as_of=_TIME, silences={"type": "array", "items": _ref("Silence")},
        control_zones={"type": "array", "items": _ref("ControlZone")},
    ),
    "OpenFigures": _object(
        "month", "least", "city", "counts", "rates", "areas", "categories", month=_TEXT, least=_COUNT,
        city={"type": "object"}, counts=_TOLD, rates={"type": "object"},
        areas={"type": "array", "items": _TOLD}, categories={"type": "array", "items": _TOLD},
    ),
    "Trend": _object(
        "complete", "partitions", "window", "days", as_of=_TIME, **_HEAD, window={"type": "object"},
        days={"type": "array", "items": _object("day", day={"type": "string", "format": "date"})},
    ),
    "Alive": _object("alive", alive={"const": True}),
    "Readiness": _object("ready", ready={"type": "boolean"}),
}  # fmt: skip


def described(status: int, shapes: tuple[str, ...]) -> dict[str, Any]:
    """One answer as OpenAPI has it."""
    told = {name: {"$ref": f"#/components/headers/{name}"} for name, (by, _) in _TELLING.items() if status in by}
    content = dict(_content(shape) for shape in shapes)
    return (
        {"description": _MEANINGS[status]}
        | ({"headers": told} if told else {})
        | ({"content": content} if content else {})
    )


def _content(shape: str) -> tuple[str, dict[str, Any]]:
    if "/" in shape:
        return shape, {"schema": _TEXT}
    return (PROBLEM if shape == "Problem" else JSON), {"schema": _ref(shape)}

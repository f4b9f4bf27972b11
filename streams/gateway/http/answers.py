"""What each address answers: statuses, media types, headers and the shape of the documents."""

from collections.abc import Mapping
from typing import Any

from models.envelope import JSON
from streams.gateway.http.problems import MEDIA_TYPE as PROBLEM
from streams.gateway.shapes.city_shapes import CITY
from streams.gateway.shapes.order_shapes import ORDERS, STATE
from streams.gateway.shapes.schema_parts import COUNT, LINK, TEXT, listed, ref, shape

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
    "GET /orders": {200: ("OrderList", "text/csv"), 422: ("Problem",)},
    "GET /orders/{order_id}": {200: ("Order",), 303: (), 404: ("Problem",), 422: ("Problem",)},
    "GET /orders/{order_id}/sightings": {200: ("Sightings",), 404: ("Problem",), 422: ("Problem",)},
    "GET /orders/{order_id}/moves": {200: ("Moves",), 404: ("Problem",), 422: ("Problem",)},
    "GET /prefill": {200: ("Prefill",), 404: ("Problem",), 422: ("Problem",)},
    "GET /seat": {200: ("Seat",), 404: ("Problem",), 422: ("Problem",)},
    "GET /areas": {200: ("Areas",), 404: ("Problem",), 422: ("Problem",)},
    "GET /cameras": {200: ("Cameras",), 404: ("Problem",), 422: ("Problem",)},
    "GET /units": {200: ("Units",), 404: ("Problem",), 422: ("Problem",)},
    "GET /false-alarms": {200: ("FalseAlarms",), 404: ("Problem",), 422: ("Problem",)},
    "GET /silences": {200: ("SilenceList",), 422: ("Problem",)},
    "POST /silences": {200: ("Silence",), 201: ("Silence",), **dict.fromkeys((408, 409, 415, 422), ("Problem",))},
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


SCHEMAS: Mapping[str, Any] = {
    "Problem": {
        "description": "An error (RFC 9457).",
        **shape(
            "type", "title", "status", "detail",
            type={"type": "string", "pattern": "^urn:paidan:problem:"},
            title=TEXT, status={"type": "integer", "minimum": 400, "maximum": 599}, detail=TEXT,
            field=TEXT, rule=TEXT, reason=TEXT, idempotency_key=TEXT, state={"enum": ["", *STATE["enum"]]},
            attempt=COUNT, order_id=TEXT, order_seq=COUNT, action=TEXT, allowed=listed(TEXT), choices=listed(TEXT),
            roles=listed(TEXT), event=ref("EventName"),
        ),
    },
    "Document": shape(),
    "EventName": shape("source", "id", source=TEXT, id=TEXT),
    "Receipt": shape("event", event=ref("EventName"), status=LINK, outcome=TEXT),
    "Decision": {
        "anyOf": [
            shape("event", "order", "type", "fact", event=ref("EventName"), order=LINK, type=TEXT,
                  fact={"type": "object"}, outcome=TEXT),
            shape("event", "order", "repeated", event=ref("EventName"), order=ref("OrderLine"),
                  repeated={"const": True}),
            ref("Outcome"),
        ]
    },
    "Outcome": shape("event", "outcome", event=ref("EventName"), outcome=TEXT, order=LINK, seen=COUNT, wanted=COUNT),
    "Partitions": shape("answered", "total", answered=COUNT, total=COUNT),
    "Alive": shape("alive", alive={"const": True}),
    **ORDERS,
    **CITY,
}  # fmt: skip


def described(status: int, shapes: tuple[str, ...]) -> dict[str, Any]:
    """One answer as OpenAPI has it."""
    told = {name: {"$ref": f"#/components/headers/{name}"} for name, (by, _) in _TELLING.items() if status in by}
    content = dict(_content(name) for name in shapes)
    return (
        {"description": _MEANINGS[status]}
        | ({"headers": told} if told else {})
        | ({"content": content} if content else {})
    )


def _content(name: str) -> tuple[str, dict[str, Any]]:
    if "/" in name:
        return name, {"schema": TEXT}
    return (PROBLEM if name == "Problem" else JSON), {"schema": ref(name)}

"""The OpenAPI document: the routes as FastAPI knows them, with what they take and answer as it is for this city."""

from collections.abc import Mapping
from typing import Any, get_args

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from dispatcher.figures.indicators import FIGURES, INDICATORS
from models.city import City, LimitStage
from models.envelope import JSON, MAX_ATTRIBUTE, SPEC_VERSION, STRUCTURED
from models.events import (
    DETECTION,
    MEASUREMENT,
    RECHECKED,
    REPORT,
    UNIT,
    UPDATE,
    Detection,
    Measurement,
    RecheckAnswer,
    Report,
    UnitReport,
    Update,
)
from models.events.incoming import NOISE, ORDER_ID
from models.formats import FORMATS
from streams.access.rights import NEEDED, callers
from streams.control.live_silences import SilenceState
from streams.documents.asyncapi import or_nulls, schemas
from streams.gateway.http.answers import (
    ANSWERS,
    EVERYWHERE,
    HEADERS,
    SCHEMAS,
    SENDING_WITH_TOKENS,
    USUAL,
    WITH_TOKENS,
    WITHOUT_TOKENS,
    described,
)
from streams.gateway.orders.order_finder import ALARMS, CURSOR, MOST_ORDERS, STATES
from streams.gateway.outside.outside_routes import BOX
from streams.gateway.routes.silence_routes import SilenceRequest, SilenceStep
from streams.gateway.status import GROUPS
from streams.tables.marks import MARKS

_VENDOR = "application/octet-stream"
_DAY = {"type": "string", "format": "date"}
_WORD = {"type": "string", "maxLength": MAX_ATTRIBUTE}
_ATTRIBUTE = _WORD | {"pattern": r"^[ !#$&-~]*$"}
_NAMED = {"type": "string", "minLength": 1, "maxLength": MAX_ATTRIBUTE, "pattern": r"^ *[!-~][ -~]*$"}
_NOT_BLANK = r"^[^\x00]*[^\x00\s][^\x00]*$"
_MOST_WORDS = 1_000  # a longer list helps nobody
_REF = "#/components/schemas/{}"

# Which event the body of a route is.
_BODIES: Mapping[str, tuple[str, type]] = {
    "POST /reports": (REPORT, Report),
    "POST /detections": (DETECTION, Detection),
    "POST /measurements": (MEASUREMENT, Measurement),
    "POST /rechecks": (RECHECKED, RecheckAnswer),
    "POST /units": (UNIT, UnitReport),
    "POST /orders/{order_id}/updates": (UPDATE, Update),
}
# Which document the body of another route is, and whether there must be one.
_FORMS: Mapping[str, tuple[type, bool]] = {
    "POST /silences": (SilenceRequest, True),
    "POST /silences/{number}/approve": (SilenceStep, False),
    "POST /silences/{number}/end": (SilenceStep, False),
}
_FORM_HEADERS: Mapping[str, Mapping[str, tuple[Mapping[str, Any], str]]] = {
    "POST /silences": {"Idempotency-Key": (_ATTRIBUTE, "the same sent again with the same key sets no second one")},
}
_EVENT_HEADERS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "Idempotency-Key": (_ATTRIBUTE, "the event's id: the same key sent again has no effect"),
    "ce-id": (_ATTRIBUTE, "the event's id, before `Idempotency-Key`; neither `.` nor `..`, which no address can name"),
    "ce-source": (_ATTRIBUTE, "where the event comes from; with tokens within the source of the token"),
    "ce-time": (
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "maxLength": 0}]},
        "when it happened; absent, or empty: now",
    ),
    "ce-type": ({}, "the type of the event that the address takes; absent, or empty: that"),
    "ce-specversion": ({"enum": [SPEC_VERSION, ""]}, "the version of CloudEvents; absent, or empty: that"),
    "Prefer": ({"type": "string"}, "`wait=5`: wait so many seconds, at most 30, for the decision (RFC 7240)"),
}


def describe(app: FastAPI, city: City, tokens: bool) -> dict[str, Any]:
    """The document of a gateway that serves this city; `tokens`: whether it asks for them."""
    made = get_openapi(title=app.title, version="1", summary=app.summary, routes=app.routes)
    words = _words(city)
    paths = {
        path: {method: _operation(f"{method.upper()} {path}", said, words, tokens) for method, said in ways.items()}
        for path, ways in made["paths"].items()
    }
    components: dict[str, Any] = {"schemas": _schemas(city), "headers": HEADERS}
    if tokens:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return {key: made[key] for key in ("openapi", "info")} | {"paths": paths, "components": components}


def _words(city: City) -> Mapping[str, Mapping[str, Any]]:
    """What each parameter takes; an empty one counts as left out."""
    flag = {"type": "boolean"}
    return {
        "department": {"enum": ["", *sorted(city.departments)]},
        "category": {"enum": ["", *sorted(city.categories)]},
        "area": {"enum": sorted(["", *(area.id for area in city.areas), "unlocated"])},
        "mark": {"enum": ["", *sorted(MARKS)]},
        "of": {"type": "array", "items": {"enum": ["", *sorted(INDICATORS)]}},
        "state": {"type": "array", "items": {"enum": ["", *sorted(STATES)]}},
        "overdue": flag,
        "quarantined": flag,
        "inspector": _WORD,
        "unit": _WORD,
        "algorithm": _WORD,
        "alarm": {"enum": ["", *sorted(ALARMS)]},
        "indicator": {"enum": ["", *sorted({*INDICATORS, *FIGURES})]},
        "stage": {"enum": ["", *sorted(get_args(LimitStage))]},
        "actor": _WORD,
        "from": {"anyOf": [_DAY, {"const": "all"}]},
        "to": _DAY,
        "cursor": {"type": "string", "pattern": CURSOR},
        "within": {"type": "string", "pattern": BOX},
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST_ORDERS, "default": 50},
        "by": {"enum": list(GROUPS), "default": "department"},
        "format": {"enum": ["", *sorted(FORMATS)]},
        "camera": _WORD,
        "source": _WORD,
        "order_id": {"type": "string", "pattern": ORDER_ID},
        "report_id": _WORD | {"minLength": 1},
    }


def _operation(route: str, said: Mapping[str, Any], words: Mapping[str, Any], tokens: bool) -> dict[str, Any]:
    row = next(row for row in NEEDED if row.replace(":path", "") == route)
    operation = {key: said[key] for key in ("tags", "summary", "operationId")}
    taken = [_parameter(one, words, route) for one in said.get("parameters", ())]
    if route in _BODIES:
        ce_type, contract = _BODIES[route]
        operation["requestBody"] = {"required": True, "content": _content(route, contract)}
        for name, (schema, meaning) in _EVENT_HEADERS.items():
            own = {"enum": [ce_type, ""]} if name == "ce-type" else schema
            taken.append({"name": name, "in": "header", "description": meaning, "schema": own})
    if route in _FORMS:
        form, needed = _FORMS[route]
        operation["requestBody"] = {
            "required": needed,
            "content": {JSON: {"schema": {"$ref": _REF.format(form.__name__)}}},
        }
        for name, (schema, meaning) in _FORM_HEADERS.get(route, {}).items():
            taken.append({"name": name, "in": "header", "description": meaning, "schema": schema})
    if taken:
        operation["parameters"] = taken
    limited = SENDING_WITH_TOKENS if tokens and row.startswith("POST") else {}
    answers = {**EVERYWHERE, **(WITH_TOKENS if tokens else WITHOUT_TOKENS), **limited, **ANSWERS.get(route, USUAL)}
    operation["responses"] = {str(status): described(status, shapes) for status, shapes in sorted(answers.items())}
    if tokens:
        operation["security"] = [{"token": []}] if NEEDED[row] else []
        operation["x-roles"] = list(callers(row))
    return operation


def _parameter(one: Mapping[str, Any], words: Mapping[str, Any], route: str) -> dict[str, Any]:
    schema = words.get(one["name"], one["schema"])
    match route, one["name"]:
        case "GET /status/{department}", "department":
            schema = {"enum": ["-", *schema["enum"][1:]]}  # `-`: what no department has yet
        case "GET /silences", "state":
            schema = {"enum": ["", *get_args(SilenceState)]}
        case "GET /cameras" | "GET /units" | "GET /false-alarms", "area":
            schema = {"enum": [area for area in schema["enum"] if area != "unlocated"]}
        case "GET /orders/{order_id}/sightings", "cursor" | "limit":
            schema = one["schema"]  # an offset of the inbox, and more at once than orders
    taken = {"name": one["name"], "in": one["in"], "required": one["required"], "schema": schema}
    if "description" in one:
        taken["description"] = one["description"]
    if schema.get("type") == "array":
        taken |= {"style": "form", "explode": False}  # with commas
    return taken


def _content(route: str, contract: type) -> dict[str, Any]:
    data = {"$ref": _REF.format(contract.__name__)}
    content: dict[str, Any] = {JSON: {"schema": data}}
    content[STRUCTURED] = {"schema": {"$ref": _REF.format(f"{contract.__name__}Event")}}
    if route == "POST /detections":  # with `format`; devices declare whatever they like
        content[_VENDOR] = {"schema": {"type": "string", "format": "binary"}}
    return content


def _schemas(city: City) -> dict[str, Any]:
    """The contracts with this city's words, each as the data of a whole CloudEvent too, and what is answered."""
    forms = dict.fromkeys(form for form, _ in _FORMS.values())
    made: dict[str, Any] = schemas([*(contract for _, contract in _BODIES.values()), *forms])
    for kind, schema in made.items():
        fields = {name: _open(_said(said)) for name, said in schema["properties"].items()}
        made[kind] = or_nulls({**schema, "properties": fields})
    del made["Update"]["properties"]["order_id"]  # the address names it
    # What is a little beyond them is taken for 0 and 1.
    made["Detection"]["properties"]["confidence"]["anyOf"][0] |= {"minimum": -NOISE, "maximum": 1 + NOISE}
    wanted = made["SilenceRequest"]["properties"]
    wanted["category"], wanted["area"] = {"enum": ["*", *city.categories]}, {"enum": ["*", *(a.id for a in city.areas)]}
    wanted["lifts"] = {"enum": ["", *dict.fromkeys(row.zone for row in city.silences)]}
    if len(city.cameras) <= _MOST_WORDS:
        wanted["camera_id"] = {"enum": ["", *sorted(city.cameras)]}
        made["Detection"]["properties"]["camera_id"]["enum"] = sorted(city.cameras)
        made["Measurement"]["properties"]["sensor_id"]["enum"] = sorted(city.cameras)
    events = {f"{contract.__name__}Event": _event(ce_type, contract) for ce_type, contract in _BODIES.values()}
    return dict(sorted((made | events | dict(SCHEMAS)).items()))


def _said(schema: dict[str, Any]) -> dict[str, Any]:
    """A text that must say something: blanks are taken off before it is measured."""
    return schema | {"pattern": _NOT_BLANK} if schema.get("minLength") else schema


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """A vocabulary that the desk holds people to, and tells them in its refusal: other words get as far as that."""
    if "enum" not in schema or "maxLength" not in schema:
        return schema
    words = {"enum": schema["enum"]}
    rest = {key: value for key, value in schema.items() if key not in ("enum", "default", "description")}
    about = {key: schema[key] for key in ("default", "description") if key in schema}
    return {"anyOf": [words, rest]} | about


def _event(ce_type: str, contract: type) -> dict[str, Any]:
    """A whole CloudEvent, structured mode."""
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": {"const": SPEC_VERSION},
            "id": _NAMED,
            "source": _NAMED,
            "type": {"const": ce_type},
            "time": {"anyOf": [{"type": "string", "format": "date-time"}, {"enum": ["", None]}]},
            "data": {"$ref": _REF.format(contract.__name__)},
        },
    }

"""The addresses that the OpenAPI document leaves out, described for those who try them: Open311, which its own standard
describes, and what a reporter's link shows and takes."""

from collections.abc import Mapping
from typing import Any

from models.city import City
from models.envelope import JSON
from streams.gateway.http.answers import EVERYWHERE, WITHOUT_TOKENS, described
from streams.gateway.open311.asked import MOST_IDS
from streams.gateway.reporters.public_state import STEPS

ROOT = "/open311/v2"
_WORD = {"type": "string", "pattern": r"^[^\x00]*$"}
_SAYS = {"type": "string", "minLength": 1, "pattern": r"^[^\x00]*[^\x00\s][^\x00]*$"}
_TIME = {"anyOf": [{"type": "string", "format": "date-time"}, {"const": ""}]}
_FORMAT = {"name": "format", "in": "path", "required": True, "schema": {"enum": ["json", "xml"]}}
_ERRORS = {"type": "array", "items": {"type": "object", "required": ["code", "description"]}}
_LIST = {"type": "array", "items": {"type": "object"}}


def described_too(document: Mapping[str, Any], city: City, orders: list[str]) -> dict[str, Any]:
    """The document with these addresses in it as well; `orders` are there."""
    whole: dict[str, Any] = {**document, "paths": {**document["paths"]}}
    whole["paths"] |= _open311(city, orders)
    update = document["paths"]["/orders/{order_id}/updates"]["post"]
    fields = document["components"]["schemas"]["Update"]["properties"]
    token = {
        "name": "token",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{80,}$"},
    }
    said = {
        "type": "object",
        "required": ["action"],
        "properties": {"action": {"enum": list(STEPS)}} | {name: fields[name] for name in _BY_LINK},
    }
    headers = [one for one in update["parameters"] if one["in"] == "header"]
    whole["paths"]["/r/{token}/order"] = {
        "get": _operation([token], {200: {"type": "object"}}, problems=(404, 422, 429))
    }
    whole["paths"]["/r/{token}/updates"] = {
        "post": _operation([token, *headers], {200: {"type": "object"}, 202: {"type": "object"}}, problems=_SENT)
        | {"requestBody": {"required": True, "content": {JSON: {"schema": said}}}}
    }
    return whole


_BY_LINK = ("attempt", "reason", "satisfied", "satisfaction", "evidence_urls")
_SENT = (404, 408, 409, 415, 422, 429)


def _operation(
    parameters: list[Mapping[str, Any]], answers: Mapping[int, Mapping[str, Any]], problems: tuple[int, ...] = ()
) -> dict[str, Any]:
    """One that answers with problem documents, as all that is no standard's."""
    refusals = {**EVERYWHERE, **WITHOUT_TOKENS, **dict.fromkeys(problems, ("Problem",))}
    responses = {str(status): described(status, shapes) for status, shapes in refusals.items()}
    shown = {str(status): {"description": "", "content": {JSON: {"schema": each}}} for status, each in answers.items()}
    for status in shown:
        shown[status]["headers"] = described(202, ())["headers"]
    return {"parameters": parameters, "responses": responses | shown}


def _open311(city: City, orders: list[str]) -> dict[str, Any]:
    codes = [code for code, each in city.categories.items() if each.parent]
    jurisdiction = _query("jurisdiction_id", {"enum": ["", city.id]})
    key = _query("api_key", {"type": "string"})
    asked = [
        jurisdiction,
        key,
        _query("service_code", {"type": "array", "items": {"enum": codes}}, style="form", explode=False),
        _query("status", {"type": "array", "items": {"enum": ["open", "closed"]}}, style="form", explode=False),
        _query("page_size", {"type": "integer", "minimum": 1, "maximum": 200}),
        _query("page", {"type": "integer", "minimum": 1, "maximum": 20}),
        _query(
            "service_request_id",
            {"type": "array", "maxItems": MOST_IDS, "items": {"enum": orders}},
            style="form",
            explode=False,
        ),
        _query("extensions", {"type": "string"}),
    ]
    days = [_query("start_date", _TIME), _query("end_date", _TIME)]
    order = {"name": "request_id", "in": "path", "required": True, "schema": {"enum": orders}}
    code = {"name": "code", "in": "path", "required": True, "schema": {"enum": codes}}
    token = {
        "name": "token",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
    }
    report = _form(
        ["service_code", "address_string", "lat", "long"],
        service_code={"enum": codes},
        address_string=_SAYS,
        description=_WORD,
        jurisdiction_id={"enum": ["", city.id]},
        account_id=_WORD,
        first_name=_WORD,
        last_name=_WORD,
        phone=_WORD,
        lat={"type": "number", "minimum": -90, "maximum": 90},
        long={"type": "number", "minimum": -180, "maximum": 180},
    )
    # Of no request that there is: what is added to one is waited for, and here is no desk.
    update = _form(
        ["service_request_id", "status", "description"],
        service_request_id={"enum": ["nowhere-20260301-aaaaaaaaaa"]},
        status={"enum": ["OPEN", "CLOSED"]},
        description=_SAYS,
        jurisdiction_id={"enum": ["", city.id]},
        account_id=_WORD,
        update_id=_WORD,
    )
    plain = {"type": "object"}
    return {
        f"{ROOT}/discovery.{{format}}": {"get": _standard([jurisdiction], plain)},
        f"{ROOT}/services.{{format}}": {"get": _standard([jurisdiction], _LIST)},
        f"{ROOT}/services/{{code}}.{{format}}": {"get": _standard([jurisdiction, code], plain)},
        f"{ROOT}/requests.{{format}}": {
            "get": _standard([*asked, *days], _LIST),
            "post": _standard([], _LIST) | {"requestBody": report},
        },
        f"{ROOT}/requests/{{request_id}}.{{format}}": {"get": _standard([jurisdiction, key, order], _LIST)},
        f"{ROOT}/tokens/{{token}}.{{format}}": {"get": _standard([jurisdiction, key, token], _LIST)},
        f"{ROOT}/servicerequestupdates.{{format}}": {
            "get": _standard([jurisdiction, key, *days], _LIST),
            "post": _standard([], _LIST) | {"requestBody": update},
        },
    }


def _query(name: str, schema: Mapping[str, Any], **more: object) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, **more}


def _form(required: list[str], **properties: Mapping[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": required, "properties": properties}
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}


def _standard(parameters: list[Mapping[str, Any]], shape: Mapping[str, Any]) -> dict[str, Any]:
    """One that answers as the standard has it, in JSON or XML, errors too; what every address may answer is as ever."""
    every = {**EVERYWHERE, **WITHOUT_TOKENS}
    responses = {str(status): described(status, shapes) for status, shapes in every.items()}
    own = {200: shape, **dict.fromkeys((400, 403, 404, 408, 409, 413, 415, 429, 503), _ERRORS)}
    for status, schema in own.items():
        there = responses.setdefault(str(status), {"description": ""})
        content = {JSON: {"schema": schema}, "text/xml": {"schema": {}}}
        there["content"] = content | there.get("content", {})
    return {"parameters": [_FORMAT, *parameters], "responses": responses}

"""Everything that comes in and goes out as one AsyncAPI 3.0 document, made from the contracts and the facts."""

from collections.abc import Mapping
from typing import Any

import msgspec

from dispatcher.order import facts
from dispatcher.order.row import Evidence, Why
from dispatcher.order.wire import INSTANTS
from dispatcher.partition import outgoing
from models.envelope import JSON
from models.events import CONTRACTS, DETECTION, REPORT, UPDATE, Contract
from streams.dead_letters.letter import DEAD_LETTER, DeadLetter
from streams.kafka.topics import Names

_SCHEMAS = "#/components/schemas/{}"
_CLOUD_EVENT = {
    "type": "object",
    "required": ["ce_id", "ce_source", "ce_type"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "maxLength": 256},
        "ce_source": {"type": "string", "maxLength": 256},
        "ce_type": {"type": "string"},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_subject": {"type": "string", "maxLength": 256},
        "content-type": {"const": JSON},
    },
}


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where it is."""

    area: str
    lat: float | None = None
    lon: float | None = None
    address: str = ""


class Due(msgspec.Struct, frozen=True):
    """When the department must have accepted and handled it; null where there is no limit."""

    accept_by: int | None
    handle_by: int | None


class Assigned(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An order for a department 派单, as its lead gets it and, with the role `assist`, each assist."""

    order_id: str
    seq: int
    attempt: int
    at: int
    role: str
    lead: str
    assists: tuple[str, ...]
    binding: bool
    category: str
    condition: str
    priority: int
    title: str
    text: str
    location: Place
    evidence: tuple[Evidence, ...]
    due: Due
    why: Why


class Withdrawn(msgspec.Struct, frozen=True):
    """The order is no longer this department's."""

    order_id: str
    seq: int
    attempt: int
    at: int
    reason: str


class Notice(msgspec.Struct, frozen=True):
    """What a reporter (by hash), a department or the supervisors are told about an order."""

    audience: str
    to: str
    order_id: str
    seq: int
    kind: str
    state: str
    at: int
    note: str


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of everything that comes in and goes out."""
    names = Names()
    facts_out: dict[str, type] = {f"city.order.{name}.v1": kind for name, kind in facts.KINDS.items()}
    facts_out["city.order.update-refused.v1"] = facts.UpdateRefused
    channels: list[tuple[str, str, str, Mapping[str, type], str]] = [
        ("reports", names.reports, "receive", {REPORT: CONTRACTS[REPORT]}, "What citizens write."),
        ("detections", names.detections, "receive", {DETECTION: CONTRACTS[DETECTION]}, "What cameras' algorithms see."),
        ("updates", names.updates, "receive", {UPDATE: CONTRACTS[UPDATE]}, "What people do with orders."),
        ("assignments", names.assignments("{department}"), "send",
         {outgoing.ASSIGNED: Assigned, outgoing.WITHDRAWN: Withdrawn}, "The orders of one department."),
        ("orders", names.orders, "send", facts_out, "The log of facts, kept for ever. Read it read_committed."),
        ("notices", names.notices, "send", {outgoing.NOTICE: Notice}, "What parties are told."),
        ("deadLetters", names.dead_letters, "send", {DEAD_LETTER: DeadLetter}, "What could not be taken in."),
    ]  # fmt: skip
    # Assigned is a fact of the log and, with other data, what a department gets: the channel tells them apart.
    kinds = {_key(key, ce_type): (ce_type, kind) for key, _, _, told, _ in channels for ce_type, kind in told.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Paidan",
            "version": "1",
            "description": "CloudEvents 1.0 on Kafka, binary mode; structured mode is accepted on input.",
        },
        "defaultContentType": JSON,
        "channels": {key: _channel(key, address, messages, about) for key, address, _, messages, about in channels},
        "operations": {
            f"{action}{key[0].upper()}{key[1:]}": {"action": action, "channel": {"$ref": f"#/channels/{key}"}}
            for key, _, action, _, _ in channels
        },
        "components": {
            "messages": {name: _message(ce_type, kind) for name, (ce_type, kind) in kinds.items()},
            "messageTraits": {"cloudEvent": {"headers": _CLOUD_EVENT}},
            "schemas": _schemas([kind for _, kind in kinds.values()]),
        },
    }


def _channel(key: str, address: str, messages: Mapping[str, type], about: str) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": address,
        "description": about,
        "messages": {
            _key(key, ce_type): {"$ref": f"#/components/messages/{_key(key, ce_type)}"} for ce_type in messages
        },
    }
    if "{department}" in address:
        channel["parameters"] = {"department": {"description": "Id of a department of the city pack."}}
    return channel


def _key(channel: str, ce_type: str) -> str:
    """A name that AsyncAPI allows, from a channel and a CloudEvents type."""
    return f"{channel}.{ce_type.removeprefix('city.')}".replace(".", "-")


def _message(ce_type: str, kind: type) -> dict[str, Any]:
    return {
        "name": ce_type,
        "summary": summary(kind),
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {"$ref": _SCHEMAS.format(_schema_name(kind))},
    }


def summary(kind: type) -> str:
    """The first paragraph of a type's docstring, in one line."""
    return one_line(kind.__doc__)


def one_line(doc: str | None) -> str:
    """The first paragraph of a text, in one line."""
    return " ".join((doc or "").split("\n\n")[0].split())


def _schema_name(kind: type) -> str:
    # A fact may be named like a contract or like what a department gets.
    return f"Fact{kind.__name__}" if kind.__module__ == facts.__name__ else kind.__name__


def _schemas(kinds: list[type]) -> dict[str, Any]:
    """The JSON schemas of all payloads and of what they are made of, sorted by name."""
    found: dict[str, Any] = {}
    for kind in kinds:
        if issubclass(kind, Contract):
            schema = kind.model_json_schema(ref_template=_SCHEMAS.format("{model}"))
            found.update(schema.pop("$defs", {}))
            found[kind.__name__] = schema
            continue
        _, parts = msgspec.json.schema_components([kind], ref_template=_SCHEMAS.format("{name}"))
        own = parts.pop(kind.__name__)
        found.update({name: _with_instants(part) for name, part in parts.items()})
        found[_schema_name(kind)] = _with_instants(own)
    return {name: _tidy(found[name]) for name in sorted(found)}


def _with_instants(schema: Any) -> Any:
    """The desk's instants are integers inside and RFC 3339 text on the wire."""
    for name, field in schema.get("properties", {}).items():
        if name in INSTANTS:
            kinds = [part.get("type") for part in field.get("anyOf", [field])]
            text = {"type": "string", "format": "date-time"}
            schema["properties"][name] = {"anyOf": [text, {"type": "null"}]} if "null" in kinds else text
    return schema


def _tidy(schema: Any) -> Any:
    """Plain lists and dictionaries; descriptions in one line."""
    if isinstance(schema, dict):
        tidy = {key: _tidy(value) for key, value in schema.items() if key != "title"}
        if isinstance(tidy.get("description"), str):
            tidy["description"] = " ".join(tidy["description"].split())
        # A property may be called title.
        if isinstance(schema.get("properties"), dict):
            tidy["properties"] = {name: _tidy(value) for name, value in schema["properties"].items()}
        return tidy
    return [_tidy(value) for value in schema] if isinstance(schema, list | tuple) else schema


def document() -> str:
    """docs/asyncapi.yaml as it is now."""
    import yaml  # for developers only

    # Through JSON, so that no value of Python's own gets in.
    plain = msgspec.json.decode(msgspec.json.encode(asyncapi()))
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=110)
    return "# Made by `python -m streams.documents.contract_tables` from the code.\n" + text

"""Everything that comes in and goes out as one AsyncAPI 3.0 document, made from the contracts and the facts."""

from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from dispatcher.order import facts
from dispatcher.order.lifecycle import REFUSALS
from dispatcher.order.row import State
from dispatcher.order.wire import INSTANTS
from models.envelope import (
    CE_ID,
    CE_SOURCE,
    CE_SPEC_VERSION,
    CE_SUBJECT,
    CE_TIME,
    CE_TYPE,
    CONTENT_TYPE,
    JSON,
    MAX_ATTRIBUTE,
    SPEC_VERSION,
)
from models.events import (
    ASSIGNMENT,
    CONTRACTS,
    DEAD_LETTER,
    DETECTION,
    HUB_FIGURES,
    MEASUREMENT,
    NOTICE,
    OUTGOING,
    RECHECK,
    RECHECKED,
    REPORT,
    REWORK,
    STEP_BELOW,
    TASK,
    TASK_WITHDRAWAL,
    UNIT,
    UPDATE,
    UPWARD_STEP,
    WITHDRAWAL,
    Contract,
)
from models.events.vocabulary import ARBITRATION_REASONS, RETURN_CODES
from streams.documents.markdown import one_line
from streams.kafka.topics import Names

# Fields of what goes out that hold one of a few words: by schema and field.
_WORDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("FactReturned", "code"): tuple(RETURN_CODES),
    ("FactSentToArbitration", "reason"): tuple(ARBITRATION_REASONS),
    ("FactUpdateRefused", "reason"): tuple(REFUSALS),
    ("FactUpdateRefused", "state"): ("", *get_args(State)),
    ("Notice", "kind"): tuple(facts.KINDS),
    ("Notice", "state"): get_args(State),
    ("UpwardStepMessage", "kind"): tuple(facts.KINDS),
    ("UpwardStepMessage", "state"): get_args(State),
    ("TaskWithdrawalMessage", "reason"): tuple(facts.KINDS),
    ("WithdrawalMessage", "reason"): tuple(facts.KINDS),
}
_REFUSED = facts.CE_TYPES[facts.UpdateRefused]
_SCHEMAS = "#/components/schemas/{}"


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of everything that comes in and goes out."""
    names = Names()
    log = {ce_type: kind for kind, ce_type in facts.CE_TYPES.items()}
    channels: list[tuple[str, str, str, Mapping[str, type], str]] = [
        ("reports", names.reports, "receive", _of(REPORT), "What citizens write."),
        ("detections", names.detections, "receive", _of(DETECTION, MEASUREMENT, RECHECKED),
         "What cameras' algorithms see and instruments read, and what cameras find that were asked to look again."),
        ("updates", names.updates, "receive", _of(UPDATE),
         "What people do with orders, from those who may speak for others."),
        ("departmentUpdates", names.updates_of("{department}"), "receive", _of(UPDATE),
         "What one department does with orders: whatever is here, that department has sent."),
        ("assignments", names.assignments("{department}"), "send",
         {**_of(ASSIGNMENT, REWORK, STEP_BELOW, WITHDRAWAL), _REFUSED: facts.UpdateRefused},
         "The orders of one department."),
        ("units", names.units, "receive", _of(UNIT, UPDATE),
         "Where mobile units are and what they do with their tasks: whatever is here, they have sent."),
        ("above", names.above, "receive", _of(REPORT, UPDATE),
         "What platforms above ask for: their orders as reports, and which of these they take back. Whatever is here, "
         "one of them has sent."),
        ("tasks", names.tasks("{unit}"), "send", {**_of(TASK, TASK_WITHDRAWAL), _REFUSED: facts.UpdateRefused},
         "What one mobile unit is to look at."),
        ("orders", names.orders, "send", log, "The log of facts, kept for ever. Read it read_committed."),
        ("notices", names.notices, "send", _of(NOTICE), "What parties are told."),
        ("upward", names.upward, "send", _of(UPWARD_STEP), "What platforms above hear of their orders."),
        ("rechecks", names.rechecks, "send", _of(RECHECK),
         "What cameras are asked to look at again, each under its camera's id."),
        ("hubs", names.hub_figures("{hub}"), "receive", _of(HUB_FIGURES),
         "What a hub tells of its own figures: whatever is here, the hub has sent."),
        ("deadLetters", names.dead_letters, "send", _of(DEAD_LETTER), "What could not be taken in."),
    ]  # fmt: skip
    # An assignment has the type of the fact that makes it: the channel tells them apart.
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
            "messageTraits": {
                "received": {"headers": _headers({"type": "string", "maxLength": MAX_ATTRIBUTE})},
                # The id of a refusal holds the order's and both names of the update.
                "sent": {"headers": _headers({"type": "string"})},
            },
            "schemas": _with_nulls(schemas([kind for _, kind in kinds.values()])),
        },
    }


def _of(*ce_types: str) -> Mapping[str, type]:
    return {ce_type: contract(ce_type) for ce_type in ce_types}


def contract(ce_type: str) -> type:
    """What the data of a type of event are, but for facts. Raises KeyError for a type without contract."""
    return CONTRACTS[ce_type] if ce_type in CONTRACTS else OUTGOING[ce_type]


def _headers(attribute: Mapping[str, Any]) -> Mapping[str, Any]:
    """The headers of a CloudEvent in binary mode."""
    return {
        "type": "object",
        "required": [CE_ID, CE_SOURCE, CE_TYPE],
        "properties": {
            CE_SPEC_VERSION: {"const": SPEC_VERSION},
            CE_ID: attribute,
            CE_SOURCE: attribute,
            CE_TYPE: attribute,
            CE_TIME: {"type": "string", "format": "date-time"},
            CE_SUBJECT: attribute,
            CONTENT_TYPE: {"const": JSON},
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
    for whose, meaning in (("department", "a department"), ("unit", "a mobile unit"), ("hub", "a hub")):
        if f"{{{whose}}}" in address:
            channel["parameters"] = {whose: {"description": f"Id of {meaning} of the city pack."}}
    return channel


def _key(channel: str, ce_type: str) -> str:
    """A name that AsyncAPI allows, from a channel and a CloudEvents type."""
    return f"{channel}.{ce_type.removeprefix('city.')}".replace(".", "-")


def _message(ce_type: str, kind: type) -> dict[str, Any]:
    return {
        "name": ce_type,
        "summary": one_line(kind.__doc__),
        "traits": [{"$ref": f"#/components/messageTraits/{'received' if ce_type in CONTRACTS else 'sent'}"}],
        "payload": {"$ref": _SCHEMAS.format(schema_name(kind))},
    }


def schema_name(kind: type) -> str:
    """The name of a type's schema."""
    # Facts are told apart from messages at a glance.
    return f"Fact{kind.__name__}" if kind.__module__ == facts.__name__ else kind.__name__


def schemas(kinds: list[type]) -> dict[str, Any]:
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
        found[schema_name(kind)] = _with_instants(own)
    for (name, field), words in _WORDS.items():
        if name in found:
            found[name]["properties"][field]["enum"] = words
    return {name: _tidy(found[name]) for name in sorted(found)}


def _with_nulls(found: Mapping[str, Any]) -> dict[str, Any]:
    """What comes in may have null where it may be left out; what goes out is as it is said to be."""
    received = schemas([*CONTRACTS.values()])
    return {name: or_nulls(schema) if name in received else schema for name, schema in found.items()}


def or_nulls(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A contract's schema that also takes null for each field that may be left out: many systems write it for that."""
    needed = schema.get("required", ())
    fields = {name: field if name in needed else _or_null(field) for name, field in schema["properties"].items()}
    return {**schema, "properties": fields}


def _or_null(field: Mapping[str, Any]) -> dict[str, Any]:
    about = {key: field[key] for key in ("default", "description") if key in field}
    rest = {key: value for key, value in field.items() if key not in about}
    options = rest["anyOf"] if [*rest] == ["anyOf"] else [rest]
    null = {"type": "null"}
    return {"anyOf": options if null in options else [*options, null], **about}


def _with_instants(schema: Any) -> Any:
    """The desk's instants are integers inside and RFC 3339 text on the wire."""
    for name, field in schema.get("properties", {}).items():
        kinds = [part.get("type") for part in field.get("anyOf", [field])]
        if name in INSTANTS and {"integer", "string"} & {*kinds}:  # an assignment's `due` is an object
            text = {"type": "string", "format": "date-time"}
            said = {"description": field["description"]} if "description" in field else {}
            schema["properties"][name] = said | ({"anyOf": [text, {"type": "null"}]} if "null" in kinds else text)
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
    """The document as YAML."""
    return msgspec.yaml.encode(asyncapi()).decode()

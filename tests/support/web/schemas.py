"""Whether a JSON value fits a JSON schema: so much of the specification as the project's documents make use of, and
stricter in one thing: a field that the schema does not list is an error."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from models.times import from_text

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
_SAYS_NOTHING = {"description", "default"}
_KNOWN = {
    "$ref", "anyOf", "enum", "const", "type", "format", "pattern", "minimum", "maximum", "properties", "required",
    "additionalProperties", "items", "prefixItems", "minItems", "maxItems",
}  # fmt: skip


def misfits(value: Any, schema: Any, whole: Mapping[str, Any], where: str = "$") -> Iterator[str]:
    """What is wrong with a value, each with its place; `whole` is the document that references lead into.

    Raises NotImplementedError for a keyword that is not known here.
    """
    if schema is False:
        yield f"{where}: is not allowed"
        return
    if unknown := schema.keys() - _KNOWN - _SAYS_NOTHING:
        raise NotImplementedError(f"{where}: {', '.join(sorted(unknown))}")
    if "$ref" in schema:
        yield from misfits(value, resolved(schema["$ref"], whole), whole, where)
    if "anyOf" in schema and all(any(misfits(value, option, whole, where)) for option in schema["anyOf"]):
        yield f"{where}: {value!r} is none of what it may be"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not one of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        yield f"{where}: {value!r} is not {schema['const']!r}"
    if "type" in schema and not _is(value, schema["type"]):
        yield f"{where}: {value!r} is no {schema['type']}"
        return
    if schema.get("format") == "date-time" and not _is_instant(value):
        yield f"{where}: {value!r} is no instant"
    if isinstance(value, str) and re.search(schema.get("pattern", ""), value) is None:
        yield f"{where}: {value!r} does not match {schema['pattern']}"
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{where}: {value!r} is out of range"
    if isinstance(value, dict) and ("properties" in schema or "additionalProperties" in schema):
        yield from (f"{where}.{name}: is missing" for name in schema.get("required", ()) if name not in value)
        fields, others = schema.get("properties", {}), schema.get("additionalProperties", False)
        for name, field in value.items():
            yield from misfits(field, fields.get(name, others), whole, f"{where}.{name}")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{where}: has {len(value)} entries"
        first = schema.get("prefixItems", ())
        for n, entry in enumerate(value):
            yield from misfits(entry, first[n] if n < len(first) else schema.get("items", {}), whole, f"{where}[{n}]")


def resolved(reference: str, whole: Mapping[str, Any]) -> Any:
    """What a reference leads to. Raises KeyError when it leads nowhere."""
    found: Any = whole
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _is_instant(value: str) -> bool:
    try:
        return from_text(value) >= 0
    except ValueError:
        return False

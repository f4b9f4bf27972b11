"""The tables of docs/contracts.md."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from dispatcher.order.facts import KINDS
from dispatcher.order.lifecycle import ACTIONS, REFUSALS
from models.events import CONTRACTS
from models.events.vocabulary import VOCABULARIES
from models.formats import FORMATS
from streams.dead_letters.letter import ERRORS
from streams.documents.asyncapi import contract, schema_name, schemas
from streams.documents.markdown import one_line, table
from streams.language import in_chinese


def fields(ce_type: str) -> str:
    """The fields of a contract's data, nested objects by dotted names. Raises KeyError for a type without contract."""
    kind = contract(ce_type)
    parts = schemas([kind])
    told = "rule" if ce_type in CONTRACTS else "meaning"
    return table(("field", "type", told), _rows(parts[schema_name(kind)], parts, ""))


def errors() -> str:
    """The classes of dead letters."""
    return table(("class", "meaning"), ((f"`{name}`", meaning) for name, meaning in ERRORS.items()))


def formats() -> str:
    """The vendors' formats."""
    rows = ((f"`{name}`", one_line(sys.modules[vendor.decode.__module__].__doc__)) for name, vendor in FORMATS.items())
    return table(("`format`", "what it is"), rows)


def facts() -> str:
    """The kinds of facts."""
    return table(("fact", "meaning"), ((f"`{name}`", one_line(kind.__doc__)) for name, kind in KINDS.items()))


def actions() -> str:
    """The actions with the roles that may ask for them."""
    rows = (
        (f"`{name}`", rules[0].term, ", ".join(dict.fromkeys(role for rule in rules for role in rule.roles)))
        for name, rules in ACTIONS.items()
    )
    return table(("action", "term", "by"), rows)


def refusals() -> str:
    """The reasons of refusals."""
    rows = ((f"`{name}`", said, in_chinese(said)) for name, said in REFUSALS.items())
    return table(("reason", "sentence", "Chinese"), rows)


def words() -> str:
    """The words of the fields that take one of a few."""
    rows = (
        (field, f"`{word}`", *names) for field, vocabulary in VOCABULARIES.items() for word, names in vocabulary.items()
    )
    return table(("field", "word", "Chinese", "English"), rows)


def _rows(schema: Mapping[str, Any], parts: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, ...]]:
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        inner = next(option for option in field.get("anyOf", [field]) if option.get("type") != "null")
        shown = f"**`{prefix}{name}`**" if name in required else f"`{prefix}{name}`"
        kind = inner.get("format") or inner.get("type", "one of")
        nested = _part(inner, parts)
        each = _part(inner.get("items") or {}, parts)
        if nested is not None:
            yield shown, "object", one_line(field.get("description") or nested.get("description"))
            yield from _rows(nested, parts, f"{prefix}{name}.")
        elif each is not None:
            yield shown, kind, one_line(field.get("description") or each.get("description"))
            yield from _rows(each, parts, f"{prefix}{name}[].")
        else:
            yield shown, kind, "; ".join(filter(None, (_rule(inner), field.get("description"))))


def _part(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a schema refers to."""
    found: Mapping[str, Any] | None = parts.get(schema.get("$ref", "").rpartition("/")[2])
    return found


def _rule(field: Mapping[str, Any]) -> str:
    said = []
    if "enum" in field:
        said.append(", ".join(f"`{value}`" if value else "empty" for value in field["enum"]))
    if field.get("type") == "string" and "maxLength" in field:
        least = field.get("minLength", 0)
        said.append(
            f"{least} to {field['maxLength']:,} characters" if least else f"at most {field['maxLength']:,} characters"
        )
    if "maxItems" in field:
        items = field.get("items") or {}  # of a list of fixed length it is false: no more of them
        said.append("left, top, right, bottom" if "prefixItems" in field else f"at most {field['maxItems']} entries")
        said += ["http or https addresses"] if "http" in items.get("pattern", "").lower() else []
    if "minimum" in field:
        said.append(f"{field['minimum']:,} to {field['maximum']:,}")
    return ", ".join(said)

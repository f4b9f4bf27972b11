"""The contracts as documents, made from the code: `python -m streams.documents.contract_tables` writes them.

They are docs/asyncapi.yaml and the tables in docs/contracts.md; a test fails while either differs from the code.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dispatcher.order import facts
from dispatcher.order.lifecycle import ACTIONS, REFUSALS
from models.events import CONTRACTS, DETECTION, REPORT, UPDATE, Contract
from models.formats import FORMATS
from streams.dead_letters.letter import ERRORS
from streams.documents.asyncapi import document, one_line, summary

DOCS = Path(__file__).parents[2] / "docs"


def tables() -> dict[str, str]:
    """The generated tables of docs/contracts.md by their names."""
    return {
        "report": _fields(CONTRACTS[REPORT]),
        "detection": _fields(CONTRACTS[DETECTION]),
        "update": _fields(CONTRACTS[UPDATE]),
        "errors": _table(("class", "meaning"), ((f"`{name}`", meaning) for name, meaning in ERRORS.items())),
        "formats": _table(
            ("`format`", "what it is"),
            ((f"`{name}`", one_line(sys.modules[decoder.__module__].__doc__)) for name, decoder in FORMATS.items()),
        ),
        "facts": _table(("fact", "meaning"), ((f"`{n}`", summary(kind)) for n, kind in facts.KINDS.items())),
        "actions": _table(
            ("action", "term", "by"),
            ((f"`{n}`", rules[0].term, ", ".join(dict.fromkeys(r for x in rules for r in x.roles)))
             for n, rules in ACTIONS.items()),
        ),
        "refusals": _table(("reason", "sentence"), ((f"`{name}`", said) for name, said in REFUSALS.items())),
    }  # fmt: skip


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _fields(model: type[Contract]) -> str:
    """A table of a contract's fields, nested objects by dotted names."""
    schema = model.model_json_schema()
    return _table(("field", "type", "rule"), _rows(schema, schema.get("$defs", {}), ""))


def _rows(schema: Mapping[str, Any], parts: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, ...]]:
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        options = [option for option in field.get("anyOf", [field]) if option.get("type") != "null"]
        inner = options[0]
        shown = f"**`{prefix}{name}`**" if name in required else f"`{prefix}{name}`"
        if "$ref" in inner:
            part = parts[inner["$ref"].rpartition("/")[2]]
            yield shown, "object", one_line(part.get("description"))
            yield from _rows(part, parts, f"{prefix}{name}.")
        else:
            kind = inner.get("format") or inner.get("type", "one of")
            yield shown, kind, _rule(inner)


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
        items = field.get("items", {})
        said.append("left, top, right, bottom" if "prefixItems" in field else f"at most {field['maxItems']} entries")
        said += ["http or https addresses"] if "http" in items.get("pattern", "").lower() else []
    if "minimum" in field:
        said.append(f"{field['minimum']:,} to {field['maximum']:,}")
    return ", ".join(said)


def page(text: str) -> str:
    """docs/contracts.md with its generated tables as they are now. Raises KeyError for a table that nobody makes."""
    made = tables()

    def table(match: re.Match[str]) -> str:
        return f"<!-- {match[1]} -->\n{made[match[1]]}\n<!-- /{match[1]} -->"

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- /\1 -->", table, text, flags=re.DOTALL)


if __name__ == "__main__":
    (DOCS / "asyncapi.yaml").write_text(document())
    (DOCS / "contracts.md").write_text(page((DOCS / "contracts.md").read_text()))

"""What the schemas of answers are made of."""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
YES_OR_NO: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
DAY: Schema = {"type": "string", "format": "date"}
LINK: Schema = {"type": "string", "format": "uri-reference"}


def shape(*required: str, **properties: Any) -> Schema:
    """An object that has at least what is required."""
    return {"type": "object", "required": list(required), "properties": properties}


def ref(name: str) -> Schema:
    """One of the document's own schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(schema: Schema) -> Schema:
    """A list of such."""
    return {"type": "array", "items": schema}


def or_null(schema: Schema) -> Schema:
    """Such a one, or none."""
    return {"anyOf": [schema, {"type": "null"}]}


def by_name(schema: Schema) -> Schema:
    """An object of such under names that nobody knows beforehand."""
    return {"type": "object", "additionalProperties": schema}


NAMES: Schema = {"id": TEXT, "name_zh": TEXT, "name_en": TEXT}  # the fields of what the city has a code for
NAMED = ref("Named")
POINT = shape("lat", "lon", lat=NUMBER, lon=NUMBER)

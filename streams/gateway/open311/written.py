"""Answers of GeoReport v2 (https://wiki.open311.org/GeoReport_v2) in JSON or XML, errors too."""

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

import msgspec
from fastapi.responses import Response

FORMATS = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 has no place for

Value = str | int | float | bool | None | Mapping[str, object] | Sequence[object]


def listed(format: str, root: str, each: str, rows: Sequence[Mapping[str, object]], status: int = 200) -> Response:
    """Several things: in JSON a list, in XML elements called `each` within one called `root`."""
    return written(format, root, {each: rows}, rows, status)


def written(format: str, root: str, fields: Mapping[str, object], json: object, status: int = 200) -> Response:
    """One answer: `json` as it is, or an XML element with these fields in it. What is None is left out or empty."""
    if format == "xml":
        element = ElementTree.Element(root)
        _fill(element, fields)
        body = ElementTree.tostring(element, encoding="utf-8", xml_declaration=True)
    else:
        body = msgspec.json.encode(json)
    return Response(body, status, {"cache-control": "no-store"}, FORMATS.get(format, FORMATS["json"]))


def refusal(format: str, status: int, description: str, headers: Mapping[str, str]) -> Response:
    """An error as the standard has it: a code, which is the HTTP status, and a sentence."""
    response = listed(format, "errors", "error", [{"code": status, "description": description}], status)
    response.headers.update(headers)
    return response


def _fill(element: ElementTree.Element, fields: Mapping[str, object]) -> None:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            _fill(ElementTree.SubElement(element, name), value)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            for each in value:
                assert isinstance(each, Mapping)
                _fill(ElementTree.SubElement(element, name), each)
        else:
            ElementTree.SubElement(element, name).text = _text(value)


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", str(value))

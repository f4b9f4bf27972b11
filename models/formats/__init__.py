"""Upstream formats: a record with the header `format` holds a vendor's bytes; one file in `vendors` for each format."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from models.errors import Poison
from models.formats.parsing import json_messages, xml_messages
from models.formats.reading import TOO_COMPLEX, Reading, Site, bounded
from models.formats.vendors import (
    dahua,
    deepstream,
    gat1400,
    gb28181,
    hikvision,
    metropolis,
    onvif,
    scene,
    survey,
)
from models.formats.wrapping import MAX_BYTES, documents


class Format(NamedTuple):
    """How a vendor's bytes are read: `parse` makes messages of a document, `decode` readings of a message.

    What is wrong with one message or detection is yielded in its place, what is wrong with the whole is raised.
    """

    parse: Callable[[bytes], Iterator[Any]]
    decode: Callable[[Any, Site], Iterator[Reading | Poison]]


FORMATS: Mapping[str, Format] = {
    "deepstream": Format(json_messages, deepstream.decode),
    "metropolis": Format(json_messages, metropolis.decode),
    "gb28181": Format(xml_messages, gb28181.decode),
    "onvif": Format(xml_messages, onvif.decode),
    "hikvision": Format(hikvision.parse, hikvision.decode),
    "gat1400": Format(json_messages, gat1400.decode),
    "dahua": Format(dahua.parse, dahua.decode),
    "scene": Format(json_messages, scene.decode),
    "geojson": Format(json_messages, survey.decode),
}


def decode_format(name: str, value: bytes, site: Site) -> tuple[Reading | Poison, ...]:
    """The detections in a vendor's message; in the place of one that cannot be read, what is wrong with it.

    Nothing when it says only that nothing goes on. Raises Poison when all of its detections are bad, or are too many.
    """
    vendor = FORMATS.get(name)
    if vendor is None:
        raise Poison("format", f"must be one of {', '.join(FORMATS)}", "unknown-format")
    found = tuple(bounded(_readings(vendor, value, site)))
    bad = [each for each in found if isinstance(each, Poison)]
    if bad and len(bad) == len(found):
        raise bad[0]
    return found


def _readings(vendor: Format, value: bytes, site: Site) -> Iterator[Reading | Poison]:
    found = documents(value)
    for document in found:
        try:
            for message in vendor.parse(document):
                yield from (message,) if isinstance(message, Poison) else _attempt(vendor, message, site)
        except Poison as poison:
            if len(found) == 1 or poison.error == TOO_COMPLEX:
                raise
            yield poison


def _attempt(vendor: Format, message: object, site: Site) -> Iterator[Reading | Poison]:
    """The readings of a message, or what is wrong with all of it."""
    try:
        yield from tuple(vendor.decode(message, site))
    except Poison as poison:
        if poison.error == TOO_COMPLEX:
            raise
        yield poison


__all__ = ["FORMATS", "MAX_BYTES", "Format", "Reading", "Site", "decode_format"]

"""Upstream formats: a record with the header `format` holds a vendor's bytes; one file in `vendors` for each format."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from models.errors import Poison
from models.formats.parsing import json_messages, xml_messages
from models.formats.reading import TOO_COMPLEX, Alive, Reading, Site, bounded
from models.formats.vendors import (
    dahua,
    deepstream,
    gat1400,
    gb28181,
    hikvision,
    metropolis,
    onvif,
    plain,
    scene,
    survey,
)
from models.formats.wrapping import MAX_BYTES, documents


class Format(NamedTuple):
    """How a vendor's bytes are read: `parse` makes messages of a document, `decode` readings of a message, and says
    whose camera is alive of which there are none.

    What is wrong with one message or detection is yielded in its place, what is wrong with the whole is raised.
    """

    parse: Callable[[bytes], Iterator[Any]]
    decode: Callable[[Any, Site], Iterator[Reading | Alive | Poison]]


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
    "detections": Format(json_messages, plain.decode),
}


class Decoded(NamedTuple):
    """A vendor's message: its detections, in the place of one that cannot be read what is wrong with it; and the
    cameras of which it says only that they are alive, each once."""

    detections: tuple[Reading | Poison, ...]
    alive: tuple[str, ...]


def decode_format(name: str, value: bytes, site: Site) -> tuple[Reading | Poison, ...]:
    """The detections in a vendor's message; in the place of one that cannot be read, what is wrong with it.

    Nothing when it says only that nothing goes on. Raises Poison when all of its detections are bad, or are too many.
    """
    return decode_message(name, value, site).detections


def decode_message(name: str, value: bytes, site: Site) -> Decoded:
    """All that a vendor's message says. Raises Poison when all of its detections are bad, or are too many."""
    vendor = FORMATS.get(name)
    if vendor is None:
        raise Poison("format", f"must be one of {', '.join(FORMATS)}", "unknown-format")
    alive: dict[str, None] = {}
    found = tuple(bounded(_detections(_readings(vendor, value, site), alive)))
    bad = [each for each in found if isinstance(each, Poison)]
    if bad and len(bad) == len(found):
        raise bad[0]
    return Decoded(found, tuple(alive))


def _detections(found: Iterator[Reading | Alive | Poison], alive: dict[str, None]) -> Iterator[Reading | Poison]:
    """What is a detection or should be one; the cameras that are alive are put into `alive`."""
    for each in found:
        if not isinstance(each, Alive):
            yield each
        elif each.camera:
            alive[each.camera] = None


def _readings(vendor: Format, value: bytes, site: Site) -> Iterator[Reading | Alive | Poison]:
    found = documents(value)
    for document in found:
        try:
            for message in vendor.parse(document):
                yield from (message,) if isinstance(message, Poison) else _attempt(vendor, message, site)
        except Poison as poison:
            if len(found) == 1 or poison.error == TOO_COMPLEX:
                raise
            yield poison


def _attempt(vendor: Format, message: object, site: Site) -> Iterator[Reading | Alive | Poison]:
    """The readings of a message, or what is wrong with all of it."""
    try:
        yield from tuple(vendor.decode(message, site))
    except Poison as poison:
        if poison.error == TOO_COMPLEX:
            raise
        yield poison


__all__ = ["FORMATS", "MAX_BYTES", "Decoded", "Format", "Reading", "Site", "decode_format", "decode_message"]

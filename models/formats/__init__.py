"""Upstream formats: a record with the header `format` holds a vendor's bytes, one file here for each format."""

from collections.abc import Callable, Mapping

from models.errors import Poison
from models.formats import dahua, deepstream, gat1400, gb28181, hikvision, metropolis, onvif
from models.formats.reading import Reading, Site, bounded
from models.formats.wrapping import documents

Decoder = Callable[[bytes, Site], tuple[Reading, ...]]

FORMATS: Mapping[str, Decoder] = {
    "deepstream": deepstream.decode,
    "metropolis": metropolis.decode,
    "gb28181": gb28181.decode,
    "onvif": onvif.decode,
    "hikvision": hikvision.decode,
    "gat1400": gat1400.decode,
    "dahua": dahua.decode,
}


def decode_format(name: str, value: bytes, site: Site) -> tuple[Reading, ...]:
    """The detections in a vendor's message; none when it says only that nothing goes on. Raises Poison."""
    decoder = FORMATS.get(name)
    if decoder is None:
        raise Poison("format", f"must be one of {', '.join(FORMATS)}", "unknown-format")
    return tuple(bounded(reading for message in documents(value) for reading in decoder(message, site)))


__all__ = ["FORMATS", "Reading", "Site", "decode_format"]

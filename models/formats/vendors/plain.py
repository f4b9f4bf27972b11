"""Detections in the words of their own contract, many in a record: a JSON array or JSON lines, no event around each.

Beside the contract's fields (`camera_id`, `label`, `confidence`, `location` and all others) each may have an `id` and a
`time` of its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from models.events import make_detection
from models.formats.reading import Reading, Site, moment, text_of


def decode(message: Mapping[str, Any], site: Site) -> Iterator[Reading]:
    """One reading. Raises Poison."""
    said = {name: text_of(value) if isinstance(value, str) else value for name, value in message.items()}
    if site.camera:
        said["camera_id"] = site.camera
    yield Reading(make_detection(said), text_of(message.get("id")), moment(message.get("time"), site, "time"))

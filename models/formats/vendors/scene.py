"""What a vision-language model says of a picture: a description in words, labels, and the boxes of what it names.

There is no standard; these are the names that captioning and grounding models and the services around them use. The
description is classified like a citizen's words. Ids of faces and persons are not read at all.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from models.errors import Poison
from models.events import make_detection
from models.formats.reading import (
    Alive,
    Reading,
    Site,
    attempts,
    box,
    first_said,
    first_text,
    links,
    listed,
    moment,
    objects,
    place,
    share,
)

_CAMERA = ("camera_id", "camera", "sensor_id", "sensorId", "device_id", "channel_id")
_WORDS = ("description", "caption", "summary", "answer", "text")
_TIME = ("timestamp", "time", "captured_at", "@timestamp")
_MODEL = ("model", "algorithm")
_SURE = ("confidence", "score")
_NAME = ("label", "class", "category", "name")
_BOX = ("box", "bbox", "bbox_2d", "bounding_box")
_LABELS = ("labels", "tags")
_OBJECTS = ("objects", "detections", "boxes", "grounding")
_PICTURES = ("image_url", "image", "picture_url", "media_url", "media_urls", "images")
_UNNAMED = "scene"  # the label of a picture of which nothing has a name: what is in it, the words say
_EDGE_NAMES = (("left", "top", "right", "bottom"), ("xmin", "ymin", "xmax", "ymax"), ("x1", "y1", "x2", "y2"))


def decode(message: Mapping[str, Any], site: Site) -> Iterator[Reading | Alive | Poison]:
    """One reading of a description; without one, a reading of each object, else of each label; of an empty list of
    them, that the camera is alive. Raises Poison."""
    words = first_text(message, _WORDS)
    things = _things(message)
    if words:
        label = next((name for name in map(_name_of, things) if name), _UNNAMED)
        yield _reading(message, label, next((thing for thing in things if _edges(thing)), {}), words, site)
        return
    if not any(listed(message, name) for name in (*_OBJECTS, *_LABELS)):
        raise Poison("description", "is missing")
    if not things:  # an empty list says that nothing is seen
        yield Alive(_camera(message, site))
        return

    def of_thing(one: tuple[int, Mapping[str, Any]]) -> Reading:
        n, thing = one
        reading = _reading(message, _name_of(thing), thing, "", site)
        return replace(reading, id=f"{reading.id}/{n}") if reading.id and len(things) > 1 else reading

    yield from attempts(enumerate(things), of_thing)


def _camera(message: Mapping[str, Any], site: Site) -> str:
    return site.camera or first_text(message, _CAMERA)


def _reading(message: Mapping[str, Any], label: str, thing: Mapping[str, Any], words: str, site: Site) -> Reading:
    here = message.get("location")
    where: Mapping[str, Any] = here if isinstance(here, Mapping) else message
    sure = first_said(thing, _SURE) if thing and not words else first_said(message, _SURE)
    detection = make_detection(
        {
            "camera_id": _camera(message, site),
            "vendor": "scene",
            "label": label,
            "algorithm": first_text(message, _MODEL),
            "confidence": share(sure, "confidence"),
            "location": place(where.get("lat"), where.get("lon")),
            "bbox": _edges(thing),
            "text": words,
            "media_urls": _pictures(message),
        }
    )
    return Reading(
        detection, first_text(message, ("id", "request_id")), moment(first_said(message, _TIME), site, "time")
    )


def _things(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The objects that it names; where there are none, its bare labels."""
    found = [each for name in _OBJECTS for each in objects(message.get(name)) if isinstance(each, Mapping)]
    labels = [each for name in _LABELS for each in objects(message.get(name))]
    return found or [each if isinstance(each, Mapping) else {"label": each} for each in labels]


def _name_of(thing: Mapping[str, Any]) -> str:
    return first_text(thing, _NAME)


def _edges(thing: Mapping[str, Any]) -> list[float] | None:
    edges = first_said(thing, _BOX)
    if isinstance(edges, Mapping):
        edges = next(([edges[name] for name in names] for names in _EDGE_NAMES if all(n in edges for n in names)), None)
    return box(edges) if isinstance(edges, list) else None


def _pictures(message: Mapping[str, Any]) -> list[str]:
    """Links to pictures; a picture that is in the message itself is none."""
    return links(each for name in _PICTURES for each in objects(message.get(name)))

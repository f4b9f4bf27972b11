"""NVIDIA DeepStream messages (nvmsgconv): the full schema with one object, the minimal one with a list.

In the minimal schema an object is a JSON object, or one line `id|left|top|right|bottom|type|…` as the converter
writes it. https://docs.nvidia.com/metropolis/deepstream/dev-guide/text/DS_plugin_gst-nvmsgconv.html
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from models.errors import Poison
from models.events import make_detection
from models.formats.reading import (
    Alive,
    Reading,
    Site,
    at_path,
    attempts,
    box,
    goes_on,
    known,
    links,
    moment,
    objects,
    place,
    share,
    text_of,
)

_EDGES = ("topleftx", "toplefty", "bottomrightx", "bottomrighty")
_PHASES = {"entry": "start", "start": "start", "exit": "end", "stop": "end", "end": "end", "moving": "ongoing"}
_UNTRACKED = ("18446744073709551615", "-1")  # UNTRACKED_OBJECT_ID of nvdsmeta.h: all ones
_Sighting = tuple[Callable[[Any], dict[str, Any]], Any]  # how a thing is read, and the thing


def decode(message: Mapping[str, Any], site: Site) -> Iterator[Reading | Alive | Poison]:
    """One reading for each object, and one for each analytics rule that says `triggered`; of an empty frame, and of the
    end of what no tracker follows, that the camera is alive. Raises Poison."""
    camera = site.camera or text_of(message.get("sensorId")) or text_of(at_path(message, "sensor", "id"))
    algorithm = text_of(at_path(message, "analyticsModule", "source")) or text_of(
        at_path(message, "analyticsModule", "id")
    )
    shared = {"camera_id": camera, "vendor": "deepstream", "algorithm": algorithm}
    at = moment(message.get("@timestamp"), site, "@timestamp")
    base = text_of(message.get("messageid"))
    minimal = "objects" in message
    seen = list(_minimal(message) if minimal else _full(message))
    if not seen and not minimal:
        raise Poison("objects", "is missing")
    if not seen:  # an empty frame says that nothing goes on
        return iter((Alive(camera),))

    def reading(one: tuple[int, _Sighting]) -> Reading | Alive:
        n, (read, thing) = one
        if read is _of_full and _is_nobodys_end(message):
            return Alive(camera)
        return Reading(make_detection(shared | read(thing)), f"{base}/{n}" if base and len(seen) > 1 else base, at)

    return attempts(enumerate(seen), reading)


def _full(message: Mapping[str, Any]) -> Iterator[_Sighting]:
    if isinstance(message.get("object"), Mapping):
        yield _of_full, message


def _minimal(message: Mapping[str, Any]) -> Iterator[_Sighting]:
    given = message["objects"]
    if given and not isinstance(given, list | Mapping):
        raise Poison("objects", "must be a list")
    for thing in objects(given):
        yield (_line if isinstance(thing, str) else _object), thing
    rules = message.get("analytics")
    for name, rule in rules.items() if isinstance(rules, Mapping) else ():
        if isinstance(rule, Mapping) and goes_on(rule.get("triggered")):
            yield _rule, (name, rule)


def _of_full(message: Mapping[str, Any]) -> dict[str, Any]:
    thing = message["object"]
    kinds = [name for name, value in thing.items() if isinstance(value, Mapping) and "confidence" in value]
    kind = kinds[0] if kinds else ""
    event = text_of(at_path(message, "event", "type"))
    given = text_of(thing.get("id"))
    here = at_path(message, "sensor", "location")
    return {
        "label": kind or event,
        "confidence": share(at_path(thing, kind, "confidence") if kind else thing.get("confidence"), "confidence"),
        "object_id": _tracked(given),
        # Nobody can say of what no tracker follows that it still goes on.
        "phase": "" if given in _UNTRACKED else _phase(message),
        "bbox": _box(thing.get("bbox")),
        "location": place(at_path(here, "lat"), at_path(here, "lon")),
        "media_urls": links((message.get("videoPath"),)),
    }


def _phase(message: Mapping[str, Any]) -> str:
    return _PHASES.get(text_of(at_path(message, "event", "type")).lower(), "")


def _is_nobodys_end(message: Mapping[str, Any]) -> bool:
    """Whether something has left that no tracker follows: nobody knows which, so it must end nothing else."""
    return text_of(at_path(message, "object", "id")) in _UNTRACKED and _phase(message) == "end"


def _object(thing: object) -> dict[str, Any]:
    if not isinstance(thing, Mapping):
        raise Poison("objects", "must hold objects or lines")
    return {
        "label": text_of(thing.get("type")),
        "confidence": share(thing.get("confidence"), "objects.confidence"),
        "object_id": _tracked(text_of(thing.get("id"))),
        "bbox": _box(thing.get("bbox")),
    }


def _rule(named: tuple[str, Mapping[str, Any]]) -> dict[str, Any]:
    name, rule = named
    return {"label": name, "object_id": text_of(rule.get("roi_name"))}


def _line(line: str) -> dict[str, Any]:
    parts = [part.strip() for part in line.split("|")]
    if len(parts) < 6:
        raise Poison("objects", "must hold lines id|left|top|right|bottom|type")
    return {
        "object_id": _tracked(parts[0]),
        "label": parts[5],
        "bbox": box(map(_float, parts[1:5])),
        # Behind a `#` come what the secondary models say, and last of all how sure they are.
        "confidence": share(known(parts[-1]), "confidence") if "#" in parts[6:-1] else None,
    }


def _tracked(given: str) -> str:
    """The id of an object that a tracker follows; what none follows has none of its own."""
    return "" if given in _UNTRACKED else given


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Poison("objects", "must hold numbers between id and type") from None


def _box(value: object) -> list[float] | None:
    return box(value.get(edge) for edge in _EDGES) if isinstance(value, Mapping) else None

"""GeoJSON (RFC 7946) of surveys by satellite, drone or car: each feature is a sighting, at a point or with an extent.

The label and what else is said of a feature stand in its properties, under the names that STAC items and detectors'
exports use; what all features share may stand in the collection's own properties. A survey is evaluated long after its
pictures were taken: a sighting is of when it comes in, and its words say of when the picture is.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from models.errors import Poison
from models.events import make_detection
from models.formats.reading import (
    Alive,
    Reading,
    Site,
    attempts,
    first_said,
    first_text,
    links,
    moment,
    objects,
    place,
    share,
    text_of,
)
from models.times import to_text

_CAMERA = ("camera_id", "camera", "sensor_id", "drone_id", "platform", "satellite", "instrument")
_LABEL = ("label", "class", "class_name", "category", "event", "type", "name")
_SURE = ("confidence", "score", "probability")
_TIME = ("datetime", "acquired", "captured_at", "timestamp", "time")
_WORDS = ("description", "text", "remark")
_MODEL = ("algorithm", "model")
_PICTURES = ("image_url", "picture_url", "media_url", "thumbnail", "href")
_METRES_A_DEGREE = math.radians(6_371_008.8)  # of the mean Earth (IUGG)


def decode(message: Mapping[str, Any], site: Site) -> Iterator[Reading | Alive | Poison]:
    """One reading for each feature, in the point of its geometry, or one well inside; of none, that who looked is
    alive. Raises Poison."""
    kind = message.get("type")
    if kind == "FeatureCollection":
        features = objects(message.get("features"))
    elif kind == "Feature":
        features = [message]
    else:
        raise Poison("type", "must be FeatureCollection or Feature")
    own = message.get("properties") if kind == "FeatureCollection" else None
    shared: Mapping[str, Any] = own if isinstance(own, Mapping) else {}
    if not features:
        return iter((Alive(site.camera or first_text(shared, _CAMERA)),))
    return attempts(features, lambda feature: _reading(feature, shared, site))


def _reading(feature: object, shared: Mapping[str, Any], site: Site) -> Reading:
    if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
        raise Poison("features", "must hold features")
    own = feature.get("properties")
    said = {**shared, **own} if isinstance(own, Mapping) else shared
    geometry = _geometry(feature.get("geometry"))
    point = None if geometry is None else geometry.representative_point()
    detection = make_detection(
        {
            "camera_id": site.camera or first_text(said, _CAMERA),
            "vendor": "geojson",
            "label": first_text(said, _LABEL),
            "algorithm": first_text(said, _MODEL),
            "confidence": share(first_said(said, _SURE), "confidence"),
            "location": None if point is None else place(point.y, point.x),
            "text": " ".join(
                each for each in (first_text(said, _WORDS), _extent(geometry, point), _taken(said, site)) if each
            ),
            "media_urls": links(said.get(name) for name in _PICTURES),
        }
    )
    return Reading(detection, text_of(feature.get("id")) or first_text(said, ("id",)))


def _taken(said: Mapping[str, Any], site: Site) -> str:
    """When the picture was taken, RFC 3339; empty where that is not said. Raises Poison for what is no date."""
    at = moment(first_text(said, _TIME), site, "datetime")
    return "" if at is None else to_text(at)


def _geometry(given: object) -> BaseGeometry | None:
    """None for a feature that is nowhere, as the standard allows. Raises Poison."""
    if given is None:
        return None
    try:
        if not isinstance(given, dict):
            raise TypeError("no geometry")
        found = shape(given)
        if found.is_empty or not shapely.is_valid_input(found) or not all(map(math.isfinite, found.bounds)):
            raise ValueError("no place on Earth")
    except (AttributeError, TypeError, ArithmeticError, LookupError, ValueError, ShapelyError):
        raise Poison("geometry", "must be a GeoJSON geometry of longitudes and latitudes") from None
    return found


def _extent(geometry: BaseGeometry | None, inside: Point | None) -> str:
    """The area in square metres, in words, of a polygon with a point inside; empty for what has none. True to 0.1 % up
    to some kilometres."""
    if geometry is None or inside is None or not geometry.area:
        return ""
    middle = math.radians(inside.y)
    return f"{geometry.area * _METRES_A_DEGREE**2 * math.cos(middle):.0f} m²"

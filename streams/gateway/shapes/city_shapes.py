"""The city as the gateway shows it: figures, what is out in it, who asks, what is silenced, whether all works."""

from collections.abc import Mapping

from dispatcher.figures.indicators import INDICATORS, SCORE
from streams.gateway.shapes.schema_parts import (
    COUNT,
    DAY,
    NAMED,
    NAMES,
    NUMBER,
    POINT,
    TEXT,
    TIME,
    YES_OR_NO,
    Schema,
    by_name,
    listed,
    or_null,
    ref,
    shape,
)

_WINDOW = shape("from", "to", "zone", **{"from": or_null(DAY)}, to=DAY, zone=TEXT)
_HEAD = {"complete": YES_OR_NO, "partitions": ref("Partitions")}
_COUNTS = dict.fromkeys(("quiet", "busy", "silent"), COUNT)
_SEER = {"id": TEXT, "name": TEXT, "open": COUNT, "right": COUNT, "false": COUNT, "rate": NUMBER}
_TOLD = shape(
    "received", "opened", "closed", **NAMES, **dict.fromkeys(("received", "opened", "closed"), or_null(COUNT)),
)  # fmt: skip
_SPREAD = shape("count", **dict.fromkeys(("p50", "p90", "p95", "mean", "max"), or_null(NUMBER)), count=COUNT)
_INDICATOR = {"anyOf": [NUMBER, {"type": "null"}, _SPREAD]}
_INDICATORS: Schema = dict.fromkeys(INDICATORS, _INDICATOR)
_UNLISTED = shape("count", vendor=TEXT, algorithm=TEXT, label=TEXT, camera=TEXT, count=COUNT, first=TIME, last=TIME)

CITY: Mapping[str, Schema] = {
    "Figures": {
        "description": "The indicators, as docs/indicators.md has them; null where nothing is to be divided by.",
        **shape(**NAMES, parent=TEXT, **_INDICATORS, **{SCORE: or_null(NUMBER)}, coming=by_name(_INDICATOR)),
    },
    "Status": shape(
        "as_of", "complete", "partitions", "window",
        as_of=TIME, **_HEAD, window=_WINDOW, city=ref("Figures"),
        **dict.fromkeys(("departments", "categories", "areas", "limited_stages", "actors"), by_name(ref("Figures"))),
        hubs=by_name(shape("state", state=TEXT, name_zh=TEXT, name_en=TEXT, heard_at=or_null(TIME),
                           age_seconds=or_null(NUMBER), as_of=or_null(TIME), window=or_null(_WINDOW),
                           indicators=or_null(by_name(_INDICATOR)))),
        access={"enum": ["open", "tokens"]}, words={"enum": ["sealed", "clear"]},
        stages=or_null(by_name(shape(members=or_null(COUNT), waiting=or_null(COUNT), oldest_seconds=or_null(NUMBER),
                                     since_commit_seconds=or_null(NUMBER)))),
        drift=or_null(shape(
            "as_of", "days", "model", "orders", "labelled", "figures", "alarms",
            as_of=TIME, days=NUMBER, model=TEXT, orders=COUNT, labelled=COUNT,
            figures=by_name(shape(value=or_null(NUMBER), limit=or_null(NUMBER), alarm=YES_OR_NO)),
            alarms=by_name(TEXT),
        )),
        unlisted=or_null(shape("as_of", "count", "labels", "cameras", as_of=TIME, count=COUNT,
                               labels=listed(_UNLISTED), cameras=listed(_UNLISTED))),
        dead_letters=or_null(shape("since", "count", "by_error", since=TIME, count=COUNT, by_error=by_name(COUNT))),
    ),
    "Trend": shape(
        "complete", "partitions", "window", "days",
        as_of=TIME, **_HEAD, window=_WINDOW, days=listed(shape("day", day=DAY, **_INDICATORS)),
    ),
    "OpenFigures": shape(
        "month", "least", "city", "counts", "rates", "areas", "categories",
        month=TEXT, least=COUNT, city=NAMED, counts=_TOLD, rates=by_name(or_null(NUMBER)), areas=listed(_TOLD),
        categories=listed(_TOLD),
    ),
    "Cameras": shape(
        "complete", "counts", "cameras", "raster",
        complete=YES_OR_NO, counts=shape(*_COUNTS, **_COUNTS),
        cameras=listed(shape("id", "name", "location", "state", "orders", id=TEXT, name=TEXT, location=POINT,
                             state={"enum": [*_COUNTS]}, orders=COUNT)),
        raster=or_null(shape("size", "cells", size=NUMBER, cells=listed(shape("lat", "lon", *_COUNTS, lat=NUMBER,
                                                                              lon=NUMBER, **_COUNTS)))),
    ),
    "Units": shape(
        "complete", "units",
        complete=YES_OR_NO,
        units=listed(shape("id", "kind", "department", "location", "at", "state", "load", id=TEXT, kind=TEXT,
                           department=TEXT, location=shape(lat=or_null(NUMBER), lon=or_null(NUMBER)), at=TIME,
                           state={"enum": ["free", "busy", "off"]}, load=COUNT)),
    ),
    "FalseAlarms": shape(
        "complete", "algorithms", "cameras",
        complete=YES_OR_NO, algorithms=listed(shape(*_SEER, **_SEER)),
        cameras=listed(shape(*_SEER, **_SEER, area=TEXT)),
    ),
    "Areas": {
        "description": "GeoJSON (RFC 7946).",
        **shape(
            "type", "tiles", "above", "features",
            type={"const": "FeatureCollection"}, tiles=or_null(shape("url", "attribution", url=TEXT, attribution=TEXT)),
            above=listed(shape("id", "level", **NAMES, level=TEXT)),
            features=listed(shape("type", "id", "properties", "geometry", type={"const": "Feature"}, id=TEXT,
                                  properties=shape("name_zh", "name_en", name_zh=TEXT, name_en=TEXT),
                                  geometry=shape("type", "coordinates", type=TEXT, coordinates={"type": "array"}))),
        ),
    },
    "Seat": shape(
        "open", "zone", "person", "department", "seats", "departments", "categories", "groups", "areas", "levels",
        "inspectors", "units",
        open=YES_OR_NO, zone=TEXT, person=TEXT, department=TEXT,
        seats=listed(shape("role", "name_zh", "name_en", "lists", role=TEXT, name_zh=TEXT, name_en=TEXT,
                           lists=listed(shape("name_zh", "name_en", "query", "watched", name_zh=TEXT, name_en=TEXT,
                                              query=TEXT, watched=YES_OR_NO)))),
        departments=listed(NAMED), categories=listed(shape("id", **NAMES, conditions=listed(NAMED))),
        groups=listed(NAMED), areas=listed(NAMED), levels=COUNT, inspectors=listed(TEXT), units=listed(TEXT),
    ),
    "Silence": shape(
        "number", "state", "starts_at", "ends_at", "owner", "comment",
        number=COUNT, state=TEXT, category=or_null(NAMED), area=or_null(NAMED), camera_id=TEXT, source=TEXT,
        location=or_null(POINT), radius_m=or_null(NUMBER), lifts=TEXT, starts_at=TIME, ends_at=TIME, owner=TEXT,
        comment=TEXT, needs_approval=YES_OR_NO, created_at=TIME, approved_at=or_null(TIME), ended_at=or_null(TIME),
        created_by=TEXT, approved_by=TEXT, ended_by=TEXT,
    ),
    "ControlZone": shape(
        "lifts", "line", "starts_at", "ends_at", "days", "times", "owner", "reason", "holds", "lifted_by",
        lifts=TEXT, line=COUNT, category=or_null(NAMED), area=or_null(NAMED), starts_at=TIME, ends_at=TIME,
        days=listed(TEXT), times=listed(TEXT), owner=TEXT, reason=TEXT, holds=YES_OR_NO, lifted_by=or_null(COUNT),
    ),
    "SilenceList": shape(
        "silences", "control_zones", as_of=TIME, zone=TEXT, silences=listed(ref("Silence")),
        control_zones=listed(ref("ControlZone")),
    ),
    "Readiness": shape(
        "ready", ready=YES_OR_NO, wrong=listed(TEXT), partitions=ref("Partitions"), following=YES_OR_NO,
        checks=by_name(shape(value=or_null(NUMBER), unit=TEXT, ok=YES_OR_NO, most=NUMBER, least=NUMBER)),
    ),
}  # fmt: skip

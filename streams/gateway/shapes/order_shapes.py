"""Orders as the gateway shows them: a line of a list, the whole, its sightings, what may be done with it."""

from collections.abc import Mapping
from typing import get_args

from dispatcher.order.lifecycle import TABLE
from dispatcher.order.row import ENDED, OPEN, Part, Task
from models.events import Evidence, Why
from models.guess import Guess
from streams.documents.asyncapi import schemas
from streams.gateway.shapes.schema_parts import (
    COUNT,
    DAY,
    LINK,
    NAMED,
    NAMES,
    NUMBER,
    POINT,
    TEXT,
    TIME,
    YES_OR_NO,
    Schema,
    listed,
    or_null,
    ref,
    shape,
)
from streams.tables.marks import MARKS

STATE: Schema = {"enum": sorted(OPEN | ENDED)}
_STAGE = {"enum": list(get_args(Task.__annotations__["stage"]))}
_PART_STATE = {"enum": list(get_args(Part.__annotations__["state"]))}
_MADE = schemas([Evidence, Why, Guess])
# Which sighting of an order has come from whom is for nobody's eyes, nor what the desk compares their words by.
_HIDDEN = ("reporter", "gist", "content")
_PICTURES = listed(TEXT)
_SEEN = {name: field for name, field in _MADE["Evidence"]["properties"].items() if name not in _HIDDEN}
_SHOWN: Schema = {
    "type": "object",
    "required": ["kind", "source", "id", "at"],
    "properties": _SEEN | {"at": TIME, "seen_at": TIME},
}
_BY = shape("role", role=TEXT, department=TEXT, id=TEXT)
_TURN = shape(
    "department", "attempt", "binding", "from", "held_seconds", "held_work_seconds", "suspended_seconds", "misrouted",
    "reworks",
    department=NAMED, above=TEXT, attempt=COUNT, assists=listed(TEXT), binding=YES_OR_NO, **{"from": TIME}, to=TIME,
    ended_by=TEXT, accepted_at=TIME, handled_at=TIME, returned_at=TIME, accept_by=TIME, handle_by=TIME,
    held_seconds=NUMBER, held_work_seconds=NUMBER, suspended_seconds=NUMBER, misrouted=YES_OR_NO, reworks=COUNT,
    why=ref("Why"),
)  # fmt: skip

ORDERS: Mapping[str, Schema] = {
    "Corroboration": _MADE["Corroboration"],
    "Guess": _MADE["Guess"],
    "Why": _MADE["Why"],
    "Named": {
        "description": "A code of the city, with its names where the city has it still.",
        **shape("id", **NAMES),
    },
    "OrderLine": shape(
        "id", "state", "priority", "attempt", "opened_at", "supervision", "evidence_count", "link",
        id=TEXT, state=STATE, title=TEXT, area=NAMED, department=NAMED, category=NAMED, priority=COUNT, attempt=COUNT,
        address=TEXT, location=POINT, opened_at=TIME, last_at=TIME, due=TIME, overdue_at=TIME, supervision=COUNT,
        evidence_count=COUNT, probability=NUMBER, marks=listed({"enum": sorted(MARKS)}), link=LINK,
    ),
    "OrderList": shape(
        "complete", "partitions", "orders", "next",
        complete=YES_OR_NO, partitions=ref("Partitions"), total=COUNT, orders=listed(ref("OrderLine")),
        next=or_null(TEXT),
    ),
    "Order": shape(
        "id", "seq", "state", "status", "priority", "attempt", "location", "reporters", "opened_at", "supervision",
        "evidence", "zone",
        id=TEXT, seq=COUNT, state=STATE, status={"enum": ["open", "closed"]}, title=TEXT, text=TEXT, area=NAMED,
        department=NAMED, category=NAMED, condition=TEXT, priority=COUNT, attempt=COUNT,
        location=shape(lat=NUMBER, lon=NUMBER, address=TEXT),
        asset=shape("id", "kind", id=TEXT, kind=TEXT, name=TEXT, owner=NAMED),
        channel=TEXT, reporters=COUNT, opened_at=TIME, last_at=TIME, due=TIME, overdue_at=TIME, suspended_until=TIME,
        supervision=COUNT, inspector=TEXT,
        task=shape("what", "stage", "given_at", "due", unit=TEXT, what={"enum": ["verify", "check"]}, stage=_STAGE,
                   given_at=TIME, due=TIME),
        check_level=COUNT, call_back=YES_OR_NO, reminders=shape("count", "last", count=COUNT, last=DAY),
        limits=listed(shape("stage", "started_at", "due", "unit", stage=TEXT, department=TEXT, started_at=TIME,
                            due=TIME, unit=TEXT)),
        why=ref("Why"), guess=ref("Guess"),
        evidence=shape("count", "shown", count=COUNT, seen_again=COUNT, last_seen=TIME, shown=listed(_SHOWN)),
        timeline=listed(shape("seq", "fact", "at", "state", "by", "attempt", seq=COUNT, fact=TEXT, at=TIME,
                              state=STATE, by=_BY, department=TEXT, attempt=COUNT, note=TEXT,
                              evidence_urls=_PICTURES, after_seconds=NUMBER, after_work_seconds=NUMBER)),
        held_for=listed(NAMED), held_by=listed(_TURN),
        dispatching=listed(shape("stage", "from", "to", "seconds", stage=TEXT, **{"from": TIME}, to=TIME,
                                 seconds=NUMBER)),
        checks=listed(shape("at", "passed", at=TIME, passed=YES_OR_NO)),
        closings=listed(shape("at", "forced", "exempt", at=TIME, forced=YES_OR_NO, exempt=YES_OR_NO,
                              reopened_at=TIME)),
        part_of=TEXT,
        parts=listed(shape("name", "state", name=TEXT, state=_PART_STATE, category=NAMED, department=NAMED,
                           after=listed(TEXT), order=TEXT)),
        parent=TEXT, children=listed(TEXT), candidates=listed(TEXT), apart=listed(TEXT), linked=listed(TEXT),
        answers=listed(shape("at", at=TIME, satisfied=or_null(YES_OR_NO), satisfaction=or_null(COUNT))),
        judgements=listed(shape("at", "settled", at=TIME, settled=YES_OR_NO)),
        archived_at=TIME, quarantined=YES_OR_NO, zone=TEXT,
    ),
    "Sightings": shape(
        "sightings", "next", "without",
        sightings=listed(shape(
            "kind", "source", "at",
            kind={"enum": ["report", "detection", "silence"]}, source=TEXT, id=TEXT, at=TIME, since=TIME, camera=TEXT,
            algorithm=TEXT, label=TEXT, object_id=TEXT, phase=TEXT, confidence=NUMBER,
            bbox=listed(NUMBER), lat=NUMBER, lon=NUMBER, media_urls=_PICTURES,
        )),
        next=or_null(COUNT), without=listed(TEXT),
    ),
    "Moves": shape(
        "attempt", "moves",
        attempt=COUNT,
        moves=listed(shape(
            "action", "term", "roles", "fields", "note",
            action={"enum": sorted({row.action for row in TABLE})}, term=TEXT, roles=listed(TEXT),
            fields=listed(shape("name", "kind", "needed", name=TEXT, kind=TEXT, needed=YES_OR_NO,
                                choices=listed(NAMED), suggested=TEXT, texts=listed(TEXT), likely=listed(TEXT))),
            note=TEXT,
        )),
    ),
    "ReportedOrder": shape("report", "order", report=ref("EventName"), order=ref("OrderLine")),
    "Prefill": shape(
        location=POINT, area=NAMED,
        place=or_null(shape("name_zh", "name_en", "distance_m", name_zh=TEXT, name_en=TEXT, distance_m=COUNT)),
        assets=listed(shape("id", "kind", "name", "distance_m", id=TEXT, kind=TEXT, name=TEXT, owner=or_null(NAMED),
                            distance_m=COUNT)),
        orders=listed(shape("id", "state", "opened_at", "distance_m", id=TEXT, category=or_null(NAMED), state=STATE,
                            opened_at=TIME, distance_m=COUNT)),
        reporter=or_null(shape(
            "last", "channel", channel=TEXT,
            last=shape("at", "area", "address", "location", at=TIME, area=or_null(NAMED), address=TEXT,
                       location=or_null(POINT)),
        )),
    ),
}  # fmt: skip

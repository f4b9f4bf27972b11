"""An order as the gateway shows it: state, clocks, evidence, reasons, timeline, and who held it for how long."""

from collections.abc import Mapping
from typing import Any

import msgspec

from dispatcher.clocks import worktime
from dispatcher.order.lifecycle import STATE_TERMS
from dispatcher.order.row import (
    OPEN,
    Assignment,
    Closing,
    Entry,
    Order,
    Part,
    RunningLimit,
    Tally,
    Task,
    accept_by,
)
from models.city import City
from models.events import AssetRef, Evidence, Why
from models.events.vocabulary import BY_HASH
from models.inbox import Actor
from models.times import to_text
from streams.gateway.http.responses import moment, named
from streams.tables.marks import perhaps_same
from streams.tables.protocol import Brief, shortened

Document = dict[str, Any]
STATE_NAMES: Mapping[str, tuple[str, str]] = dict(STATE_TERMS.items())  # by the text that lines and answers hold


def line(brief: Brief, city: City, *, words: bool = True) -> Document:
    """One line of a list of orders; without `words` it leaves out what somebody has written, and where exactly it is:
    a report may join an order that somebody else has reported."""
    placed = words and brief.lat is not None
    return _without_empty(
        {
            "id": brief.id,
            "state": brief.state,
            "title": shortened(brief.title) if words else "",
            "area": named(city.areas.get(brief.area), brief.area),
            "department": named(city.departments.get(brief.department), brief.department),
            "category": named(city.categories.get(brief.category), brief.category),
            "priority": brief.priority,
            "attempt": brief.attempt,
            "address": brief.address if words else "",
            "location": {"lat": brief.lat, "lon": brief.lon} if placed else None,
            "opened_at": to_text(brief.opened_at),
            "last_at": to_text(brief.last_at),
            "due": moment(brief.due),
            "overdue_at": moment(brief.overdue_at),
            "supervision": brief.supervision,
            "evidence_count": brief.evidence_count,
            "probability": brief.sureness / 1000 if brief.state == "review" and brief.sureness else None,
            "marks": brief.marks,
            "link": f"/orders/{brief.id}",
        }
    )


def document(order: Order, tally: Tally | None, city: City, now: int, *, names_people: bool = True) -> Document:
    """The whole order. Reporters are counted, never named, and who works on it only where `names_people`. `now` (ms
    UTC) measures what still runs."""
    return _without_empty(
        {
            "id": order.id,
            "seq": order.seq,
            "state": order.state,
            "status": "open" if order.state in OPEN else "closed",
            "title": order.title,
            "text": order.text,
            "area": named(city.areas.get(order.area), order.area),
            "department": named(city.departments.get(order.department), order.department),
            "category": named(city.categories.get(order.category), order.category),
            "condition": order.condition,
            "priority": order.priority,
            "attempt": order.attempt,
            "location": _without_empty({"lat": order.lat, "lon": order.lon, "address": order.address}),
            "asset": None if order.asset is None else _asset(order.asset, city),
            "channel": order.channel,
            "reporters": len(order.reporters),
            "opened_at": to_text(order.opened_at),
            "last_at": to_text(order.last_at),
            "due": moment(order.due),
            "overdue_at": moment(order.overdue_at),
            "suspended_until": moment(order.suspended_until),
            "supervision": order.supervision,
            "inspector": order.inspector if names_people else "",
            "task": None if order.task is None else _task(order.task, names_people),
            "check_level": order.check_level or None,
            "call_back": order.call_back or None,
            "reminders": _reminders(order),
            "limits": [_limit(each) for each in order.limits],
            "why": None if not order.assignments else _why(order.assignments[-1].why),
            "guess": None if order.guess is None or order.blind else msgspec.to_builtins(order.guess),
            "evidence": _sightings(order, tally),
            "timeline": [
                _step(entry, None if before is None else before.at, city, names_people)
                for before, entry in zip((None, *order.timeline), order.timeline, strict=False)
            ],
            "held_for": [named(city.departments.get(turn.department), turn.department) for turn in order.held_for]
            or None,
            "held_by": [_turn(turn, order, city, now) for turn in _in_turn(order)],
            "dispatching": [
                {"stage": x.stage, "from": to_text(x.since), "to": to_text(x.at), "seconds": (x.at - x.since) / 1000}
                for x in order.dispatches
            ],
            "checks": [{"at": to_text(x.at), "passed": x.passed} for x in order.checks],
            "closings": [_closing(each) for each in order.closings],
            "part_of": order.part_of,
            "parts": [_part(part, city) for part in order.parts] or None,
            "parent": order.parent,
            "children": order.children,
            "candidates": perhaps_same(order),
            "apart": order.apart,
            "linked": order.linked,
            "answers": [
                {"at": to_text(x.at), "satisfied": x.satisfied, "satisfaction": x.satisfaction} for x in order.answers
            ],
            "judgements": [{"at": to_text(x.at), "settled": x.settled} for x in order.judgements] or None,
            "archived_at": moment(order.archived_at),
            "quarantined": order.quarantined,
            "zone": city.zone.key,
        }
    )


def _reminders(order: Order) -> Document | None:
    """On how many days reporters have reminded of it 催办, and the last one."""
    if not order.reminded_on:
        return None
    year, day = divmod(order.reminded_on[-1], 10_000)
    return {"count": len(order.reminded_on), "last": f"{year}-{day // 100:02}-{day % 100:02}"}


def _task(task: Task, names_people: bool) -> Document:
    """What a mobile unit is to look at, how far it has come, and when it must have taken the next step; which unit
    where its people may be named."""
    shown = {"unit": task.unit} if names_people else {}
    return {
        **shown,
        "what": task.what,
        "stage": task.stage,
        "given_at": to_text(task.given_at),
        "due": to_text(task.due),
    }


def _asset(asset: AssetRef, city: City) -> Document:
    """The asset that an order is at 部件, with its name and owner where the register has it still."""
    known = city.assets.get(asset.id)
    owner = None if known is None else named(city.departments.get(known.owner), known.owner)
    return _without_empty({"id": asset.id, "kind": asset.kind, "name": known.name if known else "", "owner": owner})


def _part(part: Part, city: City) -> Document:
    """A part of a joint order: whose it is and how it stands; one that waits names what it waits for."""
    return _without_empty(
        {
            "name": part.name,
            "state": part.state,
            "category": named(city.categories.get(part.category), part.category),
            "department": named(city.departments.get(part.department), part.department),
            "after": part.after,
            "order": part.order,
        }
    )


def _in_turn(order: Order) -> tuple[Assignment, ...]:
    """All turns, that of whoever has the order last, behind those of the departments that handed it down."""
    return (*order.assignments[:-1], *order.held_for, *order.assignments[-1:])


def _turn(turn: Assignment, order: Order, city: City, now: int) -> Document:
    """One department's turn: how long it has had the order, by the wall clock and in working time."""
    until = turn.handled_at if turn.ended_at is None else turn.ended_at
    if until is None and order.closings and order.state not in OPEN:
        until = order.closings[-1].at
    standing = order.suspended_at if until is None and turn in (*order.held_for, order.assignments[-1]) else None
    end = until if until is not None else standing if standing is not None else now
    wall = turn.held_ms if turn.held_ms is not None else turn.handled_ms
    work = turn.held_work_ms if turn.held_work_ms is not None else turn.handled_work_ms
    if wall is None:
        wall = max(end - turn.at - turn.suspended_ms, 0)
    if work is None:
        work = max(worktime.diff(city.calendar, turn.at, end) - turn.suspended_work_ms, 0)
    return _without_empty(
        {
            "department": named(city.departments.get(turn.department), turn.department),
            "above": turn.above,
            "attempt": turn.attempt,
            "assists": turn.assists,
            "binding": turn.binding,
            "from": to_text(turn.at),
            "to": moment(until),
            "ended_by": turn.ended_by,
            "accepted_at": moment(turn.accepted_at),
            "handled_at": moment(turn.handled_at),
            "returned_at": moment(turn.returned_at),
            "accept_by": moment(accept_by(order) if turn is order.assignments[-1] else turn.accept_due),
            "handle_by": moment(turn.handle_due),
            "held_seconds": wall / 1000,
            "held_work_seconds": work / 1000,
            "suspended_seconds": (turn.suspended_ms + (0 if standing is None else now - standing)) / 1000,
            "misrouted": turn.misrouted,
            "reworks": turn.reworks,
            "why": _why(turn.why),
        }
    )


def _limit(limit: RunningLimit) -> Document:
    return _without_empty(
        {
            "stage": limit.stage,
            "department": limit.department,
            "started_at": to_text(limit.started_at),
            "due": to_text(limit.due),
            "unit": limit.unit,
        }
    )


def _closing(closing: Closing) -> Document:
    return _without_empty(
        {
            "at": to_text(closing.at),
            "forced": closing.forced,
            "exempt": closing.exempt,
            "reopened_at": moment(closing.reopened_at),
        }
    )


def _step(entry: Entry, before: int | None, city: City, names_people: bool) -> Document:
    """One step of the timeline; `before` is when the one before it was."""
    return _without_empty(
        {
            "seq": entry.seq,
            "fact": entry.fact,
            "at": to_text(entry.at),
            "state": entry.state,
            "by": _actor(entry.actor, names_people),
            "department": entry.department,
            "attempt": entry.attempt,
            "note": entry.note,
            "evidence_urls": entry.evidence_urls,
            **_since(before, entry.at, city),
        }
    )


def _since(before: int | None, at: int, city: City) -> Document:
    """How long after the step before it one came, by the wall clock and in working time; nothing for the first one,
    and for one that is dated before it."""
    if before is None or at < before:
        return {}
    return {
        "after_seconds": (at - before) / 1000,
        "after_work_seconds": max(worktime.diff(city.calendar, before, at), 0) / 1000,
    }


def _actor(actor: Actor, names_people: bool) -> Document:
    """Who took a step; of a reporter, and of a citizen of the pool, only that it was one."""
    shown = _without_empty(msgspec.to_builtins(actor))
    if actor.role in BY_HASH or not names_people:
        shown.pop("id", None)
    return shown


def _sightings(order: Order, tally: Tally | None) -> Document:
    """How many there are, the first and the last of them, and how often cameras have seen it again."""
    last = [seen for seen in order.evidence_last if seen not in order.evidence_first]
    return _without_empty(
        {
            "count": order.evidence_count,
            "seen_again": None if tally is None else tally.sightings,
            "last_seen": None if tally is None else to_text(tally.last_seen),
            "shown": [_evidence(seen) for seen in (*order.evidence_first, *last)],
        }
    )


def _evidence(seen: Evidence) -> Document:
    shown = msgspec.to_builtins(seen)
    shown.pop("reporter", None)
    shown.pop("gist", None)
    shown.pop("content", None)
    return _without_empty(shown | {"at": to_text(seen.at), "seen_at": moment(seen.seen_at)})


def _why(why: Why | None) -> Document | None:
    return None if why is None else _without_empty(msgspec.to_builtins(why))


def _without_empty(fields: Document) -> Document:
    return {name: value for name, value in fields.items() if value is not None and value != "" and value != ()}

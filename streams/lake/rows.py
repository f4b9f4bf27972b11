"""Facts, orders and figures as rows of the lake."""

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from dispatcher.figures.figure_row import FigureRow, parse_key
from dispatcher.order import facts
from dispatcher.order.facts import Fact, UpdateRefused
from dispatcher.order.row import Order
from models.times import day_number, local_day

Row = dict[str, object]
_PERSONAL = "actor"  # the dimension of people


def fact_row(partition: int, offset: int, fact: Fact | UpdateRefused, zone: ZoneInfo) -> Row:
    """A record of the log."""
    return {
        "partition": partition,
        "offset": offset,
        "order_id": fact.order_id,
        "seq": None if isinstance(fact, UpdateRefused) else fact.seq,
        "fact": "update-refused" if isinstance(fact, UpdateRefused) else facts.NAMES[type(fact)],
        "state": fact.state or None,
        "at": fact.at,
        "recorded_at": fact.recorded_at,
        "day": _day(fact.at, zone),
        "role": fact.actor.role or None,
        "actor_department": fact.actor.department or None,
        "reason": fact.reason if isinstance(fact, UpdateRefused) else None,
    }


def assignment_rows(partition: int, offset: int, fact: Fact | UpdateRefused, zone: ZoneInfo) -> Iterable[Row]:
    """The assignment that a record begins, if any: a department has the order from here on, by dispatching 派单 or
    handed down by another 转办."""
    if not isinstance(fact, facts.Assigned | facts.Forwarded):
        return
    dispatched = fact if isinstance(fact, facts.Assigned) else None
    yield {
        "partition": partition,
        "offset": offset,
        "order_id": fact.order_id,
        "attempt": fact.attempt,
        "department": fact.department,
        "above": fact.above if isinstance(fact, facts.Forwarded) else None,
        "category": dispatched and (dispatched.category or None),
        "priority": dispatched and dispatched.priority,
        "at": fact.at,
        "day": _day(fact.at, zone),
        "accept_by": None if fact.accept is None else fact.accept.due,
        "handle_by": None if fact.handle is None else fact.handle.due,
        "decided_by": fact.why.by,
        "rule": fact.why.rule or None,
        "model": fact.why.model or None,
        "probability": fact.why.probability,
    }


def order_row(partition: int, order: Order) -> Row:
    """An order as it stands."""
    standing = [closing.at for closing in order.closings if closing.reopened_at is None]
    return {
        "partition": partition,
        "order_id": order.id,
        "seq": order.seq,
        "state": order.state,
        "kind": order.kind,
        "channel": order.channel or None,
        "area": order.area,
        "lat": order.lat,
        "lon": order.lon,
        "category": order.category or None,
        "department": order.department or None,
        "priority": order.priority,
        "attempt": order.attempt,
        "reports": order.evidence_count,
        "opened_at": order.opened_at,
        "last_at": order.last_at,
        "due": order.due,
        "overdue_at": order.overdue_at,
        "closed_at": standing[-1] if standing else None,
        "archived": order.archived_at is not None,
        "part_of": order.part_of or None,
        "asset": order.asset and order.asset.id,
    }


def figure_rows(rows: Mapping[str, FigureRow]) -> Iterable[Row]:
    """The figures by their Kafka keys, but for those of people."""
    for key, row in sorted(rows.items()):
        dimension, name, day, partition = parse_key(key)
        if dimension == _PERSONAL:
            continue
        at: Row = {"partition": partition, "dimension": dimension, "key": name, "day": day}
        for figure, count in row.counters.items():
            yield {**at, "figure": figure, "count": count, "total_ms": None}
        for figure, sketch in row.sketches.items():
            yield {**at, "figure": figure, "count": sketch.count, "total_ms": sketch.total}


def _day(at: int, zone: ZoneInfo) -> int:
    return day_number(local_day(at, zone))

"""What the desk tells departments, mobile units, cameras and platforms above of an order: what to do, and what has
changed for them."""

from msgspec.structs import replace

from dispatcher.order import facts, wire
from dispatcher.order.chain import confirmer
from dispatcher.order.facts import Fact
from dispatcher.order.row import Assignment, Order, accept_by, handled_with, kept_evidence
from dispatcher.order.upward import stage, stage_joined
from dispatcher.partition.decision import Outgoing
from models.events import (
    ASSIGNMENT,
    RECHECK,
    REWORK,
    STEP_BELOW,
    TASK,
    TASK_WITHDRAWAL,
    UPWARD_STEP,
    WITHDRAWAL,
    AssignmentMessage,
    Deadlines,
    Evidence,
    OrderLocation,
    RecheckMessage,
    ReworkMessage,
    StepBelowMessage,
    TaskMessage,
    TaskWithdrawalMessage,
    UpwardStepMessage,
    Why,
    WithdrawalMessage,
)
from models.events.above import order_named

Assigning = facts.Assigned | facts.Forwarded | facts.ReturnRefused
Failing = facts.Checked | facts.Confirmed


def assignment(order: Order, fact: Assigning | Failing) -> list[Outgoing]:
    """The assignment as the lead gets it and, marked so, each assist. A hub gets it anew when a check has failed."""
    turn = order.assignments[-1]
    message = AssignmentMessage(
        order_id=order.id,
        seq=fact.seq,
        attempt=order.attempt,
        at=fact.at,
        role="lead",
        lead=turn.department,
        assists=turn.assists,
        binding=turn.binding,
        category=order.category,
        condition=order.condition,
        priority=order.priority,
        title=order.title,
        text=order.text,
        location=_location(order),
        evidence=tuple(map(_as_told, kept_evidence(order))),
        due=Deadlines(accept_by=accept_by(order), handle_by=turn.handle_due),
        why=_why(fact),
        held_for=tuple(above.department for above in order.held_for),
    )
    return _to_holders(turn, ASSIGNMENT, order.id, fact, wire.encode(message))


def _why(fact: Assigning | Failing) -> Why:
    match fact:
        case facts.ReturnRefused():
            return Why(by="dispatcher", note=fact.reason)
        case facts.Checked() | facts.Confirmed():
            return Why(by="rework", note=fact.note)
    return fact.why


def _location(order: Order) -> OrderLocation:
    return OrderLocation(lat=order.lat, lon=order.lon, address=order.address, area=order.area, asset=order.asset)


def _as_told(seen: Evidence) -> Evidence:
    """What is compared of the words is the desk's affair."""
    return seen if seen.gist is None else replace(seen, gist=None)


def rework(order: Order, fact: Failing) -> list[Outgoing]:
    """What a failed check, also by a department above, asks of the lead and, marked so, of each assist."""
    turn = order.assignments[-1]
    message = ReworkMessage(
        order_id=order.id,
        seq=fact.seq,
        attempt=order.attempt,
        at=fact.at,
        role="lead",
        lead=turn.department,
        assists=turn.assists,
        reason=fact.note,
        evidence_urls=fact.evidence_urls,
        reworks=turn.reworks,
        due=Deadlines(accept_by=accept_by(order), handle_by=turn.handle_due),
    )
    return _to_holders(turn, REWORK, order.id, fact, wire.encode(message))


def _to_holders(turn: Assignment, ce_type: str, order_id: str, fact: Fact, value: bytes) -> list[Outgoing]:
    """A message as the lead gets it, and the same for each assist, but for its role."""
    event_id = facts.ce_id(fact)
    sent = [_to_department(turn.department, ce_type, f"{event_id}/lead", order_id, fact.at, value)]
    # An assist's differs in one word. Inside a text each quotation mark follows a backslash: this is the field.
    assisting = value.replace(b'"role":"lead"', b'"role":"assist"', 1) if turn.assists else b""
    sent.extend(
        _to_department(assist, ce_type, f"{event_id}/{assist}", order_id, fact.at, assisting)
        for assist in turn.assists
        if assist != turn.department
    )
    return sent


def steps_below(before: Order | None, order: Order, fact: Fact) -> list[Outgoing]:
    """A step of an order that was handed down, for each department above that is, or was until now, accountable."""
    told = {turn.department: turn for turn in (*(before.held_for if before else ()), *order.held_for)}
    next_to_confirm = confirmer(order) if order.state == "handled" else ""
    return [
        _to_department(
            department,
            STEP_BELOW,
            f"{facts.ce_id(fact)}/{department}/below",  # the same step may take the order from it: an event of its own
            order.id,
            fact.at,
            wire.encode(
                StepBelowMessage(
                    order_id=order.id,
                    seq=fact.seq,
                    attempt=order.attempt,
                    at=fact.at,
                    kind=facts.NAMES[type(fact)],
                    state=order.state,
                    department=order.department,
                    confirm=department == next_to_confirm,
                    note=facts.note(fact),
                    evidence_urls=getattr(fact, "evidence_urls", ()),
                    due=Deadlines(accept_by=turn.accept_due, handle_by=turn.handle_due),
                )
            ),
        )
        for department, turn in told.items()
    ]


def upward_step(order: Order, fact: Fact, report: tuple[str, str], before: Order | None) -> Outgoing:
    """A step of an order for the platform above that has reported it; `before` is the order as that knows it, None
    where the report has joined it with this step."""
    source, report_id = report
    now = stage_joined(order) if before is None else stage(order)
    evidence: tuple[str, ...] = getattr(fact, "evidence_urls", ())
    if now == "done" and not evidence and before is not None and before.state == "handled":  # else it was not handled
        evidence = handled_with(order)
    message = UpwardStepMessage(
        source=source,
        id=report_id,
        order_id=order.id,
        seq=fact.seq,
        at=fact.at,
        kind=facts.NAMES[type(fact)],
        state=order.state,
        before=None if before is None else stage(before),
        stage=now,
        department=order.department,
        note=facts.note(fact),
        evidence_urls=evidence,
        until=fact.until if isinstance(fact, facts.Suspended) else None,
        was_suspended=any(entry.fact == facts.NAMES[facts.Suspended] for entry in order.timeline),
    )
    headers = wire.headers(UPWARD_STEP, f"{facts.ce_id(fact)}/{source}/{report_id}", order.id, fact.at)
    return Outgoing("upward", order_named(report_id), wire.encode(message), headers)


def withdrawal(order: Order, fact: Fact, department: str, attempt: int, is_hub: bool) -> Outgoing:
    """The order is no longer this department's. A hub keeps nothing by which it would know where that was."""
    message = WithdrawalMessage(
        order_id=order.id,
        seq=fact.seq,
        attempt=attempt,
        at=fact.at,
        reason=facts.NAMES[type(fact)],
        location=_location(order) if is_hub else None,
    )
    event_id = f"{facts.ce_id(fact)}/{department}"
    return _to_department(department, WITHDRAWAL, event_id, order.id, fact.at, wire.encode(message))


def recheck(order: Order, fact: facts.RecheckRequested) -> Outgoing:
    """What a camera is asked. Under the camera's id as key: what one of them is asked stays in its order."""
    message = RecheckMessage(
        order_id=order.id,
        seq=fact.seq,
        attempt=order.attempt,
        at=fact.at,
        due=fact.due,
        camera=fact.camera,
        source=fact.source,
        label=fact.label,
        algorithm=fact.algorithm,
        object_id=fact.object_id,
        bbox=fact.bbox,
        category=order.category,
        media_urls=fact.media_urls,
    )
    event_id = f"{facts.ce_id(fact)}/{fact.camera}"
    headers = wire.headers(RECHECK, event_id, order.id, fact.at)
    return Outgoing("rechecks", fact.camera, wire.encode(message), headers)


def task(order: Order, fact: facts.TaskGiven) -> Outgoing:
    """What a mobile unit is to look at."""
    message = TaskMessage(
        order_id=order.id,
        seq=fact.seq,
        attempt=order.attempt,
        at=fact.at,
        unit=fact.unit,
        what=fact.what,
        accept_by=fact.due,
        distance_m=fact.distance_m,
        category=order.category,
        priority=order.priority,
        title=order.title,
        text=order.text,
        location=_location(order),
        evidence=tuple(map(_as_told, kept_evidence(order))),
    )
    return _to_unit(fact.unit, TASK, fact, wire.encode(message))


def task_withdrawal(order: Order, fact: Fact, unit: str) -> Outgoing:
    """The unit need not look any more."""
    reason = facts.NAMES[type(fact)]
    message = TaskWithdrawalMessage(order_id=order.id, seq=fact.seq, at=fact.at, unit=unit, reason=reason)
    return _to_unit(unit, TASK_WITHDRAWAL, fact, wire.encode(message))


def _to_unit(unit: str, ce_type: str, fact: Fact, value: bytes) -> Outgoing:
    headers = wire.headers(ce_type, f"{facts.ce_id(fact)}/{unit}", fact.order_id, fact.at)
    return Outgoing(f"tasks/{unit}", fact.order_id, value, headers)


def refusal(fact: facts.UpdateRefused, topic: str) -> Outgoing:
    """The refusal of what somebody with a topic of their own has sent, the same event as in the log."""
    _, headers, value = facts.to_wire(fact)
    return Outgoing(topic, fact.order_id, value, headers)


def _to_department(department: str, ce_type: str, event_id: str, order_id: str, at: int, value: bytes) -> Outgoing:
    return Outgoing(f"assignments/{department}", order_id, value, wire.headers(ce_type, event_id, order_id, at))

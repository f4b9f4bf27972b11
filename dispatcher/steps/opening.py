"""Opening 立案: the founding sighting becomes an order, later ones join it as evidence."""

from msgspec.structs import replace

from dispatcher.clocks import limits
from dispatcher.order import facts
from dispatcher.order.row import Order
from dispatcher.partition import identity, index
from dispatcher.partition.unit_of_work import DESK, Work
from dispatcher.steps import dispatching
from models.events import Evidence
from models.inbox import Sighting, Update


def found(work: Work, seen: Sighting, candidate: Order | None = None, owner: str = "") -> Order:
    """Open an order with its founding sighting and dispatch it."""
    city = work.city
    at = min(seen.at, work.clock)
    order_id = identity.order_id(seen.area, work.day_number(at), seen.source, seen.id)
    if (there := work.order(order_id)) is not None:  # its identity was forgotten, the order was not
        return join(work, there, seen, "same-identity")
    target = dispatching.routed(work, seen, at)
    if owner in city.departments:
        target = replace(target, department=owner, assists=(), review="")
    if seen.due_given:
        whole = limits.given(city, at, seen.due) if seen.due is not None else None
    else:
        whole = limits.stamp(city, "whole", at, target.category, target.condition)
    order = work.emit(
        order_id,
        facts.Opened,
        at,
        DESK,
        state="review",
        area=seen.area,
        day=work.day_number(at),
        pack=city.digest,
        evidence=evidence(seen),
        title=seen.title,
        place=seen.place,
        hint=seen.hint,
        due_given=seen.due_given,
        whole=whole,
        fingerprint=index.fingerprint(seen),
        report_key=_report_key(seen),
    )
    order = dispatching.dispatch(work, order, seen, target)
    if candidate is not None:
        order = work.emit(order, facts.Linked, at, DESK, other=candidate.id)
    return order


def succeed(work: Work, update: Update, at: int) -> Order:
    """Open a new order in review, linked to the archived one that an operator wants reopened; the reason is its text.

    The desk has forgotten what the archived order was about: the reviewer finds it under the link.
    """
    area = identity.area_of(update.order_id)
    order = work.emit(
        # A blank is in no source of a report: no report can found an order with this id.
        identity.order_id(area, work.day_number(at), f"{update.source} {update.order_id}", update.id),
        facts.Opened,
        at,
        update.by,
        state="review",
        area=area,
        day=work.day_number(at),
        pack=work.city.digest,
        evidence=Evidence(
            kind="report", source=update.source, id=update.id, at=at, text=update.reason, channel="reopening"
        ),
        linked=update.order_id,
    )
    return dispatching.to_review(work, order, "reopened", at, update.by)


def join(work: Work, order: Order, seen: Sighting, rule: str, distance_m: float | None = None) -> Order:
    """Keep a sighting with an order as evidence; `rule` says why it was taken for the same incident."""
    work.book("merged", seen.at, seen.area, order.category)
    return work.emit(
        order,
        facts.EvidenceAdded,
        seen.at,
        DESK,
        evidence=evidence(seen, distance_m, rule),
        day=work.day_number(seen.at),
        fingerprint=index.fingerprint(seen),
        report_key=_report_key(seen),
    )


def evidence(seen: Sighting, distance_m: float | None = None, rule: str = "") -> Evidence:
    """A sighting as it is kept with its order."""
    return Evidence(
        kind=seen.kind,
        source=seen.source,
        id=seen.id,
        at=seen.at,
        text=seen.text,
        channel=seen.channel,
        reporter=seen.reporter,
        lat=seen.lat,
        lon=seen.lon,
        address=seen.address,
        media_urls=seen.media_urls,
        camera=seen.camera,
        label=seen.label,
        algorithm=seen.algorithm,
        object_id=seen.object_id,
        confidence=seen.confidence,
        distance_m=None if distance_m is None else round(distance_m, 1),
        rule=rule,
    )


def _report_key(seen: Sighting) -> str:
    return identity.report_key(seen.source, seen.id) if seen.kind == "report" else ""

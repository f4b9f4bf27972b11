"""Opening 立案: the founding sighting becomes an order, later ones join it as evidence."""

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from dispatcher.clocks import limits
from dispatcher.order import facts
from dispatcher.order.lifecycle import ACTIONS
from dispatcher.order.row import Order, RunningLimit, kept_evidence
from dispatcher.partition import identity, index
from dispatcher.partition.unit_of_work import DESK, UnitOfWork
from dispatcher.steps import dispatching
from dispatcher.steps.routing import Route, routed
from dispatcher.units import tasking
from models.city import URGENT, Asset, City
from models.events import COVERED, AssetRef, Evidence
from models.inbox import InboxUpdate, Sighting

NAMED = 3  # orders to which a new one is linked
STORM = f"{COVERED}storm"  # how evidence says that a storm covers it
NAMED_BY = 20  # links of a kind that an order gathers in all: each stands in its row


def open_order(
    work: UnitOfWork,
    sighting: Sighting,
    candidates: Sequence[Order] = (),
    owner: str = "",
    *,
    unverified: bool = False,
    urgent: bool = False,
    reject: str = "",
) -> Order:
    """Open an order with its founding sighting and dispatch it; its new row. The first of the candidates and the new
    order name each other, so that whoever looks at either sees both. `owner` gets it, whatever the tables say; one that
    is `unverified` goes to a person first, and to a mobile unit where one is free 核实; one that is `urgent` has
    priority 1. With `reject`, why, it ends at once, and nobody gets it 不予立案. Where the sighting has opened an order
    before, it joins that."""
    city = work.city
    at = min(sighting.at, work.clock)
    day = work.day_number(at)
    order_id = _id_for(work, sighting, day)
    there = work.order(order_id)
    if there is not None:  # the sighting's identity was forgotten, the order was not
        return join(work, there, sighting, "same-identity")
    target = routed(city, sighting, at)
    if owner in city.departments:
        target = replace(target, department=owner, assists=(), review="")
    if unverified and target.department:
        target = replace(target, department="", assists=(), review="unverified")
    if urgent:
        target = replace(target, priority=URGENT, priority_stays=True)
    if reject:
        target = replace(target, department="", assists=(), review="", reject=reject)
    order = work.emit(
        facts.Opened(
            **work.head(order_id, at, DESK, "review"),
            area=sighting.area,
            day=day if sighting.seen_at is None else work.day_seen(sighting),
            pack=city.digest,
            evidence=evidence(sighting),
            title=sighting.title,
            place=sighting.place,
            hint=sighting.hint,
            due_given=sighting.due_given,
            whole=_whole_limit(city, sighting, at, target),
            fingerprint=index.fingerprint(sighting),
            report_key=_report_key(sighting),
            asset=_ref(
                city.assets.get(sighting.asset) or city.asset_at_fault(target.category, "", sighting.lat, sighting.lon)
            ),
        )
    )
    order = dispatching.dispatch(work, order, sighting, target)
    order = tasking.look_at(work, order, unverified=unverified)
    for other in list({one.id: one for one in candidates}.values())[:NAMED]:
        order = link(work, order, other, at)
    return order


def _id_for(work: UnitOfWork, sighting: Sighting, day: int) -> str:
    """The id of the order that a sighting opens on a local day, or has opened."""
    order_id = identity.order_id(sighting.area, day, sighting.source, sighting.id)
    there = work.order(order_id)
    if there is None or identity.is_kept(sighting, kept_evidence(there)):
        return order_id
    # A device that begins to count anew has used its id for something else that day. A line break is in no id.
    return identity.order_id(sighting.area, day, sighting.source, f"{sighting.id}\n{sighting.at}")


def _whole_limit(city: City, sighting: Sighting, at: int, target: Route) -> RunningLimit | None:
    """The limit of an order that is opened at `at`: what its report has brought along, be it none, else the city's."""
    if not sighting.due_given:
        return limits.stamp(city, "whole", at, target.category, target.condition, target.priority)
    return None if sighting.due is None else limits.given(city, at, sighting.due)


def link(
    work: UnitOfWork, order: Order, other: Order, at: int, kind: Literal["candidate", "related"] = "candidate"
) -> Order:
    """Have two orders name each other: as candidates that may be one incident, or as related over a border. One that
    has gathered enough of a kind names no more; nor do candidates of which a person has said that they are not."""
    if kind == "candidate" and are_apart(order, other):
        return order
    for one, named in ((order, other), (other, order)):
        if len(one.candidates if kind == "candidate" else one.linked) < NAMED_BY:
            work.emit(facts.Linked(**work.head(one, at, DESK), other=named.id, kind=kind))
    return work.order(order.id) or order


def may_name(order: Order, other_id: str) -> bool:
    """Whether an order would name one that is related to it: not where it does already, or names as many as it may."""
    return other_id not in order.linked and len(order.linked) < NAMED_BY


def are_apart(one: Order, other: Order) -> bool:
    """Whether a person has said that two orders are not the same 非同一事: it stands with both, or with one of them
    where the other had left the desk or, in older logs, had ended."""
    return other.id in one.apart or one.id in other.apart


def succeed(work: UnitOfWork, update: InboxUpdate, at: int) -> Order:
    """Open a new order in review, linked to the archived one that an operator wants reopened; the reason is its text.

    The desk has forgotten what the archived order was about: the reviewer finds it under the link.
    """
    area, day = identity.area_of(update.order_id), work.day_number(at)
    # A blank is in no source of a report: no report can found an order with this id.
    order_id = identity.order_id(area, day, f"{update.source} {update.order_id}", update.id)
    order = work.emit(
        facts.Opened(
            **work.head(order_id, at, update.by, "review"),
            area=area,
            day=day,
            pack=work.city.digest,
            evidence=Evidence(
                kind="report", source=update.source, id=update.id, at=at, text=update.reason, channel="reopening"
            ),
            linked=update.order_id,
        )
    )
    return dispatching.to_review(work, order, "reopened", at, update.by)


def join(work: UnitOfWork, order: Order, sighting: Sighting, rule: str, distance_m: float | None = None) -> Order:
    """Keep a sighting with an order as evidence; `rule` says why it was taken for the same incident, or that a parent
    incident covers it, which it is part of only as long as that does."""
    work.book("merged", sighting.at, sighting.area, order.category)
    known = index.fingerprint(sighting)
    order = work.emit(
        facts.EvidenceAdded(
            **work.head(order, sighting.at, DESK),
            evidence=evidence(sighting, distance_m, rule),
            day=work.day_seen(sighting),
            fingerprint=index.covered_by(order.category, known) if rule.startswith(COVERED) else known,
            report_key=_report_key(sighting),
            asset=_ref(work.city.assets.get(sighting.asset)),
        )
    )
    return raised(work, order, sighting.at)


def raised(work: UnitOfWork, order: Order, at: int) -> Order:
    """An order that many have seen becomes as urgent as the city's table says 升级, unless a person has set how urgent
    it is."""
    if (
        not work.city.raises.rows
        or order.priority_by not in ("", DESK.role)
        or order.state not in ACTIONS["prioritise"][0].sources
    ):
        return order
    seen_by = _seen_by(order)
    priority = work.city.raises.find(order.category, seen_by)
    if priority is None or priority >= order.priority:
        return order
    return dispatching.prioritise(work, order, priority, f"seen by {seen_by}", at, DESK)


def shows_another(one: Evidence) -> bool:
    """Whether evidence is of something that a parent incident covers, and not of that itself; what a storm covers is
    the storm."""
    return one.rule.startswith(COVERED) and one.rule != STORM


def _seen_by(order: Order) -> int:
    """How many reporters and cameras have seen an order's incident, as far as its row names them. What it covers as a
    parent incident is something else; what a storm covers is the storm."""
    kept = kept_evidence(order)
    own = [each for each in kept if not shows_another(each)]
    # Of the reporters of one that covers something, only the kept sightings tell who has seen the incident itself.
    reporters = order.reporters if len(own) == len(kept) else {each.reporter for each in own if each.reporter}
    return len(reporters) + len({each.camera for each in own if each.camera})


def evidence(sighting: Sighting, distance_m: float | None = None, rule: str = "") -> Evidence:
    """A sighting as it is kept with its order."""
    return Evidence(
        kind=sighting.kind,
        source=sighting.source,
        id=sighting.id,
        at=sighting.at,
        text=sighting.text,
        channel=sighting.channel,
        reporter=sighting.reporter,
        lat=sighting.lat,
        lon=sighting.lon,
        address=sighting.address,
        media_urls=sighting.media_urls,
        camera=sighting.camera,
        label=sighting.label,
        algorithm=sighting.algorithm,
        object_id=sighting.object_id,
        bbox=sighting.bbox,
        confidence=sighting.confidence,
        distance_m=None if distance_m is None else round(distance_m, 1),
        rule=rule,
        content=sighting.content,
        gist=sighting.gist,
        seen_at=sighting.seen_at,
    )


def _ref(asset: Asset | None) -> AssetRef | None:
    return None if asset is None else AssetRef(asset.id, asset.kind)


def _report_key(sighting: Sighting) -> str:
    return identity.report_key(sighting.source, sighting.id) if sighting.kind == "report" else ""

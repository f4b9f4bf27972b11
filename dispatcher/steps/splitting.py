"""Splitting 拆分: a report that was wrongly taken for part of an order becomes an order of its own."""

from dispatcher.order import facts
from dispatcher.order.row import Order
from dispatcher.partition import identity
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps import dispatching
from models.events import Evidence
from models.inbox import Actor


def split(work: UnitOfWork, order: Order, report: Evidence, reason: str, at: int, actor: Actor) -> Order:
    """Release one joined report from an order and open a new one for it, in review, with its own citizen clock.

    Returns the order that it was part of. Where the new order's id is taken (the report was split off once before),
    nothing is opened a second time.
    """
    seen_on, report_key = work.day_seen(report), identity.report_key(report.source, report.id)
    own = identity.order_id(identity.area_of(order.id), work.day_number(report.at), report.source, report.id)
    order = work.emit(
        facts.Released(
            **work.head(order, at, actor),
            child=own,
            evidence=(report.source, report.id),
            report_key=report_key,
            day=seen_on,
        )
    )
    if work.order(own) is None:
        opened = work.emit(
            facts.Opened(
                **work.head(own, report.at, actor, "review"),
                area=order.area,
                day=seen_on,
                pack=work.city.digest,
                evidence=report,
                report_key=report_key,
                linked=order.id,
            )
        )
        dispatching.to_review(work, opened, reason or "split", at, actor)
    return order

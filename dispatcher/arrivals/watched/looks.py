"""Looks 复看: what a camera sees by itself of an order for whose check it has been asked.

That it reports the end of what it had seen passes the check; that it sees the incident again fails it. What it had seen
before it was asked says nothing, however late it comes.
"""

from dispatcher.arrivals.covered import covering
from dispatcher.arrivals.merging import certain_category
from dispatcher.order.chain import answered
from dispatcher.order.row import Order, Recheck
from dispatcher.partition.telling.outcomes import Disposition
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps import joint
from dispatcher.steps.checks import rechecking
from models.inbox import Actor, Sighting


def look(work: UnitOfWork, sighting: Sighting, became: Disposition) -> None:
    """Take what has just been seen, and became of, for the look that its camera was asked for, if it was."""
    order = work.order(became.order_id) if became.word in ("order", "repeat") else None
    recheck = None if order is None else order.recheck
    if order is None or recheck is None or recheck.found or not answered(order):
        return
    if sighting.camera != recheck.camera or sighting.at <= recheck.asked_at:
        return
    ended = sighting.phase == "end"
    # Of several things that it sees there, the end of another one says nothing.
    if not (_asked_about(recheck, sighting) if ended else _of_incident(work, sighting, order)):
        return
    by, at = Actor("camera", "", sighting.camera), work.bounded(order, sighting.at)
    rechecking.judge(work, order, at, by, passed=ended, note=sighting.text, evidence_urls=sighting.media_urls)
    joint.follow(work, order, at, by)
    for before, now in work.changed():
        covering.ended(work, before, now)


def _asked_about(recheck: Recheck, sighting: Sighting) -> bool:
    seen = (sighting.algorithm, sighting.label, sighting.object_id)
    return seen == (recheck.algorithm, recheck.label, recheck.object_id)


def _of_incident(work: UnitOfWork, sighting: Sighting, order: Order) -> bool:
    """Whether it shows the incident itself: what that covers as a parent is something else, and words of which nobody
    is sure say nothing."""
    if sighting.guess is not None and not certain_category(sighting):
        return False
    return work.city.merge_group(certain_category(sighting)) in ("", order.group)

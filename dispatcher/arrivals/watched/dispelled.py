"""Dispelled doubt 存疑已查: where a person has just found that what a camera saw was nothing, another look that is in
doubt opens nothing for a while. A look that is sure does, and so does one that may show what is urgent.
"""

from collections.abc import Iterator
from itertools import islice

from dispatcher.arrivals import nearby
from dispatcher.arrivals.watched.false_alarms import alarm_state
from dispatcher.order.row import Order
from dispatcher.partition import index
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.steps.routing import routed
from models.city import URGENT, Category
from models.inbox import Sighting
from models.times import MINUTE_MS


def keeps_quiet(work: UnitOfWork, sighting: Sighting, kind: Category) -> bool:
    """Whether a look that would have a person asked, as it is too unsure of its category to be filed, asks nobody."""
    if kind.priority == URGENT or not _was_nothing(work, sighting, kind):
        return False
    return routed(work.city, sighting, sighting.at).priority != URGENT  # a rule may make it urgent


def says_nothing_new(work: UnitOfWork, sighting: Sighting) -> bool:
    """Whether a look of which nobody knows the category, so that a person would have to say it, shows that camera's
    former one again, which was nothing."""
    if sighting.kind != "detection" or sighting.guess is None or not _was_nothing(work, sighting, None):
        return False
    target = routed(work.city, sighting, sighting.at)
    in_doubt = target.review and not target.category and not target.why.rule
    return bool(in_doubt) and target.priority != URGENT


def _was_nothing(work: UnitOfWork, sighting: Sighting, kind: Category | None) -> bool:
    """Whether the same has lately been found to be nothing there."""
    quiet = int(work.city.settings.doubt_quiet_minutes * MINUTE_MS)
    if not quiet:
        return False
    group = "" if kind is None else work.city.merge_group(kind.code)
    return any(
        order.rejected_at is not None
        and order.group == group
        and order.opened_at - quiet <= sighting.at < order.rejected_at + quiet
        and alarm_state(order) == "false"
        for order in _rejected(work, sighting, kind, group)
    )


def _rejected(work: UnitOfWork, sighting: Sighting, kind: Category | None, group: str) -> Iterator[Order]:
    """What was rejected of what this camera has seen so, and near by of what any has."""
    own = work.overlay.index.newest(index.of_rejected(index.fingerprint(sighting)))
    for _, order_id, *_ in islice(own, nearby.SCANNED):
        if (order := work.order(order_id)) is not None:
            yield order
    if kind is not None and kind.merge:
        for order, _ in nearby.around(work, sighting, (index.rejected_group(group),), kind.merge_radius_m):
            yield order

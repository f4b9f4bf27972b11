"""Coming up again 解除抑制: what a parent incident has covered is looked at anew when that ends.

That is a timer's affair, one sighting each time: so each meets what has come of those before it.
"""

from msgspec.structs import replace

from dispatcher.arrivals import sightings
from dispatcher.arrivals.covered import held_back, silencing
from dispatcher.arrivals.merging import certain_category
from dispatcher.order import facts
from dispatcher.order.row import OPEN, Order, Watch, kept_as
from dispatcher.partition import identity
from dispatcher.partition.unit_of_work import UnitOfWork
from models.inbox import Sighting


def ended(work: UnitOfWork, before: Order, parent: Order) -> None:
    """After a step on an order: where it is no parent incident any longer, as it has ended or is of another category,
    what it covered comes up. One that goes on within another of its category hands on what it covers."""
    if before.state not in OPEN or (parent.state in OPEN and parent.category == before.category):
        return
    into = work.order(parent.parent) if parent.state == "merged" else None
    if into is None or into.category != parent.category:
        held_back.uncover(work, parent)
        return
    for one in held_back.no_longer_covered(work, parent):
        held_back.cover(work, into, one)


def come_up(work: UnitOfWork, watch: Watch, due: int) -> None:
    """The next of what an order has covered goes through the rules of merging, as if it came in when that ended. Its
    clocks begin there: until then it was part of the parent. Where that covers it again, as it was reopened meanwhile
    or its new category does, it stays part of it."""
    sighting = held_back.next_of(work, watch)
    parent, category = work.order(watch.order_id), certain_category(sighting)
    if parent is None:
        return
    if any(one.id == parent.id for one in sightings.open_parents(work, sighting, category)):
        held_back.cover(work, parent, sighting)
        return
    if silencing.silenced(work.overlay, work.city, sighting, category, due):
        return
    if sighting.kind == "detection":
        sightings.find_or_open(work, _from_now_on(sighting, due), risen_from=parent.id)
        return
    holder = next((one for one in (parent, *work.children(parent)) if _keeps(one, sighting)), None)
    if holder is None:  # a report counts in one order: one that a row can no longer let go stays there
        return
    own = sightings.find_or_open(work, _from_now_on(sighting, due), risen_from=parent.id).order_id
    if own == parent.id:  # that turned out to be the same, not something else
        return
    work.emit(
        facts.Released(
            **work.timer_head(work.order(holder.id) or holder, due),
            child=own,
            evidence=(sighting.source, sighting.id),
            report_key=identity.report_key(sighting.source, sighting.id),
            day=work.day_seen(sighting),
        )
    )


def _from_now_on(sighting: Sighting, due: int) -> Sighting:
    """A sighting as if it came in now, which still says when it did."""
    return replace(sighting, at=due, seen_at=sighting.at if sighting.seen_at is None else sighting.seen_at)


def _keeps(order: Order, sighting: Sighting) -> bool:
    """Whether a sighting is among the evidence that stands in an order's row."""
    return kept_as(order, (sighting.source, sighting.id)) is not None

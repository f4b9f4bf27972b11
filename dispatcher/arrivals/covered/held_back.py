"""What a parent incident holds back 抑制: the sightings that it covers, whole, so that they can come up again."""

from collections.abc import Sequence

from msgspec.structs import replace

from dispatcher.arrivals.merging import certain_category
from dispatcher.arrivals.watched.watch_rows import OF_ONE_ROW
from dispatcher.order.folds.room import fitting, seen_weight
from dispatcher.order.row import Order, Watch
from dispatcher.partition import row_keys
from dispatcher.partition.unit_of_work import UnitOfWork
from models.inbox import Sighting

COVERED_ROWS = 50  # of one parent incident, beside its first


def cover(work: UnitOfWork, parent: Order, sighting: Sighting) -> None:
    """Remember a sighting whole that a parent incident covers, so that it can come up again; the first 10,000 of many,
    in rows of 200. What nobody but the inbox may have of a reporter stays there. A row that comes up takes in no more:
    what it gave to it would come up at once, again and again."""
    watches = work.overlay.watches
    first = watches.get(row_keys.covered(parent.id)) or _covering(parent, 0)
    last = watches.get(row_keys.covered(parent.id, first.more)) or _covering(parent, first.more)
    kept = replace(sighting, contact="", asked=False)
    if last.expires or not _fit((*last.seen, kept)):
        if first.more == COVERED_ROWS:
            return
        last = _covering(parent, first.more + 1)
        watches.put(first.key, replace(first, more=first.more + 1))
    watches.put(last.key, replace(last, seen=(*last.seen, kept)))


def no_longer_covered(work: UnitOfWork, parent: Order) -> tuple[Sighting, ...]:
    """What a parent incident covers, which is remembered no longer."""
    rows = _covered(work, parent.id)
    for row in rows:
        work.overlay.watches.put(row.key, None)
    return tuple(one for row in rows for one in row.seen)


def let_go(work: UnitOfWork, parent: Order, sighting: Sighting) -> None:
    """What a parent incident covers of what a camera sees is over, or is seen anew: it will not come up."""
    for row in _covered(work, parent.id):
        rest = tuple(one for one in row.seen if not _shows_the_same(one, sighting))
        if len(rest) < len(row.seen):
            _put(work, replace(row, seen=rest))


def _shows_the_same(one: Sighting, other: Sighting) -> bool:
    """By what its camera says; the end of something ends whatever that was."""
    if one.kind != other.kind or one.camera != other.camera:
        return False
    if (one.algorithm, one.label, one.object_id) != (other.algorithm, other.label, other.object_id):
        return False
    return other.phase == "end" or certain_category(one) == certain_category(other)


def uncover(work: UnitOfWork, parent: Order) -> None:
    """A parent incident is over: what it covers comes up, from now on."""
    for row in _covered(work, parent.id):
        if row.seen:
            _come_up_at(work, row, work.clock)
        else:
            _put(work, row)


def next_of(work: UnitOfWork, watch: Watch) -> Sighting:
    """Take the first of what comes up; the others come after it."""
    rest = replace(watch, seen=watch.seen[1:])
    if rest.seen:
        _come_up_at(work, rest, watch.expires)
    else:
        _put(work, rest)
    return watch.seen[0]


def _come_up_at(work: UnitOfWork, watch: Watch, at: int) -> None:
    work.overlay.watches.put(watch.key, replace(watch, expires=at))
    work.overlay.timers.push((at, row_keys.watch(watch.key), "come-up"))


def _put(work: UnitOfWork, row: Watch) -> None:
    """Keep what is left in a row. An emptied first one stays as long as it says how many others there are."""
    work.overlay.watches.put(row.key, row if row.seen else replace(row, expires=0) if row.more else None)
    rows = () if row.seen else _covered(work, row.order_id)
    if len(rows) == 1 and not rows[0].seen:
        work.overlay.watches.put(rows[0].key, None)


def _covered(work: UnitOfWork, parent_id: str) -> list[Watch]:
    """The rows of what a parent incident covers, in the order in which they came to be."""
    first = work.overlay.watches.get(row_keys.covered(parent_id))
    if first is None:
        return []
    further = (work.overlay.watches.get(row_keys.covered(parent_id, number)) for number in range(1, first.more + 1))
    return [first, *(row for row in further if row is not None)]


def _covering(parent: Order, number: int) -> Watch:
    return Watch(key=row_keys.covered(parent.id, number), area=parent.area, seen=(), expires=0, order_id=parent.id)


def _fit(seen: Sequence[Sighting]) -> bool:
    """Whether a row may hold all of these; `seen_weight` is 0 of what is as small as nearly all are."""
    if len(seen) > OF_ONE_ROW:
        return False
    return not seen_weight(seen[-1], OF_ONE_ROW) or fitting(seen_weight(one, OF_ONE_ROW) for one in seen) == len(seen)

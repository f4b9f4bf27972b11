"""The rows of what is watched 观察: what is put into one and taken out again, and when the first of it expires."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from dispatcher.arrivals.merging import certain_category
from dispatcher.order.folds.room import fitting, seen_weight
from dispatcher.order.row import Watch
from dispatcher.partition import row_keys
from dispatcher.partition.unit_of_work import UnitOfWork
from models.inbox import Sighting
from models.times import MINUTE_MS

OF_ONE_SOURCE = 8  # detections that are watched of one algorithm at one camera: later ones hardly weigh anything
OF_ONE_ROW = 200  # detections that a row holds: it has to fit into a record

_Ending = tuple[Sighting, int]  # what is watched, and the instant at which that expires


class Seen(NamedTuple):
    """A watched detection and the name of the watch in which it is."""

    watch: str
    sighting: Sighting


def add(work: UnitOfWork, new: Watch, sighting: Sighting, wanted: int) -> None:
    """Watch one more, under the name of a new watch or in the one that is there. What comes to be too much is let go,
    the oldest first."""
    watch = work.overlay.watches.get(new.key) or new
    until = work.clock + int(work.city.settings.watching_minutes * MINUTE_MS)
    watch = _with(watch, [*_with_ends(watch), (sighting, until)])
    all_of_it = _with_ends(watch)
    own = [one for one in all_of_it if _source(one[0]) == _source(sighting)]
    over = own[: -max(wanted, OF_ONE_SOURCE)] or all_of_it[: -max(wanted, OF_ONE_ROW)]
    if seen_weight(sighting, OF_ONE_ROW):
        over = max(over, all_of_it[: -fitting(seen_weight(one, OF_ONE_ROW) for one, _ in reversed(all_of_it))], key=len)
    _let_go(work, watch, over)


def expire(work: UnitOfWork, watch: Watch) -> None:
    """The time of some of the detections is over without enough of them: counted, and forgotten."""
    _let_go(work, watch, [one for one in _with_ends(watch) if one[1] <= watch.expires])


def _let_go(work: UnitOfWork, watch: Watch, gone: Sequence[_Ending]) -> None:
    for sighting, _ in gone:
        work.book("expired", sighting.at, watch.area, watch.category or certain_category(sighting))
    _put(work, watch, [one for one in _with_ends(watch) if one not in gone])


def take_out(work: UnitOfWork, found: Iterable[Seen]) -> None:
    """Watch these no longer: an order has them."""
    taken: dict[str, list[Sighting]] = {}
    for one in found:
        taken.setdefault(one.watch, []).append(one.sighting)
    for name, sightings in taken.items():
        watch = work.overlay.watches.get(name)
        assert watch is not None  # they were found in it
        _put(work, watch, [one for one in _with_ends(watch) if one[0] not in sightings])


def _put(work: UnitOfWork, watch: Watch, kept: Sequence[_Ending]) -> None:
    """Keep a watch with what is left in it, and have its timer come up when the first of that expires."""
    before = work.overlay.watches.get(watch.key)
    after = _with(watch, kept) if kept else None
    work.overlay.watches.put(watch.key, after)
    if after is not None and (before is None or before.expires != after.expires):
        work.overlay.timers.push((after.expires, row_keys.watch(watch.key), "expire"))


def _with(watch: Watch, seen: Sequence[_Ending]) -> Watch:
    until = tuple(end for _, end in seen)
    return replace(watch, seen=tuple(one for one, _ in seen), until=until, expires=min(until))


def _with_ends(watch: Watch) -> list[_Ending]:
    """What is watched, in the order in which it came, each with the instant at which it expires."""
    return list(zip(watch.seen, watch.until or (watch.expires,) * len(watch.seen), strict=True))


def _source(sighting: Sighting) -> tuple[str, str]:
    return sighting.camera, sighting.algorithm

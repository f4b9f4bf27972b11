"""Repeats 重复: what a camera goes on seeing of an incident that is open, which is nearly all that cameras send.

A repeat that changes nothing but how often its incident was seen is taken here, without a unit of work. To leave one is
always right, as nothing has been done yet: `dispatcher.arrivals.sightings` decides it by all rules in their order. To
take one is right where those would come to the same, which a property test searches
(`tests/properties/desk/test_repeats.py`); each question is asked of the same function as there.
"""

from dispatcher.arrivals import cameras, nearby
from dispatcher.arrivals.covered import silencing
from dispatcher.figures import booking
from dispatcher.order.row import OPEN, Order, Tally
from dispatcher.partition import identity, index
from dispatcher.partition.overlay import Overlay
from models.city import City
from models.inbox import Sighting
from models.times import MINUTE_MS


class Repeats:
    """Takes the repeats of a batch, under one pack."""

    def __init__(self, overlay: Overlay, city: City, memory: identity.Memory) -> None:
        self._overlay = overlay
        self._city = city
        self._memory = memory

    def take(self, sighting: Sighting, clock: int, latest: int) -> tuple[booking.Rows, booking.Rows] | None:
        """Count a sighting as one more of its open order; the rows on which it is booked as a detection, and as merged.
        None where it may be anything else: then nothing has changed. `clock` and `latest` are those of `UnitOfWork`."""
        overlay, city, category = self._overlay, self._city, sighting.category
        if sighting.kind != "detection" or sighting.asked or sighting.content or not category:
            return None
        fingerprint = index.fingerprint(sighting)
        newest = next(overlay.index.newest(index.of_fingerprint(fingerprint)), None)
        order = None if newest is None else overlay.orders.get(newest[1])
        if order is None or order.state not in OPEN or order.recheck is not None:
            return None
        if sighting.area != order.area and sighting.area not in index.areas_of(order):
            return None
        if not cameras.is_noted(overlay, city, sighting.camera, clock):
            return None
        if silencing.silenced(overlay, city, sighting, category, sighting.at):
            return None
        if sighting.phase == "end" and index.only_covers(order, fingerprint):
            return None
        tally, again = counted(overlay, city, order, sighting)
        digest = identity.digest(sighting.source, sighting.id)
        if again or overlay.is_seen(self._memory.buckets("detection", clock, latest), digest):
            return None
        seen = booking.direct_rows(sighting.at, sighting.area, category, city.zone)
        merged = seen
        if category != order.category:
            merged = booking.direct_rows(sighting.at, sighting.area, order.category, city.zone)
        bucket, until = self._memory.bucket("detection", clock)
        overlay.keep_repeat(order.id, tally, bucket, digest, until)
        return seen, merged


def counted(overlay: Overlay, city: City, order: Order, sighting: Sighting) -> tuple[Tally, bool]:
    """The tally of an open order after one more sighting of the same, and whether that is news: it comes after the
    incident had ended for longer than the hold time.

    A source that names no phase never says that it has ended: it has when nobody has seen it for the resolve time
    (`resolve_timeout` of Prometheus Alertmanager, for alerts without `endsAt`)."""
    tally, settings = overlay.tallies.get(order.id) or Tally(0, 0), city.settings
    hold, resolve = settings.detection_hold_minutes * MINUTE_MS, settings.detection_resolve_minutes * MINUTE_MS
    ended = tally.ended_at
    # Mostly it was seen again so lately that its evidence need not be asked.
    if ended is None and resolve and not sighting.phase and sighting.at > tally.last_seen + int(resolve):
        resolved_at = nearby.last_seen(overlay, order) + int(resolve)
        ended = resolved_at if sighting.at > resolved_at else None
    again = sighting.phase != "end" and ended is not None and sighting.at - ended > hold
    if sighting.phase == "end":
        ended = sighting.at if ended is None else max(ended, sighting.at)
    elif ended is not None and sighting.at >= ended:
        ended = None
    return Tally(tally.sightings + 1, max(tally.last_seen, sighting.at), ended), again

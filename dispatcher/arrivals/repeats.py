"""Repeats 重复: what a camera goes on seeing of an incident that is open, which is nearly all that cameras send.

A repeat that changes nothing but how often its incident was seen is taken here, without a unit of work. To leave one is
always right, as nothing has been done yet: `dispatcher.arrivals.sightings` decides it by all rules in their order. To
take one is right where those would come to the same, which a property test searches
(`tests/properties/desk/test_repeats.py`); each question is asked of the same function as there.
"""

from dispatcher.arrivals import cameras, tallies
from dispatcher.arrivals.covered import silencing
from dispatcher.figures import booking
from dispatcher.order.row import OPEN
from dispatcher.partition import identity, index
from dispatcher.partition.overlay import Overlay
from models.city import City
from models.inbox import Sighting


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
        tally, again = tallies.counted(overlay, city, order, sighting)
        digest = identity.digest(sighting.source, sighting.id)
        if again or overlay.is_seen(self._memory.buckets("detection", clock, latest), digest):
            return None
        seen = booking.direct_rows(sighting.at, sighting.area, category, city.zone)
        merged = seen
        if category != order.category:
            merged = booking.direct_rows(sighting.at, sighting.area, order.category, city.zone)
        overlay.keep_repeat(order.id, tally, *self._memory.bucket("detection", clock), digest)
        return seen, merged

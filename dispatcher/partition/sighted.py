"""Every sighting of an order 全部线索, found again in the inbox.

Its row keeps the first and last ones alone, and repeats leave a count; the inbox has them all.
"""

from dispatcher.order.row import OPEN, Order
from dispatcher.partition import identity, index
from models.inbox import Sighting


class Sighted:
    """Tells the sightings of one order from others, as its row stands.

    Those are the reports whose keys it has, the detections that it keeps as evidence, and, while it was open, all that
    had the same camera, algorithm, label and object as one of its newest fingerprints. Of a repeated source and id the
    first one counts.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._reports = frozenset(order.report_keys)
        self._evidence = frozenset((one.source, one.id) for one in (*order.evidence_first, *order.evidence_last))
        self._fingerprints = frozenset(order.fingerprints)
        self._met: set[tuple[str, str, str]] = set()

    def takes(self, sighting: Sighting, clock: int) -> bool:
        """Whether a sighting that came in at an instant is one of the order's."""
        if sighting.area != self._order.area or not self._belongs(sighting, clock):
            return False
        identity_of = (sighting.kind, sighting.source, sighting.id)
        if identity_of in self._met:
            return False
        self._met.add(identity_of)
        return True

    def _belongs(self, sighting: Sighting, clock: int) -> bool:
        if (sighting.source, sighting.id) in self._evidence:
            return True
        if sighting.kind == "report":
            return identity.report_key(sighting.source, sighting.id) in self._reports
        open_then = self._order.opened_at <= clock and (self._order.state in OPEN or clock <= self._order.last_at)
        return open_then and index.fingerprint(sighting) in self._fingerprints

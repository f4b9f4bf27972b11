"""Every sighting of an order 全部线索, found again in the inbox.

Its row keeps the first and last ones alone, and repeats leave a count; the inbox has them all.
"""

from collections import defaultdict
from collections.abc import Sequence

from dispatcher.order.row import OPEN, Order, kept_evidence, was_open
from dispatcher.partition import identity, index
from models.city import CitySettings
from models.events import Evidence
from models.inbox import Sighting


def seen_since(order: Order) -> int:
    """When the first sighting of an order happened, ms UTC: before its opening where that was watched, or a parent
    incident covered it, or the order is a part of one that was seen before.

    Of what its row keeps; the first ones are among them."""
    kept = kept_evidence(order)
    watched = (one.at for one in kept if one.rule == "watched")
    covered = (one.seen_at for one in kept if one.seen_at is not None)
    founding = (one.at for one in order.evidence_first[:1])
    return min((order.opened_at, *founding, *watched, *covered))


class Sighted:
    """Tells the sightings of one order from others, as its row stands.

    Those are the reports whose keys it has (under a name that was used again, those that say what it keeps; both where
    it keeps nothing under that name any more), the detections that it keeps as evidence, and, while it was open, all
    that had one of its newest fingerprints, also what was seen before its closing and came in after that; from
    `seen_since` on, while it was watched or covered. Of those with one source and id the first one counts, and as for
    the desk another one when that is forgotten.

    With `merged`, the orders that were merged into it, also theirs: what they are known by is counted with it.
    """

    def __init__(self, order: Order, settings: CitySettings, merged: Sequence[Order] = ()) -> None:
        family = (order, *merged)
        self._order = order
        # Where they are counted now, and where they were seen: an order may have been moved 改区.
        self._areas = frozenset(area for one in family for area in index.areas_of(one))
        self._reports = frozenset(key for one in family for key in one.report_keys)
        self._evidence = defaultdict[tuple[str, str], list[Evidence]](list)
        for seen in (seen for one in family for seen in kept_evidence(one)):
            self._evidence[seen.source, seen.id].append(seen)
        self._fingerprints = frozenset(
            known for one in family for known in index.known_by(one.fingerprints, one.category)
        )
        self.since = min(map(seen_since, family))
        self._windows = identity.windows(settings)
        self._met = defaultdict[tuple[str, str, str], list[int]](list)  # when each was met as a first one

    def takes(self, sighting: Sighting, clock: int) -> bool:
        """Whether a sighting that came in at an instant is one of the order's."""
        if sighting.ignored or sighting.area not in self._areas or not self._belongs(sighting, clock):
            return False
        met, window = self._met[sighting.kind, sighting.source, sighting.id], self._windows[sighting.kind]
        # Clocks run back where the inbox follows the urgent lane: what is met much later hides nothing either.
        if any(window.remembers(min(before, clock), max(before, clock)) for before in met):
            return False
        met.append(clock)
        return True

    def _belongs(self, sighting: Sighting, clock: int) -> bool:
        kept = self._evidence.get((sighting.source, sighting.id), ())
        if identity.is_kept(sighting, kept):
            return True
        if sighting.kind == "report":
            said = {one.content for one in kept if one.content}
            if said and sighting.content:  # once the desk has forgotten it, a name may be used for something else
                return sighting.content in said
            return identity.report_key(sighting.source, sighting.id) in self._reports
        known, order = index.fingerprint(sighting), self._order
        if known not in self._fingerprints or clock < self.since:
            return False
        if order.state in OPEN or clock <= order.last_at:
            return True
        return was_open(order, sighting.at) and not index.only_covers(order, known)  # late, as behind a backlog

"""Tallies 重复计数: how often the incident of an open order was seen again, and whether it had ended in between."""

from dispatcher.arrivals import nearby
from dispatcher.order.row import Order, Tally
from dispatcher.partition.overlay import Overlay
from models.city import City
from models.inbox import Sighting
from models.times import MINUTE_MS


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

"""Whether a sighting is silenced 静默: by a control zone of the pack, or a silence that was set while the city runs."""

from dispatcher.arrivals.merging import between
from dispatcher.partition.overlay import Overlay
from models.city import City
from models.events.above import is_from_above
from models.inbox import LiveSilence, Sighting
from models.times import DAY_MS

_CONTROL_ZONE = "control-zone"  # how the reason begins for which a report in one ends at once
_KEPT_MS = 31 * DAY_MS  # after its end: what was seen within a silence may come in late


def silenced(overlay: Overlay, city: City, sighting: Sighting, category: str, at: int) -> str:
    """What silences a sighting of this category at this instant (ms UTC): `silences.csv:<line>` or `silence/<number>`;
    empty where nothing does. What is silenced is this city's own affair: what a platform above asks for, that waits
    for."""
    if is_from_above(sighting.source):
        return ""
    holding = [one for one in overlay.silences.values() if one.holds and one.starts_at <= at < one.ends_at]
    zone = city.silenced(category, sighting.area, at, {one.lifts for one in holding} if holding else ())
    if zone is not None:
        return f"silences.csv:{zone.row}"
    numbers = [one.number for one in holding if _matches(city, one, sighting, category)]
    return f"silence/{min(numbers)}" if numbers else ""


def learn(overlay: Overlay, silence: LiveSilence, clock: int) -> None:
    """Know a silence as it stands from here on, and forget those that have long been over."""
    known = overlay.silences.get(str(silence.number))
    if known is None or known.version < silence.version:
        overlay.silences.put(str(silence.number), silence)
    for number, one in overlay.silences.all().items():
        if one.ends_at + _KEPT_MS < clock:
            overlay.silences.put(number, None)


def reason(silence: str) -> str:
    """Why a report ends at once, by what silences it."""
    return f"{_CONTROL_ZONE} {silence}"


def is_suppressed(why: str) -> bool:
    """Whether that is why something ended: a silence, or a control zone."""
    return why.startswith(f"{_CONTROL_ZONE} ")


def _matches(city: City, silence: LiveSilence, sighting: Sighting, category: str) -> bool:
    if silence.lifts:
        return False
    if silence.camera not in ("", sighting.camera) or silence.source not in ("", sighting.source):
        return False
    if not city.silences.covers(silence.category, silence.area, category, sighting.area):
        return False
    if silence.lat is None:
        return True
    away = between(sighting, silence.lat, silence.lon)
    return away is not None and away <= silence.radius_m

"""What mobile units report 位置上报: where they are, and whether they are free."""

from dispatcher.partition.state import UnitState
from dispatcher.partition.unit_of_work import UnitOfWork
from models.city import City
from models.inbox import UnitHeard
from models.times import MINUTE_MS

_STEPS = 12  # so often a desk hears of a unit, at most, before it counts as silent


def unit_step(city: City, at: int) -> int:
    """The step of `unit_silent_minutes`, counted from the epoch, in which an instant (ms UTC) lies: in each the desk
    hears once of a unit that it is free, busy or off."""
    return at // max(int(city.settings.unit_silent_minutes * MINUTE_MS) // _STEPS, 1)


def on_unit(work: UnitOfWork, heard: UnitHeard) -> None:
    """Note where a unit of the city is. What comes late, and what is said of a unit that has never said where it is,
    changes nothing."""
    before = work.overlay.units.get(heard.unit)
    at = min(heard.at, work.clock)
    if heard.unit not in work.city.units.by_id or (before is not None and at < before.at):
        return
    if heard.lat is not None and heard.lon is not None:
        place = heard.lat, heard.lon
    elif before is not None:
        place = before.lat, before.lon
    else:
        return
    work.overlay.units.put(heard.unit, UnitState(*place, at, heard.state, heard.load))

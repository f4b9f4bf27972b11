"""The mobile units of the demo city 两车一机: they drive about between its places, and say where they are."""

import itertools
import json
import random
from collections.abc import Iterator

from dispatcher.order import facts
from dispatcher.order.facts import Fact
from models.city import City
from models.envelope import Event
from models.events import UNIT

SOURCE = "demo/fleet"
REPORT_SECONDS = 20.0
_PART_OF_THE_WAY = 0.25  # between two reports


class DemoFleet:
    """Where each unit is, on its way to a place of the city; seeded, made up."""

    def __init__(self, city: City, seed: int) -> None:
        self._random = random.Random(seed)
        self._places = [
            (each.lat, each.lon) for each in city.places.all if each.lat is not None and each.lon is not None
        ]
        units = city.units.rows if self._places else ()
        self._at = {unit.id: self._random.choice(self._places) for unit in units}
        self._to = {unit.id: self._random.choice(self._places) for unit in units}
        self._busy: dict[str, str] = {}  # by order
        self._numbers = itertools.count(1)

    def on_fact(self, fact: Fact) -> None:
        """Note who has something to do."""
        match fact:
            case facts.TaskGiven():
                self._busy[fact.order_id] = fact.unit
            case facts.TaskDeclined() | facts.TaskLapsed() | facts.Verified() | facts.Checked() | facts.Decided():
                self._busy.pop(fact.order_id, None)
            case facts.Rejected() | facts.Closed():
                self._busy.pop(fact.order_id, None)
            case _:
                pass

    def reports(self, now_ms: int) -> Iterator[Event]:
        """What each unit says now, a part of its way further on."""
        for unit, (lat, lon) in self._at.items():
            to_lat, to_lon = self._to[unit]
            here = lat + (to_lat - lat) * _PART_OF_THE_WAY, lon + (to_lon - lon) * _PART_OF_THE_WAY
            self._at[unit] = here
            if self._random.random() < _PART_OF_THE_WAY:
                self._to[unit] = self._random.choice(self._places)
            load = [*self._busy.values()].count(unit)
            place = {"lat": round(here[0], 6), "lon": round(here[1], 6)}
            said = {"unit": unit, "state": "busy" if load else "free", "location": place, "load": load}
            yield Event(f"{now_ms}-{next(self._numbers)}", SOURCE, UNIT, json.dumps(said).encode(), now_ms)

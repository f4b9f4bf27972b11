"""The reports of the sample day told again, about other places of the city."""

import random
from typing import Any

from models.city import City, Place
from streams.terminal.feed import Planned

Event = dict[str, Any]


class Retold:
    """Which place comes next is by `chance`."""

    def __init__(self, city: City, chance: random.Random) -> None:
        self._city, self._chance = city, chance
        self._places = [each for each in city.places.all if each.lat is not None and each.name_zh and each.name_en]

    def report(self, sample: Planned, id: str) -> Event:
        """The same report under another id, about another place: in its words, its address and its coordinates."""
        there, data = self._chance.choice(self._places), sample.event["data"]
        moved = data | {"text": self._renamed(data["text"], there)}
        if place := data.get("location"):
            moved["location"] = (
                {"lat": there.lat, "lon": there.lon}
                if "lat" in place
                else {"address": self._renamed(place["address"], there)}
            )
        return sample.event | {"id": id, "data": moved}

    def _renamed(self, text: str, there: Place) -> str:
        here = self._city.places.find(text)
        if here is None:
            return text
        for old, new in ((here.name_zh, there.name_zh), (here.name_en, there.name_en)):
            text = text.replace(old, new) if old and new else text
        return text


def reporter_of(event: Event) -> str:
    """As whom the reporter of an event acts; empty for what nobody has reported by name."""
    data = event.get("data")
    who = data.get("reporter") if isinstance(data, dict) else None
    return str(who.get("phone", "")) if isinstance(who, dict) else ""

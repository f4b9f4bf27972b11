"""What crosses a bridge: a record of one platform as the event that it becomes, always the same one."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from models.envelope import MAX_ATTRIBUTE, Event
from models.events import REPORT, UPDATE, URL
from models.events.incoming import MAX_LINKS
from streams.kafka.topics import Names

Side = Literal["above", "below"]


class Banks(msgspec.Struct, frozen=True):
    """The two ends of a bridge: the ids of both cities, and the department above that is the hub. `dated`: the city
    above names `source` among its importers, so that steps are dated when they were taken. `landing`: the topic below
    on which platforms above write."""

    above: str
    below: str
    hub: str
    dated: bool = False
    landing: str = Names().above

    @property
    def source(self) -> str:
        """The source of what goes up."""
        return f"bridge:{self.below}"


class Crossing(msgspec.Struct, frozen=True):
    """An event on its way to a side; `key` is the order above, so that all that concerns it stays in order."""

    side: Side
    key: str
    event: Event


class Stays(msgspec.Struct, frozen=True):
    """A record that does not cross: `reason` is counted; `told` is for the log, empty where that is as it should be."""

    reason: str
    told: str = ""


def links(urls: Iterable[str]) -> list[str]:
    """The addresses of pictures that the other side takes, each once: not those that are sealed, or erased."""
    return [url for url in dict.fromkeys(urls) if re.match(URL, url)][:MAX_LINKS]


def report(key: str, source: str, event_id: str, data: dict[str, Any]) -> Crossing:
    """A report for the platform below. It has no time of its own: the clock below begins when it arrives."""
    return Crossing("below", key, Event(event_id, source, REPORT, msgspec.json.encode(said_of(data))))


def update(side: Side, key: str, source: str, event_id: str, data: dict[str, Any], at: int | None = None) -> Crossing:
    """An update for a side, dated `at` (ms UTC) or, without it, when it arrives."""
    event = Event(_bounded(event_id), source, UPDATE, msgspec.json.encode(said_of(data)), at)
    return Crossing(side, key, event)


def returned(banks: Banks, order_id: str, attempt: int, name: str, code: str, reason: str) -> Crossing:
    """The hub gives an order back without having begun with it; `name` tells this event from others."""
    said = {
        "action": "return",
        "by": {"department": banks.hub, "id": banks.source},
        "order_id": order_id,
        "attempt": attempt,
        "code": code,
        "reason": reason,
    }
    return update("above", order_id, banks.source, name, said)


def said_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """What data say: without what is empty or not known."""
    return {name: value for name, value in data.items() if value not in (None, "", (), [], {})}


def _bounded(name: str) -> str:
    """An id, or, where it is longer than an event's may be, what stands for it."""
    return name if len(name) <= MAX_ATTRIBUTE else hashlib.sha256(name.encode()).hexdigest()

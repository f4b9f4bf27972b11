"""Platforms over one another 一网同联: a city and the districts below it, each with its own cluster or namespace, roles
and people; the people do the next step of every order that waits for one, again and again, under names that repeat."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from aiokafka import ConsumerRecord

from dispatcher.order import facts
from dispatcher.order.facts import Fact, UpdateRefused
from dispatcher.order.folds.apply import apply
from dispatcher.order.row import Order
from models.envelope import Event, event_type, to_binary
from models.events import REPORT, UPDATE
from models.events.above import is_from_above
from streams.kafka.topics import Names, all_topics, create_topics
from streams.settings import Settings
from tests.support.cities import CITY_TOML, FILES, HOLE_RULE, tiny_files, written
from tests.support.kafka import Kafka, Message, Role, Roles

CITY = "city"
OWN = "police"  # the city's own bureau, which gets what its hubs do not do
PICTURE = "https://pictures.example/1.jpg"
_AREA_OF = {"east": "south-w", "west": "south-e"}
_CORNER = {"east": (30.004, 114.004), "west": (30.004, 114.104)}
_STEP_DEGREES = 0.004  # 400 metres: none meets another
_PER_ROW = 23
# What happens to an order: by its number, in this order.
FATES = ("handled", "fails-once", "not-ours", "taken-back", "handled")


def fate(number: int) -> str:
    """What is to happen to the order of this number."""
    return FATES[number % len(FATES)]


def pack(folder: Path, name: str) -> Path:
    """The folder of a platform's city pack: the tiny city under its name; the city's has the districts as hubs."""
    own: dict[str, str | bytes | None] = {"rules.toml": HOLE_RULE, "inhibitions.csv": None}
    if name == CITY:
        first, *rows = FILES["departments.csv"].splitlines()
        hubs = [f"{hub},{hub}区平台,{hub} hub,1,,on" for hub in _AREA_OF]
        own["departments.csv"] = "\n".join([f"{first},hub", *(f"{row}," for row in rows), *hubs])
        given = [f"road,{area},{hub},,," for hub, area in _AREA_OF.items()]
        own["responsibility.csv"] = FILES["responsibility.csv"] + "\n".join(given) + "\n"
    files = tiny_files(own)
    files["city.toml"] = CITY_TOML.replace('id = "tiny"', f'id = "{name}"').encode()
    return written(folder, files)


class Step(NamedTuple):
    """What somebody does next: on which topic, as whom, what."""

    topic: str
    by: Mapping[str, str]
    action: str
    own: Mapping[str, Any] = {}


@dataclass(slots=True)
class Platform:
    """One platform at work: its roles, its log as far as it was read."""

    name: str
    kafka: Kafka
    settings: Settings
    roles: Roles
    bridge: Mapping[str, str] | None = None
    running: dict[str, Role] = field(default_factory=dict)

    @property
    def names(self) -> Names:
        """Of its topics."""
        return Names(self.settings.namespace)

    async def start(self) -> None:
        """Its topics, then its roles."""
        departments = [*(row.partition(",")[0] for row in FILES["departments.csv"].splitlines()[1:]), *_AREA_OF]
        await create_topics(
            self.settings,
            all_topics(self.settings, departments, hubs=_AREA_OF)
            if self.name == CITY
            else all_topics(self.settings, departments[:4]),
        )
        self.see_to_roles()

    def see_to_roles(self) -> None:
        """Start what is not running, as a supervisor does."""
        for role in ("intake", "desk", *(("bridge",) if self.bridge is not None else ())):
            if role not in self.running or not self.running[role].alive:
                self.running[role] = self.roles.start(role, **(self.bridge or {}))

    async def log(self) -> list[Fact | UpdateRefused]:
        """All that the desk has recorded."""
        return [facts.from_wire(event_type(each.headers), each.value or b"") for each in await self.orders()]

    async def orders(self) -> list[ConsumerRecord]:
        """The records of the public log."""
        return await self.kafka.read_all(self.names.orders)

    async def act(self, log: Sequence[Fact | UpdateRefused]) -> None:
        """Everybody does what is next. Who has done it already does it again, under the same name."""
        said: dict[str, list[Message]] = {}
        for order in rows(log).values():
            if (step := self._next(order)) is not None:
                data = {
                    "action": step.action,
                    "by": step.by,
                    "order_id": order.id,
                    "attempt": order.attempt,
                    **step.own,
                }
                event = Event(f"{order.id}/{order.attempt}/{step.action}", "people", UPDATE, msgspec.json.encode(data))
                headers, value = to_binary(event)
                said.setdefault(step.topic, []).append(Message(value, order.id.encode(), headers))
        for topic, messages in said.items():
            await self.kafka.produce(topic, messages)

    def _next(self, order: Order) -> Step | None:
        mine, what = order.department, fate(number_of(order))
        everybody, department = self.names.updates, {"department": mine, "id": f"{mine}-1"}
        above = self.name == CITY
        if above and mine in _AREA_OF:
            if what == "taken-back" and order.state == "accepted":
                own = {"department": OWN, "reason": "ours"}
                return Step(everybody, {"role": "dispatcher", "id": "dora"}, "re-assign", own)
            if order.state not in ("handled", "arbitration"):
                return None  # the hub's to do
        waits = not above and what == "taken-back" and order.state == "accepted"
        if waits or (order.state == "handled" and not order.department):
            return None
        match order.state:
            case "assigned" if not above and what == "not-ours":
                return Step(everybody, {"role": "operator", "id": "olga"}, "reject", {"reason": "not-my-area"})
            case "assigned":
                return Step(self.names.updates_of(mine), department, "accept")
            case "accepted":
                return Step(self.names.updates_of(mine), department, "handle", {"evidence_urls": [PICTURE]})
            case "handled":
                fails = above and what == "fails-once" and not any(not check.passed for check in order.checks)
                own = {"reason": "still there"} if fails else {}
                return Step(
                    everybody, {"role": "inspector", "id": "ivan"}, "check-fail" if fails else "check-pass", own
                )
            case "arbitration":
                own = {"department": OWN, "category": "pothole"}
                return Step(everybody, {"role": "duty-officer", "id": "otto"}, "arbitrate", own)
        return None


def sighting(number: int, hub: str) -> Message:
    """A citizen's report to the city, in the district of this hub."""
    row, column = divmod(number, _PER_ROW)
    lat, lon = _CORNER[hub]
    place = {"lat": round(lat + row * _STEP_DEGREES, 4), "lon": round(lon + column * _STEP_DEGREES, 4)}
    data = {"text": "路上有个大坑", "location": place}
    headers, value = to_binary(Event(f"{hub}-{number}", "app", REPORT, msgspec.json.encode(data)))
    return Message(value, f"{hub}-{number}".encode(), headers)


def number_of(order: Order) -> int:
    """The number of the report that an order began with, by its place."""
    assert order.lat is not None
    assert order.lon is not None
    lat, lon = _CORNER["west" if order.lon >= _CORNER["west"][1] else "east"]
    return round((order.lat - lat) / _STEP_DEGREES) * _PER_ROW + round((order.lon - lon) / _STEP_DEGREES)


def rows(log: Sequence[Fact | UpdateRefused]) -> dict[str, Order]:
    """Every order as its facts fold up. Raises ValueError where one is missing or doubled."""
    found: dict[str, Order] = {}
    for fact in log:
        if not isinstance(fact, UpdateRefused):
            found[fact.order_id] = apply(found.get(fact.order_id), fact)
    return found


def reports_from_above(log: Sequence[Fact | UpdateRefused]) -> Iterator[tuple[str, str]]:
    """The reports from above in a log, as often as they were taken for something."""
    for fact in log:
        if isinstance(fact, facts.Opened | facts.EvidenceAdded) and is_from_above(fact.evidence.source):
            yield fact.evidence.source, fact.evidence.id


def asked_by(log: Sequence[Fact | UpdateRefused], source: str) -> tuple[set[str], dict[str, str]]:
    """The updates of a source: the ids of those that were taken, and why the others were refused."""
    taken = {fact.cause[1] for fact in log if isinstance(fact, Fact) and fact.cause and fact.cause[0] == source}
    refused = {fact.id: fact.reason for fact in log if isinstance(fact, UpdateRefused) and fact.source == source}
    return taken, refused


def by_hub(found: Mapping[str, Order]) -> dict[str, list[Order]]:
    """The city's orders by the hub in whose district they are."""
    groups: dict[str, list[Order]] = defaultdict(list)
    for order in found.values():
        groups[next(hub for hub, area in _AREA_OF.items() if area == order.area)].append(order)
    return groups

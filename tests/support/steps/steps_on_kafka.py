"""Every step that somebody may ask for over Kafka, on orders in every state: what is to come of each, and what came."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from dispatcher.order import facts
from dispatcher.order.facts import Fact, UpdateRefused
from dispatcher.order.lifecycle import ACTIONS, Transition, permit
from models.envelope import Event, event_type, to_binary
from models.events import DETECTION, REPORT, UNIT, UPDATE
from models.events.vocabulary import ROLES
from streams.kafka.clients import follower, started, writer
from streams.kafka.connection import Connection
from streams.kafka.topics import Names
from streams.settings import Settings
from tests.support.kafka import eventually
from tests.support.steps.every_step import ASKED_BEFORE, EXCUSED, OWN_WAYS, WAYS, OwnWay, Way, step

OURS, THEIRS = "roads", "works"  # the department that the orders go to, and another one
_AREA = "south-w"
_PER_ROW = 16  # orders lie on a grid, five hundred metres apart and more: none meets another; 21 rows fill the area
EXCUSES = frozenset(
    {
        "not-joined", "not-the-holder", "nobody-below", "nobody-above", "not-accountable", "not-its-task", "no-unit",
        "not-asked", "not-apart", "for-a-reviewer", "same-dispatcher",
    }
)  # fmt: skip
# Why the other department gets nothing where its own may.
_NOT_ITS = frozenset({"wrong-department", "not-the-holder", "not-accountable"})


class Message(NamedTuple):
    """What a party writes to a topic; `name` is the event's id."""

    party: str
    topic: str
    name: str
    key: str
    headers: list[tuple[str, bytes]]
    value: bytes


class Asked(NamedTuple):
    """A step: how it is asked for, and the reasons of which one must be given for refusing it; none: it is taken."""

    party: str
    topic: str
    by: dict[str, str]
    action: str  # as `step` knows it
    refused: frozenset[str] = frozenset()


class Case(NamedTuple):
    """An order that comes to a state, and what is asked for then; only one step that is taken."""

    name: str
    state: str
    asked: tuple[Asked, ...]
    way: Way
    number: int = 0  # of its place in the grid, and in the name of its mobile unit

    @property
    def unit(self) -> str:
        """The mobile unit that is near it; empty: none is."""
        return f"unit-{self.number}" if ("unit", "here") in self.way else ""

    @property
    def camera(self) -> str:
        """The camera that has seen it; empty: a citizen reports it."""
        seen = ("camera", "seen") in self.way
        return f"cam-sw-{1 + (self.asked[0].action == 'check-fail')}" if seen else ""


def person(name: str) -> dict[str, str]:
    """Who acts: a role, a second person of one, or a department's clerk."""
    departments = {"department": OURS, "works": THEIRS, "street": f"{OURS}-street"}
    if name in departments:
        return {"role": "department", "department": departments[name], "id": name}
    return {"role": {"second": "dispatcher"}.get(name, name), "id": name}


def cases(names: Names) -> list[Case]:
    """Every action by every role on the topic of those who may speak for others, and on the topics of two departments,
    in every state: what is refused on one order together, what is taken on an order each; on a way of its own what the
    usual one lacks something for."""
    found: list[Case] = []
    for state, way in WAYS.items():
        asked = [*_by_word(names, state), *_by_topic(names, state)]
        found.append(Case(state, state, tuple(each for each in asked if each.refused), way))
        for n, each in enumerate(each for each in asked if not each.refused):
            before = [("department", ASKED_BEFORE[each.action])] if each.action in ASKED_BEFORE else []
            found.append(Case(f"{state}-{n}", state, (each,), (*way, *before)))
    for (role, action, state), own in OWN_WAYS.items():
        found.append(Case(f"{state}-{role}-{action}", state, (_on_own_way(names, action, own),), own.steps))
    return [case._replace(number=n) for n, case in enumerate(found, 1)]


def _on_own_way(names: Names, action: str, own: OwnWay) -> Asked:
    """By the narrowest topic that there is for whoever asks."""
    topics = {
        "department": (f"department-{OURS}", names.updates_of(OURS)),
        "works": (f"department-{THEIRS}", names.updates_of(THEIRS)),
        "unit": ("fleet-cars", names.units),
    }
    party, topic = topics.get(own.who, ("gateway", names.updates))
    return Asked(party, topic, person(own.who), own.asks or action)


def _by_word(names: Names, state: str) -> Iterator[Asked]:
    for role, action in itertools.product(ROLES, ACTIONS):
        yield Asked("gateway", names.updates, person(role), action, _refused(action, state, role))


def _by_topic(names: Names, state: str) -> Iterator[Asked]:
    for action in ACTIONS:
        ours, theirs = names.updates_of(OURS), names.updates_of(THEIRS)
        refused = _refused(action, state, "department")
        yield Asked(f"department-{OURS}", ours, person("department"), action, refused)
        if state != "arbitration":  # there the other one has had the order last
            yield Asked(f"department-{THEIRS}", theirs, person("works"), action, _not_its(refused))
        for liar in ("operator", "works"):
            yield Asked(f"department-{OURS}", ours, person(liar), action, frozenset({"not-the-sender"}))


def _not_its(refused: frozenset[str]) -> frozenset[str]:
    """Why the other department is refused: as its own would be, or because it does not have the order."""
    return refused | _NOT_ITS if refused in (frozenset(), EXCUSES) else refused


def _refused(action: str, state: str, role: str) -> frozenset[str]:
    row = permit(action, state, role)  # type: ignore[arg-type]
    if not isinstance(row, Transition):
        return frozenset({row})
    return EXCUSES if (role, action) in EXCUSED[state] else frozenset()


def beginnings(names: Names, todo: Iterable[Case]) -> list[Message]:
    """What opens an order for each case, far from all others, and one more that is called `other`: a report that a
    person has to decide on, or what a camera sees."""
    found = [_report(names, "other", 0)]
    return found + [_seen(names, case) if case.camera else _report(names, case.name, case.number) for case in todo]


def units_near(names: Names, todo: Iterable[Case]) -> list[Message]:
    """What the mobile units say that are near to cases."""
    found = []
    for case in todo:
        if case.unit:
            data = {"unit": case.unit, "state": "free", "location": _place(case.number)}
            found.append(_message("fleet-cars", names.units, case.unit, UNIT, data))
    return found


def _place(number: int) -> dict[str, float]:
    return {"lat": 30.003 + number // _PER_ROW * 0.0045, "lon": 114.003 + number % _PER_ROW * 0.006}


def _report(names: Names, name: str, number: int, **more: Any) -> Message:
    data = {"text": f"别的事 {number}", "location": _place(number), "reporter": {"id": "reporter"}} | more
    return _message("app-hotline", names.reports, name, REPORT, data, source="citizens")


def _seen(names: Names, case: Case) -> Message:
    data = {"camera_id": case.camera, "label": "lamp_off", "confidence": 0.9}
    return _message("sensor-gate", names.detections, case.name, DETECTION, data)


def _message(
    party: str, topic: str, name: str, kind: str, data: Mapping[str, Any], key: str = _AREA, source: str = "people"
) -> Message:
    headers, value = to_binary(Event(name, source, kind, msgspec.json.encode(data)))
    return Message(party, topic, name, key, list(headers), value)


def ways(names: Names, todo: Iterable[Case], order: Mapping[str, str], at: int) -> list[list[Message]]:
    """The steps that bring the cases' orders to their states, in stretches: one begins when the one before is decided,
    as what comes by different topics has no order."""
    stretches: list[list[Message]] = []
    for case in todo:
        topic, at_stretch = "", -1
        for n, (who, what) in enumerate(case.way):
            if what in ("here", "seen"):
                continue  # the order began with it
            name = f"{case.name}/way/{n}"
            if what == "report":
                message = _report(names, name, case.number, joins=order[case.name])
            else:
                message = _update(
                    Asked("gateway", names.updates, person(who), what), name, case, order[case.name], order["other"], at
                )
            if message.topic != topic:
                topic, at_stretch = message.topic, at_stretch + 1
            if at_stretch == len(stretches):
                stretches.append([])
            stretches[at_stretch].append(message)
    return stretches


def asking(case: Case, order: str, other: str, at: int) -> dict[str, tuple[Asked, Message]]:
    """All that is asked for on a case's order, by the event's id."""
    named = {f"{case.name}/asked/{n}": each for n, each in enumerate(case.asked)}
    return {name: (each, _update(each, name, case, order, other, at)) for name, each in named.items()}


def _update(asked: Asked, name: str, case: Case, order: str, other: str, at: int) -> Message:
    named = {"unit": case.unit, "camera": case.camera}
    by = asked.by | {"id": named.get(asked.by["role"]) or asked.by["id"]}
    data: dict[str, Any] = step(asked.action, other, at) | {"by": by, "order_id": order}
    if asked.action == "split" and ("app", "report") in case.way:
        data["report"] = {"source": "citizens", "id": f"{case.name}/way/{case.way.index(('app', 'report'))}"}
    return _message(asked.party, asked.topic, name, UPDATE, data, order)


class Outcomes:
    """What became of steps, as the log tells it."""

    def __init__(self) -> None:
        self.opened: dict[str, str] = {}  # order by report or detection
        self.refused: dict[str, str] = {}  # reason by step
        self.taken: set[str] = set()
        self.states: dict[str, str] = {}
        self.counts: defaultdict[str, int] = defaultdict(int)  # facts by order

    def see(self, fact: Fact | UpdateRefused) -> None:
        """Take notice of what the log holds next."""
        if isinstance(fact, UpdateRefused):
            self.refused[fact.id] = fact.reason
            return
        self.states[fact.order_id] = fact.state
        self.counts[fact.order_id] += 1
        if isinstance(fact, facts.Opened | facts.EvidenceAdded):
            self.opened.setdefault(fact.evidence.id, fact.order_id)
        if fact.cause is not None:
            self.taken.add(fact.cause[1])

    def known(self, those: Iterable[str]) -> bool:
        """Whether each of these was taken or refused."""
        return set(those) <= self.taken | self.refused.keys() | self.opened.keys()

    def wrong(self, asked: Mapping[str, Asked]) -> list[tuple[str, Asked, str]]:
        """The steps of which something else came than is to come, with what did ("": they were taken)."""
        got = {name: self.refused.get(name, "") for name in asked}
        return [
            (name, each, got[name])
            for name, each in asked.items()
            if (got[name] not in each.refused if each.refused else got[name] != "")
        ]


class Parties:
    """Those who write to a city's topics on a secured cluster, each as the user that the table of rights names, and
    what the log says to it. `settings` are those of a user who may read everything."""

    def __init__(self, settings: Settings, log: AIOKafkaConsumer, stack: AsyncExitStack) -> None:
        self._settings, self._log, self._stack = settings, log, stack
        self._producers: dict[str, AIOKafkaProducer] = {}
        self.outcomes = Outcomes()

    async def write(self, messages: Iterable[Message]) -> None:
        """Write them in their order, and wait until the cluster has them. Raises what it refuses them with."""
        sent = []
        for each in messages:
            producer = await self._of(each.party)
            sent.append(await producer.send(each.topic, each.value, each.key.encode(), headers=each.headers))
        await asyncio.gather(*sent)

    async def until(self, done: Callable[[], bool], what: str) -> None:
        """Read the log until it is done. Raises AssertionError when that takes a minute."""

        async def seen() -> bool:
            for records in (await self._log.getmany(timeout_ms=100)).values():
                for record in records:
                    self.outcomes.see(facts.from_wire(event_type(record.headers), record.value))
            return done()

        await eventually(seen, 60.0, what)

    async def _of(self, party: str) -> AIOKafkaProducer:
        if party not in self._producers:
            connection = as_party(self._settings, party)
            self._producers[party] = await self._stack.enter_async_context(started(writer(connection), 5.0))
        return self._producers[party]


def as_party(settings: Settings, party: str) -> Connection:
    """How somebody outside reaches the cluster, under the user that the table of rights names by default."""
    return Connection.of(settings.model_copy(update={"kafka_user": f"{settings.namespace}-{party}"}))


@asynccontextmanager
async def parties(settings: Settings) -> AsyncIterator[Parties]:
    """Parties who read the log from its beginning."""
    orders = Names(settings.namespace).orders
    async with AsyncExitStack() as stack:
        log = follower(Connection.of(settings), orders, auto_offset_reset="earliest")
        yield Parties(settings, await stack.enter_async_context(started(log, 5.0)), stack)

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
from dispatcher.order.lifecycle import ACTIONS, STATE_TERMS, Transition, permit
from models.envelope import Event, event_type, to_binary
from models.events import REPORT, UPDATE
from models.events.vocabulary import ROLES
from streams.kafka.clients import follower, started, writer
from streams.kafka.connection import Connection
from streams.kafka.topics import Names
from streams.settings import Settings
from tests.support.every_step import ASKED_BEFORE, EXCUSED, WAYS, step
from tests.support.kafka import eventually

OURS, THEIRS = "roads", "works"  # the department that the orders go to, and another one
_AREA = "south-w"
_PER_ROW = 16  # orders lie on a grid, six hundred metres apart: none meets another
EXCUSES = frozenset(
    {
        "not-joined", "not-the-holder", "nobody-below", "nobody-above", "not-accountable", "not-its-task", "no-unit",
        "not-asked", "not-in-jury", "for-a-reviewer", "same-dispatcher",
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
    action: str
    refused: frozenset[str] = frozenset()


class Case(NamedTuple):
    """An order that comes to a state, and what is asked for then; only one step that is taken."""

    name: str
    state: str
    asked: tuple[Asked, ...]
    before: str = ""  # what its department asks for first


def person(name: str) -> dict[str, str]:
    """Who acts: a role, or a department's clerk."""
    departments = {"department": OURS, "works": THEIRS}
    if name in departments:
        return {"role": "department", "department": departments[name], "id": name}
    return {"role": name, "id": name}


def cases(names: Names) -> list[Case]:
    """Every action by every role on the topic of those who may speak for others, and on the topics of two departments,
    in every state: what is refused on one order together, what is taken on an order each."""
    found: list[Case] = []
    for state in STATE_TERMS:
        asked = [*_by_word(names, state), *_by_topic(names, state)]
        found.append(Case(state, state, tuple(each for each in asked if each.refused)))
        for n, each in enumerate(each for each in asked if not each.refused):
            found.append(Case(f"{state}-{n}", state, (each,), ASKED_BEFORE.get(each.action, "")))
    return found


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


def reports(names: Names, party: str, those: Iterable[str]) -> list[Message]:
    """A report for each name, far from all others, that a person has to decide on."""
    found = []
    for n, name in enumerate(those):
        place = {"lat": 30.003 + n // _PER_ROW * 0.006, "lon": 114.003 + n % _PER_ROW * 0.006}
        data = {"text": f"别的事 {n}", "location": place, "reporter": {"id": "reporter"}}
        headers, value = to_binary(Event(name, "citizens", REPORT, msgspec.json.encode(data)))
        found.append(Message(party, names.reports, name, _AREA, list(headers), value))
    return found


def way(names: Names, case: Case, order: str, other: str, at: int) -> list[Message]:
    """The steps that bring a case's order to its state."""
    steps = [*WAYS[case.state], *([("department", case.before)] if case.before else [])]
    return [
        _update(Asked("gateway", names.updates, person(who), action), f"{case.name}/way/{n}", order, other, at)
        for n, (who, action) in enumerate(steps)
    ]


def asking(case: Case, order: str, other: str, at: int) -> dict[str, tuple[Asked, Message]]:
    """All that is asked for on a case's order, by the event's id."""
    named = {f"{case.name}/asked/{n}": each for n, each in enumerate(case.asked)}
    return {name: (each, _update(each, name, order, other, at)) for name, each in named.items()}


def _update(asked: Asked, name: str, order: str, other: str, at: int) -> Message:
    data: dict[str, Any] = step(asked.action, other, at) | {"by": asked.by, "order_id": order}
    headers, value = to_binary(Event(name, "people", UPDATE, msgspec.json.encode(data)))
    return Message(asked.party, asked.topic, name, order, list(headers), value)


class Outcomes:
    """What became of steps, as the log tells it."""

    def __init__(self) -> None:
        self.opened: dict[str, str] = {}  # order by report
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
        if (evidence := getattr(fact, "evidence", None)) is not None:
            self.opened.setdefault(evidence.id, fact.order_id)
        if fact.cause is not None:
            self.taken.add(fact.cause[1])

    def known(self, those: Iterable[str]) -> bool:
        """Whether each of these steps was taken or refused."""
        return set(those) <= self.taken | self.refused.keys()

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

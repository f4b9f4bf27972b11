"""A gateway with intake and a desk right behind it, without Kafka: what it writes is decided before it is answered."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import msgspec
from aiokafka import ConsumerRecord
from starlette.types import ASGIApp

from dispatcher.desk import DeskState
from dispatcher.order.chain import confirmer
from dispatcher.order.facts import Fact, UpdateRefused
from dispatcher.partition.decision import Failure, Outgoing
from dispatcher.partition.telling.outcomes import read_outcome
from models.city import City
from models.envelope import Event, to_binary
from models.events import DeadLetter
from models.inbox import decode_items
from streams.access.holders import Holders
from streams.bridge.figures_heard import HubsHeard
from streams.dead_letters.letter import decode_dead_letter, of_item
from streams.gateway.app import Parts, make_app
from streams.gateway.events.event_writer import EventWriter
from streams.gateway.open311.step_log import StepLog, ToldStep
from streams.gateway.reporters.public_state import TOLD
from streams.gateway.shards import ShardAnswers, Shards
from streams.gateway.shutdown import Shutdown
from streams.gateway.waiting import FactTail
from streams.intake.batch import take_in
from streams.intake.drafts import Keys
from streams.intake.reading.ways import way_of
from streams.kafka.topics import Names
from streams.settings import load_settings
from streams.tables.protocol import PartitionOrder, PartitionOrders, ShardOrder, brief, from_cursor
from tests.support.desks import Desk, facts_of, name

KEYS = Keys(b"for these tests only")
NOWHERE = "127.0.0.1:1"


@dataclass
class DeskBehind:
    """Takes what the gateway writes, and answers what it asks the tables."""

    desk: Desk
    names: Names
    now: int
    written: list[tuple[str, Event]] = field(default_factory=list)
    seen: list[Fact | UpdateRefused] = field(default_factory=list)  # all facts, refusals included
    dead: list[DeadLetter] = field(default_factory=list)
    tail: FactTail | None = None
    app: ASGIApp | None = None

    async def write(self, topic: str, key: str, event: Event, more: Sequence[tuple[str, bytes]] = ()) -> None:
        """Take an event in and decide on it; whoever waits is told."""
        self.written.append((topic, event))
        headers, value = to_binary(event)
        record = ConsumerRecord(topic, 0, 0, self.now, 0, key.encode(), value, 0, 0, len(value), [*headers, *more])
        taken = take_in([record], self.desk.city, None, self.now, KEYS, way=way_of(self.names, topic))
        for heard in taken.units:
            self.desk.feed(heard, at=self.now)
        for _, packed in taken.packed():
            for item in decode_items(packed):
                dead = len(self.desk.usurpers)
                sent = self.desk.feed(item, at=self.now)
                self._see(facts_of(sent))
                self._see_outcomes(sent)
                self._see_dead(self.desk.usurpers[dead:])

    def _see(self, facts: Sequence[Fact | UpdateRefused]) -> None:
        self.seen.extend(facts)
        assert self.tail is not None
        for fact in facts:
            for waiter in self.tail._all_waiters():
                waiter.see(fact)

    def _see_outcomes(self, sent: Sequence[Outgoing]) -> None:
        assert self.tail is not None
        for out in sent:
            if out.topic == "outcomes":
                self.tail.take_outcome(read_outcome(out.value))

    def _see_dead(self, failures: Sequence[Failure]) -> None:
        assert self.tail is not None
        for failure in failures:
            send = of_item(self.names, 0, failure, self.now, "other-content")
            self.dead.append(decode_dead_letter(send.value or b""))
            for waiter in self.tail._all_waiters():
                waiter.see_dead(self.dead[-1])

    async def ask(self, path: str, params: Mapping[str, str], kind: type[Any]) -> ShardAnswers[Any]:
        """What the tables hold: the desk's rows as they are."""
        orders = self.desk.state.orders
        if kind is ShardOrder:
            return ShardAnswers({0: PartitionOrder(1, orders.get(path.rpartition("/")[2]))}, 1)
        found = [brief(order) for order in orders.values() if params.get("report", "") in ("", *order.report_keys)]
        if reporter := params.get("reporter", ""):
            found = [line for line in found if reporter in orders[line.id].reporters]
        if states := set(filter(None, params.get("state", "").split(","))):
            found = [line for line in found if line.state in states or ("open" in states and line.open)]
        if areas := set(filter(None, params.get("area", "").split(","))):
            found = [line for line in found if line.area in areas]
        if categories := set(filter(None, params.get("category", "").split(","))):
            found = [line for line in found if line.category in categories]
        if above := params.get("confirmer", ""):
            found = [line for line in found if line.state == "handled" and confirmer(orders[line.id]) == above]
        if unit := params.get("unit", ""):
            found = [line for line in found if (task := orders[line.id].task) is not None and task.unit == unit]
        if after := params.get("after"):
            found = [line for line in found if line.place("newest") > from_cursor(after)]
        return ShardAnswers({0: PartitionOrders(1, tuple(found))}, 1)

    async def between(self, since: int, until: int, most: int) -> list[ToldStep]:
        """What the log holds: all of it as if it had been written at the time of its fact."""
        steps = [ToldStep(fact, fact.recorded_at) for fact in facts_of(self.desk.sent) if isinstance(fact, Fact)]
        told = [step for step in steps if name(step.fact) in TOLD and since <= step.written_at <= until]
        return sorted(told, key=lambda step: (step.written_at, step.fact.order_id, step.fact.seq))[:most]

    def rows(self) -> dict[str, bytes]:
        """The desk's rows but for those that any input changes."""
        return {key: row for key, row in self.desk.rows.items() if key != "meta" and not key.startswith("seen/")}

    def change(self, order_id: str, **fields: Any) -> None:
        """Write into an order's row what the desk finds by itself."""
        order = msgspec.structs.replace(self.desk.order(order_id), **fields)
        self.desk.rows[order_id] = msgspec.json.encode(order)
        self.back_to(self.kept())

    def kept(self) -> "Kept":
        """The desk as it is now, to come back to."""
        return Kept(dict(self.desk.rows), dict(self.desk.figure_rows), self.desk.offset)

    def back_to(self, kept: "Kept") -> None:
        """Forget what has happened since."""
        self.desk.rows, self.desk.figure_rows, self.desk.offset = dict(kept.rows), dict(kept.figures), kept.offset
        self.desk.state = DeskState.restore(3, sorted(kept.rows.items()), sorted(kept.figures.items()))


@dataclass(frozen=True)
class Kept:
    """A desk's rows."""

    rows: Mapping[str, bytes]
    figures: Mapping[str, bytes]
    offset: int


@asynccontextmanager
async def gateway_with_desk(
    city: City, now: int, hubs: HubsHeard | None = None, **changes: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, DeskBehind]]:
    """A client of such a gateway, and the desk behind it, whose clock stands at `now` (ms UTC)."""
    given = {"kafka": NOWHERE, "tables_workers": (NOWHERE,), "partitions": 1, "personal_key": KEYS.hmac.decode()}
    settings = load_settings(**given | changes)
    behind = DeskBehind(Desk(city), Names(settings.namespace), now)
    behind.tail = FactTail(settings)
    parts = Parts(
        settings,
        city,
        cast(Shards, behind),
        cast(EventWriter, behind),
        behind.tail,
        Holders(settings),
        Shutdown(),
        hubs=hubs,
        steps=cast(StepLog, behind),
    )
    behind.app = make_app(parts)
    transport = httpx.ASGITransport(behind.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client, behind

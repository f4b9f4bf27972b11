"""Follows the log of facts and the outcomes: tells those who wait what the desk decided, and everybody of new
assignments and of what else changes a list."""

import asyncio
import contextlib
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from dispatcher.order import facts
from dispatcher.order.facts import Fact, UpdateRefused
from dispatcher.partition.outcomes import SightingOutcome, read_outcome
from models.envelope import event_type
from models.events import DeadLetter
from streams.dead_letters.letter import decode_dead_letter
from streams.kafka.clients import follower, started
from streams.kafka.connection import Connection
from streams.kafka.kept_up import keep_up
from streams.kafka.topics import Names
from streams.settings import Settings

log = logging.getLogger(__name__)

_RECENT = 50
_LOOK_BACK = 200  # facts per partition that are read at the start, to have recent assignments to show
_OUTCOMES = 10_000  # the newest that can be asked for again
_QUEUED = 200  # facts that a slow browser may be behind before it loses the oldest
T = TypeVar("T")
_HOLDERS = 20_000  # orders, the newest of which it is known which departments have had them, or where they were moved
_AGAIN_SECONDS = 2.0
# Whose decision had not come when they were answered: it is kept for when they ask again.
_MOST_LATE = 100
# Each of them looks at every fact; who comes beyond is answered without the decision.
MOST_WAITERS = 500
# What the desk does with a new order before anybody else can.
_DECISIVE = (facts.Assigned, facts.SentToReview, facts.Rejected)
# Who hears of an order depends on these: they are kept also while nobody listens.
_KEPT = frozenset(facts.CE_TYPES[kind] for kind in (facts.Assigned, facts.Forwarded, facts.AreaMoved))
# What says nothing that a list shows, or never comes alone.
_UNLISTED = (
    facts.EvidenceAdded, facts.Decided, facts.RecheckRequested, facts.RecheckAnswered, facts.JudgementRequested,
    facts.JudgementGiven, facts.Warned, facts.Absorbed, facts.Released, facts.Archived, UpdateRefused,
)  # fmt: skip
_LISTED = frozenset(name for kind, name in facts.CE_TYPES.items() if kind not in _UNLISTED)
Decision = Fact | UpdateRefused | SightingOutcome | DeadLetter


@dataclass(eq=False)
class Waiter:
    """Somebody who waits for what comes of one event.

    A fact names what caused it: an opening or joining its sighting, every step and every refusal the update.
    """

    source: str
    id: str
    content: int = 0  # digest of what it says; 0: it is not compared
    opened: Fact | None = None
    decision: "asyncio.Future[Decision]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def see(self, fact: Fact | UpdateRefused) -> None:
        """Take notice of one fact of the log."""
        if self.decision.done():
            return
        match fact:
            case UpdateRefused():
                if self._is_mine(fact.source, fact.id):
                    self.decision.set_result(fact)
            case facts.Opened() if self._is_mine(fact.evidence.source, fact.evidence.id):
                self.opened = fact
            case facts.EvidenceAdded() if self._is_mine(fact.evidence.source, fact.evidence.id):
                self.decision.set_result(fact)
            case _ if self.opened is not None:
                if fact.order_id == self.opened.order_id and isinstance(fact, _DECISIVE):
                    self.decision.set_result(fact)
            case _ if fact.cause is not None and self._is_mine(*fact.cause):
                self.decision.set_result(fact)

    def see_outcome(self, outcome: SightingOutcome) -> None:
        """Take notice of what has become of a sighting; where that is an order, its facts say more."""
        told_by_facts = outcome.outcome == "order" or (outcome.outcome == "suppressed" and outcome.order_id)
        if not self.decision.done() and not told_by_facts and self._is_mine(outcome.source, outcome.id):
            self.decision.set_result(outcome)

    def see_dead(self, letter: DeadLetter) -> None:
        """Take notice of an event that could not be taken in."""
        if not self.decision.done() and self._is_mine(letter.event_source, letter.event_id):
            self.decision.set_result(letter)

    def _is_mine(self, source: str, event_id: str) -> bool:
        return (source, event_id) == (self.source, self.id)


class FactTail:
    """Reads `orders`, `outcomes` and `dead-letters`, committed records only, from their ends on; it belongs to no
    group."""

    def __init__(self, settings: Settings) -> None:
        names = Names(settings.namespace)
        self._connection = Connection.of(settings)
        self._orders = [TopicPartition(names.orders, number) for number in range(settings.partitions)]
        self._outcomes = [TopicPartition(names.outcomes, number) for number in range(settings.partitions)]
        self._dead = TopicPartition(names.dead_letters, 0)
        self._waiters: set[Waiter] = set()
        self._late: OrderedDict[tuple[str, str], Waiter] = OrderedDict()
        self._listeners: set[asyncio.Queue[Fact | None]] = set()
        self._admitted = 0
        self._holders: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._areas: OrderedDict[str, str] = OrderedDict()
        self._recent: deque[facts.Assigned] = deque(maxlen=_RECENT)
        self._known: OrderedDict[tuple[str, str], SightingOutcome] = OrderedDict()
        self._take_of = {
            names.orders: self._take,
            names.outcomes: self._take_outcome,
            names.dead_letters: self._take_dead,
        }
        self.following = asyncio.Event()

    @property
    def crowded(self) -> bool:
        """Whether as many wait for decisions as can."""
        return len(self._waiters) >= MOST_WAITERS

    def outcome_of(self, source: str, event_id: str) -> SightingOutcome | None:
        """What has become of a sighting whose sender has asked within the last hour; None where that is not known."""
        return self._known.get((source, event_id))

    @contextlib.contextmanager
    def waiting(self, waiter: Waiter) -> Iterator[Waiter]:
        """Let a waiter see every fact that comes while the body runs; enter it before the event is sent.

        Of a step that is sent again, whose decision came when nobody waited any more, it knows that already.
        """
        late = self._late.pop((waiter.source, waiter.id), None)
        if late is not None and late.content == waiter.content and late.decision.done():
            waiter.decision.set_result(late.decision.result())
        self._waiters.add(waiter)
        try:
            yield waiter
        finally:
            self._waiters.discard(waiter)

    def remember(self, waiter: Waiter) -> None:
        """Keep what becomes of an event for when it is sent again: of the newest, whose senders have waited in vain."""
        self._late[waiter.source, waiter.id] = waiter
        if len(self._late) > _MOST_LATE:
            self._late.popitem(last=False)

    def _all_waiters(self) -> Iterator[Waiter]:
        return chain(self._waiters, self._late.values())

    def area(self, order_id: str) -> str:
        """The area that an order was last moved to, of the newest that were; empty where it was not, or long ago."""
        return self._areas.get(order_id, "")

    def holders(self, order_id: str) -> frozenset[str]:
        """The departments that have or had an order, of those assigned last; empty where that is not known."""
        return self._holders.get(order_id, frozenset())

    @contextlib.contextmanager
    def admitting(self) -> Iterator[int]:
        """While the body runs somebody follows what changes, or is about to; how many do, with this one."""
        self._admitted += 1
        try:
            yield self._admitted
        finally:
            self._admitted -= 1

    async def changes(self) -> AsyncIterator[Fact | None]:
        """The recent assignments, oldest first, then each fact that changes a list; None when for 15 s there was none.

        It ends with `end_listening`.
        """
        queue: asyncio.Queue[Fact | None] = asyncio.Queue(_QUEUED)
        for fact in self._recent:
            queue.put_nowait(fact)
        self._listeners.add(queue)
        try:
            while True:
                try:
                    told = await asyncio.wait_for(queue.get(), 15.0)
                except TimeoutError:
                    yield None
                    continue
                if told is None:
                    return
                yield told
        finally:
            self._listeners.discard(queue)

    def end_listening(self) -> None:
        """Nobody who follows what changes now gets any more of it."""
        for queue in self._listeners:
            _put(queue, None)

    async def run(self) -> None:
        """Follow until cancelled; when Kafka is away, begin again at the then ends."""
        await keep_up("the log of facts cannot be followed", _AGAIN_SECONDS, self._follow)

    async def _follow(self) -> None:
        async with started(follower(self._connection)) as consumer:
            parts = [*self._orders, *self._outcomes, self._dead]
            consumer.assign(parts)
            for part, end in (await consumer.end_offsets(parts)).items():
                consumer.seek(part, max(end - self._back(part), 0))
            self.following.set()
            try:
                while True:
                    for part, records in (await consumer.getmany(timeout_ms=500)).items():
                        for record in records:
                            self._take_of[part.topic](record)
            finally:
                self.following.clear()

    def _back(self, part: TopicPartition) -> int:
        """How many records before the end are read at the start."""
        if part.topic == self._outcomes[0].topic:
            return 0 if self._known else _OUTCOMES // len(self._outcomes)
        return 0 if part == self._dead or self._recent else _LOOK_BACK

    def _take(self, record: ConsumerRecord) -> None:
        kind = event_type(record.headers)
        listed = kind in _KEPT or (bool(self._listeners) and kind in _LISTED)
        if not self._waiters and not self._late and not listed:
            return
        try:
            fact = facts.from_wire(kind, record.value)
        except (KeyError, msgspec.MsgspecError) as error:
            log.error("%s-%d at %d holds no fact: %s", record.topic, record.partition, record.offset, error)
            return
        for waiter in self._all_waiters():
            waiter.see(fact)
        if listed and not isinstance(fact, UpdateRefused):
            self.tell(fact)

    def tell(self, fact: Fact) -> None:
        """Tell those who listen of a fact that changes a list."""
        if isinstance(fact, facts.Assigned):
            self._recent.append(fact)
        if isinstance(fact, facts.Assigned | facts.Forwarded):
            _keep_newest(self._holders, fact.order_id, self.holders(fact.order_id) | {fact.department, *fact.assists})
        if isinstance(fact, facts.AreaMoved):
            _keep_newest(self._areas, fact.order_id, fact.area)
        for queue in self._listeners:
            _put(queue, fact)

    def _take_outcome(self, record: ConsumerRecord) -> None:
        try:
            outcome = read_outcome(record.value)
        except msgspec.MsgspecError as error:
            log.error("%s-%d at %d holds no outcome: %s", record.topic, record.partition, record.offset, error)
            return
        self.take_outcome(outcome)

    def take_outcome(self, outcome: SightingOutcome) -> None:
        """Tell who waits for it, and keep it for those who ask later."""
        self._known[outcome.source, outcome.id] = outcome
        if len(self._known) > _OUTCOMES:
            self._known.popitem(last=False)
        for waiter in self._all_waiters():
            waiter.see_outcome(outcome)

    def _take_dead(self, record: ConsumerRecord) -> None:
        if not self._waiters and not self._late:
            return
        try:
            letter = decode_dead_letter(record.value)
        except msgspec.MsgspecError as error:
            log.error("%s at %d holds no dead letter: %s", record.topic, record.offset, error)
            return
        for waiter in self._all_waiters():
            waiter.see_dead(letter)


def _keep_newest(kept: OrderedDict[str, T], key: str, value: T) -> None:
    """Keep a value as the newest of so many."""
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _HOLDERS:
        kept.popitem(last=False)


def _put(queue: "asyncio.Queue[Fact | None]", told: Fact | None) -> None:
    """Put it in; who is too far behind loses the oldest."""
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(told)

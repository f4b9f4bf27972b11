"""Follows the log of facts and the outcomes: tells those who wait what the desk decided, and everybody of new
assignments and of what else changes a list."""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

import msgspec
from aiokafka import ConsumerRecord, TopicPartition

from dispatcher.order import facts
from dispatcher.order.facts import Fact, UpdateRefused
from dispatcher.partition.telling.outcomes import SightingOutcome, read_outcome
from models.access import Holder
from models.envelope import event_type
from models.events import DeadLetter
from streams.dead_letters.letter import decode_dead_letter
from streams.gateway.events.fair_newest import FairNewest
from streams.gateway.events.live_facts import LiveFacts, Told
from streams.gateway.events.shares import Shares
from streams.kafka.clients import follower, started
from streams.kafka.connection import Connection
from streams.kafka.kept_up import keep_up
from streams.kafka.log_reading import BESIDE_ANSWERS
from streams.kafka.topics import Names
from streams.settings import Settings

log = logging.getLogger(__name__)

_LOOK_BACK = 200  # facts per partition that are read at the start, to have recent assignments to show
_CATCH_UP = 10_000  # facts per partition that are read of what came while Kafka was away
_OUTCOMES = 10_000  # the newest that can be asked for again; of whoever has most, the oldest go first
T = TypeVar("T")
_HOLDERS = 20_000  # orders, the newest of which it is known which departments have had them, or where they were moved
_AGAIN_SECONDS = 2.0
# Whose decision had not come when they were answered: it is kept for when they ask again.
_MOST_LATE = 100
_MOST_LATE_OF_ONE = 25  # of these of one token
# Each of them looks at every fact; who comes beyond is answered without the decision.
MOST_WAITERS = 500
MOST_WAITERS_OF_ONE = 125  # of these of one token, which many may share: nobody takes all the places from the others
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

    A fact names what caused it: an opening or joining its sighting, every step and every refusal the update. `whose`
    is who takes its place; None where nobody needs a token.
    """

    source: str
    id: str
    content: int = 0  # digest of what it says; 0: it is not compared
    whose: Hashable = None
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
        self._places = Shares()  # how many of them are of one
        self._late: OrderedDict[tuple[str, str], Waiter] = OrderedDict()
        self._admitted = Shares()
        self._holders: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._areas: OrderedDict[str, str] = OrderedDict()
        self.live = LiveFacts(settings.partitions)
        self._known: FairNewest[SightingOutcome] = FairNewest(_OUTCOMES)
        self._take_of = {
            names.orders: self._take,
            names.outcomes: self._take_outcome,
            names.dead_letters: self._take_dead,
        }
        self.following = asyncio.Event()

    def is_crowded(self, whose: Hashable) -> bool:
        """Whether as many wait for decisions as can, in all or of one."""
        return len(self._waiters) >= MOST_WAITERS or self._places.of(whose) >= MOST_WAITERS_OF_ONE

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
            with self._places.taking(waiter.whose):
                yield waiter
        finally:
            self._waiters.discard(waiter)

    def remember(self, waiter: Waiter) -> None:
        """Keep what becomes of an event for when it is sent again: of the newest, in all and of one, whose senders have
        waited in vain."""
        self._late[waiter.source, waiter.id] = waiter
        own = [name for name, each in self._late.items() if each.whose == waiter.whose]
        if waiter.whose is not None and len(own) > _MOST_LATE_OF_ONE:
            del self._late[own[0]]
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
    def admitting(self, holder: Holder | None) -> Iterator[tuple[int, int]]:
        """While the body runs somebody follows what changes, or is about to; how many do, with this one, and how many
        of them are this holder's, where somebody needs a token."""
        with self._admitted.taking(holder):
            yield self._admitted.total, self._admitted.of(holder)

    async def run(self) -> None:
        """Follow until cancelled; when Kafka was away, go on with the facts where it ended, with the rest at the then
        ends."""
        await keep_up("the log of facts cannot be followed", _AGAIN_SECONDS, self._follow)

    async def _follow(self) -> None:
        async with started(follower(self._connection)) as consumer:
            parts = [*self._orders, *self._outcomes, self._dead]
            consumer.assign(parts)
            for part, end in (await consumer.end_offsets(parts)).items():
                begin = self._begin(part, end)
                consumer.seek(part, begin)
                if part.topic == self._orders[0].topic:
                    self.live.begin_at(part.partition, begin)
            self.following.set()
            try:
                while True:
                    batches = await consumer.getmany(timeout_ms=500, max_records=BESIDE_ANSWERS)
                    for part, records in batches.items():
                        for record in records:
                            self._take_of[part.topic](record)
                    await asyncio.sleep(0)
            finally:
                self.following.clear()

    def _begin(self, part: TopicPartition, end: int) -> int:
        """The offset from which on a partition is read."""
        if part.topic == self._orders[0].topic:
            following = self.live.next_of(part.partition)
            return max(end - _LOOK_BACK, 0) if following is None else min(max(following, end - _CATCH_UP), end)
        back = _OUTCOMES // len(self._outcomes) if part != self._dead and not len(self._known) else 0
        return max(end - back, 0)

    def _take(self, record: ConsumerRecord) -> None:
        kind = event_type(record.headers)
        changes = kind in _LISTED
        self.live.pass_by(record, kind if changes else "")
        listed = kind in _KEPT or (changes and self.live.followers > 0)
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
            self.tell(Told(fact, record.partition, record.offset))

    def tell(self, told: Told) -> None:
        """Tell those who follow of a fact that changes a list."""
        fact = told.fact
        if isinstance(fact, facts.Assigned | facts.Forwarded):
            _keep_newest(self._holders, fact.order_id, self.holders(fact.order_id) | {fact.department, *fact.assists})
        if isinstance(fact, facts.AreaMoved):
            _keep_newest(self._areas, fact.order_id, fact.area)
        self.live.tell(told)

    def _take_outcome(self, record: ConsumerRecord) -> None:
        try:
            outcome = read_outcome(record.value)
        except msgspec.MsgspecError as error:
            log.error("%s-%d at %d holds no outcome: %s", record.topic, record.partition, record.offset, error)
            return
        self.take_outcome(outcome)

    def take_outcome(self, outcome: SightingOutcome) -> None:
        """Tell who waits for it, and keep it for those who ask later."""
        # All sources of a token begin with its own.
        self._known.keep(outcome.source.partition("/")[0], (outcome.source, outcome.id), outcome)
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

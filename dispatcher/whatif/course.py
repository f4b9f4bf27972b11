"""One course of events 推演进程: a partition's inbox, decided from its first record on in this process."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from dispatcher.desk import decide
from dispatcher.figures.figure_row import FigureRow
from dispatcher.order import facts
from dispatcher.order.folds.apply import apply
from dispatcher.order.row import Order
from dispatcher.partition.state import DeskState, Meta
from models.city import City
from models.envelope import event_type
from models.inbox import InboxRecord, Tick

# What an order's way is called where no department has it.
PERSON, ARBITER, REJECTED = "(review)", "(arbitration)", "(rejected)"
_PACKS = re.compile(rb',"(?:pack|decided_under)":"[^"]*"')  # neither is a fact's first field


class Course:
    """One partition. Feed it the records of the inbox in their order, then `finish` it.

    `orders` are the rows of all orders, archived ones included, `ways` the departments (or `PERSON`, `ARBITER`,
    `REJECTED`) that each came to, in their order, `figures` the figure rows by Kafka key. `chains` has a digest of each
    order's facts and refusals, `alike` one that leaves out by which pack each was decided; both by Kafka key.
    `failed` counts the items at which the core raised.
    """

    def __init__(self, partition: int, pack: str) -> None:
        self.orders: dict[str, Order] = {}
        self.ways: dict[str, tuple[str, ...]] = defaultdict(tuple)
        self.chains: dict[str, bytes] = defaultdict(bytes)
        self.alike: dict[str, bytes] = defaultdict(bytes)
        self.facts = self.refused = self.failed = 0
        self._state = DeskState(partition)
        self._state.meta = Meta(pack=pack)

    @property
    def figures(self) -> Mapping[str, FigureRow]:
        """The figure rows as they are now, by Kafka key."""
        return self._state.figures

    def feed(self, records: Sequence[InboxRecord], cities: Mapping[str, City]) -> None:
        """Decide the next records. Raises UnknownPack when a pack that is to decide is not among `cities`."""
        decision = decide(self._state, records, cities)
        decision.changes.apply()
        self.failed += len(decision.failures)
        for out in decision.records:
            if out.topic == "orders":
                self._fact(out.key, event_type(out.headers), out.value)

    def finish(self, at: int, cities: Mapping[str, City]) -> None:
        """Let all fire that is due by an instant (ms UTC), or by the last record's where that lies later."""
        meta = self._state.meta
        tick = InboxRecord(self._state.partition, meta.next_offset, max(at, meta.clock), (Tick(),), replayed=True)
        self.feed([tick], cities)

    def _fact(self, key: str, kind: str, value: bytes) -> None:
        self.chains[key] = chained(self.chains[key], value)
        self.alike[key] = chained(self.alike[key], _PACKS.sub(b"", value))
        fact = facts.from_wire(kind, value)
        if isinstance(fact, facts.UpdateRefused):
            self.refused += 1
            return
        self.facts += 1
        self.orders[key] = apply(self.orders.get(key), fact)
        if stop := _stop(fact):
            self.ways[key] = (*self.ways[key], stop)


def chained(before: bytes, value: bytes) -> bytes:
    """The digest of an order's facts with one more behind them."""
    return hashlib.blake2b(before + value, digest_size=8).digest()


def _stop(fact: facts.Fact) -> str:
    if isinstance(fact, facts.Assigned | facts.Forwarded):
        return fact.department
    return {facts.SentToReview: PERSON, facts.SentToArbitration: ARBITER, facts.Rejected: REJECTED}.get(type(fact), "")

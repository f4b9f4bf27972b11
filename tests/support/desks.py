"""A desk to try things on: inbox records in, all that came out kept, with the laws that must always hold."""

from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

from dispatcher.desk import DeskState, decide
from dispatcher.figures import booking
from dispatcher.figures.figure_row import FigureRow, row_key
from dispatcher.order import facts
from dispatcher.order.facts import Fact, UpdateRefused
from dispatcher.order.folds.apply import fold
from dispatcher.order.row import Order
from dispatcher.partition import row_keys
from dispatcher.partition.decision import Decision, Failure, Outgoing
from dispatcher.partition.index import Entry, Key
from models.city import City
from models.envelope import CE_ID, event_type
from models.guess import Guess
from models.inbox import Actor, InboxRecord, InboxUpdate, Item, PackChange, Sighting, Tick
from models.times import DAY_MS, HOUR_MS, MINUTE_MS, from_text
from tests.support.cities import appended, tiny_city

T0 = from_text("2026-03-02T01:00:00Z")  # a Monday, 09:00 in the tiny city
MINUTE, HOUR, DAY = MINUTE_MS, HOUR_MS, DAY_MS

REVIEWER = Actor("reviewer", "", "rita")
DISPATCHER = Actor("dispatcher", "", "dora")
OFFICER = Actor("duty-officer", "", "otto")
OPERATOR = Actor("operator", "", "olga")
INSPECTOR = Actor("inspector", "", "ivan")
IMPORTER = "urn:importer"  # the one source whose updates may be dated back at will


def quiet_city(settings: str = "", **overrides: str) -> City:
    """The tiny city with an importer and a category for silent cameras."""
    files = appended("categories.csv", "camera-fault,order,镜头,Camera,fault,x,50,24,1,4,1,off") | overrides
    return tiny_city(files, f'importers = ["{IMPORTER}"]\n{settings}')


def guess(category: str, probability: float = 0.99, **own: Any) -> Guess:
    """What a classifier that is sure says."""
    own.setdefault("alternatives", ((category, probability), ("street-vendor", 0.006), ("water-leak", 0.004)))
    return Guess(category, probability, "model-1", 0.5, **own)


def report(id: str, at: int, text: str = "路上有个大坑", category: str = "pothole", **own: Any) -> Sighting:
    """A citizen's report near camera cam-sw-1."""
    own.setdefault("guess", guess(category) if category else None)
    place: dict[str, Any] = {
        "area": "south-w",
        "lat": 30.05,
        "lon": 114.05,
        "reporter": f"hash-{id}",
        "source": "app",
    } | own
    return Sighting(kind="report", id=id, at=at, text=text, **place)


def detection(id: str, at: int, category: str = "street-light", camera: str = "cam-sw-1", **own: Any) -> Sighting:
    """A camera's detection."""
    place: dict[str, Any] = {"area": "south-w", "lat": 30.05, "lon": 114.05, "source": "cams", "label": category} | own
    return Sighting(kind="detection", id=id, at=at, category=category, camera=camera, algorithm="a1", **place)


class Desk:
    """One partition's desk with its inbox and its log."""

    def __init__(self, city: City | None = None) -> None:
        self.city = city or quiet_city()
        self.cities = {self.city.digest: self.city}
        self.state = DeskState(3)
        self.offset = 0
        self.clock = T0
        self.inbox: list[InboxRecord] = []
        self.sent: list[Outgoing] = []
        self.rows: dict[str, bytes] = {}
        self.figure_rows: dict[str, bytes] = {}
        self.failures: list[str] = []
        self.usurpers: list[Failure] = []
        self._updates = 0
        self.feed(PackChange(self.city.digest), at=T0)

    # In

    def feed(self, *items: Item, at: int | None = None) -> list[Outgoing]:
        """One inbox record whose clock is `at` (absent: the latest so far), as a batch of its own; what it sent."""
        self.clock = max(self.clock, self.clock if at is None else at)
        record = InboxRecord(3, self.offset, self.clock, items)
        return self.batch([record])

    def batch(self, records: Sequence[InboxRecord]) -> list[Outgoing]:
        """Several records as one batch; what it sent."""
        self.inbox.extend(records)
        self.offset = records[-1].offset + 1
        decision = decide(self.state, records, self.cities)
        self.commit(decision)
        return decision.records

    def urgent(self, *items: Item, at: int) -> list[Outgoing]:
        """One record of the urgent lane that came in at `at`, as a batch of its own; what it sent."""
        record = InboxRecord(3, self.state.meta.urgent_offset or 0, at, items, urgent=True)
        self.inbox.append(record)
        decision = decide(self.state, [record], self.cities)
        self.commit(decision)
        return decision.records

    def replay(self, inbox: Sequence[InboxRecord], cuts: Random | None = None, restarts: bool = False) -> None:
        """Forget all and decide an inbox, one record at a time, or cut at random; with `restarts` restored from its
        rows now and then."""
        self.state, self.sent, self.rows, self.figure_rows = DeskState(3), [], {}, {}
        start = 0
        while start < len(inbox):
            size = cuts.randrange(1, 12) if cuts else 1
            self.batch(inbox[start : start + size])
            start += size
            if cuts and restarts and cuts.random() < 0.3:
                self.state = DeskState.restore(3, list(self.rows.items()), list(self.figure_rows.items()))
                self._is_newest()

    def _is_newest(self) -> None:
        """What is restored has recorded the newest fact, and its figures are as new: by that a desk knows its state for
        the newest one."""
        log = (out for out in reversed(self.sent) if out.topic == "orders")
        read = (facts.from_wire(event_type(out.headers), out.value) for out in log)
        fact = next((each for each in read if isinstance(each, facts.Fact)), None)
        assert fact is None or facts.is_in(fact, self.state.orders.get(fact.order_id))
        assert self.state.booked == self.state.meta.booked

    def commit(self, decision: Decision) -> None:
        """Do what the transaction does."""
        self.sent.extend(decision.records)
        self.failures.extend(failure.error for failure in decision.failures)
        self.usurpers.extend(decision.usurpers)
        for kept, changed in ((self.rows, decision.rows), (self.figure_rows, decision.figures)):
            for key, value in changed.items():
                if value is None:
                    kept.pop(key, None)
                else:
                    kept[key] = value
        decision.changes.apply()

    def tick(self, at: int) -> list[Outgoing]:
        """Nothing but time."""
        return self.feed(Tick(), at=at)

    def update(self, action: str, by: Actor, at: int, order: str | None = None, **own: Any) -> str:
        """Ask for a step on an order (absent: the only one) at `at`; the refusal's name, or ""."""
        if order is None and "report" not in own:
            order = self.only().id
        self.clock = max(self.clock, at)
        return self.update_at(action, by, at, order, **own)

    def update_at(self, action: str, by: Actor, at: int, order: str | None, **own: Any) -> str:
        """The same without moving the clock to `at`."""
        self._updates += 1
        named: dict[str, Any] = {"source": "test", "id": str(self._updates), "area": "south-w", "order_id": order or ""}
        update = InboxUpdate(**named | own, at=at, action=action, by=by)
        sent = self.feed(update)
        refused = [fact for fact in facts_of(sent) if isinstance(fact, UpdateRefused)]
        return refused[0].reason if refused else ""

    # Out

    def only(self) -> Order:
        """The only order there is."""
        (order,) = self.state.orders.values()
        return order

    def order(self, order_id: str) -> Order:
        """The row of an order."""
        return self.state.orders[order_id]

    def names(self, order_id: str | None = None) -> list[str]:
        """The names of all facts so far, of all orders or of one."""
        return [name(fact) for fact in facts_of(self.sent) if order_id in (None, fact.order_id)]

    def count(self, figure: str, row: str = "area/south-w") -> int:
        """A counter over all days."""
        return sum(
            kept.counters.get(figure, 0) for key, kept in self.state.figures.items() if key.startswith(f"{row}/")
        )


def facts_of(sent: Iterable[Outgoing]) -> list[Fact | UpdateRefused]:
    """The facts among what was sent."""
    return [facts.from_wire(event_type(out.headers), out.value) for out in sent if out.topic == "orders"]


def name(fact: Fact | UpdateRefused) -> str:
    """A fact's name on the wire."""
    return facts.name(type(fact))


def assert_laws(desk: Desk) -> None:
    """What must hold after whatever happened: rows are folds, figures are sums, restoring loses nothing, and no two
    events on a topic have one id, but for refusals of what somebody sends again when it is forgotten."""
    events = (out for out in desk.sent if out.headers and event_type(out.headers) != facts.CE_TYPES[UpdateRefused])
    named = Counter((out.topic, dict(out.headers)[CE_ID]) for out in events)
    assert [each for each, times in named.items() if times > 1] == []
    logs: dict[str, list[Fact]] = {}
    for fact in facts_of(desk.sent):
        if isinstance(fact, Fact):
            logs.setdefault(fact.order_id, []).append(fact)
    total: booking.Bookings = {}
    for order_id, log in logs.items():
        assert [fact.seq for fact in log] == list(range(1, len(log) + 1))
        row = fold(log)
        assert row is not None
        if order_id in desk.state.orders:
            assert row == desk.state.orders[order_id]
        else:
            assert row.archived_at is not None
        booking.collect(total, booking.bookings(row, desk.city.zone))
    restored = DeskState.restore(3, sorted(desk.rows.items()), sorted(desk.figure_rows.items()))
    assert_same_state(restored, desk.state)
    direct = {"detections", "duplicates", "suppressed", "merged", "expired"}
    for key, amounts in total.items():
        kept = desk.state.figures.get(row_key(key, 3), FigureRow())
        expected = FigureRow().add(amounts)
        counters = {k: v for k, v in kept.counters.items() if k not in direct and k != "received"}
        assert {k: v for k, v in expected.counters.items() if k != "received"} == counters
        assert expected.sketches == kept.sketches


def standing_under(state: DeskState) -> dict[Key, tuple[Entry, ...]]:
    """The index, key by key: the entries, oldest first."""
    return {key: tuple(entries) for key, entries in state.index.items()}


def assert_same_state(one: DeskState, other: DeskState) -> None:
    """Two states that decide alike."""
    assert one.meta == other.meta
    assert one.orders == other.orders
    assert one.tallies == other.tallies
    assert one.watches == other.watches
    assert one.cameras == other.cameras
    assert one.rolls == other.rolls
    assert one.algorithms == other.algorithms
    assert one.agreements == other.agreements
    assert one.units == other.units
    assert standing_under(one) == standing_under(other)
    assert one.seen == other.seen
    assert one.seen_until == other.seen_until
    assert {k: sorted(v) for k, v in one.seen_rows.items()} == {k: sorted(v) for k, v in other.seen_rows.items()}
    assert one.figures == other.figures
    # Pending entries that rows have outgrown vanish when they come up; a restored state has none of them. The first one
    # of an order stands for all.
    assert {entry for entry in one.pending if not row_keys.is_order(entry[1])} <= set(other.pending)
    assert all(
        any(earlier[1] == key and earlier <= (due, key, kind) for earlier in other.pending)
        for due, key, kind in one.pending
    )
    assert row_keys.META not in one.orders

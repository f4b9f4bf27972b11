"""The desk 派单台: `decide` is the one entry of the core. A batch of inbox records goes in, a decision comes out.

Nothing in the state changes, nothing is read but the arguments, and nothing depends on where one batch ends and the
next begins: the same records in the same order and the same packs give the same facts, byte for byte.

Records of the urgent lane stand among those of the inbox where they are decided. Each counts from its own time, but
leaves the stream's clock where it is: no timer fires before what the inbox still holds has been read.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import UNSET

from dispatcher.arrivals import borders, cameras
from dispatcher.arrivals.covered import silencing
from dispatcher.arrivals.due import fire
from dispatcher.arrivals.repeats import Repeats
from dispatcher.arrivals.sightings import on_sighting
from dispatcher.arrivals.updates import named, on_update
from dispatcher.arrivals.watched import looks
from dispatcher.figures import booking, figure_row
from dispatcher.figures.figure_row import Figure
from dispatcher.order import facts
from dispatcher.order.row import Order
from dispatcher.order.timers import Timer, timers
from dispatcher.partition import identity, row_keys
from dispatcher.partition.decision import Decision, Failure, Outgoing, Overtaking, overtaking_row
from dispatcher.partition.overlay import Overlay
from dispatcher.partition.state import DeskState, Meta
from dispatcher.partition.unit_of_work import UnitOfWork
from dispatcher.units.reports import on_unit
from models.city import City
from models.inbox import (
    AtBorder,
    BeyondBorder,
    Heard,
    InboxRecord,
    InboxUpdate,
    LiveSilence,
    PackChange,
    Sighting,
    Tick,
    UnitHeard,
)

__all__ = ["DeskState", "UnknownPack", "decide"]

FIRED_PER_RECORD = 500

_USURPED = "one of this source and id said something else before: it needs an id of its own"

_NOTHING: booking.Counts = {}

# An item to which the rules of its kind apply, whatever it says of orders; the others say what holds from there on.
_Decided: TypeAlias = Sighting | InboxUpdate | Heard | UnitHeard | AtBorder | BeyondBorder


class UnknownPack(LookupError):
    """The inbox names a city pack that is not at hand, or begins without one: nothing can be decided."""


def decide(state: DeskState, records: Sequence[InboxRecord], cities: Mapping[str, City]) -> Decision:
    """Decide a batch of one partition's inbox records and urgent ones, in order. `cities` holds the packs by digest.

    Raises UnknownPack when the pack in force is not among `cities`; an item or a timer at which the rules raise does
    not raise here: the item is a `Failure`, the timer's order is quarantined.
    """
    return _Batch(state, cities).run(records)


class _InForce(NamedTuple):
    """The pack that decides, with what is made of it for the batch."""

    city: City
    memory: identity.Memory
    repeats: Repeats


class _Batch:
    """A batch while it is decided: the overlay that its items write to, and what has come of them so far."""

    def __init__(self, state: DeskState, cities: Mapping[str, City]) -> None:
        self.state = state
        self.cities = cities
        self.overlay = Overlay(state)
        self.clock = state.meta.clock
        self.pack = state.meta.pack
        self.publication = state.meta.publication or 0
        self.replayed = state.meta.replayed
        self.urgent_offset = state.meta.urgent_offset or 0
        self.urgent_clock = state.meta.urgent_clock or 0
        self.overtakings: list[Overtaking] = []
        self.in_force: _InForce | None = None  # of `pack`, once something has to be decided under it
        self.records: list[Outgoing] = []
        self.failures: list[Failure] = []
        self.usurpers: list[Failure] = []
        self.quarantined = 0
        self.booked: booking.Counts = {}  # what the batch changes in the figures

    def run(self, records: Sequence[InboxRecord]) -> Decision:
        """Decide the records in their order. A record of the inbox moves the clock, and timers that are due by then
        fire before its items."""
        next_offset = self.state.meta.next_offset
        for record in records:
            if record.urgent:
                self._overtake(record, next_offset)
            else:
                self.replayed = record.replayed
                self.clock = max(self.clock, record.clock)
                self._fire_due()
                next_offset = record.offset + 1
            for index, item in enumerate(record.items):
                if isinstance(item, PackChange):
                    self._change_pack(item)
                elif isinstance(item, LiveSilence):
                    silencing.learn(self.overlay, item, self.clock)
                    self.overlay.keep()
                elif not isinstance(item, Tick):
                    self._decide_item(record, index, item)
        return self._decision(next_offset)

    def _overtake(self, record: InboxRecord, before: int) -> None:
        """Note that an urgent record is decided before that offset of the inbox."""
        self.urgent_offset = record.offset + 1
        self.urgent_clock = max(self.urgent_clock, self.clock, record.clock)
        last = self.overtakings[-1] if self.overtakings else None
        if last is not None and last.before == before:
            self.overtakings[-1] = Overtaking(last.first, self.urgent_offset, before)
        else:
            self.overtakings.append(Overtaking(record.offset, self.urgent_offset, before))

    def _change_pack(self, change: PackChange) -> None:
        """Another pack decides from here on. Orders keep their limits: what was decided stays as it is."""
        if change.publication >= self.publication:
            self.pack, self.publication, self.in_force = change.digest, change.publication, None
            self._rules()

    def _rules(self) -> _InForce:
        """The pack in force. Raises UnknownPack."""
        if self.in_force is None:
            city = self.cities.get(self.pack)
            if city is None:
                raise UnknownPack(f"the city pack {self.pack or '(none yet)'} is not at hand")
            memory = identity.Memory(city.settings)
            self.in_force = _InForce(city, memory, Repeats(self.overlay, city, memory))
        return self.in_force

    def _work(self, record: InboxRecord | None = None) -> UnitOfWork:
        """For an item of a record, or for a timer."""
        rules = self._rules()
        clock = self.clock if record is None else max(self.clock, record.clock)
        replayed = self.replayed if record is None else record.replayed
        return UnitOfWork(self.overlay, rules.city, rules.memory, clock, replayed, latest=max(clock, self.urgent_clock))

    def _decide_item(self, record: InboxRecord, index: int, item: _Decided) -> None:
        """Decide one item and keep what it changes. No item overtakes the timers of an order: of those that it would
        change, some may have timers that are due and still wait for their turn (`_fire_due`). Then what it did is
        dropped, these orders fire theirs, and it is decided again, until it changes none that is behind."""
        self._rules()  # without a pack nothing is decided, and nothing is a failure
        try:
            if isinstance(item, Sighting) and self._taken_as_repeat(record, item):
                return
            if isinstance(item, InboxUpdate) and (order := named(self._work(record), item)) is not None:
                self._catch_up([order.id])
            work = self._try(record, item)
            caught_up: set[str] = set()
            while self._backlog and (behind := self._orders_behind() - caught_up):
                self.overlay.drop()
                self._catch_up(sorted(behind))
                caught_up |= behind
                work = self._try(record, item)
            self._keep(work)
            if work.usurped:
                self.usurpers.append(Failure(record.offset, index, item, _USURPED, record.urgent))
        except Exception as error:  # noqa: BLE001 - whatever it is, it becomes a dead letter and its neighbours go on
            self.overlay.drop()
            self.failures.append(Failure(record.offset, index, item, _text(error), record.urgent))

    def _taken_as_repeat(self, record: InboxRecord, sighting: Sighting) -> bool:
        """Whether it was one more of what is open already; then it is done. Nothing overtakes timers that are due."""
        if self._backlog:
            return False
        clock = max(self.clock, record.clock)
        booked = self._rules().repeats.take(sighting, clock, max(clock, self.urgent_clock))
        if booked is None:
            return False
        self._book(booked[0], "detections")
        self._book(booked[1], "merged")
        return True

    def _try(self, record: InboxRecord, item: _Decided) -> UnitOfWork:
        """Decide an item by the rules of its kind. What that changes lies in the overlay's layer of the item, to be
        kept or dropped."""
        work = self._work(record)
        if isinstance(item, Sighting):
            if item.kind == "detection":
                cameras.heard(work, item.camera)
            else:
                cameras.enrol(work, item.area)
            looks.look(work, item, on_sighting(work, item))
        elif isinstance(item, Heard):
            cameras.heard(work, item.camera)
        elif isinstance(item, UnitHeard):
            on_unit(work, item)
        elif isinstance(item, AtBorder):
            borders.look(work, item)
        elif isinstance(item, BeyondBorder):
            borders.answered(work, item)
        else:
            work.cause = (item.source, item.id)
            on_update(work, item)
        return work

    @property
    def _backlog(self) -> bool:
        """Whether timers are due that wait for their turn."""
        first = self.overlay.timers.first()
        return first is not None and first[0] <= self.clock

    def _orders_behind(self) -> set[str]:
        """The orders that the item would change, although timers of their own are due: nothing may overtake those."""
        orders = self.overlay.orders
        before = ((key, orders.before(key)) for key in orders.item)
        return {key for key, order in before if order is not None and self._due_timers(order)}

    def _due_timers(self, order: Order) -> list[Timer]:
        return [timer for timer in timers(order) if timer[0] <= self.clock]

    def _catch_up(self, keys: Iterable[str]) -> None:
        """These orders fire their timers that are due, the earliest first."""
        if not self._backlog:
            return
        for key in keys:
            while (order := self.overlay.orders.get(key)) is not None and (due := self._due_timers(order)):
                at, kind = min(due)
                self._fire(at, key, kind)
                if self.overlay.orders.get(key) == order:  # it could not even be quarantined
                    break

    def _fire_due(self) -> None:
        """Fire what is due, the earliest first. Of live records each fires only so many: what fell due in a day of
        downtime comes up in steps, tick by tick. An order that an item would change catches up before."""
        pending = self.overlay.timers
        left = float("inf") if self.replayed else FIRED_PER_RECORD
        while left and (entry := pending.first()) is not None and entry[0] <= self.clock:
            pending.pop()
            due, key, kind = entry
            # Entries that came to nothing do not count: a restored state no longer has them.
            left -= self._fire(due, key, kind)
            self.overlay.came_up(due, key, kind)

    def _fire(self, due: int, key: str, kind: str) -> bool:
        """Fire one timer of the row with this key; whether anything came of it. Where the rules raise, the row is set
        aside with the error."""
        work = self._work()
        try:
            fire(work, due, key, kind)
            self._keep(work)
        except Exception as error:  # noqa: BLE001 - the order is set aside with the error, the others go on
            self.overlay.drop()
            self._quarantine(key, kind, error)
            return True
        return bool(work.sent or work.booked)

    def _quarantine(self, key: str, kind: str, error: Exception) -> None:
        """Count a timer at which the rules raised, and see that it does not come up again."""
        self.quarantined += 1
        try:
            self._set_aside(key, kind, error)
        except Exception:  # noqa: BLE001 - not even that can be done: its timer is gone until the next restart; counted
            self.overlay.drop()

    def _set_aside(self, key: str, kind: str, error: Exception) -> None:
        """What is watched, or a roll, is forgotten; the timers of an order stand still until a person takes a step."""
        work = self._work()
        row, name = row_keys.parse(key)
        if row == "watch":
            self.overlay.watches.put(name, None)
        elif row == "roll":
            self.overlay.rolls.put(name, None)
        elif (order := work.order(name)) is not None:
            work.emit(facts.Quarantined(**work.timer_head(order, self.clock), error=f"{kind}: {_text(error)}"))
        self._keep(work)

    def _keep(self, work: UnitOfWork) -> None:
        """An item is done: book what its orders count for now, and make its changes the batch's."""
        changed = bool(self.overlay.orders.item)  # not by what is only counted or noted
        differences = self._recount(work.city.zone) if changed else ()
        self.overlay.keep()
        for rows, figure in work.booked:
            self._book(rows, figure)
        for one in differences:
            booking.collect(self.booked, one)
        self.records.extend(work.sent)

    def _book(self, rows: booking.Rows, figure: Figure) -> None:
        amounts = self.booked.setdefault(rows, {})
        amounts[figure] = amounts.get(figure, 0) + 1

    def _recount(self, zone: ZoneInfo) -> Sequence[booking.Changes]:
        """The differences of what the item's orders count for now to what they counted for before it."""
        counted, orders = self.state.counted, self.overlay.orders
        differences: list[booking.Changes] = []
        for key, after in orders.item.items():
            if after is not None:  # an archived order is forgotten, its figures stay
                before = orders.before(key)
                old = counted.of(before, zone) if before is not None else _NOTHING
                differences.append(booking.difference(old, counted.of(after, zone)))
        return differences

    def _decision(self, next_offset: int) -> Decision:
        """All that the batch has come to; `next_offset` is where the partition goes on."""
        overlay = self.overlay
        for row, amounts in booking.spread(self.booked).items():
            key = figure_row.row_key(row, self.state.partition)
            figure = self.state.figures.get(key) or figure_row.FigureRow()
            overlay.figures[key] = figure.add(amounts)
        overlay.meta = Meta(
            next_offset=next_offset,
            clock=self.clock,
            pack=self.pack,
            replayed=self.replayed,
            publication=self.publication or UNSET,
            urgent_offset=self.urgent_offset or UNSET,
            urgent_clock=self.urgent_clock or UNSET,
            booked=self.state.booked + len(overlay.figures),
        )
        overlay.forget(self.clock)
        first = overlay.timers.first()
        return Decision(
            records=self.records,
            rows=overlay.rows() | dict(map(overtaking_row, self.overtakings)),
            figures={key: figure_row.encode(row) for key, row in overlay.figures.items()},
            changes=overlay,
            clock=self.clock,
            next_due=first[0] if first else None,
            failures=self.failures,
            usurpers=self.usurpers,
            quarantined=self.quarantined,
        )


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"

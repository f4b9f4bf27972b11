"""What a batch changes, in layers above the state: nothing of it counts until the batch's transaction is committed.

One item writes to a layer above the batch's: an item that raises is dropped alone, a batch whose transaction fails is
dropped as a whole. `Overlay.apply` makes a committed batch the state's own.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias

from dispatcher.figures.figure_row import FigureRow
from dispatcher.order.row import Order, Tally, Watch
from dispatcher.order.timers import timers
from dispatcher.partition import index, row_keys
from dispatcher.partition.index import Entry, Key
from dispatcher.partition.kept_orders import encode_row
from dispatcher.partition.layers import Index, Table, Timers
from dispatcher.partition.state import Agreement, AlarmRecord, DeskState, RollCall, SeenChunk, UnitState
from models.inbox import LiveSilence

_AnyTable: TypeAlias = (
    "Table[Order] | Table[Tally] | Table[Watch] | Table[int] | Table[RollCall] | Table[AlarmRecord] "
    "| Table[LiveSilence] | Table[Agreement] | Table[UnitState]"
)
_NEVER = (2**63, "")
FORGOTTEN_AT_ONCE = 500  # rows of identities that one batch may take away


class Overlay:
    """The changes of one batch above a state, and those of one item above them."""

    def __init__(self, state: DeskState) -> None:
        self.state = state
        self.orders = Table(state.orders)
        self.tallies = Table(state.tallies)
        self.watches = Table(state.watches)
        self.cameras = Table(state.cameras)
        self.rolls = Table(state.rolls)
        self.algorithms = Table(state.algorithms)
        self.silences = Table(state.silences)
        self.agreements = Table(state.agreements)
        self.units = Table(state.units)
        # all that is kept by key, layer by layer
        self.tables: tuple[_AnyTable, ...] = (
            self.orders,
            self.tallies,
            self.watches,
            self.cameras,
            self.rolls,
            self.algorithms,
            self.silences,
            self.agreements,
            self.units,
        )
        self.index = Index(state.index)
        self.order_rows: dict[str, bytes] = {}  # of the batch's orders, once they are encoded
        self.timers = Timers(state.pending)
        self.figures: dict[str, FigureRow] = {}
        self.meta = state.meta
        self.seen: dict[str, set[int]] = {}
        self.seen_until: dict[str, int] = {}
        self.seen_item: list[tuple[str, int, int]] = []
        self._looked_in: tuple[tuple[str, ...], list[set[int]]] = ((), [])  # buckets, and what the state has of them
        self.forgotten: tuple[str, tuple[str, ...]] | None = None  # a bucket that is over, and rows of it

    def keep(self) -> None:
        """The item is done: index and timers follow its orders, and all of it becomes the batch's. What raises here
        has changed nothing of the batch yet."""
        if self.orders.item or self.units.item:  # a repeat changes neither
            self._move()
        for table in self.tables:
            if table.item:
                table.keep()
        self.timers.keep()
        for seen in self.seen_item:
            self._remember(*seen)
        self.seen_item.clear()

    def keep_repeat(self, order_id: str, tally: Tally, bucket: str, until: int, digest: int) -> None:
        """An item is done that has changed nothing but the tally of an order, and is to be remembered (`see`)."""
        self.tallies.batch[order_id] = tally
        self._remember(bucket, until, digest)

    def _remember(self, bucket: str, until: int, digest: int) -> None:
        self.seen.setdefault(bucket, set()).add(digest)
        self.seen_until[bucket] = until

    def _move(self) -> None:
        """Let the index and the timers follow the item's orders and units."""
        moves = [
            move for key, order in self.orders.item.items() for move in self._moves(self.orders.before(key), order)
        ]
        moves += [move for key, unit in self.units.item.items() for move in self._of_unit(key, unit)]
        for key, order in self.orders.item.items():
            self._follow(key, self.orders.before(key), order)
        for entry, left, reached in moves:
            for name in left:
                self.index.remove(name, entry)
            for name in reached:
                self.index.add(name, entry)

    def drop(self) -> None:
        """The item failed: nothing of it remains."""
        for table in self.tables:
            table.item.clear()
        self.timers.item.clear()
        self.seen_item.clear()

    def _moves(self, before: Order | None, after: Order | None) -> Iterator[tuple[Entry, set[Key], set[Key]]]:
        """The order's entry, the keys that it leaves and those that it reaches; nothing where it stays."""
        there = after or before
        if there is None or (before is not None and after is not None and index.same_keys(before, after)):
            return
        old = index.keys_of(before) if before is not None else set()
        new = index.keys_of(after) if after is not None else set()
        yield index.entry_of(there), old - new, new - old

    def _of_unit(self, key: str, after: UnitState | None) -> Iterator[tuple[Entry, set[Key], set[Key]]]:
        """A unit's entry where it was free and where it is."""
        before = self.units.before(key)
        if before is not None and before.state == "free":
            yield index.entry_of_unit(key, before.lat, before.lon), {index.of_unit(before.lat, before.lon)}, set()
        if after is not None and after.state == "free":
            yield index.entry_of_unit(key, after.lat, after.lon), set(), {index.of_unit(after.lat, after.lon)}

    def _follow(self, key: str, before: Order | None, after: Order | None) -> None:
        """The first of an order's timers stands for all of them: only what comes before it is news."""
        first = min(timers(after), default=None) if after is not None else None
        if first is not None and (before is None or first < min(timers(before), default=_NEVER)):
            self.timers.push((first[0], key, first[1]))

    def came_up(self, due: int, key: str, kind: str) -> None:
        """An entry has come up, and whatever it led to is kept: the next one of its order takes its place."""
        order = self.orders.get(key)
        if order is not None and (later := [timer for timer in timers(order) if timer > (due, kind)]):
            at, what = min(later)
            self.timers.push((at, key, what))
            self.timers.keep()

    # Identity

    def is_seen(self, buckets: tuple[str, ...], digest: int) -> bool:
        """Whether a digest is in one of the buckets."""
        if self._looked_in[0] is not buckets:  # asked for thousands of digests while the clock stands in one bucket
            self._looked_in = buckets, [self.state.seen[bucket] for bucket in buckets if bucket in self.state.seen]
        for digests in self._looked_in[1]:
            if digest in digests:
                return True
        return any(digest in digests and bucket in buckets for bucket, digests in self.seen.items())

    def see(self, bucket: str, until: int, digest: int) -> None:
        """Remember a digest until the bucket may be forgotten."""
        self.seen_item.append((bucket, until, digest))

    def forget(self, clock: int) -> None:
        """Let go of rows of the oldest bucket that is over: only so many, so that no batch writes many tombstones."""
        state = self.state
        if clock < state.seen_over_from:  # there are hundreds of buckets, and one is over every few hours
            return
        state.seen_over_from = min(state.seen_until.values(), default=clock)
        over = [
            (until, bucket) for bucket, until in state.seen_until.items() if until <= clock and bucket not in self.seen
        ]
        if over:
            bucket = min(over)[1]
            rows = state.seen_rows.get(bucket, ())
            self.forgotten = (bucket, tuple(islice(rows, FORGOTTEN_AT_ONCE)))

    # The outcome

    def rows(self) -> dict[str, bytes | None]:
        """The changed rows of the desk's changelog, each once."""
        rows: dict[str, bytes | None] = {}
        self.order_rows = {key: encode_row(order) for key, order in self.orders.batch.items() if order is not None}
        rows.update((key, self.order_rows.get(key)) for key in self.orders.batch)
        for row_key, table in (
            (row_keys.tally, self.tallies),
            (row_keys.watch, self.watches),
            (row_keys.camera, self.cameras),
            (row_keys.roll, self.rolls),
            (row_keys.algorithm, self.algorithms),
            (row_keys.silence, self.silences),
            (row_keys.agreement, self.agreements),
            (row_keys.unit, self.units),
        ):
            for name, value in table.batch.items():
                rows[row_key(name)] = None if value is None else encode_row(value)
        for bucket, digests in self.seen.items():
            rows[self._seen_row(bucket)] = encode_row(SeenChunk(self.seen_until[bucket], tuple(sorted(digests))))
        if self.forgotten is not None:
            rows.update(dict.fromkeys(self.forgotten[1]))
        rows[row_keys.META] = encode_row(self.meta)
        return rows

    def _seen_row(self, bucket: str) -> str:
        # A batch moves one of the two offsets or both: no other batch has their sum.
        meta = self.state.meta
        return row_keys.seen(bucket, meta.next_offset + (meta.urgent_offset or 0))

    def apply(self) -> None:
        """The batch is committed: write its changes into the state that they lie above. Once, and only then."""
        state = self.state
        for key, order in self.orders.batch.items():
            if order is None:
                state.orders.pop(key, None)
            else:
                state.orders.keep(key, order, self.order_rows[key])
        for table in self.tables[1:]:  # all but the orders, of which the state keeps the rows
            table.apply()
        self.index.apply()
        state.figures.update(self.figures)
        state.booked += len(self.figures)
        del state.pending[: self.timers.gone]
        state.pending.update(self.timers.added)
        for bucket, digests in self.seen.items():
            state.seen.setdefault(bucket, set()).update(digests)
            state.seen_until[bucket] = self.seen_until[bucket]
            state.seen_over_from = min(state.seen_over_from, self.seen_until[bucket])
            state.seen_rows.setdefault(bucket, deque()).append(self._seen_row(bucket))
        if self.forgotten is not None:
            bucket, gone = self.forgotten
            rows = state.seen_rows.get(bucket, deque())
            for _ in gone:
                rows.popleft()
            if not rows:
                for kept in (state.seen, state.seen_until, state.seen_rows):
                    kept.pop(bucket, None)
        state.meta = self.meta

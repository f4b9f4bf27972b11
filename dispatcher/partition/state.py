"""What the desk remembers of one partition, and the layers in which a batch changes it without changing it.

`DeskState` holds frozen values in plain dicts. A batch writes to an overlay above it, one item to a layer above that:
an item that raises is dropped alone, a batch whose transaction fails is dropped as a whole. `DeskState.merge` takes a
committed batch over. Indexes and pending timers are functions of the rows, so `restore` rebuilds them from the rows.
"""

from bisect import insort
from collections.abc import Iterable, Iterator

import msgspec
from sortedcontainers import SortedList

from dispatcher.arrivals import merging
from dispatcher.figures.figure_row import FigureRow
from dispatcher.figures.figure_row import decode as decode_figure
from dispatcher.order.row import Order, Tally, Watch
from dispatcher.order.timers import timers
from dispatcher.partition.decision import FAILED, META, Decision
from dispatcher.partition.layers import Pending, Table, Timers

Found = tuple[tuple[int, str], ...]  # what an index holds under a key: (opened_at, order id), oldest first

FORGOTTEN_AT_ONCE = 500  # rows of identities that one batch may take away


class Meta(msgspec.Struct, frozen=True):
    """Where a partition stands: the next input offset, its stream clock, the pack in force, and whether its newest
    record was replayed: then history drives the clock, not the wall."""

    next_offset: int = 0
    clock: int = 0
    pack: str = ""
    replayed: bool = False


class Camera(msgspec.Struct, frozen=True):
    """When a camera was last heard of (ms, rounded up to a twelfth of its heartbeat time), and where."""

    area: str
    last_seen: int
    heartbeat_ms: int


class Seen(msgspec.Struct, frozen=True):
    """A chunk of identity digests of one kind and bucket; `until` is when the bucket may be forgotten."""

    until: int
    digests: tuple[int, ...]


class DeskState:
    """All that the desk keeps in memory for one partition."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.meta = Meta()
        self.orders: dict[str, Order] = {}
        self.tallies: dict[str, Tally] = {}
        self.watches: dict[str, Watch] = {}
        self.cameras: dict[str, Camera] = {}
        self.index: dict[str, Found] = {}
        self.seen: dict[str, set[int]] = {}  # "<kind>/<bucket>" → digests
        self.seen_until: dict[str, int] = {}
        self.seen_rows: dict[str, list[str]] = {}
        self.figures: dict[str, FigureRow] = {}
        self.pending: SortedList[Pending] = SortedList()

    @property
    def next_due(self) -> int | None:
        """When the first pending timer is due (ms UTC); None when there is none."""
        return self.pending[0][0] if self.pending else None

    @classmethod
    def restore(
        cls, partition: int, rows: Iterable[tuple[str, bytes]], figures: Iterable[tuple[str, bytes]]
    ) -> "DeskState":
        """The state from the two changelogs' rows (without tombstones)."""
        state = cls(partition)
        pending: list[Pending] = []
        for key, value in rows:
            prefix, slash, rest = key.partition("/")
            if key == META:
                state.meta = _decode_meta(value)
            elif not slash:
                order = _decode_order(value)
                state.orders[key] = order
                pending.extend((due, key, kind) for due, kind in timers(order))
                for name in merging.index_keys(order):
                    state.index[name] = with_entry(state.index.get(name, ()), (order.opened_at, key))
            elif prefix == "tally":
                state.tallies[rest] = _decode_tally(value)
            elif prefix == "watch":
                watch = _decode_watch(value)
                state.watches[rest] = watch
                pending.append((watch.expires, key, "expire"))
            elif prefix == "camera":
                camera = _decode_camera(value)
                state.cameras[rest] = camera
                pending.append((camera.last_seen + camera.heartbeat_ms, key, "heartbeat"))
            elif prefix == "seen":
                seen = _decode_seen(value)
                bucket = rest.rpartition("/")[0]
                state.seen.setdefault(bucket, set()).update(seen.digests)
                state.seen_until[bucket] = max(seen.until, state.seen_until.get(bucket, 0))
                state.seen_rows.setdefault(bucket, []).append(key)
            elif prefix != FAILED:  # those are for the audit
                raise ValueError(f"{key!r} is no row of the desk")
        state.pending = SortedList(pending)
        state.figures = {key: decode_figure(value) for key, value in figures}
        return state

    def merge(self, decision: Decision) -> None:
        """Take over what a committed decision changed."""
        decision.changes.apply(self)


def with_entry(found: Found, entry: tuple[int, str]) -> Found:
    """An index entry more, in order."""
    if not found or found[-1] < entry:
        return (*found, entry)
    entries = list(found)
    insort(entries, entry)
    return tuple(entries)


class Overlay:
    """The changes of one batch above a state, and those of one item above them."""

    def __init__(self, state: DeskState) -> None:
        self.state = state
        self.orders = Table(state.orders)
        self.tallies = Table(state.tallies)
        self.watches = Table(state.watches)
        self.cameras = Table(state.cameras)
        self.index = Table(state.index)
        self.timers = Timers(state.pending)
        self.figures: dict[str, FigureRow] = {}
        self.meta = state.meta
        self.seen: dict[str, set[int]] = {}
        self.seen_until: dict[str, int] = {}
        self.seen_item: list[tuple[str, int, int]] = []
        self.forgotten: tuple[str, tuple[str, ...]] | None = None  # a bucket that is over, and rows of it

    def tables(self) -> Iterator[Table[object]]:
        yield from (self.orders, self.tallies, self.watches, self.cameras, self.index)  # type: ignore[misc]

    def keep(self) -> None:
        """The item is done: index and timers follow its orders, and all of it becomes the batch's."""
        for key, order in self.orders.item.items():
            self._follow(key, self.orders.before(key), order)
        for table in self.tables():
            if table.item:
                table.keep()
        self.timers.keep()
        for bucket, digest, until in self.seen_item:
            self.seen.setdefault(bucket, set()).add(digest)
            self.seen_until[bucket] = until
        self.seen_item.clear()

    def drop(self) -> None:
        """The item failed: nothing of it remains."""
        for table in self.tables():
            table.item.clear()
        self.timers.item.clear()
        self.seen_item.clear()

    def _follow(self, key: str, before: Order | None, after: Order | None) -> None:
        old: tuple[str, ...] = ()
        new: tuple[str, ...] = ()
        if before is None or after is None or not merging.same_keys(before, after):
            old = merging.index_keys(before) if before is not None else ()
            new = merging.index_keys(after) if after is not None else ()
        if old is not new:
            entry = ((after or before).opened_at, key)  # type: ignore[union-attr]
            for name in old:
                if name not in new:
                    self.index.put(name, tuple(e for e in self.index.get(name) or () if e != entry) or None)
            for name in new:
                if name not in old:
                    self.index.put(name, with_entry(self.index.get(name) or (), entry))
        if after is not None:
            known = timers(before) if before is not None else ()
            for due, kind in timers(after):
                if (due, kind) not in known:
                    self.timers.push((due, key, kind))

    # Identity

    def is_seen(self, buckets: Iterable[str], digest: int) -> bool:
        """Whether a digest is in one of the buckets."""
        state, batch = self.state.seen, self.seen
        for bucket in buckets:
            if (bucket in state and digest in state[bucket]) or (bucket in batch and digest in batch[bucket]):
                return True
        return False

    def see(self, bucket: str, until: int, digest: int) -> None:
        """Remember a digest until the bucket may be forgotten."""
        self.seen_item.append((bucket, digest, until))

    def forget(self, clock: int) -> None:
        """Let go of rows of the oldest bucket that is over: only so many, so that no batch writes many tombstones."""
        over = [
            (until, bucket)
            for bucket, until in self.state.seen_until.items()
            if until <= clock and bucket not in self.seen
        ]
        if over:
            bucket = min(over)[1]
            self.forgotten = (bucket, tuple(self.state.seen_rows.get(bucket, ())[:FORGOTTEN_AT_ONCE]))

    # The outcome

    def rows(self) -> dict[str, bytes | None]:
        """The changed rows of the desk's changelog, each once."""
        rows: dict[str, bytes | None] = {}
        for key, order in self.orders.batch.items():
            rows[key] = None if order is None else encode_row(order)
        for prefix, table in (("tally", self.tallies), ("watch", self.watches), ("camera", self.cameras)):
            for key, value in table.batch.items():
                rows[f"{prefix}/{key}"] = None if value is None else encode_row(value)
        for bucket, digests in self.seen.items():
            rows[self._seen_row(bucket)] = encode_row(Seen(self.seen_until[bucket], tuple(sorted(digests))))
        if self.forgotten is not None:
            rows.update(dict.fromkeys(self.forgotten[1]))
        rows[META] = encode_row(self.meta)
        return rows

    def _seen_row(self, bucket: str) -> str:
        return f"seen/{bucket}/{self.state.meta.next_offset}"

    def apply(self, state: DeskState) -> None:
        """Write the batch's changes into its state."""
        for table in self.tables():
            for key, value in table.batch.items():
                if value is None:
                    table.base.pop(key, None)
                else:
                    table.base[key] = value
        state.figures.update(self.figures)
        del state.pending[: self.timers.gone]
        state.pending.update(self.timers.added)
        for bucket, digests in self.seen.items():
            state.seen.setdefault(bucket, set()).update(digests)
            state.seen_until[bucket] = self.seen_until[bucket]
            state.seen_rows.setdefault(bucket, []).append(self._seen_row(bucket))
        if self.forgotten is not None:
            bucket, gone = self.forgotten
            left = state.seen_rows.get(bucket, [])[len(gone) :]
            if left:
                state.seen_rows[bucket] = left
            else:
                for kept in (state.seen, state.seen_until, state.seen_rows):
                    kept.pop(bucket, None)
        state.meta = self.meta


encode_row = msgspec.json.Encoder().encode
_decode_meta = msgspec.json.Decoder(Meta).decode
_decode_order = msgspec.json.Decoder(Order).decode
_decode_tally = msgspec.json.Decoder(Tally).decode
_decode_watch = msgspec.json.Decoder(Watch).decode
_decode_camera = msgspec.json.Decoder(Camera).decode
_decode_seen = msgspec.json.Decoder(Seen).decode

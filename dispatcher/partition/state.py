"""What the desk remembers of one partition: frozen values in plain dicts, which only a committed batch changes.

Index and pending timers are functions of the rows, so `restore` rebuilds them from the rows. What a batch would change
lies above the state in an `Overlay`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import msgspec
from sortedcontainers import SortedList

from dispatcher.figures.counted_orders import CountedOrders
from dispatcher.figures.kept_figures import Figures
from dispatcher.order.outline import Outline
from dispatcher.order.row import Tally, Watch
from dispatcher.order.timers import timers
from dispatcher.partition import index, row_keys
from dispatcher.partition.kept_orders import Orders, Packing
from dispatcher.partition.layers import Entered, Pending, enter
from models.inbox import LiveSilence, UnitMode

V = TypeVar("V")


class Meta(msgspec.Struct, frozen=True):
    """Where a partition stands: the next input offset, its stream clock, the pack in force, and whether its newest
    record was replayed: then history drives the clock, not the wall. `publication` is the number under which the pack
    was published; unset where none was. `urgent_offset` is the next one of the urgent lane, `urgent_clock` the latest
    instant at which one of its records counts as come in: it may lie before the stream clock or behind it; both unset
    before the first. `booked` is how often rows of figures were written: what their versions add up to; unset where a
    version wrote that did not count it."""

    next_offset: int = 0
    clock: int = 0
    pack: str = ""
    replayed: bool = False
    publication: int | msgspec.UnsetType = msgspec.UNSET
    urgent_offset: int | msgspec.UnsetType = msgspec.UNSET
    urgent_clock: int | msgspec.UnsetType = msgspec.UNSET
    booked: int | msgspec.UnsetType = msgspec.UNSET


class RollCall(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The roll call 点名 of an area's cameras: since when those count of which nothing was ever heard, the pack that
    named them, and when the roll is called next (0: there is nobody to miss)."""

    since: int
    pack: str
    due: int = 0


class _HeardBefore(msgspec.Struct, frozen=True):
    """A camera's row as it was written before it was a number."""

    last_seen: int


class AlarmRecord(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How many alarms of an algorithm people have found right, and how many false 误报."""

    right: int = 0
    wrong: int = 0


class Agreement(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Whether cameras and inspectors agreed 复核一致, check by check, the newest last."""

    pairs: tuple[bool, ...] = ()


class UnitState(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A mobile unit as it last reported: where it was (WGS 84, degrees), when (ms UTC), and what it had to do."""

    lat: float
    lon: float
    at: int
    state: UnitMode
    load: int = 0


class SeenChunk(msgspec.Struct, frozen=True):
    """A chunk of identity digests of one kind and bucket; `until` is when the bucket may be forgotten."""

    until: int
    digests: tuple[int, ...]


class DeskState:
    """All that the desk keeps in memory for one partition."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.meta = Meta()
        self.orders = Orders()
        self.tallies: dict[str, Tally] = {}
        self.watches: dict[str, Watch] = {}
        # Of each camera the instant (ms) at which it was last heard of, rounded up to a twelfth of its heartbeat time;
        # 0 when its silence is reported already.
        self.cameras: dict[str, int] = {}
        self.rolls: dict[str, RollCall] = {}  # by area
        self.algorithms: dict[str, AlarmRecord] = {}
        self.silences: dict[str, LiveSilence] = {}  # by number
        self.agreements: dict[str, Agreement] = {}  # by category
        self.units: dict[str, UnitState] = {}
        self.index: Entered = {}
        self.seen: dict[str, set[int]] = {}  # "<kind>/<bucket>" → digests
        self.seen_until: dict[str, int] = {}
        self.seen_over_from = 0  # no bucket is over before this instant (ms)
        self.seen_rows: dict[str, deque[str]] = {}
        self.figures = Figures()
        self.booked = 0  # what the versions of the rows of figures add up to
        self.counted = CountedOrders()
        self.pending: SortedList[Pending] = SortedList()

    @property
    def next_due(self) -> int | None:
        """When the first pending timer is due (ms UTC); None when there is none."""
        return self.pending[0][0] if self.pending else None

    @classmethod
    def restore(
        cls,
        partition: int,
        rows: Iterable[tuple[str, bytes]],
        figures: Iterable[tuple[str, bytes]],
        packing: Packing | None = None,
    ) -> "DeskState":
        """The state from the two changelogs' rows (without tombstones); rows of orders may come packed by `packing`."""
        packing = packing or Packing()
        state = cls(partition)
        state.orders = Orders(packing)
        pending: list[Pending] = []
        by_name: dict[row_keys.Kind, Callable[[str, bytes], None]] = {
            "tally": _into(state.tallies, _decode_tally),
            "watch": _into(state.watches, _decode_watch),
            "camera": _into(state.cameras, _last_heard),
            "roll": _into(state.rolls, _decode_roll),
            "algorithm": _into(state.algorithms, _decode_alarms),
            "silence": _into(state.silences, _decode_silence),
            "agreement": _into(state.agreements, _decode_agreement),
            "unit": _into(state.units, _decode_unit),
        }
        for key, value in rows:
            kind, name = row_keys.parse(key)
            match kind:
                case "meta":
                    state.meta = _decode_meta(value)
                case "order":
                    order = _decode_outline(packing.unpacked(value))
                    state.orders.load(key, value)
                    pending.extend((due, key, timer) for due, timer in sorted(timers(order))[:1])
                    entry = (order.opened_at, key, order.lat, order.lon)
                    for found_by in index.keys_of(order):
                        enter(state.index, found_by, entry)
                case "seen":
                    chunk = _decode_chunk(value)
                    bucket = row_keys.seen_bucket(name)
                    state.seen.setdefault(bucket, set()).update(chunk.digests)
                    state.seen_until[bucket] = max(chunk.until, state.seen_until.get(bucket, 0))
                    state.seen_rows.setdefault(bucket, deque()).append(key)
                case "failed" | "urgent":  # those are for the audit
                    pass
                case _:
                    by_name[kind](name, value)
        _enter_units(state)
        pending.extend(_expiries(state.watches))
        pending.extend(_roll_calls(state.rolls))
        state.pending = SortedList(pending)
        state.figures = Figures.load(figures)
        state.booked = state.figures.times_booked()
        return state


def _enter_units(state: DeskState) -> None:
    for name, unit in state.units.items():
        if unit.state == "free":
            enter(state.index, index.of_unit(unit.lat, unit.lon), index.entry_of_unit(name, unit.lat, unit.lon))


def _into(table: dict[str, V], decode: Callable[[bytes], V]) -> Callable[[str, bytes], None]:
    """What reads a row into a table, under its name."""

    def read(name: str, row: bytes) -> None:
        table[name] = decode(row)

    return read


def _expiries(watches: Mapping[str, Watch]) -> Iterator[Pending]:
    for name, watch in watches.items():
        if watch.expires:
            yield watch.expires, row_keys.watch(name), "come-up" if row_keys.is_covered(name) else "expire"


def _roll_calls(rolls: Mapping[str, RollCall]) -> Iterator[Pending]:
    return ((roll.due, row_keys.roll(area), "roll-call") for area, roll in rolls.items() if roll.due)


def _last_heard(row: bytes) -> int:
    heard = _decode_heard(row)
    return heard if isinstance(heard, int) else heard.last_seen


_decode_meta = msgspec.json.Decoder(Meta).decode
_decode_outline = msgspec.json.Decoder(Outline).decode
_decode_tally = msgspec.json.Decoder(Tally).decode
_decode_watch = msgspec.json.Decoder(Watch).decode
_decode_heard = msgspec.json.Decoder(int | _HeardBefore).decode
_decode_roll = msgspec.json.Decoder(RollCall).decode
_decode_alarms = msgspec.json.Decoder(AlarmRecord).decode
_decode_silence = msgspec.json.Decoder(LiveSilence).decode
_decode_agreement = msgspec.json.Decoder(Agreement).decode
_decode_unit = msgspec.json.Decoder(UnitState).decode
_decode_chunk = msgspec.json.Decoder(SeenChunk).decode

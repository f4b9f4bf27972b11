"""The audit 对账 of one partition: everything is recomputed from the log and the inbox, and compared with what is kept.

The log of facts is folded into rows, the rows are asked what they count for, the sums are compared with the figure
rows; the sightings of the inbox are counted anew. Nothing of the desk's own state is used but what is being checked.
`suppressed`, `merged` and `expired` leave no trace in the log, so those counts are taken as they are.
"""

from collections.abc import Collection, Mapping
from zoneinfo import ZoneInfo

import msgspec

from dispatcher.figures.booking import Bookings, bookings, collect, direct
from dispatcher.figures.figure_row import FigureRow, parse_key, row_key, times_booked
from dispatcher.figures.indicators import Window
from dispatcher.order import facts
from dispatcher.order.folds.apply import apply
from dispatcher.order.row import Order
from dispatcher.partition import identity
from models.city import City
from models.events import Evidence
from models.inbox import InboxRecord, PackChange, Sighting

TAKEN_AS_THEY_ARE = frozenset({"suppressed", "merged", "expired"})


class Difference(msgspec.Struct, frozen=True):
    """What is kept and what was recomputed do not agree: `place` is an order, a figure of a row, or an event."""

    place: str
    kept: str
    recomputed: str

    def __str__(self) -> str:
        return f"{self.place}: kept {self.kept}, recomputed {self.recomputed}"


class Repairs(msgspec.Struct, frozen=True):
    """The rows to write, by key, so that what is kept is what was recomputed; None takes a row away."""

    desk: Mapping[str, Order | None]
    archive: Mapping[str, Order]
    figures: Mapping[str, FigureRow]


class Recount:
    """One partition recomputed. Feed it the facts, then the inbox, then ask for the differences.

    `failed` names the items of the inbox, by offset and index, at which the core raised, `failed_urgent` those of the
    urgent lane: they are dead letters and have changed nothing.
    """

    def __init__(
        self,
        partition: int,
        zone: ZoneInfo,
        failed: Collection[tuple[int, int]] = frozenset(),
        failed_urgent: Collection[tuple[int, int]] = frozenset(),
    ) -> None:
        self.partition = partition
        self.orders: dict[str, Order] = {}
        self.newest: facts.Fact | None = None
        self.facts = 0
        self.refusals = 0
        self.sightings = 0
        self.differences: list[Difference] = []
        self.unbroken = True  # every order's facts follow each other
        self._zone = zone
        self._failed = {False: failed, True: failed_urgent}
        self._founded: set[int] = set()  # digests of the reports that are in an order
        self._seen: dict[str, dict[int, int]] = {"report": {}, "detection": {}}  # digest → bucket of the stream clock
        self._clock = 0
        self._pack, self._publication = "", 0
        self._direct: Bookings = {}

    def fact(self, kind: str, value: bytes) -> None:
        """The next record of the partition's log: CloudEvents type and data. One out of order is a difference."""
        fact = facts.from_wire(kind, value)
        if isinstance(fact, facts.UpdateRefused):
            self.refusals += 1
            order = self.orders.get(fact.order_id)
            if order is None:
                return
            if fact.order_seq > order.seq:
                self._differ(f"refusal of {fact.order_id}", f"seq {fact.order_seq}", f"seq {order.seq}")
            elif fact.order_seq == order.seq and fact.attempt not in (0, order.attempt):  # 0: no refusal said it then
                self._differ(f"refusal of {fact.order_id}", f"attempt {fact.attempt}", f"attempt {order.attempt}")
            return
        self.facts += 1
        self.newest = fact
        before = self.orders.get(fact.order_id)
        try:
            self.orders[fact.order_id] = apply(before, fact)
        except ValueError:
            self.unbroken = False
            expected = 1 if before is None else before.seq + 1
            self._differ(f"log of {fact.order_id}", f"seq {fact.seq}", f"seq {expected}")
            return
        if isinstance(fact, facts.Opened | facts.EvidenceAdded) and fact.evidence.kind == "report":
            self._founded.add(_digest(fact.evidence))

    def inbox(self, record: InboxRecord, cities: Mapping[str, City], pack: str) -> None:
        """The next record of the inbox or the urgent lane, in the order in which they were decided, all facts having
        been fed. `pack` is the digest in force at the beginning."""
        clock = max(self._clock, record.clock)
        if not record.urgent:
            self._clock = clock
        for index, item in enumerate(record.items):
            if isinstance(item, PackChange):
                if item.publication >= self._publication:
                    self._pack, self._publication = item.digest, item.publication
            elif isinstance(item, Sighting) and (record.offset, index) not in self._failed[record.urgent]:
                self._sighting(item, clock, identity.windows(cities[self._pack or pack].settings)[item.kind])

    def _sighting(self, item: Sighting, clock: int, window: identity.KeptFor) -> None:
        met, digest = self._seen[item.kind], _digest(item)
        last = met.get(digest)
        if last is not None and last >= window.oldest(clock):
            self._book("duplicates", item)
            return
        met[digest] = clock // window.bucket_ms
        self.sightings += 1
        if item.kind == "detection":
            self._book("detections", item)
        elif digest not in self._founded:
            self._book("received", item)

    def is_kept_in(self, desk: Mapping[str, Order]) -> bool:
        """Whether the newest fact is in these rows of the desk: else their newest part is lost, and with it where the
        desk goes on, what it has met and what it watches."""
        return self.newest is None or facts.is_in(self.newest, desk.get(self.newest.order_id))

    def check_orders(self, desk: Mapping[str, Order], archive: Mapping[str, Order]) -> None:
        """Compare the order rows of the desk and of the archive."""
        for order_id, order in self.orders.items():
            kept, where = (archive, "archive") if order.archived_at is not None else (desk, "desk")
            row = kept.get(order_id)
            if row is None:
                self._differ(f"order {order_id} in the {where}", "nothing", f"{order.state} at seq {order.seq}")
            elif row != order:
                self._differ(f"order {order_id} in the {where}", *_unlike(row, order))
        for where, rows in (("desk", desk), ("archive", archive)):
            for order_id in rows.keys() - self.orders.keys():
                self._differ(f"order {order_id} in the {where}", f"seq {rows[order_id].seq}", "nothing")
        for order_id in desk.keys() & archive.keys():
            self._differ(f"order {order_id}", "in the desk and in the archive", "one of them")

    def expected(self) -> dict[str, FigureRow]:
        """The figure rows by Kafka key, without versions, as they must be."""
        total: Bookings = {}
        collect(total, self._direct)
        for order in self.orders.values():
            collect(total, bookings(order, self._zone))
        return {row_key(row, self.partition): FigureRow(-1).add(amounts) for row, amounts in total.items()}

    def check_figures(self, kept: Mapping[str, FigureRow], window: Window | None = None) -> None:
        """Compare the figure rows, of all days or of a window's."""
        expected = self.expected()
        for key in sorted(expected.keys() | kept.keys()):
            day = parse_key(key)[2]
            if window is not None and not (window.first or 0) <= day <= window.last:
                continue
            for place, one, other in unlike_figures(kept.get(key, _NOTHING), expected.get(key, _NOTHING)):
                self._differ(f"figure {place} of {key}", one, other)

    def check_booked(self, kept: Mapping[str, FigureRow], booked: int) -> None:
        """Compare how often the figure rows were written with how often the desk has booked them: where they differ,
        the newest rows of one of the two are lost, also where what is kept of both seems right."""
        written = times_booked(kept.values())
        if written != booked:
            self._differ(f"bookings of figures in partition {self.partition}", str(written), str(booked))

    def repairs(
        self, desk: Mapping[str, Order], archive: Mapping[str, Order], figures: Mapping[str, FigureRow]
    ) -> Repairs:
        """What repairs the rows that are kept.

        Raises ValueError when the log itself is in doubt: it has a gap, or a row tells more of an order than the log.
        Only a person can say which of the two is wrong then; nothing is ever taken away from an order.
        """
        if not self.unbroken:
            raise ValueError(f"the log of partition {self.partition} has gaps: nothing can be repaired from it")
        for order_id, row in (*desk.items(), *archive.items()):
            order = self.orders.get(order_id)
            if order is None or row.seq > order.seq:
                place = f"partition {self.partition} stays as it is"
                raise ValueError(f"the log does not know {order_id} up to seq {row.seq}: {place}")
        open_rows: dict[str, Order | None] = {}
        last_rows: dict[str, Order] = {}
        for order_id, order in self.orders.items():
            if order.archived_at is None:
                if desk.get(order_id) != order:
                    open_rows[order_id] = order
                continue
            if archive.get(order_id) != order:
                last_rows[order_id] = order
            if order_id in desk:
                open_rows[order_id] = None
        expected = self.expected()
        changed = {}
        for key in expected.keys() | figures.keys():
            booked, right = figures.get(key, _NOTHING), expected.get(key, _NOTHING)
            if unlike_figures(booked, right):
                as_it_is = {name: times for name, times in booked.counters.items() if name in TAKEN_AS_THEY_ARE}
                changed[key] = FigureRow(booked.version + 1, {**right.counters, **as_it_is}, right.sketches)
        return Repairs(open_rows, last_rows, changed)

    def _book(self, figure: str, item: Sighting) -> None:
        collect(self._direct, direct(figure, item.at, item.area, item.category, self._zone))

    def _differ(self, place: str, kept: str, recomputed: str) -> None:
        self.differences.append(Difference(place, kept, recomputed))


_NOTHING = FigureRow()


def unlike_figures(kept: FigureRow, expected: FigureRow) -> list[tuple[str, str, str]]:
    """The figures in which two rows differ: name, kept, expected."""
    unlike = []
    for name in sorted(kept.counters.keys() | expected.counters.keys()):
        one, other = kept.counters.get(name, 0), expected.counters.get(name, 0)
        if one != other and name not in TAKEN_AS_THEY_ARE:
            unlike.append((name, str(one), str(other)))
    for name in sorted(kept.sketches.keys() | expected.sketches.keys()):
        mine, its = kept.sketches.get(name), expected.sketches.get(name)
        if mine != its:
            texts = [f"{s.count} values of {s.total} ms" if s else "none" for s in (mine, its)]
            if texts[0] == texts[1]:
                texts = [f"{text} in other buckets" for text in texts]
            unlike.append((name, texts[0], texts[1]))
    return unlike


def _unlike(row: Order, order: Order) -> tuple[str, str]:
    """The fields in which two rows of an order differ, as short texts."""
    fields = [name for name in order.__struct_fields__ if getattr(row, name) != getattr(order, name)]
    return tuple(  # type: ignore[return-value]
        ", ".join(f"{name}={_short(getattr(each, name))}" for name in fields) for each in (row, order)
    )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _digest(event: Sighting | Evidence) -> int:
    return identity.digest(event.source, event.id)

"""What a tables worker answers, per partition. The gateway reads the same types."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from dispatcher.figures.figure_row import FigureRow
from dispatcher.figures.indicators import Window
from dispatcher.order.row import OPEN, Order, Tally
from dispatcher.partition.state import UnitState
from models.city import ORDINARY
from models.sealed_words import key_names
from streams.tables.marks import marks_of

# What stands first in a list: the newest; of open ones the most urgent, within a priority what is due first, and of
# what is due at once the oldest; of those in review the most urgent too, and within a priority those of whose category
# the classifier is surest.
Sort = Literal["newest", "urgent", "surest"]
# Where an order stands in a list: its rank, which is 0 where the newest come first; what comes first within a rank; id.
Place = tuple[int, int, str]

_SURE = 1000  # a probability in whole permille
_PRIORITY_STEP = 10_000  # more than all that a probability can make of it
_INSTANTS = 10**13  # more than any instant: what is due and since when it is open are one number


def sort_of(place: Place) -> Sort:
    """The list that a place was made for."""
    rank = place[0]
    return "newest" if rank <= 0 else "urgent" if rank < _PRIORITY_STEP else "surest"


def sureness(order: Order) -> int:
    """How sure the classifier is of the category, in permille; 0 where it is judged unseen or nothing is known."""
    return 0 if order.guess is None or order.blind else round(order.guess.probability * _SURE)


def to_cursor(place: Place) -> str:
    """A place in a list as the text of a cursor; `from_cursor` reads it."""
    return ":".join(str(part) for part in place)


def from_cursor(text: str) -> Place:
    """The place that `to_cursor` wrote. Raises ValueError for what is none."""
    rank, within, order_id = text.split(":", 2)
    return int(rank), int(within), order_id


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What says where an order stands in a list. `sureness` is in permille, instants are milliseconds UTC."""

    id: str
    opened_at: int
    priority: int = ORDINARY
    due: int | None = None
    sureness: int = 0

    def place(self, sort: Sort) -> Place:
        """Where it stands in a list. What has no limit stands behind what has one."""
        if sort == "urgent":
            due = _INSTANTS - 1 if self.due is None else self.due
            return (self.priority, due * _INSTANTS + self.opened_at, self.id)
        rank = 0 if sort == "newest" else self.priority * _PRIORITY_STEP + _SURE - self.sureness
        return (rank, -self.opened_at, self.id)


class Brief(Listed, frozen=True, omit_defaults=True, kw_only=True):
    """One line of a list of orders. Instants are milliseconds UTC."""

    seq: int
    state: str
    area: str
    last_at: int
    department: str = ""
    category: str = ""
    title: str = ""
    address: str = ""
    attempt: int = 0
    overdue_at: int | None = None
    supervision: int = 0
    evidence_count: int = 0
    lat: float | None = None
    lon: float | None = None
    marks: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether the order is still open."""
        return self.state in OPEN


_TITLE = 120


def shortened(title: str) -> str:
    """A title as lists show it; a sealed one stays whole, so that it can be opened."""
    return title if len(title) <= _TITLE or key_names(title.encode()) else title[: _TITLE - 1] + "…"


def brief(order: Order) -> Brief:
    """An order's line: its title, or the beginning of its text."""
    title = order.title or order.text
    return Brief(
        id=order.id,
        seq=order.seq,
        state=order.state,
        area=order.area,
        opened_at=order.opened_at,
        last_at=order.last_at,
        department=order.department,
        category=order.category,
        priority=order.priority,
        title=shortened(title),
        address=order.address,
        attempt=order.attempt,
        due=order.due,
        overdue_at=order.overdue_at,
        supervision=order.supervision,
        evidence_count=order.evidence_count,
        lat=order.lat,
        lon=order.lon,
        sureness=sureness(order),
        marks=marks_of(order),
    )


def window_asked(window: Window) -> dict[str, str]:
    """The parameters by which tables are asked for a window; `window_of` reads them."""
    asked = {"to": str(window.last)}
    return asked if window.first is None else asked | {"from": str(window.first)}


def window_of(asked: Mapping[str, str]) -> Window:
    """The window that `window_asked` wrote. Raises KeyError and ValueError for what is none."""
    first = asked.get("from")
    return Window(last=int(asked["to"]), first=None if first is None else int(first))


class PartitionFigures(msgspec.Struct, frozen=True):
    """The sums of a window, dimension → key → row: flows of its days, stocks at its end."""

    offset: int
    sums: dict[str, dict[str, FigureRow]] = {}


class PartitionDays(msgspec.Struct, frozen=True):
    """The city's sums by day (yyyymmdd): the flows of the day, the stocks at its end."""

    offset: int
    days: dict[int, FigureRow] = {}


class PartitionOrders(msgspec.Struct, frozen=True):
    """Orders as they stand in the list; as many as were asked for when there may be more. `total`: how many there are
    in all, where that was asked."""

    offset: int
    orders: tuple[Brief, ...] = ()
    total: int = 0


class PartitionRows(msgspec.Struct, frozen=True):
    """The mark of every row of a table, by key, and the build of the tables that answers."""

    offset: int
    build: int
    marks: dict[str, str] = {}


class PartitionOrder(msgspec.Struct, frozen=True, omit_defaults=True):
    """One order, where this partition has it."""

    offset: int
    order: Order | None = None
    tally: Tally | None = None


class PartitionState(msgspec.Struct, frozen=True):
    """How far a partition has been read, and how many orders it holds."""

    offset: int
    orders: int


class Seer(msgspec.Struct, frozen=True, gc=False):
    """What people have said of the orders that a camera or an algorithm has seen: how many are open, were right, were
    false alarms."""

    name: str
    open: int = 0
    right: int = 0
    false: int = 0


class PartitionAlarms(msgspec.Struct, frozen=True):
    """Who has raised alarms on which people have decided, those whose alarms are false most often first."""

    offset: int
    algorithms: tuple[Seer, ...] = ()
    cameras: tuple[Seer, ...] = ()


class PartitionOutside(msgspec.Struct, frozen=True):
    """What is out in the city: cameras that are silent, those that see something that is open (with how many orders),
    and mobile units as they last reported."""

    offset: int
    silent: tuple[str, ...] = ()
    busy: dict[str, int] = {}
    units: dict[str, UnitState] = {}


class Shard(msgspec.Struct, frozen=True):
    """`GET /shard`."""

    partitions: dict[int, PartitionState]


class ShardFigures(msgspec.Struct, frozen=True):
    """`GET /figures`."""

    partitions: dict[int, PartitionFigures]


class ShardDays(msgspec.Struct, frozen=True):
    """`GET /days`."""

    partitions: dict[int, PartitionDays]


class ShardOrders(msgspec.Struct, frozen=True):
    """`GET /orders`."""

    partitions: dict[int, PartitionOrders]


class ShardRows(msgspec.Struct, frozen=True):
    """`GET /rows`."""

    partitions: dict[int, PartitionRows]


class ShardAlarms(msgspec.Struct, frozen=True):
    """`GET /alarms`."""

    partitions: dict[int, PartitionAlarms]


class ShardOutside(msgspec.Struct, frozen=True):
    """`GET /outside`."""

    partitions: dict[int, PartitionOutside]


class ShardOrder(msgspec.Struct, frozen=True):
    """`GET /orders/{id}`: every partition that was looked in."""

    partitions: dict[int, PartitionOrder]

"""What a tables worker answers, per partition. The gateway reads the same types."""

import msgspec

from dispatcher.figures.figure_row import FigureRow
from dispatcher.order.row import OPEN, Order, Tally
from models.sealed_words import key_names

# Where an order stands in a list: its priority where the most urgent come first, else 0; -opened_at; id.
Place = tuple[int, int, str]


def place_of(priority: int, opened_at: int, order_id: str, urgent_first: bool) -> Place:
    """Where an order stands in a list."""
    return (priority if urgent_first else 0, -opened_at, order_id)


def to_cursor(place: Place) -> str:
    """A place as text."""
    return ":".join(str(part) for part in place)


def from_cursor(text: str) -> Place:
    """The place that `to_cursor` wrote. Raises ValueError for what is none."""
    rank, opened, order_id = text.split(":", 2)
    return int(rank), int(opened), order_id


class Brief(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a list of orders. Instants are milliseconds UTC."""

    id: str
    seq: int
    state: str
    area: str
    opened_at: int
    last_at: int
    department: str = ""
    category: str = ""
    priority: int = 3
    title: str = ""
    address: str = ""
    attempt: int = 0
    due: int | None = None
    overdue_at: int | None = None
    supervision: int = 0
    evidence_count: int = 0

    def place(self, urgent_first: bool) -> Place:
        """Where it stands in a list."""
        return place_of(self.priority, self.opened_at, self.id, urgent_first)

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
    )


class PartitionFigures(msgspec.Struct, frozen=True):
    """The sums of a window, dimension → key → row: flows of its days, stocks at its end."""

    offset: int
    sums: dict[str, dict[str, FigureRow]] = {}


class PartitionOrders(msgspec.Struct, frozen=True):
    """Orders as they stand in the list; as many as were asked for when there may be more."""

    offset: int
    orders: tuple[Brief, ...] = ()


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


class Shard(msgspec.Struct, frozen=True):
    """`GET /shard`."""

    partitions: dict[int, PartitionState]


class ShardFigures(msgspec.Struct, frozen=True):
    """`GET /figures`."""

    partitions: dict[int, PartitionFigures]


class ShardOrders(msgspec.Struct, frozen=True):
    """`GET /orders`."""

    partitions: dict[int, PartitionOrders]


class ShardRows(msgspec.Struct, frozen=True):
    """`GET /rows`."""

    partitions: dict[int, PartitionRows]


class ShardOrder(msgspec.Struct, frozen=True):
    """`GET /orders/{id}`: every partition that was looked in."""

    partitions: dict[int, PartitionOrder]

"""What a tables worker answers, per partition. The gateway reads the same types."""

import msgspec

from dispatcher.figures.figure_row import FigureRow
from dispatcher.order.row import OPEN, Order, Tally


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

    @property
    def open(self) -> bool:
        """Whether the order is still open."""
        return self.state in OPEN


_TITLE = 120


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
        title=title if len(title) <= _TITLE else title[: _TITLE - 1] + "…",
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
    """Orders, newest first; as many as were asked for when there may be more."""

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

"""The views of the partitions that this worker answers for: made from the tables, then kept up with them."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import msgspec

from dispatcher.order.row import Order
from dispatcher.partition import row_keys
from streams import metrics
from streams.tables import stored_row
from streams.tables.figure_view import FigureView
from streams.tables.orders.order_view import OrderView
from streams.tables.outside import standing
from streams.tables.outside.standing import StandingView
from streams.tables.stored_row import Kept

_ROWS_AT_ONCE = 200
_orders = msgspec.json.Decoder(Order)


def decode_order(row: bytes) -> Order:
    """An order's row. Raises msgspec.DecodeError or ValidationError."""
    return _orders.decode(row)


@dataclass(slots=True)
class PartitionView:
    """What is known of one partition."""

    zone: ZoneInfo
    figures: FigureView = field(default_factory=FigureView)
    orders: OrderView = field(init=False)
    standing: StandingView = field(default_factory=StandingView)

    def __post_init__(self) -> None:
        self.orders = OrderView(self.zone)

    def put_order(self, key: str, row: Kept) -> None:
        """Take a row of the table `orders`. Raises msgspec errors when it is no order's."""
        if row_keys.is_order(key):
            self.orders.put(decode_order(bytes(row.row)), row.offset)
            return
        if standing.is_wanted(key):
            self.standing.put(stored_row.key_in_topic(key), bytes(row.row))
        self.orders.offset = max(self.orders.offset, row.offset + 1)

    def put_figures(self, key: str, row: Kept) -> None:
        """Take a row of the table `figures`. Raises msgspec errors or ValueError when it is none."""
        self.figures.put(key, bytes(row.row), row.offset)


class Views:
    """One view per partition that is ready; partitions that are still being made do not appear.

    `rows_read` counts the rows that views were made from, in hundreds: it tells that they are being made.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self.ready: dict[int, PartitionView] = {}
        self.rows_read = 0
        self._zone = zone
        self._coming: dict[int, PartitionView] = {}
        self._making = asyncio.Lock()

    def keep_only(self, owned: frozenset[int]) -> None:
        """Forget the views of all other partitions, also those that are still being made: what comes back later is
        somebody else's work by then."""
        # Faust lets go of a recovery that a rebalance interrupts, but not of what it has begun with its tables.
        for views in (self.ready, self._coming):
            for gone in views.keys() - owned:
                del views[gone]

    async def make(
        self, owned: frozenset[int], orders: Iterable[tuple[bytes, bytes]], figures: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Answer for just these partitions from here on; new ones are made from the rows of the tables.

        Rows of other partitions are passed over: a table in memory still holds those that were taken away. Nothing
        may be written to the tables meanwhile. Raises msgspec errors or ValueError for a row that is none.
        """
        async with self._making:
            began = time.monotonic()
            self.keep_only(owned)
            self._coming = new = {number: PartitionView(self._zone) for number in owned - self.ready.keys()}
            if new:
                await self._fill(new, orders, figures)
                metrics.TABLES_VIEWS_SECONDS.observe(time.monotonic() - began)
            self.ready.update(new)
            self._coming = {}
            metrics.TABLES_PARTITIONS.set(len(self.ready))

    async def _fill(
        self,
        new: dict[int, PartitionView],
        orders: Iterable[tuple[bytes, bytes]],
        figures: Iterable[tuple[bytes, bytes]],
    ) -> None:
        for rows, take in ((orders, PartitionView.put_order), (figures, PartitionView.put_figures)):
            for count, (key, value) in enumerate(rows):
                row = stored_row.decode(value)
                if row.partition in new:
                    take(new[row.partition], key.decode(), row)
                if count % _ROWS_AT_ONCE == 0:
                    self.rows_read += _ROWS_AT_ONCE
                    await asyncio.sleep(0)

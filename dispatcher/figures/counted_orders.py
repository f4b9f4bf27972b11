"""What orders count for, kept while they are changed time and again."""

from collections import OrderedDict
from zoneinfo import ZoneInfo

from dispatcher.figures import booking
from dispatcher.order.row import Order

KEPT = 2_000  # orders; what one counts for takes some 2 kB


class CountedOrders:
    """The counts of the orders that were asked about last. A row is known by being the very same value, so whatever
    has become of an order, nothing old is told of it."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Order, ZoneInfo, booking.Counts]] = OrderedDict()

    def of(self, order: Order, zone: ZoneInfo) -> booking.Counts:
        """`booking.counts`; nobody may change what comes out."""
        known = self._known.get(order.id)
        if known is not None and known[0] is order and known[1] is zone:
            return known[2]
        counts = booking.counts(order, zone)
        self._known[order.id] = order, zone, counts
        self._known.move_to_end(order.id)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return counts

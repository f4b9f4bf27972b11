"""The orders of a partition: all of them as rows, packed; the ones that were touched last as values, too.

Most orders wait for days, and a million of them as values would take a desk's memory several times over. What an order
is found by stands in the index, so nobody has to look at one that nothing happens to.
"""

import zlib
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping

import msgspec

from dispatcher.order.row import Order

WARM = 4_000  # orders that are at hand as values
encode_row = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Order).decode


class Orders(MutableMapping[str, Order]):
    """By id, in the order in which they came. Whoever has the row's bytes gives them along: `keep`, `load`."""

    def __init__(self, packing: "Packing | None" = None) -> None:
        self._rows: dict[str, bytes] = {}
        self._warm: OrderedDict[str, Order] = OrderedDict()
        self._packing = packing or Packing()

    def __getitem__(self, key: str) -> Order:
        order = self._warm.get(key)
        if order is None:
            order = _decode(self._packing.unpacked(self._rows[key]))
            self._warm_up(key, order)
        else:
            self._warm.move_to_end(key)
        return order

    def get(self, key: str, default: Order | None = None) -> Order | None:  # type: ignore[override]
        """The order, or the default: most of those that are asked for are yet to open, which is no error."""
        return self[key] if key in self._rows else default

    def __setitem__(self, key: str, order: Order) -> None:
        self.keep(key, order, encode_row(order))

    def __delitem__(self, key: str) -> None:
        del self._rows[key]
        self._warm.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def keep(self, key: str, order: Order, row: bytes) -> None:
        """Set an order whose row is encoded already. It is packed when others have been touched since."""
        self._rows[key] = row
        self._warm_up(key, order)

    def load(self, key: str, row: bytes) -> None:
        """Set an order by its row alone, which may be packed."""
        self._rows[key] = self._packing.packed(row)

    def _warm_up(self, key: str, order: Order) -> None:
        self._warm[key] = order
        self._warm.move_to_end(key)
        if len(self._warm) > WARM:
            cold, _ = self._warm.popitem(last=False)
            self._rows[cold] = self._packing.packed(self._rows[cold])


class Packing:
    """Rows of one city have much in common: they are deflated against two of the first ones, to less than a quarter.

    Level, window and codes are the ones that take the least time for nearly the least room (docs/adr/0018).
    """

    _SAMPLES, _PATTERNS = 8, 2
    _LEVEL, _WINDOW, _MEMORY = 2, 13, 6
    _PLAIN = b"{"  # no deflated row begins so

    def __init__(self) -> None:
        self._samples: list[bytes] = []
        self._pattern = b""
        self._packer = zlib.compressobj()

    def packed(self, row: bytes) -> bytes:
        """The row in less room; the first ones, and one that is packed already, stay as they are."""
        if not row.startswith(self._PLAIN):
            return row
        if not self._pattern:
            self._look_at(row)
            return row
        packer = self._packer.copy()
        return packer.compress(row) + packer.flush()

    def unpacked(self, row: bytes) -> bytes:
        """The row as it was."""
        if row.startswith(self._PLAIN):
            return row
        return zlib.decompressobj(self._WINDOW, zdict=self._pattern).decompress(row)

    def _look_at(self, row: bytes) -> None:
        self._samples.append(row)
        if len(self._samples) == self._SAMPLES:
            pattern = self._pattern = b"".join(sorted(self._samples, key=len)[-self._PATTERNS :])
            self._packer = zlib.compressobj(
                self._LEVEL, zlib.DEFLATED, self._WINDOW, self._MEMORY, zlib.Z_FIXED, zdict=pattern
            )
            self._samples.clear()

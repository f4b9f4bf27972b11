"""The orders of a partition: all of them as rows, packed; the ones that were touched last as values, too.

Most orders wait for days, and a million of them as values would take a desk's memory several times over. What an order
is found by stands in the index, so nobody has to look at one that nothing happens to.
"""

from collections import OrderedDict
from collections.abc import Iterator, MutableMapping

import msgspec
from zstandard import DICT_TYPE_RAWCONTENT, ZstdCompressionDict, ZstdCompressor, ZstdDecompressor

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
    """Rows of one city have much in common: they are compressed (Zstandard) against the first ones, to a fifth.

    Level and number are those that take the least time for nearly the least room (docs/adr/0066).
    """

    _SAMPLES = 8
    _LEVEL = -1
    _PLAIN = b"{"  # no packed row begins so

    def __init__(self) -> None:
        self._samples: list[bytes] = []
        self._packer: ZstdCompressor | None = None
        self._unpacker = ZstdDecompressor()

    def packed(self, row: bytes) -> bytes:
        """The row in less room; the first ones, and one that is packed already, stay as they are."""
        if not row.startswith(self._PLAIN):
            return row
        if self._packer is None:
            self._look_at(row)
            return row
        # A copy: what the packer gives out was cut to size from a piece of memory as long as the row.
        return bytes(memoryview(self._packer.compress(row)))

    def unpacked(self, row: bytes) -> bytes:
        """The row that `packed` was given, byte for byte."""
        return row if row.startswith(self._PLAIN) else self._unpacker.decompress(row)

    def _look_at(self, row: bytes) -> None:
        self._samples.append(row)
        if len(self._samples) == self._SAMPLES:
            pattern = ZstdCompressionDict(b"".join(self._samples), dict_type=DICT_TYPE_RAWCONTENT)
            pattern.precompute_compress(level=self._LEVEL)
            self._packer = ZstdCompressor(dict_data=pattern, level=self._LEVEL)
            self._unpacker = ZstdDecompressor(dict_data=pattern)
            self._samples.clear()

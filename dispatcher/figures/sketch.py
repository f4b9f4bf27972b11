"""Quantiles of durations that can be merged and taken back: a histogram whose buckets widen with the value.

Buckets are cut by integer arithmetic alone, so every machine puts a value into the same one and taking a value back
restores exactly what was there. Below 128 ms each millisecond has its own bucket; above, every doubling is cut into 64
equal buckets (as in HdrHistogram). A bucket stands for its middle, which is at most 1/128 off any of its values:
a relative error below 0.79 %, under the 1 % that is promised.
"""

from collections.abc import Iterable, Mapping

import msgspec

from dispatcher.figures.sparse import add_times

_PARTS = 64  # buckets per doubling
_BITS = _PARTS.bit_length()


def bucket(value: int) -> int:
    """The bucket of a duration in milliseconds. Raises ValueError for a negative one."""
    if value < 0:
        raise ValueError(f"a duration of {value} ms cannot be")
    shift = value.bit_length() - _BITS
    if shift <= 0:
        return value
    return _PARTS * shift + (value >> shift)


def middle(index: int) -> float:
    """The value in milliseconds that a bucket stands for."""
    shift = index // _PARTS - 1
    if shift <= 0:
        return float(index)
    low = (index - _PARTS * shift) << shift
    return low + ((1 << shift) - 1) / 2


class Sketch(msgspec.Struct, frozen=True, array_like=True):
    """How many durations there are, their exact sum in milliseconds, and how many fell into each bucket.

    Counts of buckets are never 0 (such a bucket is left out), so equal contents are equal values. They are negative in
    the difference of two sketches, which can be merged like any other. On the wire: `[count, sum, {bucket: count}]`.
    """

    count: int = 0
    total: int = 0
    buckets: Mapping[int, int] = {}

    def add(self, values: Mapping[int, int]) -> "Sketch":
        """The sketch with so many more of each duration (ms → how many; negative takes back)."""
        count, total, buckets = self.count, self.total, dict(self.buckets)
        for value, times in values.items():
            count += times
            total += value * times
            add_times(buckets, bucket(value), times)
        return Sketch(count, total, buckets)

    def merge(self, other: "Sketch") -> "Sketch":
        """The sketch of all durations of both."""
        return merge((self, other))

    def quantile(self, q: float) -> float | None:
        """The order statistic of rank ⌊q(n−1)⌋ in milliseconds, within 1 %; None when there is none.

        `q` is taken to three decimals, so that 0.9 × 10 is 9 and not a hair less.
        """
        if self.count <= 0:
            return None
        rank = round(q * 1000) * (self.count - 1) // 1000
        for index in sorted(self.buckets):
            rank -= self.buckets[index]
            if rank < 0:
                return middle(index)
        raise ValueError("the buckets hold fewer durations than the sketch counts")

    def max(self) -> float | None:
        """The longest duration in milliseconds, within 1 %; None when there is none."""
        return middle(max(self.buckets)) if self.count > 0 else None

    def mean(self) -> float | None:
        """The exact mean in milliseconds; None when there is none."""
        return self.total / self.count if self.count > 0 else None


def merge(sketches: Iterable[Sketch]) -> Sketch:
    """All of them together, in whatever order."""
    count = total = 0
    buckets: dict[int, int] = {}
    for sketch in sketches:
        count += sketch.count
        total += sketch.total
        for index, times in sketch.buckets.items():
            add_times(buckets, index, times)
    return Sketch(count, total, buckets)

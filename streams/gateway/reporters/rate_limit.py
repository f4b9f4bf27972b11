"""How often one link may ask."""

from collections import OrderedDict
from collections.abc import Callable

_KEPT = 10_000  # links that are counted at a time


class RateLimit:
    """So many times a minute for each key, more at once where there were none before; `clock` gives seconds."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._most, self._clock = float(per_minute), clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # how many are left, as of when

    def admits(self, key: str) -> bool:
        """Whether this time is still within the limit; then it counts."""
        now = self._clock()
        left, at = self._left.pop(key, (self._most, now))
        left = min(self._most, left + (now - at) * self._most / 60)
        admitted = left >= 1
        self._left[key] = (left - 1 if admitted else left, now)
        if len(self._left) > _KEPT:
            self._left.popitem(last=False)
        return admitted

"""Small counts withheld from a table whose sum is told, so that nobody can reckon them 小数抑制."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

LEAST = 5  # a smaller count than this, but for 0, is told to nobody


class Withheld(NamedTuple):
    """What is not told of a table: the cells of these names, and whether its sum is not told either."""

    cells: frozenset[str] = frozenset()
    total: bool = False


def withheld(cells: Mapping[str, int], least: int = LEAST) -> Withheld:
    """Which cells of a table not to tell: the small ones, and so many others that each small one may, for all that the
    rest and the sum say, still have every value from 1 up to, not including, `least`.

    The others are taken in an order that their values have no part in: of the smallest that is large enough one would
    know too much. Where all that there are do not suffice, the sum is withheld as well. Counts are never negative.
    """
    small = [name for name, count in cells.items() if 0 < count < least]
    if not small:
        return Withheld()
    others = sorted((name for name, count in cells.items() if count >= least), key=_order)
    hidden = sum(cells[name] for name in small)
    for taken, name in enumerate(others, 1):
        hidden += cells[name]
        # The other small ones are 1 at least, and those that are taken besides `least`: what is left is for this one.
        if hidden - (len(small) - 1) - taken * least >= least - 1:
            return Withheld(frozenset((*small, *others[:taken])))
    return Withheld(frozenset((*small, *others)), total=True)


def _order(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()

"""How much each takes of what all share: nobody has all of it."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Shares:
    """What is taken at the moment, by whoever takes it. None, where nobody needs a token, is not counted apart."""

    def __init__(self) -> None:
        self._taken: Counter[Hashable] = Counter()

    @property
    def total(self) -> int:
        """How much is taken in all."""
        return self._taken.total()

    def of(self, whose: Hashable) -> int:
        """How much of it by one."""
        return 0 if whose is None else self._taken[whose]

    def take(self, whose: Hashable, amount: int = 1) -> None:
        """Take so much more."""
        self._taken[whose] += amount

    def give_back(self, whose: Hashable, amount: int = 1) -> None:
        """Give back so much of what was taken."""
        self._taken[whose] -= amount
        if not self._taken[whose]:
            del self._taken[whose]

    @contextmanager
    def taking(self, whose: Hashable) -> Iterator[None]:
        """Take one for as long as the body runs."""
        self.take(whose)
        try:
            yield
        finally:
            self.give_back(whose)

"""How much fits into a share of a cycle, as what came before shows."""


class Quota:
    """How many records fit into a time: it follows how long those before have taken."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.records = min(64, most)

    def took(self, count: int, seconds: float, budget: float) -> None:
        """So many records took so long; those of the next time shall take `budget` seconds at most."""
        fits = count * budget / max(seconds, 1e-6)
        self.records = int(max(1, min(self._most, fits, self.records * 2)))

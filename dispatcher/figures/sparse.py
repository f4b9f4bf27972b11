"""Sparse counts: what comes to nothing is not kept."""

from typing import TypeVar

K = TypeVar("K")


def add_times(counts: dict[K, int], key: K, times: int) -> None:
    """Count a key so many times more, in place (negative takes back); a count of 0 is dropped."""
    now = counts.get(key, 0) + times
    if now:
        counts[key] = now
    else:
        counts.pop(key, None)

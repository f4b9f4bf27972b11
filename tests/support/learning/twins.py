"""Texts that are nearly the same."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence


def runs(text: str, size: int) -> frozenset[str]:
    """The runs of `size` characters of a text, case and spaces aside; a shorter text is one run."""
    plain = "".join(text.lower().split())
    return frozenset(plain[at : at + size] for at in range(max(1, len(plain) - size + 1)))


def alike(texts: Sequence[str], limit: float, size: int = 3) -> list[tuple[str, str]]:
    """The pairs of texts whose runs of `size` characters have a Jaccard index of `limit` or more, the shorter first.

    Two such sets share one of their rarest members, so a text meets only those with which it shares one of as many
    as that takes (prefix filter, Chaudhuri et al. 2006).
    """
    sized = sorted(((runs(text, size), text) for text in texts), key=lambda item: (len(item[0]), item[1]))
    common = Counter(part for parts, _ in sized for part in parts)
    having: defaultdict[str, list[int]] = defaultdict(list)
    found = []
    for at, (parts, text) in enumerate(sized):
        rarest = sorted(parts, key=lambda part: (common[part], part))
        rarest = rarest[: len(parts) - math.ceil(limit * len(parts) - 1e-9) + 1]
        for earlier in sorted({its for part in rarest for its in having[part]}):
            other, its_text = sized[earlier]
            shared = len(parts & other)
            if shared >= limit * (len(parts) + len(other) - shared):
                found.append((its_text, text))
        for part in rarest:
            having[part].append(at)
    return found

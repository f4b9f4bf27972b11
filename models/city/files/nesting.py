"""How deep a file nests, told before a parser that calls itself is let loose on it."""

import re

_MOST = 64
_BRACKETS = re.compile(r"[\[\]{}]")


def too_deep(text: str) -> int | None:
    """The line on which brackets and braces nest deeper than any pack needs, or None. Those in texts count too."""
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += 1 if found.group() in "[{" else -1
        if depth > _MOST:
            return text.count("\n", 0, found.start()) + 1
    return None

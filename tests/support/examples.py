"""How many examples hypothesis tries where one example is dear."""

from hypothesis import settings

_USUAL = 100


def examples(count: int) -> int:
    """`count` in a whole run, and as much less in a quick one as its profile tries less than the usual hundred."""
    return max(1, count * settings().max_examples // _USUAL)
